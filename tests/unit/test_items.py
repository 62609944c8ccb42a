"""How `Items` handles a transport's responses: what it retries, how long it pauses, and which errors it raises."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import pytest

from dashboard_store import retry
from dashboard_store.dynamodb.protocol import Refused, Unreachable, marshal
from dashboard_store.errors import QuotaExceeded, StorageUnavailable
from dashboard_store.repository.expressions import EXISTS, Condition, delete, put, update
from dashboard_store.repository.items import ConditionFailed, Contended, Items

KEY = {"pk": "USER#u", "sk": "PROJECT#p"}


class Scripted:
    """A transport with scripted responses, repeating the last one; it keeps the requests."""

    def __init__(self, *responses: Exception | dict[str, Any]) -> None:
        self._responses = list(responses)
        self.requests: list[Mapping[str, Any]] = []

    @property
    def calls(self) -> int:
        return len(self.requests)

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert operation
        assert request["ReturnConsumedCapacity"] == "TOTAL"
        # As it is now: what is left of a batch is sent again in the same list.
        self.requests.append(copy.deepcopy(dict(request)))
        response = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        if isinstance(response, Exception):
            raise response
        return response


def cancelled(*codes: str) -> Refused:
    return Refused("TransactionCanceledException", {"CancellationReasons": [{"Code": code} for code in codes]})


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """The pauses that `Items` makes, each as long as it can be."""
    with mock.patch("random.SystemRandom.uniform", lambda _, _least, most: most):
        yield []


def items_on(transport: Scripted, pauses: list[float] | None = None) -> Items:
    return Items(transport, "t", pauses.append if pauses is not None else lambda _: None)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Unreachable("no response"), "The database cannot be reached. Try again."),
        (Refused("ThrottlingException", {}), "The database is busy. Try again."),
        (cancelled("None", "TransactionConflict"), "There are too many concurrent changes to this project. Try again."),
        (
            Refused("TransactionConflictException", {}),
            "There are too many concurrent changes to this project. Try again.",
        ),
    ],
)
def test_an_outage_is_described(failure: Exception, said: str) -> None:
    """The error of a request that may succeed later says what failed."""
    with pytest.raises(StorageUnavailable) as unavailable:
        items_on(Scripted(failure)).transact(put(KEY))
    assert str(unavailable.value) == said


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_contended_transaction_is_retried(reason: str, pauses: list[float]) -> None:
    """Attempts are made for five seconds; the longest pause between them doubles from 50 to 400 ms."""
    transport = Scripted(cancelled("None", reason), cancelled(reason), {})
    items_on(transport, pauses).transact(put(KEY))
    assert (transport.calls, pauses) == (3, [0.05, 0.1])
    pauses.clear()
    transport = Scripted(cancelled(reason))
    with pytest.raises(Contended):
        items_on(transport, pauses).transact(put(KEY))
    assert (transport.calls, pauses) == (15, [0.05, 0.1, 0.2, *[0.4] * 11])
    assert sum(pauses) <= retry.PATIENCE_SECONDS < sum(pauses) + 0.4


def test_a_transaction_may_be_given_fewer_attempts(pauses: list[float]) -> None:
    """A caller that has another way to write limits the attempts."""
    transport = Scripted(cancelled("TransactionConflict"))
    with pytest.raises(Contended):
        items_on(transport, pauses).transact(put(KEY), attempts=2)
    assert (transport.calls, pauses) == (2, [0.05])


def test_a_race_lasts_longer_than_contention(pauses: list[float]) -> None:
    """A change that loses to other writers is attempted for eight seconds."""
    with pytest.raises(StorageUnavailable):
        items_on(Scripted({}), pauses).race(loses, "changes")
    assert pauses == [0.05, 0.1, 0.2, *[0.4] * 19]
    assert sum(pauses) <= retry.RACE_SECONDS < sum(pauses) + 0.4


def test_a_single_back_off_is_that_after_a_first_attempt(pauses: list[float]) -> None:
    """A caller with only two attempts pauses for up to 50 ms between them, every time."""
    items = items_on(Scripted({}), pauses)
    items.back_off()
    items.back_off()
    assert pauses == [0.05, 0.05]


def loses() -> None:
    raise ConditionFailed([None])


def test_a_race_ends_with_the_first_attempt_that_wins(pauses: list[float]) -> None:
    """An attempt is repeated while other writers are faster; the result is that of the first one that wins."""
    attempts: list[int] = []

    def attempt() -> str:
        attempts.append(len(attempts))
        if len(attempts) < 3:
            loses()
        return "won"

    assert items_on(Scripted({}), pauses).race(attempt, "changes") == "won"
    assert (len(attempts), pauses) == (3, [0.05, 0.1])


@pytest.mark.usefixtures("pauses")
def test_a_race_that_is_always_lost_is_an_outage() -> None:
    """After the last attempt the error says what there were too many of, with the lost race as its cause."""
    calls: list[None] = []

    def attempt() -> None:
        calls.append(None)
        loses()

    with pytest.raises(
        StorageUnavailable, match=r"^There are too many concurrent uploads to this project\. Try again\.$"
    ) as unavailable:
        items_on(Scripted({})).race(attempt, "uploads to this project")
    assert isinstance(unavailable.value.__cause__, ConditionFailed)
    assert len(calls) == 23


@pytest.mark.parametrize("error", [KeyError("k"), Contended(), StorageUnavailable("s")], ids=type)
def test_another_error_ends_a_race_at_once(error: Exception, pauses: list[float]) -> None:
    """Only a failed condition is a lost race; any other error is raised unchanged."""

    def attempt() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        items_on(Scripted({}), pauses).race(attempt, "changes")
    assert raised.value is error
    assert pauses == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (cancelled("DuplicateItem", "ValidationError"), "DuplicateItem, ValidationError"),
        (Refused("TransactionCanceledException", {}), ""),
    ],
)
def test_a_transaction_that_can_never_succeed_is_a_defect(refusal: Refused, said: str) -> None:
    """A transaction that fails for another reason is not retried, and the error lists the reasons."""
    transport = Scripted(refusal)
    with pytest.raises(RuntimeError) as defect:
        items_on(transport).transact(put(KEY))
    assert (str(defect.value), transport.calls) == (f"The database refused a transaction: {said}.", 1)


def test_a_failed_single_write_has_the_item_found() -> None:
    """The error of a failed condition has the existing item, or an empty one, for a single write as well."""
    for document, found in (({"Item": {"n": {"N": "1"}}}, {"n": 1}), ({}, {})):
        items = items_on(Scripted(Refused("ConditionalCheckFailedException", document)))
        with pytest.raises(ConditionFailed) as failed:
            items.write_alone(update(KEY, {"n": 2}, EXISTS))
        assert failed.value.found == (found,)


def test_items_that_are_never_returned_are_an_outage(pauses: list[float]) -> None:
    """A batch read that never returns all items is given up after the last attempt."""
    left = {"UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}}]}}, "Responses": {"t": []}}
    transport = Scripted(left)
    with pytest.raises(StorageUnavailable, match=r"^The database did not process every item in time\. Try again\.$"):
        items_on(transport, pauses).get_together([KEY])
    assert (transport.calls, len(pauses)) == (15, 14)


READS: dict[str, Callable[[Items], object]] = {
    "get": lambda items: items.get(KEY),
    "get_snapshot": lambda items: items.get_snapshot([KEY]),
    "get_together": lambda items: items.get_together([KEY]),
    "query": lambda items: list(items.query("USER#u")),
    "query_newest": lambda items: list(items.query_newest("USER#u", "L#", 10)),
    "put_many": lambda items: items.put_many([KEY]),
    "delete_many": lambda items: items.delete_many([KEY]),
}

# What is an object, but not DynamoDB's response to the operation.
ILLEGIBLE: dict[str, tuple[str, dict[str, Any]]] = {
    "an item that is a list": ("get", {"Item": []}),
    "a value without a type": ("get", {"Item": {"pk": "a"}}),
    "a value of two types": ("get", {"Item": {"pk": {"S": "a", "N": "1"}}}),
    "a value of an unknown type": ("get", {"Item": {"pk": {"X": "a"}}}),
    "a number in words": ("get", {"Item": {"pk": {"N": "one"}}}),
    "bytes that are not base64": ("get", {"Item": {"pk": {"B": "a"}}}),
    "a map that is a text": ("get", {"Item": {"pk": {"M": "a"}}}),
    "units that are a text": ("get", {"ConsumedCapacity": "one"}),
    "units without a number": ("get", {"ConsumedCapacity": {}}),
    "no items of a snapshot": ("get_snapshot", {}),
    "too few items of a snapshot": ("get_snapshot", {"Responses": []}),
    "no items of a batch": ("get_together", {"UnprocessedKeys": {}}),
    "no unprocessed keys": ("get_together", {"Responses": {}}),
    "no items of a query": ("query", {}),
    "items that are a number": ("query_newest", {"Items": 1}),
    "no unprocessed writes": ("delete_many", {}),
    "unprocessed writes that are a list": ("put_many", {"UnprocessedItems": []}),
}


@pytest.mark.parametrize("name", ILLEGIBLE)
def test_a_response_to_something_else_is_an_outage(name: str) -> None:
    """A response without the members of the operation, or with other types, is 503 instead of a defect of ours."""
    read, response = ILLEGIBLE[name]
    with pytest.raises(
        StorageUnavailable, match=r"^The database's response cannot be read\. Try again\.$"
    ) as unavailable:
        READS[read](items_on(Scripted(response)))
    assert unavailable.value.__cause__


@pytest.mark.parametrize("reasons", [1, ["ConditionalCheckFailed"], [{"Code": "ConditionalCheckFailed", "Item": 1}]])
def test_a_cancellation_for_unreadable_reasons_is_an_outage(reasons: object) -> None:
    """A cancelled transaction whose reasons have another form than DynamoDB's is 503."""
    refusal = Refused("TransactionCanceledException", {"CancellationReasons": reasons})
    with pytest.raises(StorageUnavailable, match="cannot be read"):
        items_on(Scripted(refusal)).transact(put(KEY))


