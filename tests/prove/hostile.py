"""Users whose requests shall take a function down: each case is what one of them sends, in turn.

The budgets do not hold yet for tables with many more cells than bytes, for files beyond a quarter of the largest, and
for what becomes of files: what these cost is in `reported_cases`. Left out are files of a single line.
"""

import gzip
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Protocol

from prove.shapes import DEPTH, PLACES, SHAPES, TRIPLES, body, listed, numbered
from support.handlers.http_api import Client, Reply
from support.inputs.unsafe_texts import TANGLED, tangled
from support.project.template import Route, routes

from dashboard_store.documents.json_text import compact
from dashboard_store.gateway.body import GZIP, JSON_PATCH, MERGE_PATCH, largest_body
from dashboard_store.repository.background_reads import READ_AT_ONCE
from dashboard_store.settings import Settings

DEFAULTS: Final = Settings(table_name="unused")
P: Final = "/api/projects/p"
CONFIG: Final = f"{P}/config"
DATA: Final = f"{P}/data"
LARGEST_SENT: Final = 4_600_000
"""The bytes that, as base64, fit into Lambda's event beside the headers."""


class Sender(Protocol):
    def __call__(self, event: Mapping[str, Any]) -> Reply: ...


@dataclass(frozen=True)
class Attacker(Client):
    """A user whose requests are measured; `put_object` sends a file to the bucket under a key.

    `faults` collects answers that a case did not expect.
    """

    sender: Sender
    put_object: Callable[[str, bytes], None]
    faults: list[str] = field(default_factory=list)

    def send(self, made: Mapping[str, Any]) -> Reply:
        reply = self.sender(made)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._fault(made, f"{reply.status} {reply.body[:300]!r}")
        return reply

    def ask(self, status: int, method: str, url: str, document: Any = None, **headers: str) -> Reply:
        """Send a request that is answered with a status."""
        made: Reply = self.request(method, url, document, **headers)
        if made.status != status:
            shown = f"{method} {url[:60]} {str(document)[:60]}"
            self.faults.append(f"{shown}: {made.status} instead of {status}: {made.body[:200]!r}")
        return made

    def compressed(self, method: str, url: str, body: Callable[[int], bytes], size: int, **headers: str) -> Reply:
        """Send a body of that size compressed; a smaller one, if compressed it would not fit through API Gateway."""
        content = gzip.compress(body(size), 1)
        if len(content) > LARGEST_SENT:
            content = gzip.compress(body(int(size * 0.9 * LARGEST_SENT / len(content))), 1)
        return self.request(method, url, content, content_type=GZIP, **headers)

    def zipped(self, method: str, url: str, text: str, **headers: str) -> Reply:
        return self.compressed(method, url, lambda _: text.encode(), 0, **headers)

    def start(self, config: Any = None) -> None:
        """Make the project `p`, and save its config's first version."""
        self.ask(201, "POST", "/api/projects", {"id": "p", "name": "P"})
        if config is not None:
            self.save(config, 0)

    def save(self, config: Any, version: int) -> None:
        """Replace a version of the config, compressed, and be answered 200."""
        text = compact(config)
        saved = self.zipped("PUT", CONFIG, text, if_match=f'"{version}"')
        if saved.status != HTTPStatus.OK:
            self.faults.append(f"A config of {len(text)} characters was not saved: {saved.status} {saved.body[:200]!r}")

    def announce(self, content: bytes, media_type: str) -> str:
        """Announce a file and send it; return the URL that completes the upload."""
        form = {"fileName": "t", "contentType": media_type, "bytes": len(content)}
        announced = self.ask(201, "POST", f"{DATA}/uploads", form).json
        self.put_object(announced["fields"]["key"], content)
        return f"{DATA}/uploads/{announced['uploadId']}/complete"

    def _fault(self, made: Mapping[str, Any], what: str) -> None:
        self.faults.append(f"{made['routeKey']} {str(made.get('body'))[:80]}: {what}")


type Case = Callable[[Attacker], None]


def cases() -> Iterator[tuple[str, Case]]:
    """Yield every case to which the budgets apply, by name."""
    for route, places in PLACES.items():
        for place in places:
            yield f"{route}, {place}", partial(shaped, route=route, place=place)
    for name in TRIPLES:
        yield f"merge: {name}", partial(merged, name=name)
    for name, operation in OPERATIONS.items():
        yield f"JSON Patch: {name}", partial(json_patched, operation=operation)
    for name, rows in TABLES.items():
        yield f"table: {name}", partial(uploaded, rows=rows)
    for name, file in FILES.items():
        yield f"file: {name}", partial(downloaded, file=file)
    for name, content in READINGS.items():
        yield f"reading: {name}", partial(read_otherwise, content=content)
    for each in routes():
        yield f"long headers: {each.key}", partial(long_headers, route=each)
    yield from {
        "unsafe texts": unsafe_texts,
        "a long history": long_history,
        "long projects": long_projects,
        "large configs in a list": large_configs,
        "everything is as long as it may be": full_project,
        "much to delete": much_to_delete,
        "plain bodies": plain_bodies,
    }.items()


