"""JSON comes back equal to what was sent, or is refused with its place."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.texts import kept_texts

from dashboard_store.documents import json_fast
from dashboard_store.documents.json_text import Rules, checked, compact, largest, parse, pointer, served
from dashboard_store.errors import BadInput, FieldError, InvalidConfig, InvalidData, MalformedJson

RULES = Rules(32, InvalidData)

texts = kept_texts(max_size=20)
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-(2**300), 2**300) | st.floats(allow_nan=False) | texts
).filter(lambda value: value not in {float("inf"), float("-inf")})
documents: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=20
)


def read(body: bytes | str, rules: Rules = RULES) -> Any:
    """What a reader gets back of a body, whether it was parsed and checked or both at once."""
    sent = body.encode() if isinstance(body, str) else body
    text = checked(parse(sent), rules)
    document, written = json_fast.read(sent, rules)
    assert compact(document) == compact(json.loads(written)) == text
    assert written == json_fast.checked_text(parse(sent), rules)
    assert written == json_fast.written(json.loads(text))
    return json.loads(served(written))


def refusal(body: bytes | str, rules: Rules = RULES) -> list[tuple[str, str]]:
    sent = body.encode() if isinstance(body, str) else body
    document = parse(sent)
    with pytest.raises(InvalidData) as refused:
        checked(document, rules)
    with pytest.raises(InvalidData) as refused_at_once:
        json_fast.read(sent, rules)
    with pytest.raises(InvalidData) as refused_to_be_written:
        json_fast.checked_text(document, rules)
    assert refused_at_once.value.field_errors == refused_to_be_written.value.field_errors == refused.value.field_errors
    return [(each.pointer, each.message) for each in refused.value.field_errors]


def pointers(body: bytes | str) -> list[str]:
    return [place for place, _ in refusal(body)]


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


spaces = st.text(" \n", max_size=1)


@st.composite
def strings(draw: st.DrawFn) -> str:
    """A string as a text may write it, any of its characters as an escape, the colon above all."""
    return json.dumps("".join(draw(st.lists(st.sampled_from([":", "\\", '"', "a", "<"]), max_size=3)))).replace(
        ":", draw(st.sampled_from([":", "\\u003a", "\\u003A"]))
    )


def written_arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")


def written_objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(spaces, strings(), spaces, spaces, inner).map(lambda parts: "{}{}{}:{}{}".format(*parts))
    return st.lists(member, max_size=4).map(lambda members: f"{{{','.join(members)}}}")


# Few names, so that objects name members twice; and numbers that no response may hold.
written_texts = st.recursive(
    strings() | st.sampled_from(["1", "NaN", "1e999", '"Infinity"', "9" * 10_001, "tru"]),
    lambda inner: written_arrays(inner) | written_objects(inner),
    max_leaves=12,
)


@given(text=written_texts)
def test_reading_at_once_takes_and_refuses_the_same(text: str) -> None:
    """A text read and checked at once comes out like one that is parsed and then checked, or is refused alike."""

    def outcome(act: Callable[[], tuple[Any, str]]) -> Any:
        try:
            return repr(act())
        except BadInput as refused:
            return type(refused), str(refused), refused.field_errors

    def in_turn() -> tuple[Any, str]:
        document = parse(text.encode())
        checked(document, RULES)
        return document, json_fast.written(document)

    def in_two_steps() -> tuple[Any, str]:
        document = parse(text.encode())
        return document, json_fast.checked_text(document, RULES)

    assert outcome(lambda: json_fast.read(text.encode(), RULES)) == outcome(in_turn)
    assert outcome(in_two_steps) == outcome(in_turn)


class TestWhatComesBack:
    @given(document=documents, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 2))
    def test_any_document_comes_back_equal(self, document: Any, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001
        """Values, their kinds (1, 1.0, true), signs of zero and the order of members survive, however it is written."""
        sent = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
        # repr tells 1 from 1.0 and True, 0.0 from -0.0, and one order of members from another.
        assert repr(read(sent)) == repr(document)

    @pytest.mark.parametrize(
        "number",
        [
            pytest.param("18446744073709551617", id="2**64+1"),
            pytest.param("-9007199254740993", id="beyond a double"),
            pytest.param("9" * 10_000, id="10,000 digits"),
            pytest.param("-" + "9" * 10_000, id="10,000 digits below zero"),
            pytest.param("-0.0", id="negative zero"),
            pytest.param("1e+308", id="almost the largest double"),
            pytest.param("1.7976931348623157e+308", id="the largest double"),
            pytest.param("5e-324", id="the smallest subnormal"),
            pytest.param("2.225073858507201e-308", id="the largest subnormal"),
            pytest.param("0.1", id="no binary fraction"),
            pytest.param("1.0", id="a float with an integer's value"),
        ],
    )
    def test_a_number_comes_back_as_it_was_written(self, number: str) -> None:
        """Integers of up to 10,000 digits stay integers; a float keeps its value and stays a float."""
        assert checked(parse(number.encode()), RULES) == number

    @pytest.mark.parametrize("plane", range(17))
    def test_text_of_every_plane_comes_back(self, plane: int) -> None:
        """Every scalar value but NUL is text, a plane's last code points (no characters) included."""
        text = "".join(map(chr, (plane * 0x10000 + offset for offset in (1, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF))))
        assert read(json.dumps(text, ensure_ascii=False)) == text
        assert read(json.dumps(text)) == text

    @pytest.mark.parametrize(
        ("sent", "text"),
        [
            pytest.param(r'"\\u0000"', r"\u0000", id="backslash, u, four zeros"),
            pytest.param(r'"\\ud800"', r"\ud800", id="backslash, u, a surrogate's number"),
            pytest.param(r'"\ud83d\ude00"', "\N{GRINNING FACE}", id="a whole surrogate pair"),
            pytest.param(r'"\u0001\u001f"', "\x01\x1f", id="other control characters"),
            pytest.param('"NaN"', "NaN", id="NaN as text"),
        ],
    )
    def test_harmless_text_is_not_taken_for_harm(self, sent: str, text: str) -> None:
        """What only looks like a refused character is text like any other."""
        assert read(sent) == text

    def test_a_byte_order_mark_is_skipped(self) -> None:
        """RFC 8259, section 8.1 lets a parser ignore a byte order mark."""
        assert read(b"\xef\xbb\xbf[1]") == [1]

    @pytest.mark.parametrize("limit", [1, 2, 32])
    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["arrays", "objects"])
    def test_nesting_up_to_the_limit_is_kept(self, limit: int, opening: str, closing: str) -> None:
        """A document of exactly the deepest nesting comes back; one level more is refused where the level begins."""
        deepest, rules = nested(limit, opening, closing), Rules(limit, InvalidData)
        assert checked(parse(deepest.encode()), rules) == deepest
        token = "/0" if opening == "[" else "/a"
        assert refusal(nested(limit + 1, opening, closing), rules) == [
            (token * limit, f"nested more than {limit} levels deep")
        ]

    def test_width_is_not_depth(self) -> None:
        """A document may be as wide as it likes at the deepest level."""
        document = [[index] for index in range(1000)]
        assert read(json.dumps(document), Rules(2, InvalidData)) == document


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("value", "says"),
        [
            pytest.param("NaN", "NaN is not a JSON number", id="NaN"),
            pytest.param("Infinity", "Infinity is not a JSON number", id="Infinity"),
            pytest.param("-Infinity", "-Infinity is not a JSON number", id="-Infinity"),
            pytest.param("1e999", "beyond the range of a double", id="1e999"),
            pytest.param("-1e999", "beyond the range of a double", id="-1e999"),
            pytest.param("1" * 10_001, "more than 10000 digits", id="10,001 digits"),
            pytest.param("-" + "1" * 10_001, "more than 10000 digits", id="10,001 digits below zero"),
            pytest.param(r'"a\ud800b"', "half of a surrogate pair", id="a high surrogate alone"),
            pytest.param(r'"\udc00\ud800"', "half of a surrogate pair", id="surrogates the wrong way round"),
            pytest.param(r'"a\u0000b"', "NUL", id="NUL"),
            pytest.param(r'{"x\ud800": 1}', "a member's name holds half of a surrogate", id="a surrogate in a name"),
            pytest.param(r'{"x\u0000": 1}', "a member's name holds a NUL", id="NUL in a name"),
            pytest.param('{"x": 1, "y": 2, "x": 1}', '"x" appears more than once', id="a member twice"),
            pytest.param(r'{"x": 1, "\u0078": 1}', '"x" appears more than once', id="a member twice, once escaped"),
        ],
    )
    @pytest.mark.parametrize(
        ("around", "place"),
        [
            pytest.param("%s", "", id="alone"),
            pytest.param('{"charts": [0, {"title": %s}]}', "/charts/1/title", id="inside"),
            pytest.param('{"a/b": {"m~n": {"": %s}}}', "/a~1b/m~0n/", id="under names to escape"),
            pytest.param('{"~1": {"0": [%s]}}', "/~01/0/0", id="under a name that looks escaped"),
        ],
    )
    def test_a_mistake_is_named_with_its_place(self, value: str, says: str, around: str, place: str) -> None:
        """What cannot come back as it was sent is refused, under its RFC 6901 pointer."""
        ((found, message),) = refusal(around.replace("%s", value))
        assert found == place
        assert says in message

    @given(path=st.lists(texts | st.integers(0, 3), max_size=8), bad=st.sampled_from([float("nan"), "\ud800", "\0"]))
    def test_a_pointer_leads_to_the_mistake(self, path: list[str | int], bad: Any) -> None:
        """Whatever the names on the way, evaluating the pointer as RFC 6901 says arrives at the value that is wrong."""
        document: Any = bad
        for token in reversed(path):
            document = [0] * token + [document, 0] if isinstance(token, int) else {token: document, f"{token}/": 0}
        (place,) = pointers(json.dumps(document))
        value = document
        for step in place.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        assert value is bad

    def test_mistakes_stand_in_the_order_of_the_document(self) -> None:
        """Several mistakes are told at once, as the reader meets them."""
        body = r'{"z": [NaN, {"k": "\u0000"}], "m\ud800": 1, "a": {"x": 1, "x": 2}, "b": 1e999}'
        assert pointers(body) == ["", "/z/0", "/z/1/k", "/a", "/b"]

    def test_at_most_twenty_mistakes_are_named(self) -> None:
        """A response does not grow with the number of mistakes: the first twenty are enough to begin with."""
        assert pointers(f"[{', '.join(['NaN'] * 1000)}]") == [f"/{index}" for index in range(20)]

    def test_a_name_that_no_text_can_hold_is_spelled_out(self) -> None:
        """A pointer through a refused name can itself be written as UTF-8, so the response can be sent."""
        assert pointers(r'{"a\ud800": NaN}') == ["", r"/a\ud800"]

    def test_the_document_may_stand_inside_a_body(self) -> None:
        """A document checked inside a body is named from the body's root, and by the error of its kind."""
        with pytest.raises(InvalidConfig) as refused:
            checked(parse(b"[NaN]"), Rules(32, InvalidConfig, ((None, "settings"), "dashboardConfig")))
        assert refused.value.field_errors == (FieldError("/settings/dashboardConfig/0", "NaN is not a JSON number"),)

    @pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'], ids=["arrays", "objects", "both"])
    @pytest.mark.parametrize("depth", [500, 5_000, 100_000])
    def test_any_nesting_is_refused_without_a_crash(self, opening: str, depth: int) -> None:
        """No depth of nesting ends the process or counts as a defect, read whole or given up."""
        closing = "".join({"[": "]", "{": "}"}[mark] for mark in reversed(opening) if mark in "[{")
        assert refusal(nested(depth, opening, closing))

    def test_a_name_twice_among_many_is_refused(self) -> None:
        """Looking for the duplicate costs no more than reading the members, however many there are."""
        members = [f'"{index}":0' for index in range(200_000)]
        ((place, message),) = refusal("{" + ",".join([*members, members[-1]]) + "}")
        assert (place, message) == ("", 'the member "199999" appears more than once')


