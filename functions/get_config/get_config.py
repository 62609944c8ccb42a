"""Reads configs and their history, and answers for the service itself. Writes nothing."""

from http import HTTPStatus
from typing import Final

from dashboard_store.app import Api
from dashboard_store.documents.config import never_saved_body
from dashboard_store.gateway import request
from dashboard_store.gateway.response import ApiResponse, document_headers, empty_response, stored_response
from dashboard_store.preconditions import is_current
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.keys import ConfigKey, ProjectKey

DEFAULT_PAGE: Final = 25
LONGEST_PAGE: Final = 100

api = Api()
handler = api.handler


@api.get("/api/projects/<project_id>/config")
def get_config(project_id: str) -> ApiResponse:
    return _version(api.configs.head(_key(project_id)))


@api.get("/api/projects/<project_id>/config/versions")
def list_versions(project_id: str) -> ApiResponse:
    event, key = api.current_event, _key(project_id)
    limit = request.number(event, "limit", DEFAULT_PAGE, LONGEST_PAGE)
    versions, cursor = api.configs.history(key, limit, request.version_cursor(event))
    settings = api.settings
    kept_days = settings.session_ttl_days if key.session else settings.history_retention_days
    return api.json({"versions": versions, "nextCursor": cursor and str(cursor), "retentionDays": kept_days})


@api.get("/api/projects/<project_id>/config/versions/<version>")
def get_version(project_id: str, version: str) -> ApiResponse:
    (found,) = api.configs.at(_key(project_id), request.version(version))
    return _version(found)


@api.get("/api/projects/<project_id>/config/versions/<version>/diff/<other>")
def diff_versions(project_id: str, version: str, other: str) -> ApiResponse:
    # Imported here: loading a dashboard needs no diff, and starts sooner without it.
    from dashboard_store.documents.diff import chart_changes, operations  # noqa: PLC0415

    found = api.configs.at(_key(project_id), request.version(version), request.version(other))
    before, after = (head.config() for head in found)
    return api.json({"operations": operations(before, after), "charts": chart_changes(before, after)})


@api.get("/api/health")
def get_health() -> ApiResponse:
    return api.json({"status": "ok"})


@api.get("/api/flags")
def get_flags() -> ApiResponse:
    return api.json(api.flags.of(api.user))


@api.get("/api/limits")
def get_limits() -> ApiResponse:
    return api.json(api.settings.limits())


def _key(project_id: str) -> ConfigKey:
    return ProjectKey(api.user, project_id).config(request.session(api.current_event))


def _version(head: ConfigVersion) -> ApiResponse:
    headers = document_headers(head.version, head.updated_at)
    if is_current(api.current_event.headers.get("if-none-match"), head.version):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    return stored_response(head.answer or never_saved_body(), api.accept_encoding, headers)
