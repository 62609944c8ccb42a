"""What Dashkeep stores of a project's rows: its own fields, its config with the history below it, and its drafts.

The config is, by precedence: the newest row of its owner without a session; the row of the owner's newest session; the
member `dashboardConfig` of the project's settings; the charts of its newest data. What is outranked and differs becomes
history below it, so nothing is thrown away. A row that is refused is as if it were absent: the next takes its place.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from admin.sql import Finding, Refused
from admin.sql.candidates import CHARTS, RANKS, SESSION, SETTINGS, Candidate, different, ranked
from admin.sql.columns import CONFIGS, DATA, PROJECTS
from admin.sql.source import ProjectRows, Row, text_of
from admin.sql.values import json_of, json_or_name, moment_of
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import StoreError
from dashboard_store.gateway.request import MAX_USER_BYTES
from dashboard_store.identifiers import ProjectAddress, is_id
from dashboard_store.settings import Settings

_SETTINGS_MEMBERS: Final = ("fileInfo", "tags")
_CONFIG_MEMBER: Final = "dashboardConfig"


@dataclass(frozen=True, slots=True)
class ConvertedProject:
    """A project that can be stored.

    `configs` are in the order of their versions, the newest last. `tables` are the rows of its tables, the newest
    first; they are read later, one at a time.
    """

    address: ProjectAddress
    row_id: str
    project: Project
    created_at: datetime
    updated_at: datetime
    configs: Sequence[Candidate]
    drafts: dict[str, Candidate]
    tables: Sequence[Row]


@dataclass
class Conversion:
    """What is said of a project's rows, and the project if it can be stored."""

    refused: list[Finding] = field(default_factory=list)
    decisions: list[Finding] = field(default_factory=list)
    project: ConvertedProject | None = None


def converted(rows: ProjectRows, settings: Settings, now: datetime) -> Conversion:
    """Convert the rows of a project, without its tables."""
    return _Project(rows, settings, now).convert()


