"""Tables are read back as the rows that were uploaded, and are typed, limited and compared by their content."""

import gzip
import io
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.inputs.texts import kept_texts

from dashboard_store.documents.dataset import upload_body
from dashboard_store.documents.dataset.column_types import JsonColumn
from dashboard_store.documents.dataset.storage_format import Row, TableWriter, columns_of, json_rows, read_groups
from dashboard_store.documents.dataset.upload import Upload, read_analysis, read_upload
from dashboard_store.documents.json_text import compact, parse, parse_at
from dashboard_store.errors import (
    AnalysisTooLarge,
    BadInput,
    ConfigTooLarge,
    InvalidConfig,
    InvalidData,
    MalformedJson,
    RequestTooLarge,
)
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")

texts = kept_texts(max_size=10)
numbers = st.integers() | st.integers(-(2**200), 2**200) | st.floats(allow_nan=False, allow_infinity=False)
cells = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
# Few names, so that rows share members, but in different orders and with some missing.
rows_of_few_names = st.lists(st.dictionaries(st.sampled_from("abcd"), cells, max_size=4), max_size=8)
rows_of_any_names = st.lists(st.dictionaries(texts, cells, max_size=3), max_size=4)


def upload(rows: Any = ({"a": 1},), **members: Any) -> dict[str, Any]:
    return {"fileName": "sales.csv", "rawData": list(rows) if isinstance(rows, tuple) else rows, **members}


def read(document: Any, settings: Settings = SETTINGS) -> Upload:
    return read_upload(json.dumps(document).encode(), settings)


def pointers(document: Any, error: type[BadInput] = InvalidData) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read(document)
    assert type(refused.value) is error
    return [each.pointer for each in refused.value.field_errors]


def written(*groups: list[Row]) -> bytes:
    writer = TableWriter()
    for rows in groups:
        columns = columns_of(rows)
        writer.add_rows(columns, list(map(compact, columns.cells.values())))
    return writer.finish()


def rows_of(stored: bytes) -> list[Row]:
    return [row for group in read_groups(io.BytesIO(stored)) for row in group]


class TestRoundTrip:
    @given(groups=st.lists(rows_of_few_names | rows_of_any_names, max_size=3))
    def test_any_rows_are_read_back_unchanged(self, groups: list[list[Row]]) -> None:
        """Values, types, the order of members, and missing or null ones are preserved, however rows are grouped."""
        # repr distinguishes 1, 1.0 and True, and the order of members.
        assert repr(rows_of(written(*groups))) == repr([row for group in groups for row in group])

    @given(groups=st.lists(rows_of_few_names.filter(bool), min_size=1, max_size=3))
    def test_responses_show_the_rows_in_one_array(self, groups: list[list[Row]]) -> None:
        """The rows of all groups of a table are one JSON array, safe to embed in a page."""
        text = b"".join(json_rows(io.BytesIO(written(*groups))))
        assert repr(json.loads(text)) == repr([row for group in groups for row in group])
        assert not {b"<", b">", b"&"} & {text[index : index + 1] for index in range(len(text))}

    @pytest.mark.parametrize("count", [1, 3, 20_000])
    def test_the_size_of_the_rows_is_that_of_the_response(self, count: int) -> None:
        """The size that decides between response and download is exactly that of the rows in a response."""
        rows = [{"a": "<é>", "b": index, **({"c": None} if index % 3 else {})} for index in range(count)]
        content = read(upload(rows)).content
        assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))

    def test_an_integer_of_ten_thousand_digits_is_preserved(self) -> None:
        """A table preserves the same numbers as a config."""
        rows = [{"n": parse(b"-" + b"9" * 10_000)}]
        assert rows_of(written(rows)) == rows

    def test_an_upload_stores_its_rows(self) -> None:
        """The stored rows of an upload are those that were sent, in several groups if there are many."""
        rows = [{"b": 1, "a": None}, {"a": {"x": [1.0]}}, {}] * 40_000
        stored = read(upload(rows)).content.stored
        assert repr(rows_of(stored)) == repr(rows)
        assert len(gzip.decompress(stored).splitlines()) > 1

    def test_rows_with_the_same_columns_name_them_once(self) -> None:
        """Names of columns are not repeated per row, so a thousand rows with a long name stay small."""
        name = "a rather long column name"
        stored = written([{name: index % 10} for index in range(1_000)])
        assert gzip.decompress(stored).count(name.encode()) == 1


