"""Creates, lists, reads, changes, deletes and restores projects.

Every handler here may also return the problem storage-unavailable; if it writes, rate-limited; if it reads a body,
malformed-json, request-too-large and unsupported-media-type; if it takes a precondition, invalid-precondition.
"""

from collections.abc import Mapping
from http import HTTPStatus

from dashboard_store.app import App
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.documents.project import Project, patched, read_new_project
from dashboard_store.gateway.body import MERGE_PATCH
from dashboard_store.gateway.request import MAX_PAGE, MAX_PAGE_WITH_DOCUMENTS, Request
from dashboard_store.gateway.response import ApiResponse, document_headers, empty_response, json_response

app = App("rate_limit", "projects", "project_deletion")
api = app.resolver
handler = app.handler


@api.post("/api/projects")
def create_project(request: Request) -> ApiResponse:
    """Return 201 with the new project, or 200 if an earlier request created it and it is unchanged.

    Problems: project-exists, invalid-project, unsafe-text, those of a config.
    """
    new = request.body(read_new_project)
    app.store.rate_limit.count(request.user)
    project, is_new = app.store.projects.create(request.user, new)
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return _response(project, status, {"Location": f"/api/projects/{project['id']}"})


@api.get("/api/projects")
def list_projects(request: Request) -> ApiResponse:
    """Return 200 with a page of summaries, the most recently updated first. Problems: invalid-query."""
    with_configs = bool(request.choices("include", ("dashboardConfig",)))
    page = request.page(MAX_PAGE_WITH_DOCUMENTS if with_configs else MAX_PAGE)
    found = app.store.projects.page(request.user, page.limit, page.cursor, with_configs=with_configs)
    return json_response({"projects": found.projects, "nextCursor": found.cursor})


@api.get("/api/projects/<project_id>")
def get_project(request: Request, project_id: str) -> ApiResponse:
    """Return 200 with the project. Problems: not-found."""
    return _response(app.store.projects.get(request.project(project_id)))


@api.patch("/api/projects/<project_id>")
def patch_project(request: Request, project_id: str) -> ApiResponse:
    """Apply a merge patch (RFC 7396) to the newest project and return 200 with the result.

    Problems: not-found, precondition-required, version-conflict, invalid-project, unsafe-text.
    """
    projects, address = app.store.projects, request.project(project_id)
    precondition = request.required_precondition(lambda: (projects.get(address)["version"],))
    patch = request.json(MERGE_PATCH)

    def edit(project: Project) -> Project:
        return patched(project, patch, request.settings)

    app.store.rate_limit.count(request.user)
    return _response(projects.change(address, edit, precondition))


@api.delete("/api/projects/<project_id>")
def delete_project(request: Request, project_id: str) -> ApiResponse:
    """Return 204; `restore_project` brings the project back, unless it is deleted `?permanently=true`.

    Problems: not-found, version-conflict, invalid-query.
    """
    precondition = request.precondition
    permanently = request.choice("permanently", ("false", "true"), "false") == "true"
    app.store.rate_limit.count(request.user)
    app.store.project_deletion.delete(request.project(project_id), precondition, permanently=permanently)
    return empty_response(HTTPStatus.NO_CONTENT)


@api.post("/api/projects/<project_id>/restore")
def restore_project(request: Request, project_id: str) -> ApiResponse:
    """Return 200 with the project as it was before it was deleted. Problems: not-found, also after 30 days."""
    app.store.rate_limit.count(request.user)
    return _response(app.store.project_deletion.restore(request.project(project_id)))


@api.get("/api/usage")
def get_usage(request: Request) -> ApiResponse:
    """Return 200 with what the user stores, and the limits."""
    used, limits = app.store.usage.of(request.user), request.settings
    return json_response(
        {
            "projects": {"used": used.projects, "limit": limits.max_projects},
            "storedBytes": {"used": used.stored_bytes, "limit": limits.max_stored_bytes},
        }
    )


def _response(
    project: JsonObject, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> ApiResponse:
    tagged = document_headers(str(project["version"]), str(project["updatedAt"]))
    return json_response(project, status=status, headers={**(headers or {}), **tagged})
