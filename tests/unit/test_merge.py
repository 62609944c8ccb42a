"""Merge patches are applied as in RFC 7396; three-way merges lose no edit and never choose between two."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from support.inputs.counted_names import CountedName, counted_names
from support.project.template import ROOT
from support.storage.model import by_value

from dashboard_store.documents import merge as merging
from dashboard_store.documents.json_text import compact, pointer
from dashboard_store.documents.merge import Merged, merge, merge_patch, same
from local.dashboards import dashboard

# RFC 7396, appendix A: original, patch, result.
APPENDIX_A = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]

names = st.sampled_from("abc")
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX_A)
def test_the_examples_of_the_rfc(original: str, patch: str, result: str) -> None:
    """Every example of appendix A gives the result in the RFC, with its members in the same order."""
    merged = merge_patch(json.loads(original), json.loads(patch))
    assert json.dumps(merged, separators=(",", ":")) == result


@given(target=documents, patch=documents)
def test_applying_a_patch_does_not_change_its_inputs(target: Any, patch: Any) -> None:
    """Neither the current document nor the patch is changed."""
    before = copy.deepcopy((target, patch))
    merge_patch(target, patch)
    assert (target, patch) == before


@given(target=documents, patch=documents)
def test_applying_a_patch_again_changes_nothing(target: Any, patch: Any) -> None:
    """Applying a patch twice, because the first response was lost, gives the same document as applying it once."""
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_a_patch_keeps_other_members_at_any_depth() -> None:
    """A patch of a nested member does not change the other members next to it."""
    target = {"a": {"b": {"c": 1, "d": 2}, "e": 3}, "f": 4}
    assert merge_patch(target, {"a": {"b": {"c": 9}}}) == {"a": {"b": {"c": 9, "d": 2}, "e": 3}, "f": 4}


def test_a_kept_member_keeps_its_place() -> None:
    """A changed member keeps its position, and a new one comes last, because order is content."""
    assert list(merge_patch({"x": 1, "y": 2, "z": 3}, {"n": 0, "y": 9})) == ["x", "y", "z", "n"]


# -- three-way merge: the rules, by example ---------------------------------------------------------------------------


def text(document: Any) -> str:
    """Serialize a document; true and 1 differ, 1 and 1.0 do not, and the order of members counts."""
    return json.dumps(by_value(document), ensure_ascii=False)


def canonical(document: Any) -> str:
    """Serialize a document regardless of the order of members; true and 1 differ, 1 and 1.0 do not."""
    return json.dumps(by_value(document), sort_keys=True)


def both_ways(base: Any, left: Any, right: Any) -> Any:
    """Merge two edits in both orders, assert that there is no conflict and both results are equal, and return it."""
    one, other = merge(base, left, right), merge(base, right, left)
    assert (*one.conflicts, *other.conflicts) == ()
    assert text(one.document) == text(other.document)
    return one.document


def rows(*ids: str | int) -> list[dict[str, Any]]:
    return [{"id": identity} for identity in ids]


def ids(array: list[dict[str, Any]]) -> list[Any]:
    return [element["id"] for element in array]


ONE_SIDED = {
    "a member is changed": ({"a": 1, "b": 2}, {"a": 9, "b": 2}),
    "a member is removed": ({"a": 1, "b": 2}, {"b": 2}),
    "members are reordered": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "elements are reordered": (rows(1, 2, 3), rows(3, 1, 2)),
    "an element is removed": (rows(1, 2, 3), rows(1, 3)),
    "an identity changes": (rows(1, 2), rows(1, 7)),
    "a type changes": ({"a": {"b": 1}}, {"a": ["b"]}),
    "true becomes 1": ({"a": True}, {"a": 1}),
    "members are reordered and 1 becomes 1.0": ({"o": [{"a": 1, "b": 2}]}, {"o": [{"b": 2, "a": 1.0}]}),
    "1 becomes 1.0 beside a true that becomes 1": ({"o": [1, True]}, {"o": [1.0, 1]}),
    "a null member is removed": ({"a": None}, {}),
    "the document becomes null": ({"a": 1}, None),
}


@pytest.mark.parametrize("case", ONE_SIDED)
def test_a_change_of_one_side_is_taken(case: str) -> None:
    """If only one side made changes, its document is exactly the result, whichever side it is."""
    base, edited = ONE_SIDED[case]
    assert text(both_ways(base, edited, base)) == text(edited)


CONFLICTS: dict[str, tuple[Any, Any, Any, list[str]]] = {
    # base, theirs, mine, conflicts
    "two edits of one value": ({"a": 1}, {"a": 2}, {"a": 3}, ["/a"]),
    "true against 1": ({"a": 0}, {"a": True}, {"a": 1}, ["/a"]),
    "true against 1 beside 6 against 6.0": ({"a": 0}, {"a": [6, True]}, {"a": [6.0, 1]}, ["/a"]),
    "null against a removal": ({"a": 0}, {"a": None}, {}, ["/a"]),
    "they edit, I delete": ({"a": {"x": 1}}, {"a": {"x": 2}}, {}, ["/a"]),
    "they delete, I edit": ({"a": {"x": 1}}, {}, {"a": {"x": 2}}, ["/a"]),
    "they add inside, I delete": ({"a": {}}, {"a": {"x": 1}}, {}, ["/a"]),
    "both add the same name": ({}, {"a": {"x": 1}}, {"a": {"x": 2}}, ["/a"]),
    "an object against a text": ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": "text"}, ["/a"]),
    "two of three members": (
        {"a": 1, "b": 1, "c": 1},
        {"a": 2, "b": 2, "c": 1},
        {"a": 3, "b": 3, "c": 3},
        ["/a", "/b"],
    ),
    "a plain array is one value": ({"a": [1, 2]}, {"a": [1, 2, 3]}, {"a": [0, 1, 2]}, ["/a"]),
    "an element edited twice": ([{"id": 1, "x": 1}], [{"id": 1, "x": 2}], [{"id": 1, "x": 3}], ["/0/x"]),
    "an element edited and deleted": ([*rows(0), {"id": 1, "x": 1}], rows(0), [*rows(0), {"id": 1, "x": 3}], ["/1"]),
    "an element deleted and edited": ([*rows(0), {"id": 1, "x": 1}], [*rows(0), {"id": 1, "x": 3}], rows(0), ["/1"]),
    "both insert the same identity": (rows(1), [*rows(1), {"id": 2, "x": 1}], [{"id": 2, "x": 2}, *rows(1)], ["/1"]),
    "an element has their index": (
        [*rows(1), {"id": 2, "x": 1}],
        [*rows(7, 8, 1), {"id": 2, "x": 2}],
        [*rows(1), {"id": 2, "x": 3}],
        ["/3/x"],
    ),
    "all are moved and one is edited and deleted": (
        [*rows(1), {"id": 2, "x": 1}, *rows(3)],
        [*rows(3), {"id": 2, "x": 2}, *rows(1)],
        rows(1, 3),
        ["/1"],
    ),
    "two orders": (rows(1, 2, 3), rows(3, 1, 2), rows(2, 1, 3), [""]),
    "the whole document": ({"a": 1}, None, {"a": 2}, [""]),
    "a name with a slash and a tilde": ({"a/b~c": 1}, {"a/b~c": 2}, {"a/b~c": 3}, ["/a~1b~0c"]),
}


def test_merging_is_linear() -> None:
    """Each member's name is looked up a bounded number of times, however many members and edits there are."""
    names = counted_names(3_000)
    base = dict.fromkeys(names, 0)
    merged = merge(base, {**base, names[0]: 1, "theirs": 1}, {**dict(reversed(base.items())), names[1]: 1, "mine": 1})
    assert (len(merged.document), list(merged.conflicts)) == (3_002, [])
    assert CountedName.uses <= 60 * len(names)


