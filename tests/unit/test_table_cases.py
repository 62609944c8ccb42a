"""Small files of every kind are read as the tables that their authors mean, or refused, and come back as they were."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.table_cases import CASES, KINDS, Case, Note, texts
from support.project.template import ROOT

from dashboard_store.documents.dataset.csv_text import csv_rows
from dashboard_store.documents.dataset.data_schema import Content
from dashboard_store.documents.dataset.readings import ColumnType, Format, reading
from dashboard_store.documents.dataset.schema_change import plan, read_schema_change, reread
from dashboard_store.documents.dataset.storage_format import json_rows
from dashboard_store.documents.dataset.upload import SentFile, Upload, read_completion, read_uploaded
from dashboard_store.errors import FieldError, InvalidData
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
ACCEPTED = [case for case in CASES if not case.is_refused]
REAL = sorted((ROOT / "tests" / "node_modules" / "vega-datasets" / "data").glob("*.[ct]sv"))
REFUSED = [case for case in CASES if case.is_refused]


def read(case: Case) -> Upload:
    body = {} if case.given is None else {"delimiter": case.given}
    file = SentFile("t.csv", "text/csv", io.BytesIO(case.content))
    return read_uploaded(file, read_completion(body, SETTINGS), SETTINGS)


def rows(upload: Upload) -> list[list[Any]]:
    found = json.loads(json_of(upload.content))
    return [list(row.values()) for row in found]


def are_booleans(table: Sequence[Sequence[Any]]) -> list[list[bool]]:
    """Tell True from 1, which are equal."""
    return [[type(cell) is bool for cell in row] for row in table]


def values(column_type: ColumnType, form: Format | None, cells: Sequence[str]) -> list[Any]:
    """Return what a reading that a note offers makes of a column's cells."""
    return [reading(column_type, form).read(cell) for cell in cells]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_a_file_is_the_table_that_its_author_means(case: Case) -> None:
    """Names, types, values, formats and the dialect are what they should be, whatever program wrote the file."""
    upload = read(case)
    schema, found = upload.schema, rows(upload)
    assert schema["columnTypes"] == case.types
    assert schema["columnNames"] == list(case.types)
    assert found == [list(row) for row in case.rows]
    assert are_booleans(found) == are_booleans(case.rows)
    assert schema["dialect"] == {"delimiter": case.delimiter, "encoding": case.encoding}
    assert schema.get("columnFormats", {}) == case.formats


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_is_not_a_table_is_refused(case: Case) -> None:
    """A file that is not a table, or does not show which one, is refused with the place and the reason."""
    with pytest.raises(InvalidData) as refused:
        read(case)
    # What is wrong with the whole file may be the error itself.
    first = next(iter(refused.value.field_errors), FieldError("", str(refused.value)))
    assert first.pointer == case.pointer
    assert case.message in first.message


@pytest.mark.parametrize("case", [case for case in ACCEPTED if case.notes is not None], ids=lambda case: case.name)
def test_a_note_names_the_cell_and_the_readings_that_fit(case: Case) -> None:
    """A note has the first cell that is not of the type, and each reading that fits the column, as its values show."""
    cells = [row[0] for row in texts(case)[1:]]
    found = [
        Note(
            note["column"],
            note["row"],
            note["cell"],
            [(each["type"], values(each["type"], each.get("format"), cells)) for each in note["readings"]],
        )
        for note in read(case).schema.get("notes", [])
    ]
    assert found == case.notes


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_each_cell_comes_back_as_the_text_that_it_was(case: Case) -> None:
    """A table as CSV has the cells of its file as another reader finds them, whatever types they were given."""
    upload = read(case)
    assert as_csv(upload.content, upload.schema["columnNames"]) == texts(case)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_a_change_of_the_schema_keeps_every_text(case: Case) -> None:
    """Whatever types a table is given, and whatever a note offers: its cells remain the texts that they were."""
    upload = read(case)
    schema, content = upload.schema, upload.content
    changes = [{name: {"type": "string"} for name in case.types}]
    changes += [{note["column"]: each} for note in schema.get("notes", []) for each in note["readings"]]
    for columns in changes:
        planned = plan(schema, read_schema_change({"columns": columns}, SETTINGS))
        if planned is not None:
            changed = reread(io.BytesIO(content.stored), planned, content.raw_bytes)
            assert as_csv(changed, schema["columnNames"]) == texts(case)
            assert changed.raw_bytes == len(json_of(changed))
            back = plan(planned.schema, read_schema_change({"columns": before(schema, columns)}, SETTINGS))
            assert back is not None
            again = reread(io.BytesIO(changed.stored), back, changed.raw_bytes)
            assert json_of(again) == json_of(content)
            assert as_csv(again, schema["columnNames"]) == texts(case)


