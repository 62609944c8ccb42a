"""How many bytes an item stores: what quotas count.

An item counts as many bytes as DynamoDB bills for it, without its entry in the index. It also counts the object that it
names, and the file that it announces until that is completed.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from typing import Any, Final

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.expressions import Item

BY_MEMBER: Final = "byMember"
"""The mark on an item that a member put, not the owner: its bytes count towards `maxMemberBytes`."""

_CONTAINER_BYTES: Final = 3
_ELEMENT_BYTES: Final = 1


def stored_bytes(item: Item) -> int:
    """Count the bytes of an item, of the object that it names and of the file that it announces."""
    object_bytes: int = item.get("objectBytes", 0)
    return _attributes(item) + object_bytes + announced_bytes(item)


def announced_bytes(item: Item) -> int:
    """Return the size of the file that an item announces; 0 for any other item, and once the upload is completed."""
    size: int = item.get("size", 0)
    return 0 if "completed" in item else size


def as_counted(item: Item, address: ProjectAddress) -> Item:
    """Return an item that is put again, by a guest perhaps: it counts for whom it counted before."""
    return item if BY_MEMBER in item or address.guest is None else {**item, BY_MEMBER: False}


def member_bytes(item: Item | None) -> int:
    """Count the bytes of an item that a member put; 0 for any other, or none."""
    return stored_bytes(item) if item and item.get(BY_MEMBER) else 0


def _attributes(item: Item) -> int:
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: Any) -> int:  # noqa: ANN401 - any type of attribute
    match value:
        case bool() | None:
            return 1
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case int():
            # One byte for every two significant digits, and one more.
            return (len(str(abs(value)).rstrip("0")) + 1) // 2 + 1
        case dict():
            return _CONTAINER_BYTES + _attributes(value) + _ELEMENT_BYTES * len(value)
        case _:
            return _CONTAINER_BYTES + sum(_value(each) + _ELEMENT_BYTES for each in value)