def test_a_failed_write_with_an_unreadable_item_is_an_outage() -> None:
    """A failed condition whose item has another form than DynamoDB's is 503."""
    refusal = Refused("ConditionalCheckFailedException", {"Item": ["a"]})
    with pytest.raises(StorageUnavailable, match="cannot be read"):
        items_on(Scripted(refusal)).write_alone(update(KEY, {"n": 2}, EXISTS))


def test_a_defect_of_ours_is_no_outage() -> None:
    """An error of the transport that is not about the response passes through."""
    with pytest.raises(KeyError, match="AWS_SECRET_ACCESS_KEY"):
        items_on(Scripted(KeyError("AWS_SECRET_ACCESS_KEY"))).get(KEY)


@pytest.mark.parametrize("failure", [Unreachable("no", "ID"), Refused("ThrottlingException", {}, "ID")], ids=type)
def test_an_outage_has_dynamodbs_request_as_its_cause(failure: Exception) -> None:
    """DynamoDB's id of the failed request can be read from the cause of the error."""
    with pytest.raises(StorageUnavailable) as unavailable:
        items_on(Scripted(failure)).get(KEY)
    assert unavailable.value.__cause__ is failure
    assert getattr(failure, "request_id", None) == "ID"


def test_items_left_unprocessed_are_all_read_again(pauses: list[float]) -> None:
    """If a batch leaves keys unprocessed, all are read again after a pause: none comes from before another one."""
    one, two = {"pk": "USER#u", "sk": "1"}, {"pk": "USER#u", "sk": "2"}
    newer = {**one, "n": 2}
    transport = Scripted(
        {"Responses": {"t": [marshal(one)]}, "UnprocessedKeys": {"t": {"Keys": [marshal(two)]}}},
        {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [marshal(one), marshal(two)]}}},
        {"Responses": {"t": [marshal(two), marshal(newer)]}, "UnprocessedKeys": {}},
    )
    assert items_on(transport, pauses).get_together([one, two]) == [newer, two]
    assert (transport.calls, pauses) == (3, [0.05, 0.1])


