"""The `dataSchema` of a table: its file name, its columns and their types."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any, Final

from dashboard_store.documents.dataset.readings import COLUMN_TYPES, ColumnType, Format
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, JsonObject, compact
from dashboard_store.documents.schema import Schema, entries
from dashboard_store.errors import FieldError, InvalidData
from dashboard_store.settings import Settings

LONGEST_SCHEMA: Final = 100_000
"""The maximum size of a stored schema in bytes: it shares an item with an analysis and a small table."""

LARGEST_JSON: Final = 2_000_000_000
"""The most bytes of a table's rows as JSON: what is written for a download in less than a minute."""

_MOST_NOTES: Final = 50


def _is_text(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str)


class ColumnsSchema(Schema):
    """The `dataSchema` of a body: what the client specifies about the columns."""

    columnNames: Annotated[list[str] | None, entries(_is_text)] = None  # noqa: N815 - the contract's names
    columnTypes: Annotated[dict[str, ColumnType] | None, entries(COLUMN_TYPES.__contains__)] = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class Content:
    """A table that was read: the number of rows, the types of the columns, the table in the storage format.

    `raw_bytes` is the size of the rows as JSON, as in `rawData`. `formats`, `notes` and `dialect` are what `dataSchema`
    says besides, if there is anything to say.
    """

    rows: int
    types: Mapping[str, ColumnType]
    stored: bytes
    raw_bytes: int
    formats: Mapping[str, Format] = field(default_factory=dict)
    notes: Sequence[JsonObject] = ()
    dialect: JsonObject | None = None


def unreadable(*errors: FieldError) -> InvalidData:
    """Make the error for a malformed file. Its pointers treat the file as the array of its rows: `/2/price`."""
    return InvalidData("The file cannot be read as a table.", errors)


def require_cells(cells: int, settings: Settings) -> None:
    """Raise InvalidData if a table has more cells than allowed, rows times columns."""
    if cells > settings.max_table_cells:
        limit = settings.max_table_cells
        raise InvalidData("The table is too large.", [FieldError("", f"It has more than {limit:,} cells.")])


def require_writable(raw_bytes: int) -> None:
    """Raise InvalidData if a table would be too large as JSON, in which each row repeats the names of its columns."""
    if raw_bytes > LARGEST_JSON:
        message = f"As JSON, its rows would have more than {LARGEST_JSON:,} bytes. Shorten the names of its columns."
        raise InvalidData("The table is too large.", [FieldError("", message)])


def make_schema(file_name: str, given: ColumnsSchema, content: Content, settings: Settings, at: str = "") -> JsonObject:
    """Combine the schema that the client specified with the content that was read.

    Raises InvalidData if they disagree; `at` points to the rows.
    """
    names = list(content.types) if given.columnNames is None else given.columnNames
    types = given.columnTypes or {}
    found = list(islice(_errors(names, types, content, settings, at), MAX_FIELD_ERRORS))
    if found:
        raise InvalidData("The table and its schema do not match.", found)
    schema: JsonObject = {
        "fileName": file_name,
        "rowCount": content.rows,
        "columnCount": len(names),
        "columnNames": names,
        "columnTypes": {name: types.get(name) or content.types.get(name, "string") for name in names},
        **({"columnFormats": dict(content.formats)} if content.formats else {}),
        **({"dialect": content.dialect} if content.dialect else {}),
    }
    require_short(schema, at)
    return with_notes(schema, content.notes)


def require_short(schema: JsonObject, at: str) -> None:
    """Raise InvalidData for a schema that is too long to be stored."""
    if (size := _bytes(schema)) > LONGEST_SCHEMA:
        error = FieldError(at, f"The column names make the schema {size} bytes long; the limit is {LONGEST_SCHEMA}.")
        raise InvalidData("The column names are too long.", [error])


def with_notes(schema: JsonObject, notes: Sequence[JsonObject]) -> JsonObject:
    """Add as many notes to a schema as it has room for."""
    shown = list(notes[:_MOST_NOTES])
    while shown and _bytes({**schema, "notes": shown}) > LONGEST_SCHEMA:
        shown.pop()
    return {**schema, **({"notes": shown} if shown else {})}


def _bytes(schema: JsonObject) -> int:
    return len(compact(schema).encode())


def _errors(
    names: list[str], types: Mapping[str, ColumnType], content: Content, settings: Settings, at: str
) -> Iterator[FieldError]:
    if not content.rows:
        yield FieldError(at, "A table must have at least one row.")
    elif not names:
        yield FieldError(at, "A table must have at least one column.")
    if len(names) > settings.max_columns:
        yield FieldError(at, f"The table has {len(names)} columns; the limit is {settings.max_columns}.")
    known = set(names)
    if len(known) < len(names):
        yield FieldError("/dataSchema/columnNames", "A column is listed twice.")
    for name in content.types:
        if name not in known:
            yield FieldError(
                "/dataSchema/columnNames", f"The table has the column {json.dumps(name)}, which is not listed here."
            )
    for name in types:
        if name not in known:
            yield FieldError("/dataSchema/columnTypes", f"There is no column {json.dumps(name)}.")
