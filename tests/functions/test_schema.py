"""A change of a table's schema: the same cells with other names, types and formats, as a new version."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, TABLE, Clock
from support.handlers.files import send_file
from support.handlers.http_api import Client, Reply
from support.handlers.invocations import Reader, read

from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
SCHEMA = f"{DATA}/schema"
TEXTS = [
    ["Umsatz", "Tag", "Filiale", "bezahlt", "PLZ"],
    ["1.234,50", "31.12.2025", "Bonn", "ja", "01067"],
    ["-3,00", "1.1.2026", "Köln", "nein", "53111"],
    ["", "", "", "ja", "50667"],
]
CSV = "".join(";".join(row) + "\r\n" for row in TEXTS).encode()
COMMA = {"decimal": ",", "group": "."}
NUMBERS = {"columns": {"Umsatz": {"type": "number", "format": COMMA}}}


@pytest.fixture
def send(project: Client, bucket_client: "S3Client") -> Callable[..., str]:
    """Send a file of the project to the bucket; returns the URL that completes the upload."""
    return partial(send_file, project, bucket_client)


@pytest.fixture
def uploaded(project: Client, send: Callable[..., str]) -> Reply:
    """The response of an upload of the table at version 1, with an analysis."""
    return project.post(send(CSV), {"analysis": {"mean": 1}})


@pytest.fixture
def in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request reads no table at all."""
    monkeypatch.setattr("dashboard_store.repository.background_reads.READ_AT_ONCE", 0)


@contextmanager
def interrupted(client: "S3Client", act: Callable[[], object]) -> Iterator[None]:
    """Do something when the function has read the table, and stores its first download."""
    left = [act]

    def interrupt(params: dict[str, Any], **_: Any) -> None:
        if left and params["Key"].startswith("downloads/"):
            left.pop()()

    client.meta.events.register("provide-client-params.s3.PutObject", interrupt)
    try:
        yield
    finally:
        client.meta.events.unregister("provide-client-params.s3.PutObject", interrupt)
    assert not left


def column(project: Client, name: str, version: int | None = None) -> list[Any]:
    rows = project.get(f"{DATA}/versions/{version}" if version else DATA).json["rawData"]
    return [row[name] for row in rows]


def texts(project: Client, version: int | None = None) -> list[list[str]]:
    """Return the cells of the table as CSV."""
    place = f"{DATA}/versions/{version}" if version else DATA
    return list(csv.reader(io.StringIO(project.get(f"{place}?format=csv").body.decode(), newline="")))


def changed(project: Client, columns: dict[str, Any], tag: str) -> Any:
    reply = project.put(SCHEMA, {"columns": columns}, if_match=tag)
    assert reply.status == 201, reply.json
    return reply.json


def test_what_a_note_offers_is_what_the_column_becomes(project: Client, uploaded: Reply) -> None:
    """A reading of a note, sent as it is, makes the texts values; the note is gone, and the format is remembered."""
    notes = {note["column"]: note for note in uploaded.json["dataSchema"]["notes"]}
    assert (notes["Umsatz"]["row"], notes["Umsatz"]["cell"]) == (1, "1.234,50")
    offered = {name: note["readings"][0] for name, note in notes.items()}
    schema = changed(project, offered, uploaded.headers["etag"])["dataSchema"]
    assert "notes" not in schema
    assert column(project, "Umsatz") == [1234.5, -3, None]
    assert column(project, "Tag") == ["2025-12-31", "2026-01-01", None]
    assert schema["columnTypes"] == {
        "Umsatz": "number",
        "Tag": "date",
        "Filiale": "string",
        "bezahlt": "string",
        "PLZ": "integer",
    }
    assert schema["columnFormats"] == {name: offered[name]["format"] for name in ("Umsatz", "Tag")}
    assert project.get(DATA).json["dataSchema"] == schema


def test_the_texts_stay(project: Client, uploaded: Reply) -> None:
    """As CSV, every cell is the text that was uploaded, whatever its column was made of, any number of times."""
    assert texts(project) == TEXTS
    changes: list[dict[str, Any]] = [
        NUMBERS["columns"],
        {
            "Tag": {"type": "date", "format": "d.M.yyyy"},
            "bezahlt": {"type": "boolean", "format": {"true": "ja", "false": "nein"}},
        },
        {"PLZ": {"type": "integer"}},
        {"Umsatz": {"type": "string"}, "Tag": {"type": "string"}},
    ]
    for version, change in enumerate(changes, start=1):
        changed(project, change, f'"{version}"')
        assert texts(project) == TEXTS
    assert uploaded.json["version"] == 1
    assert (column(project, "bezahlt"), column(project, "PLZ")) == ([True, False, True], [1067, 53111, 50667])
    assert column(project, "Umsatz") == column(project, "Umsatz", 1) == ["1.234,50", "-3,00", None]


