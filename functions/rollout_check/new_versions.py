"""Calls new versions of the functions as API Gateway and other functions would, for a user whose token is verified."""

import base64
import gzip
import json
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from dashboard_store.documents.json_text import JsonObject

SPARE_SECONDS: Final = 90.0
"""How much of the check's time is left for the answer to a last request, for deleting the project and the report."""

# Lambda has not called the version: new permissions take effect after seconds, and instances may be in use.
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
NOT_CALLED: Final = frozenset(
    {"AccessDeniedException", "ResourceConflictException", "SnapStartNotReadyException", "TooManyRequestsException"}
)
NO_UPLOAD: Final = "0" * 32
"""The id of no upload: ids are random."""

NO_TICKET: Final = "0" * 43
"""A ticket that was never issued: they are random, too."""

CALL_ATTEMPTS: Final = 30
CALL_AGAIN_AFTER: Final = 2.0
# Not sooner: an attempt counts as a write, and checks that wait for each other would use up the user's.
QUOTA_AGAIN_AFTER: Final = 25.0

_MOST_SECONDS: Final = 900


class LambdaClient(Protocol):
    def invoke(self, *, FunctionName: str, Payload: bytes) -> Mapping[str, Any]: ...  # noqa: N803 - boto3's names


class UnexpectedError(Exception):
    """An answer is not what the check expects. The message holds no content of any document."""


class Sent(NamedTuple):
    """A request; `route` is as the template names it, `token` is that of a public link."""

    route: str
    project: str = ""
    body: JsonObject | None = None
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    has_token: bool = True
    token: str = ""


class Answer(NamedTuple):
    """A version's response to a request; `body` is its JSON, or None."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem's code; empty if it is not a problem."""
        kind = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(kind).removeprefix("urn:problem:")

    @property
    def wait(self) -> float | None:
        """The seconds after which the request can succeed, if only a limit of the user refused it."""
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return float(self.headers["retry-after"])
        # With room for one project, that of another check has to go first.
        return QUOTA_AGAIN_AFTER if self.code == "quota-exceeded" else None

    def require(self, *statuses: int) -> Any:  # noqa: ANN401 - any JSON value
        """Return the body of a response with one of the statuses. Raises UnexpectedError for any other."""
        if self.status not in statuses:
            raise UnexpectedError(f"status {self.status} {self.code}".strip())
        return self.body


class Timer(NamedTuple):
    """The seconds until the check is stopped, how to wait for some, and those since 1970."""

    remaining: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time


