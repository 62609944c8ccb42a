"""What MiniStack's WebSocket APIs lack: responses from a template, one pool of a function's instances, and errors.

`install` adds it to the emulator, which runs in this process.
"""

import asyncio
import importlib
import json
from collections.abc import Callable, Coroutine
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped] # it ships no types
from ministack.services import apigateway, lambda_svc  # type: ignore[import-untyped] # it ships no types

from local.template import Json

type Route = Json | None
type Invoke = Callable[..., Coroutine[Any, Any, Json | None]]

# The properties of each type with the property that names its parent; a change of any replaces it, as it has no state.
_RESPONSES = {
    "RouteResponse": (
        "RouteId",
        ("RouteResponseKey", "ModelSelectionExpression", "ResponseModels", "ResponseParameters"),
    ),
    "IntegrationResponse": (
        "IntegrationId",
        (
            *("IntegrationResponseKey", "ContentHandlingStrategy", "TemplateSelectionExpression"),
            *("ResponseParameters", "ResponseTemplates"),
        ),
    ),
}
# More handshakes at a time would each start a process; they wait instead, as a machine has no more cores.
_AT_ONCE = asyncio.Semaphore(4)
# A function's own answer is never this very object.
_FAILED: Json = {"statusCode": 502}
_NO_ROUTE: Json = {"target": ""}


def install() -> None:
    for kind, (parent, others) in _RESPONSES.items():
        _provision(kind, parent, others)
    lambda_runtime.get_or_create_worker = _Instances
    apigateway._match_ws_route = _matching(apigateway._match_ws_route)  # noqa: SLF001 - it has no public name
    apigateway._invoke_ws_lambda = _answering(apigateway._invoke_ws_lambda)  # noqa: SLF001 - the same


def _provision(kind: str, parent: str, others: tuple[str, ...]) -> None:
    """Let CloudFormation create and delete the responses of routes or of integrations."""
    name = kind[0].lower() + kind[1:]
    method = kind.replace("Response", "_response").lower()
    create, delete = getattr(apigateway, f"_create_{method}"), getattr(apigateway, f"_delete_{method}")

    def place(properties: Json) -> tuple[str, str]:
        # A route's physical id begins with its API's.
        return properties["ApiId"], properties[parent].rpartition("/")[2]

    def created(logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
        settings = {each[0].lower() + each[1:]: properties[each] for each in others if each in properties}
        status, _, body = create(*place(properties), settings)
        answer = json.loads(body)
        if status != 201:  # noqa: PLR2004 - HTTP 201 Created
            raise ValueError(f"{logical_id} cannot be created: {answer['message']}")
        return answer[f"{name}Id"], {f"{kind}Id": answer[f"{name}Id"]}

    def deleted(physical_id: str, properties: Json) -> None:
        delete(*place(properties), physical_id)

    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    provisioners._RESOURCE_HANDLERS[f"AWS::ApiGatewayV2::{kind}"] = {"create": created, "delete": deleted}  # noqa: SLF001 - it has no public name
    provisioners._REPLACING_PROPERTIES[f"AWS::ApiGatewayV2::{kind}"] = ("ApiId", parent, *others)  # noqa: SLF001 - the same


class _Instances:
    """The instances of a function that all its invocations share, in place of one that only WebSocket APIs use.

    Its log, too, is the function's, and Lambda's limits apply.
    """

    def __init__(self, name: str, config: Json, code: bytes, qualifier: str) -> None:
        del qualifier
        self._function = {**lambda_svc._functions[name], "config": config, "code_zip": code}  # noqa: SLF001 - it has no public name

    def invoke(self, event: Json, _request_id: str) -> Json:
        result = lambda_svc._execute_function(self._function, event)  # noqa: SLF001 - it has no public name
        failed = result.get("error") or result.get("throttle")
        return {"status": "ok", "result": _FAILED if failed else result["body"]}


def _matching(match: Callable[[str, str], Route]) -> Callable[[str, str], Route]:
    """Return a route that refuses for a message that matches none."""

    def matching(api: str, key: str) -> Route:
        return match(api, key) or (None if key.startswith("$") and key != "$default" else _NO_ROUTE)

    return matching


def _answering(invoke: Invoke) -> Invoke:
    """Answer messages as API Gateway does: by a route's response, if it has one, and with its own errors.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
    """

    async def invoked(*call: Any, **named: Any) -> Json | None:  # noqa: ANN401 - MiniStack's own types
        api, _account, _region, route, _stage, connection, event, request, *_ = call

        def error(message: str) -> Json:
            return {"body": {"message": message, "connectionId": connection, "requestId": request}}

        if route is _NO_ROUTE:
            return error("Forbidden")
        async with _AT_ONCE:
            answer = await invoke(*call, **named)
        if event != "MESSAGE":
            return answer
        if answer is _FAILED:
            return error("Internal server error")
        responses = apigateway._route_responses.get(api, {}).get(route["routeId"])  # noqa: SLF001 - it has no public name
        return answer if responses else None

    return invoked