def test_an_old_version_keeps_its_reading(project: Client, uploaded: Reply) -> None:
    """A value of an old version is what it was before the change, and so is the version's schema."""
    changed(project, NUMBERS["columns"], '"1"')
    assert column(project, "Umsatz", 1) == ["1.234,50", "-3,00", None]
    assert column(project, "Umsatz", 2) == [1234.5, -3, None]
    assert project.get(f"{DATA}/versions/1").json["dataSchema"] == uploaded.json["dataSchema"]
    assert texts(project, 1) == texts(project, 2) == TEXTS


def test_the_analysis_stays(project: Client, uploaded: Reply) -> None:
    """The analysis is that of the cells, so it stays with its version; the table's version is the next one."""
    reply = project.put(SCHEMA, NUMBERS, if_match=uploaded.headers["etag"])
    loaded = project.get(DATA)
    assert loaded.headers["etag"] == reply.headers["etag"] == '"2.1"'
    assert (loaded.json["analysis"], loaded.json["analysisVersion"]) == ({"mean": 1}, 1)
    assert project.get(f"{DATA}/versions/1").json["analysis"] == {"mean": 1}
    assert [each["hasAnalysis"] for each in project.get(f"{DATA}/versions").json["versions"]] == [True, True]
    assert project.get("/api/projects/p").json["data"]["hasAnalysis"]
    assert project.put(f"{DATA}/analysis", {"analysis": {"mean": 2}}, if_match='"2.1"').status == 200


def test_an_analysis_that_comes_meanwhile_stays(project: Client, uploaded: Reply) -> None:
    """A change of the schema depends on the table alone: a newer analysis is no conflict, and stays."""
    project.put(f"{DATA}/analysis", {"analysis": {"mean": 2}}, if_match=uploaded.headers["etag"])
    changed(project, NUMBERS["columns"], uploaded.headers["etag"])
    assert project.get(DATA).json["analysis"] == {"mean": 2}


@pytest.mark.usefixtures("uploaded")
def test_columns_are_renamed(project: Client) -> None:
    """A new name is that of the column everywhere, also where two columns swap names; their order stays."""
    columns = {"Umsatz": {"name": "Tag"}, "Tag": {"name": "Umsatz"}, "Filiale": {"name": "branch"}}
    schema = changed(project, columns, '"1"')["dataSchema"]
    names = ["Tag", "Umsatz", "branch", "bezahlt", "PLZ"]
    assert schema["columnNames"] == list(schema["columnTypes"]) == names
    assert [(note["column"], note["cell"]) for note in schema["notes"]] == [
        ("Tag", "1.234,50"),
        ("Umsatz", "31.12.2025"),
        ("PLZ", "01067"),
    ]
    assert list(project.get(DATA).json["rawData"][0].items())[:3] == [
        ("Tag", "1.234,50"),
        ("Umsatz", "31.12.2025"),
        ("branch", "Bonn"),
    ]
    assert texts(project) == [names, *TEXTS[1:]]


@pytest.mark.usefixtures("uploaded")
def test_a_format_stays_with_its_type(project: Client) -> None:
    """A column that is only renamed keeps its format; one with another type has that type's own."""
    changed(project, NUMBERS["columns"], '"1"')
    schema = changed(project, {"Umsatz": {"name": "revenue", "type": "number"}}, '"2"')["dataSchema"]
    assert (schema["columnTypes"]["revenue"], schema["columnFormats"]) == ("number", {"revenue": COMMA})
    assert column(project, "revenue") == [1234.5, -3, None]
    schema = changed(project, {"revenue": {"type": "string"}}, '"3"')["dataSchema"]
    assert "columnFormats" not in schema


