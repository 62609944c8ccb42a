"""The body of an upload as text: its rows are read in groups, its other members as values."""

import json
from typing import Any, Final

from dashboard_store.documents.dataset.data_schema import LONGEST_SCHEMA, Content
from dashboard_store.documents.dataset.json_array import JsonText
from dashboard_store.documents.dataset.rows import RowsReader
from dashboard_store.documents.json_text import JsonObject, Path, parse, parse_at, pointer
from dashboard_store.documents.unsafe_html import TextCheck
from dashboard_store.errors import BadInput, FieldError, InvalidData, MalformedJson, RequestTooLarge
from dashboard_store.settings import Settings

ROWS: Final = "rawData"


def read_body(body: bytes, settings: Settings, texts: TextCheck) -> tuple[Any, Content | None]:
    """Read a body in memory that does not depend on the number of its rows.

    `texts` checks all texts of the request. Returns the document without its rows, and the table, or None if the
    document has no array of rows. Raises MalformedJson, RequestTooLarge, InvalidData or UnsafeText.
    """
    try:
        text = _BodyText(body.decode("utf-8-sig"), settings, texts)
    except UnicodeDecodeError:
        # Names the byte.
        parse(body)
        raise
    return text.document()


class _BodyText(JsonText):
    def __init__(self, text: str, settings: Settings, texts: TextCheck) -> None:
        super().__init__(text)
        self._settings = settings
        self._texts = texts
        largest = settings.max_config_bytes + settings.max_analysis_bytes + LONGEST_SCHEMA
        self._limit = 4 * largest
        # The text up to where the members besides the rows must end.
        self._others = text[: self._limit]

    def document(self) -> tuple[Any, Content | None]:
        if self.peek() != "{":
            document, content = self._other(None), None
        else:
            document, content = self._members()
        if self.peek():
            raise self._malformed("Extra data")
        return document, content

    def _members(self) -> tuple[JsonObject, Content | None]:
        members: JsonObject = {}
        content = None
        self.take()
        is_complete = self.peek() == "}"
        while not is_complete:
            name = self._name()
            if name in members:
                message = f"The member {json.dumps(name)} appears more than once."
                raise InvalidData("The body cannot be read.", [FieldError("", message)])
            if name == ROWS and self.peek() == "[":
                left = len(self._others) - self._at
                self.take()
                groups = self.groups(self._settings, self._texts, (None, ROWS))
                content = RowsReader(self._settings, (None, ROWS)).read(groups)
                self._others = self._text[: self._at + left]
                members[name] = []
            else:
                members[name] = self._other((None, name))
            is_complete = self.peek() == "}"
            if not is_complete:
                self._expect(",")
        self.take()
        return members, content

    def _name(self) -> str:
        if self.peek() != '"':
            raise self._malformed("Expecting property name enclosed in double quotes")
        name: str = self._other(None)
        self._expect(":")
        return name

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self._malformed(f"Expecting '{character}' delimiter")
        self.take()

    def _other(self, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        """Read a text or value outside the rows; all of them together have a limit."""
        self.peek()
        try:
            value, self._at = parse_at(self._others, self._at)
        except json.JSONDecodeError as exc:
            if self._at < len(self._text) and len(self._others) < len(self._text):
                detail = f"Without its rows, the body is larger than {self._limit} bytes."
                raise RequestTooLarge(detail, limit_bytes=self._limit) from exc
            raise self._malformed(exc.msg, exc.pos - self._at) from exc
        except RecursionError:
            error = FieldError(pointer(path), "This is nested too deeply to be read.")
            raise InvalidData("The body cannot be read.", [error]) from None
        return value

    def _malformed(self, message: str, place: int = 0) -> BadInput:
        at = json.JSONDecodeError(message, self._text, self._at + place)
        return MalformedJson(f"The body is not valid JSON: {message} (line {at.lineno}, column {at.colno}).")

    def _unseparated(self) -> BadInput:
        return self._malformed("Expecting ',' delimiter")
