"""Send requests to all handlers in one process, as on Lambda; test_soak runs this as a separate program.

`python -m prove.soak <requests> <file>` writes a JSON file with a `Sample` after each tenth of the requests, and the
routes that were called. Table, bucket and flags come from the environment, as in the functions.
"""

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from support.handlers.http_api import Client, Reply, find_route

from local.dashboards import dashboard

SAMPLES: Final = 10
# Large bodies are sent only now and then, because they would dominate the soak.
LARGE_EVERY: Final = 100

PROJECT: Final = "/api/projects/p"
CONFIG: Final = f"{PROJECT}/config"
DATA: Final = f"{PROJECT}/data"
ROWS: Final = [{"month": f"2026-{number % 12 + 1:02}", "revenue": number / 8} for number in range(200)]
MANY_ROWS: Final = [
    {"n": number, "text": f"row {number} of a table that is stored in the bucket"} for number in range(20_000)
]


@dataclass(frozen=True)
class Sample:
    """The process's memory in bytes and its blocks, objects, handles and threads after a number of requests."""

    requests: int
    rss: int
    blocks: int
    objects: int
    handles: int
    threads: int

    @classmethod
    def take(cls, requests: int) -> "Sample":
        gc.collect()
        shown = subprocess.run(  # noqa: S603 - a fixed command
            ["ps", "-o", "rss=", "-p", str(os.getpid())],  # noqa: S607 - ps from the PATH
            capture_output=True,
            text=True,
            check=True,
        )
        handles = len(list(Path("/dev/fd").iterdir()))
        threads = threading.active_count()
        return cls(
            requests, int(shown.stdout) * 1024, sys.getallocatedblocks(), len(gc.get_objects()), handles, threads
        )


