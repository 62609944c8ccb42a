"""Another reading of a table's cells: other names, types or formats of its columns, while the cells stay."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, BinaryIO, Final

from dashboard_store.documents.dataset.data_schema import (
    LONGEST_SCHEMA,
    Content,
    require_short,
    require_writable,
    with_notes,
)
from dashboard_store.documents.dataset.readings import ColumnType, InvalidFormatError, Reading, fits, reading
from dashboard_store.documents.dataset.rows import Progress, no_progress
from dashboard_store.documents.dataset.storage_format import TableWriter
from dashboard_store.documents.excerpts import shortened
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import (
    MAX_FIELD_ERRORS,
    JsonObject,
    Rules,
    checked,
    compact,
    pointer,
    served,
)
from dashboard_store.documents.schema import Schema, entries
from dashboard_store.documents.validation import is_object, validated
from dashboard_store.errors import FieldError, InvalidData
from dashboard_store.settings import Settings

_COLUMNS: Final = '"columns":['
# Numbers stay texts, with the digits that they have.
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str)
_SHOWN: Final = 60


class ColumnSchema(Schema):
    name: str | None = None
    type: ColumnType | None = None
    format: str | dict[str, Any] | None = None


class ChangedColumns(Schema):
    """The body of `PUT …/data/schema`: by name, what becomes of a column."""

    columns: Annotated[dict[str, ColumnSchema], entries(is_object)]


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A change of a table's schema; `digest` identifies it."""

    columns: Mapping[str, ColumnSchema]
    document: JsonObject
    digest: str


@dataclass(frozen=True, slots=True)
class Reread:
    """What becomes of a table: its schema, the names of all columns by the old ones, and the readings that change."""

    schema: JsonObject
    names: Mapping[str, str]
    readings: Mapping[str, Reading]


def read_schema_change(document: Any, settings: Settings) -> SchemaChange:  # noqa: ANN401
    """Check the body of `PUT …/data/schema`. Raises InvalidData or UnsafeText."""
    text = checked(document, Rules(settings.max_depth, InvalidData))
    body = validated(ChangedColumns.model_validate, document, InvalidData)
    if len(text.encode()) > LONGEST_SCHEMA:
        error = FieldError("/columns", f"This is longer than {LONGEST_SCHEMA} bytes.")
        raise InvalidData("The change is too large.", [error])
    return SchemaChange(body.columns, document, hashlib.sha256(text.encode()).hexdigest())


def plan(schema: JsonObject, change: SchemaChange) -> Reread | None:
    """Return what a change makes of a table with this schema; None if that is what it is. Raises InvalidData."""
    errors: list[FieldError] = []
    names = {name: name for name in schema["columnNames"]}
    types, formats = dict(schema["columnTypes"]), dict(schema.get("columnFormats", {}))
    readings: dict[str, Reading] = {}
    for name, column in change.columns.items():
        at = pointer(((None, "columns"), name))
        if name not in names:
            errors.append(FieldError(at, "There is no column of this name."))
            continue
        names[name] = name if column.name is None else column.name
        changed_type = column.type or types[name]
        kept = formats.get(name) if changed_type == types[name] else None
        changed_format = kept if column.format is None else column.format
        try:
            changed = reading(changed_type, changed_format)
        except InvalidFormatError as exc:
            errors.append(FieldError(f"{at}/format", str(exc)))
            continue
        if (changed_type, changed_format) != (types[name], formats.get(name)):
            readings[name] = changed
    if errors:
        raise InvalidData("The schema cannot be changed like this.", errors[:MAX_FIELD_ERRORS])
    _require_different(names)
    if not readings and all(old == new for old, new in names.items()):
        return None
    for name, changed in readings.items():
        types[name] = changed.type
        formats.pop(name, None)
        if changed.format is not None:
            formats[name] = changed.format
    after = {member: value for member, value in schema.items() if member not in {"notes", "columnFormats"}} | {
        "columnNames": list(names.values()),
        "columnTypes": {names[name]: each for name, each in types.items()},
        **({"columnFormats": {names[name]: each for name, each in formats.items()}} if formats else {}),
    }
    notes = [
        {**note, "column": names[note["column"]]} for note in schema.get("notes", ()) if note["column"] not in readings
    ]
    require_short(after, "/columns")
    added = sum(len(served(compact(new))) - len(served(compact(old))) for old, new in names.items())
    require_writable(schema["rowCount"] * added)
    return Reread(with_notes(after, notes), names, readings)


def _require_different(names: Mapping[str, str]) -> None:
    taken: dict[str, str] = {}
    for old, new in names.items():
        if new in taken:
            renamed = old if old != new else taken[new]
            error = FieldError(pointer((((None, "columns"), renamed), "name")), "Another column has this name.")
            raise InvalidData("Two columns would have one name.", [error])
        taken[new] = old


