"""Whatever clients do to a project, in any order, it equals an independent model.

The same machine drives the repository, on each engine, and the HTTP layer. After each step everything that can be read
equals the model: each accepted save byte for byte, versions without gaps or duplicates, and all that history promises.
"""

import gzip
import json
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from itertools import chain, permutations
from typing import Any
from urllib.parse import urlencode

import jsonpatch
from conftest import Clock
from hypothesis import event, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.handlers.http_api import Client, Reply, apps
from support.storage.engines import Engine
from support.storage.model import (
    PROJECT,
    Accepted,
    Document,
    Model,
    Operations,
    Origin,
    Outcome,
    ProjectStore,
    Refusal,
    Refused,
    When,
    compact,
    patched,
    unordered,
)

from dashboard_store.documents.config import Config, never_saved_body
from dashboard_store.documents.config import Origin as SavedOrigin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.diff import operations
from dashboard_store.documents.json_patch import read_json_patch
from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import BadInput, ConfigConflict, NotFound, ProjectExists, VersionConflict
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.config_saves import SaveResult
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.settings import Settings
from dashboard_store.store import Store

# Time stands still during a step, so no limit per minute may end one.
SETTINGS = Settings("any", writes_per_minute=1_000_000)
SESSIONS = ("", "s1", "s2")


type Layer = Callable[[Engine, str, Callable[[], datetime]], ProjectStore]


# -- the two layers ---------------------------------------------------------------------------------------------------


def headers(when: When) -> dict[str, str]:
    match when:
        case "whatever":
            return {}
        case "any":
            return {"if_match": "*"}
        case "first":
            return {"if_none_match": "*"}
    return {"if_match": f'"{when}"'}


def keyed(when: When, origin: Origin) -> dict[str, str]:
    return headers(when) | ({"idempotency_key": origin.key} if origin.key else {})


