"""Rows of an application's database: realistic dashboards over published data, the same for the same seed."""

import base64
import csv
import gzip
import io
import json
import random
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from support.sql.databases import Row

_SAMPLES: Final = Path(__file__).resolve().parents[2] / "node_modules" / "vega-datasets" / "data"
_FILES: Final = (
    "cars.json",
    "movies.json",
    "penguins.json",
    "barley.json",
    "seattle-weather.csv",
    "stocks.csv",
    "airports.csv",
    "disasters.csv",
)
_BEGAN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_TITLES: Final = ("Umsatz nach Region", "Sales by month", "Miles per gallon", "気温", "Größe & Gewicht", "Ratings 😀")


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def byte_object(content: bytes) -> bytes:
    """Write bytes as JSON.stringify writes a Uint8Array."""
    return json.dumps({str(index): byte for index, byte in enumerate(content)}, separators=(",", ":")).encode()


def byte_list(content: bytes) -> bytes:
    return json.dumps(list(content)).encode()


def numbers(content: bytes) -> bytes:
    """Write bytes as a Uint8Array's toString does."""
    return ",".join(map(str, content)).encode()


def buffer(content: bytes) -> bytes:
    """Write bytes as JSON.stringify writes a Buffer of Node.js."""
    return json.dumps({"type": "Buffer", "data": list(content)}).encode()


PACKINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "deflate": deflated,
    "base64": base64.b64encode,
    "base64 of gzip": lambda content: base64.b64encode(gzip.compress(content)),
    "url-safe base64 of zlib": lambda content: base64.urlsafe_b64encode(zlib.compress(content)).rstrip(b"="),
    "base64 of deflate": lambda content: base64.b64encode(deflated(content)),
    "data URL of gzip": lambda content: b"data:application/gzip;base64," + base64.b64encode(gzip.compress(content)),
    "byte object of gzip": lambda content: byte_object(gzip.compress(content)),
    "byte object of deflate": lambda content: byte_object(deflated(content)),
    "byte list of zlib": lambda content: byte_list(zlib.compress(content)),
    "numbers of gzip": lambda content: numbers(gzip.compress(content)),
    "buffer of gzip": lambda content: buffer(gzip.compress(content)),
    "byte list of plain": byte_list,
    "gzip of base64 of gzip": lambda content: gzip.compress(base64.b64encode(gzip.compress(content))),
}
"""How a table is packed: what an application may have made of it."""


def _arrays(rows: list[Row]) -> bytes:
    return json.dumps([[row.get(name) for name in names_of(rows)] for row in rows]).encode()


def _csv(rows: list[Row]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, names_of(rows))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


LAYOUTS: Final[Mapping[str, Callable[[list[Row]], bytes]]] = {
    "array": lambda rows: json.dumps(rows, ensure_ascii=False).encode(),
    "data": lambda rows: json.dumps({"data": rows, "meta": {"rows": len(rows)}}).encode(),
    "rows": lambda rows: json.dumps({"rows": rows}).encode(),
    "rawData": lambda rows: json.dumps({"rawData": rows}).encode(),
    "arrays": _arrays,
    "rows of arrays": lambda rows: b'{"rows":%b}' % _arrays(rows),
    "ndjson": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "csv": _csv,
}
"""How the rows of a table are written."""


def names_of(rows: list[Row]) -> list[str]:
    return list(rows[0])


@cache
def _sample(name: str) -> list[Row]:
    text = (_SAMPLES / name).read_text(encoding="utf-8-sig")
    rows: list[Row] = json.loads(text) if name.endswith(".json") else list(csv.DictReader(io.StringIO(text)))
    names = list(dict.fromkeys(key for row in rows[:300] for key in row))
    return [{key: row.get(key) for key in names} for row in rows]


def _kind(cell: Any) -> str:
    return {bool: "boolean", int: "number", float: "number"}.get(type(cell), "string")


