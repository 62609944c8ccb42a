"""Merge patches are applied as RFC 7396 says; three-way merges lose no edit and decide between none."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

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
    """Every example of appendix A gives the result that stands there, its members in that order."""
    merged = merge_patch(json.loads(original), json.loads(patch))
    assert json.dumps(merged, separators=(",", ":")) == result


@given(target=documents, patch=documents)
def test_the_inputs_stay_as_they_were(target: Any, patch: Any) -> None:
    """The current document may go on being used after a patch was tried on it."""
    before = copy.deepcopy((target, patch))
    merge_patch(target, patch)
    assert (target, patch) == before


@given(target=documents, patch=documents)
def test_applying_a_patch_again_changes_nothing(target: Any, patch: Any) -> None:
    """A patch that is sent twice, because the first response was lost, ends at the same document."""
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_what_a_patch_does_not_name_stays_at_any_depth() -> None:
    """A patch of a member within a member leaves that member's other members as they were."""
    target = {"a": {"b": {"c": 1, "d": 2}, "e": 3}, "f": 4}
    assert merge_patch(target, {"a": {"b": {"c": 9}}}) == {"a": {"b": {"c": 9, "d": 2}, "e": 3}, "f": 4}


def test_a_kept_member_keeps_its_place() -> None:
    """Order is content: a changed member stays where it was, a new one comes last."""
    assert list(merge_patch({"x": 1, "y": 2, "z": 3}, {"n": 0, "y": 9})) == ["x", "y", "z", "n"]


# -- three ways: what the rules are, by example ---------------------------------------------------------------------


def text(document: Any) -> str:
    """Write a document so that true, 1 and 1.0 are three texts; the order of members is told too."""
    return json.dumps(document, ensure_ascii=False)


def canonical(document: Any) -> str:
    """Write a document as an unordered JSON value: true, 1 and 1.0 differ, the order of members does not count."""
    return json.dumps(document, sort_keys=True)


def both_ways(base: Any, left: Any, right: Any) -> Any:
    """Merge two edits in both orders, each free of conflict and to the letter the same, and return the outcome."""
    one, other = merge(base, left, right), merge(base, right, left)
    assert (one.conflicts, other.conflicts) == ((), ())
    assert text(one.document) == text(other.document)
    return one.document


def rows(*ids: str | int) -> list[dict[str, Any]]:
    return [{"id": identity} for identity in ids]


def ids(array: list[dict[str, Any]]) -> list[Any]:
    return [element["id"] for element in array]


ONE_SIDED = {
    "a member is changed": ({"a": 1, "b": 2}, {"a": 9, "b": 2}),
    "a member is removed": ({"a": 1, "b": 2}, {"b": 2}),
    "members change places": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "elements change places": (rows(1, 2, 3), rows(3, 1, 2)),
    "an element is removed": (rows(1, 2, 3), rows(1, 3)),
    "an identity changes": (rows(1, 2), rows(1, 7)),
    "a type changes": ({"a": {"b": 1}}, {"a": ["b"]}),
    "true becomes 1": ({"a": True}, {"a": 1}),
    "1 becomes 1.0": ({"a": 1}, {"a": 1.0}),
    "0.0 becomes -0.0": ({"a": 0.0}, {"a": -0.0}),
    "null becomes nothing": ({"a": None}, {}),
    "everything goes": ({"a": 1}, None),
}


@pytest.mark.parametrize("case", ONE_SIDED)
def test_what_one_side_changed_is_taken(case: str) -> None:
    """A change of one side alone is the outcome whichever side it is, to the letter."""
    base, edited = ONE_SIDED[case]
    assert text(both_ways(base, edited, base)) == text(edited)


