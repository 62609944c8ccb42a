"""Headers, and whether every answer of this run was as docs/openapi.yaml says.

Answers of API Gateway itself (`{"message": …}`) have none of the service's headers.
"""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import httpx
from deployment.api import Answer, Deployment, User, require, require_equal, require_none
from support.project.example_requests import Operation, all_operations
from support.project.openapi import resolved

from dashboard_store.documents.json_text import compact

LARGE: Final = {"chartCustomizations": {"c": {"note": "a dashboard's note " * 100}}}
# What depends on the request, the document or the body, and is checked where it matters.
MAY_BE_ABSENT: Final = {"last-modified", "content-encoding", "content-disposition", "retry-after", "www-authenticate"}


def require_header(answer: Answer, name: str, value: str) -> None:
    require_equal(answer.header(name), value, name, answer)


def test_load(owner: User, project: str) -> None:
    """A load has its entity tag, `Last-Modified`, `Cache-Control`, `Vary`, `nosniff` and a request id, also as 304."""
    path = f"{project}/config"
    owner.ask(200, "PUT", path, LARGE, if_none_match="*")
    for answer in (owner.ask(200, "GET", path), owner.ask(304, "GET", path, if_none_match='"1"')):
        require_header(answer, "etag", '"1"')
        require_header(answer, "cache-control", "private, no-cache")
        require_header(answer, "x-content-type-options", "nosniff")
        varies = {name.strip().lower() for name in answer.header("vary").split(",")}
        require(holds={"authorization", "accept-encoding"} <= varies, otherwise="expected more in Vary", answer=answer)
        answer.header("last-modified")
        answer.header("x-request-id")


def test_error(owner: User) -> None:
    """An error is `application/problem+json`, is not stored, and names its request."""
    answer = owner.send("GET", "/api/projects/verify-absent/config").expect(404)
    require_header(answer, "content-type", "application/problem+json")
    require_header(answer, "cache-control", "no-store")
    require_header(answer, "x-content-type-options", "nosniff")
    require_equal(answer.json["instance"], answer.header("x-request-id"), "the instance", answer)


def test_gzip(owner: User, project: str) -> None:
    """An answer of 1 KiB or more is gzip-encoded for a client that accepts gzip, and plain for others."""
    path = f"{project}/config"
    owner.ask(200, "PUT", path, LARGE, if_none_match="*")
    require_header(owner.ask(200, "GET", path, accept_encoding="gzip"), "content-encoding", "gzip")
    plain = owner.ask(200, "GET", path, accept_encoding="identity")
    require(holds="content-encoding" not in plain.headers, otherwise="expected no encoding", answer=plain)
    require_equal(plain.json["config"], LARGE, "the config", plain)


def test_compressed_body(owner: User, project: str) -> None:
    """A body may be sent compressed, as `application/gzip`."""
    path = f"{project}/config"
    body = gzip.compress(compact(LARGE).encode())
    owner.ask(200, "PUT", path, body, if_none_match="*", content_type="application/gzip")
    loaded = owner.ask(200, "GET", path)
    require_equal(loaded.json["config"], LARGE, "the config", loaded)


def test_request_ids(deployment: Deployment) -> None:
    """Every answer of the service has a request id of its own."""
    found = [each.headers["x-request-id"] for each in deployment.answers if "x-request-id" in each.headers]
    require_equal(len(set(found)), len(found), "the number of different ids", deployment.answers[-1])


def test_no_server_errors(deployment: Deployment) -> None:
    """No request of this run was answered 5xx."""
    faults = [f"{each.request}: came {each.status}" for each in deployment.answers if each.status >= 500]
    require_none(faults, of=len(deployment.answers))


def test_documented(deployment: Deployment) -> None:
    """Every answer of this run has a status, a media type and headers that docs/openapi.yaml gives for its call."""
    known = [(each, operation) for each in deployment.answers if (operation := operation_of(each))]
    faults = [fault for answer, operation in known for fault in undocumented(answer, operation)]
    require_none(list(dict.fromkeys(faults)), of=len(known))


@cache
def patterns() -> list[tuple[re.Pattern[str], Operation]]:
    return [
        (re.compile(f"{each.method} " + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(each.path))), each)
        for each in all_operations()
    ]


def operation_of(answer: Answer) -> Operation | None:
    """Return the call that the service answered; None if API Gateway answered, or the path is not documented."""
    is_gateways = answer.status >= httpx.codes.BAD_REQUEST and answer.media_type == "application/json"
    found = (each for pattern, each in patterns() if pattern.fullmatch(answer.request))
    return None if is_gateways or answer.status >= 500 else next(found, None)


def undocumented(answer: Answer, operation: Operation) -> Iterator[str]:
    """Yield how an answer differs from what is documented for its call and status."""
    shown = f"{operation.method} {operation.path} {answer.status}"
    promised: dict[str, Any] | None = operation.described["responses"].get(str(answer.status))
    if promised is None:
        yield f"{shown}: this status is not documented"
        return
    response = resolved(promised)
    content = {name.partition(";")[0] for name in response.get("content", {})}
    if content and answer.media_type not in content:
        yield f"{shown}: expected {' or '.join(sorted(content))}, came {answer.media_type or 'no media type'}"
    for name in response.get("headers", {}):
        if name.lower() not in answer.headers and name.lower() not in MAY_BE_ABSENT:
            yield f"{shown}: expected the header {name}"