class TestMalformedJson:
    @pytest.mark.parametrize(
        ("body", "line", "column"),
        [
            pytest.param("", 1, 1, id="nothing"),
            pytest.param('{"a": }', 1, 7, id="a value is missing"),
            pytest.param('{\n  "a": 1\n  "b": 2\n}', 3, 3, id="a comma is missing"),
            pytest.param('{"a": 1,}', 1, 8, id="a comma too many"),
            pytest.param("{'a': 1}", 1, 2, id="single quotes"),
            pytest.param("[1, 2", 1, 6, id="never closed"),
            pytest.param("[1]\n[2]", 2, 1, id="two texts"),
            pytest.param("01", 1, 2, id="a leading zero"),
            pytest.param("[+1]", 1, 2, id="a plus sign"),
            pytest.param("[.5]", 1, 2, id="no integer part"),
            pytest.param("undefined", 1, 1, id="undefined"),
            pytest.param('["\t"]', 1, 3, id="a raw control character"),
            pytest.param(r'["\x41"]', 1, 3, id="an unknown escape"),
            pytest.param("[1] // one", 1, 5, id="a comment"),
        ],
    )
    def test_the_line_and_the_column_are_named(self, body: str, line: int, column: int) -> None:
        """What is no JSON text is refused with the place where it stops being one."""
        with pytest.raises(MalformedJson, match=rf"at line {line}, column {column}\.$"):
            parse(body.encode())

    @pytest.mark.parametrize(
        ("body", "byte"),
        [
            pytest.param(b'{"a": "\xff"}', 7, id="no UTF-8 at all"),
            pytest.param('"é"'.encode("latin-1"), 1, id="Latin-1"),
            pytest.param(b'"\xc0\x80"', 1, id="an overlong NUL"),
            pytest.param(b'"\xed\xa0\x80"', 1, id="a surrogate's bytes"),
            pytest.param(b'"\xf0\x9f\x98"', 1, id="a character cut off"),
            pytest.param("{}".encode("utf-16"), 0, id="UTF-16"),
            pytest.param(b'\xef\xbb\xbf"\xff"', 4, id="after a byte order mark"),
        ],
    )
    def test_the_byte_that_is_no_utf_8_is_named(self, body: bytes, byte: int) -> None:
        """JSON is exchanged in UTF-8; anything else is refused at the first byte that is not."""
        with pytest.raises(MalformedJson, match=rf"not UTF-8 at byte {byte}\.$"):
            parse(body)


