"""Chalice: a view returns a document. It takes the events of a REST API (payload 1.0)."""

import json
from typing import Any

import storage
from chalice import Chalice, Response

handler = app = Chalice(app_name="dashboards")


@app.route("/api/projects/{project_id}/config", methods=["GET"])
def load(project_id: str) -> Response:
    document = json.loads(storage.get(_key(project_id)))
    return Response(document, headers=storage.etag(document))


@app.route("/api/projects/{project_id}/config", methods=["PUT"])
def save(project_id: str) -> Response:
    saved = storage.put(_key(project_id), app.current_request.headers["if-match"], app.current_request.json_body)
    return Response(saved, headers=storage.etag(saved))


def _key(project_id: str) -> Any:  # noqa: ANN401 - as the client takes it
    return storage.key(app.current_request.context["authorizer"]["claims"]["sub"], project_id)
