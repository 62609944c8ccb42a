"""Hostile requests: what is too large, too deep or malformed is refused within seconds, and never breaks anything.

Everything is sent by the two users themselves, within the limits of a deployment with defaults.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from deployment.api import Answer, UnexpectedError, User, require, require_equal, require_none
from support.inputs.bad_requests import BODIES, BODY, HEADERS, NOT_UTF8, PATHS

from dashboard_store.documents.json_text import compact

GZIP: Final = "application/gzip"
MOST_SECONDS: Final = 15
MOST_WRITES: Final = 300
"""The largest write limit that is reached, to keep the run short."""


def fault_of(name: str, answer: Answer, *statuses: int) -> list[str]:
    """Return what is wrong with a refusal: it was not refused, or with another status, or late."""
    is_refused = answer.status in statuses if statuses else 400 <= answer.status < 500
    wanted = " or ".join(map(str, statuses)) or "4xx"
    if not is_refused:
        return [f"{name}: {answer.request}: expected {wanted}, came {answer}"]
    if answer.seconds > MOST_SECONDS:
        return [f"{name}: expected an answer within {MOST_SECONDS} s, came {answer} after {answer.seconds:.0f} s"]
    return []


def padded(size: int, make: Callable[[str], Any]) -> Any:
    """Return a document of exactly that many bytes as compact JSON, by a text within it."""
    return make("x" * (size - len(compact(make("")))))


def config(note: str) -> dict[str, Any]:
    return {"chartCustomizations": {"c": {"note": note}}}


def nested(depth: int) -> dict[str, Any]:
    """Return a config of that depth, its root included."""
    value: Any = 1
    for _ in range(depth - 3):
        value = [value]
    return {"chartCustomizations": {"c": {"value": value}}}


def test_largest_config(owner: User, project: str, limits: dict[str, int]) -> None:
    """Configs at the limits of size, depth and charts are saved; one byte, level or chart more is refused."""
    path, size, depth, most = f"{project}/config", limits["maxConfigBytes"], limits["maxDepth"], limits["maxCharts"]
    charts: dict[str, Any] = {f"c{number}": {} for number in range(most + 1)}
    owner.ask(200, "PUT", path, padded(size, config), if_none_match="*")
    owner.ask(200, "PUT", path, nested(depth), if_match='"1"')
    owner.ask(200, "PUT", path, {"chartCustomizations": dict(list(charts.items())[1:])}, if_match='"2"')
    large = owner.send("PUT", path, padded(size + 1, config), if_match='"3"').expect(413, "config-too-large")
    require_equal([large.json["actualBytes"], large.json["limitBytes"]], [size + 1, size], "what is too large", large)
    owner.send("PUT", path, nested(depth + 1), if_match='"3"').expect(422, "invalid-config")
    owner.send("PUT", path, {"chartCustomizations": charts}, if_match='"3"').expect(422, "invalid-config")
    require_equal(owner.ask(200, "GET", path).json["version"], 3, "the version", large)


def test_largest_table(owner: User, project: str, limits: dict[str, int]) -> None:
    """The widest table and the largest analysis are saved; a column, byte or character of a cell more is refused."""
    path, most, size = f"{project}/data", limits["maxColumns"], limits["maxAnalysisBytes"]
    row = {f"c{number}": number for number in range(most + 1)}
    owner.send("POST", path, {"fileName": "t", "rawData": [row]}).expect(422, "invalid-data")
    long = {"fileName": "t", "rawData": [{"a": "x" * (limits["maxCellCharacters"] + 1)}]}
    owner.send("POST", path, long).expect(422, "invalid-data")
    del row["c0"]
    owner.ask(201, "POST", path, {"fileName": "t", "rawData": [row]})
    analysis = padded(size + 1, lambda note: {"note": note})
    large = owner.send("PUT", f"{path}/analysis", {"analysis": analysis}, if_match='"1"')
    large.expect(413, "analysis-too-large")
    analysis = padded(size, lambda note: {"note": note})
    owner.ask(200, "PUT", f"{path}/analysis", {"analysis": analysis}, if_match='"1"')


def test_largest_request(owner: User, project: str, limits: dict[str, int]) -> None:
    """A body or a file one byte over its limit is answered 413, before it is read."""
    form = {"fileName": "f", "contentType": "text/csv", "bytes": limits["maxUploadBytes"] + 1}
    owner.send("POST", f"{project}/data/uploads", form).expect(413, "upload-too-large")
    answer = owner.send("POST", f"{project}/data", b" " * (limits["maxRequestBytes"] + 1))
    require_none(fault_of("a body", answer, 413), of=1)


def bomb(megabytes: int) -> bytes:
    """Return gzip of that many megabytes of spaces: a thousandth of them."""
    made = zlib.compressobj(wbits=31)
    return b"".join([*(made.compress(b" " * 1_000_000) for _ in range(megabytes)), made.flush()])


def test_bombs(owner: User, project: str) -> None:
    """Bodies that decompress to 300 MB are refused within seconds on every route that reads one."""
    content = bomb(300)
    routes = (("PUT", "/config"), ("PATCH", "/config"), ("POST", "/data"), ("PUT", "/data/analysis"), ("PATCH", ""))
    faults = []
    for method, place in routes:
        precondition = {} if method == "POST" else {"if_match": "*"}
        answer = owner.send(method, f"{project}{place}", content, content_type=GZIP, **precondition)
        faults += fault_of(f"{len(content)} bytes", answer)
    require_none(faults, of=len(routes))


def test_bodies(owner: User, project: str) -> None:
    """Malformed bodies are refused: cut off, 100,000 levels deep, huge numbers, double keys, NUL, lone surrogates."""
    path, faults = f"{project}/config", list[str]()
    for name, body in BODIES.items():
        faults += fault_of(name, owner.send("PUT", path, body, if_none_match="*"))
    for name, body in NOT_UTF8.items():
        faults += fault_of(name, owner.send("PUT", path, gzip.compress(body), if_none_match="*", content_type=GZIP))
    require_none(faults, of=len(BODIES) + len(NOT_UTF8))
    require_unsaved(owner, path)


def test_headers(owner: User, project: str) -> None:
    """Headers that cannot be honoured are refused: malformed or contradictory preconditions, unknown encodings."""
    path, faults = f"{project}/config", list[str]()
    for name, headers in HEADERS.items():
        answer = owner.send(
            "PUT", path, BODY, **{key.replace("-", "_").lower(): value for key, value in headers.items()}
        )
        faults += fault_of(name, answer)
    require_none(faults, of=len(HEADERS))
    require_unsaved(owner, path)


def test_paths(owner: User) -> None:
    """Paths and queries with encoded slashes, dots, control characters and thousands of letters name nothing."""
    faults = [fault for path in PATHS for fault in fault_of(path[:40], owner.send("GET", path))]
    require_none(faults, of=len(PATHS))


def require_unsaved(owner: User, path: str) -> None:
    loaded = owner.ask(200, "GET", path)
    require_equal(loaded.json["version"], 0, "the version", loaded)


def test_long_queries(owner: User, project: str) -> None:
    """Ids, messages and keys of one character more than allowed are refused."""
    path = f"{project}/config"
    attempts = {
        "an id": owner.send("POST", "/api/projects", {"id": "a" * 129, "name": "P"}),
        "a session": owner.send("PUT", f"{path}?sessionId={'a' * 129}", config(""), if_none_match="*"),
        "a message": owner.send("PUT", f"{path}?message={'a' * 201}", config(""), if_none_match="*"),
        "a key": owner.send("PUT", path, config(""), if_none_match="*", idempotency_key="a" * 65),
    }
    require_none([fault for name, answer in attempts.items() for fault in fault_of(name, answer)], of=len(attempts))
    require_unsaved(owner, path)


def refused(user: User, most: int) -> Iterator[Answer]:
    """Write, eight requests at a time, until some are refused for their number; yield those."""
    with ThreadPoolExecutor(8) as pool:
        for _ in range(most // 8):
            answers = pool.map(lambda _: user.send_at_once("DELETE", "/api/projects/verify-absent"), range(8))
            if late := [answer for answer in answers if answer.status == 429]:
                yield from late
                return


def test_rate_limit(owner: User, other: User, limits: dict[str, int]) -> None:
    """A user who writes too much is answered 429 with Retry-After, may still read, and slows no other user's writes."""
    if limits["writesPerMinute"] > MOST_WRITES:
        pytest.skip(f"writesPerMinute is {limits['writesPerMinute']}, and at most {MOST_WRITES} writes are sent for it")
    late = list(refused(other, 3 * limits["writesPerMinute"]))
    other.pace.used_up()
    if not late:
        raise UnexpectedError(f"expected 429 within {3 * limits['writesPerMinute']} writes, came none")
    late[0].expect(429, "rate-limited")
    require(holds=int(late[0].header("retry-after")) >= 1, otherwise="expected seconds in Retry-After", answer=late[0])
    other.send_at_once("GET", "/api/projects?limit=1").expect(200)
    owner.pace.write()
    owner.send_at_once("DELETE", "/api/projects/verify-absent").expect(404)
    other.send("DELETE", "/api/projects/verify-absent").expect(404)
