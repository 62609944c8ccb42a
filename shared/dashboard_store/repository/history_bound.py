"""The bound of a project's history, `maxHistoryBytes`: the oldest versions are removed, and no save is refused.

`purge_objects` looks at a project's history after every CHECKED_EVERY versions, so a save costs nothing more. Looking
reads all of the history, because an index knows no sizes.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.items import Items
from dashboard_store.repository.stored_bytes import stored_bytes
from dashboard_store.settings import Settings

CHECKED_EVERY: Final = 100
ALWAYS_KEPT: Final = 100
"""How many of the newest versions of a config, and of each draft, stay, whatever their size."""


class _Version(NamedTuple):
    is_by_user: bool
    updated_at: str
    key: Item
    size: int


class HistoryBound:
    def __init__(self, items: Items, settings: Settings) -> None:
        self._items = items
        self._most_bytes = settings.max_history_bytes

    def apply(self, address: ProjectAddress) -> int:
        """Remove the oldest versions beyond the bound, autosaves first; return how many."""
        by_config: dict[str, list[_Version]] = defaultdict(list)
        total = 0
        for config, version in self._versions(address):
            by_config[config].append(version)
            total += version.size
        older = [version for versions in by_config.values() for version in versions[:-ALWAYS_KEPT]]
        removed = []
        for version in sorted(older, key=lambda version: (version.is_by_user, version.updated_at)):
            if total <= self._most_bytes:
                break
            total -= version.size
            removed.append(version.key)
        self._items.delete_many(removed)
        return len(removed)

    def _versions(self, address: ProjectAddress) -> Iterator[tuple[str, _Version]]:
        """Yield each version, the oldest of a config first, with what identifies its config."""
        for item in self._items.query(keys.partition(address.owner), keys.history(address)):
            key = {name: item[name] for name in ("pk", "sk")}
            is_by_user = item["summary"]["source"] != "autosave"
            config = item["sk"].rpartition("#")[0]
            yield config, _Version(is_by_user, item["summary"]["updatedAt"], key, stored_bytes(item))