def test_nesting_does_not_repeat_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs only in the order of its members is compared once, not again at each level around it."""
    lengths: list[int] = []

    def counted(value: Any) -> str:
        text = compact(value)
        lengths.append(len(text))
        return text

    monkeypatch.setattr(merging, "written", counted)
    base: Any = {str(number): number for number in range(1_000)}
    theirs, mine = dict(reversed(base.items())), dict(sorted(base.items()))
    for _ in range(30):
        base, theirs, mine = {"a": base}, {"a": theirs}, {"a": mine}
    assert merge(base, theirs, mine).document == base
    assert 0 < sum(lengths) <= 8 * len(compact(base))


def test_only_conflicts_that_are_read_become_pointers(monkeypatch: pytest.MonkeyPatch) -> None:
    """All conflicts are counted, but a pointer is written when it is read: a long name may be part of all of them."""
    written: list[Any] = []

    def counted(path: Any) -> str:
        written.append(path)
        return pointer(path)

    monkeypatch.setattr(merging, "pointer", counted)
    base, theirs, mine = ({"name": {str(number): side for number in range(2_000)}} for side in range(3))
    merged = merge(base, theirs, mine)
    assert (len(merged.conflicts), written) == (2_000, [])
    assert (merged.conflicts[7], len(written)) == ("/name/7", 1)


@pytest.mark.parametrize("case", CONFLICTS)
def test_different_changes_of_both_sides_conflict(case: str) -> None:
    """Conflicts are pointers in the order of their document, whose values stay until the conflicts are resolved."""
    base, theirs, mine, conflicts = CONFLICTS[case]
    merged = merge(base, theirs, mine)
    assert list(merged.conflicts) == conflicts
    assert merge(base, mine, theirs).conflicts
    if "" in conflicts:
        assert text(merged.document) == text(theirs)


NOT_IDENTIFIED: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "an element without an id": ([{"x": 1}, *rows(2)], [{"x": 1}, *rows(2, 3)], [{"x": 1}, *rows(2, 4)]),
    "a duplicate id": (rows(1, 1), rows(1, 1, 2), rows(1, 1, 3)),
    "a duplicate id on one side": (rows(1), rows(1, 2, 2), rows(1, 3)),
    "elements that are not objects": ([1, *rows(2)], [1, *rows(2, 3)], [1, *rows(2, 4)]),
    "an id that is true": ([{"id": True}], [{"id": True}, *rows(2)], [{"id": True}, *rows(3)]),
    "an id that is null": ([{"id": None}], [{"id": None}, *rows(2)], [{"id": None}, *rows(3)]),
    "an id that is a float": ([{"id": 1.5}], [{"id": 1.5}, *rows(2)], [{"id": 1.5}, *rows(3)]),
    "id on one side, i on the other": ([], [{"id": 1}], [{"i": 1}]),
}


@pytest.mark.parametrize("case", NOT_IDENTIFIED)
def test_an_array_without_identities_is_one_value(case: str) -> None:
    """Unless every element has a unique id, elements cannot be matched, so two edits of an array are a conflict."""
    base, theirs, mine = NOT_IDENTIFIED[case]
    merged = merge({"rows": base}, {"rows": theirs}, {"rows": mine})
    assert (list(merged.conflicts), merged.document) == (["/rows"], {"rows": theirs})
    assert merge({"rows": base}, {"rows": theirs}, {"rows": base}).document == {"rows": theirs}


IDENTIFIED: dict[str, tuple[list[Any], list[Any], list[Any], list[Any]]] = {
    # base, one side, the other side, result
    "by id": (rows("a"), [{"id": "a", "x": 1}], [{"id": "a", "y": 1}], [{"id": "a", "x": 1, "y": 1}]),
    "by i": (
        [{"i": "a", "w": 1, "h": 1}],
        [{"i": "a", "w": 2, "h": 1}],
        [{"i": "a", "w": 1, "h": 2}],
        [{"i": "a", "w": 2, "h": 2}],
    ),
    "by i where ids are not unique": (
        [{"i": 1, "id": 7}, {"i": 2, "id": 7}],
        [{"i": 1, "id": 7, "x": 1}, {"i": 2, "id": 7}],
        [{"i": 1, "id": 7}, {"i": 2, "id": 7, "x": 2}],
        [{"i": 1, "id": 7, "x": 1}, {"i": 2, "id": 7, "x": 2}],
    ),
    "the number 1 and the text 1": (
        rows(1, "1"),
        [{"id": 1, "x": 1}, {"id": "1"}],
        [{"id": 1}, {"id": "1", "x": 2}],
        [{"id": 1, "x": 1}, {"id": "1", "x": 2}],
    ),
    "from an empty array": ([], rows(1), rows(2), rows(1, 2)),
    "to an empty array": (rows(1, 2), rows(1), rows(2), []),
    "nested": (
        [{"id": 1, "rows": rows(1)}],
        [{"id": 1, "rows": rows(1, 2)}],
        [{"id": 1, "rows": rows(0, 1)}],
        [{"id": 1, "rows": rows(0, 1, 2)}],
    ),
}


@pytest.mark.parametrize("case", IDENTIFIED)
def test_an_array_with_identities_is_merged_by_element(case: str) -> None:
    """Elements with a unique id, or i, are matched by it, wherever they are."""
    base, one, other, result = IDENTIFIED[case]
    assert text(both_ways(base, one, other)) == text(result)


ORDERS: dict[str, tuple[list[Any], list[Any], list[Any], list[Any]]] = {
    # base, one side, the other side, result
    "one reorders, the other changes nothing": ([1, 2, 3], [3, 2, 1], [1, 2, 3], [3, 2, 1]),
    "one reorders, the other inserts after 1": ([1, 2, 3], [3, 2, 1], [1, 9, 2, 3], [3, 2, 1, 9]),
    "one reorders, the other inserts at the start": ([1, 2, 3], [3, 2, 1], [9, 1, 2, 3], [9, 3, 2, 1]),
    "one reorders, the other removes": ([1, 2, 3], [3, 2, 1], [1, 3], [3, 1]),
    "both reorder alike": ([1, 2, 3], [3, 2, 1], [3, 2, 1], [3, 2, 1]),
    "both reorder alike, one inserts": ([1, 2, 3], [3, 2, 1], [3, 9, 2, 1], [3, 9, 2, 1]),
    "both insert at different places": ([1, 2], [8, 1, 2], [1, 2, 9], [8, 1, 2, 9]),
    "both insert at the same place": ([1, 2], [1, 9, 2], [1, 8, 2], [1, 8, 9, 2]),
    "both insert several at the same place": ([1], [1, "a", "d"], [1, "b", "c"], [1, "a", "b", "c", "d"]),
    "runs keep their own order": ([1], [1, "d", "a"], [1, "b", "c"], [1, "b", "c", "d", "a"]),
    "both insert the same": ([1, 2], [1, 9, 2], [1, 9, 2], [1, 9, 2]),
    "one inserts after what the other removes": ([1, 2, 3], [1, 2, 9, 3], [1, 3], [1, 9, 3]),
    "one inserts after the first, which the other removes": ([1, 2], [1, 9, 2], [2], [9, 2]),
    "both insert the same and others after it": ([1], [1, "p", "n"], [1, "p", "o"], [1, "p", "n", "o"]),
    "both insert the same after others": ([1], [1, "z", "p"], [1, "a", "p", "b"], [1, "a", "z", "p", "b"]),
    "both insert the same two in different orders": ([1], [1, "p", "q"], [1, "q", "p"], [1, "p", "q"]),
    "both insert the same at different places": ([1, 2], [1, 9, 2], [1, 2, 9], [1, 9, 2]),
    "both insert the same, one of them more": ([1, 2], [1, 9, 2], [1, 9, 2, 8], [1, 9, 2, 8]),
    "both remove and insert": ([1, 2, 3], [8, 2, 3], [1, 2, 9], [8, 2, 9]),
}


@pytest.mark.parametrize("case", ORDERS)
def test_new_elements_are_where_they_were_inserted(case: str) -> None:
    """The side that reordered elements determines the order; a new element stays after its predecessor."""
    base, one, other, result = ORDERS[case]
    assert ids(both_ways(rows(*base), rows(*one), rows(*other))) == result


def test_one_side_reorders_and_the_other_edits() -> None:
    """An element that one side moved has the other side's changes."""
    edited = [{"id": 1}, {"id": 2, "x": 9}, {"id": 3}]
    assert both_ways(rows(1, 2, 3), rows(3, 2, 1), edited) == [{"id": 3}, {"id": 2, "x": 9}, {"id": 1}]


