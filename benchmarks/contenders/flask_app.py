"""Flask behind apig-wsgi: a view returns a document."""

import json
from typing import Any

import storage
from apig_wsgi import make_lambda_handler
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
handler = make_lambda_handler(app)


@app.get("/api/projects/<project_id>/config")
def load(project_id: str) -> Response:
    return _answer(json.loads(storage.get(_key(project_id))))


@app.put("/api/projects/<project_id>/config")
def save(project_id: str) -> Response:
    return _answer(storage.put(_key(project_id), request.headers["if-match"], request.get_json()))


def _answer(document: dict[str, Any]) -> Response:
    answer = jsonify(document)
    answer.headers.update(storage.etag(document))
    return answer


def _key(project_id: str) -> Any:  # noqa: ANN401 - as the client takes it
    context = request.environ["apig_wsgi.full_event"]["requestContext"]
    return storage.key(context["authorizer"]["jwt"]["claims"]["sub"], project_id)
