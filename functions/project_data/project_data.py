"""Keeps the table behind a dashboard, and the analysis that was made of it."""

import tempfile
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from dashboard_store.app import Api
from dashboard_store.documents.dataset.upload import (
    read_analysis,
    read_announcement,
    read_completion,
    read_upload,
    read_uploaded,
)
from dashboard_store.documents.json_text import compact, served
from dashboard_store.errors import FieldError, InvalidQuery, NotFound, PreconditionRequired
from dashboard_store.gateway import request
from dashboard_store.gateway.response import ApiResponse, content_response, document_headers, empty_response
from dashboard_store.preconditions import entity_tag, is_current
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.datasets import Datasets, DatasetVersion, ProjectData, UploadResult
from dashboard_store.repository.downloads import CSV, Downloads, attachment
from dashboard_store.repository.keys import ProjectKey
from dashboard_store.repository.uploads import Uploads

OF_AN_UPLOAD: Final = ("rawData", "analysis", "dataSchema")
PARTS: Final = ("rawData", "analysis", "chartCustomizations", "dataSchema")

# How many numbers of the data's entity tag, `version.analysisVersion.configVersion`, a write is about.
TABLE: Final = 1
ANALYSIS: Final = 2

api = Api(uses_bucket=True)
handler = api.handler


@api.post("/api/projects/<project_id>/data")
def post_data(project_id: str) -> ApiResponse:
    precondition = request.precondition(api.current_event).narrowed(TABLE)
    upload = read_upload(request.json_body(api.current_event, api.settings), api.settings)
    api.count_write()
    uploaded = _tables().upload(ProjectKey(api.user, project_id), upload, precondition)
    charts = {"chartCustomizations": "saved" if uploaded.config_saved else "kept"} if upload.config else {}
    return _uploaded(uploaded, charts)


@api.get("/api/projects/<project_id>/data")
def get_data(project_id: str) -> ApiResponse:
    key = ProjectKey(api.user, project_id)
    parts = _parts(PARTS)
    data = _tables().data(key)
    headers = document_headers(data.tag, data.modified_at)
    return _unmodified(data.tag, headers) or _document(key, data.newest, parts, headers, data)


@api.put("/api/projects/<project_id>/data/analysis")
def put_analysis(project_id: str) -> ApiResponse:
    key = ProjectKey(api.user, project_id)
    precondition = request.precondition(api.current_event).narrowed(ANALYSIS)
    if api.settings.require_precondition and not precondition.is_given:
        data = _tables().data(key)
        versions = {"currentVersion": data.version, "currentAnalysisVersion": data.analysis_version}
        raise PreconditionRequired(versions)
    analysis = read_analysis(request.json_body(api.current_event, api.settings), api.settings)
    api.count_write()
    analysed = _tables().analyse(key, analysis, precondition)
    document = {
        "success": True,
        "version": analysed.version,
        "analysisVersion": analysed.analysis_version,
        "updatedAt": analysed.updated_at,
    }
    tag = entity_tag(analysed.version, analysed.analysis_version)
    return api.json(document, headers=document_headers(tag, analysed.updated_at))


@api.get("/api/projects/<project_id>/data/versions")
def list_data_versions(project_id: str) -> ApiResponse:
    data = _tables().data(ProjectKey(api.user, project_id))
    newest = [data.newest.summary] if data.newest else []
    return api.json({"versions": [*newest, *data.kept], "dataVersionsKept": api.settings.data_versions_kept})


@api.get("/api/projects/<project_id>/data/versions/<version>")
def get_data_version(project_id: str, version: str) -> ApiResponse:
    key = ProjectKey(api.user, project_id)
    parts = _parts(OF_AN_UPLOAD)
    stored = _tables().version(key, request.version(version))
    tag = entity_tag(stored.version, stored.analysis_version)
    headers = document_headers(tag, stored.updated_at)
    return _unmodified(tag, headers) or _document(key, stored, parts, headers)


@api.post("/api/projects/<project_id>/data/uploads")
def post_upload(project_id: str) -> ApiResponse:
    form = read_announcement(request.json_body(api.current_event, api.settings), api.settings)
    api.count_write()
    announced = _uploads().announce(ProjectKey(api.user, project_id), form)
    document = {
        "uploadId": announced.upload_id,
        "url": announced.url,
        "fields": announced.fields,
        "expiresAt": announced.expires_at,
    }
    return api.json(document, status=HTTPStatus.CREATED)


