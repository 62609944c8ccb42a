"""Reads configs, and answers for the service itself. Needs nothing of the database but GetItem."""

from http import HTTPStatus

from dashboard_store.config import never_saved_answer
from dashboard_store.gateway import request
from dashboard_store.gateway.answer import Answer, document_headers, empty_answer, stored_answer
from dashboard_store.gateway.api import Api
from dashboard_store.preconditions import is_current
from dashboard_store.repository.configs import Configs
from dashboard_store.repository.keys import ProjectKey

api = Api()
handler = api.handler


@api.get("/api/projects/<project_id>/config")
def get_config(project_id: str) -> Answer:
    event = api.current_event
    configs = Configs(api.table, api.settings, api.now)
    head = configs.head(ProjectKey(api.user, project_id).config(request.session(event)))
    headers = document_headers(head.version, head.updated_at)
    if is_current(event.headers.get("if-none-match"), head.version):
        return empty_answer(HTTPStatus.NOT_MODIFIED, headers)
    return stored_answer(head.answer or never_saved_answer(), api.accept_encoding, headers)


@api.get("/api/health")
def get_health() -> Answer:
    return api.json({"status": "ok"})


@api.get("/api/limits")
def get_limits() -> Answer:
    return api.json(api.settings.limits())