def reread(stored: BinaryIO, planned: Reread, raw_bytes: int, progress: Progress = no_progress) -> Content:
    """Write a stored table as planned. Raises InvalidData with the first cells that do not fit.

    `raw_bytes` is the size of the rows as JSON before.
    """
    writer = TableWriter()
    rows = 0
    misfits: list[FieldError] = []
    total: int = planned.schema["rowCount"]
    with gzip.open(stored) as lines:
        for line in lines:
            group = _Group(line.decode(), rows)
            misfits += islice(group.misfits(planned.readings), MAX_FIELD_ERRORS - len(misfits))
            if len(misfits) == MAX_FIELD_ERRORS:
                break
            if not misfits:
                raw_bytes += group.change(planned)
                group.write(writer)
            rows += group.rows
            progress(rows / total)
    if misfits:
        raise InvalidData("Some cells cannot be read like this.", misfits)
    return Content(rows, planned.schema["columnTypes"], writer.finish(), raw_bytes)


class _Group:
    """A group of rows as it is stored: each column as JSON text, and as the texts of its cells on demand."""

    def __init__(self, line: str, first: int) -> None:
        # Quotes in names are escaped, so this is the member.
        at = line.index(_COLUMNS)
        self._head: dict[str, Any] = json.loads(f"{line[: at - 1]}}}")
        self._names: list[str] = self._head["names"]
        self._first = first
        self._columns: list[str] = []
        self._cells: list[list[Any]] = []
        at += len(_COLUMNS)
        for _ in self._names:
            cells, end = _DECODER.raw_decode(line, at)
            self._cells.append(cells)
            self._columns.append(line[at:end])
            at = end + 1
        # Without columns, the bracket that closes them is still there.
        rest = line[at:] if self._names else line[at + 1 :]
        tail = json.loads(f"{{{rest.removeprefix(',')}") if rest.strip() != "}" else {}
        self._originals: dict[str, list[Any]] = tail.get("originals", {})

    @property
    def rows(self) -> int:
        rows = self._head["rows"]
        return rows if isinstance(rows, int) else len(rows)

    def misfits(self, readings: Mapping[str, Reading]) -> Iterator[FieldError]:
        """Yield the first cells that a reading does not fit."""
        for index, name in enumerate(self._names):
            if name not in readings:
                continue
            read, texts = readings[name].read, self._texts(index)
            for place, text in enumerate(texts):
                if text and not fits(read, text):
                    row = self._row(index, place)
                    message = f"Row {row}: {compact(shortened(text, _SHOWN))} cannot be read as {readings[name].type}."
                    yield FieldError(pointer(((None, "columns"), name)), message)

    def change(self, planned: Reread) -> int:
        """Read and name the columns as planned; return by how many bytes the rows as JSON grow."""
        grown = 0
        for index, name in enumerate(self._names):
            new_name = planned.names.get(name, name)
            grown += (len(served(compact(new_name))) - len(served(compact(name)))) * len(self._cells[index])
            if name in planned.readings:
                before = self._columns[index]
                self._read(index, planned.readings[name])
                grown += _shown_bytes(self._columns[index]) - _shown_bytes(before)
        self._head["names"] = [planned.names.get(name, name) for name in self._names]
        return grown

    def write(self, writer: TableWriter) -> None:
        originals = {int(index): compact(cells) for index, cells in self._originals.items()}
        writer.add_group(self._head, self._columns, originals)

    def _read(self, index: int, new: Reading) -> None:
        texts = self._texts(index)
        column, kept = new.column(texts)
        original = self._originals.pop(str(index), None)
        if "text" in self._head:
            originals = None if kept is None else texts
        else:
            # What a JSON table had in its place may be a number or a truth value.
            originals = original or json.loads(self._columns[index])
            if new.type == "string":
                # Unlike a CSV file's, its empty texts are not empty cells.
                column = compact(texts)
            originals = None if column == compact(originals) else originals
        if originals is not None:
            self._originals[str(index)] = originals
        self._columns[index] = column

    def _texts(self, index: int) -> list[str | None]:
        """Return the cells of a column as texts; None for an empty one."""
        cells = self._originals.get(str(index))
        if cells is None:
            cells = self._cells[index]
        if any(isinstance(cell, list | dict) for cell in cells):
            cells = json.loads(self._columns[index]) if str(index) not in self._originals else cells
        return [cell if isinstance(cell, str) else _text(cell) for cell in cells]

    def _row(self, index: int, place: int) -> int:
        """Return the number of the row in which a column has its cell at `place`, counted from 1."""
        rows = self._head["rows"]
        if isinstance(rows, int):
            return self._first + place + 1
        having = (row for row, shape in enumerate(rows) if index in self._head["shapes"][shape])
        return self._first + next(islice(having, place, None)) + 1


def _text(cell: Any) -> str | None:  # noqa: ANN401 - any JSON value
    return None if cell is None else written(cell)


def _shown_bytes(column: str) -> int:
    return len(served(written(json.loads(column))))