CONFLICTS: dict[str, tuple[Any, Any, Any, list[str]]] = {
    # base, theirs, mine, conflicts
    "one value, two edits": ({"a": 1}, {"a": 2}, {"a": 3}, ["/a"]),
    "true against 1": ({"a": 0}, {"a": True}, {"a": 1}, ["/a"]),
    "1 against 1.0": ({"a": 0}, {"a": 1}, {"a": 1.0}, ["/a"]),
    "0.0 against -0.0": ({"a": 1}, {"a": 0.0}, {"a": -0.0}, ["/a"]),
    "null against nothing": ({"a": 0}, {"a": None}, {}, ["/a"]),
    "they edit, I delete": ({"a": {"x": 1}}, {"a": {"x": 2}}, {}, ["/a"]),
    "they delete, I edit": ({"a": {"x": 1}}, {}, {"a": {"x": 2}}, ["/a"]),
    "they add inside, I delete": ({"a": {}}, {"a": {"x": 1}}, {}, ["/a"]),
    "both add one name": ({}, {"a": {"x": 1}}, {"a": {"x": 2}}, ["/a"]),
    "an object against a text": ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": "none"}, ["/a"]),
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
    "both put in one identity": (rows(1), [*rows(1), {"id": 2, "x": 1}], [{"id": 2, "x": 2}, *rows(1)], ["/1"]),
    "an element is named where they have it": (
        [*rows(1), {"id": 2, "x": 1}],
        [*rows(7, 8, 1), {"id": 2, "x": 2}],
        [*rows(1), {"id": 2, "x": 3}],
        ["/3/x"],
    ),
    "all moved and one edited, which is deleted": (
        [*rows(1), {"id": 2, "x": 1}, *rows(3)],
        [*rows(3), {"id": 2, "x": 2}, *rows(1)],
        rows(1, 3),
        ["/1"],
    ),
    "two orders": (rows(1, 2, 3), rows(3, 1, 2), rows(2, 1, 3), [""]),
    "the whole document": ({"a": 1}, None, {"a": 2}, [""]),
    "a name with a slash and a tilde": ({"a/b~c": 1}, {"a/b~c": 2}, {"a/b~c": 3}, ["/a~1b~0c"]),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_both_sides_changed_differently_is_a_conflict(case: str) -> None:
    """A conflict is named by its pointer in the order of their document, and until it is resolved theirs stays."""
    base, theirs, mine, conflicts = CONFLICTS[case]
    merged = merge(base, theirs, mine)
    assert list(merged.conflicts) == conflicts
    assert merge(base, mine, theirs).conflicts
    if "" in conflicts:
        assert text(merged.document) == text(theirs)


NOT_IDENTIFIED: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "an element without an id": ([{"x": 1}, *rows(2)], [{"x": 1}, *rows(2, 3)], [{"x": 1}, *rows(2, 4)]),
    "an id twice": (rows(1, 1), rows(1, 1, 2), rows(1, 1, 3)),
    "an id twice on one side": (rows(1), rows(1, 2, 2), rows(1, 3)),
    "elements that are no objects": ([1, *rows(2)], [1, *rows(2, 3)], [1, *rows(2, 4)]),
    "an id that is true": ([{"id": True}], [{"id": True}, *rows(2)], [{"id": True}, *rows(3)]),
    "an id that is null": ([{"id": None}], [{"id": None}, *rows(2)], [{"id": None}, *rows(3)]),
    "an id that is a float": ([{"id": 1.5}], [{"id": 1.5}, *rows(2)], [{"id": 1.5}, *rows(3)]),
    "ids on one side, i on the other": ([], [{"id": 1}], [{"i": 1}]),
}


@pytest.mark.parametrize("case", NOT_IDENTIFIED)
def test_an_array_without_identities_is_one_value(case: str) -> None:
    """Where not every element has an id of its own, nothing says which element is which: two edits are a conflict."""
    base, theirs, mine = NOT_IDENTIFIED[case]
    merged = merge({"rows": base}, {"rows": theirs}, {"rows": mine})
    assert (merged.conflicts, merged.document) == (("/rows",), {"rows": theirs})
    assert merge({"rows": base}, {"rows": theirs}, {"rows": base}).document == {"rows": theirs}