@pytest.mark.usefixtures("uploaded")
def test_a_repeated_change_makes_no_version(project: Client) -> None:
    """A repeated request is 200 with the version that it made; another one from the same base is 412."""
    first = project.put(SCHEMA, NUMBERS, if_match='"1"')
    again = project.put(SCHEMA, NUMBERS, if_match='"1"')
    assert (again.status, again.json) == (200, first.json)
    other = project.put(SCHEMA, {"columns": {"Umsatz": {"name": "revenue"}}}, if_match='"1"')
    assert (other.status, other.code, other.json["currentVersion"]) == (412, "version-conflict", 2)
    assert other.json["current"] == first.json["dataSchema"]


@pytest.mark.usefixtures("uploaded")
def test_a_change_that_makes_no_difference_is_200(project: Client) -> None:
    """What the columns are already, changes nothing and makes no version."""
    changes: list[dict[str, Any]] = [
        {},
        {"Umsatz": {}},
        {"Umsatz": {"name": "Umsatz", "type": "string"}, "Tag": {"format": None}},
    ]
    for columns in changes:
        reply = project.put(SCHEMA, {"columns": columns}, if_match='"1"')
        assert (reply.status, reply.json["version"]) == (200, 1)


def test_the_same_file_again_is_a_new_version(project: Client, send: Callable[..., str], uploaded: Reply) -> None:
    """After a change, the file that was uploaded is another table than the newest one."""
    changed(project, NUMBERS["columns"], '"1"')
    again = project.post(send(CSV), {"analysis": {"mean": 1}})
    assert (again.status, again.json["version"]) == (201, 3)
    assert again.json["dataSchema"] == uploaded.json["dataSchema"]


@pytest.mark.usefixtures("uploaded")
@pytest.mark.parametrize(
    ("columns", "errors"),
    [
        (
            {"Filiale": {"type": "number"}},
            [("/columns/Filiale", 'Row 1: "Bonn"'), ("/columns/Filiale", 'Row 2: "Köln"')],
        ),
        ({"Tag": {"type": "date", "format": "d.M.yy"}}, [("/columns/Tag", "Row 1"), ("/columns/Tag", "Row 2")]),
        ({"Umsatz": {"type": "number", "format": {"decimal": ","}}}, [("/columns/Umsatz", 'Row 1: "1.234,50"')]),
        (
            {"Umsatz": {"type": "integer", "format": COMMA}},
            [("/columns/Umsatz", "Row 1"), ("/columns/Umsatz", "Row 2")],
        ),
        ({"bezahlt": {"type": "boolean"}}, [("/columns/bezahlt", f"Row {row}") for row in (1, 2, 3)]),
        ({"Stadt": {"type": "string"}}, [("/columns/Stadt", "no column")]),
        ({"PLZ": {"name": "Tag"}}, [("/columns/PLZ/name", "Another column")]),
        ({"PLZ": {"type": "date", "format": "dd.MM.yyyy HH:mm"}}, [("/columns/PLZ/format", "no time")]),
        ({"PLZ": {"type": "datetime", "format": "dd.MM.yyyy"}}, [("/columns/PLZ/format", "hour")]),
        ({"PLZ": {"type": "date", "format": "TT.MM.JJJJ"}}, [("/columns/PLZ/format", "")]),
        ({"PLZ": {"type": "number", "format": {"decimal": ";"}}}, [("/columns/PLZ/format", "decimal")]),
        ({"PLZ": {"type": "number", "format": {"decimal": ".", "group": "."}}}, [("/columns/PLZ/format", "differ")]),
        ({"PLZ": {"type": "number", "format": {"decimals": "two"}}}, [("/columns/PLZ/format", "")]),
        ({"PLZ": {"type": "number", "format": {"currency": "EUR"}}}, [("/columns/PLZ/format", "currency")]),
        ({"PLZ": {"type": "boolean", "format": {"true": "x", "false": "x"}}}, [("/columns/PLZ/format", "differently")]),
        ({"PLZ": {"format": "d.M.yyyy"}}, [("/columns/PLZ/format", "string")]),
        ({"PLZ": {"type": "money"}}, [("/columns/PLZ/type", "")]),
        ({"PLZ": {"unit": "EUR"}}, [("/columns/PLZ/unit", "")]),
        ({"PLZ": "number"}, [("/columns/PLZ", "")]),
        ({"PLZ": {"name": "x" * 60_000}}, [("/columns", "schema")]),
        ({"PLZ": {"name": "x" * 100_000}}, [("/columns", "longer")]),
        (["PLZ"], [("/columns", "")]),
    ],
)
def test_a_change_that_is_not_possible_is_refused(project: Client, columns: Any, errors: list[tuple[str, str]]) -> None:
    """Cells that do not fit are 422, the first of them by column and row, and so is what is no change of a column."""
    reply = project.put(SCHEMA, {"columns": columns}, if_match='"1"')
    assert (reply.status, reply.code) == (422, "invalid-data")
    found = [(error["pointer"], error["message"]) for error in reply.json["errors"]]
    assert [pointer for pointer, _ in found] == [pointer for pointer, _ in errors]
    assert all(part in message for (_, message), (_, part) in zip(found, errors, strict=True)), found
    assert project.get(DATA).json["version"] == 1


