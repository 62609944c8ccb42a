"""A request that computes for too long is answered before Lambda ends its function."""

import json
import signal
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from support.handlers.http_api import event

from dashboard_store.gateway import telemetry
from dashboard_store.gateway.request import Request
from dashboard_store.gateway.resolver import Resolver
from dashboard_store.gateway.response import ApiResponse, json_response
from dashboard_store.gateway.watchdog import ANSWER_SECONDS
from dashboard_store.settings import Settings

# A twentieth of a second, and what is kept for the response.
HURRIED: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: (ANSWER_SECONDS + 0.05) * 1_000)
LATE: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 10)
USUAL: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 15_000)


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[telemetry.Exchange]:
    """Collect what is reported."""
    reported: list[telemetry.Exchange] = []
    monkeypatch.setattr(telemetry, "report", reported.append)
    return reported


def resolver(handler: Callable[[], Any]) -> Resolver:
    """Return a resolver whose only route runs the handler and answers with what it returns."""
    made = Resolver()
    made.connect(Settings(table_name="unused"))

    @made.get("/api/limits")
    def answer(_: Request) -> ApiResponse:
        return json_response(handler())

    return made


def answered(made: Resolver, context: Any) -> tuple[int, Any]:
    answer = made.handler(event("GET", "/api/limits", user="user-1"), context)
    return answer["statusCode"], json.loads(answer["body"])


def too_long() -> None:
    """Compute for longer than any test allows."""
    began = time.monotonic()
    while time.monotonic() - began < 5:
        pass


@pytest.mark.parametrize("context", [HURRIED, LATE])
def test_a_request_that_takes_too_long_is_answered(exchanges: list[telemetry.Exchange], context: Any) -> None:
    """It is answered with a problem and reported as a failure of its user, so that no time-out hides whose it was."""
    began = time.monotonic()
    status, problem = answered(resolver(too_long), context)
    assert time.monotonic() - began < 1
    assert (status, problem["type"]) == (500, "urn:problem:internal-error")
    (exchange,) = exchanges
    assert exchange.request.claimed_user == "user-1"
    assert next(metric.name for metric in telemetry.measured(exchange)) == "RequestError"


def test_nothing_is_interrupted_afterwards() -> None:
    """A request in time leaves no timer behind."""
    assert answered(resolver(lambda: signal.getitimer(signal.ITIMER_REAL)[0] > 13), USUAL) == (200, True)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_thread_is_not_interrupted() -> None:
    """Python runs signal handlers in the main thread only; a request in another one is answered unwatched."""
    answers: list[Any] = []
    made = resolver(lambda: signal.getitimer(signal.ITIMER_REAL)[0])
    thread = threading.Thread(target=lambda: answers.append(answered(made, HURRIED)))
    thread.start()
    thread.join(10)
    assert answers == [(200, 0)]


def test_only_the_first_request_is_the_first(exchanges: list[telemetry.Exchange]) -> None:
    """An instance reports its first request as such, whether or not it failed, and how long each may take."""
    made = resolver(dict)
    for context in (LATE, USUAL, USUAL):
        answered(made, context)
    assert [exchange.is_first for exchange in exchanges] == [True, False, False]
    assert [exchange.limit_milliseconds for exchange in exchanges] == [10, 15_000, 15_000]
