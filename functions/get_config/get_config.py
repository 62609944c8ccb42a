"""Reads configs and their history, limits and flags. Writes nothing."""

from http import HTTPStatus

from dashboard_store.app import App, OpenedProject
from dashboard_store.documents.config import never_saved_body
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import (
    ApiResponse,
    document_headers,
    empty_response,
    json_response,
    stored_response,
)
from dashboard_store.identifiers import Role
from dashboard_store.repository.configs import ConfigVersion

app = App("configs")
api = app.resolver
handler = app.handler


@api.get("/api/projects/<project_id>/config", Role.VIEWER)
def get_config(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the newest config, `config: null` before the first save, or 304. Problems: not-found."""
    return _version_response(request, project.store.configs.newest(project.config(request)))


@api.get("/api/projects/<project_id>/config/versions", Role.EDITOR)
def list_versions(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with a page of history, newest first, without documents. Problems: not-found, invalid-query."""
    configs, address, page = project.store.configs, project.config(request), request.page()
    versions, before = configs.history(address, page.limit, page.before)
    next_cursor = before and str(before)
    days = configs.retention_days(address)
    return json_response({"versions": versions, "nextCursor": next_cursor, "retentionDays": days})


@api.get("/api/projects/<project_id>/config/versions/<version>", Role.EDITOR)
def get_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Return 200 like `get_config` for one version, or 304. Problems: not-found, also for an expired version."""
    (found,) = project.store.configs.versions(project.config(request), version_number(version))
    return _version_response(request, found)


@api.get("/api/projects/<project_id>/config/versions/<version>/diff/<other>", Role.EDITOR)
def diff_versions(request: Request, project: OpenedProject, version: str, other: str) -> ApiResponse:
    """Return 200 with the changes between two versions, as RFC 6902 and by chart. Problems: not-found."""
    # Imported here because loading a dashboard needs no diff and starts faster without it.
    from dashboard_store.documents.diff import MAX_OPERATIONS, chart_changes, operations, without_alike  # noqa: PLC0415
    from dashboard_store.documents.excerpts import listed  # noqa: PLC0415
    from dashboard_store.documents.json_fast import parsed  # noqa: PLC0415

    numbers = version_number(version), version_number(other)
    old, new = project.store.configs.versions(project.config(request), *numbers)
    # Once for both lists.
    before, after = without_alike(old.config(parsed), new.config(parsed))
    changes = listed("operation", operations(before, after), MAX_OPERATIONS)
    return json_response({**changes, "charts": chart_changes(before, after)})


@api.get("/api/flags")
def get_flags(request: Request) -> ApiResponse:
    """Return 200 with the user's feature flags."""
    return json_response(app.flags.of(request.user))


@api.get("/api/limits")
def get_limits(request: Request) -> ApiResponse:
    """Return 200 with every limit by name."""
    return json_response(request.settings.limits())


def _version_response(request: Request, found: ConfigVersion) -> ApiResponse:
    headers = document_headers(found.version, found.updated_at, found.updated_by)
    if request.has_current(found.version):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    return stored_response(found.body or never_saved_body(), headers)
