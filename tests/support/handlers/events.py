"""Example requests and their responses, as the rows of tests/events/*.yaml give them.

A file holds operations (an `operationId` of docs/openapi.yaml in snake_case, or `unrouted`); an operation holds its
examples by name. `bodies`, where a file has it, only gives names to parts that several rows use.

| Member | Gives |
|---|---|
| `request` | method and URL |
| `headers` | the request's own headers, besides those that a browser sends; null removes one |
| `user` | the token's `sub`, `user-1` by default |
| `token` | `without exp` or `without sub`: the claim that the token lacks |
| `scope` | the token's `scope`; by default it has none |
| `claims` | further claims of the token; API Gateway passes a list on as `[a b]` |
| `body` or `text` | a JSON value, or a text that is sent as it stands |
| `gzip` | true for a body that is sent compressed |
| `response` | the status and, from 400 on, the problem code |
| `shows` | members of the response's body, where the name promises more than status and code |

The requests meet the projects that `world.py` describes. `python -m support.handlers.events` writes the main examples
into events/, for `sam local invoke`.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from support.handlers.http_api import HOST, event, find_route
from support.project.template import ROOT

ROWS: Final = ROOT / "tests" / "events"
EVENTS: Final = ROOT / "events"
# Which refusals of an operation are exported, besides its first success: the first of each, or else of the last one.
MAIN_REFUSALS: Final = (409, 412, 422)
OTHER_REFUSAL: Final = 404
BY_HAND: Final = {"announce", "live", "purge_objects", "read_upload"}

_BROWSER: Final = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en-US,en;q=0.9",
    "host": HOST,
    "origin": "https://dashboards.example.com",
    "referer": "https://dashboards.example.com/",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
}
_CLAIMS: Final = {
    "aud": "dashboards-example",
    "exp": "1795352100",
    "iat": "1795348500",
    "iss": "https://securetoken.google.com/dashboards-example",
}
_GZIP: Final = "application/gzip"


@dataclass(frozen=True, eq=False)
class Example:
    operation: str
    slug: str
    row: dict[str, Any]

    @property
    def name(self) -> str:
        """Where its event is exported, without the suffix: `put_config/412-stale-version`."""
        return f"{self.operation}/{self.status}-{self.slug}"

    @property
    def status(self) -> int:
        return int(str(self.row["response"])[:3])

    @property
    def code(self) -> str | None:
        """The problem code of the response; None below 400."""
        return str(self.row["response"])[4:] or None

    @property
    def shows(self) -> dict[str, Any]:
        members: dict[str, Any] = self.row.get("shows", {})
        return members

    @cached_property
    def event(self) -> dict[str, Any]:
        """The event that API Gateway makes of the request."""
        method, _, url = self.row["request"].partition(" ")
        body = self._body()
        headers = _BROWSER | self._content_headers(method, body) | self.row.get("headers", {})
        if find_route(method, url.partition("?")[0]).needs_token:
            headers["authorization"] = self._authorization()
        sent = {name: value for name, value in sorted(headers.items()) if value is not None}
        return event(method, url, headers=sent, body=body, claims=self._claims(), request_id=self._request_id())

    def _body(self) -> bytes | None:
        if "body" not in self.row and "text" not in self.row:
            return None
        body = (self.row["text"] if "text" in self.row else json.dumps(self.row["body"])).encode()
        return gzip.compress(body, mtime=0) if self.row.get("gzip") else body

    def _content_headers(self, method: str, body: bytes | None) -> dict[str, str]:
        if body is None:
            return {}
        media_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return {"content-type": _GZIP if self.row.get("gzip") else media_type, "content-length": str(len(body))}

    def _authorization(self) -> str:
        """A token whose payload can be read if it has claims that a function reads from there."""
        if "claims" not in self.row:
            return "Bearer header.claims.signature"
        payload = json.dumps({**self._claims(), **self.row["claims"]}).encode()
        return f"Bearer header.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.signature"

    def _claims(self) -> dict[str, str]:
        claims = _CLAIMS | {"sub": self.row.get("user", "user-1")}
        claims |= {"scope": self.row["scope"]} if "scope" in self.row else {}
        further = self.row.get("claims", {}).items()
        claims |= {name: value if isinstance(value, str) else f"[{' '.join(value)}]" for name, value in further}
        return {name: value for name, value in claims.items() if self.row.get("token") != f"without {name}"}

    def _request_id(self) -> str:
        """An id in API Gateway's form, which is the same every time."""
        return base64.b64encode(hashlib.sha256(self.name.encode()).digest()[:11]).decode()


class _Loader(yaml.SafeLoader):
    """YAML, with tags for bodies that are too long to write down."""

    def repeat(self, node: yaml.SequenceNode) -> str:
        """`!repeat [text, times]`."""
        text, times = self.construct_sequence(node)
        return str(text) * int(times)

    def digests(self, node: yaml.ScalarNode) -> list[dict[str, str]]:
        """`!digests count`: rows that do not compress."""
        return [
            {"digest": hashlib.sha256(b"%d" % number).hexdigest()} for number in range(self.construct_yaml_int(node))
        ]


_Loader.add_constructor("!repeat", _Loader.repeat)
_Loader.add_constructor("!digests", _Loader.digests)


@cache
def examples() -> tuple[Example, ...]:
    return tuple(
        Example(operation, slug, row)
        for path in sorted(ROWS.glob("*.yaml"))
        for operation, rows in yaml.load(path.read_text(), _Loader).items()  # noqa: S506
        if operation != "bodies"
        for slug, row in rows.items()
    )


def example(name: str) -> Example:
    return next(each for each in examples() if each.name == name)


def exported(known: Iterable[Example]) -> dict[Path, str]:
    """Render what events/ holds: for each operation its first success and its main refusals."""
    chosen: dict[tuple[str, int], Example] = {}
    for example in known:
        chosen.setdefault((example.operation, 200 if example.status < 300 else example.status), example)
    refused = {operation for operation, status in chosen if status in MAIN_REFUSALS}
    main = [
        example
        for (operation, status), example in chosen.items()
        if status in {200, *MAIN_REFUSALS} or (status == OTHER_REFUSAL and operation not in refused)
    ]
    return {EVENTS / f"{each.name}.json": json.dumps(each.event, indent=2) + "\n" for each in main}


def kept() -> set[Path]:
    """The files under events/ that are made of rows; events that are not HTTP requests are written by hand."""
    return {path for path in EVENTS.rglob("*.json") if path.parent.name not in BY_HAND}


def _write() -> None:
    files = exported(examples())
    for path in kept() - set(files):
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    _write()
