"""What the contract promises about a project and its configs, as a dict of versions without the service's code.

Only the order of members after an undo is that of the service's pure `merge`, which has tests of its own.
A `ProjectStore` is the project as its user sees it. The model is one, and so is each layer of the service that it is
compared with. `age` asks the service about versions that history may, but need not, still hold.
"""

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, Protocol

import jsonpatch

from dashboard_store.documents.merge import merge
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.member_ids import member_id

PROJECT = "p"
EMPTY: dict[str, Any] = {"chartCustomizations": {}}

HISTORY = timedelta(days=90)
# A version may stay in history a week longer than promised.
SLACK = timedelta(days=7)
DRAFT = timedelta(days=30)
RESTORABLE = timedelta(days=30)

type When = int | Literal["any", "first", "whatever"]
"""The precondition: `If-Match: "<version>"`, `If-Match: *`, `If-None-Match: *` or none."""

type Document = dict[str, Any]
type Operations = list[Document]
"""A JSON Patch."""


class Refusal(Enum):
    ABSENT = "no such project or version"
    TAKEN = "the id is taken"
    INVALID = "no config"


@dataclass(frozen=True)
class Accepted:
    """The version after a call; `config` as unordered JSON if the response has it.

    If the call repeats a save, `version` is the one that the save made, and `current` the newest.
    """

    version: int
    merged: bool = False
    config: str | None = None
    current: int | None = None


@dataclass(frozen=True)
class Refused:
    """A conflict; `current` is all of its details, as unordered JSON."""

    current: str

    @classmethod
    def of(cls, current: Document) -> "Refused":
        places = {"conflicts": sorted(current["conflicts"])} if "conflicts" in current else {}
        return cls(unordered({**current, **places}))


type Outcome = Accepted | Refused | Refusal


@dataclass(frozen=True)
class Origin:
    source: str = "user"
    message: str | None = None
    key: str | None = None


class ProjectStore(Protocol):
    """One user's project, its config (the session "") and its drafts; a config of None is deleted."""

    def create(self, config: Document | None) -> Outcome: ...
    def rename(self, name: str, when: When) -> Outcome: ...
    def delete_project(self, when: When) -> Outcome: ...
    def restore_project(self) -> Outcome: ...
    def save(self, session: str, config: Document | None, when: When, origin: Origin) -> Outcome: ...
    def merge(self, session: str, config: Document, base: int, origin: Origin) -> Outcome: ...
    def patch(self, session: str, patch: Document, when: When, origin: Origin) -> Outcome: ...
    def operate(self, session: str, operations: Operations, base: int, origin: Origin, *, merges: bool) -> Outcome: ...
    def customize(self, session: str, charts: Document, when: When, origin: Origin) -> Outcome: ...
    def restore(self, session: str, version: int, when: When, origin: Origin) -> Outcome: ...
    def undo(self, session: str, version: int, when: When, origin: Origin) -> Outcome: ...

    def load(self, session: str) -> bytes | None:
        """Read the body of a GET, None without a project."""

    def version(self, session: str, version: int) -> bytes | None:
        """Read the body of a GET of a version, None if it does not exist."""

    def versions(self, session: str) -> list[Document] | None:
        """List all of history."""

    def project(self) -> Document | None: ...
    def projects(self) -> list[Document]: ...


