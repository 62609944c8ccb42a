"""Creates, lists, reads, changes, deletes and restores projects."""

from http import HTTPStatus
from typing import Final

from dashboard_store.app import Api
from dashboard_store.documents.project import Project, patched, read_new_project
from dashboard_store.errors import PreconditionRequired
from dashboard_store.gateway import request
from dashboard_store.gateway.response import ApiResponse, document_headers, empty_response
from dashboard_store.repository.keys import ProjectKey
from dashboard_store.repository.projects import Projects

DEFAULT_PAGE: Final = 25
LONGEST_PAGE: Final = 100
LONGEST_PAGE_WITH_CONFIGS: Final = 25

api = Api()
handler = api.handler


@api.post("/api/projects")
def create_project() -> ApiResponse:
    new = read_new_project(request.json_body(api.current_event, api.settings), api.settings)
    api.count_write()
    project = _projects().create(api.user, new)
    headers = {"Location": f"/api/projects/{project['id']}", **_headers(project)}
    return api.json(project, status=HTTPStatus.CREATED, headers=headers)


@api.get("/api/projects")
def list_projects() -> ApiResponse:
    event = api.current_event
    with_configs = bool(request.choices(event, "include", ("dashboardConfig",)))
    limit = request.number(event, "limit", DEFAULT_PAGE, LONGEST_PAGE_WITH_CONFIGS if with_configs else LONGEST_PAGE)
    cursor = event.query_string_parameters.get("cursor")
    page = _projects().page(api.user, limit, cursor, with_configs=with_configs)
    return api.json({"projects": page.projects, "nextCursor": page.cursor})


@api.get("/api/projects/<project_id>")
def get_project(project_id: str) -> ApiResponse:
    project = _projects().get(ProjectKey(api.user, project_id))
    return api.json(project, headers=_headers(project))


@api.patch("/api/projects/<project_id>")
def patch_project(project_id: str) -> ApiResponse:
    projects, key = _projects(), ProjectKey(api.user, project_id)
    precondition = request.precondition(api.current_event)
    if api.settings.require_precondition and not precondition.is_given:
        raise PreconditionRequired({"currentVersion": projects.get(key)["version"]})
    patch = request.json_body(api.current_event, api.settings, request.MERGE_PATCH)

    def edit(project: Project) -> Project:
        return patched(project, patch, api.settings)

    api.count_write()
    project = projects.change(key, edit, precondition)
    return api.json(project, headers=_headers(project))


@api.delete("/api/projects/<project_id>")
def delete_project(project_id: str) -> ApiResponse:
    precondition = request.precondition(api.current_event)
    api.count_write()
    _projects().delete(ProjectKey(api.user, project_id), precondition)
    return empty_response(HTTPStatus.NO_CONTENT)


@api.post("/api/projects/<project_id>/restore")
def restore_project(project_id: str) -> ApiResponse:
    api.count_write()
    project = _projects().restore(ProjectKey(api.user, project_id))
    return api.json(project, headers=_headers(project))


def _projects() -> Projects:
    return Projects(api.table, api.configs, api.now)


def _headers(project: dict[str, object]) -> dict[str, str]:
    return document_headers(str(project["version"]), str(project["updatedAt"]))
