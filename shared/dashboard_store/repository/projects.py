"""Projects: what their owner changes, and the summaries that lists show."""

import json
import re
import secrets
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from dashboard_store.documents.json_text import compact
from dashboard_store.documents.project import NewProject, Project
from dashboard_store.errors import (
    FieldError,
    InvalidQuery,
    NotFound,
    ProjectExists,
    StorageUnavailable,
    VersionConflict,
)
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.configs import NO_PROJECT, Configs, ConfigVersion, Origin, never_saved_item, shown
from dashboard_store.repository.items import (
    EXISTS,
    IS_NEW,
    Condition,
    ConditionFailed,
    Item,
    Items,
    check,
    delete,
    put,
    update,
)
from dashboard_store.repository.keys import PROJECTS, ProjectKey, timestamp, user_partition

ATTEMPTS: Final = 8
# A page with configs ends before its answer could outgrow what Lambda may return (6 MB, a third of it for base64).
PAGE_BYTES: Final = 3_500_000
RESTORABLE: Final = timedelta(days=30)
"""How long a deleted project can be restored."""


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One page of a list; `cursor` leads to the next one, None on the last."""

    projects: Sequence[dict[str, Any]]
    cursor: str | None


class Projects:
    def __init__(self, table: Items, configs: Configs, now: Callable[[], datetime]) -> None:
        self._table = table
        self._configs = configs
        self._now = now

    def create(self, user: str, new: NewProject) -> dict[str, Any]:
        """Create a project, with its first config if there is one. Raises ProjectExists."""
        moment = self._now()
        created_at = timestamp(moment)
        key = ProjectKey(user, new.id or str(uuid7(moment)))
        heads = [never_saved_item(key.config())]
        config = None
        if new.config:
            heads = list(self._configs.items(key.config(), new.config, 1, Origin(source="import"), moment))
            config = shown(heads[0]["summary"])
        item = {
            **key.project,
            "listKey": key.listed(created_at),
            "settings": compact(new.project.settings),
            "summary": {
                "name": new.project.name,
                "description": new.project.description,
                "version": 1,
                "createdAt": created_at,
                "updatedAt": created_at,
                "dashboardConfig": config,
                "data": None,
            },
        }
        aside = key.deleted(key.project)
        unused = Condition("attribute_not_exists(#pk) OR #expiresAt <= :now", {"now": int(moment.timestamp())})
        try:
            self._table.transact(put(item, IS_NEW), check(aside, unused), *map(put, heads))
        except ConditionFailed as exc:
            was_deleted = exc.found[0] is None
            detail = "was deleted and still has the id" if was_deleted else "has the id"
            raise ProjectExists(f"A project {detail} {key.project_id}.") from exc
        return _document(item)

    def get(self, key: ProjectKey) -> dict[str, Any]:
        """Read a project. Raises NotFound."""
        return _document(self._item(key))

    def change(self, key: ProjectKey, edit: Callable[[Project], Project], precondition: Precondition) -> dict[str, Any]:
        """Save what `edit` makes of the project where the precondition holds; the same content changes nothing.

        Raises NotFound, or VersionConflict with the project as it is.
        """
        for _ in range(ATTEMPTS):
            item = self._item(key)
            before = _editable(item)
            after, version = edit(before), item["summary"]["version"]
            if after == before:
                return _document(item)
            if not precondition.holds(version):
                current = {"currentVersion": version, "current": _document(item), "baseVersion": precondition.base}
                raise VersionConflict(f"The project is at version {version}.", current)
            try:
                return _document(self._write(key, item, after))
            except ConditionFailed:
                continue
        raise StorageUnavailable("Too many changes to the same project at once.")

    def delete(self, key: ProjectKey, precondition: Precondition) -> None:
        """Take a project with all it has out of every answer; `restore` brings it back for RESTORABLE.

        Its items move aside: what is not in its place does not exist for any reader or writer, so there is no deleted
        project that one of them could forget to look for. Versions and drafts stay, out of reach without their project.
        Raises NotFound, or VersionConflict with the project as it is.
        """
        for attempt in range(ATTEMPTS):
            item, *parts = self._table.get_snapshot(_places(key))
            if item is None:
                raise NotFound(NO_PROJECT)
            version = item["summary"]["version"]
            if not precondition.holds(version):
                current = {"currentVersion": version, "current": _document(item), "baseVersion": precondition.base}
                raise VersionConflict(f"The project is at version {version}.", current)
            try:
                self._table.transact(*self._moves_aside(key, item, parts))
            except ConditionFailed:
                self._table.back_off(attempt)
                continue
            return
        raise StorageUnavailable("Too many changes to the same project at once.")

    def restore(self, key: ProjectKey) -> dict[str, Any]:
        """Bring a deleted project back as it was; one that is there already is answered as it is.

        Raises NotFound where none was deleted, or too long ago.
        """
        places = _places(key)
        present, *aside = self._table.get_snapshot([key.project, *map(key.deleted, places)])
        if present:
            return _document(present)
        item = aside[0]
        if item is None or item["restorableUntil"] <= self._now().timestamp():
            raise NotFound(NO_PROJECT)
        writes = []
        for place, part in zip(places, aside, strict=True):
            # What was deleted at another time is of a project that had the id before, expired and not removed yet.
            if part and part["restorableUntil"] == item["restorableUntil"]:
                listed = {"listKey": key.listed(item["summary"]["updatedAt"])} if part is item else {}
                back = {**_without(part, "expiresAt", "restorableUntil"), **place, **listed}
                # Who restored, changed and deleted it again in between left another one there.
                writes += [put(back, IS_NEW), delete(key.deleted(place), _unmoved(part))]
                writes += [update(version, {}, EXISTS, remove=["expiresAt"]) for version in _kept(key, part)]
        try:
            self._table.transact(*writes)
        except ConditionFailed:
            # Somebody else restored it in between; where it was deleted again, this says so.
            return self.get(key)
        return self.get(key)

    def _moves_aside(self, key: ProjectKey, item: Item, parts: Sequence[Item | None]) -> list[dict[str, Any]]:
        moment = self._now()
        restorable_until = int((moment + RESTORABLE).timestamp())
        # The id is free again when nothing is left that was kept under it: not before its youngest version expired.
        id_until = int(max(moment + RESTORABLE, moment + self._configs.longest_life).timestamp())
        marks = {"restorableUntil": restorable_until}
        writes = []
        for place, part in zip(_places(key), [item, *parts], strict=True):
            if part is None:
                # What is not there now must not come to be there behind the project's back.
                writes.append(check(place, IS_NEW))
                continue
            expiry = id_until if part is item else restorable_until
            unlisted = _without(part, "listKey")
            # Uploads that are kept stay in their place, out of reach, and go at the same time.
            writes += [update(version, {"expiresAt": restorable_until}, EXISTS) for version in _kept(key, part)]
            writes.append(put({**unlisted, **marks, "expiresAt": expiry, **key.deleted(place)}))
            writes.append(delete(place, _unmoved(part)))
        return writes

    def page(self, user: str, limit: int, cursor: str | None, *, with_configs: bool = False) -> ProjectPage:
        """List a user's projects, the most recently updated first. Raises InvalidQuery for a foreign cursor."""
        pk = user_partition(user)
        after = _read_cursor(user, cursor) if cursor is not None else None
        found = self._table.newest(pk, PROJECTS, limit + 1, after)
        items = _fitting(found[:limit]) if with_configs else found[:limit]
        documents = [_listed(item) for item in items]
        if with_configs:
            self._add_configs(user, documents)
        return ProjectPage(documents, _cursor(items[-1]) if len(items) < len(found) else None)

    def _item(self, key: ProjectKey) -> Item:
        item = self._table.get(key.project)
        if item is None:
            raise NotFound(NO_PROJECT)
        return item

    def _write(self, key: ProjectKey, item: Item, project: Project) -> Item:
        version = item["summary"]["version"]
        updated_at = timestamp(self._now())
        changes = {
            "name": project.name,
            "description": project.description,
            "version": version + 1,
            "updatedAt": updated_at,
        }
        top = {"listKey": key.listed(updated_at), "settings": compact(project.settings)}
        assignments = top | {f"summary.{name}": value for name, value in changes.items()}
        unchanged = Condition(f"{EXISTS.expression} AND #summary.#version = :expected", {"expected": version})
        self._table.transact(update(key.project, assignments, unchanged))
        return {**item, **top, "summary": {**item["summary"], **changes}}

    def _add_configs(self, user: str, documents: Sequence[dict[str, Any]]) -> None:
        by_head = {
            ProjectKey(user, document["id"]).config().head["sk"]: document
            for document in documents
            if document["dashboardConfig"]
        }
        for item in self._table.get_many([{"pk": user_partition(user), "sk": sk} for sk in by_head]):
            # The head is read later than the list: show the version that the config is of.
            head, summary = ConfigVersion.from_item(item), _config_summary(shown(item["summary"]))
            by_head[item["sk"]]["dashboardConfig"] = summary and {**summary, "config": head.config()}


