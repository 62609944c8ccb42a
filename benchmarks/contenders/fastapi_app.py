"""FastAPI behind Mangum: asynchronous views that return documents; a Pydantic model checks the body."""

import gzip
import json
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

client = boto3.client("dynamodb")
app = FastAPI()
handler = Mangum(app, lifespan="off")


class DashboardConfig(BaseModel):
    chartCustomizations: dict[str, dict[str, Any]]  # noqa: N815 - the contract's names
    currentLayout: dict[str, Any] | str | None = None  # noqa: N815
    filters: list[dict[str, Any]] | None = None
    theme: dict[str, Any] | str | None = None
    extensions: dict[str, Any] | None = None


@app.get("/api/projects/{project_id}/config")
async def load(project_id: str, request: Request) -> JSONResponse:
    item = client.get_item(TableName="table", Key=_key(project_id, request), ConsistentRead=True)["Item"]
    headers = {"ETag": f'"{item["version"]["N"]}"'}
    # FastAPI sends an explicit response without copying it through its encoder.
    return JSONResponse(json.loads(gzip.decompress(item["answer"]["B"])), headers=headers)


@app.put("/api/projects/{project_id}/config")
async def save(
    project_id: str, config: DashboardConfig, request: Request, if_match: Annotated[str, Header()]
) -> JSONResponse:
    expected = int(if_match.strip('"'))
    saved = {"version": expected + 1, "updatedAt": datetime.now(UTC).isoformat()}
    document = {"config": config.model_dump(exclude_unset=True), **saved}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    client.put_item(
        TableName="table",
        Item={
            **_key(project_id, request),
            "version": {"N": str(expected + 1)},
            "answer": {"B": gzip.compress(text.encode(), 6)},
        },
        ConditionExpression="version = :expected",
        ExpressionAttributeValues={":expected": {"N": str(expected)}},
    )
    return JSONResponse({"success": True, **saved}, headers={"ETag": f'"{expected + 1}"'})


def _key(project_id: str, request: Request) -> Any:  # noqa: ANN401 - as the client takes it
    user = request.scope["aws.event"]["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    return {"pk": {"S": f"USER#{user}"}, "sk": {"S": f"CONFIG#{project_id}#"}}
