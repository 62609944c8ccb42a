"""Whatever DynamoDB does, and however loops nest, waiting for it ends while the function can still respond."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.running.stopwatch import Stopwatch, stopwatch

from dashboard_store import retry
from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.dynamodb.http_response import HttpResponse
from dashboard_store.dynamodb.protocol import Refused, TransportError, Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials
from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.expressions import EXISTS, put, update
from dashboard_store.repository.items import ConditionFailed, Contended, Items

FUNCTION_SECONDS = 15
KEY = {"pk": "USER#u", "sk": "PROJECT#p"}
WIRE_KEY = {"pk": {"S": "USER#u"}, "sk": {"S": "PROJECT#p"}}

# What a request of any operation can find in its response.
FOUND = {
    "Item": WIRE_KEY,
    "Items": [],
    "Responses": {"t": []},
    "UnprocessedKeys": {"t": {"Keys": [WIRE_KEY]}},
}


def refusal(code: str, *reasons: str) -> HttpResponse:
    document = {"__type": f"#{code}", "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return HttpResponse(400, {"x-amzn-requestid": "ID"}, json.dumps(document).encode())


RESPONSES = {
    "succeeds": HttpResponse(200, {"x-amzn-requestid": "ID"}, json.dumps(FOUND).encode()),
    "fails": HttpResponse(500, {"x-amzn-requestid": "ID"}, b"{}"),
    "throttles": refusal("ThrottlingException"),
    "is in progress": refusal("TransactionInProgressException"),
    "contends": refusal("TransactionCanceledException", "TransactionConflict"),
    "throttles the transaction": refusal("TransactionCanceledException", "ThrottlingError"),
    "collides": refusal("TransactionConflictException"),
    "was faster": refusal("TransactionCanceledException", "ConditionalCheckFailed"),
}
type Turn = tuple[str, float]


class SlowServer:
    """A pool whose server responds as scripted, each time after some seconds; it gives up as `ConnectionPool` does."""

    host = "database"

    def __init__(self, watch: Stopwatch, *turns: Turn) -> None:
        self._turns = cycle(turns)
        self._watch = watch
        self.requests = 0

    def exchange(self, _method: str, _path: str, _headers: Mapping[str, str], _body: bytes) -> HttpResponse:
        name, seconds = next(self._turns)
        self.requests += 1
        try:
            with retry.limited(retry.EXCHANGE_SECONDS):
                left = retry.seconds_left()
                assert left is not None
                self._watch.pause(min(seconds, left))
                retry.seconds_left()
        except TimeoutError as exc:
            raise Unreachable("too slow") from exc
        return RESPONSES[name]


@contextmanager
def connected(*turns: Turn) -> Iterator[tuple[DynamoDBClient, SlowServer, Stopwatch]]:
    with stopwatch() as watch:
        server = SlowServer(watch, *turns)
        keys = Credentials("AKID", "secret", None)
        pool: Any = server
        yield DynamoDBClient(pool, "eu-central-1", lambda: keys, watch.pause), server, watch


@pytest.mark.parametrize(
    ("turns", "error", "attempts"),
    [
        ([("succeeds", 60)], Unreachable, 2),
        ([("fails", 2.4)], Unreachable, 2),
        ([("throttles", 2.4)], TransportError, None),
        ([("throttles", 0.9)], TransportError, None),
        ([("throttles", 0)], Refused, None),
    ],
    ids=["hangs", "fails late", "throttles late", "throttles", "throttles at once"],
)
def test_a_call_and_all_of_its_attempts_have_one_limit(
    turns: list[Turn], error: type[TransportError], attempts: int | None
) -> None:
    """A call ends within five seconds: as unreachable after two attempts, or refused if DynamoDB throttles it."""
    with connected(*turns) as (client, server, watch):
        with pytest.raises(error):
            client.call("GetItem", {})
        assert watch.seconds <= retry.CALL_SECONDS
        assert attempts in {None, server.requests}


def test_a_throttle_is_met_with_patience() -> None:
    """A call that is throttled for most of its five seconds still succeeds."""
    with connected(*[("throttles", 0.4)] * 6, ("succeeds", 0.4)) as (client, server, watch):
        assert client.call("GetItem", {}) == FOUND
        assert server.requests == 7
        assert watch.seconds > 2.8


def deepest(items: Items) -> None:
    """Make a change that races, and a write that is counted in its transaction or on its own: every loop there is."""

    def attempt() -> None:
        items.get(KEY)
        try:
            items.transact(put(KEY), update(KEY, {"n": 1}, EXISTS), attempts=1)
        except Contended:
            items.back_off()
            items.write_alone(update(KEY, {"n": 1}, EXISTS))
            items.transact(put(KEY))
        items.get_together([KEY])

    items.race(attempt, "changes")
    items.race(attempt, "changes")


turns = st.tuples(st.sampled_from(sorted(RESPONSES)), st.sampled_from([0.0, 0.01, 0.5, 2.4, 60.0]))


@given(script=st.lists(turns, min_size=1, max_size=12))
@example(script=[("succeeds", 2.4)])
@example(script=[("succeeds", 2.4), ("contends", 2.4)])
@example(script=[("succeeds", 0.01), ("was faster", 0.01)])
@example(script=[("succeeds", 0.01), ("contends", 0.01), ("collides", 0.01)])
@example(script=[("throttles", 0.01)])
def test_a_requests_waits_end_before_the_functions_time(script: list[Turn]) -> None:
    """Loops within loops of slow calls end in time for the response, with success or as an outage."""
    with connected(*script) as (client, _, watch):
        with retry.limited(FUNCTION_SECONDS - retry.SPARE_SECONDS):
            ends(lambda: deepest(Items(client, "t", watch.pause)))
        assert watch.seconds <= FUNCTION_SECONDS - retry.SPARE_SECONDS


def ends(request: Callable[[], None]) -> None:
    try:
        request()
    except (StorageUnavailable, ConditionFailed):
        return


def test_without_the_requests_limit_the_loops_would_take_longer() -> None:
    """The limit of the request is needed: some servers make its loops take longer than the function has."""
    with connected(("succeeds", 0.5), ("was faster", 2.4)) as (client, _, watch):
        ends(lambda: deepest(Items(client, "t", watch.pause)))
        assert watch.seconds > FUNCTION_SECONDS
