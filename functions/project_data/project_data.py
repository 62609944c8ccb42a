"""Stores the table behind a dashboard, and its analysis.

Every handler here may also return the problems not-found and storage-unavailable; if it writes, rate-limited; if it
reads a body, malformed-json, request-too-large and unsupported-media-type; if it takes a precondition,
invalid-precondition. The entity tag of the data is `"version.analysisVersion.configVersion"`.
"""

# ruff: noqa: PLC0415 - reading a table starts faster without what checks and writes one

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from dashboard_store.app import App, OpenedProject
from dashboard_store.data_view import Shown, shown_response, view_of
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import (
    ApiResponse,
    document_headers,
    json_response,
)
from dashboard_store.identifiers import ProjectAddress, Role
from dashboard_store.preconditions import entity_tag

if TYPE_CHECKING:
    from dashboard_store.repository.dataset_writes import UploadResult

PARTS: Final = ("rawData", "analysis", "chartCustomizations", "dataSchema")
PARTS_OF_A_VERSION: Final = ("rawData", "analysis", "dataSchema")

# How many seconds a client waits before it asks again how far a reading is.
POLL_SECONDS: Final = "1"

# How many numbers of the entity tag a write compares.
TABLE: Final = 1
ANALYSIS: Final = 2


app = App("datasets", "downloads")
api = app.resolver
handler = app.handler


