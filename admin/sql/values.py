"""Values of the source: JSON in a text, and times."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from admin.sql import Refused
from admin.sql.source import text_of
from dashboard_store.documents.json_text import parse
from dashboard_store.errors import MalformedJson

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER: Final = timedelta(days=1)


def json_of(value: Any) -> Any:  # noqa: ANN401 - any value, any JSON
    """Parse a JSON text; None for NULL or an empty text. Raises Refused. What is inside remains to be checked."""
    text = text_of(value)
    if text is None or not text.strip():
        return None
    try:
        # A lone surrogate is not valid UTF-8.
        return parse(text.encode("utf-8", "surrogatepass"))
    except MalformedJson as exc:
        raise Refused("bad-json", str(exc).replace("The body", "The text")) from exc


def json_or_name(value: Any) -> Any:  # noqa: ANN401
    """Parse a JSON text, or return a bare name as it is. Raises Refused for what only looks like JSON."""
    text = text_of(value)
    try:
        found = json_of(value)
    except Refused:
        if text and text.lstrip()[:1] not in {"{", "[", '"'}:
            return text
        raise
    # The name of a theme or layout may be a number or a word of JSON.
    return text if isinstance(found, bool | int | float) else found


def moment_of(value: Any) -> datetime | None:  # noqa: ANN401
    """Read a time: a text or a datetime, in UTC unless it says otherwise, or epoch milliseconds. Raises Refused."""
    if value is None or value == "":
        return None
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, OSError) as exc:
        raise Refused("bad-time", f"{_shown(value)} is not a time that can be read.") from exc
    if not _EARLIEST <= moment <= datetime.now(UTC) + _CLOCKS_DIFFER:
        raise Refused("bad-time", f"{_shown(value)} is before 1970 or in the future.")
    return moment


def _moment(value: Any) -> datetime:  # noqa: ANN401
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float):
        moment = _EARLIEST + timedelta(milliseconds=value)
    else:
        text = (text_of(value) or "").strip()
        if text.lstrip("-").isdecimal():
            return _EARLIEST + timedelta(milliseconds=int(text))
        moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _shown(value: Any) -> str:  # noqa: ANN401
    return (text_of(value) or "").encode("utf-8", "backslashreplace").decode()[:50]