REORDERED: dict[str, tuple[Any, Any, Any]] = {
    # base, a side that only reordered members, the other side
    "members moved, members added": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 2, "c": 3}),
    "members moved, a member edited": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 9}),
    "two orders of members": ({"a": 1, "b": 2, "c": 3}, {"b": 2, "a": 1, "c": 3}, {"c": 3, "a": 1, "b": 2}),
    "members moved in a deleted object": ({"o": {"a": 1, "b": 2}}, {"o": {"b": 2, "a": 1}}, {}),
    "members moved in an object that becomes a text": (
        {"o": {"a": 1, "b": 2}},
        {"o": {"b": 2, "a": 1}},
        {"o": "text"},
    ),
    "members moved in an array without identities": (
        {"o": [{"a": 1, "b": 2}, 3]},
        {"o": [{"b": 2, "a": 1}, 3]},
        {"o": [{"a": 1, "b": 2}, 4]},
    ),
}


@pytest.mark.parametrize("case", REORDERED)
def test_the_order_of_members_alone_is_never_a_conflict(case: str) -> None:
    """Reordering members alone never conflicts with another client's edit or delete."""
    base, reordered, other = REORDERED[case]
    for merged in (merge(base, reordered, other), merge(base, other, reordered)):
        assert (list(merged.conflicts), canonical(merged.document)) == ([], canonical(other))


