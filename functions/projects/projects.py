"""Creates, lists, reads, changes, deletes and restores projects.

Every handler here may also return the problem storage-unavailable; if it writes, rate-limited; if it reads a body,
malformed-json, request-too-large and unsupported-media-type; if it takes a precondition, invalid-precondition.
"""

# ruff: noqa: PLC0415 - a list of projects starts faster without what checks a body

from collections.abc import Mapping
from http import HTTPStatus

from dashboard_store.app import App, OpenedProject
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.documents.project import Project, ProjectCopy
from dashboard_store.gateway.body import MERGE_PATCH
from dashboard_store.gateway.request import MAX_PAGE, MAX_PAGE_WITH_DOCUMENTS, Request
from dashboard_store.gateway.response import ApiResponse, document_headers, empty_response, json_response
from dashboard_store.identifiers import Role

app = App("projects")
api = app.resolver
handler = app.handler


@api.post("/api/projects")
def create_project(request: Request) -> ApiResponse:
    """Return 201 with the new project, or 200 if an earlier request created it and it is unchanged.

    Problems: project-exists, invalid-project, unsafe-text, those of a config.
    """
    from dashboard_store.documents.project_schema import read_creation

    new = request.body(read_creation)
    app.store.rate_limit.count(request.user)
    if isinstance(new, ProjectCopy):
        source = app.open(request.project(new.source), Role.VIEWER)
        created = app.store.project_copies.create(request.user, new, source.address, source.store.items)
    else:
        created = app.store.projects.create(request.user, new)
    status = HTTPStatus.CREATED if created.is_new else HTTPStatus.OK
    return _document(created.project, Role.OWNER, status, {"Location": f"/api/projects/{created.project['id']}"})


@api.get("/api/projects")
def list_projects(request: Request) -> ApiResponse:
    """Return 200 with a page of summaries: of the user's own projects, of those shared with them, or of deleted ones.

    Problems: invalid-query.
    """
    match request.choice("scope", ("own", "shared", "deleted"), "own"):
        case "shared":
            return _shared(request)
        case "deleted":
            return _deleted(request)
    with_configs = bool(request.choices("include", ("dashboardConfig",)))
    page = request.page(MAX_PAGE_WITH_DOCUMENTS if with_configs else MAX_PAGE)
    found = app.store.projects.page(request.user, page.limit, page.cursor, with_configs=with_configs)
    return json_response({"projects": found.projects, "nextCursor": found.cursor})


@api.get("/api/projects/<project_id>", Role.VIEWER)
def get_project(_: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the project. Problems: not-found."""
    return _response(project, project.store.projects.get(project.address))


@api.patch("/api/projects/<project_id>", Role.EDITOR)
def patch_project(request: Request, project: OpenedProject) -> ApiResponse:
    """Apply a merge patch (RFC 7396) to the newest project and return 200 with the result.

    Problems: not-found, precondition-required, version-conflict, invalid-project, unsafe-text.
    """
    from dashboard_store.documents.project_schema import patched

    projects, address = project.store.projects, project.address
    precondition = request.required_precondition(lambda: (projects.get(address)["version"],))
    patch = request.json(MERGE_PATCH)
    if isinstance(patch, dict) and "settings" in patch:
        project.store.require(Role.OWNER)

    def edit(before: Project) -> Project:
        return patched(before, patch, request.settings)

    app.store.rate_limit.count(request.user)
    return _response(project, projects.change(address, edit, precondition))


@api.delete("/api/projects/<project_id>", Role.OWNER)
def delete_project(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 204; `restore_project` brings the project back, unless it is deleted `?permanently=true`.

    Problems: not-found, version-conflict, invalid-query.
    """
    precondition = request.precondition
    permanently = request.choice("permanently", ("false", "true"), "false") == "true"
    app.store.rate_limit.count(request.user)
    app.store.project_deletion.delete(project.address, precondition, permanently=permanently)
    return empty_response(HTTPStatus.NO_CONTENT)


@api.post("/api/projects/<project_id>/restore", Role.OWNER)
def restore_project(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the project as it was before it was deleted. Problems: not-found, also after 30 days."""
    app.store.rate_limit.count(request.user)
    return _response(project, app.store.project_deletion.restore(project.address))


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


def _shared(request: Request) -> ApiResponse:
    request.choices("include", ())
    page = request.page(MAX_PAGE_WITH_DOCUMENTS)
    found = app.store.shared_projects.page(request.guest, page.limit, page.cursor)
    return json_response({"projects": found.projects, "nextCursor": found.cursor})


def _deleted(request: Request) -> ApiResponse:
    request.choices("include", ())
    page = request.page()
    found = app.store.project_deletion.page(request.user, page.limit, page.cursor)
    return json_response({"projects": found.projects, "nextCursor": found.cursor})


def _response(project: OpenedProject, document: JsonObject) -> ApiResponse:
    return _document(document, project.store.role, HTTPStatus.OK, {})


def _document(document: JsonObject, role: Role, status: int, headers: Mapping[str, str]) -> ApiResponse:
    tagged = document_headers(str(document["version"]), str(document["updatedAt"]))
    return json_response({**document, "role": role.word}, status=status, headers={**headers, **tagged})
