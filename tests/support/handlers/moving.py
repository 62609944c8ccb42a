"""A user who has one of everything, for tests that move users; and all that they and others are answered.

`ada` owns the projects, `bob` edits `sales`, `vic` views it, `tim` edits it through the team `crew`, `eve` was removed.
`olga` owns `theirs`, in which `ada` is an editor. Texts with `canary` occur nowhere else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from support.handlers.http_api import Reply

from dashboard_store.identifiers import ProjectAddress

NAMES: Final = ("ada", "bob", "vic", "tim", "eve", "olga")
TEAM: Final = "crew"
CLAIMS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{name: {"name": f"canary-{name}"} for name in NAMES},
    "tim": {"name": "canary-tim", "groups": [TEAM]},
    "ada": {"name": "canary-ada", "groups": [TEAM]},
}
PROJECTS: Final = ("sales", "empty", "cleared", "attic")
CSV: Final = {"fileName": "small.json", "rawData": [{"a": "=1", "b": 1.5}, {"b": -2, "c": None}]}
# Too large for an item, and hard to compress.
LARGE: Final = {"fileName": "large.json", "rawData": [{"n": index * 7_919 % 1_000_003} for index in range(20_000)]}
ODD: Final = {"z": -0.0, "a": 10**30, "m": 1.0, "one": 1, "tiny": 1e-7, "text": "<b> & \u2028 \\u003c 😀", "": [[], {}]}

_VOLATILE: Final = {
    "x-request-id",
    "date",
    "server",
    "content-length",
    "content-encoding",
    "connection",
    "apigw-requestid",
}
_OF_REQUESTS: Final = {"instance", "rawDataUrl"}
_CONTENTS: Final = {"config", "settings", "rawData", "analysis", "chartCustomizations", "dataSchema", "operations"}


class Person(Protocol):
    """Somebody with a client: of the handlers, or of a running stack."""

    def request(self, method: str, url: str, document: Any = None, **headers: str) -> Reply: ...


@dataclass
class Moving:
    """The people, by name, and their ids; what requests name beside them."""

    people: Mapping[str, Person]
    ids: Mapping[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def url(self, project: str, who: str = "ada") -> str:
        """Return the URL of a project as somebody names it."""
        owner = "olga" if project == "theirs" else "ada"
        named = project if who == owner else ProjectAddress(self.ids[owner], project).text
        return f"/api/projects/{named}"

    def done(self, who: str, method: str, url: str, document: Any = None, **headers: str) -> Any:
        reply = self.people[who].request(method, url, document, **headers)
        assert reply.status < 300, f"{who} {method} {url}: {reply.status} {reply.body!r}"
        return reply.json if reply.body else None


def charts(*titles: str) -> dict[str, Any]:
    return {"chartCustomizations": {f"c{number}": {"title": title} for number, title in enumerate(titles)}}


def make(world: Moving) -> None:
    """Create all projects."""
    for owner, project in (*(("ada", project) for project in PROJECTS), ("olga", "theirs")):
        settings = {"tags": [f"canary-{project}"], "fileInfo": {"odd": ODD}}
        world.done(owner, "POST", "/api/projects", {"id": project, "name": f"<{project}>", "settings": settings})
    _make_sales(world)
    _share_sales(world)
    save(world, "ada", "cleared", charts("gone"), 0)
    world.done("ada", "DELETE", f"{world.url('cleared')}/config", if_match='"1"')
    _make_attic(world)
    join(world, "ada", "theirs", "editor")
    save(world, "olga", "theirs", charts("of olga"), 0)
    save(world, "ada", "theirs", charts("canary-draft-of-ada"), 0, "sessionId=tab")


def save(world: Moving, who: str, project: str, config: Any, version: int, query: str = "", **headers: str) -> None:  # noqa: PLR0917
    """Save a config in place of a version."""
    url = f"{world.url(project, who)}/config?{query}"
    world.done(who, "PUT", url, config, if_match=f'"{version}"', **headers)


def join(world: Moving, who: str, project: str, role: str) -> None:
    """Let somebody in."""
    owner = "olga" if project == "theirs" else "ada"
    made = world.done(owner, "POST", f"{world.url(project, owner)}/invitations", {"role": role})
    world.done(who, "POST", "/api/invitations/accept", {"token": made["token"]})


def _make_sales(world: Moving) -> None:
    url = world.url("sales")
    save(world, "ada", "sales", charts("canary-first", "b"), 0, "message=canary-first-message")
    save(world, "ada", "sales", charts("a", "b"), 1, "message=canary-message")
    save(
        world,
        "ada",
        "sales",
        {**charts("a", "c"), "extensions": ODD},
        2,
        "source=autosave",
        idempotency_key="canary-key-1",
    )
    world.done("ada", "PUT", f"{url}/config?onConflict=merge", charts("a", "b", "merged"), if_match='"2"')
    world.done("ada", "POST", f"{url}/config/versions/2/undo")
    world.done("ada", "POST", f"{url}/config/versions/3/restore", None, if_match='"5"')
    world.done("ada", "DELETE", f"{url}/config/versions/1")
    save(world, "ada", "sales", charts("canary-draft"), 0, "sessionId=tab")
    save(world, "ada", "sales", charts("draft"), 1, "sessionId=tab")
    world.done("ada", "POST", f"{url}/data", {**CSV, "analysis": {"summary": "canary-analysis", "odd": ODD}})
    world.done("ada", "POST", f"{url}/data", LARGE)
    world.done("ada", "POST", f"{url}/data", {**CSV, "fileName": "canary-table.json"})
    world.done("ada", "PUT", f"{url}/data/analysis", {"analysis": {"summary": "newest"}}, if_match='"3"')
    world.done("ada", "PUT", f"{url}/data/schema", {"columns": {"b": {"name": "B"}}}, if_match='"3"')


def _share_sales(world: Moving) -> None:
    url = world.url("sales")
    world.done("ada", "PUT", f"{url}/teams/{TEAM}", {"role": "editor"})
    for who, role in (("bob", "editor"), ("vic", "viewer"), ("eve", "editor")):
        join(world, who, "sales", role)
    save(world, "eve", "sales", charts("by eve"), 6)
    eve = world.done("eve", "GET", f"{world.url('sales', 'eve')}/members")["you"]
    world.done("ada", "DELETE", f"{url}/members/{eve}")
    save(world, "bob", "sales", charts("by bob"), 7)
    save(world, "bob", "sales", charts("first draft of bob"), 0, "sessionId=tab")
    save(world, "bob", "sales", charts("canary-draft-of-bob"), 1, "sessionId=tab")
    save(world, "tim", "sales", charts("by tim"), 8)
    save(world, "tim", "sales", charts("canary-draft-of-tim"), 0, "sessionId=tab")
    invitation = world.done("ada", "POST", f"{url}/invitations", {"role": "viewer", "uses": 5})
    world.tokens["invitation"] = invitation["token"]
    for name, body in (("newest", {}), ("pinned", {"version": 2}), ("ending", {"expiresAt": "2999-01-01T00:00:00Z"})):
        world.tokens[name] = world.done("ada", "POST", f"{url}/links", body)["token"]


def _make_attic(world: Moving) -> None:
    url = world.url("attic")
    save(world, "ada", "attic", charts("canary-attic"), 0)
    save(world, "ada", "attic", charts("later"), 1)
    for table in (LARGE, CSV, {**LARGE, "fileName": "newest.json"}):
        world.done("ada", "POST", f"{url}/data", table)
    join(world, "bob", "attic", "editor")
    world.done("ada", "DELETE", url)


def routes(world: Moving, who: str, project: str) -> list[str]:
    """List what somebody reads of a project; little if nobody has let them in."""
    url = world.url(project, who)
    if who != "ada" and project != "sales":
        return [url, f"{url}/config", f"{url}/data"]
    versions = range(1, 11)
    return [
        url,
        *(f"{url}/config{query}" for query in ("", "?sessionId=tab", "?sessionId=none")),
        *(f"{url}/config/versions{query}" for query in ("", "?limit=2", "?limit=2&cursor=4", "?sessionId=tab")),
        *(f"{url}/config/versions/{number}" for number in versions),
        *(f"{url}/config/versions/{number}?sessionId=tab" for number in versions[:3]),
        *(f"{url}/config/versions/{number}/diff/{number + 1}" for number in versions),
        *(f"{url}/data{query}" for query in ("", "?include=dataSchema,analysis", "?format=csv", "?rows=0-9")),
        f"{url}/data/versions",
        *(f"{url}/data/versions/{number}{query}" for number in versions[:6] for query in ("", "?format=csv")),
        f"{url}/members",
    ]


def answers(world: Moving, projects: tuple[str, ...] = (*PROJECTS, "theirs")) -> dict[tuple[str, str], Any]:
    """Return what every person is answered on every route that reads, as far as it does not name the place."""
    lists = ("/api/projects", "/api/projects?include=dashboardConfig", "/api/projects?scope=shared")
    found: dict[tuple[str, str], Any] = {}
    for who in world.people:
        for url in (*lists, *(each for project in projects for each in routes(world, who, project))):
            found[who, url] = answer(world.people[who].request("GET", url))
    for name in ("newest", "pinned", "ending"):
        for part in ("config", "data"):
            found[name, part] = answer(world.people["eve"].request("GET", f"/api/links/{world.tokens[name]}/{part}"))
    for who in ("vic", "eve"):
        reply = world.people[who].request("POST", "/api/invitations/preview", {"token": world.tokens["invitation"]})
        found[who, "preview"] = answer(reply)
    return found


def answer(reply: Reply) -> Any:
    """Return a status, the headers and the body, without what differs from request to request."""
    headers = {name: value for name, value in reply.headers.items() if name not in _VOLATILE}
    is_json = "json" in headers.get("content-type", "")
    body = _texts(reply.json) if is_json and reply.body else reply.body
    if "location" in headers:
        headers["location"] = re.sub(r"\?.*", "", headers["location"])
    return int(reply.status), headers, body


def _texts(document: Any) -> list[str]:
    """Write a document, and again each part of it of which the order of the members matters.

    A database returns the members of what lists show in any order.
    """
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if name not in _OF_REQUESTS}
    return [json.dumps(document, sort_keys=True), *map(json.dumps, _contents(document))]


def _contents(document: Any) -> Iterator[Any]:
    if isinstance(document, dict):
        for name, value in sorted(document.items()):
            yield from [value] if name in _CONTENTS else _contents(value)
    elif isinstance(document, list):
        for value in document:
            yield from _contents(value)


def go_on(world: Moving) -> None:
    """Do what is possible only if everything is there: saves, an undo, a restore of a project, an invitation."""
    url = world.url("sales")
    repeated = world.done("ada", "PUT", f"{url}/config", {**charts("a", "c"), "extensions": ODD}, **_KEYED)
    assert (repeated["version"], repeated["replayed"]) == (3, True)
    save(world, "bob", "sales", charts("after"), 9)
    undone = world.done("tim", "POST", f"{world.url('sales', 'tim')}/config/versions/10/undo")
    assert undone["version"] == 11
    save(world, "bob", "sales", charts("draft goes on"), 2, "sessionId=tab")
    world.done("vic", "POST", "/api/invitations/accept", {"token": world.tokens["invitation"]})
    assert world.done("ada", "POST", f"{url}/data", CSV)["version"] == 5
    restored = world.done("ada", "POST", f"{world.url('attic')}/restore")
    assert restored["dashboardConfig"]["version"] == 2
    assert len(world.done("bob", "GET", f"{world.url('attic', 'bob')}/data/versions")["versions"]) == 3
    assert world.done("bob", "GET", f"{world.url('attic', 'bob')}/data/versions/1")["dataSchema"]["rowCount"] == 20_000
    save(world, "ada", "theirs", charts("next"), 1, "sessionId=tab")


_KEYED: Final = {"if_match": '"2"', "idempotency_key": "canary-key-1"}