def test_the_order_of_members_is_kept_in_an_array_without_identities() -> None:
    """If one side changed nothing, the other's order of members is taken, even in an array without identities."""
    before, reordered = {"o": [{"a": 1, "b": 2}, 3]}, {"o": [{"b": 2, "a": 1}, 3]}
    assert text(both_ways(before, reordered, before)) == text(reordered)


def test_two_different_orders_are_a_conflict_at_the_array() -> None:
    """If both sides reordered elements differently, the conflict names the array, and their order is taken."""
    base, theirs, mine = ({"o": {"rows": rows(*order)}} for order in ((1, 2, 3), (3, 1, 2), (2, 3, 1)))
    merged = merge(base, theirs, mine)
    assert (list(merged.conflicts), merged.document) == (["/o/rows"], theirs)


def test_the_order_of_members_is_kept() -> None:
    """If one side reordered charts and the other added and edited some, the result has the new order."""
    merged = both_ways({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 9, "n": 0, "b": 2})
    assert text(merged) == text({"b": 2, "a": 9, "n": 0})


# -- three-way merge: the table of cases, which the browser client's tests read too -----------------------------------

CASES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "support" / "inputs" / "merge_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["rule"] for case in CASES])
def test_a_case_of_the_table_merges_as_it_says(case: dict[str, Any]) -> None:
    """Each case of the table gives its document, written exactly so, and its conflicts, also when turned."""
    base, theirs, mine = case["base"], case["theirs"], case["mine"]
    merged = merge(base, theirs, mine)
    assert json.dumps(merged.document) == json.dumps(case["merged"])
    assert list(merged.conflicts) == case["conflicts"]
    turned = merge(base, mine, theirs)
    assert bool(turned.conflicts) == bool(case["conflicts"])


