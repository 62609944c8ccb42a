"""Naming a version in history. A name says what the version is to its editors, and changes nothing of it."""

from collections.abc import Mapping
from typing import Any, Final

from dashboard_store.errors import NoProject, NotFound
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository import keys
from dashboard_store.repository.configs import REMOVED, Configs, shown
from dashboard_store.repository.expressions import EXISTS, Condition, Item, Write, check, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.rate_limit import RateLimit
from dashboard_store.repository.usage import WRITABLE, Usage

_NAME: Final = "name"


class VersionNames:
    def __init__(self, items: Items, configs: Configs, rate_limit: RateLimit, usage: Usage) -> None:
        self._items = items
        self._configs = configs
        self._rate_limit = rate_limit
        self._usage = usage

    def change(self, address: ConfigAddress, version: int, name: str | None) -> Mapping[str, Any]:
        """Name a version, or take its name off; return what history shows of it.

        Raises NoProject, NotFound if history does not hold the version, QuotaExceeded, RateLimited or
        StorageUnavailable.
        """

        def attempt() -> Mapping[str, Any]:
            places = [keys.config(address), keys.config_version(address, version)]
            project, *items = self._items.get_snapshot([keys.project(address.project), *places])
            if project is None:
                raise NoProject
            # The newest version has two items: saves may write its item in history from the other one.
            found = [item for item in items if item and item["version"] == version and self._configs.live(item)]
            if not found:
                raise NotFound(f"Version {version} of this config does not exist or has expired.")
            before = found[0]["summary"]
            after = {member: value for member, value in before.items() if member != _NAME}
            if name is not None:
                after[_NAME] = name
            if after != before:
                if name is not None and self._usage.is_full(project, address.project):
                    raise self._usage.refusal(address.project)
                permitted = check(keys.project(address.project), EXISTS if name is None else WRITABLE)
                renamed = [_renamed(item, after) for item in found]
                self._rate_limit.transact(self._items, address.project.user, permitted, *renamed)
            return shown(after)

        return self._items.race(attempt, "changes to this config")


def _renamed(item: Item, summary: Item) -> Write:
    """Give a version another summary, provided that it is still this version and its content was not removed."""
    is_same = Condition(
        f"#version = :version AND #summary.#updatedAt = :updatedAt AND attribute_not_exists(#summary.#{REMOVED})",
        {"version": item["version"], "updatedAt": item["summary"]["updatedAt"]},
    )
    return update({name: item[name] for name in ("pk", "sk")}, {"summary": summary}, is_same)
