"""Projects: creating, reading, changing and listing them. `project_deletion` deletes and restores them."""

import re
import secrets
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, islice
from typing import Final, NamedTuple

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.json_text import JsonObject, compact, served
from dashboard_store.documents.project import NewProject, Project
from dashboard_store.errors import FieldError, InvalidQuery, NoProject, ProjectExists, VersionConflict
from dashboard_store.identifiers import ID_PATTERN, ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.repository.config_items import ConfigChange, never_saved_item, shown_in_project, version_items
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.expressions import IS_NEW, Condition, Item, Write, check, put, update
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.project_items import (
    config_summary,
    editable,
    is_as_created,
    project_document,
    project_item,
    project_summary,
    settings_text,
)
from dashboard_store.repository.usage import WRITABLE, Usage
from dashboard_store.settings import Settings

MAX_PAGE_BYTES: Final = 3_500_000
"""The most bytes of projects on one page: Lambda returns at most 6 MB, and base64 adds a third."""


type CopiedData = tuple[Item, list[Write]]
"""What a project shows of its table, and the writes that store it."""


class ProjectCreation(NamedTuple):
    """A project after a request to create it; `is_new` is False if an earlier request with the same body did."""

    project: JsonObject
    is_new: bool


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One page of a list; `cursor` leads to the next page and is None on the last one."""

    projects: Sequence[JsonObject]
    cursor: str | None


class Projects:
    def __init__(self, items: Items, usage: Usage, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._usage = usage
        self._key = settings.log_key
        self._lifetimes = retention.Lifetimes(settings)
        self._now = now

    def new_id(self) -> str:
        return str(uuid7(self._now()))

    def create(self, owner: str, new: NewProject, data: CopiedData | None = None) -> ProjectCreation:
        """Create a project, with its first config if one is given, and with `data` if it is copied.

        If the project exists exactly as this would create it, the request repeats one whose response was lost. Raises
        ProjectExists or QuotaExceeded.
        """
        moment = self._now()
        address = ProjectAddress(owner, new.id or self.new_id())
        config_items: tuple[Item, ...] = (never_saved_item(address.config()),)
        config = None
        if new.config:
            change = ConfigChange(new.config, Origin("import", by=member_id(self._key, address, owner)))
            config_items = version_items(address.config(), change, 1, moment, self._lifetimes)
            config = shown_in_project(config_items[0]["summary"])
        item = project_item(address, new.project, config, moment)
        item["summary"]["data"], copied = data or (None, [])
        # Also if it has expired: what is left of it has not been purged yet.
        deleted = check(keys.deleted(keys.project(address)), IS_NEW)
        try:
            counted = self._usage.another_project(owner)
            self._items.transact(put(item, IS_NEW), deleted, counted, *map(put, config_items), *copied)
        except ConditionFailed as exc:
            found, kept, usage, *_ = exc.found
            if found and is_as_created(found, item) and (not new.config or self._is_first(address, new.config)):
                return ProjectCreation(project_document(found), is_new=False)
            if found is None and kept is None and usage is not None:
                raise self._usage.refusal(address, is_project=True) from exc
            detail = "A project already has the id" if found else "A deleted project still has the id"
            raise ProjectExists(f"{detail} {address.project_id}. Choose another id.") from exc
        return ProjectCreation(project_document(item), is_new=True)

    def get(self, address: ProjectAddress) -> JsonObject:
        """Read a project. Raises NoProject."""
        return project_document(self._item(address))

    def change(
        self, address: ProjectAddress, edit: Callable[[Project], Project], precondition: Precondition
    ) -> JsonObject:
        """Save what `edit` makes of the project if the precondition holds; saving equal content changes nothing.

        Raises NoProject, VersionConflict with the current project, QuotaExceeded or StorageUnavailable.
        """

        def attempt() -> JsonObject:
            item = self._item(address)
            before = editable(item)
            after = edit(before)
            if after == before:
                return project_document(item)
            require_version(precondition, item)
            if self._usage.is_full(item, address):
                raise self._usage.refusal(address)
            return project_document(self._write(address, item, after))

        return self._items.race(attempt, "changes to this project")

    def page(self, owner: str, limit: int, cursor: str | None, *, with_configs: bool = False) -> ProjectPage:
        """List a user's projects, the most recently updated first. Raises InvalidQuery for another list's cursor."""
        after = _place(owner, *place_in(cursor)) if cursor is not None else None
        entries = self._items.query_newest(keys.partition(owner), keys.PROJECTS, limit + 1, after)
        found = list(islice(entries, limit + 1))
        items = found[:limit]
        if with_configs:
            items = items[: _fitting((item["summary"]["dashboardConfig"] or {}).get("bytes", 0) for item in items)]
        summaries = [project_summary(item) for item in items]
        if with_configs:
            self._add_configs(owner, summaries)
        # Names and configs may contain characters that are longer in a response.
        fitting = _fitting(len(served(compact(summary))) for summary in summaries)
        return ProjectPage(summaries[:fitting], cursor_after(items[fitting - 1]) if fitting < len(found) else None)

    def _is_first(self, address: ProjectAddress, config: Config) -> bool:
        """Whether the project's newest config is its first version and has the content of `config`."""
        item = self._items.get(keys.config(address.config()))
        return item is not None and (item["version"], item["digest"]) == (1, config.digest)

    def _item(self, address: ProjectAddress) -> Item:
        item = self._items.get(keys.project(address))
        if item is None:
            raise NoProject
        return item

    def _write(self, address: ProjectAddress, item: Item, project: Project) -> Item:
        version = item["summary"]["version"]
        updated_at = keys.timestamp(self._now())
        changes = {
            "name": project.name,
            "description": project.description,
            "version": version + 1,
            "updatedAt": updated_at,
        }
        top = {"listKey": keys.listed(address, updated_at), "settings": settings_text(project)}
        assignments = top | {f"summary.{name}": value for name, value in changes.items()}
        unchanged = Condition(f"{WRITABLE.expression} AND #summary.#version = :expected", {"expected": version})
        self._items.transact(update(keys.project(address), assignments, unchanged))
        return {**item, **top, "summary": {**item["summary"], **changes}}

    def _add_configs(self, owner: str, summaries: Sequence[JsonObject]) -> None:
        by_key = {
            keys.config(ProjectAddress(owner, summary["id"]).config())["sk"]: summary
            for summary in summaries
            if summary["dashboardConfig"]
        }
        found = self._items.get_together([{"pk": keys.partition(owner), "sk": sk} for sk in by_key])
        for item in filter(None, found):
            # The config is read after the list and may be newer: show the version that was read.
            newest, summary = ConfigVersion.from_item(item), config_summary(shown_in_project(item["summary"]))
            by_key[item["sk"]]["dashboardConfig"] = summary and {**summary, "config": newest.config()}


