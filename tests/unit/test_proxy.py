"""The proxy of a run's devices: which request arrives, what its answer becomes, and what is recorded."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from devices.log import Log, Place, Save
from devices.proxy import Proxy
from support.running.servers import Server, answers, serving

CONFIG = "/api/projects/sales/config"
ANSWER = {"version": 8}


class Chance(random.Random):
    """Chooses one fault, and lets the request reach the server or not."""

    def __init__(self, fault: str, *, arrives: bool) -> None:
        super().__init__(0)
        self._fault = fault
        self._arrives = arrives

    def choices(self, *_: Any, **__: Any) -> list[Any]:
        return [self._fault]

    def choice(self, _: Any) -> Any:
        return self._arrives

    def uniform(self, *_: float) -> float:
        return 0.0


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Proxy, Server, Log]]]:
    """Start a proxy before a server; its fault is the same for every request."""
    with ExitStack() as running:

        def start(fault: str, *, arrives: bool = True) -> tuple[Proxy, Server, Log]:
            server, log = running.enter_context(serving(answers(ANSWER, 200, {"ETag": '"8"'}))), Log()
            made = Proxy("device1", server.url, {"index.js": b"client"}, Chance(fault, arrives=arrives), log)
            proxy = running.enter_context(made.running())
            proxy.is_faulty = True
            return proxy, server, log

        yield start


def save(proxy: Proxy) -> httpx.Response:
    payload = base64.urlsafe_b64encode(b'{"sub": "ann"}').decode().rstrip("=")
    headers = {
        "Authorization": f"Bearer head.{payload}.signature",
        "If-Match": '"7"',
        "Idempotency-Key": "key",
        "Content-Type": "application/json-patch+json",
    }
    return httpx.patch(f"{proxy.url}{CONFIG}?onConflict=merge", content=b"[]", headers=headers)


def test_a_save_is_passed_on_and_recorded(start: Callable[..., tuple[Proxy, Server, Log]]) -> None:
    """Without a fault, the server's answer arrives unchanged, and the save is recorded with it."""
    proxy, server, log = start("none")
    answer = save(proxy)
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, ANSWER, '"8"')
    assert server.requests[0].line == f"PATCH {CONFIG}?onConflict=merge HTTP/1.1"
    media_type = "application/json-patch+json"
    place = Place("device1", "ann", "sales")
    assert log.saves == [Save(place, "PATCH", 7, "key", media_type, None, [], 200, 8)]
    assert not proxy.faults


@pytest.mark.parametrize("fault", ["request lost", "answer lost", "answer cut"])
def test_lost_answers(fault: str, start: Callable[..., tuple[Proxy, Server, Log]]) -> None:
    """A client receives no complete answer; what reached the server is recorded all the same."""
    proxy, server, log = start(fault)
    with pytest.raises(httpx.RemoteProtocolError):
        save(proxy)
    arrived = 0 if fault == "request lost" else 1
    assert (len(server.requests), len(log.saves), proxy.faults[fault]) == (arrived, arrived, 1)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize(("fault", "status"), [("sign-in page", 200), ("502", 502), ("429", 429), ("503", 503)])
def test_replaced_answers(
    fault: str, status: int, *, arrives: bool, start: Callable[..., tuple[Proxy, Server, Log]]
) -> None:
    """Another answer takes the place of the server's, whether the server has received the request or not."""
    proxy, server, _ = start(fault, arrives=arrives)
    answer = save(proxy)
    assert (answer.status_code, len(server.requests)) == (status, int(arrives))
    assert answer.text != json.dumps(ANSWER)


def test_faults_end(start: Callable[..., tuple[Proxy, Server, Log]]) -> None:
    """Once the proxy is no longer faulty, every request is answered."""
    proxy, _, _ = start("answer lost")
    proxy.is_faulty = False
    assert save(proxy).json() == ANSWER


def test_the_page_is_served(start: Callable[..., tuple[Proxy, Server, Log]]) -> None:
    """The page and the client come from the proxy itself, so that no fault hits them."""
    proxy, server, _ = start("request lost")
    assert httpx.get(f"{proxy.url}/?tab=left").text.startswith("<!doctype html>")
    assert httpx.get(f"{proxy.url}/page.js").headers["Content-Type"] == "text/javascript"
    assert httpx.get(f"{proxy.url}/client/dist/index.js").text == "client"
    assert httpx.get(f"{proxy.url}/other").status_code == 404
    assert server.requests == []


def test_states_are_recorded(start: Callable[..., tuple[Proxy, Server, Log]]) -> None:
    """The states that a page sends are recorded under its device."""
    proxy, _, log = start("none")
    entry = {
        "seq": 3,
        "version": 7,
        "status": "clean",
        "origin": "network",
        "isKept": True,
        "text": "{}",
    }
    body = {"page": "page", "tab": "left", "project": "sales", "user": "ann", "entries": [entry]}
    assert httpx.post(f"{proxy.url}/log", json=body).status_code == 204
    (state,) = log.states
    assert (state.place, state.seq, state.version, state.text) == (Place("device1", "ann", "sales"), 3, 7, "{}")
