"""A fake DynamoDB with fixed answers over HTTP, so that each start has to open a real connection."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from zlib import crc32

type Json = dict[str, Any]

_CONSUMED = {"TableName": "table", "CapacityUnits": 1.0}


def answer(operation: str, request: Json, newest: Json) -> Json:
    """Answer a call of a user with one config and nothing else."""
    match operation:
        case "GetItem":
            return {"Item": newest, "ConsumedCapacity": _CONSUMED}
        case "TransactGetItems":
            sks = [each["Get"]["Key"]["sk"] for each in request["TransactItems"]]
            found: list[Json] = [{"Item": newest} if sk == newest["sk"] else {} for sk in sks]
            return {"Responses": found, "ConsumedCapacity": [_CONSUMED]}
        case "Query":
            return {"Items": [], "Count": 0, "ScannedCount": 0, "ConsumedCapacity": _CONSUMED}
        case "PutItem" | "UpdateItem":
            return {"ConsumedCapacity": _CONSUMED}
        case "TransactWriteItems":
            return {"ConsumedCapacity": [_CONSUMED]}
    raise ValueError(f"Unexpected operation: {operation}")


@contextmanager
def database(newest: Json) -> Iterator[str]:
    """Serve on loopback while the block runs, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            content = json.dumps(answer(operation, request, newest)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.send_header("content-length", str(len(content)))
            # The functions' transport accepts nothing else as DynamoDB's.
            self.send_header("x-amzn-requestid", "DYNAMODBSREQUEST")
            self.send_header("x-amz-crc32", str(crc32(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
