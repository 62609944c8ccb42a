"""Public links: addresses at which anybody may read a project's config and table, and nothing else.

A link shows the newest config and table, or those that it *pins*: copies in items of its own, which neither expire nor
change while the link lives. Like an invitation, it is found by the SHA-256 of its token.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NotFound
from dashboard_store.identifiers import Guest, ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.configs import REMOVED, Configs, ConfigVersion
from dashboard_store.repository.datasets import Datasets, DatasetVersion
from dashboard_store.repository.expressions import Condition, Item, Write, check, put
from dashboard_store.repository.grants import life_of
from dashboard_store.repository.invitations import Pointer, pointed, pointer_item
from dashboard_store.repository.items import Items
from dashboard_store.repository.shares import Decided, Roster, Shares, link_document, new_token, removal, require_room
from dashboard_store.repository.table_copies import TableCopies
from dashboard_store.repository.usage import Usage
from dashboard_store.settings import Settings

LINK: Final = "link"


class NoLink(NotFound):
    def __init__(self) -> None:
        super().__init__("This link does not exist any more, or never did.")


class Pin(NamedTuple):
    """The versions that a link pins, and the writes that store copies of them."""

    versions: JsonObject
    writes: list[Write]


class Links:
    """Making links and taking them back."""

    def __init__(
        self,
        items: Items,
        shares: Shares,
        copies: TableCopies,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._shares = shares
        self._configs = Configs(items, retention.Lifetimes(settings), now)
        self._datasets = Datasets(items)
        self._copies = copies
        self._usage = Usage(items, settings, now)
        self._settings = settings
        self._now = now

    def create(self, address: ProjectAddress, version: int | None, expiry: datetime | None, by: Guest) -> JsonObject:
        """Make a link and return it with its token, which nobody learns again; `version` is that of a config to pin.

        Raises NoProject, NotFound for a version that history does not hold, QuotaExceeded, Gone or StorageUnavailable.
        """
        token, link_id = new_token(), secrets.token_hex(8)
        ends: Item = {} if expiry is None else {"expiresAt": retention.expires_at(expiry)}
        table: Pin | None = None

        def decide(roster: Roster) -> Decided[JsonObject]:
            nonlocal table
            require_room("links", len(roster.links), self._settings.max_links)
            pins: list[Pin] = []
            if version is not None:
                if self._usage.is_full(roster.project, address):
                    raise self._usage.refusal(address)
                config = self._pinned_config(address, link_id, version, ends)
                # Copied once, however often others are faster.
                table = table or self._pinned_table(address, link_id, ends)
                pins = [config, table]
            item = {
                **keys.link(address, link_id),
                "id": link_id,
                "token": keys.token(token)["pk"],
                "createdAt": keys.timestamp(self._now()),
                "incarnation": life_of(roster.project),
                **({} if expiry is None else {"until": keys.timestamp(expiry)}),
                **ends,
                **{name: number for pin in pins for name, number in pin.versions.items()},
            }
            pointer = {**pointer_item(token, LINK, address, link_id), "isPinned": bool(pins), **ends}
            shown = {**link_document(item), "token": token}
            return [put(item), put(pointer), *(write for pin in pins for write in pin.writes)], shown

        return self._shares.change(address, decide, by)

    def take_back(self, address: ProjectAddress, link_id: str) -> None:
        """End a link. Raises NoProject or NotFound."""

        def decide(roster: Roster) -> Decided[None]:
            item = next((each for each in roster.links if each["id"] == link_id), None)
            if item is None:
                raise NotFound("This link does not exist.")
            return removal(address, item), None

        self._shares.change(address, decide)

    def _pinned_config(self, address: ProjectAddress, link_id: str, version: int, ends: Item) -> Pin:
        (config,) = self._configs.versions(address.config(), version)
        # Its content may be taken out of history meanwhile.
        still_there = Condition(f"attribute_not_exists(#summary.#{REMOVED})")
        unremoved = check(keys.config_version(address.config(), version), still_there)
        shown = {name: config.summary[name] for name in ("version", "updatedAt")}
        content = {"version": version, "digest": config.digest, "answer": config.body, "summary": shown}
        copy = {**keys.pinned_config(address, link_id), **content, **ends}
        return Pin({"version": version}, [unremoved, put(copy)])

    def _pinned_table(self, address: ProjectAddress, link_id: str, ends: Item) -> Pin:
        table = self._datasets.current(address).newest
        if table is None:
            return Pin({}, [])
        content, takeover = self._copies.copy(table.item, address)
        own = {"version": table.version, "updatedAt": table.uploaded_at}
        copy = {**content, **keys.pinned_table(address, link_id), **own, **ends}
        return Pin({"dataVersion": table.version}, [put(copy), *takeover])


class PublicLinks:
    """Reading what a link shows."""

    def __init__(self, items: Items, now: Callable[[], datetime]) -> None:
        self._items = items
        self._now = now

    def config(self, token: str) -> ConfigVersion:
        """Read the config that a link shows, without who saved it. Raises NoLink."""
        pointer = pointed(self._items, token, LINK, NoLink)
        address = pointer.address
        item = self._shown(pointer, keys.pinned_config(address, pointer.id), keys.config(address.config()))
        if item is None:
            raise NoLink
        found = ConfigVersion.from_item(item)
        return found.anonymous()

    def table(self, token: str) -> tuple[ProjectAddress, DatasetVersion | None]:
        """Read the table that a link shows, without its analysis, and of which project it is. Raises NoLink."""
        pointer = pointed(self._items, token, LINK, NoLink)
        address = pointer.address
        item = self._shown(pointer, keys.pinned_table(address, pointer.id), keys.dataset(address))
        return address, DatasetVersion(item, None, 0, item["updatedAt"]) if item else None

    def _shown(self, pointer: Pointer, pinned: Item, newest: Item) -> Item | None:
        """Read an item that a link shows, in one request with the link itself and its project. Raises NoLink."""
        address = pointer.address
        link, project, found = self._items.get_together(
            [keys.link(address, pointer.id), keys.project(address), pinned if pointer.is_pinned else newest]
        )
        if link is None or project is None or retention.has_expired(link, self._now()):
            raise NoLink
        if link["incarnation"] != life_of(project):
            raise NoLink
        return found
