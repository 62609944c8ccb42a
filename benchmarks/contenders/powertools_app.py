"""Powertools as its documentation shows it: a resolver with Pydantic validation, Logger, Metrics and Tracer.

https://docs.aws.amazon.com/powertools/python/latest/core/event_handler/api_gateway/
"""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

client = boto3.client("dynamodb")
tracer = Tracer()
logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver(enable_validation=True)


class DashboardConfig(BaseModel):
    chartCustomizations: dict[str, dict[str, Any]]  # noqa: N815 - the contract's names
    currentLayout: dict[str, Any] | str | None = None  # noqa: N815
    filters: list[dict[str, Any]] | None = None
    theme: dict[str, Any] | str | None = None
    extensions: dict[str, Any] | None = None


class Loaded(BaseModel):
    config: DashboardConfig | None
    version: int
    updatedAt: str | None  # noqa: N815


class Saved(BaseModel):
    success: bool
    version: int
    updatedAt: str  # noqa: N815


@app.get("/api/projects/<project_id>/config")
@tracer.capture_method(capture_response=False)
def load(project_id: str) -> Response[Loaded]:
    item = client.get_item(TableName="table", Key=_key(project_id), ConsistentRead=True)["Item"]
    metrics.add_metric(name="ConfigLoaded", unit=MetricUnit.Count, value=1)
    logger.info("loaded", project=project_id, version=item["version"]["N"])
    document = Loaded.model_validate_json(gzip.decompress(item["answer"]["B"]))
    return Response(200, "application/json", document, headers={"ETag": f'"{document.version}"'})


@app.put("/api/projects/<project_id>/config")
@tracer.capture_method(capture_response=False)
def save(project_id: str, config: DashboardConfig) -> Response[Saved]:
    expected = int(app.current_event.headers["if-match"].strip('"'))
    saved = Saved(success=True, version=expected + 1, updatedAt=datetime.now(UTC).isoformat())
    document = {
        "config": config.model_dump(exclude_unset=True),
        "version": saved.version,
        "updatedAt": saved.updatedAt,
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    client.put_item(
        TableName="table",
        Item={
            **_key(project_id),
            "version": {"N": str(saved.version)},
            "answer": {"B": gzip.compress(text.encode(), 6)},
        },
        ConditionExpression="version = :expected",
        ExpressionAttributeValues={":expected": {"N": str(expected)}},
    )
    metrics.add_metric(name="ConfigSaved", unit=MetricUnit.Count, value=1)
    logger.info("saved", project=project_id, version=saved.version)
    return Response(200, "application/json", saved, headers={"ETag": f'"{saved.version}"'})


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's
    return app.resolve(event, context)


def _key(project_id: str) -> Any:  # noqa: ANN401 - as the client takes it
    user = app.current_event.request_context.authorizer.jwt_claim["sub"]
    return {"pk": {"S": f"USER#{user}"}, "sk": {"S": f"CONFIG#{project_id}#"}}
