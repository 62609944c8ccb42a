"""JSON texts of a given size that are hard on a parser, a check or a merge, and where requests may hold them."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

DEPTH: Final = 28
"""How deep a shape nests to be accepted at each place of PLACES, by a limit of 32 (maxDepth)."""

type Shape = Callable[[int], str]
"""Makes a text of about the given number of bytes, and no more."""


def repeated(unit: str, start: str = "", end: str = "") -> Shape:
    return lambda size: start + unit * ((size - len(start) - len(end)) // len(unit.encode())) + end


def listed(value: str) -> Shape:
    """Repeat a JSON text as the elements of an array."""
    return lambda size: f"[{','.join([value] * ((size - 2) // (len(value.encode()) + 1)))}]"


def numbered(start: str, part: Callable[[int], str], end: str) -> Shape:
    """Join different parts with commas, as many as fit."""

    def made(size: int) -> str:
        parts, left = [], size - len(start) - len(end)
        for number in count():
            parts.append(part(number))
            left -= len(parts[-1].encode()) + 1
            if left < 0:
                return start + ",".join(parts[:-1]) + end
        raise AssertionError

    return made


def under_a_long_name(value: str) -> Shape:
    """Hold many members under a name that takes half of the text, so that each pointer to one is as long."""

    def made(size: int) -> str:
        members = numbered("{", lambda number: f'"{number}":{value}', "}")
        return f'{{"{"<" * (size // 2)}":{members(size // 2 - 5)}}}'

    return made


SHAPES: Final[Mapping[str, Shape]] = {
    "zeros": repeated("\0"),
    "white space": repeated(" "),
    "one number": repeated("9"),
    "long numbers": listed("9" * 4_000),
    "long fractions": listed("0." + "9" * 4_000),
    "huge numbers": listed("1e99999"),
    "minus zeros": listed("-0"),
    "ones": listed("1"),
    "words": listed("NaN"),
    "open arrays": repeated("["),
    "open objects": repeated('{"a":'),
    "deep arrays": listed("[" * DEPTH + "]" * DEPTH),
    "deep objects": listed('{"a":' * DEPTH + "1" + "}" * DEPTH),
    "empty arrays": listed("[]"),
    "empty objects": listed("{}"),
    "small objects": listed('{"a":1}'),
    "one string": repeated("x", '"', '"'),
    "escapes": repeated("\\u003c", '"', '"'),
    "pairs of escapes": repeated("\\ud83d\\ude00", '"', '"'),
    "astral characters": repeated("😀", '"', '"'),
    "quotation marks": repeated('\\"', '"', '"'),
    "half characters": listed('"\\ud800"'),
    "nulls in strings": listed('"\\u0000"'),
    "empty strings": listed('""'),
    "members": numbered("{", lambda number: f'"{number}":0', "}"),
    "objects by name": numbered("{", lambda number: f'"{number}":{{}}', "}"),
    "one member again and again": repeated('"a":1,', "{", '"a":1}'),
    "long names again": lambda size: f'{{"{"<" * (size // 2 - 8)}":1,"{"<" * (size // 2 - 8)}":1}}',
    "many under a long name": under_a_long_name("1"),
    "errors under a long name": under_a_long_name('"\\u0000"'),
    "less-than signs": repeated("<", '"', '"'),
    "short tags": listed('"<a x=\'"'),
}

# Where a body may hold a shape, by the route; `%s` stands for it. What several routes check alike is here once.
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "POST /api/projects": (
        '{"name":"P","settings":{"fileInfo":{"v":%s}}}',
        '{"name":"P","settings":{"dashboardConfig":{"chartCustomizations":{"c":{"v":%s}}}}}',
    ),
    "PATCH /api/projects/{projectId}": ("%s", '{"description":%s}', '{"settings":{"tags":%s}}'),
    "PUT /api/projects/{projectId}/config": (
        "%s",
        '{"chartCustomizations":%s}',
        '{"chartCustomizations":{},"currentLayout":%s}',
        '{"chartCustomizations":{},"filters":%s}',
        '{"chartCustomizations":{},"extensions":{"v":%s}}',
    ),
    "PATCH /api/projects/{projectId}/config": ("%s", '{"extensions":{"v":%s}}'),
    "PUT /api/projects/{projectId}/data/customizations": ('{"chartCustomizations":{"c":%s}}',),
    "POST /api/projects/{projectId}/data": (
        "%s",
        '{"fileName":"t.json","rawData":%s}',
        '{"fileName":"t.json","rawData":[{"a":%s}]}',
    ),
    "PUT /api/projects/{projectId}/data/analysis": ('{"analysis":{"v":%s}}',),
    "PUT /api/projects/{projectId}/data/schema": (
        '{"columns":%s}',
        '{"columns":{"a":{"name":%s}}}',
        '{"columns":{"a":{"type":"date","format":%s}}}',
    ),
    "POST /api/projects/{projectId}/data/uploads": (
        '{"fileName":%s,"contentType":"text/csv","bytes":1}',
        '{"fileName":"t.csv","contentType":"text/csv","bytes":%s}',
    ),
    "POST /api/projects/{projectId}/data/uploads/{uploadId}/complete": ('{"dataSchema":{"columnTypes":%s}}',),
}


def body(shape: Shape, place: str, size: int) -> bytes:
    """Make a shape at a place, as a body of about that size."""
    return (place % shape(size - len(place))).encode()


type Config = dict[str, Any]
type Triple = tuple[Config, Config, Config]
"""A config, and what two sides made of it."""


def _extended(values: tuple[Any, Any, Any]) -> Triple:
    base, theirs, mine = ({"chartCustomizations": {}, "extensions": {"v": value}} for value in values)
    return base, theirs, mine


def _members(value: object, names: range) -> dict[str, object]:
    return {f"{number:x}": value for number in names}


def _elements(identity: str, numbers: range, **more: object) -> list[dict[str, object]]:
    return [{identity: f"{number:x}", **more} for number in numbers]


def _grid(cells: int, **more: object) -> list[dict[str, object]]:
    return [{"i": f"{number:x}", "x": 0, "y": number, "w": 1, "h": 1, **more} for number in range(cells)]


MANY: Final = range(24_000)
FEW: Final = range(10_000)
TRIPLES: Final[Mapping[str, Callable[[], Triple]]] = {
    "different edits of all members": lambda: _extended((_members(0, MANY), _members(1, MANY), _members(2, MANY))),
    "edits of one member each": lambda: _extended(
        (_members(0, MANY), _members(0, MANY) | {"0": 1}, _members(0, MANY) | {"1": 1})
    ),
    "members renamed by both": lambda: _extended(
        (_members(0, MANY), _members(0, range(40_000, 60_000)), _members(0, range(80_000, 100_000)))
    ),
    "members in another order": lambda: _extended(
        (_members(0, MANY), dict(reversed(_members(0, MANY).items())), _members(1, MANY))
    ),
    "new members between the old": lambda: _extended(
        (
            _members(0, range(0, 20_000, 4)),
            _members(0, range(0, 20_000, 2)),
            {f"{number:x}": 0 for number in range(20_000) if number % 4 in {0, 1}},
        )
    ),
    "many objects of a few members": lambda: _extended(
        (
            _members({"a": 0, "b": 0}, FEW),
            _members({"a": 1, "b": 0}, FEW),
            _members({"a": 0, "b": 1}, FEW),
        )
    ),
    "elements in another order": lambda: _extended(
        (_elements("id", FEW), _elements("id", FEW)[::-1], _elements("id", FEW, a=1))
    ),
    "elements in two other orders": lambda: _extended(
        (_elements("id", FEW), _elements("id", FEW)[::-1], _elements("id", FEW)[1:] + _elements("id", range(1)))
    ),
    "new elements between the old": lambda: _extended(
        (
            _elements("id", range(0, 12_000, 4)),
            _elements("id", range(0, 12_000, 2)),
            [{"id": f"{number:x}"} for number in range(12_000) if number % 4 in {0, 1}],
        )
    ),
    "elements renamed by both": lambda: _extended(
        (_elements("name", FEW), _elements("name", range(20_000, 30_000)), _elements("name", range(30_000, 40_000)))
    ),
    "placements moved by both": lambda: _extended((_grid(4_000), _grid(4_000, x=1), _grid(4_000, w=2))),
    "placements in one place": lambda: _extended((_grid(500), _grid(500, y=0), _grid(500, h=500))),
    "many grids": lambda: _extended(
        ({f"{n}": _grid(50) for n in range(80)}, {f"{n}": _grid(50, y=0) for n in range(80)}, {"0": _grid(50, h=50)})
    ),
    "texts added by both": lambda: _extended(
        ([f"{n:x}" for n in FEW], [f"{n:x}" for n in range(20_000)], [f"{n:x}" for n in (*FEW, *range(20_000, 30_000))])
    ),
    "references to what is deleted": lambda: (
        {"chartCustomizations": {}, "filters": _elements("id", FEW)},
        {"chartCustomizations": {}, "filters": []},
        {
            "chartCustomizations": {},
            "filters": _elements("id", FEW),
            "extensions": {"v": [f"{n:x}" for n in FEW]},
        },
    ),
    "elements moved to another array": lambda: _extended(
        (
            {"a": _elements("id", range(5_000)), "b": _elements("id", range(5_000, 10_000))},
            {"a": [], "b": _elements("id", FEW)},
            {"a": _elements("id", FEW), "b": []},
        )
    ),
    "values added at the front": lambda: _extended(([1] * 100_000, [0, *[1] * 100_000], [*[1] * 100_000, 2])),
    "values in another order": lambda: _extended(
        ([*range(40_000)], [*range(40_000)][::-1], [*range(20_000, 40_000), *range(20_000)])
    ),
    "alternating values": lambda: _extended(([0, 1] * 60_000, [1, 0] * 60_000, [0, 0, 1] * 40_000)),
    "places under a long name": lambda: _extended(
        (
            {"<" * 40_000: _members(1, range(2_000))},
            {"<" * 40_000: _members(2, range(2_000))},
            {"<" * 40_000: _members(3, range(2_000))},
        )
    ),
    "different edits in the depth": lambda: _extended((_deep(0), _deep(1), _deep(2))),
    "one long string": lambda: _extended(("<" * 250_000, "<" * 249_999 + "a", "b" + "<" * 249_999)),
}


def _deep(value: object) -> object:
    """Nest two members in each other, so that equal parts may be compared at every level."""
    for level in range(DEPTH):
        value = {"a": value, "b": [level] * 3_000}
    return value
