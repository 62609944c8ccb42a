"""Tables come back as the rows that came in, and are typed, limited and told apart by their content."""

import gzip
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.texts import kept_texts

from dashboard_store.documents.dataset.column_types import JsonColumn
from dashboard_store.documents.dataset.storage_format import Row, TableWriter, columns_of, json_rows, read_groups
from dashboard_store.documents.dataset.upload import Upload, read_analysis, read_upload
from dashboard_store.documents.json_text import parse
from dashboard_store.errors import AnalysisTooLarge, BadInput, ConfigTooLarge, InvalidConfig, InvalidData
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")

texts = kept_texts(max_size=10)
numbers = st.integers() | st.integers(-(2**200), 2**200) | st.floats(allow_nan=False, allow_infinity=False)
cells = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
# Few names, so that rows share members in other orders and with others missing.
rows_of_few_names = st.lists(st.dictionaries(st.sampled_from("abcd"), cells, max_size=4), max_size=8)
rows_of_any_names = st.lists(st.dictionaries(texts, cells, max_size=3), max_size=4)


def upload(rows: Any = ({"a": 1},), **members: Any) -> dict[str, Any]:
    return {"fileName": "sales.csv", "rawData": list(rows) if isinstance(rows, tuple) else rows, **members}


def read(document: Any, settings: Settings = SETTINGS) -> Upload:
    return read_upload(document, settings)


def pointers(document: Any, error: type[BadInput] = InvalidData) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read_upload(document, SETTINGS)
    assert type(refused.value) is error
    return [each.pointer for each in refused.value.field_errors]


def written(*groups: list[Row]) -> bytes:
    writer = TableWriter()
    for rows in groups:
        writer.add_rows(rows, columns_of(rows))
    return writer.finish()


def rows_of(stored: bytes) -> list[Row]:
    return [row for group in read_groups(io.BytesIO(stored)) for row in group]


class TestRoundTrip:
    @given(groups=st.lists(rows_of_few_names | rows_of_any_names, max_size=3))
    def test_any_rows_come_back_equal(self, groups: list[list[Row]]) -> None:
        """Values, their kinds, the order of a row's members, what is missing or null: all come back, in any groups."""
        # repr tells 1 from 1.0 and True, and one order of members from another.
        assert repr(rows_of(written(*groups))) == repr([row for group in groups for row in group])

    @given(groups=st.lists(rows_of_few_names.filter(bool), min_size=1, max_size=3))
    def test_responses_show_the_rows_in_one_array(self, groups: list[list[Row]]) -> None:
        """However many groups a table has, its rows are one JSON array, safe to stand in a page."""
        text = b"".join(json_rows(io.BytesIO(written(*groups))))
        assert repr(json.loads(text)) == repr([row for group in groups for row in group])
        assert not {b"<", b">", b"&"} & {text[index : index + 1] for index in range(len(text))}

    @pytest.mark.parametrize("count", [1, 3, 20_000])
    def test_the_size_of_the_rows_is_that_of_the_response(self, count: int) -> None:
        """The size that decides between response and download is, to the byte, that of the rows in a response."""
        rows = [{"a": "<é>", "b": index, **({"c": None} if index % 3 else {})} for index in range(count)]
        content = read(upload(rows)).content
        assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))

    def test_an_integer_of_ten_thousand_digits_comes_back(self) -> None:
        """What a config keeps, a table keeps too."""
        rows = [{"n": parse(b"-" + b"9" * 10_000)}]
        assert rows_of(written(rows)) == rows

    def test_an_upload_stores_its_rows(self) -> None:
        """What is stored of an upload are the rows that came in, in groups where they are many."""
        rows = [{"b": 1, "a": None}, {"a": {"x": [1.0]}}, {}] * 40_000
        stored = read(upload(rows)).content.stored
        assert repr(rows_of(stored)) == repr(rows)
        assert len(gzip.decompress(stored).splitlines()) > 1

    def test_like_rows_name_their_columns_once(self) -> None:
        """A table's names are not repeated by row: a thousand rows of long names stay small before compression."""
        name = "a rather long column name"
        stored = written([{name: index % 10} for index in range(1_000)])
        assert gzip.decompress(stored).count(name.encode()) == 1


