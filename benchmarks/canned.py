"""A database that answers a request's recorded calls over HTTP, so that each start has to open a real connection."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from zlib import crc32

from benchmarks.database import Calls
from benchmarks.function import Replay


@contextmanager
def database(calls: Calls) -> Iterator[str]:
    """Serve on loopback while the block runs, each connection from the first call on, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        @override
        def setup(self) -> None:
            super().setup()
            self._replay = Replay(list(calls))

        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["content-length"]))
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            content = json.dumps(self._replay.call(operation, request)).encode()
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
