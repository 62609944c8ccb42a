"""The format number of an item, and the refusal to read or change an item of a newer format.

Two releases work on one table while a deployment shifts traffic, and again while it is rolled back. So every item that
is put states in `format` the number of its format: that of its attributes, and of the content that they hold or name,
such as a compressed document or an object of the bucket. A copy of an item keeps its number, because its content is not
rewritten. An item without a number was put before there were numbers; its format is otherwise the first.

A release writes WRITTEN, and reads and changes every format up to READABLE. A change that the previous release would
misread takes a new number and two releases: one that raises READABLE, then one that raises WRITTEN. An attribute that
the previous release may ignore, and lose when it puts the item again, takes none.

Two kinds have no number, so their meaning cannot change, only what they are called:

- the counters `RATE` and `USAGE`, and `ANNOUNCED`, which are never put, only updated, by both releases at once;
- entries of the index `listing`, which hold `listKey` and `summary` alone.
"""

from typing import Any, Final

from dashboard_store.errors import StorageUnavailable

FORMAT: Final = "format"
"""The attribute that holds the number."""

WRITTEN: Final = 1
READABLE: Final = 1

_RETRY_SECONDS: Final = 5


class NewerFormat(StorageUnavailable):
    """An item was put by a release of the service that this one does not know; the other one can answer."""

    def __init__(self) -> None:
        detail = "This was written by a newer version of the service, which is being deployed. Try again."
        super().__init__(detail, retry_after=_RETRY_SECONDS)


def numbered(item: dict[str, Any]) -> dict[str, Any]:
    """Add the number of the format that this release writes, unless the item is a copy of one that has a number."""
    return {FORMAT: WRITTEN, **item}


def readable(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item that was read. Raises NewerFormat."""
    if item.get(FORMAT, 0) > READABLE:
        raise NewerFormat
    return item
