"""Saves, merges, deletes and restores configs, undoes and names versions.

Each save replaces a version that the client names, and takes an Idempotency-Key: a repetition of one that took effect
writes nothing and is answered with the version that the save made.

Every handler here may also return the problems not-found, invalid-precondition, invalid-query, unsafe-text (of
`?message=`), rate-limited and storage-unavailable, and, if it reads a body, malformed-json, request-too-large and
unsupported-media-type.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from dashboard_store.app import App, OpenedProject
from dashboard_store.documents.config import Config, Origin, never_saved_body
from dashboard_store.documents.config_schema import read_config, read_config_body, read_customizations, read_patch
from dashboard_store.documents.excerpts import MAX_PLACES, listed
from dashboard_store.documents.json_patch import JsonPatch, read_json_patch
from dashboard_store.documents.json_text import JsonObject, holds_array
from dashboard_store.documents.merge import merge_patch
from dashboard_store.errors import PreconditionRequired
from dashboard_store.gateway.body import GZIP, JSON_PATCH, MERGE_PATCH
from dashboard_store.gateway.request import Request, version_number
from dashboard_store.gateway.response import (
    ApiResponse,
    document_headers,
    empty_response,
    extended_response,
    json_response,
    stored_response,
)
from dashboard_store.gateway.telemetry import MERGED, REPLAYED, SAVED, UNCHANGED
from dashboard_store.identifiers import ConfigAddress, Role
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.branches import saved_again
from dashboard_store.repository.config_saves import SaveResult

_JSON_PATCH_NEEDS_BASE: Final = (
    'Send If-Match: "<version>" with the version that the patch was made from: its paths may mean something else in '
    "another version."
)
_ARRAY_NEEDS_BASE: Final = (
    'Send If-Match: "<version>" with the version that the patch was made from: a merge patch replaces an array as a '
    "whole, and with it what others changed inside."
)

app = App("configs", "config_saves")
api = app.resolver
handler = app.handler


@api.put("/api/projects/<project_id>/config", Role.EDITOR)
def put_config(request: Request, project: OpenedProject) -> ApiResponse:
    """Return 200 with the new version; with `?onConflict=merge`, a stale save is merged with later saves.

    Problems: precondition-required, version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, precondition, origin = _save_of(request, project)
    merges = _merges(request)
    config = read_config_body(request.text(), request.settings)
    # A merge must not do what If-None-Match forbids.
    if merges and precondition.base is not None and precondition.if_none_match is None:
        read = _config_reader(request)
        return _save_response(project.store.config_saves.merge(address, config, precondition.base, origin, read))
    return _save_response(project.store.config_saves.save(address, config, precondition, origin))


@api.patch("/api/projects/<project_id>/config", Role.EDITOR)
def patch_config(request: Request, project: OpenedProject) -> ApiResponse:
    """Apply a merge patch (RFC 7396) or a JSON Patch (RFC 6902) and return 200 with the result, like GET.

    A JSON Patch applies to the version that it names; a merge patch applies to the newest version, except that with
    `?onConflict=merge` it applies to the one that it names. What a stale patch makes of its version is then merged with
    later saves.

    Problems: precondition-required, version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, precondition, merges = project.config(request), request.precondition, _merges(request)
    # A patch without a precondition forces nothing: it keeps what it does not name.
    origin = project.origin(request, forced=False)
    patch, read, saves = _read_patch(request), _config_reader(request), project.store.config_saves
    _require_base(request, project, patch)

    def edit(config: JsonObject | None) -> Config:
        return read(patch.applied(config) if isinstance(patch, JsonPatch) else merge_patch(config, patch))

    base = _named(precondition)
    if base is not None and (merges or isinstance(patch, JsonPatch)):
        return _patch_response(saves.patch(address, edit, base, origin, read if merges else None))
    return _patch_response(saves.change(address, edit, precondition, origin))


@api.delete("/api/projects/<project_id>/config", Role.EDITOR)
def delete_config(request: Request, project: OpenedProject) -> ApiResponse:
    """Save a new version without a config and return 204. Problems: precondition-required, version-conflict."""
    address, precondition, origin = _save_of(request, project)
    result = project.store.config_saves.save(address, None, precondition, origin)
    return empty_response(HTTPStatus.NO_CONTENT, _headers(result), _outcome(result))


@api.post("/api/projects/<project_id>/config/versions/<version>/restore", Role.EDITOR)
def restore_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Return 200 with a new version that equals an earlier one. Problems: precondition-required, version-conflict."""
    address, precondition, origin = _save_of(request, project)
    number = version_number(version)
    (found,) = project.store.configs.versions(address, number)
    origin = origin._replace(restored_from=number)
    return _save_response(project.store.config_saves.save(address, saved_again(found), precondition, origin))