class RepositoryStore:
    """The project through the repository's classes."""

    def __init__(self, engine: Engine, user: str, now: Callable[[], datetime]) -> None:
        items = Items(engine, engine.table_name, pause=lambda _: None)
        self._store = Store(SETTINGS, items, now=now)
        self._address = ProjectAddress(user, PROJECT)

    def create(self, config: Document | None) -> Outcome:
        body = {"id": PROJECT, "name": "P", "settings": {"dashboardConfig": config}}
        new = read_new_project(body, SETTINGS)
        return _project(lambda: self._store.projects.create(self._address.owner, new).project)

    def rename(self, name: str, when: When) -> Outcome:
        def edit(project: Project) -> Project:
            return replace(project, name=name)

        return _project(lambda: self._store.projects.change(self._address, edit, _precondition(when)))

    def delete_project(self, when: When) -> Outcome:
        return _project(lambda: self._store.project_deletion.delete(self._address, _precondition(when)))

    def restore_project(self) -> Outcome:
        return _project(lambda: self._store.project_deletion.restore(self._address))

    def save(self, session: str, config: Document | None, when: When, origin: Origin) -> Outcome:
        made = None if config is None else _config(config)
        outcome = _saved(
            lambda: self._store.config_saves.save(
                self._address.config(session), made, _precondition(when), _origin(self._address, origin, when)
            )
        )
        return Accepted(outcome.version) if made is None and isinstance(outcome, Accepted) else outcome

    def merge(self, session: str, config: Document, base: int, origin: Origin) -> Outcome:
        made = _config(config)
        return _saved(
            lambda: self._store.config_saves.merge(
                self._address.config(session), made, base, _origin(self._address, origin, base), _config
            )
        )

    def patch(self, session: str, patch: Document, when: When, origin: Origin) -> Outcome:
        def edit(config: Document | None) -> Config:
            return _config(patched(config, patch))

        given = _unforced(self._address, origin)
        return _saved(
            lambda: self._store.config_saves.change(self._address.config(session), edit, _precondition(when), given),
            shows_config=True,
        )

    def operate(self, session: str, operations: Operations, base: int, origin: Origin, *, merges: bool) -> Outcome:
        patch, place = read_json_patch(operations, SETTINGS), self._address.config(session)
        read = _config if merges else None
        return _saved(
            lambda: self._store.config_saves.patch(
                place, lambda config: _config(patch.applied(config)), base, _unforced(self._address, origin), read
            ),
            shows_config=True,
        )

    def customize(self, session: str, charts: Document, when: When, origin: Origin) -> Outcome:
        def edit(config: Document | None) -> Config:
            return _config({**(config or {}), "chartCustomizations": charts})

        return _saved(
            lambda: self._store.config_saves.change(
                self._address.config(session), edit, _precondition(when), _origin(self._address, origin, when)
            )
        )

    def restore(self, session: str, version: int, when: When, origin: Origin) -> Outcome:
        def restored() -> SaveResult:
            (found,) = self._store.configs.versions(self._address.config(session), version)
            document = found.config()
            config = None if document is None else _config(document)
            given = _origin(self._address, origin, when, restored_from=version)
            return self._store.config_saves.save(self._address.config(session), config, _precondition(when), given)

        return _saved(restored)

    def undo(self, session: str, version: int, when: When, origin: Origin) -> Outcome:
        place, given = self._address.config(session), _unforced(self._address, origin)
        return _saved(lambda: self._store.config_saves.undo(place, version, _precondition(when), given, _config))

    def load(self, session: str) -> bytes | None:
        try:
            newest = self._store.configs.newest(self._address.config(session))
        except NotFound:
            return None
        return gzip.decompress(newest.body or never_saved_body())

    def version(self, session: str, version: int) -> bytes | None:
        try:
            (found,) = self._store.configs.versions(self._address.config(session), version)
        except NotFound:
            return None
        return found.body and gzip.decompress(found.body)

    def versions(self, session: str) -> list[Document] | None:
        rows: list[Document] = []
        before = None
        while True:
            try:
                page, before = self._store.configs.history(self._address.config(session), 3, before)
            except NotFound:
                return None
            rows += map(dict, page)
            if before is None:
                return rows

    def project(self) -> Document | None:
        try:
            return self._store.projects.get(self._address)
        except NotFound:
            return None

    def projects(self) -> list[Document]:
        return list(self._store.projects.page(self._address.owner, 25, None).projects)


def _project(call: Callable[[], Document | None]) -> Outcome:
    def accepted(project: Document | None) -> Accepted:
        return Accepted(project["version"] if project else 0)

    return _attempt(call, accepted)


def _saved(call: Callable[[], SaveResult], *, shows_config: bool = False) -> Outcome:
    def accepted(saved: SaveResult) -> Accepted:
        config = unordered(saved.shown.config()) if shows_config or saved.merged else None
        return Accepted(saved.shown.version, saved.merged, config, saved.newest.version if saved.repeated else None)

    return _attempt(call, accepted)


def _attempt[Result](call: Callable[[], Result], accepted: Callable[[Result], Accepted]) -> Outcome:
    try:
        return accepted(call())
    except ProjectExists:
        return Refusal.TAKEN
    except NotFound:
        return Refusal.ABSENT
    except BadInput:
        return Refusal.INVALID
    except VersionConflict as conflict:
        return Refused.of(_details(conflict))


def _details(conflict: VersionConflict) -> Document:
    """Return all that a conflict carries, under the names of the contract."""
    details = {"currentVersion": conflict.version, "current": conflict.document, "baseVersion": conflict.base}
    if isinstance(conflict, ConfigConflict):
        by = {"updatedBy": {"id": conflict.updated_by}} if conflict.updated_by else {}
        details |= {"updatedAt": conflict.updated_at, "source": conflict.source, **by}
        if conflict.conflicts is not None:
            details["conflicts"] = list(conflict.conflicts)
    return details


def _config(document: Document) -> Config:
    return read_config(document, SETTINGS)