def reported_cases() -> Iterator[tuple[str, Case]]:
    """Yield the cases whose costs are only reported, by name."""
    yield "a table of a hundred columns, one cell a row", partial(uploaded, rows=_SPARSE)


def path_of(route: Route, upload: str = "0" * 32) -> str:
    values = {"projectId": "p", "version": "1", "other": "2", "uploadId": upload}
    path = "/api/unknown" if route.path == "$default" else route.path
    return path.format_map(values) if "{" in path else path


def shaped(user: Attacker, route: str, place: str) -> None:
    """Send every shape at one place of a body, compressed and as large as the route lets it be."""
    user.start({"chartCustomizations": {}})
    method, _, path = route.partition(" ")
    size, url = largest_body(route, DEFAULTS), path.replace("{projectId}", "p")
    if "{uploadId}" in url:
        url = user.announce(b"a\n1\n", "text/csv")
    if url in {f"{DATA}/analysis", f"{DATA}/schema"}:
        user.ask(201, "POST", DATA, {"fileName": "t", "rawData": [{"a": 1}]})
    named = {} if method == "POST" else {"if_match": "*"}
    for shape in SHAPES.values():
        user.compressed(method, url, partial(body, shape, place), size, **named)


def merged(user: Attacker, name: str) -> None:
    """Save two versions; compare them; send a third config for the first as a save, a merge and patches."""
    base, theirs, mine = TRIPLES[name]()
    user.start(base)
    user.save(theirs, 1)
    for pair in ("1/diff/2", "2/diff/1"):
        user.ask(200, "GET", f"{CONFIG}/versions/{pair}")
    text = compact(mine)
    user.zipped("PUT", CONFIG, text, if_match='"1"')
    # Only now, because whatever is merged makes a version.
    user.ask(200, "PATCH", f"{CONFIG}?onConflict=merge", {"theme": "a"}, if_match='"1"', content_type=MERGE_PATCH)
    user.zipped("PATCH", f"{CONFIG}?onConflict=merge", text, if_match='"1"')
    operations = compact([{"op": "replace", "path": f"/{member}", "value": mine[member]} for member in base])
    user.zipped("PATCH", f"{CONFIG}?onConflict=merge", operations, if_match='"1"')
    user.zipped("PUT", f"{CONFIG}?onConflict=merge", text, if_match='"1"')
    user.ask(200, "GET", CONFIG)


_LIST: Final[list[dict[str, str]]] = [{}] * 60_000
_TEXT: Final = "<" * 200_000
OPERATIONS: Final[Mapping[str, tuple[Any, str]]] = {
    "add at the front": (_LIST, '{"op":"add","path":"/extensions/v/0","value":1}'),
    "remove at the front": (_LIST, '{"op":"remove","path":"/extensions/v/0"}'),
    "move from the front": (_LIST, '{"op":"move","from":"/extensions/v/0","path":"/extensions/v/-"}'),
    "move to the front": (_LIST, '{"op":"move","from":"/extensions/v/59999","path":"/extensions/v/0"}'),
    "replace at the front": (_LIST, '{"op":"replace","path":"/extensions/v/0","value":[]}'),
    "copy a list into itself": (_LIST, '{"op":"copy","from":"/extensions/v","path":"/extensions/v/-"}'),
    "copy a text": (_TEXT, '{"op":"copy","from":"/extensions/v","path":"/extensions/w"}'),
    "double": ([], '{"op":"copy","from":"/extensions","path":"/extensions/a"}'),
    "move down": ({}, '{"op":"move","from":"/extensions/v","path":"/extensions/w"}'),
    "replace everything": (_LIST, '{"op":"replace","path":"","value":{"chartCustomizations":{}}}'),
    "test the first": (_LIST, '{"op":"test","path":"/extensions/v/0","value":{}}'),
    "test an index of many digits": (_LIST, f'{{"op":"test","path":"/extensions/v/{"9" * 4_000}","value":1}}'),
    "test in the depth": (0, f'{{"op":"test","path":"{"/a" * 500}","value":1}}'),
    "long pointer": (0, f'{{"op":"add","path":"{"/a" * 250_000}","value":1}}'),
    "long escapes": (0, f'{{"op":"add","path":"/extensions/{"~0~1" * 125_000}","value":1}}'),
    "unknown operation": (0, '{"op":"a"}'),
    "nothing": (0, "{}"),
}