@pytest.mark.parametrize(
    "failure",
    [cancelled("None", "ItemCollectionSizeLimitExceeded"), Refused("ItemCollectionSizeLimitExceededException", {})],
)
def test_a_full_partition_is_a_quota(failure: Refused) -> None:
    """At 10 GB, which no quota lets a user reach, writes are refused for good: neither an outage nor a defect."""
    with pytest.raises(QuotaExceeded) as refusal:
        items_on(Scripted(failure)).transact(put(KEY))
    assert (refusal.value.used, refusal.value.limit) == (10_000_000_000, 10_000_000_000)


def test_deletes_left_unprocessed_are_sent_again(pauses: list[float]) -> None:
    """Any number of items is removed, 25 at a time, and those that DynamoDB left over until none is."""
    left = {"UnprocessedItems": {"t": [{"DeleteRequest": {"Key": marshal(KEY)}}]}}
    transport = Scripted(left, left, {"UnprocessedItems": {}})
    items_on(transport, pauses).delete_many([{"pk": "USER#u", "sk": f"PROJECT#{number}"} for number in range(26)])
    assert (transport.calls, len(pauses)) == (4, 2)


def test_puts_left_unprocessed_are_sent_again(pauses: list[float]) -> None:
    """Any number of items is put, 25 at a time, and of each batch only what DynamoDB left over is sent again."""
    sent = [{"PutRequest": {"Item": marshal({"format": 1, **KEY, "n": number})}} for number in range(30)]
    done: dict[str, Any] = {"UnprocessedItems": {}}
    transport = Scripted({"UnprocessedItems": {"t": sent[24:25]}}, done, done)
    items_on(transport, pauses).put_many([{**KEY, "n": number} for number in range(30)])
    assert [request["RequestItems"]["t"] for request in transport.requests] == [sent[:25], sent[24:25], sent[25:]]
    assert len(pauses) == 1


