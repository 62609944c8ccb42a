"""Stores the table behind a dashboard, and its analysis.

Every handler here may also return the problems not-found and storage-unavailable; if it writes, rate-limited; if it
reads a body, malformed-json, request-too-large and unsupported-media-type; if it takes a precondition,
invalid-precondition. The entity tag of the data is `"version.analysisVersion.configVersion"`.
"""

import tempfile
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from dashboard_store.app import App
from dashboard_store.documents.dataset.schema_change import read_schema_change
from dashboard_store.documents.dataset.storage_format import Layout
from dashboard_store.documents.dataset.upload import (
    SentFile,
    read_analysis,
    read_announcement,
    read_completion,
    read_upload,
    read_uploaded,
)
from dashboard_store.errors import FieldError, InvalidQuery, NotFound
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import (
    LARGEST_BODY,
    ApiResponse,
    attachment,
    csv_response,
    document_headers,
    empty_response,
    json_response,
    redirect_response,
    spliced_response,
)
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import entity_tag
from dashboard_store.repository.background_reads import READ_AT_ONCE
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.dataset_writes import Ending, UploadResult
from dashboard_store.repository.datasets import DatasetVersion
from dashboard_store.repository.uploads import new_upload_id

PARTS: Final = ("rawData", "analysis", "chartCustomizations", "dataSchema")
PARTS_OF_A_VERSION: Final = ("rawData", "analysis", "dataSchema")

# How many seconds a client waits before it asks again how far a reading is.
POLL_SECONDS: Final = "1"
MOST_ROWS: Final = 10_000
"""How many rows a page may have."""