def _precondition(when: When) -> Precondition:
    sent = headers(when)
    return Precondition.from_headers(sent.get("if_match"), sent.get("if_none_match"))


def _origin(address: ProjectAddress, origin: Origin, when: When, restored_from: int | None = None) -> SavedOrigin:
    is_forced = _precondition(when).is_forced
    return _unforced(address, origin)._replace(forced=is_forced, restored_from=restored_from)


def _unforced(address: ProjectAddress, origin: Origin) -> SavedOrigin:
    by = member_id(SETTINGS.log_key, address, address.owner)
    return SavedOrigin(origin.source, origin.message, key=origin.key, by=by)


class HttpStore:
    """The project through the handlers, from event to response."""

    def __init__(self, engine: Engine, user: str, now: Callable[[], datetime]) -> None:
        settings = replace(SETTINGS, table_name=engine.table_name)
        for app in apps():
            app.connect(Store(settings, Items(engine, engine.table_name), now=now))
        self._client = Client(user)
        self._url = f"/api/projects/{PROJECT}"

    def create(self, config: Document | None) -> Outcome:
        body = {"id": PROJECT, "name": "P", "settings": {"dashboardConfig": config}}
        return _outcome(self._client.post("/api/projects", body))

    def rename(self, name: str, when: When) -> Outcome:
        return _outcome(self._client.patch(self._url, {"name": name}, **headers(when)))

    def delete_project(self, when: When) -> Outcome:
        return _outcome(self._client.delete(self._url, **headers(when)))

    def restore_project(self) -> Outcome:
        return _outcome(self._client.request("POST", f"{self._url}/restore"))

    def save(self, session: str, config: Document | None, when: When, origin: Origin) -> Outcome:
        method = "DELETE" if config is None else "PUT"
        return _outcome(self._client.request(method, self._config(session, origin), config, **keyed(when, origin)))

    def merge(self, session: str, config: Document, base: int, origin: Origin) -> Outcome:
        url = f"{self._config(session, origin)}&onConflict=merge"
        return _outcome(self._client.put(url, config, **keyed(base, origin)))

    def patch(self, session: str, patch: Document, when: When, origin: Origin) -> Outcome:
        return _outcome(self._client.patch(self._config(session, origin), patch, **keyed(when, origin)))

    def operate(self, session: str, operations: Operations, base: int, origin: Origin, *, merges: bool) -> Outcome:
        url = self._config(session, origin) + ("&onConflict=merge" if merges else "")
        sent = {"content_type": "application/json-patch+json", **keyed(base, origin)}
        return _outcome(self._client.patch(url, operations, **sent))

    def customize(self, session: str, charts: Document, when: When, origin: Origin) -> Outcome:
        url = f"{self._url}/data/customizations?{_query(session, origin)}"
        return _outcome(self._client.put(url, {"chartCustomizations": charts}, **keyed(when, origin)))

    def restore(self, session: str, version: int, when: When, origin: Origin) -> Outcome:
        url = self._config(session, origin, f"/versions/{version}/restore")
        return _outcome(self._client.request("POST", url, **keyed(when, origin)))

    def undo(self, session: str, version: int, when: When, origin: Origin) -> Outcome:
        url = self._config(session, origin, f"/versions/{version}/undo")
        return _outcome(self._client.request("POST", url, **keyed(when, origin)))

    def load(self, session: str) -> bytes | None:
        return _found(self._client.get(self._config(session)))

    def version(self, session: str, version: int) -> bytes | None:
        return _found(self._client.get(self._config(session, part=f"/versions/{version}")))

    def versions(self, session: str) -> list[Document] | None:
        rows: list[Document] = []
        cursor = ""
        while True:
            reply = self._client.get(f"{self._config(session, part='/versions')}&limit=3{cursor}")
            if reply.status == HTTPStatus.NOT_FOUND:
                return None
            rows += reply.json["versions"]
            if reply.json["nextCursor"] is None:
                return rows
            cursor = f"&cursor={reply.json['nextCursor']}"

    def project(self) -> Document | None:
        found = _found(self._client.get(self._url))
        if found is None:
            return None
        project: Document = json.loads(found)
        # The role is the reader's, and no part of the project.
        assert project.pop("role") == "owner"
        return project

    def projects(self) -> list[Document]:
        projects: list[Document] = self._client.get("/api/projects").json["projects"]
        return projects

    def _config(self, session: str, origin: Origin | None = None, part: str = "") -> str:
        return f"{self._url}/config{part}?{_query(session, origin or Origin())}"


