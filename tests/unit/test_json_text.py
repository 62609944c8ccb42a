"""JSON is returned equal to what was sent, or refused with the place of the error."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.texts import kept_texts

from dashboard_store.documents import json_fast
from dashboard_store.documents.excerpts import largest
from dashboard_store.documents.json_text import Rules, checked, compact, embeddable, parse, pointer, served
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
    """Return what a client reads back of a body; parsing and checking at once or in turn give the same."""
    sent = body.encode() if isinstance(body, str) else body
    text = checked(parse(sent), rules)
    document, written = json_fast.read(sent, rules)
    assert compact(document) == compact(json.loads(written)) == text
    assert written == json_fast.checked_text(parse(sent), rules)
    assert written == json_fast.written(json.loads(text)).encode()
    return json.loads(embeddable(written))


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
    """Draw a JSON string in any spelling, including escapes, of the colon above all."""
    return json.dumps("".join(draw(st.lists(st.sampled_from([":", "\\", '"', "a", "<"]), max_size=3)))).replace(
        ":", draw(st.sampled_from([":", "\\u003a", "\\u003A"]))
    )


def written_arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")


def written_objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(spaces, strings(), spaces, spaces, inner).map(lambda parts: "{}{}{}:{}{}".format(*parts))
    return st.lists(member, max_size=4).map(lambda members: f"{{{','.join(members)}}}")


# Few names, so that objects repeat members; and numbers that a response must not contain.
written_texts = st.recursive(
    strings() | st.sampled_from(["1", "NaN", "1e999", '"Infinity"', "9" * 10_001, "tru"]),
    lambda inner: written_arrays(inner) | written_objects(inner),
    max_leaves=12,
)


# Whole texts, and pieces that only go together in other brackets.
@given(text=written_texts | st.text("[]{},1 ", max_size=12), levels=st.sampled_from([1, 2, 3, 32, 199, 200, 202]))
def test_parsing_and_checking_at_once_is_equivalent(text: str, levels: int) -> None:
    """Parsing and checking a text at once has the same result or error as parsing it and then checking it."""
    rules = Rules(levels, InvalidData)

    def outcome(act: Callable[[], tuple[Any, bytes]]) -> Any:
        try:
            return repr(act())
        except BadInput as refused:
            return type(refused), str(refused), refused.field_errors

    def in_turn() -> tuple[Any, bytes]:
        document = parse(text.encode())
        checked(document, rules)
        return document, json_fast.written(document).encode()

    def in_two_steps() -> tuple[Any, bytes]:
        document = parse(text.encode())
        return document, json_fast.checked_text(document, rules)

    assert outcome(lambda: json_fast.read(text.encode(), rules)) == outcome(in_turn)
    assert outcome(in_two_steps) == outcome(in_turn)


@given(document=documents | st.sampled_from([int("9" * 10_000), json.loads("[" * 200 + "]" * 200)]))
def test_a_stored_text_is_parsed_as_it_was_written(document: Any) -> None:
    """Reading the text of a checked document gives the document, with integers of any size and at any depth allowed."""
    stored = b'{"config":%b}' % json_fast.written(document).encode()
    assert repr(json_fast.parsed(stored)) == repr({"config": json.loads(json_fast.written(document))})


class TestAccepted:
    @given(document=documents, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 2))
    def test_any_document_is_preserved(self, document: Any, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001
        """Values, types (1, 1.0, true), the sign of zero and the order of members are preserved in any layout."""
        sent = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
        # repr distinguishes 1, 1.0 and True, 0.0 and -0.0, and the order of members.
        assert repr(read(sent)) == repr(document)

    @pytest.mark.parametrize(
        "number",
        [
            pytest.param("18446744073709551617", id="2**64+1"),
            pytest.param("-9007199254740993", id="more precise than a double"),
            pytest.param("9" * 10_000, id="10,000 digits"),
            pytest.param("-" + "9" * 10_000, id="negative with 10,000 digits"),
            pytest.param("-0.0", id="negative zero"),
            pytest.param("1e+308", id="almost the largest double"),
            pytest.param("1.7976931348623157e+308", id="the largest double"),
            pytest.param("5e-324", id="the smallest subnormal"),
            pytest.param("2.225073858507201e-308", id="the largest subnormal"),
            pytest.param("0.1", id="not a binary fraction"),
            pytest.param("1.0", id="a float with the value of an integer"),
        ],
    )
    def test_a_number_is_returned_as_it_was_written(self, number: str) -> None:
        """Integers of up to 10,000 digits stay integers; a float keeps its value and stays a float."""
        assert checked(parse(number.encode()), RULES) == number

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("-0", "-0.0"),
            ("[1,-0]", "[1,-0.0]"),
            ('{"a": -0 }', '{"a":-0.0}'),
            ("[-0,-0]\n", "[-0.0,-0.0]"),
            ("[-0e0, -0E+5, -0.0, -0.00]", "[-0.0,-0.0,-0.0,-0.0]"),
            ('[", -0 ", "a:-0", -0]', '[", -0 ","a:-0",-0.0]'),
            ('["-0", "2026-01-05", 0, -1, -10, 0.5, -0.5]', '["-0","2026-01-05",0,-1,-10,0.5,-0.5]'),
        ],
    )
    def test_minus_zero_keeps_its_sign(self, sent: str, kept: str) -> None:
        """-0 is minus zero, as JavaScript reads it, in whichever form it is written; nothing else changes."""
        assert repr(read(sent)) == repr(json.loads(kept))
        assert json_fast.read(sent.encode(), RULES)[1] == kept.encode()

    @pytest.mark.parametrize("plane", range(17))
    def test_text_of_every_plane_is_preserved(self, plane: int) -> None:
        """Every scalar value except NUL is text, including the noncharacters at the end of a plane."""
        text = "".join(map(chr, (plane * 0x10000 + offset for offset in (1, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF))))
        assert read(json.dumps(text, ensure_ascii=False)) == text
        assert read(json.dumps(text)) == text

    @pytest.mark.parametrize(
        ("sent", "text"),
        [
            pytest.param(r'"\\u0000"', r"\u0000", id="backslash, u, four zeros"),
            pytest.param(r'"\\ud800"', r"\ud800", id="backslash, u, a surrogate's number"),
            pytest.param(r'"\ud83d\ude00"', "\N{GRINNING FACE}", id="a surrogate pair"),
            pytest.param(r'"\u0001\u001f"', "\x01\x1f", id="other control characters"),
            pytest.param('"NaN"', "NaN", id="NaN as text"),
        ],
    )
    def test_lookalikes_of_refused_characters_are_accepted(self, sent: str, text: str) -> None:
        """A text that only looks like a refused character is accepted."""
        assert read(sent) == text

    def test_a_byte_order_mark_is_skipped(self) -> None:
        """A byte order mark is ignored, as RFC 8259, section 8.1 allows."""
        assert read(b"\xef\xbb\xbf[1]") == [1]

    @pytest.mark.parametrize("limit", [1, 2, 32, 200])
    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["arrays", "objects"])
    def test_nesting_is_limited(self, limit: int, opening: str, closing: str) -> None:
        """A document nested to exactly the limit is preserved; one more level is refused where it begins."""
        deepest, rules = nested(limit, opening, closing), Rules(limit, InvalidData)
        assert checked(parse(deepest.encode()), rules) == deepest
        token = "/0" if opening == "[" else "/a"
        assert refusal(nested(limit + 1, opening, closing), rules) == [
            (token * limit, f"This is nested more than {limit} levels deep.")
        ]

    @pytest.mark.parametrize("backslashes", [2, 4, 6])
    def test_an_escaped_backslash_before_a_number_is_no_nul(self, backslashes: int) -> None:
        """u0000 after an even number of backslashes is text."""
        text = "\\" * backslashes + "u0000"
        assert read(f'["{text}", "n{text}"]') == [json.loads(f'"{text}"'), "n" + json.loads(f'"{text}"')]

    def test_width_is_not_limited(self) -> None:
        """A document may have any number of elements at the deepest level."""
        document = [[index] for index in range(1000)]
        assert read(json.dumps(document), Rules(2, InvalidData)) == document


class TestRefused:
    @pytest.mark.parametrize(
        ("value", "says"),
        [
            pytest.param("NaN", "NaN is not a JSON number.", id="NaN"),
            pytest.param("Infinity", "Infinity is not a JSON number.", id="Infinity"),
            pytest.param("-Infinity", "-Infinity is not a JSON number.", id="-Infinity"),
            pytest.param("1e999", "beyond the range of a double", id="1e999"),
            pytest.param("-1e999", "beyond the range of a double", id="-1e999"),
            pytest.param("1" * 10_001, "more than 10000 digits", id="10,001 digits"),
            pytest.param("-" + "1" * 10_001, "more than 10000 digits", id="negative with 10,001 digits"),
            pytest.param(r'"a\ud800b"', "an unpaired surrogate", id="an unpaired high surrogate"),
            pytest.param(r'"\udc00\ud800"', "an unpaired surrogate", id="surrogates in the wrong order"),
            pytest.param(r'"a\u0000b"', "NUL", id="NUL"),
            pytest.param(r'"\\\u0000"', "NUL", id="NUL after a backslash"),
            pytest.param(
                r'{"x\ud800": 1}', "A member's name contains an unpaired surrogate.", id="a surrogate in a name"
            ),
            pytest.param(r'{"x\u0000": 1}', "A member's name contains a NUL", id="NUL in a name"),
            pytest.param('{"x": 1, "y": 2, "x": 1}', '"x" appears more than once', id="a duplicate member"),
            pytest.param(r'{"x": 1, "\u0078": 1}', '"x" appears more than once', id="a duplicate member, escaped once"),
        ],
    )
    @pytest.mark.parametrize(
        ("around", "place"),
        [
            pytest.param("%s", "", id="at the root"),
            pytest.param('{"charts": [0, {"title": %s}]}', "/charts/1/title", id="nested"),
            pytest.param('{"a/b": {"m~n": {"": %s}}}', "/a~1b/m~0n/", id="under names to escape"),
            pytest.param('{"~1": {"0": [%s]}}', "/~01/0/0", id="under a name that looks escaped"),
        ],
    )
    def test_an_error_has_its_place(self, value: str, says: str, around: str, place: str) -> None:
        """A value that cannot be preserved is refused with its JSON pointer (RFC 6901)."""
        ((found, message),) = refusal(around.replace("%s", value))
        assert found == place
        assert says in message

    @given(path=st.lists(texts | st.integers(0, 3), max_size=8), bad=st.sampled_from([float("nan"), "\ud800", "\0"]))
    def test_a_pointer_leads_to_the_error(self, path: list[str | int], bad: Any) -> None:
        """Evaluating the pointer (RFC 6901) leads to the invalid value, whatever the names on the path."""
        document: Any = bad
        for token in reversed(path):
            document = [0] * token + [document, 0] if isinstance(token, int) else {token: document, f"{token}/": 0}
        (place,) = pointers(json.dumps(document))
        value = document
        for step in place.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        assert value is bad

    def test_errors_are_in_document_order(self) -> None:
        """Several errors are reported at once, in the order of the document."""
        body = r'{"z": [NaN, {"k": "\u0000"}], "m\ud800": 1, "a": {"x": 1, "x": 2}, "b": 1e999}'
        assert pointers(body) == ["", "/z/0", "/z/1/k", "/a", "/b"]

    def test_at_most_twenty_errors_are_reported(self) -> None:
        """A response lists the first twenty errors only, so its size is limited."""
        assert pointers(f"[{', '.join(['NaN'] * 1000)}]") == [f"/{index}" for index in range(20)]

    @pytest.mark.parametrize("levels", [1, 2, 20])
    def test_what_is_too_deep_is_named_once(self, levels: int) -> None:
        """A value that is nested too deeply is named where it begins, whatever is inside."""
        assert pointers(nested(RULES.max_depth + levels, "[", "]")) == ["/0" * RULES.max_depth]

    def test_a_name_that_cannot_be_encoded_is_escaped(self) -> None:
        """A pointer through a refused name can be encoded as UTF-8, so the response can be sent."""
        assert pointers(r'{"a\ud800": NaN}') == ["", r"/a\ud800"]

    def test_the_document_may_be_part_of_a_body(self) -> None:
        """The errors of a document within a body have pointers from the body's root, and the document's error type."""
        with pytest.raises(InvalidConfig) as refused:
            checked(parse(b"[NaN]"), Rules(32, InvalidConfig, ((None, "settings"), "dashboardConfig")))
        assert refused.value.field_errors == (FieldError("/settings/dashboardConfig/0", "NaN is not a JSON number."),)

    @pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'], ids=["arrays", "objects", "both"])
    @pytest.mark.parametrize("depth", [500, 5_000, 100_000])
    def test_any_nesting_is_refused_without_a_crash(self, opening: str, depth: int) -> None:
        """No depth of nesting crashes the process or causes an internal error."""
        closing = "".join({"[": "]", "{": "}"}[mark] for mark in reversed(opening) if mark in "[{")
        assert refusal(nested(depth, opening, closing))

    def test_a_duplicate_name_among_many_is_refused(self) -> None:
        """A duplicate name is found among 200,000 members."""
        members = [f'"{index}":0' for index in range(200_000)]
        ((place, message),) = refusal("{" + ",".join([*members, members[-1]]) + "}")
        assert (place, message) == ("", 'The member "199999" appears more than once.')


class TestMalformedJson:
    @pytest.mark.parametrize(
        ("body", "line", "column"),
        [
            pytest.param("", 1, 1, id="an empty text"),
            pytest.param('{"a": }', 1, 7, id="a missing value"),
            pytest.param('{\n  "a": 1\n  "b": 2\n}', 3, 3, id="a missing comma"),
            pytest.param('{"a": 1,}', 1, 8, id="a trailing comma"),
            pytest.param("{'a': 1}", 1, 2, id="single quotes"),
            pytest.param("[1, 2", 1, 6, id="an unclosed array"),
            pytest.param("[1]\n[2]", 2, 1, id="two texts"),
            pytest.param("01", 1, 2, id="a leading zero"),
            pytest.param("[+1]", 1, 2, id="a plus sign"),
            pytest.param("[.5]", 1, 2, id="a missing integer part"),
            pytest.param("undefined", 1, 1, id="undefined"),
            pytest.param('["\t"]', 1, 3, id="a raw control character"),
            pytest.param(r'["\x41"]', 1, 3, id="an unknown escape"),
            pytest.param("[1] // one", 1, 5, id="a comment"),
        ],
    )
    def test_the_line_and_the_column_are_named(self, body: str, line: int, column: int) -> None:
        """A text that is not JSON is refused with the line and column where it stops being valid."""
        with pytest.raises(MalformedJson, match=rf"\(line {line}, column {column}\)\.$"):
            parse(body.encode())

    @pytest.mark.parametrize(
        ("body", "byte"),
        [
            pytest.param(b'{"a": "\xff"}', 7, id="an invalid byte"),
            pytest.param('"é"'.encode("latin-1"), 1, id="Latin-1"),
            pytest.param(b'"\xc0\x80"', 1, id="an overlong NUL"),
            pytest.param(b'"\xed\xa0\x80"', 1, id="an encoded surrogate"),
            pytest.param(b'"\xf0\x9f\x98"', 1, id="a truncated character"),
            pytest.param("{}".encode("utf-16"), 0, id="UTF-16"),
            pytest.param(b'\xef\xbb\xbf"\xff"', 4, id="after a byte order mark"),
        ],
    )
    def test_the_byte_that_is_not_utf_8_is_named(self, body: bytes, byte: int) -> None:
        """A body that is not UTF-8 is refused with the position of the first invalid byte."""
        with pytest.raises(MalformedJson, match=rf"not valid UTF-8 at byte {byte}\.$"):
            parse(body)


class TestServed:
    @given(document=documents | st.text(st.sampled_from("<>&\u2028\u2029\\\"'/u003ca"), max_size=30))
    def test_responses_are_safe_to_embed_in_a_page(self, document: Any) -> None:
        """A response contains no raw < > & U+2028 U+2029, and still parses to the same document."""
        body = served(compact(document))
        assert not set("<>&\u2028\u2029") & set(body.decode())
        assert repr(json.loads(body)) == repr(document)


class TestPointer:
    def test_the_root_is_the_empty_pointer(self) -> None:
        """The pointer to the whole document is the empty string, not a slash (RFC 6901, section 5)."""
        assert pointer(None) == ""
        assert pointer((None, "")) == "/"


class TestLargest:
    def test_the_largest_charts_come_first(self) -> None:
        """The parts two levels down are sorted by size in bytes of UTF-8, so that the client knows what to shorten."""
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

    def test_members_without_parts_are_parts_themselves(self) -> None:
        """A member that is a text, a number or empty is itself a part; parts of equal size keep their order."""
        assert largest({"b": "12345", "a": {}, "c": []}, 5, at=(None, "config")) == [
            ("/config/b", 7),
            ("/config/a", 2),
            ("/config/c", 2),
        ]