@api.post("/api/projects/<project_id>/data", Role.EDITOR)
def post_data(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 201 with the version of the new table, or 200 if it already is the newest.

    Problems: version-conflict, invalid-data, unsafe-text, analysis-too-large, those of a config.
    """
    from dashboard_store.documents.dataset.upload import read_upload

    precondition = request.precondition.narrowed(TABLE)
    upload = read_upload(request.text(), request.settings)
    app.store.rate_limit.count(request.user)
    result = project.store.dataset_writes.upload(project.address, upload, precondition)
    charts = {"chartCustomizations": "saved" if result.config_saved else "kept"} if upload.config else {}
    return _upload_response(result, charts)


@api.get("/api/projects/<project_id>/data", Role.VIEWER)
def get_data(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the newest table, its analysis and the config's charts, 302 to a CSV file, or 304.

    Problems: not-found (CSV without a table), invalid-query.
    """
    address = project.address
    view = view_of(request, PARTS)
    data = project.store.datasets.current(address)
    return shown_response(
        request, project.store, address, Shown(data.newest, data.tag, data.modified_at, data.config), view
    )


@api.put("/api/projects/<project_id>/data/analysis", Role.EDITOR)
def put_analysis(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the version of the new analysis.

    Problems: precondition-required, version-conflict, invalid-data, unsafe-text, analysis-too-large.
    """
    from dashboard_store.documents.dataset.upload import read_analysis

    address = project.address
    precondition = request.required_precondition(lambda: _versions(project)).narrowed(ANALYSIS)
    analysis = request.body(read_analysis)
    app.store.rate_limit.count(request.user)
    result = project.store.dataset_writes.analyse(address, analysis, precondition)
    document = {
        "success": True,
        "version": result.version,
        "analysisVersion": result.analysis_version,
        "updatedAt": result.updated_at,
    }
    tag = entity_tag(result.version, result.analysis_version)
    return json_response(document, headers=document_headers(tag, result.updated_at))


@api.get("/api/projects/<project_id>/data/versions", Role.EDITOR)
def list_data_versions(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the uploads that are kept, newest first."""
    data = project.store.datasets.current(project.address)
    newest = [data.newest.summary] if data.newest else []
    return json_response({"versions": [*newest, *data.kept], "dataVersionsKept": request.settings.data_versions_kept})


@api.get("/api/projects/<project_id>/data/versions/<version>", Role.EDITOR)
def get_data_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Return 200 like `get_data` with one upload, 302 to a CSV file, or 304. Problems: invalid-query."""
    address = project.address
    view = view_of(request, PARTS_OF_A_VERSION)
    dataset = project.store.datasets.version(address, version_number(version))
    tag = entity_tag(dataset.version, dataset.analysis_version)
    return shown_response(request, project.store, address, Shown(dataset, tag, dataset.updated_at), view)


@api.post("/api/projects/<project_id>/data/versions/<version>/restore", Role.EDITOR)
def restore_data_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Return 201 with the version that an earlier upload is saved as, or 200 if the newest one is equal to it.

    Problems: precondition-required, version-conflict, gone.
    """
    precondition = request.required_precondition(lambda: _versions(project)).narrowed(TABLE)
    number = version_number(version)
    app.store.rate_limit.count(request.user)
    return _upload_response(project.store.table_restores.restore(project.address, number, precondition))


@api.post("/api/projects/<project_id>/data/uploads", Role.EDITOR)
def post_upload(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 201 with a form that sends a file to the bucket. Problems: invalid-data, upload-too-large."""
    from dashboard_store.documents.dataset.upload import read_announcement

    file = request.body(read_announcement)
    app.store.rate_limit.count(request.user)
    address = project.address
    announced = project.store.uploads.announce(address, file.fileName, file.contentType, file.bytes)
    document = {
        "uploadId": announced.upload_id,
        "url": announced.url,
        "fields": announced.fields,
        "expiresAt": announced.expires_at,
    }
    return json_response(document, status=HTTPStatus.CREATED)


@api.post("/api/projects/<project_id>/data/uploads/<upload_id>/complete", Role.EDITOR)
def complete_upload(request: Request, project: OpenedProject, upload_id: str) -> ApiResponse:
    """Return the same as `post_data`, for a file that was sent to the bucket, or 202 for a large one.

    Problems: version-conflict, invalid-data with row and column, unsafe-text, upload-too-large, analysis-too-large.
    """
    import tempfile

    from dashboard_store.documents.dataset.upload import SentFile, read_completion, read_uploaded
    from dashboard_store.repository.background_reads import READ_AT_ONCE
    from dashboard_store.repository.uploads import Ending

    address = project.address
    precondition = request.precondition.narrowed(TABLE)
    document = request.json()
    completion = read_completion(document, request.settings)
    app.store.rate_limit.count(request.user)
    uploads, writes = project.store.uploads, project.store.dataset_writes
    pending = uploads.pending(address, upload_id)
    repeated = writes.completed(address, pending, completion)
    if repeated:
        return _upload_response(repeated)
    size = uploads.sent_bytes(address, pending)
    if size > READ_AT_ONCE:
        job = {"completion": document, "precondition": precondition.document}
        project.store.background_reads.start(address, upload_id, size, completion.digest, job)
        return _processing_response(address, upload_id)
    with tempfile.TemporaryFile() as file:
        uploads.fetch(address, pending, file)
        sent = SentFile(pending.file_name, pending.content_type, file)
        upload = read_uploaded(sent, completion, request.settings)
    return _upload_response(writes.upload(address, upload, precondition, Ending.in_request(pending, completion)))


@api.get("/api/projects/<project_id>/data/uploads/<upload_id>", Role.EDITOR)
def get_upload(_: Request, project: OpenedProject, upload_id: str) -> ApiResponse:
    """Return 200 with how far the reading of an upload is, and its result."""
    upload = project.store.background_reads.find(project.address, upload_id)
    headers = {"Retry-After": POLL_SECONDS} if upload.status == "processing" else {}
    return json_response(upload.document, headers=headers)


@api.put("/api/projects/<project_id>/data/schema", Role.EDITOR)
def put_schema(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 201 with the version that has the same cells with another schema, 200 if it has it already, or 202.

    Problems: precondition-required, version-conflict, invalid-data with the first cells that do not fit, unsafe-text,
    gone.
    """
    from dashboard_store.documents.dataset.schema_change import read_schema_change
    from dashboard_store.repository.background_reads import READ_AT_ONCE
    from dashboard_store.repository.dataset_writes import UploadResult
    from dashboard_store.repository.uploads import new_upload_id

    address = project.address
    precondition = request.required_precondition(lambda: _versions(project)).narrowed(TABLE)
    change = request.body(read_schema_change)
    app.store.rate_limit.count(request.user)
    writes = project.store.schema_writes
    planned = writes.plan(address, change, precondition)
    if isinstance(planned, UploadResult):
        return _upload_response(planned)
    if planned.newest.raw_bytes > READ_AT_ONCE:
        job = {"change": change.document, "precondition": precondition.document}
        upload_id = new_upload_id()
        project.store.background_reads.start_on_table(address, upload_id, planned.newest.raw_bytes, planned.digest, job)
        return _processing_response(address, upload_id)
    return _upload_response(writes.write(address, planned, writes.reread(planned)))


def _versions(project: OpenedProject) -> tuple[int, int]:
    data = project.store.datasets.current(project.address)
    return data.version, data.analysis_version


def _processing_response(address: ProjectAddress, upload_id: str) -> ApiResponse:
    name = address.text if address.guest else address.project_id
    location = f"/api/projects/{name}/data/uploads/{upload_id}"
    headers = {"Location": location, "Retry-After": POLL_SECONDS}
    return json_response({"status": "processing"}, status=HTTPStatus.ACCEPTED, headers=headers)


def _upload_response(result: "UploadResult", more: dict[str, Any] | None = None) -> ApiResponse:
    document = {
        "success": True,
        "version": result.version,
        "dataSchema": result.schema,
        "updatedAt": result.updated_at,
        **(more or {}),
    }
    status = HTTPStatus.CREATED if result.changed else HTTPStatus.OK
    return json_response(document, status=status, headers=document_headers(result.tag, result.updated_at))