class TestTypes:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            pytest.param([1, -2, 10**30], "integer", id="integers of any size"),
            pytest.param([0.5, -1e300], "number", id="floats"),
            pytest.param([1, 2.5], "number", id="integers and floats"),
            pytest.param([1.0], "number", id="a float with an integer's value"),
            pytest.param([True, False], "boolean", id="booleans"),
            pytest.param([True, 1], "string", id="booleans and integers"),
            pytest.param([0, False], "string", id="zero and false"),
            pytest.param(["007", "12"], "string", id="digits in texts"),
            pytest.param(["true"], "string", id="true in a text"),
            pytest.param(["a", 1], "string", id="texts and numbers"),
            pytest.param([[1]], "string", id="lists"),
            pytest.param([{"a": 1}], "string", id="objects"),
            pytest.param([], "string", id="nothing"),
            pytest.param([""], "string", id="an empty text"),
            pytest.param(["2026-02-28", "2024-02-29"], "date", id="dates"),
            pytest.param(["2026-02-30"], "string", id="a day that February lacks"),
            pytest.param(["2026-02-29"], "string", id="a leap day in another year"),
            pytest.param(["2026-13-01"], "string", id="a thirteenth month"),
            pytest.param(["0000-01-01"], "string", id="the year 0"),
            pytest.param(["20260228"], "string", id="a date without hyphens"),
            pytest.param(["2026-W09-6"], "string", id="a week's date"),
            pytest.param(["2026-2-8"], "string", id="a date of single digits"),
            pytest.param(["28.02.2026"], "string", id="a date in another order"),
            pytest.param(["2026-02-28\n"], "string", id="a date and a line's end"),
            pytest.param([" 2026-02-28"], "string", id="a space and a date"),
            pytest.param(["٢٠٢٦-٠٢-٢٨"], "string", id="a date in other digits"),
            pytest.param(["2026-02-28", "soon"], "string", id="a date and a word"),
            pytest.param(["2026-02-28", "2026-02-28T10:00:00Z"], "string", id="a date and a time"),
            pytest.param(["2026-02-28T10:00:00Z"], "datetime", id="Z"),
            pytest.param(["2026-02-28T10:00:00"], "datetime", id="no zone"),
            pytest.param(["2026-02-28T10:00"], "datetime", id="no seconds"),
            pytest.param(["2026-02-28 10:00:00"], "datetime", id="a space for T"),
            pytest.param(["2026-02-28T10:00:00+05:30"], "datetime", id="an offset"),
            pytest.param(["2026-02-28T10:00:00-0530"], "datetime", id="an offset without colon"),
            pytest.param(["2026-02-28T10:00:00.5Z"], "datetime", id="a tenth"),
            pytest.param(["2026-02-28T10:00:00.123456789Z"], "datetime", id="nanoseconds"),
            pytest.param(["2026-02-28T10:00:00,5"], "datetime", id="a comma before the fraction"),
            pytest.param(["2026-02-28T23:59:59Z", "2026-02-28 10:00"], "datetime", id="several forms"),
            pytest.param(["2026-02-30T10:00:00Z"], "string", id="a time on a day that is none"),
            pytest.param(["2026-02-28T25:00:00Z"], "string", id="a twenty-fifth hour"),
            pytest.param(["2026-02-28T10:60:00Z"], "string", id="a sixtieth minute"),
            pytest.param(["2026-02-28T10"], "string", id="an hour alone"),
            pytest.param(["10:00:00"], "string", id="a time of day"),
            pytest.param(["2026-02-28T10:00:00 Europe/Berlin"], "string", id="a zone's name"),
        ],
    )
    def test_a_column_has_the_narrowest_type_of_its_cells(self, values: list[Any], expected: str) -> None:
        """One cell of another kind makes a column `string`: no type promises what a cell does not keep."""
        column = JsonColumn()
        for value in values:
            column.add([value])
        assert column.type == expected

    def test_nulls_and_gaps_say_nothing_about_a_type(self) -> None:
        """A column's type is that of the cells that there are; one of nulls alone is `string`."""
        rows = [{"n": None, "d": "2026-01-01"}, {"n": 1, "e": None}, {"d": None}]
        assert read(upload(rows)).schema["columnTypes"] == {"n": "integer", "d": "date", "e": "string"}


