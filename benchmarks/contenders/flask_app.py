"""Flask behind apig-wsgi: a view returns a document."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import boto3
from apig_wsgi import make_lambda_handler
from flask import Flask, Response, jsonify, request

client = boto3.client("dynamodb")
app = Flask(__name__)
handler = make_lambda_handler(app)


@app.get("/api/projects/<project_id>/config")
def load(project_id: str) -> Response:
    item = client.get_item(TableName="table", Key=_key(project_id), ConsistentRead=True)["Item"]
    answer = jsonify(json.loads(gzip.decompress(item["answer"]["B"])))
    answer.headers["ETag"] = f'"{item["version"]["N"]}"'
    return answer


@app.put("/api/projects/<project_id>/config")
def save(project_id: str) -> Response:
    expected = int(request.headers["if-match"].strip('"'))
    saved = {"version": expected + 1, "updatedAt": datetime.now(UTC).isoformat()}
    document = {"config": request.get_json(), **saved}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    client.put_item(
        TableName="table",
        Item={
            **_key(project_id),
            "version": {"N": str(expected + 1)},
            "answer": {"B": gzip.compress(text.encode(), 6)},
        },
        ConditionExpression="version = :expected",
        ExpressionAttributeValues={":expected": {"N": str(expected)}},
    )
    answer = jsonify({"success": True, **saved})
    answer.headers["ETag"] = f'"{expected + 1}"'
    return answer


def _key(project_id: str) -> Any:  # noqa: ANN401 - as the client takes it
    context = request.environ["apig_wsgi.full_event"]["requestContext"]
    user = context["authorizer"]["jwt"]["claims"]["sub"]
    return {"pk": {"S": f"USER#{user}"}, "sk": {"S": f"CONFIG#{project_id}#"}}
