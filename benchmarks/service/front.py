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
from collections.abc import Mapping
from typing import Any

from support.handlers import http_api

from benchmarks.service.messages import Message, answering, text

type Json = dict[str, Any]


class Function:
    """Events that wait for a runtime, and clients that wait for an answer."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Json] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Json]] = {}

    async def invoke(self, event: Json) -> Json:
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[event["requestContext"]["requestId"]] = answer
        await self._events.put(event)
        return await answer

    async def runtime(self, request: Message) -> bytes:
        """Answer a runtime, which asks for the next event or brings the answer to one."""
        if request.start.startswith("GET"):
            event = await self._events.get()
            headers = {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": event["requestContext"]["requestId"],
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1_000) + 15_000),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:a-function",
            }
            return text("HTTP/1.1 200 OK", headers, json.dumps(event).encode())
        *_, request_id, outcome = request.start.split()[1].split("/")
        failed = {"statusCode": 502, "headers": {}, "body": request.body.decode(), "isBase64Encoded": False}
        self._answers.pop(request_id).set_result(json.loads(request.body) if outcome == "response" else failed)
        return text("HTTP/1.1 202 Accepted", {})


async def serve(port: int, runtime_ports: Mapping[str, int]) -> None:
    functions = {name: Function() for name in runtime_ports}

    async def client(request: Message) -> bytes:
        method, target, _ = request.start.split()
        user = request.headers["authorization"].removeprefix("Bearer ")
        event = http_api.event(method, target, user=user, headers=request.headers, body=request.body or None)
        answer = await functions[http_api.find_route(method, target).function].invoke(event)
        body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        return text(f"HTTP/1.1 {answer['statusCode']} -", answer["headers"], body)

    for name, runtime_port in runtime_ports.items():
        await asyncio.start_server(answering(functions[name].runtime), "127.0.0.1", runtime_port)
    server = await asyncio.start_server(answering(client), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    _pairs = (argument.split("=") for argument in sys.argv[2:])
    asyncio.run(serve(int(sys.argv[1]), {name: int(port) for name, port in _pairs}))
