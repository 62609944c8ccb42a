"""A diff describes exactly what changed: applied to one document, it produces the other."""

import copy
import json
from collections.abc import Sequence
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.counted_names import CountedName, counted_names
from support.inputs.rfc6902 import APPENDIX_A

from dashboard_store.documents.diff import chart_changes, operations
from local.dashboards import dashboard


def canonical(document: Any) -> str:
    """Serialize a document regardless of the order of members; true, 1 and 1.0 differ."""
    return json.dumps(document, sort_keys=True)


def applied(before: Any, changes: Sequence[dict[str, Any]]) -> Any:
    """Apply a patch as a client does: to a copy of the document, from the text of the response."""
    return jsonpatch.apply_patch(json.loads(json.dumps(before)), json.dumps(list(changes)))


@pytest.mark.parametrize("example", APPENDIX_A)
def test_the_examples_of_the_rfc(example: str) -> None:
    """Each example's patch produces its result, and is the diff of its two documents, unless it moves a value."""
    before, patch, after = APPENDIX_A[example]
    assert canonical(applied(before, patch)) == canonical(after)
    if all(operation["op"] != "move" for operation in patch):
        assert list(operations(before, after)) == patch


DIFFERENT: dict[str, tuple[Any, Any]] = {
    "true and 1": ({"a": True}, {"a": 1}),
    "false and 0": ({"a": False}, {"a": 0}),
    "1 and 1.0": ({"a": 1}, {"a": 1.0}),
    "1.0 and true": ({"a": 1.0}, {"a": True}),
    "0.0 and -0.0": ({"a": 0.0}, {"a": -0.0}),
    "true and 1 in an array": ({"a": [True, 0]}, {"a": [1, False]}),
    "1 and 1.0 deep inside an array": ({"a": [{"b": [1]}, 2]}, {"a": [{"b": [1.0]}, 2]}),
    "null and a missing member": ({"a": None}, {}),
    "an empty object and an empty array": ({"a": {}}, {"a": []}),
    "a name with a slash and a tilde": ({"a/b": {"~": 1}}, {"a/b": {"~": 2, "~1": 3, "": 4}}),
    "names that are numbers": ({"0": [1, 2]}, {"0": [2, 1], "1": {"0": 3}}),
    "numbers too precise for a double": ({"a": 2**70}, {"a": 2**70 + 1}),
    "reordered elements": ({"a": [1, 2, 3]}, {"a": [3, 1, 2]}),
    "one of three equal elements": ({"a": [1, 1, 1]}, {"a": [1, 1]}),
    "elements moved within and between arrays": (["a", ["b"], ["c"]], [["b"], ["c", "a"]]),
    "a member moved to another object": ({"a": {"x": [1]}, "b": {}}, {"a": {}, "b": {"x": [1]}}),
    "a document and null": ({"a": 1}, None),
    "null and a document": (None, {"a": 1}),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_every_difference_is_found(case: str) -> None:
    """A diff has every difference between two JSON values, including types of numbers, in both directions."""
    for before, after in (DIFFERENT[case], DIFFERENT[case][::-1]):
        changes = operations(before, after)
        assert changes
        assert canonical(applied(before, changes)) == canonical(after)


scalars = st.none() | st.booleans() | st.integers() | st.sampled_from([0, 1, 0.0, -0.0, 1.0]) | st.floats(-9, 9)
texts = st.sampled_from(["", "a", "b", "0", "1", "-", "a/b", "~", "~1", "é"]) | st.text(max_size=3)
documents: st.SearchStrategy[Any] = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=16,
)


@given(before=documents, after=documents)
def test_a_diff_applied_is_the_other_document(before: Any, after: Any) -> None:
    """Applying the diff of any two documents to the first gives the second, including the type of each number.

    It has no `move`, which some libraries apply wrongly, and no `copy`.
    """
    changes = operations(before, after)
    assert {change["op"] for change in changes} <= {"add", "remove", "replace"}
    assert canonical(applied(before, changes)) == canonical(after)


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ([1, 2, 3], [2, 3], [{"op": "remove", "path": "/0"}]),
        ([2, 3], [1, 2, 3], [{"op": "add", "path": "/0", "value": 1}]),
        ([1, {"x": 1}, 3], [1, {"x": 2}, 3], [{"op": "replace", "path": "/1/x", "value": 2}]),
        ([1, 2, 3, 4], [1, 9, 4], [{"op": "replace", "path": "/1", "value": 9}, {"op": "remove", "path": "/2"}]),
    ],
)
def test_elements_that_stay_are_not_listed(before: Any, after: Any, patch: Any) -> None:
    """What an array begins and ends with on both sides is no change, wherever an element was added or removed."""
    assert list(operations(before, after)) == patch


