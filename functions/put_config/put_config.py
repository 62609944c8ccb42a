"""Saves and deletes configs: always in place of a version that the client names."""

from http import HTTPStatus

from dashboard_store.config import Config
from dashboard_store.config_form import read_config, read_customizations
from dashboard_store.errors import PreconditionRequired
from dashboard_store.gateway import request
from dashboard_store.gateway.answer import Answer, document_headers, empty_answer
from dashboard_store.gateway.api import Api
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.configs import Configs, Head, Origin, Saved
from dashboard_store.repository.keys import ConfigKey, ProjectKey

api = Api()
handler = api.handler


@api.put("/api/projects/<project_id>/config")
def put_config(project_id: str) -> Answer:
    configs, key, precondition = _save_request(project_id)
    config = read_config(request.json_body(api.current_event, api.settings), api.settings)
    return _saved(configs.save(key, config, precondition, _origin(precondition)))


@api.delete("/api/projects/<project_id>/config")
def delete_config(project_id: str) -> Answer:
    configs, key, precondition = _save_request(project_id)
    saved = configs.save(key, None, precondition, _origin(precondition))
    return empty_answer(HTTPStatus.NO_CONTENT, document_headers(saved.version, saved.updated_at))


@api.put("/api/projects/<project_id>/data/customizations")
def put_customizations(project_id: str) -> Answer:
    configs, key, precondition = _save_request(project_id)
    body = request.json_body(api.current_event, api.settings)
    charts = read_customizations(body, api.settings)

    def with_charts(head: Head) -> Config:
        return read_config({**(head.config() or {}), "chartCustomizations": charts}, api.settings)

    return _saved(configs.change(key, with_charts, precondition, _origin(precondition)))


def _save_request(project_id: str) -> tuple[Configs, ConfigKey, Precondition]:
    event = api.current_event
    configs = Configs(api.table, api.settings, api.now)
    key = ProjectKey(api.user, project_id).config(request.session(event))
    precondition = request.precondition(event)
    if api.settings.require_precondition and not precondition.is_given:
        raise PreconditionRequired({"currentVersion": configs.head(key).version})
    return configs, key, precondition


def _origin(precondition: Precondition) -> Origin:
    event = api.current_event
    source = request.choice(event, "source", request.SOURCES, "user")
    return Origin(source, request.message(event), forced=precondition.is_forced)


def _saved(saved: Saved) -> Answer:
    document = {"success": True, "version": saved.version, "updatedAt": saved.updated_at}
    return api.json(document, headers=document_headers(saved.version, saved.updated_at))