DATE_TIMES = {
    "Z": "2026-02-28T10:00:00Z",
    "no time zone": "2026-02-28T10:00:00",
    "no seconds": "2026-02-28T10:00",
    "a space instead of T": "2026-02-28 10:00:00",
    "an offset": "2026-02-28T10:00:00+05:30",
    "an offset without a colon": "2026-02-28T10:00:00-0530",
    "a tenth of a second": "2026-02-28T10:00:00.5Z",
    "nanoseconds": "2026-02-28T10:00:00.123456789Z",
    "a comma before the fraction": "2026-02-28T10:00:00,5",
}
# Texts that are neither a date nor a time.
LOOKALIKES = {
    "a day that February does not have": "2026-02-30",
    "a leap day in another year": "2026-02-29",
    "a thirteenth month": "2026-13-01",
    "the year 0": "0000-01-01",
    "a date without hyphens": "20260228",
    "a week date": "2026-W09-6",
    "a date with single digits": "2026-2-8",
    "a date in another order": "28.02.2026",
    "a date and a line break": "2026-02-28\n",
    "a space and a date": " 2026-02-28",
    "a date in non-ASCII digits": "٢٠٢٦-٠٢-٢٨",
    "a time on a day that does not exist": "2026-02-30T10:00:00Z",
    "a twenty-fifth hour": "2026-02-28T25:00:00Z",
    "a sixtieth minute": "2026-02-28T10:60:00Z",
    "only the hour": "2026-02-28T10",
    "a time of day": "10:00:00",
    "the name of a time zone": "2026-02-28T10:00:00 Europe/Berlin",
}


class TestTypes:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            pytest.param([1, -2, 10**30], "integer", id="integers of any size"),
            pytest.param([0.5, -1e300], "number", id="floats"),
            pytest.param([1, 2.5], "number", id="integers and floats"),
            pytest.param([1.0], "number", id="a float with the value of an integer"),
            pytest.param([True, False], "boolean", id="booleans"),
            pytest.param([True, 1], "string", id="booleans and integers"),
            pytest.param([0, False], "string", id="zero and false"),
            pytest.param(["007", "12"], "string", id="texts of digits"),
            pytest.param(["true"], "string", id="the text true"),
            pytest.param(["a", 1], "string", id="texts and numbers"),
            pytest.param([[1]], "string", id="lists"),
            pytest.param([{"a": 1}], "string", id="objects"),
            pytest.param([], "string", id="no cells"),
            pytest.param([""], "string", id="an empty text"),
            pytest.param(["2026-02-28", "2024-02-29"], "date", id="dates"),
            pytest.param(["2026-02-28", "soon"], "string", id="a date and a word"),
            pytest.param(["2026-02-28", "2026-02-28T10:00:00Z"], "string", id="a date and a time"),
            pytest.param(["2026-02-28T23:59:59Z", "2026-02-28 10:00"], "datetime", id="several formats"),
            *(pytest.param([text], "datetime", id=name) for name, text in DATE_TIMES.items()),
            *(pytest.param([text], "string", id=name) for name, text in LOOKALIKES.items()),
        ],
    )
    def test_a_column_has_the_narrowest_type_of_its_cells(self, values: list[Any], expected: str) -> None:
        """A single cell of another type makes a column `string`, so that every cell is of its column's type."""
        column = JsonColumn()
        for value in values:
            column.add([value])
        assert column.type == expected

    def test_null_and_missing_cells_do_not_affect_a_type(self) -> None:
        """A column's type is that of its other cells; a column with only nulls is `string`."""
        rows = [{"n": None, "d": "2026-01-01"}, {"n": 1, "e": None}, {"d": None}]
        assert read(upload(rows)).schema["columnTypes"] == {"n": "integer", "d": "date", "e": "string"}