def _query(session: str, origin: Origin) -> str:
    given = {"source": origin.source, "message": origin.message, "sessionId": session}
    return urlencode({name: value for name, value in given.items() if value})


def _found(reply: Reply) -> bytes | None:
    assert reply.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}
    return reply.body if reply.status == HTTPStatus.OK else None


def _outcome(reply: Reply) -> Outcome:
    match reply.status:
        case HTTPStatus.OK | HTTPStatus.CREATED:
            version, merged = (reply.json.get(name) for name in ("version", "merged"))
            config = unordered(reply.json["config"]) if "config" in reply.json else None
            assert reply.headers["etag"] == f'"{version}"'
            current = reply.json["currentVersion"] if reply.json.get("replayed") else None
            return Accepted(version, bool(merged), config, current)
        case HTTPStatus.NO_CONTENT:
            return Accepted(int(reply.headers.get("etag", '"0"').strip('"')))
        case HTTPStatus.NOT_FOUND:
            return Refusal.ABSENT
        case HTTPStatus.CONFLICT:
            return Refusal.TAKEN
        case HTTPStatus.PRECONDITION_FAILED:
            problem = ("type", "title", "status", "detail", "instance")
            return Refused.of({name: value for name, value in reply.json.items() if name not in problem})
    assert reply.code == "invalid-config", reply.json
    return Refusal.INVALID


# -- operations -------------------------------------------------------------------------------------------------------