def test_the_table_states_each_rule_once() -> None:
    """Every case of the table states its own rule, as a sentence."""
    rules = [case["rule"] for case in CASES]
    assert len(set(rules)) == len(rules)
    assert all(re.fullmatch(r"[A-Z0-9].+\.", rule) for rule in rules)


# -- three-way merge: dashboards --------------------------------------------------------------------------------------


def edited(document: Any, *edits: Callable[[Any], object]) -> Any:
    """Return a copy with these edits."""
    changed = copy.deepcopy(document)
    for edit in edits:
        edit(changed)
    return changed


@pytest.mark.parametrize("size", ["small", "medium"])
def test_the_edits_of_two_users_are_all_kept(size: str) -> None:
    """Titles, positions, filters, new and removed charts of two users are all in the result, in either order."""
    base = dashboard(size)
    left = [
        lambda d: d["chartCustomizations"]["chart-000"].update(title="Left"),
        lambda d: d["chartCustomizations"].update(left={"title": "New on the left"}),
        lambda d: d["filters"][0]["values"].append("Left"),
        lambda d: d["filters"].append({"id": "left", "column": "x"}),
        lambda d: d["theme"].update(id="left"),
    ]
    right = [
        lambda d: d["chartCustomizations"]["chart-000"]["position"].update(x=3),
        lambda d: d["chartCustomizations"]["chart-000"]["spec"]["encoding"]["color"].update(value="#fff"),
        lambda d: d["chartCustomizations"].pop("chart-001"),
        lambda d: d["filters"].insert(0, {"id": "right", "column": "y"}),
        lambda d: d["filters"].pop(2),
        lambda d: d["extensions"].update({"acme.right": {"on": True}}),
    ]
    joined = both_ways(base, edited(base, *left), edited(base, *right))
    assert canonical(joined) == canonical(edited(base, *left, *right))


def test_conflicts_of_two_users_are_reported() -> None:
    """Every place that both changed differently is reported, and all other changes are merged."""
    base = dashboard("small")
    theirs = edited(
        base,
        lambda d: d["chartCustomizations"]["chart-000"].update(title="Theirs", note="theirs"),
        lambda d: d["filters"][1].update(operator="not in"),
        lambda d: d["chartCustomizations"].pop("chart-002"),
    )
    mine = edited(
        base,
        lambda d: d["chartCustomizations"]["chart-000"].update(title="Mine", isVisible="never"),
        lambda d: d["filters"].pop(1),
        lambda d: d["chartCustomizations"]["chart-002"].update(title="Mine"),
    )
    merged = merge(base, theirs, mine)
    assert sorted(merged.conflicts) == [
        "/chartCustomizations/chart-000/title",
        "/chartCustomizations/chart-002",
        "/filters/1",
    ]
    expected = edited(theirs, lambda d: d["chartCustomizations"]["chart-000"].update(isVisible="never"))
    assert canonical(merged.document) == canonical(expected)


# -- three-way merge: generated edits ---------------------------------------------------------------------------------

type Place = tuple[str | int, ...]
"""The path to a value, as names of members and identities of elements."""

SCALARS = (None, True, False, 0, 1, 1.0, -0.0, "", "a", "é/~")
NAMES = ("a", "b/c", "~d", "e")
NEW = ("n", "o", "p")
NAMES_FOR_IDENTITIES = ("id", "i", "uid")
ABSENT = object()