class TestSchema:
    def test_a_schema_is_inferred_from_the_rows(self) -> None:
        """Without a schema the columns are those of the rows, in order of first appearance."""
        assert read(upload([{"b": 1}, {"a": "x", "b": 2}])).schema == {
            "fileName": "sales.csv",
            "rowCount": 2,
            "columnCount": 2,
            "columnNames": ["b", "a"],
            "columnTypes": {"b": "integer", "a": "string"},
        }

    def test_a_given_schema_takes_precedence(self) -> None:
        """Names and types that the client gives are kept, and the other types are inferred; a column may be empty."""
        given_schema = {"columnNames": ["c", "b", "a"], "columnTypes": {"a": "string"}}
        schema = read(upload([{"a": 1, "b": 2}], dataSchema=given_schema)).schema
        assert schema["columnNames"] == ["c", "b", "a"]
        assert schema["columnTypes"] == {"c": "string", "b": "integer", "a": "string"}
        assert schema["columnCount"] == 3

    @pytest.mark.parametrize(
        ("document", "places"),
        [
            pytest.param([], [""], id="an array"),
            pytest.param({"rawData": [{"a": 1}]}, ["/fileName"], id="no file name"),
            pytest.param(upload(fileName=""), ["/fileName"], id="an empty file name"),
            pytest.param(upload(fileName="f" * 256), ["/fileName"], id="a file name of 256"),
            pytest.param(upload(fileName="f\r"), ["/fileName"], id="a line break in a file name"),
            pytest.param({"fileName": "f"}, ["/rawData"], id="no rows"),
            pytest.param(upload([]), ["/rawData"], id="an empty array of rows"),
            pytest.param(upload([{}]), ["/rawData"], id="no columns"),
            pytest.param(upload({}), ["/rawData"], id="an object as rows"),
            pytest.param(upload([{"a": 1}, [1]]), ["/rawData/1"], id="an array as row"),
            pytest.param(upload(dataSchema=[]), ["/dataSchema"], id="an array as schema"),
            pytest.param(upload(dataSchema={"rowCount": 1}), ["/dataSchema/rowCount"], id="an unknown schema member"),
            pytest.param(
                upload(dataSchema={"columnNames": ["a", 1]}), ["/dataSchema/columnNames/1"], id="a number as name"
            ),
            pytest.param(
                upload(dataSchema={"columnNames": ["a", "a"]}), ["/dataSchema/columnNames"], id="a duplicate name"
            ),
            pytest.param(
                upload(dataSchema={"columnNames": ["b"]}), ["/dataSchema/columnNames"], id="a column that is not named"
            ),
            pytest.param(
                upload(dataSchema={"columnTypes": {"a": "money"}}), ["/dataSchema/columnTypes/a"], id="an unknown type"
            ),
            pytest.param(
                upload(dataSchema={"columnTypes": {"b": "date"}}),
                ["/dataSchema/columnTypes"],
                id="the type of no column",
            ),
            pytest.param(
                upload(dataSchema={"columnNames": ["b", "b"], "columnTypes": {"c": "date"}}),
                ["/dataSchema/columnNames", "/dataSchema/columnNames", "/dataSchema/columnTypes"],
                id="several at once",
            ),
            pytest.param(upload(analysis=[]), ["/analysis"], id="an array as analysis"),
            pytest.param(upload(userId="u"), ["/userId"], id="an unknown member"),
            pytest.param(upload(**{"a\0": 1}), ["/a\0"], id="an unknown member with a NUL"),
            pytest.param(upload([{"a": 1}, {"a": "\0"}]), ["/rawData/1/a"], id="NUL in a cell"),
            pytest.param(upload([{"a": [float("inf")]}]), ["/rawData/0/a/0"], id="a number out of range for a double"),
            pytest.param(upload(analysis={"s": "\ud800"}), ["/analysis/s"], id="an unpaired surrogate in the analysis"),
        ],
    )
    def test_an_invalid_upload_is_refused_with_the_place(self, document: Any, places: list[str]) -> None:
        """A part of the wrong type, or rows and a schema that do not match, are named by their pointers."""
        assert pointers(document) == places

    def test_an_unpaired_surrogate_in_a_members_name_is_refused(self) -> None:
        """A member's name with an unpaired surrogate is refused, and does not cause an internal error."""
        assert pointers(upload(**{"\ud800": 1}))

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param(upload([1] * 1_000), id="numbers as rows"),
            pytest.param(
                upload([dict.fromkeys(map(str, range(100)))], dataSchema={"columnNames": []}),
                id="columns that are not named",
            ),
            pytest.param(
                upload(dataSchema={"columnTypes": dict.fromkeys(map(str, range(1_000)), "date")}),
                id="types of unknown columns",
            ),
        ],
    )
    def test_at_most_twenty_places_are_named(self, document: Any) -> None:
        """The number of errors in a response is limited, because it could not be sent otherwise."""
        assert 0 < len(pointers(document)) <= 20

    @pytest.mark.parametrize(
        "more",
        [
            pytest.param({"dataSchema": {"columnNames": [1] * 1_000}}, id="column names"),
            pytest.param({"dataSchema": {"columnTypes": dict.fromkeys(map(str, range(1_000)), 1)}}, id="column types"),
            pytest.param({"dataSchema": dict.fromkeys(map(str, range(1_000)))}, id="unknown members of the schema"),
            pytest.param(dict.fromkeys(map(str, range(1_000))), id="unknown members"),
        ],
    )
    def test_a_check_ends_at_its_twentieth_error(self, more: dict[str, Any]) -> None:
        """Errors that no response shows are not looked for."""
        with pytest.raises(InvalidData) as refused:
            read(upload(**more))
        cause = refused.value.__cause__
        assert isinstance(cause, ValidationError)
        assert cause.error_count() == 20