IDENTIFIED: dict[str, tuple[list[Any], list[Any], list[Any], list[Any]]] = {
    # base, one side, the other side, outcome
    "by id": (rows("a"), [{"id": "a", "x": 1}], [{"id": "a", "y": 1}], [{"id": "a", "x": 1, "y": 1}]),
    "by i": (
        [{"i": "a", "w": 1, "h": 1}],
        [{"i": "a", "w": 2, "h": 1}],
        [{"i": "a", "w": 1, "h": 2}],
        [{"i": "a", "w": 2, "h": 2}],
    ),
    "by i where the id is not of its own": (
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
    "from nothing": ([], rows(1), rows(2), rows(1, 2)),
    "to nothing": (rows(1, 2), rows(1), rows(2), []),
    "within each other": (
        [{"id": 1, "rows": rows(1)}],
        [{"id": 1, "rows": rows(1, 2)}],
        [{"id": 1, "rows": rows(0, 1)}],
        [{"id": 1, "rows": rows(0, 1, 2)}],
    ),
}


@pytest.mark.parametrize("case", IDENTIFIED)
def test_an_array_with_identities_is_joined_element_by_element(case: str) -> None:
    """Elements with an id, or an i, of their own are told apart by it, wherever they stand."""
    base, one, other, outcome = IDENTIFIED[case]
    assert text(both_ways(base, one, other)) == text(outcome)


ORDERS: dict[str, tuple[list[Any], list[Any], list[Any], list[Any]]] = {
    # base, one side, the other side, outcome
    "one reorders, the other edits nothing of it": ([1, 2, 3], [3, 2, 1], [1, 2, 3], [3, 2, 1]),
    "one reorders, the other puts in behind 1": ([1, 2, 3], [3, 2, 1], [1, 9, 2, 3], [3, 2, 1, 9]),
    "one reorders, the other puts in at the beginning": ([1, 2, 3], [3, 2, 1], [9, 1, 2, 3], [9, 3, 2, 1]),
    "one reorders, the other takes out": ([1, 2, 3], [3, 2, 1], [1, 3], [3, 1]),
    "both reorder alike": ([1, 2, 3], [3, 2, 1], [3, 2, 1], [3, 2, 1]),
    "both reorder alike, one puts in": ([1, 2, 3], [3, 2, 1], [3, 9, 2, 1], [3, 9, 2, 1]),
    "both put in at different places": ([1, 2], [8, 1, 2], [1, 2, 9], [8, 1, 2, 9]),
    "both put in at one place": ([1, 2], [1, 9, 2], [1, 8, 2], [1, 8, 9, 2]),
    "both put some in at one place": ([1], [1, "a", "d"], [1, "b", "c"], [1, "a", "b", "c", "d"]),
    "runs keep their own order": ([1], [1, "d", "a"], [1, "b", "c"], [1, "b", "c", "d", "a"]),
    "both put in the same": ([1, 2], [1, 9, 2], [1, 9, 2], [1, 9, 2]),
    "one puts in behind what the other takes out": ([1, 2, 3], [1, 2, 9, 3], [1, 3], [1, 9, 3]),
    "one puts in behind the first, which the other takes out": ([1, 2], [1, 9, 2], [2], [9, 2]),
    "both put in the same, each of them more": ([1], [1, "p", "n"], [1, "p", "o"], [1, "p", "n", "o"]),
    "both put in the same behind others": ([1], [1, "z", "p"], [1, "a", "p", "b"], [1, "a", "z", "p", "b"]),
    "both put in the same two in two orders": ([1], [1, "p", "q"], [1, "q", "p"], [1, "p", "q"]),
    "both put in the same at two places": ([1, 2], [1, 9, 2], [1, 2, 9], [1, 9, 2]),
    "both put in the same, one of them more": ([1, 2], [1, 9, 2], [1, 9, 2, 8], [1, 9, 2, 8]),
    "both take out and put in": ([1, 2, 3], [8, 2, 3], [1, 2, 9], [8, 2, 9]),
}


@pytest.mark.parametrize("case", ORDERS)
def test_new_elements_stand_where_they_were_put(case: str) -> None:
    """The side that changed the order decides it; a new element stands behind the one that it was put behind."""
    base, one, other, outcome = ORDERS[case]
    assert ids(both_ways(rows(*base), rows(*one), rows(*other))) == outcome


def test_one_side_reorders_and_the_other_edits() -> None:
    """An element that one side moved keeps what the other side changed in it."""
    edited = [{"id": 1}, {"id": 2, "x": 9}, {"id": 3}]
    assert both_ways(rows(1, 2, 3), rows(3, 2, 1), edited) == [{"id": 3}, {"id": 2, "x": 9}, {"id": 1}]


REORDERED: dict[str, tuple[Any, Any, Any]] = {
    # base, a side that changed the order of members alone, the other side
    "members moved, members added": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 2, "c": 3}),
    "members moved, a member edited": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 9}),
    "two orders of members": ({"a": 1, "b": 2, "c": 3}, {"b": 2, "a": 1, "c": 3}, {"c": 3, "a": 1, "b": 2}),
    "members moved in what is deleted": ({"o": {"a": 1, "b": 2}}, {"o": {"b": 2, "a": 1}}, {}),
    "members moved in what becomes a text": ({"o": {"a": 1, "b": 2}}, {"o": {"b": 2, "a": 1}}, {"o": "none"}),
    "members moved in an array that is one value": (
        {"o": [{"a": 1, "b": 2}, 3]},
        {"o": [{"b": 2, "a": 1}, 3]},
        {"o": [{"a": 1, "b": 2}, 4]},
    ),
}