def test_only_the_first_misfits_are_named(project: Client) -> None:
    """Of many cells that do not fit, the response names the first twenty."""
    project.post(DATA, {"fileName": "t", "rawData": [{"a": f"x{number}"} for number in range(50)]})
    reply = project.put(SCHEMA, {"columns": {"a": {"type": "integer"}}}, if_match='"1"')
    assert [error["message"].partition(":")[0] for error in reply.json["errors"]] == [
        f"Row {at}" for at in range(1, 21)
    ]


def test_values_of_a_json_table_come_back(project: Client) -> None:
    """Numbers and truth values of a JSON table that were made texts are themselves again when they are made values."""
    rows = [{"n": 1200, "b": True, "t": "a"}, {"n": 1340.5, "b": False}, {"t": None, "n": None}, {"n": -7.0, "b": True}]
    project.post(DATA, {"fileName": "t", "rawData": rows})
    before = texts(project)
    changed(project, {"n": {"type": "string"}, "b": {"type": "string"}}, '"1"')
    assert project.get(DATA).json["rawData"] == [
        {"n": "1200", "b": "true", "t": "a"},
        {"n": "1340.5", "b": "false"},
        {"t": None, "n": None},
        {"n": "-7.0", "b": "true"},
    ]
    assert texts(project) == before
    changed(project, {"n": {"type": "number"}, "b": {"type": "boolean"}}, '"2"')
    assert project.get(DATA).json["rawData"] == rows
    assert texts(project) == before


def test_an_object_fits_no_other_type(project: Client) -> None:
    """A cell that is an object or an array is named as its JSON text, and stays what it is beside other changes."""
    rows = [{"o": {"x": 1.50}, "n": 1}, {"o": [2], "n": 2}]
    project.post(DATA, {"fileName": "t", "rawData": rows})
    reply = project.put(SCHEMA, {"columns": {"o": {"type": "number"}}}, if_match='"1"')
    assert [error["message"] for error in reply.json["errors"]] == [
        'Row 1: "{\\"x\\":1.5}" cannot be read as number.',
        'Row 2: "[2]" cannot be read as number.',
    ]
    changed(project, {"o": {"name": "p"}, "n": {"type": "string"}}, '"1"')
    assert project.get(DATA).json["rawData"] == [{"p": {"x": 1.5}, "n": "1"}, {"p": [2], "n": "2"}]


def test_a_row_is_named_though_rows_differ(project: Client) -> None:
    """The row of a cell that does not fit counts rows that lack the column, too."""
    rows: list[dict[str, Any]] = [{"b": 1}, {"a": "1"}, {"b": 2}, {"b": 3, "a": "x"}]
    project.post(DATA, {"fileName": "t", "rawData": rows})
    reply = project.put(SCHEMA, {"columns": {"a": {"type": "integer"}}}, if_match='"1"')
    assert [error["message"] for error in reply.json["errors"]] == ['Row 4: "x" cannot be read as integer.']
    reply = project.put(SCHEMA, {"columns": {"b": {"type": "date"}}}, if_match='"1"')
    assert [error["message"].partition(":")[0] for error in reply.json["errors"]] == ["Row 1", "Row 3", "Row 4"]
    changed(project, {"a": {"type": "string", "name": "c"}}, '"1"')
    assert project.get(DATA).json["rawData"] == [{"b": 1}, {"c": "1"}, {"b": 2}, {"b": 3, "c": "x"}]