@api.post("/api/projects/<project_id>/config/versions/<version>/undo", Role.EDITOR)
def undo_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Take back what a version changed, keep what was saved since, and return 200 with the result, like a merge.

    Problems: version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, number = project.config(request), version_number(version)
    # An undo forces nothing: it keeps what came after.
    origin, read = project.origin(request, forced=False), _config_reader(request)
    return _save_response(project.store.config_saves.undo(address, number, request.precondition, origin, read))


@api.patch("/api/projects/<project_id>/config/versions/<version>", Role.EDITOR)
def patch_version(request: Request, project: OpenedProject, version: str) -> ApiResponse:
    """Name a version, or take its name off, and return 200 with what history shows of it.

    Problems: invalid-config, unsafe-text, quota-exceeded.
    """
    # Imported here because saves start faster without it.
    from dashboard_store.documents.version_name import read_version_name  # noqa: PLC0415

    name = request.body(read_version_name, MERGE_PATCH)
    address, number = project.config(request), version_number(version)
    return json_response(project.store.version_names.change(address, number, name))


@api.put("/api/projects/<project_id>/data/customizations", Role.EDITOR)
def put_customizations(request: Request, project: OpenedProject) -> ApiResponse:
    """Replace only the charts of the config and return 200 with the new version.

    Problems: precondition-required, version-conflict, invalid-config, unsafe-text, config-too-large.
    """
    address, precondition, origin = _save_of(request, project)
    charts, read = {"chartCustomizations": request.body(read_customizations)}, _config_reader(request)
    saves = project.store.config_saves
    return _save_response(saves.change(address, lambda config: read((config or {}) | charts), precondition, origin))


def _save_of(request: Request, project: OpenedProject) -> tuple[ConfigAddress, Precondition, Origin]:
    """Return the address that a request saves to, its precondition and the origin of the change."""
    address = project.config(request)
    precondition = request.required_precondition(lambda: (project.store.configs.newest(address).version,))
    return address, precondition, project.origin(request, forced=precondition.is_forced)


def _merges(request: Request) -> bool:
    return request.choice("onConflict", ("refuse", "merge"), "refuse") == "merge"


def _named(precondition: Precondition) -> int | None:
    """Return the one version that If-Match names, unless If-None-Match excludes it."""
    return None if precondition.if_match is None else precondition.only


def _read_patch(request: Request) -> JsonPatch | JsonObject:
    """Read a JSON Patch or a merge patch; only its form distinguishes the two if it is sent as gzip."""
    document = request.json(MERGE_PATCH, JSON_PATCH)
    is_compressed_array = request.media_type == GZIP and isinstance(document, list)
    read = read_json_patch if is_compressed_array or request.media_type == JSON_PATCH else read_patch
    return read(document, request.settings)


def _require_base(request: Request, project: OpenedProject, patch: JsonPatch | JsonObject) -> None:
    """Raise PreconditionRequired if a patch without a base could change what the user did not mean."""
    precondition = request.precondition
    if isinstance(patch, JsonPatch):
        detail = _JSON_PATCH_NEEDS_BASE if _named(precondition) is None else None
    else:
        # If-Match: * says that the author wants it.
        is_forced = precondition.is_forced and precondition.if_match is None and request.settings.require_precondition
        detail = _ARRAY_NEEDS_BASE if is_forced and holds_array(patch) else None
    if detail:
        raise PreconditionRequired(project.store.configs.newest(project.config(request)).version, detail=detail)


def _config_reader(request: Request) -> Callable[[Any], Config]:
    return lambda document: read_config(document, request.settings)


def _save_response(result: SaveResult) -> ApiResponse:
    shown, marks, headers, outcome = result.shown, _marks(result), _headers(result), _outcome(result)
    if result.merged:
        return extended_response(shown.body or never_saved_body(), {"success": True, **marks}, headers, outcome)
    document = {"success": True, "version": shown.version, "updatedAt": shown.updated_at, **marks}
    return json_response(document, headers=headers, outcome=outcome)


def _patch_response(result: SaveResult) -> ApiResponse:
    body, marks = result.shown.body or never_saved_body(), _marks(result)
    if marks:
        return extended_response(body, marks, _headers(result), _outcome(result))
    return stored_response(body, _headers(result), _outcome(result))


def _marks(result: SaveResult) -> dict[str, Any]:
    """Return the members that say what became of a save, if it did not simply become the newest version."""
    merged = {"merged": True} if result.merged else {}
    moved = listed("adjusted", result.adjusted, MAX_PLACES, ending="") if result.adjusted else {}
    return merged | moved | ({"replayed": True, "currentVersion": result.newest.version} if result.repeated else {})


def _headers(result: SaveResult) -> dict[str, str]:
    return document_headers(result.shown.version, result.shown.updated_at, result.shown.updated_by)


def _outcome(result: SaveResult) -> str:
    if result.repeated:
        return REPLAYED
    if not result.changed:
        return UNCHANGED
    return MERGED if result.merged else SAVED