class Application:
    """Makes the rows of an application's users, whose ids begin with a word."""

    def __init__(self, seed: int, word: str = "user") -> None:
        self.chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self._word = word
        self._ids = 0

    def new_id(self) -> str:
        """Make an id like a cuid."""
        self._ids += 1
        return f"c{self._ids:06}{self.chance.getrandbits(60):015x}"

    def moment(self) -> datetime:
        return _BEGAN + timedelta(milliseconds=self.chance.randrange(500 * 86_400_000))

    def charts(self) -> dict[str, Any]:
        """Make the charts of a dashboard."""
        chance = self.chance
        return {
            f"chart-{number}": {
                "title": chance.choice(_TITLES),
                "type": chance.choice(("bar", "line", "scatter", "pie")),
                "encoding": {"x": {"field": "Name", "sort": None}, "y": {"field": "n", "scale": chance.random()}},
                "position": {"x": chance.randrange(12), "y": number * 4, "w": chance.randrange(3, 12), "h": 4},
                "filter": "datum.a < datum.b" if chance.random() < 0.2 else None,
                "note": "x" * chance.randrange(400),
                "colors": [f"#{chance.getrandbits(24):06x}" for _ in range(chance.randrange(6))],
            }
            for number in range(chance.randrange(1, 9))
        }

    def config(self, project: Row, session: str | None = None, user: str | None = None) -> Row:
        """Make a row of a config."""
        chance, moment = self.chance, self.moment()
        theme = chance.choice((None, "dark", json.dumps({"mode": "dark", "accent": "#08c"}), '"light"'))
        places = [{"i": "chart-0", "x": 0, "y": 0, "w": chance.randrange(1, 12), "h": 4}]
        layout = chance.choice((None, "grid", json.dumps(places), json.dumps({"lg": places}), "null"))
        filters = [{"id": "f1", "column": "Year", "values": [chance.randrange(1970, 1983)]}]
        return {
            "id": self.new_id(),
            "createdAt": moment - timedelta(days=3),
            "updatedAt": moment,
            "userId": user or project["userId"],
            "sessionId": session,
            "projectId": project["id"],
            "chartCustomizations": json.dumps(self.charts(), ensure_ascii=False),
            "currentTheme": theme,
            "currentLayout": layout,
            "dashboardFilters": chance.choice((None, "[]", json.dumps(filters))),
            "version": chance.randrange(1, 4),
        }

    def data(self, project: Row, version: int = 1, layout: str = "", packing: str = "") -> Row:
        """Make a row of a table."""
        chance = self.chance
        name = chance.choice(_FILES)
        sample = _sample(name)
        first = chance.randrange(max(1, len(sample) - 200))
        rows = sample[first : first + chance.randrange(20, 200)]
        layout = layout or chance.choice(sorted(LAYOUTS))
        packing = packing or chance.choice(sorted(PACKINGS))
        is_analysed = chance.random() < 0.4
        return {
            "id": self.new_id(),
            "projectId": project["id"],
            "version": version,
            "originalFileName": name,
            "compressedData": PACKINGS[packing](LAYOUTS[layout](rows)),
            "rowCount": len(rows),
            "columnCount": len(rows[0]),
            "columnNames": json.dumps(names_of(rows)),
            "columnTypes": json.dumps({key: _kind(cell) for key, cell in rows[0].items()}) if layout != "csv" else "{}",
            "analysisData": json.dumps({"summary": chance.choice(_TITLES), "n": len(rows)}) if is_analysed else None,
            "hasAnalysis": is_analysed,
            "analysisVersion": 1,
            "analysisCreatedAt": self.moment() if is_analysed else None,
            "chartCustomizations": json.dumps(self.charts()) if chance.random() < 0.5 else None,
        }

    def project(self, user: str) -> Row:
        """Make a row of a project."""
        chance = self.chance
        settings: dict[str, Any] = {"fileInfo": {"name": "cars.json", "size": chance.randrange(10**6)}, "tags": ["q3"]}
        if chance.random() < 0.2:
            settings["dashboardConfig"] = {"chartCustomizations": self.charts(), "currentTheme": "dark"}
        return {
            "id": self.new_id(),
            "name": chance.choice(_TITLES),
            "description": chance.choice((None, "", "Quarterly figures, for the board")),
            "settings": chance.choice((json.dumps(settings), json.dumps(settings), "{}", None)),
            "userId": user,
            "createdAt": self.moment(),
        }

    def rows(self, users: int, projects: int) -> dict[str, list[Row]]:
        """Make the rows of users who have some projects together."""
        chance = self.chance
        found: dict[str, list[Row]] = {"projects": [], "project_data": [], "dashboard_configs": []}
        for number in range(projects):
            project = self.project(f"{self._word}-{number % users}")
            found["projects"].append(project)
            saved = chance.choice((0, 1, 1, 2, 4))
            sessions = [f"session-{number}" for number in range(chance.choice((0, 0, 1, 2)))]
            found["dashboard_configs"] += [self.config(project, session) for session in (*[None] * saved, *sessions)]
            found["project_data"] += [self.data(project, 1 + each) for each in range(chance.choice((0, 1, 1, 1, 2, 7)))]
        return found