def compact(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def unordered(document: Any) -> str:
    """Write a value as JSON with sorted members and equal numbers alike; true and 1 stay distinct."""
    return json.dumps(by_value(document), sort_keys=True)


def by_value(document: Any) -> Any:
    """Write equal numbers alike; true and 1 differ."""
    if isinstance(document, dict):
        return {name: by_value(value) for name, value in document.items()}
    if isinstance(document, list):
        return [by_value(value) for value in document]
    return int(document) if isinstance(document, float) and document.is_integer() else document


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


@dataclass
class Version:
    config: str | None
    body: bytes
    row: Document
    saved_at: datetime
    key: str | None = None
    replaced_at: datetime | None = None

    @property
    def document(self) -> Document | None:
        document: Document | None = None if self.config is None else json.loads(self.config)
        return document


@dataclass
class Line:
    """The versions of a config or of a draft that history holds, and the number of the newest."""

    newest: int = 0
    held: dict[int, Version] = field(default_factory=dict)

    @property
    def config(self) -> str | None:
        return self.held[self.newest].config if self.newest else None

    @property
    def document(self) -> Document | None:
        return self.held[self.newest].document if self.newest else None

    def holds(self, when: When) -> bool:
        match when:
            case "whatever":
                return True
            case "any":
                return self.newest > 0
            case "first":
                return self.newest == 0
        return when == self.newest


class Model:
    def __init__(self, now: Callable[[], datetime], read: Callable[[str, int], bytes | None], user: str) -> None:
        self._now = now
        self._user = user
        # The only user of the project saves every version.
        self._id = member_id("", ProjectAddress(user, PROJECT), user)
        # Reads a version from the service: the model does not predict the order of members after a merge.
        self._read = read
        self.lines: dict[str, Line] = {}
        self.present: Document | None = None
        self.deleted: tuple[Document, datetime] | None = None

    def copied(self) -> "Model":
        other = Model(self._now, self._read, self._user)
        state = copy.deepcopy((self.lines, self.present, self.deleted))
        other.lines, other.present, other.deleted = state
        return other

    # -- time ---------------------------------------------------------------------------------------------------------

    def age(self) -> None:
        """Drop the versions that history must no longer hold, and those that it need not hold and does not."""
        for session, line in list(self.lines.items()):
            if session and line.newest and self._now() >= line.held[line.newest].saved_at + DRAFT:
                self.lines[session] = Line()
                continue
            for number, version in list(line.held.items()):
                if number != line.newest and not self._stays(session, number, version):
                    del line.held[number]

    def _stays(self, session: str, number: int, version: Version) -> bool:
        assert version.replaced_at
        promised = version.saved_at + DRAFT if session else version.replaced_at + HISTORY
        most = version.replaced_at + (DRAFT if session else HISTORY + SLACK)
        if self._now() < promised:
            return True
        if self._now() >= most:
            return False
        # Unknown while the project is deleted; checked once it is restored.
        return self.present is None or self._read(session, number) is not None

    @property
    def id_is_free(self) -> bool | None:
        """Whether a project can be created under the id; None if the contract leaves it open."""
        if self.present:
            return False
        if self.deleted is None or self._now() >= self.deleted[1] + HISTORY + SLACK:
            return True
        return None if self._now() >= self.deleted[1] + RESTORABLE else False

    # -- projects -----------------------------------------------------------------------------------------------------

    def create(self, config: Document | None) -> Outcome:
        if not self.id_is_free:
            return Accepted(1) if self._is_as_created(config) else Refusal.TAKEN
        moment = written(self._now())
        self.present = {
            "id": PROJECT,
            "address": f"{base64.urlsafe_b64encode(self._user.encode()).decode().rstrip('=')}~{PROJECT}",
            "name": "P",
            "description": "",
            "version": 1,
            "createdAt": moment,
            "updatedAt": moment,
            "dashboardConfig": None,
            "data": None,
            "settings": {},
        }
        self.deleted, self.lines = None, {}
        if config is not None:
            self._add("", compact(config), Origin("import"), {})
        return Accepted(1)

    def _is_as_created(self, config: Document | None) -> bool:
        """Whether the project is what a repeated request to create it would make."""
        if self.present is None or (self.present["name"], self.present["version"]) != ("P", 1):
            return False
        if config is not None:
            return self.line("").newest == 1 and self.line("").config == compact(config)
        # In the moment of its creation, a config that was saved and deleted leaves no trace in its project.
        return self.present["dashboardConfig"] is None and self.present["updatedAt"] == self.present["createdAt"]

    def purge(self) -> None:
        """Forget the deleted project and free its id."""
        self.deleted = None

    def rename(self, name: str, when: When) -> Outcome:
        if self.present is None:
            return Refusal.ABSENT
        if name == self.present["name"]:
            return Accepted(self.present["version"])
        if not self._project_is(when):
            return self._project_refused(when)
        moment = written(self._now())
        self.present |= {"name": name, "version": self.present["version"] + 1, "updatedAt": moment}
        return Accepted(self.present["version"])

    def delete_project(self, when: When) -> Outcome:
        if self.present is None:
            return Refusal.ABSENT
        if not self._project_is(when):
            return self._project_refused(when)
        self.deleted = self.present, self._now()
        self.present = None
        return Accepted(0)

    def restore_project(self) -> Outcome:
        if self.present is None:
            if self.deleted is None or self._now() >= self.deleted[1] + RESTORABLE:
                return Refusal.ABSENT
            self.present, self.deleted = self.deleted[0], None
        return Accepted(self.present["version"])

    def _project_is(self, when: When) -> bool:
        assert self.present
        return Line(newest=self.present["version"]).holds(when)

    def _project_refused(self, when: When) -> Refused:
        assert self.present
        base = when if isinstance(when, int) else None
        return Refused.of({"currentVersion": self.present["version"], "current": self.present, "baseVersion": base})

    # -- configs ------------------------------------------------------------------------------------------------------

    def save(self, session: str, config: Document | None, when: When, origin: Origin) -> Outcome:
        outcome = self._write(session, lambda _: config, when, origin)
        # The response to a delete has no body.
        return Accepted(outcome.version) if config is None and isinstance(outcome, Accepted) else outcome

    def patch(self, session: str, patch: Document, when: When, origin: Origin) -> Outcome:
        outcome = self._write(session, lambda config: patched(config, patch), when, origin, forces=False)
        if not isinstance(outcome, Accepted):
            return outcome
        config = unordered(self.line(session).held[outcome.version].document) if outcome.version else "null"
        return replace(outcome, config=config)

    def operate(self, session: str, operations: Operations, base: int, origin: Origin, *, merges: bool) -> Outcome:
        line = self.line(session)
        if self.present is None:
            return Refusal.ABSENT
        if base not in {0, *line.held}:
            return self._repeated(line, base, origin, shows_config=True) or self._refused(line, base, None)
        mine = operated(line.held[base].document if base else None, operations)
        if mine is None:
            return Refusal.INVALID
        is_there = compact(mine) == line.config
        if is_there or line.holds(base):
            if not is_there:
                self._add(session, compact(mine), origin, {})
            return Accepted(line.newest, config=unordered(mine))
        repeated = self._repeated(line, base, origin, shows_config=True)
        return repeated or self._merge(session, mine, base, origin, merges=merges)

    def customize(self, session: str, charts: Document, when: When, origin: Origin) -> Outcome:
        return self._write(session, lambda config: {**(config or {}), "chartCustomizations": charts}, when, origin)

    def restore(self, session: str, version: int, when: When, origin: Origin) -> Outcome:
        line = self.line(session)
        if self.present is None or version not in line.held:
            return Refusal.ABSENT
        config = line.held[version].document
        return self._write(session, lambda _: config, when, origin, restoredFrom=version)

    def undo(self, session: str, version: int, when: When, origin: Origin) -> Outcome:
        line = self.line(session)
        if self.present is None or version not in line.held or version - 1 not in {0, *line.held}:
            return Refusal.ABSENT
        since = 0 if when == "first" else when if isinstance(when, int) else max(version, line.newest - 25)
        repeated = self._repeated(line, since, origin)
        if repeated:
            return repeated
        before = line.held[version - 1] if version > 1 else None
        mine, text = (before.document, before.config) if before else (None, None)
        if line.held[version].config != line.config:
            result, conflicts = self._joined(line, version, mine)
            if conflicts:
                return self._refused(line, version, conflicts)
            text = None if result is None else compact(merge(line.held[version].document, line.document, mine).document)
            assert unordered(result) == unordered(None if text is None else json.loads(text))
        if text != line.config:
            if not line.holds(when):
                return self._refused(line, version, [])
            self._add(session, text, origin, {"merged": True, "undoOf": version})
        return Accepted(line.newest, merged=True, config=unordered(line.document))

    def merge(self, session: str, config: Document, base: int, origin: Origin) -> Outcome:
        line = self.line(session)
        if self.present is None:
            return Refusal.ABSENT
        if line.holds(base) or (line.newest and line.config == compact(config)):
            return self._write(session, lambda _: config, base, origin)
        repeated = self._repeated(line, base, origin)
        if repeated:
            return repeated
        if base not in {0, *line.held}:
            return self._refused(line, base, None)
        return self._merge(session, config, base, origin)

    def _merge(self, session: str, config: Document, base: int, origin: Origin, *, merges: bool = True) -> Outcome:
        line = self.line(session)
        result, conflicts = self._joined(line, base, config)
        if conflicts or not merges:
            return self._refused(line, base, conflicts)
        left = self._read(session, line.newest + 1)
        is_there = unordered(result) == unordered(line.document)
        if left is None or unordered(json.loads(left)["config"]) != unordered(result):
            if not is_there:
                # The merge is not in history, so no outcome is right: another order may explain what is.
                return Refusal.ABSENT
            return Accepted(line.newest, merged=True, config=unordered(result))
        self._add(session, compact(json.loads(left)["config"]), origin, {"merged": True})
        return Accepted(line.newest, merged=True, config=unordered(result))

    def _repeated(self, line: Line, base: int, origin: Origin, *, shows_config: bool = False) -> Accepted | None:
        """Find what a save with this key made last in the 25 versions after its base."""
        for number in range(base + 25, base, -1):
            version = line.held.get(number)
            if version and origin.key and version.key == origin.key:
                merged = version.row.get("merged", False)
                config = unordered(version.document) if shows_config or merged else None
                return Accepted(number, merged, config, line.newest)
        return None

    def line(self, session: str) -> Line:
        return self.lines.setdefault(session, Line())

    def _write(
        self,
        session: str,
        edit: Callable[[Document | None], Document | None],
        when: When,
        origin: Origin,
        *,
        forces: bool = True,
        **marks: Any,
    ) -> Outcome:
        if self.present is None:
            return Refusal.ABSENT
        line = self.line(session)
        config, holds = edit(line.document), line.holds(when)
        if holds and not is_config(config):
            return Refusal.INVALID
        text = None if config is None else compact(config)
        if is_config(config) and text == line.config and (holds or line.newest):
            return Accepted(line.newest)
        if not holds:
            base = 0 if when == "first" else when
            repeated = self._repeated(line, base, origin) if isinstance(base, int) else None
            return repeated or self._conflict(line, edit, when)
        if forces and when == "any":
            marks["forced"] = True
        self._add(session, text, origin, marks)
        return Accepted(line.newest)

    def _add(self, session: str, text: str | None, origin: Origin, marks: dict[str, Any]) -> None:
        assert self.present
        line, moment = self.line(session), self._now()
        if line.newest:
            line.held[line.newest].replaced_at = moment
        line.newest += 1
        charts = 0 if text is None else len(json.loads(text)["chartCustomizations"])
        row = {
            "version": line.newest,
            "updatedAt": written(moment),
            "updatedBy": {"id": self._id},
            "source": origin.source,
            "chartCount": charts,
            "bytes": 0 if text is None else len(text.encode()),
            **marks,
        }
        row |= {"message": origin.message} if origin.message else {}
        row |= {"deleted": True} if text is None else {}
        written_body = body(text, line.newest, row["updatedAt"])
        line.held[line.newest] = Version(text, written_body, row, moment, origin.key)
        if not session:
            summary = {"version": line.newest, "updatedAt": row["updatedAt"], "chartCount": charts}
            self.present |= {"updatedAt": row["updatedAt"], "dashboardConfig": None if text is None else summary}

    def _conflict(self, line: Line, edit: Callable[[Document | None], Document | None], when: When) -> Refused:
        base = when if isinstance(when, int) else None
        if base is None or base not in {0, *line.held}:
            return self._refused(line, base, None)
        mine = edit(line.held[base].document if base else None)
        if not is_config(mine):
            return self._refused(line, base, None)
        return self._refused(line, base, self._joined(line, base, mine)[1])

    def _joined(self, line: Line, base: int, mine: Document | None) -> tuple[Document | None, list[str]]:
        if mine is not None and line.document is None:
            # A save means that the config is to exist, whatever it changed.
            return None, [""]
        before = line.held[base].document if base else None
        return joined(EMPTY if before is None else before, line.document, mine)

    def _refused(self, line: Line, base: int | None, conflicts: list[str] | None) -> Refused:
        row = line.held[line.newest].row if line.newest else {}
        current = {
            "currentVersion": line.newest,
            "current": line.document,
            "updatedAt": row.get("updatedAt"),
            **({"updatedBy": row["updatedBy"]} if row else {}),
            "source": row.get("source"),
            "baseVersion": base,
        }
        return Refused.of(current if conflicts is None else {**current, "conflicts": conflicts})

    # -- reads --------------------------------------------------------------------------------------------------------

    def load(self, session: str) -> bytes | None:
        if self.present is None:
            return None
        line = self.line(session)
        return line.held[line.newest].body if line.newest else b'{"config":null,"version":0,"updatedAt":null}'

    def version(self, session: str, version: int) -> bytes | None:
        held = self.line(session).held
        return held[version].body if self.present and version in held else None

    def versions(self, session: str) -> list[Document] | None:
        held = self.line(session).held
        return None if self.present is None else [held[number].row for number in sorted(held, reverse=True)]

    def project(self) -> Document | None:
        return self.present

    def projects(self) -> list[Document]:
        return [{name: value for name, value in self.present.items() if name != "settings"}] if self.present else []


def body(text: str | None, version: int, updated_at: str) -> bytes:
    """Write the body of a GET: JSON without spaces, with HTML's special characters escaped."""
    document = f'{{"config":{text or "null"},"version":{version},"updatedAt":"{updated_at}"}}'
    for character in "<>&\u2028\u2029":
        document = document.replace(character, f"\\u{ord(character):04x}")
    return document.encode()


def is_config(document: Document | None) -> bool:
    if document is None:
        return True
    charts = document.get("chartCustomizations")
    return isinstance(charts, dict) and all(isinstance(chart, dict) for chart in charts.values())


def patched(target: Any, patch: Any) -> Any:
    """Apply a merge patch as RFC 7396, section 2, defines it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


def operated(target: Document | None, operations: Operations) -> Document | None:
    """Apply a JSON Patch; None if it cannot be applied, or makes no config."""
    try:
        result: Document | None = jsonpatch.apply_patch(target, operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        return None
    return result if is_config(result) else None


_NOTHING = "there is no such member"


def joined(base: Any, theirs: Any, mine: Any, at: str = "") -> tuple[Any, list[str]]:
    """Merge two documents without arrays of identified objects, and name the places that both changed differently."""

    def alike(one: Any, other: Any) -> bool:
        return unordered(one) == unordered(other)

    if alike(base, mine) or alike(theirs, mine):
        return theirs, []
    if alike(base, theirs):
        return mine, []
    if not (isinstance(base, dict) and isinstance(theirs, dict) and isinstance(mine, dict)):
        return theirs, [at]
    result, conflicts = {}, []
    for name in {**base, **theirs, **mine}:
        old, saved, sent = (side.get(name, _NOTHING) for side in (base, theirs, mine))
        value, inside = joined(old, saved, sent, f"{at}/{name}")
        conflicts += inside
        if value != _NOTHING:
            result[name] = value
    return result, conflicts
