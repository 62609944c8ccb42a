"""Every path of the API and its methods; a test keeps this table in sync with template.yaml."""

import re
from functools import cache
from typing import Final

ROUTES: Final = {
    "/api/health": ("GET",),
    "/api/flags": ("GET",),
    "/api/limits": ("GET",),
    "/api/usage": ("GET",),
    "/api/projects": ("GET", "POST"),
    "/api/projects/{projectId}": ("GET", "PATCH", "DELETE"),
    "/api/projects/{projectId}/restore": ("POST",),
    "/api/projects/{projectId}/members": ("GET",),
    "/api/projects/{projectId}/members/{memberId}": ("PUT", "DELETE"),
    "/api/projects/{projectId}/teams/{team}": ("PUT", "DELETE"),
    "/api/projects/{projectId}/invitations": ("POST",),
    "/api/projects/{projectId}/invitations/{invitationId}": ("DELETE",),
    "/api/projects/{projectId}/links": ("POST",),
    "/api/projects/{projectId}/links/{linkId}": ("DELETE",),
    "/api/projects/{projectId}/config": ("GET", "PUT", "PATCH", "DELETE"),
    "/api/projects/{projectId}/config/versions": ("GET",),
    "/api/projects/{projectId}/config/versions/{version}": ("GET", "PATCH", "DELETE"),
    "/api/projects/{projectId}/config/versions/{version}/diff/{other}": ("GET",),
    "/api/projects/{projectId}/config/versions/{version}/restore": ("POST",),
    "/api/projects/{projectId}/config/versions/{version}/undo": ("POST",),
    "/api/projects/{projectId}/data": ("GET", "POST"),
    "/api/projects/{projectId}/data/analysis": ("PUT",),
    "/api/projects/{projectId}/data/customizations": ("PUT",),
    "/api/projects/{projectId}/data/schema": ("PUT",),
    "/api/projects/{projectId}/data/uploads": ("POST",),
    "/api/projects/{projectId}/data/uploads/{uploadId}": ("GET",),
    "/api/projects/{projectId}/data/uploads/{uploadId}/complete": ("POST",),
    "/api/projects/{projectId}/data/versions": ("GET",),
    "/api/projects/{projectId}/data/versions/{version}": ("GET",),
    "/api/invitations/preview": ("POST",),
    "/api/invitations/accept": ("POST",),
    "/api/links/{token}/config": ("GET",),
    "/api/links/{token}/data": ("GET",),
    "/api/live": ("POST",),
}


def methods_at(path: str) -> tuple[str, ...]:
    """Return the methods of a path; empty if no route matches it."""
    return next((methods for pattern, methods in _patterns() if pattern.fullmatch(path)), ())


# Compiled on the first unrouted request, because a starting function does not need them.
@cache
def _patterns() -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), methods) for path, methods in ROUTES.items()]
