"""Deleting a project with everything in it, listing what can be restored, and restoring it.

A delete moves the project's items to other keys in one transaction. To every reader and writer, an item that is not at
its usual key does not exist, so no code has to check whether a project is deleted. Versions and drafts stay where they
are; without their project they cannot be reached. `project_purge` removes all of it in the end.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Item, Write, check, delete, put, update
from dashboard_store.repository.grants import RESTORES
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.project_items import project_document, project_summary
from dashboard_store.repository.projects import ProjectPage, Projects, cursor_after, place_in, require_version
from dashboard_store.repository.shares import removal


class ProjectDeletion:
    def __init__(
        self, items: Items, projects: Projects, lifetimes: retention.Lifetimes, now: Callable[[], datetime]
    ) -> None:
        self._items = items
        self._projects = projects
        self._lifetimes = lifetimes
        self._now = now

    def delete(self, address: ProjectAddress, precondition: Precondition, *, permanently: bool = False) -> None:
        """Delete a project with everything in it; for `retention.RESTORABLE`, `restore` brings it back.

        If `permanently`, nothing brings it back, also not if it was deleted before: `purge_objects` removes it at once.
        Raises NoProject, VersionConflict with the current project, or StorageUnavailable.
        """
        kept_for = timedelta() if permanently else retention.RESTORABLE

        def attempt() -> None:
            item, *parts = self._items.get_snapshot(_places(address))
            if item is None and permanently:
                self._end_restoring(address)
                return
            if item is None:
                raise NoProject
            require_version(precondition, item)
            self._items.transact(*self._moves_aside(address, item, parts, kept_for))

        self._items.race(attempt, "changes to this project")

    def page(self, owner: str, limit: int, cursor: str | None) -> ProjectPage:
        """List a user's projects that can be restored, the last deleted first.

        Raises InvalidQuery for another list's cursor.
        """
        after = _listed(owner, *place_in(cursor)) if cursor is not None else None
        entries = self._items.query_newest(keys.partition(owner), keys.DELETED_PROJECTS, limit + 1, after)
        # The others come last: they are kept because their ids stay taken.
        found = list(islice(takewhile(self._is_restorable, entries), limit + 1))
        shown = found[:limit]
        return ProjectPage([_summary(item) for item in shown], cursor_after(shown[-1]) if len(found) > limit else None)

    def restore(self, address: ProjectAddress) -> JsonObject:
        """Restore a deleted project as it was; a project that is not deleted is returned unchanged.

        Raises NoProject if no such project was deleted, or too long ago.
        """
        places = _places(address)
        present, *aside = self._items.get_snapshot([keys.project(address), *map(keys.deleted, places)])
        if present:
            return project_document(present)
        item = aside[0]
        if item is None or item["restorableUntil"] <= self._now().timestamp():
            raise NoProject
        writes: list[Write] = []
        for place, part in zip(places, aside, strict=True):
            # A part with another time belongs to an earlier deleted project with the same id that is not purged yet.
            if part and part["restorableUntil"] == item["restorableUntil"]:
                listed: Item = {"listKey": keys.listed(address, item["summary"]["updatedAt"])} if part is item else {}
                if part is item:
                    listed[RESTORES] = item.get(RESTORES, 0) + 1
                back = {**_without(part, "expiresAt", "restorableUntil"), **place, **listed}
                # A concurrent restore, change and delete may have left another part there.
                writes += [put(back, IS_NEW), delete(keys.deleted(place), _unmoved(part))]
                writes += [update(version, {}, EXISTS, remove=["expiresAt"]) for version in _kept(address, part)]
        try:
            self._items.transact(*writes)
        except ConditionFailed:
            # Another request restored the project first; if it was deleted again since, reading it raises NoProject.
            return self._projects.get(address)
        self._forget_secrets(address)
        return self._projects.get(address)

    def _is_restorable(self, entry: Item) -> bool:
        return retention.restorable_until(_deleted_at(entry)) > self._now().timestamp()

    def _forget_secrets(self, address: ProjectAddress) -> None:
        """Remove the links and invitations of a project that was restored: those that have them must ask again.

        None of them works any more (see `grants.life_of`), so an interruption leaves nothing open.
        """
        for item in self._items.query(keys.partition(address.owner), keys.shares(address)):
            if "token" in item:
                self._items.transact(*removal(address, item))

    def _end_restoring(self, address: ProjectAddress) -> None:
        """Make a project that was deleted before impossible to restore. Raises NoProject."""
        over = {"restorableUntil": retention.expires_at(self._now())}
        try:
            self._items.write_alone(update(keys.deleted(keys.project(address)), over, EXISTS, remove=["listKey"]))
        except ConditionFailed as exc:
            raise NoProject from exc

    def _moves_aside(
        self, address: ProjectAddress, item: Item, parts: Sequence[Item | None], kept_for: timedelta
    ) -> list[Write]:
        moment = self._now()
        restorable_until = retention.expires_at(moment + kept_for)
        # The id is free again once nothing is kept under it any more, so not before the youngest version has expired.
        id_until = retention.expires_at(moment + max(retention.RESTORABLE, self._lifetimes.longest))
        writes: list[Write] = []
        for place, part in zip(_places(address), [item, *parts], strict=True):
            if part is None:
                # An absent item must not be created while the project is being deleted.
                writes.append(check(place, IS_NEW))
                continue
            marks: Item = {"restorableUntil": restorable_until}
            marks["expiresAt"] = id_until if part is item else restorable_until
            if part is item and kept_for:
                marks["listKey"] = keys.listed(address, keys.timestamp(moment), keys.DELETED_PROJECTS)
            # Earlier uploads keep their keys, cannot be reached, and expire at the same time.
            writes += [update(version, {"expiresAt": restorable_until}, EXISTS) for version in _kept(address, part)]
            writes.append(put({**_without(part, "listKey"), **marks, **keys.deleted(place)}))
            writes.append(delete(place, _unmoved(part)))
        return writes


def _places(address: ProjectAddress) -> list[Item]:
    """Return the keys of the items that move when a project is deleted, starting with the project's own."""
    return [keys.project(address), keys.config(address.config()), keys.dataset(address), keys.analysis(address)]