WHOLE = '{"fileName":"f","rawData":[{"a":[{"b":"}]"}]}, {"a": -0.5e1}],\n"analysis":{"a":[null]}, "dataSchema":null}'


class TestBodies:
    @pytest.mark.parametrize("end", range(1, len(WHOLE)))
    def test_a_truncated_body_is_refused_where_it_ends(self, end: int) -> None:
        """A body that is read in groups is refused with the same place as one that is parsed at once."""
        body = WHOLE[:end].encode()
        with pytest.raises(MalformedJson) as expected:
            parse(body)
        with pytest.raises(MalformedJson) as refused:
            read_upload(body, SETTINGS)
        assert str(refused.value) == str(expected.value)

    @pytest.mark.parametrize(
        "text",
        [
            '{"fileName":"f" "rawData":[]}',
            '{"fileName":"f","rawData":[{"a":1} {"a":1}]}',
            '{"fileName":"f","rawData":[{"a":1},]}',
            '{"fileName":"f","rawData":[{"a":01}]}',
            '{"fileName":"f","rawData":[{"a":1}]]}',
            '{"fileName" "f"}',
            "{fileName:1}",
            '{"fileName":"f"} x',
            "[] []",
        ],
    )
    def test_malformed_json_is_refused_with_its_place(self, text: str) -> None:
        """The error names line and column, wherever it is."""
        with pytest.raises(MalformedJson, match=r"\(line 1, column \d+\)\.$"):
            read_upload(text.encode(), SETTINGS)

    def test_a_repeated_member_is_refused(self) -> None:
        """Keeping either of two members of the same name would lose the other."""
        for name in ("fileName", "rawData"):
            assert _refused(f'{{"rawData":[{{"a":1}}],"fileName":"f","{name}":[]}}') == [""]

    def test_parts_besides_the_rows_are_limited_together(self) -> None:
        """What is not a row is parsed at once, so it has a limit far below that of the rows."""
        with pytest.raises(RequestTooLarge) as refused:
            read(upload(analysis={"a": " " * 2_400_000}, x=" " * 200_000))
        assert refused.value.limit_bytes == 4 * (262_144 + 262_144 + 100_000)

    def test_many_members_are_read_in_linear_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No member copies what follows it: the text that members are read from is the same for all."""
        texts = set()

        def counted(text: str, start: int) -> tuple[Any, int]:
            texts.add(id(text))
            return parse_at(text, start)

        monkeypatch.setattr(upload_body, "parse_at", counted)
        assert len(pointers(upload(**dict.fromkeys(map(str, range(1_000)), 1)))) == 20
        assert len(texts) <= 2

    def test_memory_does_not_depend_on_the_number_of_rows(self) -> None:
        """Rows are parsed a group at a time: twice as many take no more memory than their own text."""
        peaks = []
        for count in (300_000, 600_000):
            body = b'{"fileName":"f","rawData":[' + b",".join([b'{"v":1}'] * count) + b"]}"
            tracemalloc.start()
            read_upload(body, SETTINGS)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] - peaks[0] < 6_000_000


def _refused(text: str) -> list[str]:
    with pytest.raises(InvalidData) as refused:
        read_upload(text.encode(), SETTINGS)
    return [each.pointer for each in refused.value.field_errors]


class TestLimits:
    @pytest.mark.parametrize("columns", [10, 11])
    def test_columns_are_limited(self, columns: int) -> None:
        """A table with exactly as many columns as the limit, in any rows, is accepted; one more is refused."""
        document = upload([{f"c{index}": 1} for index in range(columns)])
        limited = replace(SETTINGS, max_columns=10)
        if columns == 10:
            assert read(document, limited).schema["columnCount"] == 10
        else:
            with pytest.raises(InvalidData) as refused:
                read(document, limited)
            assert [each.pointer for each in refused.value.field_errors] == ["/rawData"]

    @pytest.mark.parametrize("cell", ["x" * 300, ["x" * 150, "y" * 150], {"a": "é" * 300}])
    def test_a_cell_is_limited(self, cell: Any) -> None:
        """A cell over the limit, as text or JSON, is refused with its place; a text at the limit is accepted."""
        limited = replace(SETTINGS, max_cell_characters=299)
        assert read(upload([{"a": "x" * 299}]), limited)
        with pytest.raises(InvalidData) as refused:
            read(upload([{"a": 1}, {"b": cell}]), limited)
        assert [each.pointer for each in refused.value.field_errors] == ["/rawData/1/b"]

    def test_names_are_limited_together(self) -> None:
        """Columns whose names are too long in total for the database's item, which has the schema, are refused."""
        assert pointers(upload([{f"{index}{'x' * 500}": 1 for index in range(200)}])) == ["/rawData"]

    def test_rows_without_common_columns_are_read(self) -> None:
        """The cost of a sparse table depends on its cells, not on rows times columns."""
        rows = [{f"c{index % 1_000}": 1} for index in range(8_000)]
        assert rows_of(read(upload(rows)).content.stored) == rows

    @pytest.mark.parametrize("with_table", [True, False], ids=["with the table", "alone"])
    def test_an_analysis_is_limited_the_same_way_everywhere(self, with_table: bool) -> None:  # noqa: FBT001
        """An analysis has the same limits on size and depth whether it is sent with its table or later."""

        def send(analysis: Any, settings: Settings) -> Any:
            if with_table:
                return read(upload(analysis=analysis), settings).analysis
            return read_analysis({"analysis": analysis}, settings)

        analysis = {"a": [["é"]]}
        size = len('{"a":[["é"]]}'.encode())
        assert send(analysis, replace(SETTINGS, max_analysis_bytes=size, max_depth=3)).text == '{"a":[["é"]]}'
        with pytest.raises(AnalysisTooLarge) as too_large:
            send(analysis, replace(SETTINGS, max_analysis_bytes=size - 1))
        assert (too_large.value.actual_bytes, too_large.value.limit_bytes) == (size, size - 1)
        with pytest.raises(InvalidData):
            send({"a": [[[]]]}, replace(SETTINGS, max_depth=3))

    @pytest.mark.parametrize(
        ("document", "place"),
        [
            pytest.param([], "", id="an array"),
            pytest.param({}, "/analysis", id="no analysis"),
            pytest.param({"analysis": None}, "/analysis", id="null"),
            pytest.param({"analysis": {}, "x": 1}, "/x", id="an unknown member"),
            pytest.param({"analysis": {"a": "\0"}}, "/analysis/a", id="NUL"),
        ],
    )
    def test_an_invalid_analysis_is_refused_with_the_place(self, document: Any, place: str) -> None:
        """The body must have an object as `analysis`, with any content, and nothing else."""
        with pytest.raises(InvalidData) as refused:
            read_analysis(document, SETTINGS)
        assert [each.pointer for each in refused.value.field_errors] == [place]