class Rows(list[Any]):
    """An array whose elements have identities, in the member that `identity` names."""

    def __init__(self, identity: str, elements: list[Any]) -> None:
        super().__init__(elements)
        self.identity = identity

    def __deepcopy__(self, memo: dict[int, Any]) -> "Rows":
        return Rows(self.identity, [copy.deepcopy(element, memo) for element in self])

    def index_of(self, name: Any) -> int | None:
        return next((index for index, row in enumerate(self) if text(row[self.identity]) == text(name)), None)


@dataclass(frozen=True)
class Edit:
    """Sets the value at a place, inserts an element after `behind` others, or removes what is there."""

    place: Place
    value: Any = ABSENT
    behind: int = 0

    def __repr__(self) -> str:
        return f"remove {self.place}" if self.value is ABSENT else f"put {text(self.value)} at {self.place}"

    def touches(self, other: "Edit") -> bool:
        """Whether one is at or within the other's place."""
        length = min(len(self.place), len(other.place))
        return text(self.place[:length]) == text(other.place[:length])


def inner(value: Any, token: Any) -> Any:
    """Return the child of a value that a token of a place refers to."""
    if isinstance(value, Rows):
        index = value.index_of(token)
        return ABSENT if index is None else value[index]
    return value.get(token, ABSENT) if isinstance(value, dict) else ABSENT


def applied(document: Any, edits: list[Edit]) -> Any:
    """Apply edits to a copy of a document, in the simplest way."""
    changed = copy.deepcopy(document)
    for edit in edits:
        outer, token = changed, edit.place[-1]
        for step in edit.place[:-1]:
            outer = inner(outer, step)
        if isinstance(outer, Rows):
            index = outer.index_of(token)
            if edit.value is ABSENT and index is not None:
                del outer[index]
            elif index is None:
                outer.insert(edit.behind, copy.deepcopy(edit.value))
        elif edit.value is ABSENT:
            outer.pop(token, None)
        else:
            outer[token] = copy.deepcopy(edit.value)
    return changed


def plain(document: Any) -> Any:
    return json.loads(text(document))


def in_any_order(document: Any) -> Any:
    """Sort the elements with identities, to compare documents regardless of their order."""
    if isinstance(document, dict):
        return {name: in_any_order(value) for name, value in document.items()}
    if isinstance(document, list):
        elements = [in_any_order(value) for value in document]
        return sorted(elements, key=canonical) if all(isinstance(value, dict) for value in elements) else elements
    return document


def pointer_to(place: Place, theirs: Any, base: Any) -> str:
    """Convert a place to a JSON pointer, with the index of an element in their document or else in the base."""
    tokens = []
    for token in place:
        both = (theirs, base)
        indices = [outer.index_of(token) for outer in both if isinstance(outer, Rows)]
        known = [str(index) for index in indices if index is not None]
        tokens.append(known[0] if known else str(token).replace("~", "~0").replace("/", "~1"))
        theirs, base = (inner(outer, token) for outer in both)
    return "".join(f"/{token}" for token in tokens)


scalars = st.sampled_from(SCALARS)
# These arrays are neither empty nor of objects, so they cannot be taken for arrays with identities.
SIMPLE: tuple[Any, ...] = (*SCALARS, [0], [0, 1], [1.0])
OBJECTS: tuple[dict[str, Any], ...] = ({}, {"a": 1}, {"a": 1.0}, {"e": None, "a": True})
values = st.sampled_from(SIMPLE)
identities = st.sampled_from([1, 2, "1", "x", "y"])


def objects(members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES), members, max_size=4)


@st.composite
def arrays(draw: st.DrawFn, members: st.SearchStrategy[Any]) -> Rows:
    identity = draw(st.sampled_from(NAMES_FOR_IDENTITIES))
    names = draw(st.lists(identities, unique_by=text, max_size=4))
    return Rows(identity, [{identity: name, **draw(objects(members))} for name in names])


bases = objects(st.recursive(values, lambda members: objects(members) | arrays(members), max_leaves=12))


def possible(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any, Any]]:
    """Yield what can be edited: each place, its container, and its value, which is ABSENT for a new place."""
    if isinstance(value, Rows):
        yield (*place, ""), value, ABSENT
        for row in value:
            yield (*place, row[value.identity]), value, row
            yield from possible(row, (*place, row[value.identity]))
    elif isinstance(value, dict):
        yield (*place, ""), value, ABSENT
        for name in value:
            if name not in NAMES_FOR_IDENTITIES:
                yield (*place, name), value, value[name]
                yield from possible(value[name], (*place, name))