def require_version(precondition: Precondition, item: Item) -> None:
    """Raise VersionConflict, with the project, if its version does not meet the precondition."""
    version = item["summary"]["version"]
    if not precondition.holds(version):
        raise VersionConflict(
            f"The project is at version {version}.",
            version=version,
            document=project_document(item),
            base=precondition.base,
        )


def _fitting(sizes: Iterable[int]) -> int:
    """Return how many entries of these sizes in bytes fit on a page; the first one always does."""
    totals = list(accumulate(sizes))
    return max(bisect_right(totals, MAX_PAGE_BYTES), min(1, len(totals)))


def cursor_after(item: Item) -> str:
    """Return the cursor of the page that begins after a project, deleted or not."""
    return urlsafe_b64encode(item["listKey"].partition(keys.PROJECTS)[2].encode()).decode().rstrip("=")


_CURSOR: Final = re.compile(rf"([0-9T:.Z-]{{24}})#({ID_PATTERN})")


def place_in(cursor: str) -> tuple[str, str]:
    """Return the time by which the last project of a page is listed, and its id. Raises InvalidQuery."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    match = _CURSOR.fullmatch(text)
    if not match:
        error = FieldError("cursor", "This cursor is not from this list.")
        raise InvalidQuery("The query parameter cursor is not valid.", [error])
    return match[1], match[2]


def _place(owner: str, updated_at: str, project_id: str) -> Item:
    """Return the key of a project in the list. Its partition is always the reader's own, whatever the cursor says."""
    address = ProjectAddress(owner, project_id)
    return {**keys.project(address), "listKey": keys.listed(address, updated_at)}


def uuid7(moment: datetime) -> uuid.UUID:
    """Make a UUID that sorts by creation time (RFC 9562, section 5.7); `uuid.uuid7` comes with Python 3.14."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))
