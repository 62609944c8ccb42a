"""The in-memory database of the benchmarks: a request's calls to the database, answered as the engine answered them."""

import pytest
from support.running.function import Replay

from dashboard_store.dynamodb.protocol import Refused


def test_recorded_answers_are_repeated_in_their_order() -> None:
    """Each repetition of a request is given the same answers; the counter of writes may be moved at any time."""
    replay = Replay([("GetItem", {"Item": {}}), ("UpdateItem", {}), ("Query", {"Items": []})])
    for _ in range(2):
        assert replay.call("GetItem", {}) == {"Item": {}}
        assert "ConsumedCapacity" in replay.call("UpdateItem", {})
        assert replay.call("Query", {}) == {"Items": []}


def test_a_call_that_was_not_recorded_fails() -> None:
    """A function that calls anything else than recorded fails, so its figures are never those of another request."""
    replay = Replay([("GetItem", {"Item": {}})])
    with pytest.raises(AssertionError, match="Query"):
        replay.call("Query", {})


def test_a_refusal_is_repeated() -> None:
    """A refused transaction is refused again, with the document that names the reasons."""
    replay = Replay([("TransactWriteItems", {"refused": "TransactionCanceledException", "document": {"a": 1}})])
    with pytest.raises(Refused) as raised:
        replay.call("TransactWriteItems", {})
    assert (raised.value.code, raised.value.document) == ("TransactionCanceledException", {"a": 1})