@pytest.mark.parametrize("case", REORDERED)
def test_the_order_of_members_alone_is_never_a_conflict(case: str) -> None:
    """A client that writes members in another order changes nothing that another's edit or delete could clash with."""
    base, reordered, other = REORDERED[case]
    for merged in (merge(base, reordered, other), merge(base, other, reordered)):
        assert (merged.conflicts, canonical(merged.document)) == ((), canonical(other))


def test_the_order_of_members_is_carried_over_in_what_is_one_value() -> None:
    """Where one side changed nothing, the other's order of members is taken, also within an array that is one value."""
    before, reordered = {"o": [{"a": 1, "b": 2}, 3]}, {"o": [{"b": 2, "a": 1}, 3]}
    assert text(both_ways(before, reordered, before)) == text(reordered)


def test_an_order_that_both_changed_is_a_conflict_at_its_array() -> None:
    """Where both sides moved elements differently, the conflict names the array, and theirs is taken."""
    base, theirs, mine = ({"o": {"rows": rows(*order)}} for order in ((1, 2, 3), (3, 1, 2), (2, 3, 1)))
    assert merge(base, theirs, mine) == Merged(theirs, ("/o/rows",))


def test_the_order_of_members_is_carried_over() -> None:
    """A side that moved charts moves them in the outcome, where the other side added and edited some."""
    merged = both_ways({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 9, "n": 0, "b": 2})
    assert text(merged) == text({"b": 2, "a": 9, "n": 0})


# -- three ways: on dashboards ----------------------------------------------------------------------------------------


def edited(document: Any, *edits: Callable[[Any], object]) -> Any:
    """Make a copy that the edits were done to."""
    changed = copy.deepcopy(document)
    for edit in edits:
        edit(changed)
    return changed


@pytest.mark.parametrize("size", ["small", "medium"])
def test_two_people_at_one_dashboard_both_win(size: str) -> None:
    """Titles, positions, filters, new and removed charts of two people are all there, whoever saved first."""
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


def test_two_people_at_one_chart_are_told() -> None:
    """Each place that both changed differently is named, and what only one of them changed is joined around it."""
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


# -- three ways: against what the edits themselves say ----------------------------------------------------------------

type Place = tuple[str | int, ...]
"""Where a value stands, by the names of members and the identities of elements."""

SCALARS = (None, True, False, 0, 1, 1.0, -0.0, "", "a", "é/~")
NAMES = ("a", "b/c", "~d", "e")
NEW = ("n", "o", "p")
NAMES_FOR_IDENTITIES = ("id", "i")
ABSENT = object()


class Rows(list[Any]):
    """An array whose elements have identities, in their member `identity`."""

    def __init__(self, identity: str, elements: list[Any]) -> None:
        super().__init__(elements)
        self.identity = identity

    def __deepcopy__(self, memo: dict[int, Any]) -> "Rows":
        return Rows(self.identity, [copy.deepcopy(element, memo) for element in self])

    def index_of(self, name: Any) -> int | None:
        return next((index for index, row in enumerate(self) if text(row[self.identity]) == text(name)), None)


@dataclass(frozen=True)
class Edit:
    """Puts a value at a place, a new element behind so many others; or removes what is there."""

    place: Place
    value: Any = ABSENT
    behind: int = 0

    def __repr__(self) -> str:
        return f"remove {self.place}" if self.value is ABSENT else f"put {text(self.value)} at {self.place}"

    def touches(self, other: "Edit") -> bool:
        """Whether one stands at or inside the other's place."""
        length = min(len(self.place), len(other.place))
        return text(self.place[:length]) == text(other.place[:length])


def inner(value: Any, token: Any) -> Any:
    """Find what stands right inside a value, by the token of a place."""
    if isinstance(value, Rows):
        index = value.index_of(token)
        return ABSENT if index is None else value[index]
    return value.get(token, ABSENT) if isinstance(value, dict) else ABSENT


def done(document: Any, edits: list[Edit]) -> Any:
    """Do edits to a copy of a document, in the plainest way."""
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
    """Sort the elements that have identities: a way to compare documents but for the order in which these stand."""
    if isinstance(document, dict):
        return {name: in_any_order(value) for name, value in document.items()}
    if isinstance(document, list):
        elements = [in_any_order(value) for value in document]
        return sorted(elements, key=canonical) if all(isinstance(value, dict) for value in elements) else elements
    return document