def _editable(item: Item) -> Project:
    summary = item["summary"]
    return Project(summary["name"], summary["description"], json.loads(item["settings"]))


def _document(item: Item) -> dict[str, Any]:
    """Make the project as the contract shows it."""
    return {**_listed(item), "settings": json.loads(item["settings"])}


def _listed(item: Item) -> dict[str, Any]:
    """Make a project's summary from what the listing index holds."""
    summary = item["summary"]
    return {
        "id": item["sk"].removeprefix(PROJECTS),
        "name": summary["name"],
        "description": summary["description"],
        "version": summary["version"],
        "createdAt": summary["createdAt"],
        "updatedAt": summary["updatedAt"],
        "dashboardConfig": _config_summary(summary["dashboardConfig"]),
        "data": summary["data"],
    }


def _config_summary(kept: Item | None) -> dict[str, Any] | None:
    return kept and {name: kept[name] for name in ("version", "updatedAt", "chartCount")}


def _fitting(items: Sequence[Item]) -> Sequence[Item]:
    sizes = accumulate((item["summary"]["dashboardConfig"] or {}).get("bytes", 0) for item in items)
    count = sum(total <= PAGE_BYTES for total in sizes)
    return items[: max(1, count)]


def _cursor(item: Item) -> str:
    return urlsafe_b64encode(item["listKey"].removeprefix(PROJECTS).encode()).decode().rstrip("=")


