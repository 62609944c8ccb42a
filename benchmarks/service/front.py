"""What AWS runs in front of a function: the front converts HTTP to events, the Runtime API hands them to runtimes.

`python -m benchmarks.service.front <port> <function>=<Runtime API's port> …`. This CPU time is AWS's, so it is spent in
a separate process that no figure includes. The bearer token is simply the user's name, because verifying tokens is API
Gateway's part. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
import base64
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from support.handlers import http_api

from benchmarks.service.http_protocol import HttpProtocol

_NEXT = "/2018-06-01/runtime/invocation/next"
_INVOCATION = "/2018-06-01/runtime/invocation/"
_DEADLINE_MS = 15_000


class Function:
    """Events that wait for a runtime, runtimes that wait for an event, and clients that wait for an answer."""

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque()
        self._runtimes: deque[RuntimeApi] = deque()
        self._asking: dict[str, Front] = {}

    def invoke(self, event: dict[str, Any], front: "Front") -> None:
        self._asking[event["requestContext"]["requestId"]] = front
        self._events.append(event)
        self._hand_over()

    def wait(self, runtime: "RuntimeApi") -> None:
        self._runtimes.append(runtime)
        self._hand_over()

    def finish(self, request_id: str, outcome: str, body: bytes) -> None:
        front = self._asking.pop(request_id)
        if outcome == "response":
            front.finish(json.loads(body))
        else:
            front.answer(502, {}, body)

    def _hand_over(self) -> None:
        while self._events and self._runtimes:
            event, runtime = self._events.popleft(), self._runtimes.popleft()
            headers = {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": event["requestContext"]["requestId"],
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1_000) + _DEADLINE_MS),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:benchmark",
            }
            runtime.answer(200, headers, json.dumps(event).encode())


class RuntimeApi(HttpProtocol):
    """A runtime's connection."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self._function = function

    def received(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        del headers
        if (method, target) == ("GET", _NEXT):
            self._function.wait(self)
        elif method == "POST" and target.startswith(_INVOCATION):
            request_id, _, outcome = target.removeprefix(_INVOCATION).partition("/")
            self.answer(202, {}, b"")
            self._function.finish(request_id, outcome, body)
        else:
            raise ValueError(f"A runtime sent {method} {target}: {body.decode()}")


class Front(HttpProtocol):
    """A client's connection."""

    def __init__(self, functions: dict[str, Function]) -> None:
        super().__init__()
        self._functions = functions

    def received(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        function = http_api.find_route(method, target.partition("?")[0]).function
        user = headers["authorization"].removeprefix("Bearer ")
        event = http_api.event(method, target, user=user, headers=headers, body=body or None)
        self._functions[function].invoke(event, self)

    def finish(self, answer: dict[str, Any]) -> None:
        body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        self.answer(answer["statusCode"], answer["headers"], body)


async def serve(port: int, runtime_ports: Sequence[tuple[str, int]]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_end)
    functions = {name: Function() for name, _ in runtime_ports}
    for name, runtime_port in runtime_ports:
        await loop.create_server(lambda name=name: RuntimeApi(functions[name]), "127.0.0.1", runtime_port)  # type: ignore[misc]
    server = await loop.create_server(lambda: Front(functions), "127.0.0.1", port)
    await server.serve_forever()


def _end(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Exit at the first error: clients see a closed connection, and the log has the reason."""
    loop.default_exception_handler(context)
    loop.stop()


if __name__ == "__main__":
    _pairs = [argument.split("=") for argument in sys.argv[2:]]
    asyncio.run(serve(int(sys.argv[1]), [(name, int(port)) for name, port in _pairs]))
