"""Removing everything of a deleted project, item by item, once nobody can restore it any more.

`purge_objects` does it after a request for a permanent delete, and when the items of a deleted project have expired.
The project's own item goes last: as long as it is there, no project can be created under the id, and a purge that was
interrupted is repeated.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.expressions import EXISTS, Item, delete
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.shares import elsewhere
from dashboard_store.repository.usage import Usage


class ProjectPurge:
    def __init__(self, items: Items, bucket: Bucket, usage: Usage, now: Callable[[], datetime]) -> None:
        self._items = items
        self._bucket = bucket
        self._usage = usage
        self._now = now

    def purge(self, address: ProjectAddress) -> int:
        """Remove a deleted project that can no longer be restored; any other stays. Return how many items it had."""
        place = keys.deleted(keys.project(address))
        project = self._items.get(place)
        if project is None or project["restorableUntil"] > self._now().timestamp():
            return 0
        # A table that is being stored may reach the bucket only now; its item expires with it.
        found = [item for item in self._belongings(address) if not ("object" in item and _is_upload(item))]
        for item in found:
            # The object first: as long as its item is there, it is known.
            if "object" in item:
                self._bucket.delete(item["object"])
            if _is_upload(item):
                upload_id = item["sk"].rpartition("#")[2]
                self._bucket.delete(keys.announced_file(address, upload_id))
                self._bucket.delete(keys.job(address, upload_id))
        shares = [*self._items.query(keys.partition(address.owner), keys.shares(address))]
        # What is in others' lists goes first: as long as the item here is there, it is known.
        self._items.delete_many([key for item in shares for key in elsewhere(address, item)])
        self._items.delete_many([{name: item[name] for name in ("pk", "sk")} for item in (*shares, *found)])
        try:
            self._items.transact(delete(place, EXISTS), self._usage.one_project_less(address.owner))
        except ConditionFailed as exc:
            # Unless the user was never counted, another purge was faster.
            if exc.found[0] is None:
                self._items.transact(delete(place, EXISTS))
        return len(found) + 1

    def _belongings(self, address: ProjectAddress) -> Iterator[Item]:
        """Yield the keys of all items of a project but its own, with what they name."""
        # Before ids stayed taken until the purge, another project could be created under one that had just expired.
        is_reused = self._items.get(keys.project(address)) is not None
        for prefix in () if is_reused else keys.belongings(address):
            yield from self._items.query(keys.partition(address.owner), prefix, ("pk", "sk", "object"))
        for key in (keys.config(address.config()), keys.dataset(address), keys.analysis(address)):
            item = self._items.get(keys.deleted(key))
            if item:
                yield item


def _is_upload(item: Item) -> bool:
    return keys.parts(item)[1][0] == "UPLOAD"
