"""The table behind a dashboard: read from rows, stored by column, returned as the rows that came in."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, Final, Literal

from pydantic import Field

from dashboard_store.config import Config, JsonObject
from dashboard_store.config_form import read_config
from dashboard_store.errors import AnalysisTooLarge, Fault, InvalidData, UploadTooLarge
from dashboard_store.json_document import MOST_FAULTS, checked, compact, served
from dashboard_store.settings import Settings
from dashboard_store.validation import Form, read_form

type Row = dict[str, Any]
type ColumnType = Literal["integer", "number", "boolean", "date", "datetime", "string"]


class SchemaForm(Form):
    columnNames: list[str] | None = None  # noqa: N815 - the contract's names
    columnTypes: dict[str, ColumnType] | None = None  # noqa: N815


class UploadForm(Form):
    fileName: str = Field(min_length=1, max_length=255)  # noqa: N815
    rawData: list[Row] = Field(min_length=1)  # noqa: N815
    dataSchema: SchemaForm | None = None  # noqa: N815
    analysis: JsonObject | None = None
    chartCustomizations: JsonObject | None = None  # noqa: N815


class AnalysisForm(Form):
    analysis: JsonObject


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis that passed every check: its compact JSON, that text's SHA-256, and the text as stored."""

    text: str
    digest: bytes

    @property
    def stored(self) -> bytes:
        return gzip.compress(served(self.text), compresslevel=6, mtime=0)


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that passed every check, and what came with it.

    `schema` is `dataSchema` as answers show it; `stored` the compressed columns; `digest` the SHA-256 of all that was
    sent but the chart customizations, by which a repeated upload is told.
    """

    schema: JsonObject
    stored: bytes
    digest: bytes
    analysis: Analysis | None
    config: Config | None


def read_upload(document: Any, settings: Settings) -> Upload:  # noqa: ANN401
    """Check the body of an upload. Raises InvalidData, InvalidConfig, or one of the TooLarge errors."""
    if not isinstance(document, dict):
        checked(document, settings.max_depth, InvalidData)
        raise InvalidData("An upload is an object.", [Fault("", "expected an object")])
    texts = {name: checked(part, settings.max_depth, InvalidData, (None, name)) for name, part in document.items()}
    form = read_form(UploadForm, document, InvalidData)
    _limit_upload("The table", len(texts["rawData"].encode()), settings.max_table_bytes)
    schema = _schema(form)
    stored = encode_rows(form.rawData, schema["columnNames"])
    # The two lie in one item, whose size the database limits.
    size = len(stored) + len(json.dumps(schema))
    _limit_upload("The compressed table with its schema", size, settings.max_stored_table_bytes)
    sent = "\n".join(texts.get(name, "") for name in ("fileName", "rawData", "dataSchema", "analysis"))
    return Upload(
        schema=schema,
        stored=stored,
        digest=hashlib.sha256(sent.encode()).digest(),
        analysis=None if form.analysis is None else _analysis(texts["analysis"], settings),
        config=None
        if form.chartCustomizations is None
        else read_config({"chartCustomizations": form.chartCustomizations}, settings),
    )


def read_analysis(document: Any, settings: Settings) -> Analysis:  # noqa: ANN401
    """Check the body `{"analysis": {…}}`. Raises InvalidData or AnalysisTooLarge."""
    # The envelope is one level of nesting that the analysis itself is not charged for.
    checked(document, settings.max_depth + 1, InvalidData)
    return _analysis(compact(read_form(AnalysisForm, document, InvalidData).analysis), settings)


def _analysis(text: str, settings: Settings) -> Analysis:
    encoded = text.encode()
    limit = settings.max_analysis_bytes
    if len(encoded) > limit:
        detail = f"The analysis is {len(encoded)} bytes as compact JSON; the limit is {limit}."
        raise AnalysisTooLarge(detail, limit_bytes=limit, actual_bytes=len(encoded))
    return Analysis(text, hashlib.sha256(encoded).digest())


def _limit_upload(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise UploadTooLarge(f"{what} is {actual} bytes; the limit is {limit}.", limit_bytes=limit, actual_bytes=actual)


def _schema(form: UploadForm) -> JsonObject:
    given = form.dataSchema or SchemaForm()
    found = dict.fromkeys(name for row in form.rawData for name in row)
    names = list(found) if given.columnNames is None else given.columnNames
    types: dict[str, ColumnType] = given.columnTypes or {}
    faults = list(islice(chain(_name_faults(names, found), _type_faults(types, frozenset(names))), MOST_FAULTS))
    if faults:
        raise InvalidData("The table and its schema do not fit together.", faults)
    return {
        "fileName": form.fileName,
        "rowCount": len(form.rawData),
        "columnCount": len(names),
        "columnNames": names,
        "columnTypes": {
            name: types.get(name) or infer_type([cell for cell in column if cell is not None])
            for name, column in _columns(form.rawData, names).items()
        },
    }


def _name_faults(names: Sequence[str], found: Iterable[str]) -> Iterator[Fault]:
    if not names:
        yield Fault("/rawData", "a table has at least one column")
    known = set(names)
    if len(known) < len(names):
        yield Fault("/dataSchema/columnNames", "a column is named twice")
    for name in found:
        if name not in known:
            yield Fault("/dataSchema/columnNames", f"rawData has the column {json.dumps(name)}, which is not named")


def _type_faults(types: Iterable[str], names: Collection[str]) -> Iterator[Fault]:
    for name in types:
        if name not in names:
            yield Fault("/dataSchema/columnTypes", f"there is no column {json.dumps(name)}")


def _columns(rows: Iterable[Row], names: Iterable[str]) -> dict[str, list[Any]]:
    """Gather the cells of each column, in a time that grows with the cells and not with rows times columns."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, cell in row.items():
            columns[name].append(cell)
    return columns