class _Project:
    def __init__(self, rows: ProjectRows, settings: Settings, now: datetime) -> None:
        self._rows = rows
        self._row = rows.projects[0]
        self._id = text_of(rows.id) or ""
        self._settings = settings
        self._now = now
        self._result = Conversion()

    def convert(self) -> Conversion:
        try:
            address, given = self._address(), self._given_settings()
            project = self._own(given)
            times = [moment_of(self._row[name]) for name in ("createdAt", "updatedAt")]
        except Refused as refused:
            self._result.refused.append(Finding(PROJECTS, self._id, refused.reason, refused.detail))
            self._refuse_belongings()
            return self._result
        rows = self._read_rows(self._taken(address.owner))
        saved = [row for session, row in rows if session is None]
        created_at = times[0] or min((row.moment for _, row in rows), default=None) or self._now
        tables = self._tables()
        lower = [*self._of_charts(tables, times[1] or created_at), *self._of_settings(given, times[1] or created_at)]
        sessions = self._newest_by_session(rows)
        lower += [ranked(each, SESSION) for each in [*sessions.values()][-1:]]
        configs = different(lower, saved)
        self._explain(configs, saved)
        newest = configs[-1].moment if configs else created_at
        updated_at = max(created_at, times[1] or created_at, newest)
        drafts = self._drafts(sessions)
        self._result.project = ConvertedProject(
            address, self._id, project, created_at, updated_at, configs, drafts, tables
        )
        return self._result

    def _address(self) -> ProjectAddress:
        """Return the project's address. Raises Refused."""
        if len(self._rows.projects) > 1:
            raise Refused("duplicate-id", f"{len(self._rows.projects)} rows have this id.")
        if not is_id(self._id):
            raise Refused("invalid-id", "An id has 1 to 128 letters, digits, hyphens and underscores.")
        owner = text_of(self._row["userId"])
        if not owner:
            raise Refused("no-owner", "The project has no userId.")
        try:
            size = len(owner.encode())
        except UnicodeEncodeError as exc:
            raise Refused("not-utf-8", "The userId is not valid UTF-8.") from exc
        if size > MAX_USER_BYTES:
            raise Refused("owner-too-long", f"The userId has {size} bytes; the limit is {MAX_USER_BYTES}.")
        return ProjectAddress(owner, self._id)

    def _given_settings(self) -> dict[str, Any]:
        given = json_of(self._row["settings"])
        if given is not None and not isinstance(given, dict):
            raise Refused("invalid-project", "The settings are not a JSON object.")
        return given or {}

    def _own(self, given: dict[str, Any]) -> Project:
        """Read what the owner gave the project. Raises Refused."""
        known = {name: given[name] for name in _SETTINGS_MEMBERS if given.get(name) is not None}
        if others := [name for name in given if name not in {*_SETTINGS_MEMBERS, _CONFIG_MEMBER}]:
            shown = json.dumps(others[:20])
            self._decide(PROJECTS, self._id, "left-out", f"Dashkeep has no such members of settings: {shown}.")
        document = {
            "name": text_of(self._row["name"]) or "",
            "description": text_of(self._row["description"]) or "",
            "settings": known,
        }
        try:
            return read_new_project(document, self._settings).project
        except StoreError as exc:
            raise Refused.by(exc) from exc

    def _refuse_belongings(self) -> None:
        for table, rows in ((CONFIGS, self._rows.configs), (DATA, self._rows.data)):
            for row in rows:
                self._refuse(table, row, Refused("project-refused", "Its project is refused."))

    def _taken(self, owner: str) -> list[Row]:
        """Return the configs of the project's owner."""
        others = [row for row in self._rows.configs if text_of(row["userId"]) != owner]
        for row in others:
            self._refuse(CONFIGS, row, Refused("other-user", "The row is of another user than the project's owner."))
        return [row for row in self._rows.configs if text_of(row["userId"]) == owner]

    def _read_rows(self, rows: Iterable[Row]) -> list[tuple[str | None, Candidate]]:
        """Read the configs of rows, with their sessions, the newest last."""
        read = []
        for row in rows:
            try:
                read.append((self._order(row), text_of(row["sessionId"]) or None, self._config(row)))
            except Refused as refused:
                self._refuse(CONFIGS, row, refused)
            except StoreError as exc:
                self._refuse(CONFIGS, row, Refused.by(exc))
        read.sort(key=lambda each: each[0])
        return [(session, candidate) for _, session, candidate in read]

    def _order(self, row: Row) -> tuple[datetime, int, datetime, str]:
        created = moment_of(row["createdAt"])
        updated = moment_of(row["updatedAt"]) or created
        if updated is None:
            raise Refused("bad-time", "The row has neither updatedAt nor createdAt.")
        return updated, number_of(row["version"]), created or updated, text_of(row["id"]) or ""

    def _config(self, row: Row) -> Candidate:
        document = {
            "chartCustomizations": json_of(row["chartCustomizations"]),
            "currentLayout": json_or_name(row["currentLayout"]),
            "filters": json_of(row["dashboardFilters"]),
            "theme": json_or_name(row["currentTheme"]),
        }
        given = {name: value for name, value in document.items() if value is not None}
        return Candidate(CONFIGS, text_of(row["id"]) or "", read_config(given, self._settings), self._order(row)[0])

    def _of_settings(self, given: dict[str, Any], moment: datetime) -> list[Candidate]:
        document = given.get(_CONFIG_MEMBER)
        place = PROJECTS, self._id, f"settings.{_CONFIG_MEMBER}"
        return [] if document is None else self._lower(lambda: document, place, moment, SETTINGS)

    def _of_charts(self, tables: Sequence[Row], moment: datetime) -> list[Candidate]:
        if not tables or not (charts := tables[0]["chartCustomizations"]):
            return []
        place = DATA, text_of(tables[0]["id"]) or "", "chartCustomizations"

        def document() -> Any:  # noqa: ANN401 - any JSON value
            found = json_of(charts)
            # What was never customized has no config.
            return None if found in (None, {}) else {"chartCustomizations": found}

        return self._lower(document, place, moment, CHARTS)

    def _lower(
        self, document: Callable[[], Any], place: tuple[str, str, str], moment: datetime, rank: int
    ) -> list[Candidate]:
        """Read a config that is a part of another row."""
        table, row_id, part = place
        try:
            found = document()
            return [] if found is None else [Candidate(table, row_id, read_config(found, self._settings), moment, rank)]
        except (Refused, StoreError) as exc:
            refused = Refused.by(exc) if isinstance(exc, StoreError) else exc
            self._result.refused.append(Finding(table, row_id, refused.reason, refused.detail, part))
            return []

    def _newest_by_session(self, rows: Iterable[tuple[str | None, Candidate]]) -> dict[str, Candidate]:
        """Return the newest row of each session, the newest session last."""
        newest: dict[str, Candidate] = {}
        for session, candidate in rows:
            if session is None:
                continue
            if older := newest.pop(session, None):
                self._decide(CONFIGS, older.row_id, "outranked", "Its session has a newer row.")
            newest[session] = candidate
        return newest

    def _drafts(self, sessions: dict[str, Candidate]) -> dict[str, Candidate]:
        """Return the rows that become drafts, by session."""
        drafts: dict[str, Candidate] = {}
        for session, candidate in reversed(sessions.items()):
            if not is_id(session):
                detail = "The sessionId cannot be that of a draft: 1 to 128 letters, digits, hyphens and underscores."
                self._result.refused.append(Finding(CONFIGS, candidate.row_id, "invalid-id", detail))
            elif len(drafts) < self._settings.max_drafts:
                drafts[session] = candidate
            else:
                detail = f"A project has at most {self._settings.max_drafts} drafts; newer sessions have them."
                self._decide(CONFIGS, candidate.row_id, "no-draft", detail)
        return drafts

    def _tables(self) -> list[Row]:
        """Return the rows of tables, the newest first."""
        found = []
        for row in self._rows.data:
            try:
                found.append((number_of(row["version"]), text_of(row["id"]) or "", row))
            except Refused as refused:
                self._refuse(DATA, row, refused)
        return [row for *_, row in sorted(found, key=lambda each: each[:2], reverse=True)]

    def _explain(self, configs: Sequence[Candidate], saved: Sequence[Candidate]) -> None:
        if not configs:
            return
        versions = {each.row_id for each in configs if each.is_saved}
        for each in saved:
            if each.row_id not in versions:
                self._decide(CONFIGS, each.row_id, "same-content", "The next row has the same config.")
        *older, newest = configs
        if not newest.is_saved:
            self._decide(newest.table, newest.row_id, "config", RANKS[newest.rank])
        for each in older:
            self._decide(each.table, each.row_id, "history", "Another config is newer or has precedence.")

    def _refuse(self, table: str, row: Row, refused: Refused) -> None:
        self._result.refused.append(Finding(table, text_of(row["id"]) or "", refused.reason, refused.detail))

    def _decide(self, table: str, row_id: str, word: str, detail: str) -> None:
        self._result.decisions.append(Finding(table, row_id, word, detail))


def number_of(value: Any) -> int:  # noqa: ANN401
    """Read a version, which may be a text. Raises Refused."""
    try:
        return int(text_of(value) or "")
    except ValueError as exc:
        raise Refused("bad-version", "The version is not a whole number.") from exc
