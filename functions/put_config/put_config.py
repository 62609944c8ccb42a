"""Saves, merges, deletes and restores configs, in place of a version that the client names."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from dashboard_store.app import Api
from dashboard_store.documents.config import Config, never_saved_body
from dashboard_store.documents.config_schema import read_config, read_config_body, read_customizations, read_patch
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.merge import merge_patch
from dashboard_store.errors import PreconditionRequired
from dashboard_store.gateway import request
from dashboard_store.gateway.response import ApiResponse, document_headers, empty_response, stored_response
from dashboard_store.gateway.telemetry import MERGED, SAVED, UNCHANGED
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.configs import Origin, SaveResult
from dashboard_store.repository.keys import ConfigKey, ProjectKey

api = Api()
handler = api.handler


@api.put("/api/projects/<project_id>/config")
def put_config(project_id: str) -> ApiResponse:
    key, precondition, origin = _save_request(project_id)
    resolution = request.choice(api.current_event, "onConflict", ("refuse", "merge"), "refuse")
    config = read_config_body(request.json_text(api.current_event, api.settings), api.settings)
    # What If-None-Match forbids, no merge may do.
    if resolution == "merge" and precondition.base is not None and precondition.if_none_match is None:
        return _saved(api.configs.merge(key, config, precondition.base, origin, _config))
    return _saved(api.configs.save(key, config, precondition, origin))


@api.patch("/api/projects/<project_id>/config")
def patch_config(project_id: str) -> ApiResponse:
    key, precondition, origin = _save_request(project_id, needs_precondition=False)
    body = request.json_body(api.current_event, api.settings, request.MERGE_PATCH)
    patch = read_patch(body, api.settings)
    saved = api.configs.change(key, lambda config: _config(merge_patch(config, patch)), precondition, origin)
    return stored_response(saved.head.answer or never_saved_body(), api.accept_encoding, _accepted(saved))


@api.delete("/api/projects/<project_id>/config")
def delete_config(project_id: str) -> ApiResponse:
    key, precondition, origin = _save_request(project_id)
    return empty_response(HTTPStatus.NO_CONTENT, _accepted(api.configs.save(key, None, precondition, origin)))


@api.post("/api/projects/<project_id>/config/versions/<version>/restore")
def restore_version(project_id: str, version: str) -> ApiResponse:
    key, precondition, origin = _save_request(project_id)
    number = request.version(version)
    (found,) = api.configs.at(key, number)
    document = found.config()
    config = None if document is None else Config.of(document, written(document))
    return _saved(api.configs.save(key, config, precondition, replace(origin, restored_from=number)))


@api.put("/api/projects/<project_id>/data/customizations")
def put_customizations(project_id: str) -> ApiResponse:
    key, precondition, origin = _save_request(project_id)
    body = request.json_body(api.current_event, api.settings)
    charts = {"chartCustomizations": read_customizations(body, api.settings)}
    return _saved(api.configs.change(key, lambda config: _config({**(config or {}), **charts}), precondition, origin))


def _save_request(project_id: str, *, needs_precondition: bool = True) -> tuple[ConfigKey, Precondition, Origin]:
    event = api.current_event
    key = ProjectKey(api.user, project_id).config(request.session(event))
    precondition = request.precondition(event)
    if needs_precondition and api.settings.require_precondition and not precondition.is_given:
        raise PreconditionRequired({"currentVersion": api.configs.head(key).version})
    source = request.choice(event, "source", request.SOURCES, "user")
    # A patch without a precondition forces nothing: what it does not name stays.
    forced = needs_precondition and precondition.is_forced
    return key, precondition, Origin(source, request.message(event), forced=forced)


def _config(document: Any) -> Config:  # noqa: ANN401 - any JSON value
    return read_config(document, api.settings)


def _saved(saved: SaveResult) -> ApiResponse:
    document: dict[str, Any] = {"success": True, "version": saved.head.version, "updatedAt": saved.head.updated_at}
    if saved.merged:
        document |= {"merged": True, "config": saved.head.config()}
    return api.json(document, headers=_accepted(saved))


def _accepted(saved: SaveResult) -> dict[str, str]:
    """Note what the save came to, and name the version in the answer's headers."""
    api.outcome = (MERGED if saved.merged else SAVED) if saved.changed else UNCHANGED
    return document_headers(saved.head.version, saved.head.updated_at)
