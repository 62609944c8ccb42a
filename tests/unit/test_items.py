"""What `Items` makes of a transport's responses: what is tried again, how long it waits, and what it says."""

from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest

from dashboard_store import retry
from dashboard_store.dynamodb.protocol import Refused, Unreachable, marshal
from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.expressions import EXISTS, Condition, delete, put, update
from dashboard_store.repository.items import ConditionFailed, Contended, Items

KEY = {"pk": "USER#u", "sk": "PROJECT#p"}


class Scripted:
    """A transport that responds by a script, with its last line again and again; it counts the calls."""

    def __init__(self, *responses: Exception | dict[str, Any]) -> None:
        self._responses = list(responses)
        self.calls = 0

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert operation
        assert request["ReturnConsumedCapacity"] == "TOTAL"
        self.calls += 1
        response = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        if isinstance(response, Exception):
            raise response
        return response


def cancelled(*codes: str) -> Refused:
    return Refused("TransactionCanceledException", {"CancellationReasons": [{"Code": code} for code in codes]})


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """How long items made by `of` waited, where each wait is as long as it may be."""
    with mock.patch("random.SystemRandom.uniform", lambda _, _least, most: most):
        yield []


def of(transport: Scripted, pauses: list[float] | None = None) -> Items:
    return Items(transport, "t", pauses.append if pauses is not None else lambda _: None)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Unreachable("no response"), "The database is out of reach."),
        (Refused("ThrottlingException", {}), "The database is busy."),
        (cancelled("None", "TransactionConflict"), "Too many changes to the same project at once."),
        (Refused("TransactionConflictException", {}), "Too many changes to the same project at once."),
    ],
)
def test_an_outage_says_what_is_out(failure: Exception, said: str) -> None:
    """Where another request may work, its sender is told what did not."""
    with pytest.raises(StorageUnavailable) as unavailable:
        of(Scripted(failure)).transact(put(KEY))
    assert str(unavailable.value) == said


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_another_is_tried_again(reason: str, pauses: list[float]) -> None:
    """It waits up to twice as long each time, from 50 ms on, and gives up after five attempts."""
    transport = Scripted(cancelled("None", reason), cancelled(reason), {})
    of(transport, pauses).transact(put(KEY))
    assert (transport.calls, pauses) == (3, [0.05, 0.1])
    pauses.clear()
    transport = Scripted(cancelled(reason))
    with pytest.raises(Contended):
        of(transport, pauses).transact(put(KEY))
    assert (transport.calls, pauses) == (retry.CONTENTION_ATTEMPTS, [0.05, 0.1, 0.2, 0.4])


def test_no_wait_is_longer_than_four_tenths_of_a_second(pauses: list[float]) -> None:
    """However many attempts there were, the wait between two of them is bounded."""
    with pytest.raises(StorageUnavailable):
        of(Scripted({}), pauses).race(loses, "changes")
    assert len(pauses) == retry.RACE_ATTEMPTS - 1
    assert pauses == [0.05, 0.1, 0.2, *[0.4] * (retry.RACE_ATTEMPTS - 4)]


def test_a_single_wait_is_that_after_a_first_attempt(pauses: list[float]) -> None:
    """Who has only two attempts waits between them once, and up to 50 ms each time."""
    items = of(Scripted({}), pauses)
    items.back_off()
    items.back_off()
    assert pauses == [0.05, 0.05]


def loses() -> None:
    raise ConditionFailed([None])


def test_a_race_ends_with_the_first_attempt_that_wins(pauses: list[float]) -> None:
    """While another writer is faster the attempt is made again; what it returns in the end is the result."""
    attempts: list[int] = []

    def attempt() -> str:
        attempts.append(len(attempts))
        if len(attempts) < 3:
            loses()
        return "won"

    assert of(Scripted({}), pauses).race(attempt, "changes") == "won"
    assert (len(attempts), pauses) == (3, [0.05, 0.1])


def test_a_race_that_is_always_lost_is_an_outage() -> None:
    """After the last attempt the error says of what there were too many, and why it gave up."""
    calls: list[None] = []

    def attempt() -> None:
        calls.append(None)
        loses()

    with pytest.raises(StorageUnavailable, match=r"^Too many uploads to the same project at once\.$") as unavailable:
        of(Scripted({})).race(attempt, "uploads to the same project")
    assert isinstance(unavailable.value.__cause__, ConditionFailed)
    assert len(calls) == retry.RACE_ATTEMPTS


