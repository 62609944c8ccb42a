"""Copies of a table under another item, with an object of their own: exactly one item names an object."""

from collections.abc import Callable
from datetime import datetime

from dashboard_store.errors import Gone
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.expressions import EXISTS, Item, Write, put, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.uploads import new_upload_id

_CONTENT = ("digest", "schema", "rawBytes", "format")
_PLACE = ("object", "objectBytes")


class TableCopies:
    def __init__(self, items: Items, bucket: Bucket, now: Callable[[], datetime]) -> None:
        self._items = items
        self._bucket = bucket
        self._now = now

    def copy(self, table: Item, address: ProjectAddress) -> tuple[Item, list[Write]]:
        """Copy a table for a project; return the attributes of its item, and the writes that take the object over.

        Raises Gone if its rows were lost, or StorageUnavailable.
        """
        content = {name: table[name] for name in _CONTENT if name in table}
        if "columns" in table:
            return {**content, "columns": table["columns"]}, []
        upload_id, digest = new_upload_id(), table["object"].rpartition("/")[2]
        key = keys.upload(address, upload_id)
        place = {"object": f"tables/{keys.folder(address)}/{upload_id}/{digest}", "objectBytes": table["objectBytes"]}
        # An item names the object before it is written, so that the object is removed if what follows fails.
        expiry = {"expiresAt": retention.expires_at(self._now() + retention.UNFINISHED)}
        self._items.transact(put({**key, **place, **expiry}))
        if not self._bucket.copy(table["object"], place["object"]):
            raise Gone("The rows of this table no longer exist, so it cannot be copied.")
        return {**content, **place}, [update(key, {}, EXISTS, remove=_PLACE)]
