"""Taking the content of a version out of history for good, for what should never have been saved."""

from dashboard_store.errors import NoProject, NotFound
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository import keys
from dashboard_store.repository.branches import refusal
from dashboard_store.repository.configs import NO_CONFIG, REMOVED, Configs
from dashboard_store.repository.expressions import EXISTS, Condition, check, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.shares import removal

# What says when a version was saved and by whom, and nothing of what was in it.
_KEPT = ("version", "updatedAt", "updatedBy", "source", "chartCount", "bytes")


class HistoryRemoval:
    def __init__(self, items: Items, configs: Configs) -> None:
        self._items = items
        self._configs = configs

    def remove(self, address: ConfigAddress, version: int) -> None:
        """Remove a version's content and message, and the links that show it; history still lists the version.

        Raises NoProject, NotFound if history does not hold it, ConfigConflict if it is the newest, or
        StorageUnavailable.
        """

        def attempt() -> None:
            key = keys.config_version(address, version)
            project, newest, item = self._items.get_snapshot([keys.project(address.project), keys.config(address), key])
            if project is None:
                raise NoProject
            if newest and newest["version"] == version:
                detail = "This is the newest version. Save another one first."
                raise refusal(self._configs.newest(address), version, detail=detail)
            if item is None:
                raise NotFound(f"Version {version} of this config does not exist or has expired.")
            if REMOVED not in item["summary"]:
                kept = {name: item["summary"][name] for name in _KEPT if name in item["summary"]}
                emptied = {"digest": NO_CONFIG, "summary": {**kept, REMOVED: True}}
                is_older = Condition("attribute_not_exists(#pk) OR #version <> :removed", {"removed": version})
                self._items.transact(
                    check(keys.config(address), is_older), update(key, emptied, EXISTS, remove=["answer"])
                )

        self._items.race(attempt, "changes to this config")
        self._remove_links(address, version)

    def _remove_links(self, address: ConfigAddress, version: int) -> None:
        project = address.project
        links = self._items.query(keys.partition(project.owner), f"{keys.shares(project)}LINK#")
        for item in () if address.session else links:
            if item.get("version") == version:
                self._items.transact(*removal(project, item))
