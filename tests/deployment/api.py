"""A deployment's API as its users reach it: over HTTP, within their limits, with a record of every request.

Nothing here names a token or shows what a presigned address contains: descriptions of answers are shown in reports.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

TIMEOUT_SECONDS: Final = 40
"""API Gateway answers after 30 seconds at the latest."""

WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")
_SHOWN: Final = 300
_GATEWAY_IDS: Final = ("x-request-id", "apigw-requestid", "x-amzn-requestid", "x-amz-request-id")


class UnexpectedError(AssertionError):
    """The deployment did something else than it should; the message says what was expected and what came."""


@dataclass(frozen=True)
class Answer:
    """An answer, its body decompressed; `request` is the method and the path that it answers."""

    request: str
    status: int
    headers: httpx.Headers
    content: bytes
    seconds: float

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.content)
        except ValueError:
            raise UnexpectedError(f"{self.request}: expected JSON, came {self}") from None

    @property
    def media_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0]

    @property
    def code(self) -> str:
        """The problem's code; empty if the answer is not a problem."""
        if self.media_type != "application/problem+json":
            return ""
        return str(self.json.get("type", "")).removeprefix("urn:problem:")

    @property
    def tag(self) -> str:
        return self.header("etag")

    def header(self, name: str) -> str:
        if name not in self.headers:
            raise UnexpectedError(f"{self.request}: expected the header {name}, which {self} does not have")
        return self.headers[name]

    def expect(self, status: int, code: str = "") -> Self:
        """Return the answer if it has the status, and the problem's code if one is given."""
        if self.status != status or (code and self.code != code):
            raise UnexpectedError(f"{self.request}: expected {f'{status} {code}'.strip()}, came {self}")
        return self

    def __str__(self) -> str:
        """Describe the answer for a report: status, code and request id, and of an error what it says."""
        request_id = next((self.headers[name] for name in _GATEWAY_IDS if name in self.headers), "none")
        said = self._said() if self.status >= httpx.codes.BAD_REQUEST else ""
        return f"{self.status}{f' {self.code}' if self.code else ''} (request {request_id}){said}"

    def _said(self) -> str:
        """Return what an error says; of the bucket's XML only the code, because the rest holds what was signed."""
        text = self.content.decode(errors="replace")
        if found := re.search(r"<Code>(\w+)</Code>", text):
            return f": {found[1]}"
        if not self.media_type.endswith("json"):
            return f": {len(self.content)} bytes of {self.media_type or 'no media type'}"
        document = self.json
        said = document.get("detail") or document.get("message") if isinstance(document, dict) else None
        return f": {str(said)[:_SHOWN]}"


@dataclass
class Pace:
    """Keeps the writes of one user within their limit, which the service refills evenly over the minute."""

    per_minute: int
    _left: float = field(init=False)
    _counted: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._counted = float(self.per_minute), time.monotonic()

    def write(self) -> None:
        """Wait until one more write is allowed, and count it."""
        self._refill()
        if self._left < 1:
            time.sleep((1 - self._left) * 60 / self.per_minute)
            self._refill()
        self._left -= 1

    def used_up(self) -> None:
        self._left = 0

    def _refill(self) -> None:
        now = time.monotonic()
        back = (now - self._counted) * self.per_minute / 60
        self._left, self._counted = min(self._left + back, self.per_minute), now


@dataclass
class Deployment:
    """A deployment under a root, its URL without `/api`; `answers` are those of the API so far, without bodies."""

    root: str
    http: httpx.Client
    answers: list[Answer] = field(default_factory=list)

    def send(
        self, method: str, path: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request to the API. The path is sent as it is, percent-encoding and dots included."""
        sent = {name.encode(): value.encode("latin-1") for name, value in (headers or {}).items()}
        target = urlsplit(self.root).path + path
        answer = self._ask(
            f"{method} {path.partition('?')[0][:140]}",
            self.http.build_request(
                method, self.root, content=content, headers=list(sent.items()), extensions={"target": target.encode()}
            ),
        )
        self.answers.append(Answer(answer.request, answer.status, answer.headers, b"", answer.seconds))
        return answer

    def bucket(self, method: str, url: str, **sent: Any) -> Answer:
        """Send a request to the bucket, without a token; what follows the path of its URL is never shown."""
        return self._ask(f"{method} at the bucket", self.http.build_request(method, url, **sent))

    def _ask(self, shown: str, request: httpx.Request) -> Answer:
        began = time.monotonic()
        try:
            made = self.http.send(request)
        except httpx.HTTPError as error:
            raise UnexpectedError(f"{shown}: expected an answer, came {type(error).__name__}") from None
        return Answer(shown, made.status_code, made.headers, made.content, time.monotonic() - began)


@dataclass(frozen=True)
class User:
    """A user of the deployment, who keeps to the limits: writes are paced, and `Retry-After` is honoured."""

    deployment: Deployment
    token: str = field(repr=False)
    pace: Pace

    def ask(self, status: int, method: str, path: str, document: Any = None, **headers: str) -> Answer:
        """Send a request that is answered with a status."""
        return self.send(method, path, document, **headers).expect(status)

    def send(self, method: str, path: str, document: Any = None, **headers: str) -> Answer:
        """Send a request: bytes unchanged, other values as JSON; `if_match='"1"'` is the header If-Match."""
        while True:
            if method in WRITES:
                self.pace.write()
            answer = self.send_at_once(method, path, document, **headers)
            if answer.status != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            self.pace.used_up()
            time.sleep(min(float(answer.headers.get("retry-after", "1")), 60))

    def send_at_once(self, method: str, path: str, document: Any = None, **headers: str) -> Answer:
        """Send a request whatever the limits are."""
        sent = {"authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = document if document is None or isinstance(document, bytes) else json.dumps(document).encode()
        if body is not None:
            sent.setdefault("content-type", "application/json")
        return self.deployment.send(method, path, body, sent)


def require(*, holds: bool, otherwise: str, answer: Answer) -> None:
    """Raise unless something holds of an answer."""
    if not holds:
        raise UnexpectedError(f"{answer.request}: {otherwise}; the answer was {answer}")


def require_equal(found: Any, wanted: Any, what: str, answer: Answer) -> None:
    """Raise unless two JSON values are equal, including the order of members and the kinds of numbers."""
    if json.dumps(found) != json.dumps(wanted):
        place, there, here = _difference(found, wanted)
        shown = f"expected {_short(here)}, came {_short(there)}"
        raise UnexpectedError(f"{answer.request}: {what}{f' at {place}' if place else ''}: {shown} in {answer}")


def _difference(found: Any, wanted: Any, place: str = "") -> tuple[str, Any, Any]:
    """Return the pointer to the first place where two values differ, and what is there in each."""
    if isinstance(found, dict) and isinstance(wanted, dict) and list(found) == list(wanted):
        pairs = [(name, found[name], wanted[name]) for name in wanted]
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        pairs = [(str(at), *both) for at, both in enumerate(zip(found, wanted, strict=True))]
    else:
        return place, found, wanted
    name, there, here = next(each for each in pairs if json.dumps(each[1]) != json.dumps(each[2]))
    return _difference(there, here, f"{place}/{name}")


def require_none(faults: list[str], of: int) -> None:
    """Raise if there are faults: name the first five of them."""
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise UnexpectedError(f"{len(faults)} of {of}: {'; '.join(faults[:5])}{more}")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