class TestOtherParts:
    def test_charts_are_checked_like_a_config(self) -> None:
        """Charts that are sent with a table are the config's first version, so a config's rules and limits apply."""
        kept = read(upload(chartCustomizations={"c": {"t": 1}})).config
        assert kept
        assert kept.document == {"chartCustomizations": {"c": {"t": 1}}}
        assert pointers(upload(chartCustomizations={"c": 1}), InvalidConfig) == ["/chartCustomizations/c"]
        with pytest.raises(ConfigTooLarge):
            read(upload(chartCustomizations={"c": {}}), replace(SETTINGS, max_config_bytes=10))

    def test_null_equals_a_missing_part(self) -> None:
        """A part that is null is treated as not sent."""
        read_parts = read(upload(analysis=None, chartCustomizations=None, dataSchema=None))
        assert (read_parts.analysis, read_parts.config) == (None, None)

    def test_an_analysis_is_stored_as_the_body_of_its_response(self) -> None:
        """The stored analysis parses to what was sent, and is safe to embed in a page."""
        body = gzip.decompress(read_analysis({"analysis": {"note": "a < b"}}, SETTINGS).stored)
        assert b"<" not in body
        assert json.loads(body) == {"note": "a < b"}


class TestDigest:
    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(upload([{"a": 2}], analysis={"n": 1}), id="another value"),
            pytest.param(upload([{"a": 1.0}], analysis={"n": 1}), id="another type of number"),
            pytest.param(upload([{"a": 1}, {}], analysis={"n": 1}), id="another row"),
            pytest.param(upload(fileName="other.csv", analysis={"n": 1}), id="another file"),
            pytest.param(upload(analysis={"n": 2}), id="another analysis"),
            pytest.param(upload(), id="no analysis"),
            pytest.param(upload(analysis={"n": 1}, dataSchema={"columnTypes": {"a": "number"}}), id="another schema"),
        ],
    )
    def test_another_content_has_another_digest(self, other: dict[str, Any]) -> None:
        """An upload counts as repeated only if all its parts are the same as before."""
        assert read(other).digest != read(upload(analysis={"n": 1})).digest

    def test_the_order_of_members_in_a_row_is_content(self) -> None:
        """Rows keep the order of their members, so a different order is a different upload."""
        assert read(upload([{"a": 1, "b": 2}])).digest != read(upload([{"b": 2, "a": 1}])).digest

    def test_charts_and_the_order_of_parts_do_not_matter(self) -> None:
        """The digest covers neither the charts, which belong to the config, nor the order of the body's parts."""
        one = {"fileName": "f", "rawData": [{"a": 1}], "analysis": {"n": 1}}
        other = {"chartCustomizations": {"c": {}}, **dict(reversed(one.items()))}
        assert read(one).digest == read(other).digest