class TestSchema:
    def test_a_schema_is_made_of_the_rows(self) -> None:
        """Without a schema the columns are those of the rows, in the order in which they first appear."""
        assert read(upload([{"b": 1}, {"a": "x", "b": 2}])).schema == {
            "fileName": "sales.csv",
            "rowCount": 2,
            "columnCount": 2,
            "columnNames": ["b", "a"],
            "columnTypes": {"b": "integer", "a": "string"},
        }

    def test_what_is_given_goes_before_what_is_inferred(self) -> None:
        """Names and types that the client gives are kept, the other types inferred; a column may be empty."""
        given_schema = {"columnNames": ["c", "b", "a"], "columnTypes": {"a": "string"}}
        schema = read(upload([{"a": 1, "b": 2}], dataSchema=given_schema)).schema
        assert schema["columnNames"] == ["c", "b", "a"]
        assert schema["columnTypes"] == {"c": "string", "b": "integer", "a": "string"}
        assert schema["columnCount"] == 3

    @pytest.mark.parametrize(
        ("document", "places"),
        [
            pytest.param([], [""], id="no object"),
            pytest.param({"rawData": [{"a": 1}]}, ["/fileName"], id="no file name"),
            pytest.param(upload(fileName=""), ["/fileName"], id="an empty file name"),
            pytest.param(upload(fileName="f" * 256), ["/fileName"], id="a file name of 256"),
            pytest.param({"fileName": "f"}, ["/rawData"], id="no rows"),
            pytest.param(upload([]), ["/rawData"], id="no row"),
            pytest.param(upload([{}]), ["/rawData"], id="no column"),
            pytest.param(upload({}), ["/rawData"], id="rows in an object"),
            pytest.param(upload([{"a": 1}, [1]]), ["/rawData/1"], id="a row that is none"),
            pytest.param(upload(dataSchema=[]), ["/dataSchema"], id="a schema in a list"),
            pytest.param(upload(dataSchema={"rowCount": 1}), ["/dataSchema/rowCount"], id="an unknown schema member"),
            pytest.param(upload(dataSchema={"columnNames": ["a", 1]}), ["/dataSchema/columnNames/1"], id="a name"),
            pytest.param(
                upload(dataSchema={"columnNames": ["a", "a"]}), ["/dataSchema/columnNames"], id="a name twice"
            ),
            pytest.param(
                upload(dataSchema={"columnNames": ["b"]}), ["/dataSchema/columnNames"], id="a column not named"
            ),
            pytest.param(
                upload(dataSchema={"columnTypes": {"a": "money"}}), ["/dataSchema/columnTypes/a"], id="a type"
            ),
            pytest.param(
                upload(dataSchema={"columnTypes": {"b": "date"}}), ["/dataSchema/columnTypes"], id="no column"
            ),
            pytest.param(
                upload(dataSchema={"columnNames": ["b", "b"], "columnTypes": {"c": "date"}}),
                ["/dataSchema/columnNames", "/dataSchema/columnNames", "/dataSchema/columnTypes"],
                id="several at once",
            ),
            pytest.param(upload(analysis=[]), ["/analysis"], id="an analysis in a list"),
            pytest.param(upload(userId="u"), ["/userId"], id="an unknown member"),
            pytest.param(upload(**{"a\0": 1}), ["/a\0"], id="an unknown member with a NUL"),
            pytest.param(upload([{"a": 1}, {"a": "\0"}]), ["/rawData/1/a"], id="NUL in a cell"),
            pytest.param(upload([{"a": [float("inf")]}]), ["/rawData/0/a/0"], id="a number beyond a double"),
            pytest.param(upload(analysis={"s": "\ud800"}), ["/analysis/s"], id="half a surrogate in the analysis"),
        ],
    )
    def test_what_is_no_upload_is_refused_with_its_place(self, document: Any, places: list[str]) -> None:
        """Each part has its form, and rows and schema must fit together; what does not is named."""
        assert pointers(document) == places

    def test_half_a_surrogate_in_a_members_name_is_refused(self) -> None:
        """No name of a member, however broken, counts as a defect of the service."""
        assert pointers(upload(**{"\ud800": 1}))

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param(upload([1] * 1_000), id="rows that are none"),
            pytest.param(
                upload([dict.fromkeys(map(str, range(100)))], dataSchema={"columnNames": []}), id="columns not named"
            ),
            pytest.param(upload(dataSchema={"columnTypes": dict.fromkeys(map(str, range(1_000)), "date")}), id="types"),
        ],
    )
    def test_at_most_twenty_places_are_named(self, document: Any) -> None:
        """A response does not grow with the number of mistakes: it could not be sent."""
        assert 0 < len(pointers(document)) <= 20


