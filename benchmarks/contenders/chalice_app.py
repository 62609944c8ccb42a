"""Chalice: a view returns a document. It takes the events of a REST API (payload 1.0)."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import boto3
from chalice import Chalice, Response

client = boto3.client("dynamodb")
handler = app = Chalice(app_name="dashboards")


@app.route("/api/projects/{project_id}/config", methods=["GET"])
def load(project_id: str) -> Response:
    item = client.get_item(TableName="table", Key=_key(project_id), ConsistentRead=True)["Item"]
    headers = {"ETag": f'"{item["version"]["N"]}"'}
    return Response(json.loads(gzip.decompress(item["answer"]["B"])), headers=headers)


@app.route("/api/projects/{project_id}/config", methods=["PUT"])
def save(project_id: str) -> Response:
    config = app.current_request.json_body
    expected = int(app.current_request.headers["if-match"].strip('"'))
    saved = {"version": expected + 1, "updatedAt": datetime.now(UTC).isoformat()}
    text = json.dumps({"config": config, **saved}, separators=(",", ":"), ensure_ascii=False)
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
    return Response({"success": True, **saved}, headers={"ETag": f'"{expected + 1}"'})


def _key(project_id: str) -> Any:  # noqa: ANN401 - as the client takes it
    user = app.current_request.context["authorizer"]["claims"]["sub"]
    return {"pk": {"S": f"USER#{user}"}, "sk": {"S": f"CONFIG#{project_id}#"}}