def _listed(owner: str, deleted_at: str, project_id: str) -> Item:
    """Return the key of a deleted project in the list, which is always the reader's own, whatever the cursor says."""
    address = ProjectAddress(owner, project_id)
    place = keys.deleted(keys.project(address))
    return {**place, "listKey": keys.listed(address, deleted_at, keys.DELETED_PROJECTS)}


def _summary(entry: Item) -> JsonObject:
    deleted_at = _deleted_at(entry)
    # As the item has it, which the index does not hold.
    until = datetime.fromtimestamp(retention.restorable_until(deleted_at), UTC)
    times = {"deletedAt": keys.timestamp(deleted_at), "restorableUntil": keys.timestamp(until)}
    return {**project_summary(entry), **times}


def _deleted_at(entry: Item) -> datetime:
    return datetime.fromisoformat(entry["listKey"].removeprefix(keys.DELETED_PROJECTS).partition("#")[0])


def _kept(address: ProjectAddress, item: Item) -> list[Item]:
    """Return the keys of the earlier uploads that are kept; only the newest table's item has any."""
    return [keys.dataset_version(address, summary["version"]) for summary in item.get("kept", ())]


def _unmoved(item: Item) -> Condition:
    """Require that an item is as it was read. Saves of a config change the project's item, but not its version."""
    if "settings" in item:
        return Condition("#summary.#version = :version", {"version": item["summary"]["version"]})
    counters = [name for name in ("version", "analysisVersion") if name in item]
    return Condition(" AND ".join(f"#{name} = :{name}" for name in counters), {name: item[name] for name in counters})


def _without(item: Item, *names: str) -> Item:
    return {name: value for name, value in item.items() if name not in names}