def json_patched(user: Attacker, operation: tuple[Any, str]) -> None:
    """Send one operation as often as a patch can hold it, for the newest version and to be merged with it."""
    value, text = operation
    user.start({"chartCustomizations": {}, "extensions": {"v": value}})
    operations = listed(text)(2 * DEFAULTS.max_config_bytes)
    user.request("PATCH", CONFIG, operations.encode(), if_match='"1"', content_type=JSON_PATCH)
    user.ask(200, "PATCH", CONFIG, {"theme": "a"}, content_type=MERGE_PATCH)
    user.zipped("PATCH", f"{CONFIG}?onConflict=merge", operations, if_match='"1"')


_CHANCE: Final = random.Random(20)  # noqa: S311 - the same every time
_COLUMNS: Final = [f"c{number}" for number in range(DEFAULTS.max_columns)]
_SPARSE: Final = listed(",".join(f'{{"c{number}":1}}' for number in range(100)))
TABLES: Final[Mapping[str, Callable[[int], str]]] = {
    "one integer": listed('{"v":1}'),
    "one list": listed('{"v":[]}'),
    "another type in each row": listed('{"v":1},{"v":"a"},{"v":true},{"v":null},{"v":[1]}'),
    "different texts": numbered("[", lambda number: f'{{"v":"{number} <b x=1>"}}', "]"),
    "integers of many digits": listed(f'{{"v":{"9" * 400}}}'),
    "a thousand columns": listed(compact(dict.fromkeys(_COLUMNS, 1))),
    "another column in each row": numbered("[", lambda number: f'{{"c{number}":1}}', "]"),
    "long texts": listed(compact({"v": "<b x=1>" * 130_000})),
    "nested cells": listed('{"v":' + "[" * DEPTH + "]" * DEPTH + "}"),
    "long names": listed(compact({f"{'<' * 900}{number}": 1 for number in range(90)})),
}


def uploaded(user: Attacker, rows: Callable[[int], str]) -> None:
    """Upload a table as large as it may be, and one that fits into a response, and read both in every form."""
    user.start()
    form = '{{"fileName":"t.json","rawData":{}}}'
    for size in (DEFAULTS.max_decompressed_bytes - 100, DEFAULTS.max_raw_data_bytes - 1_000):
        user.compressed("POST", DATA, lambda size: form.format(rows(size)).encode(), size)
        for query in ("format=json", "format=csv"):
            user.get(f"{DATA}?{query}", accept_encoding="identity")
    user.get(DATA, accept_encoding="gzip")
    user.get(f"{DATA}/versions/1?format=csv", accept_encoding="identity")
    user.ask(200, "GET", f"{DATA}/versions")


type File = tuple[str, Callable[[int], bytes]]
"""A media type, and what makes a file of about the given number of bytes, and no more."""


