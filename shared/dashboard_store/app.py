"""The resolver that every handler is made of: routes outside, errors, headers and telemetry inside."""

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.errors import MethodNotAllowed, NoRoute, NotFound, StoreError
from dashboard_store.gateway import request, telemetry
from dashboard_store.gateway.problems import problem, problem_code
from dashboard_store.gateway.response import ApiResponse, empty_response, json_response
from dashboard_store.gateway.routes import methods_at
from dashboard_store.repository.configs import Configs
from dashboard_store.repository.items import Items
from dashboard_store.repository.rate_limit import RateLimit
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.feature_flags import StoreProvider
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dashboard_store.dynamodb.protocol import Transport
    from dashboard_store.gateway.flags import Flags
    from dashboard_store.repository.bucket import Bucket


def utc_now() -> datetime:
    return datetime.now(UTC)


def _bucket(settings: Settings) -> "Bucket":
    # Imported by those alone who have a bucket: boto3, which serves it, takes longer to import than all else.
    from dashboard_store.repository.bucket import Bucket  # noqa: PLC0415

    return Bucket.in_bucket(settings.bucket_name)


def _identified(api: "Api", next_middleware: NextMiddleware) -> ApiResponse:
    """Let nobody further whose token the authorizer took and this service does not, whatever else is wrong."""
    if "authorizer" in api.current_event.request_context:
        request.user(api.current_event)
    return next_middleware(api)


class Api(APIGatewayHttpResolver):
    """A set of routes over one table, and with `uses_bucket` over one bucket.

    Nothing is opened before `connect`: a handler's module imports with an empty environment. On Lambda it connects
    while the function starts, where CPU time costs the caller nothing.
    """

    settings: Settings
    table: Items
    configs: Configs
    objects: "Bucket"
    now: Callable[[], datetime]
    outcome: str | None = None
    """What the present request came to, for the log and the metrics."""

    def __init__(self, *, uses_bucket: bool = False) -> None:
        super().__init__()
        self.exception_handler(Exception)(self._failed)
        self.not_found(self._not_found)
        self.use([_identified])
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            settings = Settings.from_environment(os.environ)
            # Two calls in a row wait at most 2 * (1 + 2) seconds each, which leaves time of the function's 15.
            self.connect(
                settings, DynamoDBClient.from_environment(os.environ), _bucket(settings) if uses_bucket else None
            )

    def connect(
        self,
        settings: Settings,
        client: "Transport",
        objects: "Bucket | None" = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.table = Items(client, settings.table_name)
        self.configs = Configs(self.table, settings, now)
        if objects:
            self.objects = objects
        self.now = now

    def _to_proxy_event(self, event: dict[str, Any]) -> request.HttpEvent:
        return request.HttpEvent(event)

    def handler(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        """Answer one request, and report it."""
        began = time.perf_counter()
        self.outcome, self.table.units = None, 0
        answer = self.resolve(event, context)
        answer["headers"] = {
            "Cache-Control": "private, no-cache",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": event["requestContext"]["requestId"],
            **answer["headers"],
        }
        milliseconds = (time.perf_counter() - began) * 1_000
        telemetry.report(telemetry.Exchange(event, answer, self.outcome, self.table.units, milliseconds))
        return answer

    @property
    def user(self) -> str:
        return request.user(self.current_event)

    @cached_property
    def flags(self) -> "Flags":
        # Imported when a flag is first asked for: loading a dashboard starts sooner without what reads them.
        from dashboard_store.gateway.flags import DATABASE_LOAD, Flags, appconfig, client  # noqa: PLC0415

        def open_store() -> "StoreProvider":
            return appconfig(self.settings.flags_path, client())

        return Flags(open_store, {DATABASE_LOAD: self.settings.database_load_default})

    def count_write(self) -> None:
        """Go on only where the user may still write within this minute. Raises RateLimited.

        For whatever asks the database to change something, once nothing is left to be refused without asking it; a save
        of a config counts itself.
        """
        RateLimit(self.table, self.settings, self.now).count(self.user)

    def json(self, document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> ApiResponse:  # noqa: ANN401
        return json_response(document, self.accept_encoding, status=status, headers=headers)

    @property
    def accept_encoding(self) -> str | None:
        return self.current_event.headers.get("accept-encoding")

    def _failed(self, error: Exception) -> ApiResponse:
        if not isinstance(error, StoreError):
            telemetry.logger.error("defect", exc_info=error, request_id=self.current_event.request_context.request_id)
        self.outcome = problem_code(error)
        return problem(error, self.current_event.request_context.request_id, self.accept_encoding)

    def _not_found(self, _: NotFoundError) -> ApiResponse:
        method, allowed = self.current_event.http_method, methods_at(self.current_event.path)
        if method == "OPTIONS":
            # API Gateway answers a browser's preflight itself and puts its CORS headers on whatever comes from here.
            return empty_response(HTTPStatus.NO_CONTENT, {"Allow": ", ".join(allowed)} if allowed else None)
        if not allowed:
            return self._failed(NoRoute("There is no such address."))
        if method not in allowed:
            return self._failed(MethodNotAllowed(allowed))
        # The address has a character that no id has.
        return self._failed(NotFound("There is no such project."))
