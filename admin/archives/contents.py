"""All that belongs to a project, wherever it is read from: the table, or an archive.

Items are as the table has them, at the keys of a project that was not deleted. Those of a deleted one say so
(`restorableUntil`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Final

from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.grants import incarnation_of, life_of
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.shared_projects import MOST_KEYS
from dashboard_store.repository.shares import elsewhere
from dashboard_store.store import Store

RESTORABLE_UNTIL: Final = "restorableUntil"
PLACE: Final = ("columns", "object", "objectBytes")
"""The attributes that hold a table's rows, or name their object."""


@dataclass(frozen=True)
class Contents:
    """A project, as of one moment, with what of its history was there then.

    `heads` are the items of the project, its config and, if it has them, its table and analysis. `tables` are earlier
    uploads and those that links pin. `listed` has the owner's name as the list of a member or team shows it, by the
    sort key of their grant; `people` the users by their ids in the project. `stored` reads a table's rows in the
    storage format; None if they were lost.
    """

    address: ProjectAddress
    heads: Sequence[Item]
    versions: Callable[[], Iterator[Item]]
    drafts: Callable[[], Iterator[Item]]
    tables: Sequence[Item]
    shares: Sequence[Item]
    listed: Mapping[str, str]
    people: Mapping[str, str]
    stored: Callable[[Item], bytes | None]
    missing: Sequence[int] = field(default=())
    """The earlier uploads that the project names and that are gone."""

    @property
    def project(self) -> Item:
        return self.heads[0]

    @property
    def is_deleted(self) -> bool:
        return RESTORABLE_UNTIL in self.project

    @property
    def with_tables(self) -> list[Item]:
        """The newest table, if there is one, and the others."""
        return [item for item in (*self.heads, *self.tables) if is_table(item)]

    def items(self) -> Iterator[Item]:
        """Yield every item."""
        yield from self.heads
        yield from self.versions()
        yield from self.drafts()
        yield from self.tables
        yield from self.shares


def kind_of(item: Item) -> str:
    """Return what an item is: the first part of its sort key."""
    return keys.parts(item)[1][0]


def is_table(item: Item) -> bool:
    """Whether an item is the newest table, an earlier one, or one that a link pins."""
    return "schema" in item


def without(item: Item, *names: str) -> Item:
    return {name: value for name, value in item.items() if name not in names}


def project_ids(store: Store, user: str) -> list[str]:
    """List the projects of a user, deleted ones too."""
    # A project that is deleted or restored meanwhile is in one of the three.
    prefixes = (keys.DELETED_PROJECTS, keys.PROJECTS, keys.DELETED_PROJECTS)
    found = [
        item["sk"].removeprefix(prefix)
        for prefix in prefixes
        for item in store.items.query(keys.partition(user), prefix, ("pk", "sk"))
    ]
    return list(dict.fromkeys(found))


def read_contents(store: Store, address: ProjectAddress) -> Contents | None:
    """Read a project, also a deleted one; None unless it exists or could be restored."""
    heads = _heads(store, address)
    if heads is None:
        return None
    now = store.now()
    config, table = (next((item for item in heads if kind_of(item) == kind), None) for kind in ("CONFIG", "DATA"))
    shares = _shares(store, address, heads[0])
    kept = [] if table is None else [summary["version"] for summary in table.get("kept", ())]
    found = store.items.get_together([keys.dataset_version(address, version) for version in kept])
    # What replaced the newest table since it was read ends the time of the oldest: it had none then.
    ends = {"expiresAt": heads[0][RESTORABLE_UNTIL]} if RESTORABLE_UNTIL in heads[0] else {}
    pins = [
        item
        for item in store.items.query(keys.partition(address.owner), keys.pins(address))
        if not retention.has_expired(item, now)
    ]
    key = store.settings.log_key
    users = {address.owner, *(item["user"] for item in shares if "user" in item)}

    def versions() -> Iterator[Item]:
        return _versions(store, address.config(), config) if config else iter(())

    return Contents(
        address,
        heads,
        versions,
        lambda: read_drafts(store, address),
        [
            *({**without(item, "expiresAt"), **ends} for item in found if item),
            *filter(is_table, pins),
        ],
        [*shares, *(item for item in pins if not is_table(item))],
        _listed(store, address, shares),
        {member_id(key, address, user): user for user in sorted(users)},
        lambda item: _rows(store, item),
        [version for version, item in zip(kept, found, strict=True) if item is None],
    )


def read_drafts(store: Store, address: ProjectAddress) -> Iterator[Item]:
    """Yield the drafts of a project's users; those of its guest, if the address has one. After each, its history."""
    for item in store.items.query(keys.partition(address.owner), keys.configs(address)):
        draft = item["sk"].removeprefix(keys.configs(address))
        is_wanted = address.guest is None or keys.is_draft_of(item, address)
        if draft and is_wanted and not retention.has_expired(item, store.now()):
            yield item
            yield from _versions(store, ConfigAddress(ProjectAddress(address.owner, address.project_id), draft), item)


def _heads(store: Store, address: ProjectAddress) -> list[Item] | None:
    """Read the project's own items in one snapshot."""
    places = [keys.project(address), keys.config(address.config()), keys.dataset(address), keys.analysis(address)]
    found = store.items.get_snapshot([*places, *map(keys.deleted, places)])
    present, aside = found[: len(places)], found[len(places) :]
    if present[0]:
        return [item for item in present if item]
    project = aside[0]
    if project is None or project[RESTORABLE_UNTIL] <= store.now().timestamp():
        return None
    # A part with another time belongs to an earlier project of the id.
    return [
        {**part, **place}
        for place, part in zip(places, aside, strict=True)
        if part and part[RESTORABLE_UNTIL] == project[RESTORABLE_UNTIL]
    ]


def _versions(store: Store, address: ConfigAddress, newest: Item) -> Iterator[Item]:
    """Yield the history of a config up to a version, the oldest first."""
    for item in store.items.query(keys.partition(address.project.owner), keys.config_versions(address)):
        if item["version"] <= newest["version"] and not retention.has_expired(item, store.now()):
            yield item


def _shares(store: Store, address: ProjectAddress, project: Item) -> list[Item]:
    """Read all that lets others in, and the roster."""
    named, now, roster = {incarnation_of(project), life_of(project)}, store.now(), keys.roster(address)["sk"]
    return [
        item
        for item in store.items.query(keys.partition(address.owner), keys.shares(address))
        if item["sk"] == roster or (item.get("incarnation") in named and not retention.has_expired(item, now))
    ]


def _listed(store: Store, address: ProjectAddress, shares: Iterable[Item]) -> dict[str, str]:
    grants = [item for item in shares if item["sk"].split("#")[2] in {"MEMBER", "TEAM"}]
    wanted = [key for item in grants for key in elsewhere(address, item)]
    found = [entry for part in batched(wanted, MOST_KEYS, strict=False) for entry in store.items.get_together(part)]
    return {item["sk"]: entry["summary"].get("name", "") for item, entry in zip(grants, found, strict=True) if entry}


def _rows(store: Store, item: Item) -> bytes | None:
    if "columns" in item:
        columns: bytes = item["columns"]
        return columns
    return store.bucket.get(item["object"])
