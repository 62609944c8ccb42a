"""Reading configs, their drafts and their history. `config_saves` writes them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from dashboard_store.documents.config import config_in
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NoProject, NotFound
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.items import Items

NO_CONFIG: Final = b"deleted"
"""The digest of a config that was deleted or never saved."""

KEY: Final = "idempotencyKey"
"""The member of a summary that only `Configs.made_by` reads."""

REMOVED: Final = "removed"
"""The member of the summary of a version whose content was taken out of history."""

REPEATABLE: Final = 25
"""Among how many versions after its base a save is looked for: what a client can miss between a save and its repeat."""


class ConfigVersion(NamedTuple):
    """One version of a config.

    `body` is the gzip-compressed JSON response, None at version 0; `summary` is what history shows of the version, and
    the key of its save.
    """

    version: int
    digest: bytes
    body: bytes | None
    summary: Mapping[str, Any]

    @classmethod
    def from_item(cls, item: Item) -> "ConfigVersion":
        return cls(item["version"], item["digest"], item.get("answer"), item["summary"])

    @property
    def updated_at(self) -> str | None:
        return self.summary.get("updatedAt")

    @property
    def updated_by(self) -> str | None:
        """The id of who saved it; versions of earlier releases have none."""
        by: Mapping[str, str] = self.summary.get("updatedBy", {})
        return by.get("id")

    @property
    def source(self) -> str | None:
        return self.summary.get("source")

    def anonymous(self) -> "ConfigVersion":
        """Return the version with nothing of its origin but the time."""
        return self._replace(summary={"updatedAt": self.updated_at})

    def config(self, parse: Callable[[bytes], Any] = json.loads) -> JsonObject | None:
        """Decode the config; None if it was never saved or was deleted."""
        return None if self.body is None else config_in(self.body, parse)


NEVER_SAVED: Final = ConfigVersion(version=0, digest=NO_CONFIG, body=None, summary={})


class Configs:
    def __init__(self, items: Items, lifetimes: retention.Lifetimes, now: Callable[[], datetime]) -> None:
        self._items = items
        self.lifetimes = lifetimes
        self._now = now

    def newest(self, address: ConfigAddress) -> ConfigVersion:
        """Read the newest version. Raises NoProject."""
        if not address.session:
            item = self._items.get(keys.config(address))
            if item is None:
                raise NoProject
            return ConfigVersion.from_item(item)
        project, item = self._items.get_snapshot([keys.project(address.project), keys.config(address)])
        if project is None:
            raise NoProject
        return self.live(item) or NEVER_SAVED

    def versions(self, address: ConfigAddress, *versions: int) -> list[ConfigVersion]:
        """Read versions in one snapshot. Raises NoProject, or NotFound for a version that history does not hold."""
        _, found = self._snapshot(address, list(dict.fromkeys(versions)))
        return [_existing(found[version], version) for version in versions]

    def step(self, address: ConfigAddress, version: int) -> tuple[ConfigVersion, ConfigVersion, ConfigVersion]:
        """Read the newest version, a version and the one before it in one snapshot. Raises like `versions`."""
        newest, found = self._snapshot(address, [version, version - 1])
        before = _existing(found[version - 1], version - 1) if version > 1 else NEVER_SAVED
        return newest, _existing(found[version], version), before

    def _snapshot(
        self, address: ConfigAddress, numbers: Sequence[int]
    ) -> tuple[ConfigVersion, dict[int, ConfigVersion | None]]:
        wanted = [keys.config_version(address, number) for number in numbers]
        project, newest_item, *items = self._items.get_snapshot(
            [keys.project(address.project), keys.config(address), *wanted]
        )
        if project is None:
            raise NoProject
        found = {number: self.live(item) for number, item in zip(numbers, items, strict=True)}
        newest = self.live(newest_item)
        if newest:
            # The newest version never expires, even when its item in history has.
            found[newest.version] = newest
        return newest or NEVER_SAVED, found

    def draft_count(self, project: ProjectAddress) -> int:
        """Count the drafts that the user of a project has in it. Reads those of all."""
        kept = self._items.query(keys.partition(project.owner), keys.configs(project), ("sk", "expiresAt"))
        # Only drafts expire.
        drafts = [item for item in kept if "expiresAt" in item and keys.is_draft_of(item, project)]
        return sum(not retention.has_expired(item, self._now()) for item in drafts)

    def base(self, address: ConfigAddress, version: int) -> ConfigVersion | None:
        """Read the version that a save was made from; None if history no longer holds it."""
        return self.live(self._items.get(keys.config_version(address, version))) if version else NEVER_SAVED

    def made_by(
        self, address: ConfigAddress, key: str, base: int, newest: ConfigVersion, *, whole: bool
    ) -> ConfigVersion | None:
        """Find the last version that a save with this key made after `base`, or None.

        One request reads summaries. Another one reads the version's body if it was merged, or if `whole`; otherwise the
        result has none.
        """
        last = min(base + REPEATABLE, newest.version)
        if base < newest.version == last and newest.summary.get(KEY) == key:
            return newest
        listed = self._summaries(address, last, last - base) if last > base else []
        made = next((each for each in listed if each["version"] > base and each.get(KEY) == key), None)
        if made is None:
            return None
        if whole or made.get("merged"):
            return self.base(address, made["version"])
        return ConfigVersion(made["version"], NO_CONFIG, None, made)

    def history(
        self, address: ConfigAddress, limit: int, before: int | None
    ) -> tuple[list[Mapping[str, Any]], int | None]:
        """Return the summaries of the versions below `before`, newest first, and the next page's `before`.

        Raises NoProject.
        """
        newest = self.newest(address)
        # Expired versions of an earlier draft that are not removed yet may have higher numbers than the newest.
        above = newest.version + 1 if before is None else min(before, newest.version + 1)
        summaries = self._summaries(address, above - 1, limit + 1)
        is_due = newest.version and newest.version < above
        if is_due and all(summary["version"] != newest.version for summary in summaries):
            summaries.insert(0, newest.summary)
        has_more = len(summaries) > limit
        return [shown(summary) for summary in summaries[:limit]], summaries[limit - 1]["version"] if has_more else None

    def retention_days(self, address: ConfigAddress) -> int:
        return self.lifetimes.days(address)

    def live(self, item: Item | None) -> ConfigVersion | None:
        """Read a version from its item; None if the item is absent or expired, or its content was removed."""
        if not item or REMOVED in item["summary"] or retention.has_expired(item, self._now()):
            return None
        return ConfigVersion.from_item(item)

    def _summaries(self, address: ConfigAddress, newest: int, limit: int) -> list[Mapping[str, Any]]:
        """Read the summaries of up to `limit` versions in history from `newest` downwards."""
        key = keys.config_version(address, newest + 1)
        after = {**key, "listKey": key["sk"]}
        items = self._items.query_newest(key["pk"], keys.config_versions(address), limit, after)
        # Those that expired but are not removed yet may fill whole pages.
        live = (item["summary"] for item in items if not retention.has_expired(item, self._now()))
        return list(islice(live, limit))


def shown(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Select what history shows of a version."""
    return {name: value for name, value in summary.items() if name != KEY}


def _existing(found: ConfigVersion | None, version: int) -> ConfigVersion:
    if found is None:
        raise NotFound(f"Version {version} of this config does not exist or has expired.")
    return found