_CURSOR: Final = re.compile(r"([0-9T:.Z-]{24})#([A-Za-z0-9_-]{1,128})")


def _read_cursor(user: str, cursor: str) -> Item:
    """Find the item that a page ended with. The partition is always the reader's own, whatever the cursor says."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    match = _CURSOR.fullmatch(text)
    if not match:
        fault = FieldError("cursor", "not a cursor that this list gave out")
        raise InvalidQuery("The query has a cursor that cannot be read.", [fault])
    updated_at, project_id = match.groups()
    key = ProjectKey(user, project_id)
    return {**key.project, "listKey": key.listed(updated_at)}


def _places(key: ProjectKey) -> list[Item]:
    """Name the items that move when a project is deleted, the project's own first."""
    return [key.project, key.config().head, key.data, key.analysis]


def _kept(key: ProjectKey, item: Item) -> list[Item]:
    """Name the uploads that are kept beside the newest, where the item is that of the data."""
    return [key.data_version(summary["version"]) for summary in item.get("kept", ())]


def _unmoved(item: Item) -> Condition:
    """Say that an item is as it was read; what a save changes of a project it changes beside a counter of its own."""
    if "settings" in item:
        return Condition("#summary.#version = :version", {"version": item["summary"]["version"]})
    counters = [name for name in ("version", "analysisVersion") if name in item]
    return Condition(" AND ".join(f"#{name} = :{name}" for name in counters), {name: item[name] for name in counters})


def _without(item: Item, *names: str) -> Item:
    return {name: value for name, value in item.items() if name not in names}


def uuid7(moment: datetime) -> uuid.UUID:
    """Make a UUID that sorts by its time of birth (RFC 9562, section 5.7); `uuid.uuid7` comes with Python 3.14."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))