def infer_type(cells: Sequence[Any]) -> ColumnType:
    """Name the narrowest type that holds every non-null cell; a mixture, and a column without any, is `string`."""
    kinds = {type(cell) for cell in cells}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    if kinds and kinds <= {int, float}:
        return "number"
    if kinds == {str}:
        return next((name for name, fits in _TEXT_TYPES.items() if all(map(fits, cells))), "string")
    return "string"


def _is_iso(pattern: str, parse: Callable[[str], object]) -> Callable[[str], bool]:
    form = re.compile(pattern)

    def fits(text: str) -> bool:
        if not form.fullmatch(text):
            return False
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return fits


_DATE: Final = r"\d{4}-\d\d-\d\d"
_TEXT_TYPES: Final[dict[ColumnType, Callable[[str], bool]]] = {
    "date": _is_iso(_DATE, date.fromisoformat),
    "datetime": _is_iso(
        rf"{_DATE}[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?",
        datetime.fromisoformat,
    ),
}


def encode_rows(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """Store rows by column, compressed: values of one kind stand together, and each name is written once.

    A *shape* is the members of a row in their order. Most tables have one; where rows differ, each names its shape, so
    that a missing member stays missing and does not become null. The form, before gzip:
    `{"names": [name], "shapes": [[index into names]], "rows": count, or [index into shapes], "columns": [[cell]]}`,
    a column holding the cells of the rows that have it.
    """
    place = {name: index for index, name in enumerate(names)}
    shapes: dict[tuple[str, ...], int] = {}
    shape_of_row = [shapes.setdefault(tuple(row), len(shapes)) for row in rows]
    document = {
        "names": names,
        "shapes": [[place[name] for name in shape] for shape in shapes],
        "rows": len(rows) if len(shapes) == 1 else shape_of_row,
        "columns": list(_columns(rows, names).values()),
    }
    return gzip.compress(compact(document).encode(), compresslevel=6, mtime=0)


def decode_rows(stored: bytes) -> list[Row]:
    """Return the rows that `encode_rows` was given, members in their order."""
    document = json.loads(gzip.decompress(stored))
    names, rows = document["names"], document["rows"]
    shapes = [[(names[index], index) for index in shape] for shape in document["shapes"]]
    columns = [iter(column) for column in document["columns"]]
    shape_of_row = [0] * rows if isinstance(rows, int) else rows
    return [{name: next(columns[index]) for name, index in shapes[shape]} for shape in shape_of_row]
