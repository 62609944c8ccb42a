"""Saves, merges, deletes and restores configs, replacing a version that the client names.

Every handler here may also return the problems not-found, invalid-precondition, invalid-query, unsafe-text (of
`?message=`), rate-limited and storage-unavailable, and, if it reads a body, malformed-json, request-too-large and
unsupported-media-type.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from dashboard_store.app import App
from dashboard_store.documents.config import Config, Origin, never_saved_body
from dashboard_store.documents.config_schema import read_config, read_config_body, read_customizations, read_patch
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.merge import merge_patch
from dashboard_store.gateway.body import MERGE_PATCH
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import (
    ApiResponse,
    document_headers,
    empty_response,
    json_response,
    stored_response,
)
from dashboard_store.gateway.telemetry import MERGED, SAVED, UNCHANGED
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.config_saves import SaveResult

app = App("configs", "config_saves")
api = app.resolver
handler = app.handler


@api.put("/api/projects/<project_id>/config")
def put_config(request: Request, project_id: str) -> ApiResponse:
    """Return 200 with the new version; with `?onConflict=merge`, a stale save is merged with later saves.

    Problems: precondition-required, version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, precondition, origin = _save_of(request, project_id)
    resolution = request.choice("onConflict", ("refuse", "merge"), "refuse")
    config = read_config_body(request.text(), request.settings)
    # A merge must not do what If-None-Match forbids.
    if resolution == "merge" and precondition.base is not None and precondition.if_none_match is None:
        read = _config_reader(request)
        return _save_response(app.store.config_saves.merge(address, config, precondition.base, origin, read))
    return _save_response(app.store.config_saves.save(address, config, precondition, origin))


@api.patch("/api/projects/<project_id>/config")
def patch_config(request: Request, project_id: str) -> ApiResponse:
    """Apply a merge patch (RFC 7396) to the newest config and return 200 with the result, like GET.

    Problems: version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, precondition = request.config(project_id), request.precondition
    # A patch without a precondition forces nothing: it keeps what it does not name.
    origin = request.origin(forced=False)
    patch, read = request.body(read_patch, MERGE_PATCH), _config_reader(request)
    saves = app.store.config_saves
    result = saves.change(address, lambda config: read(merge_patch(config, patch)), precondition, origin)
    return stored_response(result.newest.body or never_saved_body(), _headers(result), _outcome(result))


@api.delete("/api/projects/<project_id>/config")
def delete_config(request: Request, project_id: str) -> ApiResponse:
    """Save a new version without a config and return 204. Problems: precondition-required, version-conflict."""
    address, precondition, origin = _save_of(request, project_id)
    result = app.store.config_saves.save(address, None, precondition, origin)
    return empty_response(HTTPStatus.NO_CONTENT, _headers(result), _outcome(result))


@api.post("/api/projects/<project_id>/config/versions/<version>/restore")
def restore_version(request: Request, project_id: str, version: str) -> ApiResponse:
    """Return 200 with a new version that equals an earlier one. Problems: precondition-required, version-conflict."""
    address, precondition, origin = _save_of(request, project_id)
    number = version_number(version)
    (found,) = app.store.configs.versions(address, number)
    document = found.config()
    config = None if document is None else Config.of(document, written(document))
    origin = origin._replace(restored_from=number)
    return _save_response(app.store.config_saves.save(address, config, precondition, origin))


@api.put("/api/projects/<project_id>/data/customizations")
def put_customizations(request: Request, project_id: str) -> ApiResponse:
    """Replace only the charts of the config and return 200 with the new version.

    Problems: precondition-required, version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, precondition, origin = _save_of(request, project_id)
    charts, read = {"chartCustomizations": request.body(read_customizations)}, _config_reader(request)
    saves = app.store.config_saves
    return _save_response(saves.change(address, lambda config: read((config or {}) | charts), precondition, origin))


def _save_of(request: Request, project_id: str) -> tuple[ConfigAddress, Precondition, Origin]:
    """Return the address that a request saves to, its precondition and the origin of the change."""
    address = request.config(project_id)
    precondition = request.required_precondition(lambda: (app.store.configs.newest(address).version,))
    return address, precondition, request.origin(forced=precondition.is_forced)


def _config_reader(request: Request) -> Callable[[Any], Config]:
    return lambda document: read_config(document, request.settings)


def _save_response(result: SaveResult) -> ApiResponse:
    document: dict[str, Any] = {
        "success": True,
        "version": result.newest.version,
        "updatedAt": result.newest.updated_at,
    }
    if result.merged:
        document |= {"merged": True, "config": result.newest.config()}
    return json_response(document, headers=_headers(result), outcome=_outcome(result))


def _headers(result: SaveResult) -> dict[str, str]:
    return document_headers(result.newest.version, result.newest.updated_at)


def _outcome(result: SaveResult) -> str:
    if not result.changed:
        return UNCHANGED
    return MERGED if result.merged else SAVED
