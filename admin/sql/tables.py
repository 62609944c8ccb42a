"""Reading a row of `project_data` as an upload, with the checks and limits of an upload. No value is changed."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from admin.sql import Finding, Refused
from admin.sql.columns import DATA
from admin.sql.compressed import is_binary, unwrapped
from admin.sql.source import Row, text_of
from admin.sql.values import json_of, moment_of
from dashboard_store.documents.dataset.data_schema import ColumnsSchema
from dashboard_store.documents.dataset.readings import COLUMN_TYPES
from dashboard_store.documents.dataset.upload import (
    Analysis,
    AnnouncementSchema,
    Completion,
    FileType,
    SentFile,
    Upload,
    read_analysis,
    read_uploaded,
)
from dashboard_store.documents.json_text import Rules, checked, compact, parse, parse_at
from dashboard_store.documents.validation import validated
from dashboard_store.errors import BadInput, InvalidData, StoreError, TooLarge
from dashboard_store.settings import Settings

ROWS_MEMBERS: Final = ("data", "rows", "rawData")
"""The members of an object that may hold the rows."""

_CSV: Final = "text/csv"
_JSON: Final = "application/json"
_NDJSON: Final = "application/x-ndjson"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SqlTable:
    """A table that can be stored. `mark` is that of its row; `analysed_at` is None if the source does not say it."""

    row_id: str
    mark: bytes
    upload: Upload
    analysed_at: datetime | None
    refused: Sequence[Finding]
    decisions: Sequence[Finding]


def mark_of(row: Row, content: bytes | str) -> bytes:
    """Return the SHA-256 of what a row says, whatever its id and version."""
    said = [text_of(row[name]) for name in ("originalFileName", "columnNames", "columnTypes", "analysisData")]
    encoded = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return hashlib.sha256(json.dumps(said).encode() + encoded).digest()


def read_table(row: Row, content: bytes | str, settings: Settings) -> SqlTable:
    """Read a table. Raises Refused."""
    return _Reading(row, settings).table(content)


def refused_parts(row: Row, settings: Settings) -> Sequence[Finding]:
    """Return what is refused of a row whose table can be taken."""
    reading = _Reading(row, settings)
    reading.analysis()
    return reading.refused


class _Reading:
    def __init__(self, row: Row, settings: Settings) -> None:
        self._row = row
        self._id = text_of(row["id"]) or ""
        self._settings = settings
        self.refused: list[Finding] = []
        self._decisions: list[Finding] = []

    def table(self, content: bytes | str) -> SqlTable:
        mark = mark_of(self._row, content)
        inner, layers = unwrapped(content, self._settings.max_upload_bytes)
        if layers:
            self._decide("unpacked", f"The content was packed as {', in '.join(reversed(layers))}.")
        try:
            upload = self._upload(inner, mark)
        except (BadInput, TooLarge) as exc:
            raise Refused.by(exc) from exc
        return SqlTable(self._id, mark, upload, self._analysed_at(upload), self.refused, self._decisions)

    def _upload(self, content: bytes, mark: bytes) -> Upload:
        names = self._names()
        kind, content = self._file(content, names)
        file_name = text_of(self._row["originalFileName"]) or ""
        validated(
            AnnouncementSchema.model_validate, {"fileName": file_name, "contentType": kind, "bytes": 1}, InvalidData
        )
        analysis, declared = self.analysis(), ColumnsSchema(columnNames=names, columnTypes=self._types())

        def read(schema: ColumnsSchema) -> Upload:
            completion = Completion(schema, analysis, None, mark)
            return read_uploaded(SentFile(file_name, kind, io.BytesIO(content)), completion, self._settings)

        try:
            upload = read(declared)
        except InvalidData as exc:
            if declared == ColumnsSchema():
                raise
            upload = read(ColumnsSchema())
            self._decide("inferred", f"The columns are inferred, because the declared ones do not fit. {_said(exc)}")
        self._compare(upload)
        return upload

    def _file(self, content: bytes, names: list[str] | None) -> tuple[FileType, bytes]:
        """Return the content as a file of a kind that uploads have."""
        if not content.strip():
            raise Refused("empty", "The table has no content.")
        if content.startswith(_UTF_16):
            return _CSV, content
        if is_binary(content):
            raise Refused("unrecognized", "The content is neither text nor compressed in a way that is recognized.")
        start = content.removeprefix(_MARK).lstrip()
        if start.startswith(b"["):
            is_of_arrays = start[1:].lstrip().startswith(b"[")
            return _JSON, self._of_arrays(parse(content), names) if is_of_arrays else content
        return self._of_object(content, names) if start.startswith(b"{") else (_CSV, content)

    def _of_object(self, content: bytes, names: list[str] | None) -> tuple[FileType, bytes]:
        """Take the rows out of an object; objects that follow each other are rows themselves."""
        try:
            text = content.decode("utf-8-sig").strip()
            document, end = parse_at(text, 0)
        except UnicodeDecodeError as exc:
            raise Refused("not-utf-8", f"The content is not valid UTF-8 at byte {exc.start}.") from exc
        except json.JSONDecodeError as exc:
            raise Refused("bad-json", f"The content is not valid JSON: {exc.msg} (character {exc.pos + 1}).") from exc
        except RecursionError as exc:
            raise Refused("bad-json", "The content is nested too deeply to be read.") from exc
        member = next((name for name in ROWS_MEMBERS if isinstance(document, dict) and _is_rows(document, name)), None)
        if end < len(text) or member is None:
            return _NDJSON, content
        self._decide("member", f"The rows are those of the member {member}.")
        rows = document[member]
        if isinstance(rows[0], list):
            return _JSON, self._of_arrays(rows, names)
        return _JSON, self._written(rows)

    def _of_arrays(self, rows: Any, names: list[str] | None) -> bytes:  # noqa: ANN401 - any JSON value
        """Make objects of rows that are arrays."""
        if names is None:
            raise Refused("no-column-names", "The rows are arrays, and columnNames does not name their columns.")
        if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
            raise Refused("invalid-data", f"The rows are arrays, but not all have the {len(names)} columns.")
        is_headed = rows[0] == names
        if is_headed:
            self._decide("header", "The first row repeats the names of the columns, and is left out.")
        return self._written([dict(zip(names, row, strict=True)) for row in rows[is_headed:]])

    def _written(self, rows: list[Any]) -> bytes:
        try:
            return compact(rows).encode()
        except (TypeError, ValueError):
            # Says which value it is.
            return checked(rows, Rules(self._settings.max_depth, InvalidData)).encode()

    def _names(self) -> list[str] | None:
        """Read the names of the columns; None if they are not a list of different texts."""
        try:
            names = json_of(self._row["columnNames"])
        except Refused:
            names = None
        is_usable = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
        if not is_usable or len(set(names)) < len(names):
            self._decide("inferred", "The columns are inferred, because columnNames is not a list of different names.")
            return None
        return list(names)

    def _types(self) -> dict[str, Any] | None:
        """Read the types of the columns that are among those of Dashkeep."""
        try:
            types = json_of(self._row["columnTypes"])
        except Refused:
            types = None
        if not isinstance(types, dict):
            self._decide("inferred", "The types are inferred, because columnTypes is not an object.")
            return None
        known = {name: kind for name, kind in types.items() if kind in COLUMN_TYPES}
        if others := [name for name in types if name not in known]:
            shown = ", ".join(others[:5])
            self._decide("inferred", f"The types of {len(others)} columns are inferred: {shown}.")
        return known or None

    def analysis(self) -> Analysis | None:
        """Read the analysis. One that cannot be taken is reported, and the table is taken without it."""
        try:
            document = json_of(self._row["analysisData"])
            return None if document is None else read_analysis({"analysis": document}, self._settings)
        except Refused as refused:
            self._refuse_analysis(refused)
        except StoreError as exc:
            self._refuse_analysis(Refused.by(exc))
        return None

    def _refuse_analysis(self, refused: Refused) -> None:
        self.refused.append(Finding(DATA, self._id, refused.reason, refused.detail, "analysisData"))

    def _analysed_at(self, upload: Upload) -> datetime | None:
        try:
            return moment_of(self._row["analysisCreatedAt"]) if upload.analysis else None
        except Refused:
            self._decide("time", "analysisCreatedAt is not a usable time; the analysis has the table's.")
            return None

    def _compare(self, upload: Upload) -> None:
        for name in ("rowCount", "columnCount"):
            said = text_of(self._row[name])
            if said is not None and said != str(upload.schema[name]):
                self._decide("count", f"{name} says {said[:20]}; the table has {upload.schema[name]}.")

    def _decide(self, word: str, detail: str) -> None:
        self._decisions.append(Finding(DATA, self._id, word, detail))


def _is_rows(document: dict[str, Any], name: str) -> bool:
    rows = document.get(name)
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict | list)


def _said(error: BadInput) -> str:
    return error.field_errors[0].message if error.field_errors else str(error)
