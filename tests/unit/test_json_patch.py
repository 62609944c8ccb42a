"""A JSON Patch is applied as RFC 6902 says, or refused with the place that is wrong."""

import json
from typing import Any

import jsonpatch
import jsonpointer
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from support.inputs.rfc6902 import APPENDIX_A

from dashboard_store.documents import json_patch
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.json_patch import read_json_patch
from dashboard_store.documents.json_text import compact
from dashboard_store.errors import InvalidConfig, UnsafeText
from dashboard_store.settings import Settings

SETTINGS = Settings("any")

type Operations = list[dict[str, Any]]


def applied(document: Any, patch: Any, settings: Settings = SETTINGS) -> Any:
    return read_json_patch(patch, settings).applied(document)


def refused(document: Any, patch: Any, settings: Settings = SETTINGS) -> dict[str, str]:
    """Return the messages of a refused patch by their pointers."""
    with pytest.raises(InvalidConfig) as refusal:
        applied(document, patch, settings)
    return {error.pointer: error.message for error in refusal.value.field_errors}


def canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True)


# The examples of RFC 6902, appendix A, that change a document: before, patch, after.
CHANGES: dict[str, tuple[Any, Operations, Any]] = {
    **APPENDIX_A,
    "A.8 testing a value: success": (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    "A.11 ignoring unrecognized elements": (
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    "A.14 ~ escape ordering": (
        {"/": 9, "~1": 10},
        [{"op": "test", "path": "/~01", "value": 10}],
        {"/": 9, "~1": 10},
    ),
    "A.16 adding an array value at the end": (
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
    ),
    "the empty patch": ({"a": 1}, [], {"a": 1}),
    "a document in place of null": (None, [{"op": "add", "path": "", "value": {"a": 1}}], {"a": 1}),
    "another document": ({"a": 1}, [{"op": "replace", "path": "", "value": [2]}], [2]),
    "a part as the document": ({"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": ""}], {"b": 1}),
    "the document to its own place": ({"a": 1}, [{"op": "move", "from": "", "path": ""}], {"a": 1}),
    "the document inside itself": ({"a": 1}, [{"op": "copy", "from": "", "path": "/b"}], {"a": 1, "b": {"a": 1}}),
    "a member without a name": ({"": {"": 1}}, [{"op": "replace", "path": "//", "value": 2}], {"": {"": 2}}),
    "a member whose name is a number": ({"0": 1}, [{"op": "replace", "path": "/0", "value": 2}], {"0": 2}),
    "a member whose name is no index": ({"01": 1}, [{"op": "remove", "path": "/01"}], {}),
    "a member whose name is -": ({}, [{"op": "add", "path": "/-", "value": 2}], {"-": 2}),
    "a name with both escapes": ({"~1/": 1}, [{"op": "replace", "path": "/~01~1", "value": 2}], {"~1/": 2}),
    "null": ({"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}),
    "an element behind the last one": ([1], [{"op": "add", "path": "/1", "value": 2}], [1, 2]),
    "a move out of an array": (
        {"a": [{"b": 1}]},
        [{"op": "move", "from": "/a/0/b", "path": "/a/-"}, {"op": "remove", "path": "/a/0"}],
        {"a": [1]},
    ),
    "a move to a path that only begins alike": ({"a": 1}, [{"op": "move", "from": "/a", "path": "/ab"}], {"ab": 1}),
    "a copy is not the value itself": (
        {"a": {"b": [1]}},
        [{"op": "copy", "from": "/a", "path": "/c"}, {"op": "add", "path": "/c/b/-", "value": 2}],
        {"a": {"b": [1]}, "c": {"b": [1, 2]}},
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_operations_change_a_document(case: str) -> None:
    """Each operation does what RFC 6902 says, one after the other."""
    before, patch, after = CHANGES[case]
    assert applied(before, patch) == after


# What cannot be applied: the document, the patch, the index of the operation, its message.
REFUSALS: dict[str, tuple[Any, Operations, str, str]] = {
    "A.9 testing a value: error": (
        {"baz": "qux"},
        [{"op": "test", "path": "/baz", "value": "bar"}],
        "/0",
        "The test failed: /baz has a different value.",
    ),
    "A.12 adding to a nonexistent target": (
        {"foo": "bar"},
        [{"op": "add", "path": "/baz/bat", "value": "qux"}],
        "/0",
        "The path /baz/bat does not exist.",
    ),
    "A.15 comparing strings and numbers": (
        {"/": 9, "~1": 10},
        [{"op": "test", "path": "/~01", "value": "10"}],
        "/0",
        "The test failed: /~01 has a different value.",
    ),
    "a test of the whole": (
        {"a": 1},
        [{"op": "test", "path": "", "value": {}}],
        "/0",
        "The test failed: the whole document has a different value.",
    ),
    "a second operation": (
        {"a": 1},
        [{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}],
        "/1",
        "The path /a does not exist.",
    ),
    "a member of a text": (
        {"a": "b"},
        [{"op": "add", "path": "/a/0", "value": 1}],
        "/0",
        "The path /a/0 does not exist.",
    ),
    "a member of null": (None, [{"op": "add", "path": "/a", "value": 1}], "/0", "The path /a does not exist."),
    "the whole": ({"a": 1}, [{"op": "remove", "path": ""}], "/0", "The whole document cannot be removed."),
    "into its own child": (
        {"a": {"b": {}}},
        [{"op": "move", "from": "/a", "path": "/a/b/c"}],
        "/0",
        "/a cannot be moved into itself.",
    ),
    "the whole into its child": (
        {"a": {}},
        [{"op": "move", "from": "", "path": "/a/b"}],
        "/0",
        "The whole document cannot be moved into itself.",
    ),
    "a source that is not there": (
        {},
        [{"op": "copy", "from": "/a", "path": "/b"}],
        "/0",
        "The path /a does not exist.",
    ),
    "a long path": (
        {},
        [{"op": "remove", "path": f"/{'a' * 1_000}"}],
        "/0",
        f"The path /{'a' * 98}…{'a' * 99} does not exist.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_applied_is_named(case: str) -> None:
    """An operation that cannot be applied is refused by its index, with a sentence that says why."""
    before, patch, pointer, message = REFUSALS[case]
    assert refused(before, patch) == {pointer: message}


@pytest.mark.parametrize("index", ["01", "00", "-1", "+1", "1.0", "1e0", " 1", "1 ", "٣", "", "x", "3", "9" * 5_000])
@pytest.mark.parametrize("op", ["add", "remove", "replace", "test", "move", "copy"])
def test_indexes_are_strict(op: str, index: str) -> None:
    """An array's element is named by 0 or digits without a leading zero, and exists; one may be added at the end."""
    operation = {"op": op, "path": f"/{index}", "from": f"/{index}", "value": "c"}
    if (op, index) == ("add", "3"):
        assert applied(["a", "b", "c"], [operation]) == ["a", "b", "c", "c"]
    else:
        assert list(refused(["a", "b", "c"], [operation])) == ["/0"]


@pytest.mark.parametrize("op", ["remove", "replace", "test", "move", "copy"])
def test_the_end_of_an_array_is_only_added_to(op: str) -> None:
    """The index - is the place behind the last element, where no value exists."""
    assert list(refused(["a"], [{"op": op, "path": "/-", "from": "/-", "value": "a"}])) == ["/0"]


# Two values, and whether a test of one accepts the other.
COMPARISONS: list[tuple[Any, Any, bool]] = [
    (6, 6.0, True),
    (2**53 + 1, float(2**53), False),
    (2**64, 2**64, True),
    (0.0, -0.0, True),
    (1, True, False),
    (0, False, False),
    (1.0, True, False),
    (None, False, False),
    ("6", 6, False),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ({"a": [{"b": True}]}, {"a": [{"b": 1}]}, False),
    ({"a": 1}, {"a": 1, "b": None}, False),
    ([1, 2], [2, 1], False),
    ([], {}, False),
    ("", None, False),
]


@pytest.mark.parametrize(("one", "other", "is_equal"), COMPARISONS)
def test_a_test_compares_json_values(one: Any, other: Any, *, is_equal: bool) -> None:
    """Equal numbers are equal values, true is not a number, and members may have any order (RFC 6902, section 4.6)."""
    for value, expected in ((one, other), (other, one)):
        patch = [{"op": "test", "path": "/a", "value": expected}]
        if is_equal:
            assert applied({"a": value}, patch) == {"a": value}
        else:
            assert refused({"a": value}, patch) == {"/0": "The test failed: /a has a different value."}


def test_members_keep_their_order() -> None:
    """A value added to an existing member stays at its place; a new and a moved member come last."""
    document = {"a": 1, "b": 2, "c": 3}
    assert list(applied(document, [{"op": "add", "path": "/b", "value": 4}])) == ["a", "b", "c"]
    assert list(applied(document, [{"op": "replace", "path": "/a", "value": 4}])) == ["a", "b", "c"]
    assert list(applied(document, [{"op": "add", "path": "/0", "value": 4}])) == ["a", "b", "c", "0"]
    assert list(applied(document, [{"op": "move", "from": "/a", "path": "/a"}])) == ["b", "c", "a"]
    assert list(applied(document, [{"op": "move", "from": "/c", "path": "/a"}])) == ["a", "b"]


def test_numbers_are_not_rewritten() -> None:
    """What is moved, copied or left alone keeps each number as it was written."""
    numbers = [2**63, -(2**70), 6.0, 6, 0.1, -0.0, 5e-324, 1e-05, 12345678901234567890123]
    document = {"a": {"n": numbers}, "b": 1}
    patch = [
        {"op": "copy", "from": "/a", "path": "/c"},
        {"op": "move", "from": "/a/n", "path": "/n"},
        {"op": "add", "path": "/d", "value": numbers},
    ]
    result = applied(document, patch)
    assert compact(result) == compact({"a": {}, "b": 1, "c": {"n": numbers}, "n": numbers, "d": numbers})


# A body, and its field errors.
MALFORMED: dict[str, tuple[Any, dict[str, str]]] = {
    "an object": ({"op": "remove", "path": "/a"}, {"": "This must be an array."}),
    "a text": ("[]", {"": "This must be an array."}),
    "no object": ([None, 1], {"/0": "This must be an object.", "/1": "This must be an object."}),
    "no op": ([{"path": "/a"}], {"/0/op": "This member is required."}),
    "an unknown op": (
        [{"op": "merge", "path": "/a"}, {"op": ["add"], "path": "/a"}],
        dict.fromkeys(["/0/op", "/1/op"], "This must be one of add, remove, replace, move, copy, test."),
    ),
    "no path": ([{"op": "remove"}], {"/0/path": "This member is required."}),
    "no value": (
        [{"op": op, "path": "/a"} for op in ("add", "replace", "test")],
        dict.fromkeys(["/0/value", "/1/value", "/2/value"], "This member is required."),
    ),
    "no from": (
        [{"op": op, "path": "/a"} for op in ("move", "copy")],
        dict.fromkeys(["/0/from", "/1/from"], "This member is required."),
    ),
    "no pointers": (
        [{"op": "move", "path": path, "from": path} for path in ("a", "/~2", "/a~", "#/a", None, 1)],
        {
            f"/{index}/{name}": 'This must be a JSON Pointer such as "/theme/id".'
            for index in range(6)
            for name in ("from", "path")
        },
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_patch_names_its_places(case: str) -> None:
    """A body that is not an array of well-formed operations is refused before any is applied, with every place."""
    patch, errors = MALFORMED[case]
    assert refused({"a": 1}, patch) == errors


def test_at_most_twenty_places_are_named() -> None:
    """The list of errors ends, however many there are."""
    assert len(refused({}, [None] * 1_000)) == 20


def test_a_patch_is_checked_like_a_config() -> None:
    """A value that could not be stored is refused at its place in the patch, also where it is only tested."""
    with pytest.raises(UnsafeText) as unsafe:
        read_json_patch([{"op": "test", "path": "/a", "value": ["<img src=x onerror=alert(1)>"]}], SETTINGS)
    assert [error.pointer for error in unsafe.value.field_errors] == ["/0/value/0"]
    assert list(refused({}, [{"op": "add", "path": "/a", "value": "\0"}])) == ["/0/value"]


def test_a_value_may_be_as_deep_as_a_config() -> None:
    """A value is nested as deep as a config may be, and no deeper."""
    deepest: Any = 1
    for _ in range(SETTINGS.max_depth):
        deepest = [deepest]
    assert applied(None, [{"op": "add", "path": "", "value": deepest}]) == deepest
    assert refused(None, [{"op": "add", "path": "", "value": [deepest]}])


def test_copies_are_limited() -> None:
    """Copies add at most as much as the largest config, so copies of copies cannot fill the memory."""
    settings = Settings("any", max_config_bytes=1_000)
    most = [{"op": "copy", "from": "/a", "path": "/b"}] * 9
    document = {"a": "é" * 54}
    assert applied(document, most, settings) == {**document, "b": "é" * 54}
    message = "The copies of this patch add more than 1000 bytes."
    assert refused(document, [*most, most[0]], settings) == {"/9": message}
    doubling = [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(20)]
    assert refused({"a": 1}, doubling, settings) == {"/6": message}


def test_the_size_of_a_patch_is_limited() -> None:
    """A patch is at most twice as large as the largest config, which limits its operations too."""
    settings = Settings("any", max_config_bytes=1_000)
    operation = {"op": "add", "path": "/a", "value": "é"}
    most = 2_000 // (len(compact([operation, operation]).encode()) - len(compact([operation]).encode()))
    assert applied({}, [operation] * most, settings) == {"a": "é"}
    size = len(compact([operation] * (most + 1)).encode())
    message = f"This is {size} bytes as compact JSON; the limit is 2000."
    assert refused({}, [operation] * (most + 1), settings) == {"": message}


def test_operations_do_not_cost_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch copies the document once and each of its values once, however many operations it has."""
    copied: list[int] = []

    def counted(value: Any) -> str:
        text = compact(value)
        copied.append(len(text))
        return text

    charts = {f"c{number}": {"title": f"Chart {number}", "tags": [number]} for number in range(500)}
    patch = [
        operation
        for name in charts
        for operation in (
            {"op": "test", "path": f"/charts/{name}/title", "value": charts[name]["title"]},
            {"op": "replace", "path": f"/charts/{name}/title", "value": "New"},
            {"op": "add", "path": f"/charts/{name}/tags/0", "value": {"x": 1}},
            {"op": "move", "from": f"/charts/{name}", "path": f"/charts/{name}"},
        )
    ]
    read = read_json_patch(patch, SETTINGS)
    monkeypatch.setattr(json_patch, "compact", counted)
    read.applied({"charts": charts})
    assert sum(copied) == len(compact({"charts": charts})) + len(charts) * len('{"x":1}')


def test_deep_nesting_is_refused() -> None:
    """Moves that nest a document ever deeper end in a refusal where it is copied or saved, not in a failure."""
    levels = 30
    value: Any = {}
    for _ in range(levels):
        value = {"x": value}
    nesting = [
        {"op": "add", "path": "/b", "value": value},
        {"op": "move", "from": "/a", "path": f"/b{'/x' * levels}/x"},
        {"op": "move", "from": "/b", "path": "/a"},
    ] * 1_000
    copy = {"op": "copy", "from": "/a", "path": "/c"}
    assert refused({"a": {}}, [*nesting, copy]) == {"/3000": "The value here is nested too deeply."}
    with pytest.raises(InvalidConfig):
        read_config(applied({"a": {}}, nesting), SETTINGS)


texts = st.sampled_from(["a", "b", "0", "1", "2", "-", "", "a/b", "~1"])
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(-3, 3) | st.sampled_from(["x", 0.5]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: str = "") -> list[str]:
    """List the pointers of all values in a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, each in inside for found in places(each, f"{path}/{escaped(str(name))}"))]


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


@st.composite
def patched_documents(draw: st.DrawFn) -> tuple[Any, Operations]:
    """Draw a document, and a patch of which most operations can be applied to it."""
    before = draw(documents)
    patch: Operations = []
    current = before
    for _ in range(draw(st.integers(1, 6))):
        known = st.sampled_from(places(current))
        anywhere = known | st.builds(lambda path, name: f"{path}/{escaped(name)}", known, texts)
        operation = {
            "op": draw(st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])),
            "path": draw(anywhere),
            "from": draw(known),
            "value": draw(documents),
        }
        if operation["op"] == "test" and draw(st.booleans()):
            operation["value"] = jsonpointer.resolve_pointer(current, operation["path"], "nothing")
        patch.append(operation)
        try:
            current = applied(current, [operation])
        except InvalidConfig:
            break
    return before, patch


@given(case=patched_documents())
def test_an_independent_implementation_agrees(case: tuple[Any, Operations]) -> None:
    """The library jsonpatch makes the same of a patch, or refuses it too."""
    before, patch = case
    try:
        ours = canonical(applied(before, patch))
    except InvalidConfig:
        ours = "refused"
    try:
        theirs = canonical(jsonpatch.apply_patch(before, json.dumps(patch)))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError):
        theirs = "refused"
    event(f"{patch[-1]['op']}: {'refused' if ours == 'refused' else 'applied'}")
    assert ours == theirs


@given(case=patched_documents())
def test_nothing_that_is_given_changes(case: tuple[Any, Operations]) -> None:
    """Applying a patch changes neither the document nor the patch, so it can be applied again."""
    before, patch = case
    given_texts = json.dumps([before, patch])
    read = read_json_patch(patch, SETTINGS)
    results = []
    for _ in range(2):
        try:
            results.append(compact(read.applied(before)))
        except InvalidConfig as exc:
            results.append(str(exc.field_errors))
    assert results[0] == results[1]
    assert json.dumps([before, patch]) == given_texts
