"""Which change of the table takes the last name from an object."""

from typing import Any

import pytest

from dashboard_store.repository.object_lifetimes import abandoned_object

KINDS = ("UPLOAD#p#u", "DATA#p", "DATAVERSION#p#0001", "DELETED#DATA#p")
NAMING: dict[str, Any] = {"object": "tables/old", "objectBytes": 7}
OTHER: dict[str, Any] = {"object": "tables/new", "objectBytes": 8}
INLINE: dict[str, Any] = {"columns": b"rows"}


def lost(sk: str, old: dict[str, Any] | None, new: dict[str, Any] | None, *, ttl: bool) -> str | None:
    images = [None if image is None else {"pk": "USER#u", "sk": sk, **image} for image in (old, new)]
    return abandoned_object(*images, is_expiry=ttl)


@pytest.mark.parametrize("sk", KINDS)
def test_an_expired_items_object_is_abandoned(sk: str) -> None:
    """An object loses its last name when DynamoDB removes the expired item; not when a request removes the item."""
    assert lost(sk, NAMING, None, ttl=True) == "tables/old"
    assert lost(sk, NAMING, None, ttl=False) is None


@pytest.mark.parametrize("sk", KINDS)
@pytest.mark.parametrize("after", [OTHER, INLINE, {}], ids=["another object", "a small table", "no table"])
def test_an_overwritten_items_object_is_abandoned(sk: str, after: dict[str, Any]) -> None:
    """An object loses its last name when an expired item of an earlier project under the same id is overwritten.

    The newest table and a table that is being stored lose an object only to the item that takes it over.
    """
    is_overwritten = sk.startswith(("DATAVERSION#", "DELETED#DATA#"))
    assert lost(sk, NAMING, after, ttl=False) == ("tables/old" if is_overwritten else None)


@pytest.mark.parametrize("sk", KINDS)
def test_an_object_that_keeps_its_name_stays(sk: str) -> None:
    """A change that leaves the name, such as a new expiry, abandons nothing; nor does one of an item without object."""
    assert lost(sk, NAMING, {**NAMING, "expiresAt": 1}, ttl=False) is None
    assert lost(sk, None, NAMING, ttl=False) is None
    assert lost(sk, INLINE, OTHER, ttl=False) is None
    assert lost(sk, INLINE, None, ttl=True) is None
