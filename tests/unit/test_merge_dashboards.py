"""A clean merge of dashboards is a valid dashboard: grids, elements, references and sets of texts."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.project.template import ROOT
from support.storage.model import by_value

from dashboard_store.documents.merge import merge
from dashboard_store.documents.merging.columns import TOLERANCE, ColumnTree, Interval
from dashboard_store.documents.merging.grids import grids, overlaps
from dashboard_store.documents.merging.overlaps import apart
from dashboard_store.documents.merging.placements import (
    Key,
    Placement,
    deepest_change,
    find_placements,
    placements_at,
    rectangle_of,
)
from dashboard_store.documents.merging.shifts import shifted

type Json = dict[str, Any]

MERGING = ROOT / "docs" / "merging.md"

# -- the table of cases, which the browser client's tests read too ----------------------------------------------------

CASES: list[Json] = json.loads((ROOT / "tests" / "support" / "inputs" / "dashboard_merge_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["rule"] for case in CASES])
def test_a_case_of_the_table_merges_as_it_says(case: Json) -> None:
    """Each case gives its document, its conflicts and what was adjusted."""
    merged = merge(case["base"], case["theirs"], case["mine"])
    assert sorted(merged.conflicts) == sorted(case["conflicts"])
    assert list(merged.adjusted) == case.get("adjusted", [])
    if "merged" in case:
        assert json.dumps(by_value(merged.document)) == json.dumps(by_value(case["merged"]))


@pytest.mark.parametrize("case", CASES, ids=[case["rule"] for case in CASES])
def test_a_case_of_the_table_holds_in_both_orders(case: Json) -> None:
    """Whichever side was saved first: both conflict, or both give the same but for what gave way."""
    one = merge(case["base"], case["theirs"], case["mine"])
    other = merge(case["base"], case["mine"], case["theirs"])
    assert bool(one.conflicts) == bool(other.conflicts)
    assert bool(one.adjusted) == bool(other.adjusted)
    if not one.conflicts and not one.adjusted:
        assert json.dumps(by_value(one.document)) == json.dumps(by_value(other.document))


# -- parts, against their plainest definitions ------------------------------------------------------------------------

lengths = st.integers(0, 8) | st.sampled_from([0.5, 2.25, 100 / 3])
sizes = st.integers(1, 5) | st.sampled_from([0.5, 100 / 3])
placements = st.builds(
    lambda x, y, w, h: Placement((x, y, w, h), is_visible=True, path=None), lengths, lengths, sizes, sizes
)
keys: st.SearchStrategy[Key] = st.sampled_from([(name,) for name in "abcdefghij"])
placed = st.dictionaries(keys, placements, max_size=10)


@st.composite
def edited_grids(draw: st.DrawFn) -> tuple[dict[Key, Placement], dict[Key, Placement]]:
    """Draw a grid before and after some of it was raised or lowered, and some moved, removed or added."""
    before, after = draw(placed), draw(st.dictionaries(keys, placements, max_size=2))
    for key, each in before.items():
        y = draw(st.sampled_from([each.y, each.y, each.y + 1, each.y + 2, each.bottom, max(0, each.y - 2), None]))
        x, _, w, h = each.rectangle
        if y is not None:
            moved = each._replace(rectangle=(x + draw(st.sampled_from([0, 0, 0, 2])), y, w, h))
            after.setdefault(key, moved)
    return before, after


def meet(one: Interval, other: Interval) -> bool:
    return one[0] + TOLERANCE < other[1] and other[0] + TOLERANCE < one[1]


def rows(placement: Placement) -> Interval:
    return placement.y, placement.bottom


def overlap(one: Placement, other: Placement) -> bool:
    return meet(one.columns, other.columns) and meet(rows(one), rows(other))


# Edges that overlap by less than the tolerance, and by more.
edges = st.builds(float.__add__, st.integers(0, 40).map(float), st.sampled_from([0.0, 6e-7, -6e-7]))


@given(st.lists(st.tuples(edges, edges, st.integers(-9, 9)), max_size=12))
def test_columns_know_the_greatest_value(drawn: list[tuple[float, float, int]]) -> None:
    """The greatest value in an interval is that of all intervals that share a column with it, whatever their order."""
    puts = [((left, left + width + 1), value) for left, width, value in drawn]
    columns = ColumnTree(interval for interval, _ in puts)
    for number, (interval, value) in enumerate(puts):
        columns.put(interval, value)
        for asked, _ in puts:
            known = [each for other, each in puts[: number + 1] if meet(other, asked)]
            assert columns.greatest(asked) == max(known, default=float("-inf"))


@given(placed)
def test_overlaps_are_found(grid: dict[Key, Placement]) -> None:
    """A grid overlaps if any two of its placements share a cell."""
    assert overlaps(grid) == any(overlap(*pair) for pair in combinations(grid.values(), 2))


@given(edited_grids() | st.tuples(placed, placed))
def test_shifts_are_what_the_definition_says(grids: tuple[dict[Key, Placement], dict[Key, Placement]]) -> None:
    """An element is shifted if its row alone changed, something above it did, it passed nothing and left no gap."""
    before, after = grids

    def is_shifted(key: Key) -> bool:
        was, now = before.get(key), after.get(key)
        if was is None or now is None or was.rectangle[0] != now.rectangle[0] or was.y == now.y:
            return False
        changed = [k for k in before.keys() | after.keys() if rectangle(before, k) != rectangle(after, k)]
        is_caused = any(
            k in side and side[k].y < side[key].y and meet(side[k].columns, side[key].columns)
            for side in (before, after)
            for k in changed
        )
        return is_caused and is_resting(before, after, key) and not has_passed(before, after, key)

    assert shifted(before, after) == {key for key in after if is_shifted(key)}


def rectangle(side: dict[Key, Placement], key: Key) -> Any:
    return key in side and side[key].rectangle


def is_resting(before: dict[Key, Placement], after: dict[Key, Placement], key: Key) -> bool:
    top = min(each.y for each in (*before.values(), *after.values()))

    def gap(side: dict[Key, Placement]) -> float:
        own = side[key]
        above = [each.bottom for each in side.values() if each.y < own.y and meet(each.columns, own.columns)]
        return own.y - max([top, *above])

    return gap(after) <= TOLERANCE or abs(gap(after) - gap(before)) <= TOLERANCE


def has_passed(before: dict[Key, Placement], after: dict[Key, Placement], key: Key) -> bool:
    for sign in (1, -1):
        passed = [
            other
            for other in before.keys() & after.keys()
            if (before[other].y - before[key].y) * sign > 0 > (after[other].y - after[key].y) * sign
        ]
        was_beside, is_beside = (
            any(meet(side[other].columns, side[key].columns) for other in passed) for side in (before, after)
        )
        if was_beside and is_beside:
            return True
    return False


@given(placed, st.dictionaries(keys, st.integers(0, 2)))
def test_what_overlaps_moves_apart_downwards(grid: dict[Key, Placement], ranks: dict[Key, int]) -> None:
    """Afterwards nothing overlaps; nothing moved up, and the first of the lowest rank did not move at all."""
    ranks = {key: ranks.get(key, 2) for key in grid}
    moved = apart(grid, ranks)
    after = {key: each.at(moved.get(key, each.y)) for key, each in grid.items()}
    assert not overlaps(after)
    assert all(y > grid[key].y for key, y in moved.items())
    if not overlaps(grid):
        assert not moved
    first = {key: grid[key] for key in grid if ranks[key] == min(ranks.values())}
    if not overlaps(first):
        assert not moved.keys() & first.keys()


# -- what is a placement, and which grid it belongs to ----------------------------------------------------------------

NO_PLACEMENTS = {
    "no place": {"w": 1, "h": 1},
    "no column": {"y": 0, "w": 1, "h": 1},
    "no row": {"x": 0, "w": 1, "h": 1},
    "no size": {"x": 0, "y": 0},
    "a width of 0": {"x": 0, "y": 0, "w": 0, "h": 1},
    "a height of 0": {"x": 0, "y": 0, "w": 1, "h": 0},
    "a negative height": {"x": 0, "y": 0, "w": 1, "h": -1},
    "texts": {"x": "0", "y": 0, "w": 1, "h": 1},
    "true": {"x": True, "y": 0, "w": 1, "h": 1},
    "null": {"x": 0, "y": None, "w": 1, "h": 1},
    "beyond exact numbers": {"x": 2**54, "y": 0, "w": 1, "h": 1},
    "infinity": {"x": 0, "y": float("inf"), "w": 1, "h": 1},
    "an array": [0, 0, 1, 1],
}


@pytest.mark.parametrize("name", NO_PLACEMENTS)
def test_what_is_no_placement(name: str) -> None:
    """A placement has finite numbers x and y and positive w and h."""
    assert rectangle_of(NO_PLACEMENTS[name]) is None


def test_an_absent_side_of_a_placement_is_one() -> None:
    """GridStack leaves out a width or a height of 1."""
    assert rectangle_of({"x": 2, "y": 3.5, "h": 4}) == (2, 3.5, 1, 4)
    assert rectangle_of({"x": 2, "y": 3.5, "w": 4}) == (2, 3.5, 4, 1)


def at(x: float, y: float) -> Json:
    return {"x": x, "y": y, "w": 6, "h": 4}


SHAPES: dict[str, tuple[Any, list[set[str]]]] = {
    "charts by name": ({"charts": {"a": {"at": at(0, 0)}, "b": {"at": at(6, 0)}}}, [{"/charts/a/at", "/charts/b/at"}]),
    "panels by id": ([{"id": 1, "gridPos": at(0, 0)}, {"id": 2, "gridPos": at(6, 0)}], [{"/0/gridPos", "/1/gridPos"}]),
    "a grid for each breakpoint": (
        {
            "lg": [{"i": "a", **at(0, 0)}, {"i": "b", **at(6, 0)}],
            "sm": [{"i": "a", **at(0, 0)}, {"i": "b", **at(0, 4)}],
        },
        [{"/lg/0", "/lg/1"}, {"/sm/0", "/sm/1"}],
    ),
    "breakpoints in elements": (
        {"a": {"lg": at(0, 0), "sm": at(0, 0)}, "b": {"lg": at(6, 0), "sm": at(0, 4)}},
        [{"/a/lg", "/b/lg"}, {"/a/sm", "/b/sm"}],
    ),
    "breakpoints in elements that an array identifies": (
        [{"id": "a", "lg": at(0, 0), "sm": at(0, 4)}, {"id": "b", "lg": at(6, 0), "sm": at(6, 4)}],
        [{"/0/lg", "/1/lg"}, {"/0/sm", "/1/sm"}],
    ),
    "overlapping whichever names differ": (
        {"a": {"lg": at(0, 0), "sm": at(0, 0)}, "b": {"lg": at(0, 0), "sm": at(0, 0)}},
        [{"/a/lg", "/a/sm"}, {"/b/lg", "/b/sm"}],
    ),
    "breakpoints in elements beside a tab": (
        {
            "a": {"lg": at(0, 0), "sm": at(0, 0)},
            "b": {"lg": at(6, 0), "sm": at(6, 0)},
            "t": {"c": at(0, 0), "d": at(6, 0)},
        },
        [{"/a/lg", "/b/lg"}, {"/a/sm", "/b/sm"}, {"/t/c", "/t/d"}],
    ),
    "a grid inside an element": (
        [{"id": "a", **at(0, 0), "children": [{"id": "b", **at(0, 0)}]}, {"id": "c", **at(6, 0)}],
        [{"/0", "/1"}, {"/0/children/0"}],
    ),
    "two tabs": ({"s": {"items": {"a": at(0, 0)}}, "t": {"items": {"b": at(0, 0)}}}, [{"/s/items/a"}, {"/t/items/b"}]),
    "elements without identities": ([at(0, 0), at(6, 0)], []),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_placements_are_grouped_by_grid(shape: str) -> None:
    """Placements are one grid if their paths differ in one name or identity, which is the element's where it can be."""
    document, expected = SHAPES[shape]
    sides, members = find_placements((document, document, document), 9)
    found = grids(sides)
    paths = [{pointer(sides[0][key]) for key in grid} for grid in found]
    assert sorted(map(sorted, paths)) == sorted(map(sorted, expected))
    assert placements_at(document, [key for grid in found for key in grid], members) == sides[0]


