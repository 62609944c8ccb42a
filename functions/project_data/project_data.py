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
from dashboard_store.documents.dataset.upload import (
    read_analysis,
    read_announcement,
    read_completion,
    read_upload,
    read_uploaded,
)
from dashboard_store.errors import FieldError, InvalidQuery, NotFound
from dashboard_store.gateway.body import JSON
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import (
    CSV,
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
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.dataset_writes import UploadResult
from dashboard_store.repository.datasets import DatasetVersion
from dashboard_store.repository.downloads import DownloadFormat

PARTS: Final = ("rawData", "analysis", "chartCustomizations", "dataSchema")
PARTS_OF_A_VERSION: Final = ("rawData", "analysis", "dataSchema")

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


app = App("rate_limit", "datasets", "dataset_writes", "uploads", "downloads")
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
    parts = _parts(request, PARTS)
    data = app.store.datasets.current(address)
    return _shown_response(request, address, Shown(data.newest, data.tag, data.modified_at, data.config), parts)


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
    parts = _parts(request, PARTS_OF_A_VERSION)
    dataset = app.store.datasets.version(address, version_number(version))
    tag = entity_tag(dataset.version, dataset.analysis_version)
    return _shown_response(request, address, Shown(dataset, tag, dataset.updated_at), parts)


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
    """Return the same as `post_data`, for a file that was sent to the bucket.

    Problems: version-conflict, invalid-data with row and column, unsafe-text, upload-too-large, analysis-too-large.
    """
    address = request.project(project_id)
    precondition = request.precondition.narrowed(TABLE)
    completion = request.body(read_completion)
    app.store.rate_limit.count(request.user)
    uploads, writes = app.store.uploads, app.store.dataset_writes
    pending = uploads.pending(address, upload_id)
    repeated = writes.completed(address, pending, completion)
    if repeated:
        return _upload_response(repeated)
    with tempfile.TemporaryFile() as file:
        uploads.fetch(address, pending, file)
        upload = read_uploaded(file, pending.file_name, pending.content_type, completion, request.settings)
    return _upload_response(writes.upload(address, upload, precondition, pending))


def _versions(address: ProjectAddress) -> tuple[int, int]:
    data = app.store.datasets.current(address)
    return data.version, data.analysis_version


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


def _parts(request: Request, offered: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the requested parts; None means only the table, as CSV. Raises InvalidQuery."""
    included = request.choices("include", offered)
    if request.choice("format", ("json", "csv"), "json") == "json":
        return included or offered
    if included:
        error = FieldError("include", "This cannot be combined with format=csv.")
        raise InvalidQuery("A CSV file contains only the table.", [error])
    return None


def _shown_response(
    request: Request, address: ProjectAddress, shown: Shown, parts: tuple[str, ...] | None
) -> ApiResponse:
    """Respond with the requested parts; if None, with only the table, as CSV."""
    headers = document_headers(shown.tag, shown.modified_at)
    if request.has_current(shown.tag):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    if parts is None:
        return _csv_response(request, address, shown.dataset, headers)
    rest = {part: _part(part, shown) for part in parts if part != "rawData"} | _version_members(shown)
    dataset = shown.dataset
    if "rawData" not in parts:
        return json_response(rest, headers=headers)
    if dataset is None:
        return json_response({"rawData": None, **rest}, headers=headers)
    if dataset.raw_bytes <= request.settings.max_raw_data_bytes:
        whole = spliced_response("rawData", app.store.downloads.json_rows(dataset), rest, headers)
        if whole.fits:
            return whole
    form = DownloadFormat("json", JSON, attachment(dataset.schema["fileName"], "json"))
    url = app.store.downloads.json_url(address, dataset, form)
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
    request: Request, address: ProjectAddress, dataset: DatasetVersion | None, headers: dict[str, str]
) -> ApiResponse:
    if dataset is None:
        raise NotFound("The project has no data.")
    schema = dataset.schema
    # A row may lack members, which are empty cells: the separators alone may be too long, however short the rows are.
    separators = schema["rowCount"] * (schema["columnCount"] + 1)
    if dataset.raw_bytes <= request.settings.max_raw_data_bytes and separators <= LARGEST_BODY:
        whole = csv_response(app.store.downloads.csv_rows(dataset), schema["fileName"], headers)
        if whole.fits:
            return whole
    form = DownloadFormat("csv", CSV, attachment(schema["fileName"], "csv"))
    return redirect_response(app.store.downloads.csv_url(address, dataset, form), headers)