@st.composite
def edits(draw: st.DrawFn, base: Any) -> Edit:
    place, holder, found = draw(st.sampled_from(list(possible(base))))
    if found is ABSENT:
        place = (*place[:-1], draw(st.sampled_from(NEW)))
    if isinstance(holder, Rows):
        if found is not ABSENT:
            return Edit(place)
        element = {holder.identity: place[-1], **draw(st.sampled_from(OBJECTS))}
        return Edit(place, element, behind=draw(st.integers(0, len(holder))))
    # Replacing an object with an object is indistinguishable from edits within it.
    pool = (*SIMPLE, ABSENT) if isinstance(found, dict | Rows) else (*SIMPLE, *OBJECTS, ABSENT)
    return Edit(place, draw(st.sampled_from(pool)))


@st.composite
def edited_twice(draw: st.DrawFn) -> "Edited":
    base = draw(bases)
    left = _apart(base, draw(st.lists(edits(base), min_size=1, max_size=5)))
    alike = st.sampled_from(left) if left else st.nothing()
    return Edited(base, left, _apart(base, draw(st.lists(edits(base) | alike, min_size=1, max_size=5))))


def _apart(base: Any, drawn: list[Edit]) -> list[Edit]:
    """Leave out edits that change nothing, and those that touch another edit's place."""
    apart: list[Edit] = []
    for edit in drawn:
        if not any(edit.touches(other) for other in apart) and text(applied(base, [edit])) != text(base):
            apart.append(edit)
    return apart


@dataclass(frozen=True)
class Edited:
    """A base and the edits of two sides; no side edits within what it inserts or removes."""

    base: Any
    left: list[Edit]
    right: list[Edit]

    @property
    def clashes(self) -> list[Place]:
        """The places that both sides edited differently, or one of them within what the other changed."""
        pairs = ((one, other) for one, other in product(self.left, self.right) if one.touches(other))
        return [min(one.place, other.place, key=len) for one, other in pairs if repr(one) != repr(other)]

    def merged(self) -> Merged:
        documents = [
            plain(document) for document in (self.base, applied(self.base, self.left), applied(self.base, self.right))
        ]
        before = json.dumps(documents)
        merged = merge(*documents)
        assert json.dumps(documents) == before, "the inputs were changed"
        note(f"base {text(self.base)}")
        note(f"theirs {self.left}, mine {self.right}")
        note(f"merged {text(merged.document)}, conflicts {list(merged.conflicts)}")
        return merged


@given(edited_twice())
def test_every_edit_is_in_the_outcome_or_in_a_conflict(case: Edited) -> None:
    """The conflicts are exactly the places that both sides edited differently; all other edits are in the result."""
    merged = case.merged()
    theirs = applied(case.base, case.left)
    assert set(merged.conflicts) == {pointer_to(place, theirs, case.base) for place in case.clashes}
    undisputed = [edit for edit in case.right if not any(edit.touches(Edit(place)) for place in case.clashes)]
    expected = applied(theirs, [edit for edit in undisputed if not any(edit.touches(other) for other in case.left)])
    assert canonical(in_any_order(merged.document)) == canonical(in_any_order(expected))


@given(edited_twice())
def test_the_order_of_saving_does_not_matter(case: Edited) -> None:
    """Disjoint edits have the same result, and others conflict, whichever side saved first."""
    turned = Edited(case.base, case.right, case.left)
    one, other = case.merged(), turned.merged()
    assert bool(one.conflicts) == bool(other.conflicts)
    if not one.conflicts:
        assert text(one.document) == text(other.document)


@given(edited_twice())
def test_elements_and_members_keep_the_order_of_each_side(case: Edited) -> None:
    """Without reordering or conflicts, what the result has of a side is in that side's order."""
    merged = case.merged()
    if merged.conflicts:
        return
    shared = [edit for edit in case.left if any(text(edit.place) == text(other.place) for other in case.right)]
    for edits in (case.left, case.right):
        side = applied(case.base, edits)
        for place, order in orders(side):
            found = order_at(merged.document, side, place)
            new_on_both = {text(edit.place[-1]) for edit in shared if text(edit.place[:-1]) == text(place)}
            one = [name for name in order if name in found and name not in new_on_both]
            assert one == [name for name in found if name in one]


def orders(document: Any, place: Place = ()) -> Iterator[tuple[Place, list[str]]]:
    """Yield the order of members or elements for each place in a document."""
    names = [row[document.identity] for row in document] if isinstance(document, Rows) else list(document)
    yield place, [text(name) for name in names]
    for name in names:
        value = inner(document, name)
        if isinstance(value, dict | Rows):
            yield from orders(value, (*place, name))


def order_at(merged: Any, side: Any, place: Place) -> list[str]:
    """Return the order at the same place of the merged document, or an empty list if the place does not exist."""
    for token in place:
        merged = inner(_like(merged, side), token)
        side = inner(side, token)
    found = _like(merged, side)
    return [text(row[side.identity]) for row in found] if isinstance(side, Rows) else [text(name) for name in found]


