"""What the table makes of a client's answers: what is tried again, how long it waits, and what it says."""

from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest

from dashboard_store.dynamodb.protocol import Refused, Unreachable
from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.items import (
    ATTEMPTS,
    EXISTS,
    Condition,
    ConditionFailed,
    Contended,
    Items,
    delete,
    put,
    update,
)

KEY = {"pk": "USER#u", "sk": "PROJECT#p"}


class Scripted:
    """A client that answers by a script, its last line again and again; it counts the calls."""

    def __init__(self, *answers: Exception | dict[str, Any]) -> None:
        self._answers = list(answers)
        self.calls = 0

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert operation
        assert request["ReturnConsumedCapacity"] == "TOTAL"
        self.calls += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def cancelled(*codes: str) -> Refused:
    return Refused("TransactionCanceledException", {"CancellationReasons": [{"Code": code} for code in codes]})


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """How long a table made by `of` waited, where each wait is as long as it may be."""
    with mock.patch("random.SystemRandom.uniform", lambda _, _least, most: most):
        yield []


def of(client: Scripted, pauses: list[float] | None = None) -> Items:
    return Items(client, "t", pauses.append if pauses is not None else lambda _: None)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Unreachable("no answer"), "The database is out of reach."),
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
    client = Scripted(cancelled("None", reason), cancelled(reason), {})
    of(client, pauses).transact(put(KEY))
    assert (client.calls, pauses) == (3, [0.05, 0.1])
    pauses.clear()
    client = Scripted(cancelled(reason))
    with pytest.raises(Contended):
        of(client, pauses).transact(put(KEY))
    assert (client.calls, pauses) == (ATTEMPTS, [0.05, 0.1, 0.2, 0.4])


def test_no_wait_is_longer_than_four_tenths_of_a_second(pauses: list[float]) -> None:
    """However often somebody tried, the wait ends."""
    of(Scripted({}), pauses).back_off(40)
    assert pauses == [0.4]


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
    client = Scripted(refusal)
    with pytest.raises(RuntimeError) as defect:
        of(client).transact(put(KEY))
    assert (str(defect.value), client.calls) == (f"The database refused a transaction: {said}.", 1)


def test_a_write_alone_tells_what_it_found() -> None:
    """A condition that failed brings the item that is there, or none, also outside of a transaction."""
    for answer, found in (({"Item": {"n": {"N": "1"}}}, {"n": 1}), ({}, {})):
        table = of(Scripted(Refused("ConditionalCheckFailedException", answer)))
        with pytest.raises(ConditionFailed) as failed:
            table.alone(update(KEY, {"n": 2}, EXISTS))
        assert failed.value.found == (found,)


def test_items_that_do_not_come_are_an_outage() -> None:
    """A read of several that never returns all of them ends, and says so."""
    left = {"UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}}]}}, "Responses": {"t": []}}
    client = Scripted(left)
    with pytest.raises(StorageUnavailable, match=r"^The database did not return every item in time\.$"):
        of(client).get_many([KEY])
    assert client.calls == ATTEMPTS


def test_units_add_up() -> None:
    """What each call consumed is added up from nothing, of one table or of several."""
    table = of(
        Scripted({"ConsumedCapacity": {"CapacityUnits": 1.5}}, {"ConsumedCapacity": [{"CapacityUnits": 2.0}] * 2})
    )
    assert table.units == 0
    table.get(KEY)
    assert table.units == 1.5
    table.transact(put(KEY))
    assert table.units == 5.5


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