class InterruptibleClock(Clock):
    """A clock that runs an interruption, in the middle of an operation, when it is read after so many earlier reads."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.interruption: Callable[[], None] | None = None

    def __call__(self) -> datetime:
        self.reads -= 1
        if self.interruption and self.reads < 0:
            interruption, self.interruption = self.interruption, None
            interruption()
        return self.moment


@dataclass(frozen=True)
class Call:
    """One call of a store; its precondition names a version, or an offset from the newest one.

    What a restore names is so far behind the newest version; an undo names a version, or such an offset from 0 down.
    """

    name: str
    session: str = ""
    argument: Any = None
    when: str | int = "newest"
    off: int = 0
    origin: Origin = field(default_factory=Origin)
    merges: bool = False

    def fixed(self, model: Model) -> "Call":
        """Return the call with the version that is newest now, as a client names it that saw no other."""
        return self if self.when == "whatever" else replace(self, when=model.line(self.session).newest)

    def bound(self, model: Model) -> Callable[[ProjectStore], Outcome]:
        """Return the call with the version numbers as they are now."""
        newest = model.line(self.session).newest
        project = model.present["version"] if model.present else 1
        is_project = self.name in {"rename", "delete_project"}
        when: Any = max(0, (project if is_project else newest) + self.off) if self.when == "newest" else self.when
        argument = max(1, newest - self.argument) if self.name == "restore" else self.argument
        if self.name == "undo" and self.argument <= 0:
            argument = max(1, newest + self.argument)
        note(f"{self.name} {self.session!r} {'' if argument is None else compact(argument)} when {when}")
        match self.name:
            case "create":
                return lambda store: store.create(argument)
            case "rename":
                return lambda store: store.rename(argument, when)
            case "delete_project":
                return lambda store: store.delete_project(when)
            case "restore_project":
                return lambda store: store.restore_project()
            case "merge":
                base = when if isinstance(when, int) else newest
                return lambda store: store.merge(self.session, argument, base, self.origin)
        more = {"merges": self.merges} if self.name == "operate" else {}
        return lambda store: getattr(store, self.name)(self.session, argument, when, self.origin, **more)


values = st.sampled_from([None, True, 1, 1.0, 2**70, "<b>é\u2028", [1, 2], {"z": 1, "a": 2}])
charts = st.dictionaries(
    st.sampled_from("cab"), st.dictionaries(st.sampled_from(["title", "x"]), values, max_size=2), max_size=3
)
configs = st.fixed_dictionaries({"chartCustomizations": charts}, optional={"theme": st.sampled_from(["dark", "light"])})
# A merge patch that names no version may not have an array.
plain_values = values.filter(lambda value: not isinstance(value, list))
patches = st.fixed_dictionaries(
    {},
    optional={
        "theme": st.sampled_from(["dark", None]),
        "chartCustomizations": st.dictionaries(
            st.sampled_from("cab"),
            st.none() | st.dictionaries(st.sampled_from(["title", "x"]), plain_values),
            max_size=2,
        )
        | st.none(),
    },
)
places = st.sampled_from(["/theme", *(f"/chartCustomizations/{name}" for name in "cab"), "/chartCustomizations/a/x"])
json_patches = st.lists(
    st.builds(lambda path, value: {"op": "add", "path": path, "value": value}, places, values | st.just({"x": [1]}))
    | st.builds(lambda op, path: {"op": op, "path": path}, st.just("remove"), places)
    | st.builds(lambda source, path: {"op": "move", "from": source, "path": path}, places, places)
    | configs.map(lambda config: {"op": "add", "path": "", "value": config}),
    min_size=1,
    max_size=2,
)
origins = st.builds(
    Origin,
    st.sampled_from(["user", "autosave", "ai", "localStorage"]),
    st.sampled_from([None, "a note"]),
    st.sampled_from([None, "the-first-key", "the-second-key"]),
)
sessions = st.sampled_from(["", *SESSIONS])
whens = st.sampled_from(["newest"] * 4 + ["any", "first"])
offs = st.sampled_from([0, 0, 0, -1, -2, 1])


def calls(name: str, argument: st.SearchStrategy[Any], when: st.SearchStrategy[Any] = whens) -> st.SearchStrategy[Call]:
    return st.builds(Call, st.just(name), sessions, argument, when, offs, origins)


saves = calls("save", configs) | calls("save", configs) | calls("save", st.none())
edits = (
    saves
    | calls("merge", configs, st.sampled_from(["newest", 0, 1]))
    | calls("patch", patches, st.sampled_from(["whatever", "newest", "any"]))
    | st.builds(Call, st.just("operate"), sessions, json_patches, st.just("newest"), offs, origins, st.booleans())
    | calls("customize", charts)
    | calls("restore", st.integers(0, 4))
    | calls("undo", st.integers(-4, 2), st.sampled_from(["whatever", "whatever", "newest", "any", "first"]))
)
with_key = st.builds(Origin, key=st.sampled_from(["the-first-key", "the-second-key"]))
keyed_saves = st.one_of(
    st.builds(Call, st.sampled_from(["save", "save", "merge"]), sessions, configs, origin=with_key),
    st.builds(Call, st.just("save"), sessions, st.none(), origin=with_key),
    st.builds(Call, st.just("patch"), sessions, patches, origin=with_key),
    st.builds(Call, st.just("customize"), sessions, charts, origin=with_key),
    st.builds(Call, st.just("operate"), sessions, json_patches, origin=with_key, merges=st.booleans()),
    st.builds(
        Call,
        st.just("undo"),
        sessions,
        st.integers(1, 3),
        st.sampled_from(["newest", "whatever"]),
        origin=with_key,
    ),
)
of_projects = st.one_of(
    calls("rename", st.sampled_from(["P", "Q"])),
    calls("delete_project", st.none(), st.sampled_from(["whatever", "newest"])),
    calls("restore_project", st.none()),
)


@dataclass(frozen=True)
class Turn:
    """What a writer does with the config that it saw last; after a refusal it may continue from the newest."""

    writer: str
    patch: Document
    merges: bool
    adopts: bool


# Calls that read before they write, and calls to interrupt them: those that change something in most states.
stale = st.sampled_from([-2, -1, -1, 0])
interruptible = (
    st.builds(Call, st.just("patch"), sessions, patches, st.just("whatever"))
    | st.builds(Call, st.just("merge"), sessions, configs, st.just("newest"), stale)
    | calls("save", configs)
    | calls("customize", charts, st.just("any"))
    | st.builds(Call, st.just("undo"), sessions, st.integers(-2, 0), st.sampled_from(["whatever", "newest"]))
    | st.builds(Call, st.just("rename"), st.just(""), st.sampled_from(["P", "Q"]))
    | st.builds(Call, st.just("delete_project"), when=st.sampled_from(["whatever", "newest"]))
)
interrupting = (
    st.builds(Call, st.just("patch"), argument=patches, when=st.just("whatever"))
    | st.builds(Call, st.just("save"), argument=configs, when=st.sampled_from(["any", "newest"]))
    | st.builds(Call, st.just("rename"), argument=st.sampled_from(["P", "Q", "R"]))
    | st.builds(Call, st.just("delete_project"), when=st.just("whatever"))
)

# Days before and after a save: within and beyond the promised retention of the version that it replaces.
RESTS = [(1, 89), (6, 84), (8, 89), (400, 89), (6, 98), (29, 29), (29, 31)]

members = st.dictionaries(st.sampled_from(["title", "x"]), values, min_size=1, max_size=1)
turns = st.builds(
    Turn,
    st.sampled_from(["left", "right"]),
    st.one_of(
        st.builds(
            lambda name, chart: {"chartCustomizations": {name: chart}}, st.sampled_from("cab"), st.none() | members
        ),
        st.builds(lambda theme: {"theme": theme}, st.sampled_from(["dark", "light", None])),
    ),
    st.booleans(),
    st.booleans(),
)


class Dashboards(RuleBasedStateMachine):
    def __init__(self, engine: Engine, layer: Layer) -> None:
        super().__init__()
        self.engine = engine
        self.user = f"user-{uuid.uuid4()}"
        engine.create_table()
        self.clock = InterruptibleClock()
        self.store = layer(engine, self.user, self.clock)
        # Interruptions come from another function, which has its own resources.
        self.other: ProjectStore = RepositoryStore(engine, self.user, self.clock)
        self.model = Model(lambda: self.clock.moment, self.store.version, self.user)
        self.seen: dict[tuple[str, str], tuple[int, Document | None]] = {}

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.read_everything()
        finally:
            self.engine.remove_table()

    @initialize(config=st.none() | configs)
    def create(self, config: Document | None) -> None:
        self.perform(Call("create", argument=config))

    def perform(self, call: Call) -> Outcome:
        """Make a call to the store and to the model: the outcomes are the same, and so are the states after it."""
        bound = call.bound(self.model)
        found = bound(self.store)
        expected = bound(self.model)
        note(f"  → {found}")
        event(f"{call.name}: {found if isinstance(found, Refusal) else type(found).__name__}")
        assert found == expected
        assert self.store.load(call.session) == self.model.load(call.session)
        assert self.store.project() == self.model.project()
        self.model.age()
        return found

    @rule(calls=st.lists(edits, min_size=1, max_size=6))
    def edit(self, calls: list[Call]) -> None:
        """Save, delete, patch, merge, restore or undo configs, under any precondition."""
        for call in calls:
            self.perform(call)

    @precondition(lambda self: self.model.present)
    @rule(
        call=keyed_saves,
        before=st.sampled_from([0, 0, 0, 1, 24, 25]),
        after=st.integers(0, 2),
        config=configs,
    )
    def repeat(self, call: Call, before: int, after: int, config: Document) -> None:
        """Repeat a save that took effect, with the base of a client that missed others before and after it."""
        repetition = call.fixed(self.model)
        for number in range(before + after + 1):
            if number == before:
                self.perform(call)
            else:
                self.perform(Call("save", call.session, {**config, "theme": f"save {number}"}))
        outcome = self.perform(repetition)
        event(f"repeated: {isinstance(outcome, Accepted) and outcome.current is not None}")

    @rule(
        session=sessions,
        edits=st.lists(patches, min_size=1, max_size=3),
        undos=st.lists(st.tuples(st.integers(-3, 0), offs), min_size=1, max_size=4),
    )
    def take_back(self, session: str, edits: list[Document], undos: list[tuple[int, int]]) -> None:
        """Edit a config, then undo some of its versions, undos among them."""
        for patch in edits:
            self.perform(Call("patch", session, patch, "whatever"))
        for version, off in undos:
            self.perform(Call("undo", session, version, "newest" if off else "whatever", off))

    @rule(call=of_projects)
    def change_the_project(self, call: Call) -> None:
        """Rename or delete the project, or restore it, deleted or not."""
        self.perform(call)

    @rule(config=st.none() | configs)
    def create_again(self, config: Document | None) -> None:
        """Create a project under a taken id, or under that of a deleted project, of which the new one has nothing."""
        if self.model.id_is_free is None:
            # Too late to restore the deleted project and too early to rely on its id: both outcomes are right.
            if self.store.create(None) is Refusal.TAKEN:
                return
            self.model.purge()
            self.model.create(None)
        else:
            self.perform(Call("create", argument=config))
        self.read_everything()

    @rule(
        days=st.sampled_from([0, 29, 30, 31, 31, 98, 400]),
        seconds=st.integers(-1, 0),
        is_removed=st.booleans(),
        is_replaced=st.booleans(),
    )
    def leave_deleted(self, days: int, seconds: int, *, is_removed: bool, is_replaced: bool) -> None:
        """Delete the project, and restore it after some time with all its content, unless it is gone for good."""
        self.perform(Call("delete_project", when="whatever"))
        self.wait(days, seconds)
        if is_removed:
            self.remove_what_expired()
        if is_replaced:
            self.create_again(None)
        self.perform(Call("restore_project"))
        self.read_everything()

    @rule(session=sessions, rests=st.lists(st.sampled_from(RESTS), min_size=1, max_size=3))
    def rest_between_saves(self, session: str, rests: list[tuple[int, int]]) -> None:
        """Let a config rest before it is saved again: its retention in history begins when it is replaced."""
        for days in chain(*rests):
            theme = f"save {self.model.line(session).newest + 1} after {days}"
            self.perform(Call("save", session, {"chartCustomizations": {}, "theme": theme}))
            self.wait(days, 0)
            assert self.store.versions(session) == self.model.versions(session)
        self.read_everything()

    @precondition(lambda self: self.model.present)
    @rule(
        pairs=st.lists(
            st.tuples(interruptible, interrupting, st.sampled_from([0, 0, 1, 2, 3, 4])), min_size=1, max_size=5
        )
    )
    def interrupt(self, pairs: list[tuple[Call, Call, int]]) -> None:
        """Interrupt one operation by another: the outcome is that of one after the other."""
        for call, other, reads in pairs:
            self.perform_interrupted(call, replace(other, session=call.session), reads)

    def perform_interrupted(self, call: Call, other: Call, reads: int) -> None:
        bound, interruption = call.bound(self.model), other.bound(self.model)
        interrupted: list[Outcome] = []
        self.clock.reads = reads
        self.clock.interruption = lambda: interrupted.append(interruption(self.other))
        outcome = bound(self.store)
        self.clock.interruption = None
        found = [(bound, outcome), *((interruption, each) for each in interrupted)]
        note(f"  → {outcome}, meanwhile {interrupted}")
        event(f"interrupted: {bool(interrupted)}")
        for order in permutations(found):
            model = self.model.copied()
            if all(each(model) == result for each, result in order) and self.agrees_with(model):
                self.model = model
                self.model.age()
                return
        raise AssertionError("no order of the two explains their outcomes and the state after them")

    def agrees_with(self, model: Model) -> bool:
        newest = all(self.store.load(session) == model.load(session) for session in SESSIONS)
        return newest and self.store.project() == model.project()

    @rule(session=sessions, turns=st.lists(turns, min_size=2, max_size=6))
    def take_turns(self, session: str, turns: list[Turn]) -> None:
        """Let two writers edit what each saw last, and save or merge it; after a refusal they may adopt the newest."""
        for turn in turns:
            version, config = self.seen.get((turn.writer, session), (0, None))
            edited = {"chartCustomizations": {}, **patched(config, turn.patch)}
            outcome = self.perform(Call("merge" if turn.merges else "save", session, edited, version))
            if isinstance(outcome, Accepted):
                saved = edited if outcome.config is None else json.loads(outcome.config)
                self.seen[turn.writer, session] = outcome.version, saved
            elif isinstance(outcome, Refused) and turn.adopts:
                current = json.loads(outcome.current)
                self.seen[turn.writer, session] = current["currentVersion"], current["current"]

    @rule(days=st.sampled_from([0, 1, 7, 23, 30, 60, 90, 97]), seconds=st.integers(-1, 1))
    def wait(self, days: int, seconds: int) -> None:
        """Let time pass: what is promised for a number of days exists until then, to the second."""
        self.clock.advance(days=days, seconds=max(seconds, 0) if days == 0 else seconds)
        note(f"after {days} days and {seconds} s")
        self.model.age()

    @rule()
    def remove_what_expired(self) -> None:
        """Remove expired items as the database does at some time, which no client notices."""
        for item in self.engine.items(keys.partition(self.user)):
            if "expiresAt" in item and int(item["expiresAt"]["N"]) <= self.clock.moment.timestamp():
                key = {name: item[name] for name in ("pk", "sk")}
                self.engine.call("DeleteItem", {"TableName": self.engine.table_name, "Key": key})
        self.read_everything()

    @rule(session=sessions, one=st.integers(0, 5), other=st.integers(0, 5))
    def compare(self, session: str, one: int, other: int) -> None:
        """Check that the diff of any two versions in history turns one into the other."""
        held = list(self.model.line(session).held.values())
        if held:
            before, after = held[one % len(held)].document, held[other % len(held)].document
            made = jsonpatch.apply_patch(before, operations(before, after))
            assert json.dumps(made, sort_keys=True) == json.dumps(after, sort_keys=True)

    @rule()
    def read_everything(self) -> None:
        """Check that history has every promised version, without gaps or duplicates, each of them byte for byte."""
        for session in SESSIONS:
            newest, listed = self.model.line(session).newest, self.store.versions(session)
            assert self.store.load(session) == self.model.load(session)
            assert listed == self.model.versions(session)
            numbers = [row["version"] for row in listed or ()]
            assert numbers == list(range(newest, newest - len(numbers), -1))
            for number in (newest + 1, *numbers, newest - len(numbers)):
                assert self.store.version(session, number) == self.model.version(session, number)
        assert self.store.project() == self.model.project()
        assert self.store.projects() == self.model.projects()


def explore(engine: Engine, layer: Layer) -> None:
    """Run the machine a tenth as often as the profile says, because each example has many steps."""

    class Machine(Dashboards):
        def __init__(self) -> None:
            super().__init__(engine, layer)

    profile = settings()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=profile.max_examples // 10, stateful_step_count=profile.stateful_step_count, deadline=None
        ),
    )


def test_the_repository_equals_the_model(served: Engine) -> None:
    """The repository's classes keep, refuse and remove what the model does, on each engine."""
    explore(served, RepositoryStore)


def test_the_http_layer_equals_the_model(dynoxide_engine: Engine) -> None:
    """The handlers keep, refuse and remove what the model does."""
    explore(dynoxide_engine, HttpStore)