class TestLimits:
    @pytest.mark.parametrize("columns", [10, 11])
    def test_columns_are_limited(self, columns: int) -> None:
        """A table of as many columns as the limit is kept, in whatever rows they are; one more is refused."""
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
        """A cell over the limit, as text or as JSON, is refused with its place; a text of exactly the limit is kept."""
        limited = replace(SETTINGS, max_cell_characters=299)
        assert read(upload([{"a": "x" * 299}]), limited)
        with pytest.raises(InvalidData) as refused:
            read(upload([{"a": 1}, {"b": cell}]), limited)
        assert [each.pointer for each in refused.value.field_errors] == ["/rawData/1/b"]

    def test_names_are_limited_together(self) -> None:
        """Columns whose names would fill the database's item are refused: it holds their schema."""
        assert pointers(upload([{f"{index}{'x' * 500}": 1 for index in range(200)}])) == ["/rawData"]

    def test_rows_without_a_column_in_common_are_read(self) -> None:
        """A sparse table costs what its cells cost, not rows times columns."""
        rows = [{f"c{index % 1_000}": 1} for index in range(8_000)]
        assert rows_of(read(upload(rows)).content.stored) == rows

    @pytest.mark.parametrize("with_table", [True, False], ids=["with the table", "alone"])
    def test_an_analysis_is_limited_the_same_way_everywhere(self, with_table: bool) -> None:  # noqa: FBT001
        """An analysis has one limit in bytes and in depth, whether it comes with its table or later."""

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
            pytest.param([], "", id="no object"),
            pytest.param({}, "/analysis", id="no analysis"),
            pytest.param({"analysis": None}, "/analysis", id="null"),
            pytest.param({"analysis": {}, "x": 1}, "/x", id="an unknown member"),
            pytest.param({"analysis": {"a": "\0"}}, "/analysis/a", id="NUL"),
        ],
    )
    def test_what_is_no_analysis_is_refused_with_its_place(self, document: Any, place: str) -> None:
        """An analysis is an object under its own name, whatever is inside."""
        with pytest.raises(InvalidData) as refused:
            read_analysis(document, SETTINGS)
        assert [each.pointer for each in refused.value.field_errors] == [place]


class TestWhatComesAlong:
    def test_charts_are_checked_like_a_config(self) -> None:
        """Charts that come with a table are the config's first version, so its rules and its limits apply."""
        kept = read(upload(chartCustomizations={"c": {"t": 1}})).config
        assert kept
        assert kept.document == {"chartCustomizations": {"c": {"t": 1}}}
        assert pointers(upload(chartCustomizations={"c": 1}), InvalidConfig) == ["/chartCustomizations/c"]
        with pytest.raises(ConfigTooLarge):
            read(upload(chartCustomizations={"c": {}}), replace(SETTINGS, max_config_bytes=10))

    def test_nothing_comes_along_where_null_is_sent(self) -> None:
        """A part that is null is a part that was not sent."""
        read_parts = read(upload(analysis=None, chartCustomizations=None, dataSchema=None))
        assert (read_parts.analysis, read_parts.config) == (None, None)

    def test_an_analysis_is_stored_as_the_body_of_its_response(self) -> None:
        """The stored analysis parses to what was sent, and is safe to stand in a page."""
        body = gzip.decompress(read_analysis({"analysis": {"note": "a < b"}}, SETTINGS).stored)
        assert b"<" not in body
        assert json.loads(body) == {"note": "a < b"}


class TestDigest:
    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(upload([{"a": 2}], analysis={"n": 1}), id="another value"),
            pytest.param(upload([{"a": 1.0}], analysis={"n": 1}), id="another kind of number"),
            pytest.param(upload([{"a": 1}, {}], analysis={"n": 1}), id="another row"),
            pytest.param(upload(fileName="other.csv", analysis={"n": 1}), id="another file"),
            pytest.param(upload(analysis={"n": 2}), id="another analysis"),
            pytest.param(upload(), id="no analysis"),
            pytest.param(upload(analysis={"n": 1}, dataSchema={"columnTypes": {"a": "number"}}), id="another schema"),
        ],
    )
    def test_another_content_has_another_digest(self, other: dict[str, Any]) -> None:
        """An upload may be told as repeated only where all of it is what was sent before."""
        assert read(other).digest != read(upload(analysis={"n": 1})).digest

    def test_the_order_of_members_in_a_row_is_content(self) -> None:
        """Rows come back with their members in order, so another order is another upload."""
        assert read(upload([{"a": 1, "b": 2}])).digest != read(upload([{"b": 2, "a": 1}])).digest

    def test_charts_and_the_order_of_parts_make_no_other_upload(self) -> None:
        """The charts are the config's, and the parts of a body are told by their names."""
        one = {"fileName": "f", "rawData": [{"a": 1}], "analysis": {"n": 1}}
        other = {"chartCustomizations": {"c": {}}, **dict(reversed(one.items()))}
        assert read(one).digest == read(other).digest
