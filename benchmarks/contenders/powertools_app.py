"""Powertools as its documentation shows it: a resolver with Pydantic validation, Logger, Metrics and Tracer.

https://docs.aws.amazon.com/powertools/python/latest/core/event_handler/api_gateway/
"""

from typing import Any

import storage
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

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
    document = Loaded.model_validate_json(storage.get(_key(project_id)))
    metrics.add_metric(name="ConfigLoaded", unit=MetricUnit.Count, value=1)
    logger.info("loaded", project=project_id, version=document.version)
    return Response(200, "application/json", document, headers=storage.etag({"version": document.version}))


@app.put("/api/projects/<project_id>/config")
@tracer.capture_method(capture_response=False)
def save(project_id: str, config: DashboardConfig) -> Response[Saved]:
    if_match = app.current_event.headers["if-match"]
    saved = Saved(**storage.put(_key(project_id), if_match, config.model_dump(exclude_unset=True)))
    metrics.add_metric(name="ConfigSaved", unit=MetricUnit.Count, value=1)
    logger.info("saved", project=project_id, version=saved.version)
    return Response(200, "application/json", saved, headers=storage.etag({"version": saved.version}))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's
    return app.resolve(event, context)


def _key(project_id: str) -> Any:  # noqa: ANN401 - as the client takes it
    return storage.key(app.current_event.request_context.authorizer.jwt_claim["sub"], project_id)