def pointer_to(place: Place, theirs: Any, base: Any) -> str:
    """Write a place as a JSON pointer; an element by its index in their document, or in the base if it is not there."""
    tokens = []
    for token in place:
        both = (theirs, base)
        indices = [outer.index_of(token) for outer in both if isinstance(outer, Rows)]
        known = [str(index) for index in indices if index is not None]
        tokens.append(known[0] if known else str(token).replace("~", "~0").replace("/", "~1"))
        theirs, base = (inner(outer, token) for outer in both)
    return "".join(f"/{token}" for token in tokens)


scalars = st.sampled_from(SCALARS)
# An array of these is neither empty nor of objects: nobody could take it for one whose elements have identities.
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
    """List what can be edited in a document: each place, what holds it and what is there, ABSENT for a new place."""
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
    # An object in place of an object could as well be made by edits inside of it: that is not told apart.
    pool = (*SIMPLE, ABSENT) if isinstance(found, dict | Rows) else (*SIMPLE, *OBJECTS, ABSENT)
    return Edit(place, draw(st.sampled_from(pool)))


@st.composite
def edited_twice(draw: st.DrawFn) -> "Edited":
    base = draw(bases)
    left = _apart(base, draw(st.lists(edits(base), min_size=1, max_size=5)))
    alike = st.sampled_from(left) if left else st.nothing()
    return Edited(base, left, _apart(base, draw(st.lists(edits(base) | alike, min_size=1, max_size=5))))


def _apart(base: Any, drawn: list[Edit]) -> list[Edit]:
    """Leave out what would change nothing, and what stands inside another edit's place."""
    apart: list[Edit] = []
    for edit in drawn:
        if not any(edit.touches(other) for other in apart) and text(done(base, [edit])) != text(base):
            apart.append(edit)
    return apart


@dataclass(frozen=True)
class Edited:
    """A base, what two sides did to it, and what came of it; no side edits inside what it puts in or removes."""

    base: Any
    left: list[Edit]
    right: list[Edit]

    @property
    def clashes(self) -> list[Place]:
        """The places at which the sides did different things, or one did something inside what the other changed."""
        pairs = ((one, other) for one, other in product(self.left, self.right) if one.touches(other))
        return [min(one.place, other.place, key=len) for one, other in pairs if repr(one) != repr(other)]

    def merged(self) -> Merged:
        documents = [
            plain(document) for document in (self.base, done(self.base, self.left), done(self.base, self.right))
        ]
        before = text(documents)
        merged = merge(*documents)
        assert text(documents) == before, "the inputs stay as they were"
        note(f"base {text(self.base)}")
        note(f"theirs {self.left}, mine {self.right}")
        note(f"merged {text(merged.document)}, conflicts {merged.conflicts}")
        return merged


@given(edited_twice())
def test_every_edit_is_in_the_outcome_or_in_a_conflict(case: Edited) -> None:
    """Just the places that both sides edited differently are conflicts; every other edit of either side is there."""
    merged = case.merged()
    theirs = done(case.base, case.left)
    assert set(merged.conflicts) == {pointer_to(place, theirs, case.base) for place in case.clashes}
    undisputed = [edit for edit in case.right if not any(edit.touches(Edit(place)) for place in case.clashes)]
    expected = done(theirs, [edit for edit in undisputed if not any(edit.touches(other) for other in case.left)])
    assert canonical(in_any_order(merged.document)) == canonical(in_any_order(expected))


@given(edited_twice())
def test_the_order_of_saving_does_not_matter(case: Edited) -> None:
    """Disjoint edits have one outcome, to the letter, whoever saved first; what clashes one way clashes both ways."""
    turned = Edited(case.base, case.right, case.left)
    one, other = case.merged(), turned.merged()
    assert bool(one.conflicts) == bool(other.conflicts)
    if not one.conflicts:
        assert text(one.document) == text(other.document)


@given(edited_twice())
def test_elements_and_members_stay_in_the_order_of_each_side(case: Edited) -> None:
    """Where nothing was moved and nothing clashes, what the outcome has of a side stands as it stands there."""
    merged = case.merged()
    if merged.conflicts:
        return
    shared = [edit for edit in case.left if any(text(edit.place) == text(other.place) for other in case.right)]
    for edits in (case.left, case.right):
        side = done(case.base, edits)
        for place, order in orders(side):
            found = order_at(merged.document, side, place)
            new_on_both = {text(edit.place[-1]) for edit in shared if text(edit.place[:-1]) == text(place)}
            one = [name for name in order if name in found and name not in new_on_both]
            assert one == [name for name in found if name in one]