@pytest.mark.parametrize("form", ["reversed", "nested", "members"])
def test_comparing_is_linear(form: str) -> None:
    """Each value is looked up a bounded number of times, however deeply it is nested and wherever it stands."""
    names = counted_names(2_000)
    before: Any = dict.fromkeys(names, 1) if form == "members" else names
    after: Any = dict.fromkeys([*names[1:], "new"], 2) if form == "members" else names[::-1]
    if form == "nested":
        after = [*names[:-1], "new"]
    for _ in range(30):
        before, after = [before], [after]
    assert len(operations(before, after)) == {"reversed": 2_000, "nested": 1, "members": 2_001}[form]
    assert CountedName.uses <= 12 * len(names)


@given(document=documents)
def test_equal_documents_have_no_diff(document: Any) -> None:
    """The diff of two equal documents is empty."""
    assert list(operations(document, json.loads(json.dumps(document)))) == []


@given(before=documents, after=documents)
def test_a_diff_does_not_change_its_documents(before: Any, after: Any) -> None:
    """Neither computing nor applying a diff changes the two documents."""
    texts_before = json.dumps([before, after])
    changes = operations(before, after)
    applied(before, changes)
    assert json.dumps([before, after]) == texts_before


@given(chance=st.randoms(use_true_random=False), count=st.integers(1, 12))
def test_a_diff_of_dashboards_applied_is_the_other_one(chance: Any, count: int) -> None:
    """The diff of a realistic dashboard has all edits that were made to it."""
    before = dashboard("small")
    after = copy.deepcopy(before)
    for _ in range(count):
        edit_somewhere(after, chance)
    assert canonical(applied(before, operations(before, after))) == canonical(after)


def edit_somewhere(document: Any, chance: Any) -> None:
    """Change, remove, add, duplicate or move something at a random place."""
    outer = document
    while True:
        names = list(outer) if isinstance(outer, dict) else list(range(len(outer)))
        name = chance.choice(names) if names else None
        if name is None or not isinstance(outer[name], dict | list) or chance.random() < 0.3:
            break
        outer = outer[name]
    value = chance.choice([True, 1, 1.0, None, "new", {"x": [1]}, [], copy.deepcopy(document)])
    if isinstance(outer, list):
        if chance.random() < 0.5 or name is None:
            outer.insert(chance.randint(0, len(outer)), value)
        else:
            outer.insert(chance.randint(0, len(outer) - 1), outer.pop(name))
    elif chance.random() < 0.5 or name is None:
        outer[chance.choice(["new", "0", "a/b"])] = value
    else:
        value = outer.pop(name)
        if chance.random() < 0.5:
            outer[f"{name}~"] = value


CHANGES: dict[str, tuple[Any, Any, dict[str, list[str]]]] = {
    "nothing": ({"a": {}}, {"a": {}}, {"added": [], "removed": [], "changed": []}),
    "added, in the order of the new config": (
        {"b": {}},
        {"z": {}, "b": {}, "a": {}},
        {"added": ["z", "a"], "removed": [], "changed": []},
    ),
    "removed, in the order of the old config": (
        {"z": {}, "b": {}, "a": {}},
        {"b": {}},
        {"added": [], "removed": ["z", "a"], "changed": []},
    ),
    "changed, in the order of the new config": (
        {"a": {"x": 1}, "b": {"x": 1}, "c": {}},
        {"b": {"x": 2}, "c": {}, "a": {}},
        {"added": [], "removed": [], "changed": ["b", "a"]},
    ),
    "renamed": ({"a": {"x": 1}}, {"b": {"x": 1}}, {"added": ["b"], "removed": ["a"], "changed": []}),
    "only moved": ({"a": {}, "b": {}}, {"b": {}, "a": {}}, {"added": [], "removed": [], "changed": []}),
    "only members moved": (
        {"a": {"x": 1, "y": 2}},
        {"a": {"y": 2, "x": 1}},
        {"added": [], "removed": [], "changed": []},
    ),
    "true became 1": ({"a": {"x": [True]}}, {"a": {"x": [1]}}, {"added": [], "removed": [], "changed": ["a"]}),
    "1 became 1.0": ({"a": {"x": 1}}, {"a": {"x": 1.0}}, {"added": [], "removed": [], "changed": ["a"]}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_charts_are_listed_by_change(case: str) -> None:
    """Charts are listed as added, removed or changed; the rest of the config does not matter."""
    before, after, changes = CHANGES[case]
    one = {"chartCustomizations": before, "theme": "light"}
    assert chart_changes(one, {"chartCustomizations": after, "theme": "dark"}) == changes


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (None, None, {"added": [], "removed": [], "changed": []}),
        (None, {"chartCustomizations": {"b": {}, "a": {}}}, {"added": ["b", "a"], "removed": [], "changed": []}),
        ({"chartCustomizations": {"b": {}, "a": {}}}, None, {"added": [], "removed": ["b", "a"], "changed": []}),
    ],
)
def test_no_config_has_no_charts(before: Any, after: Any, changes: dict[str, list[str]]) -> None:
    """A deleted config has no charts, and is compared as null."""
    assert chart_changes(before, after) == changes
    assert canonical(applied(before, operations(before, after))) == canonical(after)