def _like(merged: Any, side: Any) -> Any:
    """Convert a merged value to its type on one side; it is empty if the other side put another type there."""
    if isinstance(side, Rows):
        is_array = isinstance(merged, list) and all(isinstance(row, dict) for row in merged)
        return Rows(side.identity, merged if is_array else [])
    return merged if isinstance(merged, dict) else {}


# -- three-way merge: any three documents -----------------------------------------------------------------------------

anything: st.SearchStrategy[Any] = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda members: (
        st.lists(members, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "id", "i"]), members, max_size=3)
        | st.lists(st.dictionaries(st.sampled_from(["id", "i", "a"]), st.integers(0, 3), max_size=3), max_size=4)
        | st.lists(st.dictionaries(st.sampled_from(["key", "name"]), st.integers(0, 3), max_size=2), max_size=4)
    ),
    max_leaves=12,
)


@given(base=anything, edit=anything)
def test_an_unchanged_side_yields(base: Any, edit: Any) -> None:
    """If one side did not change the base, the result is exactly the other side, without conflicts."""
    assert text(both_ways(base, edit, base)) == text(edit)


@given(base=anything, edit=anything)
def test_equal_sides_agree(base: Any, edit: Any) -> None:
    """The same change on both sides is exactly the result, including its order, without conflicts."""
    assert text(both_ways(base, edit, copy.deepcopy(edit))) == text(edit)


@given(base=anything, theirs=anything, mine=anything)
def test_a_merge_does_not_change_its_inputs(base: Any, theirs: Any, mine: Any) -> None:
    """The documents are unchanged after a merge, with or without conflicts."""
    before = json.dumps([base, theirs, mine])
    merge(base, theirs, mine)
    assert json.dumps([base, theirs, mine]) == before


@given(base=anything, theirs=anything, mine=anything)
def test_merging_again_changes_nothing(base: Any, theirs: Any, mine: Any) -> None:
    """Merging my document again, into the first result, gives that result, so a retry creates no new version."""
    first = merge(base, theirs, mine)
    if not first.conflicts:
        again = merge(base, first.document, mine)
        assert (text(again.document), list(again.conflicts)) == (text(first.document), [])


@given(base=anything, theirs=anything, mine=anything)
def test_no_conflict_is_without_a_difference(base: Any, theirs: Any, mine: Any) -> None:
    """Conflicts are reported only if all three documents differ."""
    merged = merge(base, theirs, mine)
    if merged.conflicts:
        assert len({canonical(document) for document in (base, theirs, mine)}) == 3


@given(base=anything, theirs=anything, mine=anything)
def test_both_orders_of_saving_conflict_or_neither_does(base: Any, theirs: Any, mine: Any) -> None:
    """Whether two edits conflict does not depend on which was saved first."""
    assert bool(merge(base, theirs, mine).conflicts) == bool(merge(base, mine, theirs).conflicts)


@given(base=anything, edit=anything)
def test_numbers_written_differently_are_no_edit(base: Any, edit: Any) -> None:
    """A client that writes each number in another form changes nothing, so the other side's edit is kept exactly."""
    merged = merge(base, edit, respelled(base))
    assert (json.dumps(merged.document), list(merged.conflicts)) == (json.dumps(edit), [])


def respelled(document: Any) -> Any:
    """Write each integer as a float, and each float without a fraction as an integer."""
    if isinstance(document, dict):
        return {name: respelled(value) for name, value in document.items()}
    if isinstance(document, list):
        return [respelled(value) for value in document]
    if isinstance(document, float):
        return by_value(document)
    return float(document) if type(document) is int else document


@given(base=anything, theirs=anything, mine=anything)
def test_a_conflict_points_into_their_document(base: Any, theirs: Any, mine: Any) -> None:
    """A pointer (RFC 6901) refers to a value in their document, or to a missing child of one."""
    for found in merge(base, theirs, mine).conflicts:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in found.split("/")[1:]]
        value = theirs
        for token in tokens[:-1]:
            value = value[int(token)] if isinstance(value, list) else value[token]
        assert not tokens or (isinstance(value, dict) or tokens[-1].isdecimal())
        assert isinstance(value, dict | list) or not tokens


@given(one=anything, other=anything)
def test_values_are_compared_as_json(one: Any, other: Any) -> None:
    """Two values are the same if their JSON is, regardless of the order of members: 1 is 1.0, but true is not 1."""
    assert same(one, other) == (canonical(one) == canonical(other))
    assert same(one, plain(one))