@api.post("/api/projects/<project_id>/data/uploads/<upload_id>/complete")
def complete_upload(project_id: str, upload_id: str) -> ApiResponse:
    key = ProjectKey(api.user, project_id)
    precondition = request.precondition(api.current_event).narrowed(TABLE)
    completion = read_completion(request.json_body(api.current_event, api.settings), api.settings)
    api.count_write()
    pending = _uploads().pending(key, upload_id)
    repeated = _tables().completed(key, pending, completion)
    if repeated:
        return _uploaded(repeated)
    with tempfile.TemporaryFile() as file:
        _uploads().fetch(key, pending, file)
        upload = read_uploaded(file, pending.file_name, pending.content_type, completion, api.settings)
    return _uploaded(_tables().upload(key, upload, precondition, pending))


def _tables() -> Datasets:
    return Datasets(api.table, api.objects, api.configs, api.settings, api.now)


def _uploads() -> Uploads:
    return Uploads(api.table, api.objects, api.now)


def _downloads() -> Downloads:
    return Downloads(api.objects, api.now)


def _uploaded(uploaded: UploadResult, more: dict[str, Any] | None = None) -> ApiResponse:
    document = {
        "success": True,
        "version": uploaded.version,
        "dataSchema": uploaded.schema,
        "updatedAt": uploaded.updated_at,
        **(more or {}),
    }
    status = HTTPStatus.CREATED if uploaded.changed else HTTPStatus.OK
    return api.json(document, status=status, headers=document_headers(uploaded.tag, uploaded.updated_at))


def _parts(offered: tuple[str, ...]) -> tuple[str, ...] | None:
    """Read which parts are wanted; None means the table alone, as CSV. Raises InvalidQuery."""
    included = request.choices(api.current_event, "include", offered)
    if request.choice(api.current_event, "format", ("json", "csv"), "json") == "json":
        return included or offered
    if included:
        raise InvalidQuery("CSV holds the table alone.", [FieldError("include", "cannot be asked for with format=csv")])
    return None


def _unmodified(tag: str, headers: dict[str, str]) -> ApiResponse | None:
    if is_current(api.current_event.headers.get("if-none-match"), tag):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    return None


def _document(
    key: ProjectKey,
    stored: DatasetVersion | None,
    parts: tuple[str, ...] | None,
    headers: dict[str, str],
    data: ProjectData | None = None,
) -> ApiResponse:
    """Answer with parts of an upload, and of the config where `data` says what it is; without parts, as CSV."""
    if parts is None:
        return _csv(key, stored, headers)
    rest = {part: _part(part, stored, data.config if data else None) for part in parts if part != "rawData"}
    rest |= _versions(stored, data)
    if "rawData" not in parts or stored is None:
        none = {"rawData": None} if "rawData" in parts else {}
        return api.json(none | rest, headers=headers)
    if stored.raw_bytes > api.settings.max_raw_data_bytes:
        url = _downloads().json_url(key, stored)
        return api.json({"rawData": None, "rawDataUrl": url, **rest}, headers=headers)
    # The rows are written once, by the code that also writes what is too large for an answer.
    body = b'{"rawData":' + _downloads().json_rows(stored) + b"," + served(compact(rest)[1:])
    return content_response(body, api.accept_encoding, headers=headers, media_type="application/json")


def _part(part: str, stored: DatasetVersion | None, config: ConfigVersion | None) -> Any:  # noqa: ANN401 - any JSON value
    match part:
        case "analysis":
            return stored.analysis_document() if stored else None
        case "chartCustomizations":
            return ((config.config() if config else None) or {}).get("chartCustomizations", {})
        case _:
            return stored.schema if stored else None


def _versions(stored: DatasetVersion | None, data: ProjectData | None) -> dict[str, Any]:
    return {
        "version": stored.version if stored else 0,
        "analysisVersion": stored.analysis_version if stored else 0,
        **({"configVersion": data.config.version} if data else {}),
        "updatedAt": stored.updated_at if stored else None,
    }


def _csv(key: ProjectKey, stored: DatasetVersion | None, headers: dict[str, str]) -> ApiResponse:
    if stored is None:
        raise NotFound("The project has no data.")
    if stored.raw_bytes > api.settings.max_raw_data_bytes:
        # The rows as CSV are smaller than as JSON, yet one rule for both is the one that a client can know.
        location = {"Location": _downloads().csv_url(key, stored)}
        return Response(HTTPStatus.FOUND, body="", headers={**headers, **location})
    saved_as = {"Content-Disposition": attachment(stored.schema["fileName"], "csv")}
    rows = _downloads().csv_rows(stored)
    return content_response(rows, api.accept_encoding, headers={**headers, **saved_as}, media_type=CSV)