# How many numbers of the entity tag a write compares.
TABLE: Final = 1
ANALYSIS: Final = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """What a response is made from: an upload, and the config if the entity tag includes it."""

    dataset: DatasetVersion | None
    tag: str
    modified_at: str | None
    config: ConfigVersion | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a request asks for: some parts of the data, all rows or those between two indices, as JSON or as CSV."""

    parts: tuple[str, ...] = ()
    rows: tuple[int, int] | None = None
    layout: Layout = "json"


app = App("rate_limit", "datasets", "dataset_writes", "uploads", "background_reads", "downloads")
api = app.resolver
handler = app.handler


@api.post("/api/projects/<project_id>/data")
def post_data(request: Request, project_id: str) -> ApiResponse:
    """Return 201 with the version of the new table, or 200 if it already is the newest.

    Problems: version-conflict, invalid-data, unsafe-text, analysis-too-large, those of a config.
    """
    precondition = request.precondition.narrowed(TABLE)
    upload = read_upload(request.text(), request.settings)
    app.store.rate_limit.count(request.user)
    result = app.store.dataset_writes.upload(request.project(project_id), upload, precondition)
    charts = {"chartCustomizations": "saved" if result.config_saved else "kept"} if upload.config else {}
    return _upload_response(result, charts)


@api.get("/api/projects/<project_id>/data")
def get_data(request: Request, project_id: str) -> ApiResponse:
    """Return 200 with the newest table, its analysis and the config's charts, 302 to a CSV file, or 304.

    Problems: not-found (CSV without a table), invalid-query.
    """
    address = request.project(project_id)
    view = _view(request, PARTS)
    data = app.store.datasets.current(address)
    return _shown_response(request, address, Shown(data.newest, data.tag, data.modified_at, data.config), view)


@api.put("/api/projects/<project_id>/data/analysis")
def put_analysis(request: Request, project_id: str) -> ApiResponse:
    """Return 200 with the version of the new analysis.

    Problems: precondition-required, version-conflict, invalid-data, unsafe-text, analysis-too-large.
    """
    address = request.project(project_id)
    precondition = request.required_precondition(lambda: _versions(address)).narrowed(ANALYSIS)
    analysis = request.body(read_analysis)
    app.store.rate_limit.count(request.user)
    result = app.store.dataset_writes.analyse(address, analysis, precondition)
    document = {
        "success": True,
        "version": result.version,
        "analysisVersion": result.analysis_version,
        "updatedAt": result.updated_at,
    }
    tag = entity_tag(result.version, result.analysis_version)
    return json_response(document, headers=document_headers(tag, result.updated_at))


@api.get("/api/projects/<project_id>/data/versions")
def list_data_versions(request: Request, project_id: str) -> ApiResponse:
    """Return 200 with the uploads that are kept, newest first."""
    data = app.store.datasets.current(request.project(project_id))
    newest = [data.newest.summary] if data.newest else []
    return json_response({"versions": [*newest, *data.kept], "dataVersionsKept": request.settings.data_versions_kept})


@api.get("/api/projects/<project_id>/data/versions/<version>")
def get_data_version(request: Request, project_id: str, version: str) -> ApiResponse:
    """Return 200 like `get_data` with one upload, 302 to a CSV file, or 304. Problems: invalid-query."""
    address = request.project(project_id)
    view = _view(request, PARTS_OF_A_VERSION)
    dataset = app.store.datasets.version(address, version_number(version))
    tag = entity_tag(dataset.version, dataset.analysis_version)
    return _shown_response(request, address, Shown(dataset, tag, dataset.updated_at), view)


@api.post("/api/projects/<project_id>/data/uploads")
def post_upload(request: Request, project_id: str) -> ApiResponse:
    """Return 201 with a form that sends a file to the bucket. Problems: invalid-data, upload-too-large."""
    file = request.body(read_announcement)
    app.store.rate_limit.count(request.user)
    address = request.project(project_id)
    announced = app.store.uploads.announce(address, file.fileName, file.contentType, file.bytes)
    document = {
        "uploadId": announced.upload_id,
        "url": announced.url,
        "fields": announced.fields,
        "expiresAt": announced.expires_at,
    }
    return json_response(document, status=HTTPStatus.CREATED)


@api.post("/api/projects/<project_id>/data/uploads/<upload_id>/complete")
def complete_upload(request: Request, project_id: str, upload_id: str) -> ApiResponse:
    """Return the same as `post_data`, for a file that was sent to the bucket, or 202 for a large one.

    Problems: version-conflict, invalid-data with row and column, unsafe-text, upload-too-large, analysis-too-large.
    """
    address = request.project(project_id)
    precondition = request.precondition.narrowed(TABLE)
    document = request.json()
    completion = read_completion(document, request.settings)
    app.store.rate_limit.count(request.user)
    uploads, writes = app.store.uploads, app.store.dataset_writes
    pending = uploads.pending(address, upload_id)
    repeated = writes.completed(address, pending, completion)
    if repeated:
        return _upload_response(repeated)
    size = uploads.sent_bytes(address, pending)
    if size > READ_AT_ONCE:
        job = {"completion": document, "precondition": precondition.document}
        app.store.background_reads.start(address, upload_id, size, completion.digest, job)
        return _processing_response(address, upload_id)
    with tempfile.TemporaryFile() as file:
        uploads.fetch(address, pending, file)
        sent = SentFile(pending.file_name, pending.content_type, file)
        upload = read_uploaded(sent, completion, request.settings)
    return _upload_response(writes.upload(address, upload, precondition, Ending.in_request(pending, completion)))


@api.get("/api/projects/<project_id>/data/uploads/<upload_id>")
def get_upload(request: Request, project_id: str, upload_id: str) -> ApiResponse:
    """Return 200 with how far the reading of an upload is, and its result."""
    upload = app.store.background_reads.find(request.project(project_id), upload_id)
    headers = {"Retry-After": POLL_SECONDS} if upload.status == "processing" else {}
    return json_response(upload.document, headers=headers)


@api.put("/api/projects/<project_id>/data/schema")
def put_schema(request: Request, project_id: str) -> ApiResponse:
    """Return 201 with the version that has the same cells with another schema, 200 if it has it already, or 202.

    Problems: precondition-required, version-conflict, invalid-data with the first cells that do not fit, unsafe-text,
    gone.
    """
    address = request.project(project_id)
    precondition = request.required_precondition(lambda: _versions(address)).narrowed(TABLE)
    change = request.body(read_schema_change)
    app.store.rate_limit.count(request.user)
    writes = app.store.schema_writes
    planned = writes.plan(address, change, precondition)
    if isinstance(planned, UploadResult):
        return _upload_response(planned)
    if planned.newest.raw_bytes > READ_AT_ONCE:
        job = {"change": change.document, "precondition": precondition.document}
        upload_id = new_upload_id()
        app.store.background_reads.start_on_table(address, upload_id, planned.newest.raw_bytes, planned.digest, job)
        return _processing_response(address, upload_id)
    return _upload_response(writes.write(address, planned, writes.reread(planned)))


def _versions(address: ProjectAddress) -> tuple[int, int]:
    data = app.store.datasets.current(address)
    return data.version, data.analysis_version


def _processing_response(address: ProjectAddress, upload_id: str) -> ApiResponse:
    location = f"/api/projects/{address.project_id}/data/uploads/{upload_id}"
    headers = {"Location": location, "Retry-After": POLL_SECONDS}
    return json_response({"status": "processing"}, status=HTTPStatus.ACCEPTED, headers=headers)


def _upload_response(result: UploadResult, more: dict[str, Any] | None = None) -> ApiResponse:
    document = {
        "success": True,
        "version": result.version,
        "dataSchema": result.schema,
        "updatedAt": result.updated_at,
        **(more or {}),
    }
    status = HTTPStatus.CREATED if result.changed else HTTPStatus.OK
    return json_response(document, status=status, headers=document_headers(result.tag, result.updated_at))


def _view(request: Request, offered: tuple[str, ...]) -> View:
    """Return what the query asks for. Raises InvalidQuery."""
    included, rows = request.choices("include", offered), request.rows(MOST_ROWS)
    is_safe = request.choice("safe", ("false", "true"), "false") == "true"
    if request.choice("format", ("json", "csv"), "json") == "json":
        if is_safe:
            raise _uncombinable("safe", "This can only be combined with format=csv.")
        if rows and included:
            raise _uncombinable("include", "This cannot be combined with rows.")
        return View(("rawData", "dataSchema") if rows else included or offered, rows)
    if included or rows:
        raise _uncombinable("include" if included else "rows", "This cannot be combined with format=csv.")
    return View(layout="safe.csv" if is_safe else "csv")


def _uncombinable(name: str, message: str) -> InvalidQuery:
    return InvalidQuery("These parameters cannot be combined.", [FieldError(name, message)])


def _shown_response(request: Request, address: ProjectAddress, shown: Shown, view: View) -> ApiResponse:
    headers = document_headers(shown.tag, shown.modified_at)
    if request.has_current(shown.tag):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    if view.layout != "json":
        return _csv_response(request, address, shown.dataset, view.layout, headers)
    rest = {part: _part(part, shown) for part in view.parts if part != "rawData"} | _version_members(shown)
    if "rawData" not in view.parts:
        return json_response(rest, headers=headers)
    if shown.dataset is None:
        return json_response({"rawData": None, **rest}, headers=headers)
    if view.rows:
        page = app.store.downloads.page(shown.dataset, *view.rows, request.settings.max_raw_data_bytes)
        return spliced_response("rawData", page, rest, headers)
    return _rows_response(request, address, shown.dataset, rest, headers)


def _rows_response(
    request: Request, address: ProjectAddress, dataset: DatasetVersion, rest: dict[str, Any], headers: dict[str, str]
) -> ApiResponse:
    """Respond with all rows beside other members, or with the URL of a download if they do not fit."""
    downloads = app.store.downloads
    if dataset.raw_bytes <= request.settings.max_raw_data_bytes:
        whole = spliced_response("rawData", downloads.rows(dataset, "json"), rest, headers)
        if whole.fits:
            return whole
    url = downloads.url(address, dataset, "json", attachment(dataset.schema["fileName"], "json"))
    return json_response({"rawData": None, "rawDataUrl": url, **rest}, headers=headers)


def _part(part: str, shown: Shown) -> Any:  # noqa: ANN401 - any JSON value
    match part:
        case "analysis":
            return shown.dataset.analysis_document() if shown.dataset else None
        case "chartCustomizations":
            return ((shown.config.config() if shown.config else None) or {}).get("chartCustomizations", {})
        case _:
            return shown.dataset.schema if shown.dataset else None


def _version_members(shown: Shown) -> dict[str, Any]:
    dataset = shown.dataset
    return {
        "version": dataset.version if dataset else 0,
        "analysisVersion": dataset.analysis_version if dataset else 0,
        **({"configVersion": shown.config.version} if shown.config else {}),
        "updatedAt": dataset.updated_at if dataset else None,
    }


def _csv_response(
    request: Request, address: ProjectAddress, dataset: DatasetVersion | None, layout: Layout, headers: dict[str, str]
) -> ApiResponse:
    if dataset is None:
        raise NotFound("The project has no data.")
    schema = dataset.schema
    # A row may lack members, which are empty cells: the separators alone may be too long, however short the rows are.
    separators = schema["rowCount"] * (schema["columnCount"] + 1)
    if dataset.raw_bytes <= request.settings.max_raw_data_bytes and separators <= LARGEST_BODY:
        whole = csv_response(app.store.downloads.rows(dataset, layout), schema["fileName"], headers)
        if whole.fits:
            return whole
    url = app.store.downloads.url(address, dataset, layout, attachment(schema["fileName"], "csv"))
    return redirect_response(url, headers)