class Visit:
    """A user that sends every kind of valid and invalid request and expects a certain status for each."""

    def __init__(self, user: str, routes: set[str]) -> None:
        self._client = Client(user)
        self._routes = routes
        self.requests = 0

    def ask(self, status: int, method: str, url: str, document: Any = None, **headers: str) -> Reply:
        reply = self._send(method, url, document, **headers)
        assert reply.status == status, f"{method} {url}: {reply.status} instead of {status}: {reply.body[:300]!r}"
        return reply

    def _send(self, method: str, url: str, document: Any = None, **headers: str) -> Reply:
        route = find_route(method, url.partition("?")[0])
        self._routes.add(route.key)
        self.requests += 1
        return self._client.request(method, url, document, **headers)

    def run(self, *, large: bool) -> None:
        self._service()
        self._projects()
        self._config(dashboard("large" if large else "medium"))
        self._history()
        self._table(MANY_ROWS if large else ROWS)
        if large:
            self._file()
        self._deleted_project()
        self._too_many_writes()

    def _service(self) -> None:
        for path in ("health", "limits", "flags"):
            self.ask(200, "GET", f"/api/{path}")
        self.ask(404, "GET", "/api/none")

    def _projects(self) -> None:
        self.ask(201, "POST", "/api/projects", {"id": "p", "name": "P"})
        self.ask(200, "POST", "/api/projects", {"id": "p", "name": "P"})
        self.ask(409, "POST", "/api/projects", {"id": "p", "name": "Q"})
        self.ask(201, "POST", "/api/projects", {"name": "Another"})
        self.ask(422, "POST", "/api/projects", {"name": ""})
        self.ask(200, "GET", "/api/projects")
        self.ask(200, "GET", "/api/projects?include=dashboardConfig")
        self.ask(422, "GET", "/api/projects?limit=0")
        tag = self.ask(200, "GET", PROJECT).headers["etag"]
        self.ask(428, "PATCH", PROJECT, {"name": "Q"}, content_type="application/merge-patch+json")
        self.ask(200, "PATCH", PROJECT, {"name": "Q"}, content_type="application/merge-patch+json", if_match=tag)

    def _config(self, config: dict[str, Any]) -> None:
        charts = config["chartCustomizations"]
        self.ask(200, "GET", CONFIG)
        self.ask(428, "PUT", CONFIG, config)
        self.ask(200, "PUT", CONFIG, config, if_none_match="*")
        self.ask(200, "PUT", CONFIG, config, if_match='"1"')
        self.ask(200, "GET", CONFIG, accept_encoding="gzip")
        self.ask(200, "GET", CONFIG)
        self.ask(304, "GET", CONFIG, if_none_match='"1"')
        self.ask(200, "PATCH", CONFIG, {"theme": {"id": "soaked"}}, content_type="application/merge-patch+json")
        mine = {**config, "chartCustomizations": {**charts, "mine": {"title": "Mine"}}}
        self.ask(412, "PUT", CONFIG, mine, if_match='"1"')
        self.ask(200, "PUT", f"{CONFIG}?onConflict=merge", mine, if_match='"1"')
        self.ask(200, "PUT", f"{DATA}/customizations", {"chartCustomizations": charts}, if_match='"3"')
        self.ask(200, "PUT", f"{CONFIG}?sessionId=draft", config, if_none_match="*")
        self.ask(404, "GET", "/api/projects/of-another-user/config")
        self._wrong_configs(config)

    def _wrong_configs(self, config: dict[str, Any]) -> None:
        self.ask(405, "POST", CONFIG, config)
        self.ask(400, "PUT", CONFIG, b'{"chartCustomizations": {', if_match='"4"')
        self.ask(400, "PUT", CONFIG, config, if_match="4")
        self.ask(413, "PUT", CONFIG, {"chartCustomizations": {"c": {"note": "x" * 262_144}}}, if_match='"4"')
        self.ask(415, "PUT", CONFIG, b"a: b", if_match='"4"', content_type="application/yaml")
        self.ask(422, "PUT", CONFIG, {"charts": {}}, if_match='"4"')
        unsafe = {"chartCustomizations": {"c": {"title": "<img src=x onerror=alert(1)>"}}}
        self.ask(422, "PUT", CONFIG, unsafe, if_match='"4"')

    def _history(self) -> None:
        self.ask(200, "GET", f"{CONFIG}/versions?limit=2")
        self.ask(200, "GET", f"{CONFIG}/versions/1")
        self.ask(404, "GET", f"{CONFIG}/versions/99")
        self.ask(200, "GET", f"{CONFIG}/versions/1/diff/4")
        self.ask(204, "DELETE", CONFIG, if_match='"4"')
        self.ask(200, "POST", f"{CONFIG}/versions/2/restore", if_match='"5"')

    def _table(self, rows: list[dict[str, Any]]) -> None:
        self.ask(200, "GET", DATA)
        self.ask(201, "POST", DATA, {"fileName": "t.json", "rawData": rows, "analysis": {"mean": 1}})
        self.ask(200, "POST", DATA, {"fileName": "t.json", "rawData": rows, "analysis": {"mean": 1}})
        self.ask(422, "POST", DATA, {"fileName": "t.json", "rawData": []})
        tag = self.ask(200, "GET", DATA, accept_encoding="gzip").headers["etag"]
        self.ask(304, "GET", DATA, if_none_match=tag)
        self.ask(200, "GET", f"{DATA}?format=csv")
        self.ask(428, "PUT", f"{DATA}/analysis", {"analysis": {"mean": 2}})
        self.ask(200, "PUT", f"{DATA}/analysis", {"analysis": {"mean": 2}}, if_match=tag)
        self.ask(200, "GET", f"{DATA}/versions")
        self.ask(200, "GET", f"{DATA}/versions/1")

    def _file(self) -> None:
        """Upload files to the bucket and complete the uploads; a malformed table is refused."""
        for content, status in ((b"a,b\n" + b"1,2\n" * 50_000, 201), (b"a,b\n1\n", 422)):
            form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": len(content)}
            announced = self.ask(201, "POST", f"{DATA}/uploads", form).json
            _bucket().put_object(Bucket=os.environ["BUCKET_NAME"], Key=announced["fields"]["key"], Body=content)
            self.ask(status, "POST", f"{DATA}/uploads/{announced['uploadId']}/complete", {})
        self.ask(413, "POST", DATA, b" " * 6_000_001)

    def _deleted_project(self) -> None:
        self.ask(204, "DELETE", PROJECT)
        self.ask(404, "GET", CONFIG)
        self.ask(200, "POST", f"{PROJECT}/restore")

    def _too_many_writes(self) -> None:
        """Write until the rate limit refuses it: up to twice the limit, because writes come back meanwhile."""
        most = 2 * int(os.environ["WRITES_PER_MINUTE"])
        replies = (self._send("DELETE", f"{PROJECT}-none") for _ in range(most))
        assert 429 in (reply.status for reply in replies)


def samples(requests: int, routes: set[str]) -> Iterator[Sample]:
    """Send at least that many requests, and take a sample after each tenth of them."""
    sent, visits = 0, 0
    for number in range(1, SAMPLES + 1):
        while sent < requests * number // SAMPLES:
            visit = Visit(f"soak-{visits}", routes)
            visit.run(large=visits % LARGE_EVERY == 0)
            sent, visits = sent + visit.requests, visits + 1
        yield Sample.take(sent)


@cache
def _bucket() -> Any:
    return boto3.client("s3")


def main(requests: str, file: str) -> None:
    routes: set[str] = set()
    taken = [asdict(sample) for sample in samples(int(requests), routes)]
    Path(file).write_text(json.dumps({"samples": taken, "routes": sorted(routes)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