@pytest.mark.parametrize("error", [KeyError("k"), Contended(), StorageUnavailable("s")], ids=type)
def test_another_error_ends_a_race_at_once(error: Exception, pauses: list[float]) -> None:
    """Only a condition that did not hold is a lost race; anything else is raised as it is."""

    def attempt() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        of(Scripted({}), pauses).race(attempt, "changes")
    assert raised.value is error
    assert pauses == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            cancelled("ItemCollectionSizeLimitExceeded", "ValidationError"),
            "ItemCollectionSizeLimitExceeded, ValidationError",
        ),
        (Refused("TransactionCanceledException", {}), ""),
    ],
)
def test_a_transaction_that_can_never_work_is_a_defect(refusal: Refused, said: str) -> None:
    """What no attempt can change is an error that names each reason, after one attempt."""
    transport = Scripted(refusal)
    with pytest.raises(RuntimeError) as defect:
        of(transport).transact(put(KEY))
    assert (str(defect.value), transport.calls) == (f"The database refused a transaction: {said}.", 1)


def test_a_write_alone_tells_what_it_found() -> None:
    """A condition that failed brings the item that is there, or none, also outside of a transaction."""
    for document, found in (({"Item": {"n": {"N": "1"}}}, {"n": 1}), ({}, {})):
        items = of(Scripted(Refused("ConditionalCheckFailedException", document)))
        with pytest.raises(ConditionFailed) as failed:
            items.write_alone(update(KEY, {"n": 2}, EXISTS))
        assert failed.value.found == (found,)


def test_items_that_do_not_come_are_an_outage() -> None:
    """A read of several that never returns all of them ends, and says so."""
    left = {"UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}}]}}, "Responses": {"t": []}}
    transport = Scripted(left)
    with pytest.raises(StorageUnavailable, match=r"^The database did not return every item in time\.$"):
        of(transport).get_many([KEY])
    assert transport.calls == retry.CONTENTION_ATTEMPTS


def test_items_that_come_bit_by_bit_are_all_returned(pauses: list[float]) -> None:
    """What a batch left unprocessed is asked for again after a wait; all that came is returned, each item once."""
    one, two = {"pk": "USER#u", "sk": "1"}, {"pk": "USER#u", "sk": "2"}
    transport = Scripted(
        {"Responses": {"t": [marshal(one)]}, "UnprocessedKeys": {"t": {"Keys": [marshal(two)]}}},
        {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [marshal(two)]}}},
        {"Responses": {"t": [marshal(two)]}, "UnprocessedKeys": {}},
    )
    assert of(transport, pauses).get_many([one, two]) == [one, two]
    assert (transport.calls, pauses) == (3, [0.05, 0.1])


def test_no_items_need_no_call() -> None:
    """Nothing is asked for where no key is given: DynamoDB refuses an empty batch."""
    transport = Scripted({})
    assert of(transport).get_many([]) == []
    assert transport.calls == 0


def test_units_add_up() -> None:
    """What each call consumed is added up from nothing, of one table or of several."""
    items = of(
        Scripted({"ConsumedCapacity": {"CapacityUnits": 1.5}}, {"ConsumedCapacity": [{"CapacityUnits": 2.0}] * 2})
    )
    assert items.units == 0
    items.get(KEY)
    assert items.units == 1.5
    items.transact(put(KEY))
    assert items.units == 5.5


def test_an_expression_names_what_it_uses() -> None:
    """Every name of condition and update is declared, and no other: DynamoDB refuses one too many."""
    condition = Condition("attribute_exists(#pk) AND #a.#b = #c")
    assert condition.values == {}
    names = {"#pk": "pk", "#a": "a", "#b": "b", "#c": "c"}
    for part in (delete(KEY, condition)["Delete"], put(KEY, condition)["Put"]):
        assert part["ExpressionAttributeNames"] == names
        assert "ExpressionAttributeValues" not in part
    made = update(KEY, {"d.e": 1}, condition, remove=["f"], add={"g": 2})["Update"]
    assert made["ExpressionAttributeNames"] == {**names, **{f"#{name}": name for name in "defg"}}
    assert made["UpdateExpression"] == "SET #d.#e = :0 REMOVE #f ADD #g :add_g"