def pointer(placement: Placement) -> str:
    path, tokens = placement.path, ""
    while path:
        path, token = path
        tokens = f"/{token}{tokens}"
    return tokens


CHANGES: dict[str, tuple[Any, Any, int]] = {
    "a title": ({"a": {**at(0, 0), "t": 1}}, {"a": {**at(0, 0), "t": 2}}, -1),
    "a row": ({"a": at(0, 0)}, {"a": at(0, 4)}, 1),
    "a number written differently": ({"a": at(0, 0)}, {"a": at(0.0, 0)}, -1),
    "an element that is added": ({"a": {}}, {"a": {"b": {"at": at(0, 0)}}}, 3),
    "an element that is hidden": (
        {"a": {"b": [{"id": 1, **at(0, 0)}]}},
        {"a": {"b": [{"id": 1, **at(0, 0)}], "hidden": True}},
        3,
    ),
    "an element in another order": ([{"id": 1, **at(0, 0)}, {"id": 2}], [{"id": 2}, {"id": 1, **at(0, 0)}], -1),
    "an element that becomes a text": ({"a": [at(0, 0)]}, {"a": "none"}, 2),
    "an array without identities": ([at(0, 0)], [at(6, 0)], 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_of_placements_are_found(name: str) -> None:
    """The level of the deepest placement that changed is known, so that nothing below it has to be read."""
    before, after, level = CHANGES[name]
    assert deepest_change(before, after) == deepest_change(after, before) == level


def test_a_large_grid_is_not_moved_apart() -> None:
    """Where more than 500 elements would have to be compared with each other, nothing is adjusted."""
    base = {f"n{number}": at(0, 4 * number + 8) for number in range(498)}
    small = merge(base, base | {"a": at(0, 0)}, base | {"b": at(0, 0)})
    assert (len(small.document), list(small.adjusted)) == (500, ["/b"])
    base["n"] = at(6, 0)
    large = merge(base, base | {"a": at(0, 0)}, base | {"b": at(0, 0)})
    assert (len(large.document), list(large.adjusted)) == (501, [])


# -- the examples of docs/merging.md ----------------------------------------------------------------------------------

EXAMPLES = [
    row
    for row in re.findall(r"^\| (.+?) \| `(.+?)` \| `(.+?)` \| `(.+?)` \| (.+?) \|$", MERGING.read_text(), re.MULTILINE)
    if "," in row[3] or "{" in row[3]
]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_an_example_of_the_documentation_holds(example: tuple[str, ...]) -> None:
    """Each example in JSON merges as its row says."""
    _, base, theirs, mine, outcome = example
    merged = merge(json.loads(base), json.loads(theirs), json.loads(mine))
    if outcome.startswith("conflict"):
        assert len(merged.conflicts) == 1
        assert f"`{merged.conflicts[0]}`" in outcome or not merged.conflicts[0]
    else:
        assert not merged.conflicts
        written = outcome.strip("`")
        document = json.loads(written) if written[0] in "[{" else [{"id": int(each)} for each in written.split(", ")]
        assert json.dumps(merged.document) == json.dumps(document)


def test_the_documentation_has_examples_in_json() -> None:
    """The rules for values and elements have examples that are checked."""
    assert len(EXAMPLES) == 9