def _csv(line: Callable[[int], str]) -> Callable[[int], bytes]:
    def made(size: int) -> bytes:
        head = ",".join(f"c{number}" for number in range(10)) + "\n"
        lines = "".join(line(number) for number in range(1_000))
        return (head + lines * ((size - len(head)) // len(lines))).encode()

    return made


_ROW: Final = compact({f"c{number}": f"text {number}" if number % 2 else number / 8 for number in range(10)})
FILES: Final[Mapping[str, File]] = {
    "CSV, ten columns": (
        "text/csv",
        _csv(lambda n: ",".join([f"{n / 8}", "2026-11-29", "some text"] * 3 + ["1\n"])),
    ),
    "CSV, quoted": ("text/csv", _csv(lambda n: ",".join([f'"a ""{n}"" <b"'] * 10) + "\n")),
    "CSV, long texts": ("text/csv", _csv(lambda _: "<b x=1>" * 1_500 + ",1" * 9 + "\n")),
    "JSON": ("application/json", lambda size: listed(_ROW)(size).encode()),
    "NDJSON": ("application/x-ndjson", lambda size: f"{_ROW}\n".encode() * (size // (len(_ROW) + 1))),
    "JSON, open arrays": ("application/json", lambda size: b"[" * size),
    "JSON, one string": ("application/json", lambda size: b'[{"v":"' + b"x" * (size - 10) + b'"}]'),
    "NDJSON, one integer a row": ("application/x-ndjson", lambda size: b'{"v":1}\n' * (size // 8)),
    "CSV, one digit a row": ("text/csv", lambda size: b"a\n" + b"1\n" * (size // 2 - 1)),
    "CSV, empty rows": ("text/csv", lambda size: b"a\n" + b"\n" * (size - 2)),
    "CSV, empty cells": (
        "text/csv",
        lambda size: (b",".join(b"c%d" % n for n in range(900)) + b"\n") + (b"," * 899 + b"\n") * (size // 900 - 6),
    ),
    "CSV, quoted lines": ("text/csv", lambda size: b"a,b\n" + (b'"' + b"\n" * 900_000 + b'",1\n') * (size // 900_010)),
    "CSV, open quotes": ("text/csv", lambda size: b'a,b\n"1,2\n' * (size // 9)),
    "CSV, one line": ("text/csv", lambda size: b"a;" * (size // 2)),
    "CSV, nearly numbers": ("text/csv", lambda size: b"a\n" + b"1234567890123456.5\n" * (size // 19 - 1)),
}
READINGS: Final[Mapping[str, tuple[bytes, Any]]] = {
    "numbers": (b"1.234,50\n", {"type": "number", "format": {"decimal": ",", "group": "."}}),
    "dates": (b"31.12.2026 23:59\n", {"type": "datetime", "format": "d.M.yyyy H:mm"}),
    "texts": (b"1\n", {"type": "string"}),
}


def downloaded(user: Attacker, file: File) -> None:
    """Complete the upload of a file as large as a request reads, and read what it became in every form."""
    user.start()
    media_type, content = file
    user.post(user.announce(content(READ_AT_ONCE), media_type), {})
    for query in ("format=csv", "format=csv&safe=true", "format=json", "rows=0-9999", "rows=2000000-2009999"):
        user.get(f"{DATA}?{query}")


def read_otherwise(user: Attacker, content: tuple[bytes, Any]) -> None:
    """Read a column otherwise in a table as large as a request rewrites."""
    user.start()
    line, reading = content
    # As JSON, a row has its column's name, quotes and braces as well.
    file = b"a\n" + line * (READ_AT_ONCE // (len(line) + 10))
    user.ask(201, "POST", user.announce(file, "text/csv"), {"delimiter": ";"})
    user.ask(201, "PUT", f"{DATA}/schema", {"columns": {"a": reading}}, if_match='"1"')


def long_headers(user: Attacker, route: Route) -> None:
    """Send a route the longest headers and queries."""
    user.start({"chartCustomizations": {}})
    path, digits, word = path_of(route), "9" * 8_000, "a" * 8_000
    tags = ", ".join(f'"{number}"' for number in range(8_000))
    headers: tuple[dict[str, str], ...] = (
        {"if_none_match": tags},
        {"if_match": tags, "content_type": MERGE_PATCH},
        {"if_match": '"' * 60_000, "if_none_match": "W/" * 30_000},
        {"if_match": f'"{digits}"', "accept_encoding": "gzip;q=0," * 6_000, "idempotency_key": word},
        {"content_encoding": word, "content_type": "a;" * 30_000},
        {f"x_{number}": "a" for number in range(5_000)},
    )
    for sent in headers:
        user.request(route.method, path, {} if route.method in {"PUT", "PATCH", "POST"} else None, **sent)
    for query in (
        f"limit={digits}&cursor={word}&format={word}&onConflict={word}&source={word}&permanently={word}",
        f"include={'rawData,' * 1_000}&message={word}&sessionId={word}",
        f"cursor={'%00' * 2_500}&message={'%1b' * 200}",
        "&".join(f"a{number}=" for number in range(2_000)),
    ):
        user.request(route.method, f"{path}?{query}")


def unsafe_texts(user: Attacker) -> None:
    """Send what the rule about unsafe text has to read all of: as long as a body may be, and as a document may be."""
    user.start()
    user.ask(201, "POST", DATA, {"fileName": "t", "rawData": [{"a": 1}]})
    for name in TANGLED:
        charts = {"chartCustomizations": {"c": {"title": tangled(name, 1_000_000)}}}
        user.zipped("PUT", CONFIG, compact(charts), if_match="*")
        text = tangled(name, 250_000)
        parts = [text[at : at + 50] for at in range(0, len(text), 50)]
        user.zipped(
            "PUT", f"{DATA}/customizations", compact({"chartCustomizations": {"c": {"v": parts}}}), if_match="*"
        )
        user.zipped("PUT", f"{DATA}/analysis", compact({"analysis": {"v": text}}), if_match="*")
        # None is like another, so that each must be read, until the request has too many.
        cells = [{"v": f"{number}{part}{TANGLED[name]}"} for number, part in enumerate(parts * 4)]
        user.zipped("POST", DATA, compact({"fileName": "t", "rawData": cells}))


def long_history(user: Attacker) -> None:
    """Make as many versions as the write limit lets one make, and read, restore and delete them."""
    user.start()
    message = "<" * 200
    for version in range(110):
        charts = {f"{number:x}": {"v": version} for number in range(500)}
        url = f"{CONFIG}?message={message}"
        user.zipped("PUT", url, compact({"chartCustomizations": charts}), if_match=f'"{version}"')
    page = user.ask(200, "GET", f"{CONFIG}/versions?limit=100").json
    user.ask(200, "GET", f"{CONFIG}/versions?limit=100&cursor={page['nextCursor']}")
    user.ask(200, "GET", f"{CONFIG}/versions/1/diff/110")
    user.ask(200, "POST", f"{CONFIG}/versions/1/restore", None, if_match='"110"')
    user.ask(204, "DELETE", CONFIG, if_match='"111"')
    user.ask(204, "DELETE", f"{P}?permanently=true")


def long_projects(user: Attacker) -> None:
    """Make projects whose texts are as long as they may be, and list them."""
    project = {
        "name": "<" * 200,
        "description": "<" * 2_000,
        "settings": {"fileInfo": {"v": "<" * 8_000}, "tags": ["<" * 100] * 50},
    }
    for _ in range(112):
        user.ask(201, "POST", "/api/projects", project)
    for coding in ("gzip", "identity"):
        page = user.ask(200, "GET", "/api/projects?limit=100", accept_encoding=coding).json
        user.ask(200, "GET", f"/api/projects?limit=100&cursor={page['nextCursor']}", accept_encoding=coding)
    user.ask(200, "GET", "/api/usage")


def large_configs(user: Attacker) -> None:
    """List projects together with their configs, each as long as it may be."""
    config = {"chartCustomizations": {"c": {"v": "<" * 262_000}}}
    for number in range(25):
        project = {"id": f"p{number}", "name": "P", "settings": {"dashboardConfig": config}}
        user.zipped("POST", "/api/projects", compact(project))
    for coding in ("gzip", "identity"):
        user.ask(200, "GET", "/api/projects?include=dashboardConfig&limit=25", accept_encoding=coding)
    user.ask(200, "GET", "/api/projects/p0/config", accept_encoding="identity")


def full_project(user: Attacker) -> None:
    """Read a project whose rows, analysis and charts are each as long as they may be."""
    text = "<" * 261_000
    user.start({"chartCustomizations": {"c": {"v": text}}})
    rows = [{"v": "x" * 990_000}] * 4
    user.zipped("POST", DATA, compact({"fileName": "t", "rawData": rows, "analysis": {"v": text}}))
    for coding in ("gzip", "identity"):
        for parts in ("", "?include=rawData", "?include=analysis,chartCustomizations"):
            user.ask(200, "GET", f"{DATA}{parts}", accept_encoding=coding)
    user.zipped("PUT", f"{DATA}/analysis", compact({"analysis": {"v": text[1:]}}), if_match="*")
    user.zipped("PUT", f"{DATA}/customizations", compact({"chartCustomizations": {}}), if_match='"1"')
    user.ask(412, "PUT", CONFIG, {"chartCustomizations": {"d": {}}}, if_match='"9"')


def much_to_delete(user: Attacker) -> None:
    """Delete, restore and purge a project of many large versions, tables and drafts."""
    user.start()
    for number in range(40):
        text = _CHANCE.randbytes(90_000).hex()
        user.zipped("PUT", CONFIG, compact({"chartCustomizations": {"c": {"v": text}}}), if_match=f'"{number}"')
    for number in range(20):
        charts = compact({"chartCustomizations": {"c": {"v": number}}})
        user.zipped("PUT", f"{CONFIG}?sessionId=s{number}", charts, if_none_match="*")
    for number in range(6):
        user.ask(201, "POST", DATA, {"fileName": "t", "rawData": [{"v": number}] * 5_000})
    user.ask(200, "GET", "/api/usage")
    user.ask(204, "DELETE", P)
    user.ask(200, "POST", f"{P}/restore", None)
    user.ask(200, "GET", P)
    user.ask(204, "DELETE", f"{P}?permanently=true")
    user.ask(404, "GET", P)


def plain_bodies(user: Attacker) -> None:
    """Send every route the longest body that API Gateway passes on, uncompressed."""
    user.start({"chartCustomizations": {}})
    for route in routes():
        for unit in (b"[", b" ", b"x"):
            body = unit * 6_000_000
            user.request(route.method, path_of(route), body, if_match="*")