def test_a_large_table_is_read_while_nobody_waits(
    project: Client, uploaded: Reply, in_background: None, reader: Reader, store: Store
) -> None:
    """A large table's change is a 202 whose upload ends with the version; texts and analysis are as they were."""
    assert in_background is None
    reply = project.put(SCHEMA, NUMBERS, if_match=uploaded.headers["etag"])
    assert (reply.status, reply.json, reply.headers["retry-after"]) == (202, {"status": "processing"}, "1")
    place = reply.headers["location"]
    processing = project.get(place).json
    assert (processing["status"], processing["bytesRead"]) == ("processing", 0)
    assert column(project, "Umsatz") == ["1.234,50", "-3,00", None]
    reader.run(store)
    assert project.get(place).json == {
        "status": "done",
        "bytesRead": processing["bytes"],
        "bytes": processing["bytes"],
        "version": 2,
    }
    loaded = project.get(DATA).json
    assert (column(project, "Umsatz"), loaded["analysis"]) == ([1234.5, -3, None], {"mean": 1})
    assert texts(project) == TEXTS
    again = project.put(SCHEMA, NUMBERS, if_match=uploaded.headers["etag"])
    assert (again.status, again.json["version"]) == (200, 2)
    assert project.post(f"{place}/complete", {}).status == 404


@pytest.mark.usefixtures("uploaded", "in_background")
def test_a_large_tables_misfits_are_its_problem(project: Client, reader: Reader, store: Store) -> None:
    """Cells that do not fit fail the upload of a 202, with what a request would have answered."""
    reply = project.put(SCHEMA, {"columns": {"Filiale": {"type": "number"}}}, if_match='"1"')
    assert reply.status == 202
    reader.run(store)
    failed = project.get(reply.headers["location"]).json
    assert (failed["status"], failed["problem"]["type"]) == ("failed", "urn:problem:invalid-data")
    assert failed["problem"]["errors"][0]["message"] == 'Row 1: "Bonn" cannot be read as number.'
    assert project.get(DATA).json["version"] == 1


@pytest.mark.usefixtures("uploaded", "in_background")
@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_a_table_that_comes_meanwhile_is_a_conflict(
    project: Client, bucket_client: "S3Client", reader: Reader, store: Store, moment: str
) -> None:
    """A table that is uploaded before or while the one before is read with another schema stays the newest one."""
    reply = project.put(SCHEMA, NUMBERS, if_match='"1"')
    newer = partial(project.post, DATA, {"fileName": "newer.csv", "rawData": [{"a": 2}]})
    if moment == "before":
        newer()
        reader.run(store)
    else:
        with interrupted(bucket_client, newer):
            reader.run(store)
    failed = project.get(reply.headers["location"]).json
    assert (failed["status"], failed["problem"]["type"]) == ("failed", "urn:problem:version-conflict")
    assert project.get(DATA).json["rawData"] == [{"a": 2}]


@pytest.mark.usefixtures("uploaded", "in_background")
def test_a_change_that_is_sent_twice_is_made_once(project: Client, reader: Reader, store: Store) -> None:
    """A repeated 202, whose first response may have been lost, ends with the same version as the first."""
    places = [project.put(SCHEMA, NUMBERS, if_match='"1"').headers["location"] for _ in range(2)]
    reader.run(store)
    assert [project.get(place).json["version"] for place in places] == [2, 2]
    assert project.get(DATA).json["version"] == 2


@pytest.mark.usefixtures("uploaded", "in_background")
def test_a_change_that_is_made_twice_at_once_is_one_version(
    project: Client, bucket_client: "S3Client", reader: Reader, store: Store
) -> None:
    """So it does if the second function finishes while the first one reads."""
    places = [project.put(SCHEMA, NUMBERS, if_match='"1"').headers["location"] for _ in range(2)]
    first, second = reader.events
    with interrupted(bucket_client, lambda: read(second, store, "second")):
        read(first, store, "first")
    assert [project.get(place).json.get("version") for place in places] == [2, 2]
    assert project.get(DATA).json["version"] == 2


@pytest.mark.parametrize(("kept", "status"), [(5, 200), (1, 412)])
def test_a_retry_is_known_while_the_version_before_is_kept(
    project: Client, connect: Callable[[Settings], None], clock: Clock, kept: int, status: int
) -> None:
    """However late it comes, a repeated request is 200; it is 412 only once the version that it names has expired."""
    connect(Settings(TABLE, BUCKET, data_versions_kept=kept))
    project.post(DATA, {"fileName": "t", "rawData": [{"Umsatz": "1,50"}]})
    changed(project, NUMBERS["columns"], '"1"')
    clock.advance(days=40)
    assert project.put(SCHEMA, NUMBERS, if_match='"1"').status == status
