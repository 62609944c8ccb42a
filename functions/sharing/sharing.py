"""What only an owner decides: who may use a project, and what its history no longer shows.

Every handler here may also return the problems storage-unavailable and, if it writes, rate-limited; if it names a
project, not-found and forbidden; if it reads a body, malformed-json, request-too-large, unsupported-media-type and
invalid-sharing.
"""

from http import HTTPStatus
from urllib.parse import unquote

from dashboard_store.app import App, OpenedProject
from dashboard_store.documents.sharing import link_reader, read_invitation, read_role, read_token, require_shown
from dashboard_store.errors import Forbidden
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import ApiResponse, empty_response, json_response
from dashboard_store.identifiers import Role

app = App("rate_limit", "shares", "invitations", "links")
api = app.resolver
handler = app.handler


@api.get("/api/projects/<project_id>/members", Role.VIEWER)
def get_members(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the people of a project, as far as the user's role may see them."""
    return json_response(app.store.shares.document(project.address, project.store.role, request.user))


@api.put("/api/projects/<project_id>/members/<member_id>", Role.OWNER)
def put_member(request: Request, project: OpenedProject, member_id: str) -> ApiResponse:
    """Return 200 with the member, who has the role from now on. Problems: quota-exceeded."""
    role = request.body(read_role)
    app.store.rate_limit.count(request.user)
    return json_response(app.store.shares.set_role(project.address, member_id, role))


@api.delete("/api/projects/<project_id>/members/<member_id>", Role.VIEWER)
def delete_member(request: Request, project: OpenedProject, member_id: str) -> ApiResponse:
    """Return 200 with the teams through which the member, whose grant has ended, still gets in."""
    is_owner = project.store.role is Role.OWNER
    if not is_owner and member_id != project.member_id:
        raise Forbidden("Only the project's owner may remove other members.")
    app.store.rate_limit.count(request.user)
    still = app.store.shares.remove_member(project.address, member_id, by_owner=is_owner)
    return json_response({"stillThrough": still})


@api.put("/api/projects/<project_id>/teams/<team>", Role.OWNER)
def put_team(request: Request, project: OpenedProject, team: str) -> ApiResponse:
    """Return 200 with the team, which has the role from now on. Problems: forbidden, quota-exceeded."""
    role, name = request.body(read_role), _name(team)
    found = next((each for each in request.guest.teams if each.name == name), None)
    if found is None:
        # A project that does not exist is not found, whatever the token names.
        project.store.projects.get(project.address)
        raise Forbidden("Your token does not name this team, so you cannot let it in.")
    require_shown(name, "team")
    app.store.rate_limit.count(request.user)
    return json_response(app.store.shares.set_team(project.address, found, role, request.guest))


@api.delete("/api/projects/<project_id>/teams/<team>", Role.OWNER)
def delete_team(request: Request, project: OpenedProject, team: str) -> ApiResponse:
    """Return 204: the team no longer gets in."""
    app.store.rate_limit.count(request.user)
    app.store.shares.remove_team(project.address, _name(team))
    return empty_response(HTTPStatus.NO_CONTENT)


@api.post("/api/projects/<project_id>/invitations", Role.OWNER)
def post_invitation(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 201 with an invitation and its token, which is shown once. Problems: quota-exceeded."""
    wanted = request.body(read_invitation)
    app.store.rate_limit.count(request.user)
    invitation = app.store.invitations.create(
        project.address, wanted.granted, wanted.expiresInDays, wanted.uses, request.guest
    )
    return json_response(invitation, status=HTTPStatus.CREATED)


@api.delete("/api/projects/<project_id>/invitations/<invitation_id>", Role.OWNER)
def delete_invitation(request: Request, project: OpenedProject, invitation_id: str) -> ApiResponse:
    """Return 204: nobody can accept the invitation any more."""
    app.store.rate_limit.count(request.user)
    app.store.invitations.take_back(project.address, invitation_id)
    return empty_response(HTTPStatus.NO_CONTENT)


@api.post("/api/invitations/preview")
def preview_invitation(request: Request) -> ApiResponse:
    """Return 200 with what an invitation is for. Problems: not-found for one that the user cannot accept."""
    return json_response(app.store.invitations.preview(request.body(read_token), request.guest))


@api.post("/api/invitations/accept")
def accept_invitation(request: Request) -> ApiResponse:
    """Return 200 with the project into which the user was let, and their role. Problems: not-found, quota-exceeded."""
    token = request.body(read_token)
    app.store.rate_limit.count(request.user)
    opened = app.open(app.store.invitations.accept(token, request.guest), Role.VIEWER)
    document, role = opened.store.projects.get(opened.address), opened.store.role.word
    return json_response({"project": {**document, "role": role}, "role": role})


@api.post("/api/projects/<project_id>/links", Role.OWNER)
def post_link(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 201 with a public link and its token, which is shown once.

    Problems: not-found for a version to pin, quota-exceeded, gone.
    """
    wanted = request.body(link_reader(app.store.now))
    app.store.rate_limit.count(request.user)
    link = app.store.links.create(project.address, wanted.version, wanted.expiry, request.guest)
    return json_response(link, status=HTTPStatus.CREATED)


@api.delete("/api/projects/<project_id>/links/<link_id>", Role.OWNER)
def delete_link(request: Request, project: OpenedProject, link_id: str) -> ApiResponse:
    """Return 204: within a minute, the link shows nothing to anybody."""
    app.store.rate_limit.count(request.user)
    app.store.links.take_back(project.address, link_id)
    return empty_response(HTTPStatus.NO_CONTENT)


@api.delete("/api/projects/<project_id>/config/versions/<version>", Role.OWNER)
def delete_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Take a version's content out of history for good and return 204. Problems: version-conflict for the newest."""
    app.store.rate_limit.count(request.user)
    app.store.history_removal.remove(project.config(request), version_number(version))
    return empty_response(HTTPStatus.NO_CONTENT)


def _name(team: str) -> str:
    """Return the name that a part of a path stands for, which clients encode twice.

    An HTTP API decodes every escape but `%25` before it matches a path: what is encoded twice arrives as it was sent.
    """
    return unquote(unquote(team))
