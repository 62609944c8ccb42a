"""Keeps the table behind a dashboard, and the analysis that was made of it."""

import gzip
import json
from http import HTTPStatus
from typing import Any, Final

from dashboard_store.errors import PreconditionRequired
from dashboard_store.gateway import request
from dashboard_store.gateway.answer import Answer, document_headers, empty_answer
from dashboard_store.gateway.api import Api
from dashboard_store.preconditions import entity_tag, is_current
from dashboard_store.repository.configs import Configs
from dashboard_store.repository.keys import ProjectKey
from dashboard_store.repository.tables import Data, Tables
from dashboard_store.table_data import decode_rows, read_analysis, read_upload

PARTS: Final = ("rawData", "analysis", "chartCustomizations", "dataSchema")

# How many numbers of the data's entity tag, `version.analysisVersion.configVersion`, a write is about.
TABLE: Final = 1
ANALYSIS: Final = 2

api = Api()
handler = api.handler


@api.post("/api/projects/<project_id>/data")
def post_data(project_id: str) -> Answer:
    precondition = request.precondition(api.current_event).narrowed(TABLE)
    upload = read_upload(request.json_body(api.current_event, api.settings), api.settings)
    uploaded = _tables().upload(ProjectKey(api.user, project_id), upload, precondition)
    document = {
        "success": True,
        "version": uploaded.version,
        "dataSchema": uploaded.schema,
        "updatedAt": uploaded.updated_at,
    }
    if upload.config:
        document["chartCustomizations"] = "saved" if uploaded.config_saved else "kept"
    status = HTTPStatus.CREATED if uploaded.changed else HTTPStatus.OK
    return api.json(document, status=status, headers=document_headers(uploaded.tag, uploaded.updated_at))


@api.get("/api/projects/<project_id>/data")
def get_data(project_id: str) -> Answer:
    event = api.current_event
    parts = request.choices(event, "include", PARTS) or PARTS
    data = _tables().data(ProjectKey(api.user, project_id))
    headers = document_headers(data.tag, data.modified_at)
    if is_current(event.headers.get("if-none-match"), data.tag):
        return empty_answer(HTTPStatus.NOT_MODIFIED, headers)
    return api.json({**{part: _part(data, part) for part in parts}, **_versions(data)}, headers=headers)


@api.put("/api/projects/<project_id>/data/analysis")
def put_analysis(project_id: str) -> Answer:
    key = ProjectKey(api.user, project_id)
    precondition = request.precondition(api.current_event).narrowed(ANALYSIS)
    if api.settings.require_precondition and not precondition.is_given:
        data = _tables().data(key)
        versions = {"currentVersion": data.version, "currentAnalysisVersion": data.analysis_version}
        raise PreconditionRequired(versions)
    analysis = read_analysis(request.json_body(api.current_event, api.settings), api.settings)
    analysed = _tables().analyse(key, analysis, precondition)
    document = {
        "success": True,
        "version": analysed.version,
        "analysisVersion": analysed.analysis_version,
        "updatedAt": analysed.updated_at,
    }
    tag = entity_tag(analysed.version, analysed.analysis_version)
    return api.json(document, headers=document_headers(tag, analysed.updated_at))


def _tables() -> Tables:
    return Tables(api.table, Configs(api.table, api.settings, api.now), api.now)


def _part(data: Data, part: str) -> Any:  # noqa: ANN401 - any JSON value
    match part:
        case "rawData":
            return decode_rows(data.item["columns"]) if data.item else None
        case "analysis":
            answer = data.analysis.get("answer") if data.analysis else None
            return json.loads(gzip.decompress(answer)) if answer else None
        case "chartCustomizations":
            return (data.config.config() or {}).get("chartCustomizations", {})
        case _:
            return data.schema


def _versions(data: Data) -> dict[str, Any]:
    return {
        "version": data.version,
        "analysisVersion": data.analysis_version,
        "configVersion": data.config.version,
        "updatedAt": data.updated_at,
    }
