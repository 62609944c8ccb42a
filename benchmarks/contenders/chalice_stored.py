"""Chalice with Dashkeep's storage format: it passes on the stored gzip, so only the framework differs."""

from typing import TYPE_CHECKING, Any

import boto3
from chalice import Chalice, Response

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

client: "DynamoDBClient" = boto3.client("dynamodb")
handler = app = Chalice(app_name="dashboards")
app.api.binary_types.append("application/json")


@app.route("/api/projects/{project_id}/config", methods=["GET"])
def load(project_id: str) -> Response:
    user = app.current_request.context["authorizer"]["claims"]["sub"]
    key: Any = {"pk": {"S": f"USER#{user}"}, "sk": {"S": f"CONFIG#{project_id}#"}}
    item = client.get_item(TableName="table", Key=key, ConsistentRead=True)["Item"]
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "ETag": f'"{item["version"]["N"]}"',
    }
    return Response(item["answer"]["B"], headers=headers)