def test_no_items_need_no_call() -> None:
    """Without keys no call is made, because DynamoDB refuses an empty batch."""
    transport = Scripted({})
    items = items_on(transport)
    assert items.get_together([]) == []
    items.put_many([])
    items.delete_many([])
    assert transport.calls == 0


def test_units_add_up() -> None:
    """The units that calls consume are added up, for one table or several."""
    items = items_on(
        Scripted({"ConsumedCapacity": {"CapacityUnits": 1.5}}, {"ConsumedCapacity": [{"CapacityUnits": 2.0}] * 2})
    )
    assert items.units == 0
    items.get(KEY)
    assert items.units == 1.5
    items.transact(put(KEY))
    assert items.units == 5.5


def test_an_expression_declares_the_names_it_uses() -> None:
    """Exactly the names used by condition and update are declared, because DynamoDB refuses unused ones."""
    condition = Condition("attribute_exists(#pk) AND #a.#b = #c")
    assert condition.values == {}
    names = {"#pk": "pk", "#a": "a", "#b": "b", "#c": "c", "#format": "format"}
    for part in (delete(KEY, condition)["Delete"], put(KEY, condition)["Put"]):
        assert part["ExpressionAttributeNames"] == names
        assert part["ExpressionAttributeValues"].keys() == {":readable"}
    assert put(KEY)["Put"].keys() == {"Item"}
    made = update(KEY, {"d.e": 1}, condition, remove=["f"], add={"g": 2})["Update"]
    assert made["ExpressionAttributeNames"] == {**names, **{f"#{name}": name for name in "defg"}}
    assert made["UpdateExpression"] == "SET #d.#e = :0 REMOVE #f ADD #g :add_g"
