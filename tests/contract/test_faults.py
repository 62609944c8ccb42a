"""A database that is throttled, contended, slow or out of reach: always a 503, never a 500 or a partial write."""

from typing import TYPE_CHECKING, Any

import pytest
from conftest import TABLE
from support.storage.clients import Answer, Tapped
from support.storage.faults import CONTENDED, OUT_OF_REACH, injected, refuses

from dashboard_store import retry
from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.expressions import put
from dashboard_store.repository.formats import numbered
from dashboard_store.repository.items import Items

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = {"pk": "a", "sk": "1"}


@pytest.mark.parametrize("fault", CONTENDED)
def test_a_contended_write_is_retried(items: Items, database: Tapped, pauses: list[float], fault: str) -> None:
    """A transaction that meets another one or a throttle is retried after a pause, and then succeeds."""
    with injected(database, CONTENDED[fault], times=2) as calls:
        items.transact(put(KEY))
    assert calls == [3]
    assert len(pauses) == 2
    assert items.get(KEY) == numbered(KEY)


@pytest.mark.parametrize("fault", CONTENDED)
def test_lasting_contention_is_unavailable(items: Items, database: Tapped, pauses: list[float], fault: str) -> None:
    """Attempts are made until the pauses between them amount to five seconds, and nothing is written."""
    with injected(database, CONTENDED[fault]) as calls, pytest.raises(StorageUnavailable) as refusal:
        items.transact(put(KEY))
    assert calls == [len(pauses) + 1]
    assert retry.PATIENCE_SECONDS - 0.4 <= sum(pauses) <= retry.PATIENCE_SECONDS
    assert all(0 <= pause <= 0.025 * 2 ** (attempt + 1) for attempt, pause in enumerate(pauses))
    assert refusal.value.retry_after >= 1
    assert items.get(KEY) is None


@pytest.mark.parametrize("fault", OUT_OF_REACH)
@pytest.mark.parametrize("operation", ["get", "get_snapshot", "get_together", "query_newest", "transact"])
def test_a_database_out_of_reach_is_unavailable(items: Items, database: Tapped, fault: str, operation: str) -> None:
    """Every call turns a throttle, a failure or a timeout that outlasts the client's attempts into one error."""
    calls: dict[str, Callable[[], Any]] = {
        "get": lambda: items.get(KEY),
        "get_snapshot": lambda: items.get_snapshot([KEY]),
        "get_together": lambda: items.get_together([KEY]),
        "query_newest": lambda: list(items.query_newest("a", "L#", 1)),
        "transact": lambda: items.transact(put(KEY)),
    }
    with injected(database, OUT_OF_REACH[fault]), pytest.raises(StorageUnavailable):
        calls[operation]()
    assert items.get(KEY) is None


def test_unprocessed_keys_are_requested_again(items: Items, database: Tapped) -> None:
    """Keys that BatchGetItem leaves unprocessed are requested again; those that stay unprocessed are unavailable."""
    items.transact(put(KEY))
    left: Answer = {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "1"}}]}}}

    def leave(_: str) -> Answer:
        return left

    with injected(database, leave, times=2):
        assert items.get_together([KEY]) == [numbered(KEY)]
    with injected(database, leave), pytest.raises(StorageUnavailable):
        items.get_together([KEY])


def test_a_malformed_transaction_is_a_defect(items: Items, database: Tapped) -> None:
    """A malformed transaction is neither retried nor reported as unavailable: it raises."""
    malformed = refuses("TransactionCanceledException", ("ValidationError",))
    with injected(database, malformed) as calls, pytest.raises(RuntimeError, match="ValidationError"):
        items.transact(put(KEY))
    assert calls == [1]