class TestServed:
    @given(document=documents | st.text(st.sampled_from("<>&\u2028\u2029\\\"'/u003ca"), max_size=30))
    def test_no_document_can_leave_its_place_in_a_page(self, document: Any) -> None:
        """A response holds no raw < > & U+2028 U+2029, and still parses to the same document."""
        body = served(compact(document))
        assert not set("<>&\u2028\u2029") & set(body.decode())
        assert repr(json.loads(body)) == repr(document)


class TestPointer:
    def test_the_document_itself_is_the_empty_pointer(self) -> None:
        """RFC 6901, section 5: the whole document is the empty string, not a slash."""
        assert pointer(None) == ""
        assert pointer((None, "")) == "/"


class TestLargest:
    def test_charts_are_named_the_largest_first(self) -> None:
        """The parts two levels down are named by size in bytes of UTF-8, so that the client knows what to shorten."""
        document = {
            "chartCustomizations": {"small": {"a": 1}, "big": {"a": "x" * 100}, "é/": {"a": "é" * 30}},
            "filters": [{"id": "f" * 40}],
            "theme": "dark",
        }
        assert largest(document, 4) == [
            ("/chartCustomizations/big", 108),
            ("/chartCustomizations/é~1", 68),
            ("/filters/0", 49),
            ("/chartCustomizations/small", 7),
        ]

    def test_parts_without_parts_are_named_themselves(self) -> None:
        """A member that is a text, a number or empty is a part; what is equally large keeps its order."""
        assert largest({"b": "12345", "a": {}, "c": []}, 5, at=(None, "config")) == [
            ("/config/b", 7),
            ("/config/a", 2),
            ("/config/c", 2),
        ]