class NewVersions:
    """The new versions, called for one user.

    `environment` has the ARN of each by its function's name, and the claim that names a user.
    """

    def __init__(self, client: LambdaClient, environment: Mapping[str, str], user: str, timer: Timer) -> None:
        self._client = client
        self._environment = environment
        self._user = user
        self._timer = timer

    def request(self, function: str, sent: Sent, spare: float = SPARE_SECONDS) -> Answer:
        """Send a request to a version, and again after the wait that a limit asks for, until `spare` seconds are left.

        Raises UnexpectedError if there is no answer.
        """
        while True:
            answer = _answer(self._call(function, self._event(sent), spare))
            if answer.wait is None or self._timer.remaining() < answer.wait + spare:
                return answer
            self._timer.sleep(answer.wait)

    def read_upload(self, project: str) -> None:
        """Have an upload read that does not exist. Raises UnexpectedError if the version fails."""
        event = {"owner": self._user, "projectId": project, "uploadId": NO_UPLOAD}
        _payload(self._call("READ_UPLOAD", event, SPARE_SECONDS))

    def connect(self) -> str:
        """Open a connection, as soon as the user may have one more, and return its id. Raises UnexpectedError."""
        while True:
            issued = self.request("LIVE", Sent("POST /api/live")).require(HTTPStatus.CREATED)
            (ticket,) = parse_qs(urlsplit(issued["url"]).query)["ticket"]
            connection = _new_id()
            answer = self.handshake(connection, ticket)
            if answer.wait is None or self._timer.remaining() < answer.wait + SPARE_SECONDS:
                answer.require(HTTPStatus.OK)
                return connection
            self._timer.sleep(answer.wait)

    def handshake(self, connection: str, ticket: str) -> Answer:
        """Try to open a connection with a ticket. Raises UnexpectedError if there is no answer."""
        return self._answer_of(connection, "$connect", {"queryStringParameters": {"ticket": ticket}})

    def follow(self, connection: str, project: str) -> Answer:
        """Let a connection follow a project. Raises like `handshake`."""
        message = {"action": "follow", "projects": [project]}
        return self._answer_of(connection, "follow", {"body": json.dumps(message)})

    def disconnect(self, connection: str) -> Answer:
        """Close a connection. Raises like `handshake`."""
        return self._answer_of(connection, "$disconnect", {}, SPARE_SECONDS / 2)

    def _answer_of(self, connection: str, route: str, more: JsonObject, spare: float = SPARE_SECONDS) -> Answer:
        """Send an event of a connection, as API Gateway's WebSocket API would."""
        context = {"requestId": _new_id(), "routeKey": route, "stage": "live", "connectionId": connection}
        event = {"requestContext": context, "isBase64Encoded": False, **more}
        payload = _payload(self._call("LIVE", event, spare))
        return Answer(payload["statusCode"], {}, json.loads(payload["body"]) if payload["body"] else None)

    def _event(self, sent: Sent) -> JsonObject:
        event = _event(sent)
        if sent.has_token:
            claim, expiry = self._environment.get("USER_CLAIM", "sub"), int(self._timer.now()) + _MOST_SECONDS
            claims = {claim: self._user, "exp": str(expiry)}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        return event

    def _call(self, function: str, event: JsonObject, spare: float) -> Mapping[str, Any]:
        for attempt in range(1, CALL_ATTEMPTS + 1):
            if self._timer.remaining() < spare:
                raise UnexpectedError("no time left")
            try:
                return self._client.invoke(FunctionName=self._environment[function], Payload=json.dumps(event).encode())
            except ClientError as exc:
                code = exc.response["Error"]["Code"]
                if code not in NOT_CALLED or attempt == CALL_ATTEMPTS:
                    raise UnexpectedError(f"Lambda: {code}") from exc
                self._timer.sleep(CALL_AGAIN_AFTER)
            except BotoCoreError as exc:
                raise UnexpectedError(f"Lambda: {type(exc).__name__}") from exc
        raise AssertionError("the last attempt returns or raises")


def _event(sent: Sent) -> JsonObject:
    """Return the event (payload 2.0) that API Gateway makes of a request to a route without an authorizer."""
    method, _, path = sent.route.partition(" ")
    path = path.replace("{projectId}", sent.project).replace("{token}", sent.token)
    return {
        "version": "2.0",
        "routeKey": sent.route,
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in sent.query.items()),
        "headers": {"accept-encoding": "gzip", "content-type": "application/json", **sent.headers},
        "queryStringParameters": dict(sent.query),
        "pathParameters": {name: value for name, value in _named(sent) if value},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "", "userAgent": ""},
            "requestId": _new_id(),
            "routeKey": sent.route,
            "stage": "$default",
        },
        "body": None if sent.body is None else json.dumps(sent.body),
        "isBase64Encoded": False,
    }


def _new_id() -> str:
    """Return an id of a request or a connection that API Gateway gives none: its own have other characters."""
    return f"rollout-check-{secrets.token_hex(8)}"


def _named(sent: Sent) -> tuple[tuple[str, str], ...]:
    return ("projectId", sent.project), ("token", sent.token)


def _payload(called: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a version returned. Raises UnexpectedError if it did not start or failed."""
    payload = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        # Its message may quote content; its type does not.
        raise UnexpectedError(f"Lambda: {payload.get('errorType', called['FunctionError'])}")
    return payload


def _answer(called: Mapping[str, Any]) -> Answer:
    """Read a version's response. Raises UnexpectedError if it sent none."""
    payload = _payload(called)
    headers = {name.lower(): value for name, value in payload["headers"].items()}
    content = _content(payload, is_gzip=headers.get("content-encoding") == "gzip")
    return Answer(payload["statusCode"], headers, json.loads(content) if content else None)


def _content(payload: JsonObject, *, is_gzip: bool) -> bytes:
    body: str = payload.get("body") or ""
    sent = base64.b64decode(body) if payload["isBase64Encoded"] else body.encode()
    return gzip.decompress(sent) if is_gzip else sent