def before(schema: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """Make the change that undoes another one of these columns."""
    formats = schema.get("columnFormats", {})
    return {
        name: {"type": schema["columnTypes"][name], **({"format": formats[name]} if name in formats else {})}
        for name in columns
    }


def json_of(content: Content) -> bytes:
    return b"".join(json_rows(io.BytesIO(content.stored)))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_each_cell_of_a_real_table_comes_back(path: Path) -> None:
    """The tables of vega-datasets come back cell by cell, too."""
    content = path.read_bytes()
    with path.open(encoding="utf-8-sig", newline="") as lines:
        records = list(csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ","))
    upload = read(Case(path.name, content))
    assert as_csv(upload.content, upload.schema["columnNames"]) == records


def as_csv(content: Content, names: Sequence[str]) -> list[list[str]]:
    written = b"".join(csv_rows(io.BytesIO(content.stored), names))
    return [record or [""] for record in csv.reader(io.StringIO(written.decode(), newline=""), strict=True)]


# What is, or is almost, a number, a date or a truth value.
near_values = st.sampled_from(
    [row[0] for case in ACCEPTED if case.types.keys() == {"value", "row"} for row in texts(case)]
)


@given(st.lists(st.lists(near_values, min_size=1, max_size=3), min_size=1, max_size=3))
def test_whatever_a_note_offers_fits_the_column(columns: list[list[str]]) -> None:
    """Any mixture of cells is read and comes back, and so it does with each reading that a note offers."""
    height = max(map(len, columns))
    header = [f"c{number}" for number in range(len(columns))]
    records = [[cells[row % len(cells)] for cells in columns] for row in range(height)]
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";").writerows([header, *records])
    upload = read(Case("", written.getvalue().encode(), given=";"))
    assert as_csv(upload.content, header) == [header, *records]
    for note in upload.schema.get("notes", []):
        for each in note["readings"]:
            planned = plan(upload.schema, read_schema_change({"columns": {note["column"]: each}}, SETTINGS))
            assert planned is not None
            changed = reread(io.BytesIO(upload.content.stored), planned, upload.content.raw_bytes)
            assert as_csv(changed, header) == [header, *records]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_a_case_is_consistent(case: Case) -> None:
    """The texts of each case, as the standard library finds them, spell the values that the case states."""
    header, *records = texts(case)
    assert header == list(case.types)
    for record, row in zip(records, case.rows, strict=True):
        assert all(spells(text, value) for text, value in zip(record, row, strict=True)), (record, row)


def spells(text: str, value: Any) -> bool:
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int | float):
        return float(text) == value
    return text == (value or "")


def test_there_are_enough_cases_of_each_kind() -> None:
    """Two hundred cases and more, at least a dozen of each kind, none under a name that another one has."""
    assert len(CASES) > 220
    assert len(REAL) > 10
    for cases in KINDS.values():
        assert len(cases) >= 12
        assert len({case.name for case in cases}) == len(cases)


def test_no_file_is_taken_for_another_table() -> None:
    """Each kind of file is read right or refused rightly; none is read as something that it is not."""
    for kind, cases in KINDS.items():
        counted = Counter(map(outcome, cases))
        assert counted["wrong"] == 0, kind
        assert counted["right"] + counted["refused rightly"] == len(cases), kind


def outcome(case: Case) -> str:
    try:
        upload = read(case)
    except InvalidData:
        return "refused rightly" if case.is_refused else "refused"
    is_right = not case.is_refused and upload.schema["columnTypes"] == case.types
    return "right" if is_right and rows(upload) == [list(row) for row in case.rows] else "wrong"