def orders(document: Any, place: Place = ()) -> Iterator[tuple[Place, list[str]]]:
    """List in which order the members and the elements of a document stand, by their places."""
    names = [row[document.identity] for row in document] if isinstance(document, Rows) else list(document)
    yield place, [text(name) for name in names]
    for name in names:
        value = inner(document, name)
        if isinstance(value, dict | Rows):
            yield from orders(value, (*place, name))


def order_at(merged: Any, side: Any, place: Place) -> list[str]:
    """Tell in which order they stand at the same place of the merged document, nothing where that is not there."""
    for token in place:
        merged = inner(_like(merged, side), token)
        side = inner(side, token)
    found = _like(merged, side)
    return [text(row[side.identity]) for row in found] if isinstance(side, Rows) else [text(name) for name in found]


def _like(merged: Any, side: Any) -> Any:
    """Take a merged value for what it is on one side; as empty where the other side put something else there."""
    if isinstance(side, Rows):
        is_array = isinstance(merged, list) and all(isinstance(row, dict) for row in merged)
        return Rows(side.identity, merged if is_array else [])
    return merged if isinstance(merged, dict) else {}


# -- three ways: any three documents ----------------------------------------------------------------------------------

anything: st.SearchStrategy[Any] = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda members: (
        st.lists(members, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "id", "i"]), members, max_size=3)
        | st.lists(st.dictionaries(st.sampled_from(["id", "i", "a"]), st.integers(0, 3), max_size=3), max_size=4)
    ),
    max_leaves=12,
)


@given(base=anything, edit=anything)
def test_one_side_that_changed_nothing_yields(base: Any, edit: Any) -> None:
    """Against a side that left the base as it was the other side is the outcome to the letter, without conflict."""
    assert text(both_ways(base, edit, base)) == text(edit)


@given(base=anything, edit=anything)
def test_two_sides_that_did_the_same_agree(base: Any, edit: Any) -> None:
    """The same change on both sides is the outcome, its order included, and no conflict."""
    assert text(both_ways(base, edit, copy.deepcopy(edit))) == text(edit)


@given(base=anything, theirs=anything, mine=anything)
def test_a_merge_leaves_its_inputs_alone(base: Any, theirs: Any, mine: Any) -> None:
    """The documents may go on being used after a merge, whether it found conflicts or not."""
    before = text([base, theirs, mine])
    merge(base, theirs, mine)
    assert text([base, theirs, mine]) == before


@given(base=anything, theirs=anything, mine=anything)
def test_a_merge_that_is_sent_again_changes_nothing(base: Any, theirs: Any, mine: Any) -> None:
    """My document joined again, with the outcome of the first time, is that outcome: a retry is no new version."""
    first = merge(base, theirs, mine)
    if not first.conflicts:
        again = merge(base, first.document, mine)
        assert (text(again.document), again.conflicts) == (text(first.document), ())


@given(base=anything, theirs=anything, mine=anything)
def test_no_conflict_is_without_a_difference(base: Any, theirs: Any, mine: Any) -> None:
    """A conflict is told only where all three documents differ, and a merge without one tells none."""
    merged = merge(base, theirs, mine)
    if merged.conflicts:
        assert len({canonical(document) for document in (base, theirs, mine)}) == 3


@given(base=anything, theirs=anything, mine=anything)
def test_a_conflict_points_into_their_document(base: Any, theirs: Any, mine: Any) -> None:
    """A pointer (RFC 6901) leads to something in their document, or to what is missing from something there."""
    for found in merge(base, theirs, mine).conflicts:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in found.split("/")[1:]]
        value = theirs
        for token in tokens[:-1]:
            value = value[int(token)] if isinstance(value, list) else value[token]
        assert not tokens or (isinstance(value, dict) or tokens[-1].isdecimal())
        assert isinstance(value, dict | list) or not tokens


@given(one=anything, other=anything)
def test_values_are_the_same_as_json_says(one: Any, other: Any) -> None:
    """Two values are the same where their JSON texts are, members in any order: true is not 1, and 1 is not 1.0."""
    assert same(one, other) == (canonical(one) == canonical(other))
    assert same(one, plain(one))
