"""JSON read and written by Pydantic's core, in two thirds and in half of the time that Python's own module takes.

Apart from `json_text`, because loading a dashboard needs no Pydantic, whose import takes longer than everything else.
"""

from typing import Any, Final

from pydantic_core import from_json, to_json

from dashboard_store.documents.json_text import Rules, check, checked, parse

# How a number beyond the range of a double is written.
_INFINITY: Final = b"Infinity"


def read(body: bytes, rules: Rules) -> tuple[Any, str]:
    """Read one JSON text and check it; returns the document and its text as `written` makes it.

    Accepts and refuses what `parse` and `checked` do, and raises the same.
    """
    found = _read_whole(body)
    if found:
        document, text = found
        check(document, text, rules)
        return found
    document = parse(body)
    return document, checked_text(document, rules)


def checked_text(document: Any, rules: Rules) -> str:  # noqa: ANN401
    """Check a parsed document; returns its text as `written` makes it. Raises as `check`."""
    try:
        encoded = to_json(document)
    except ValueError:
        return checked(document, rules)
    text = encoded.decode()
    # Only the document can say whether this is a number or stands in a string.
    if _INFINITY in encoded:
        checked(document, rules)
    else:
        check(document, text, rules)
    return text


def written(document: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a checked document in the one form in which equal documents are equal texts: compact, members in order.

    Numbers are as short as possible: 0.00001, where Python has 1e-05. At most 254 levels; the template's MaxDepth
    allows 200.
    """
    return to_json(document).decode()


def _read_whole(body: bytes) -> tuple[Any, str] | None:
    """Read a text of which nothing is lost; returns document and text, or None where that is not certain."""
    try:
        document = from_json(body, allow_inf_nan=False)
        encoded = to_json(document)
    except ValueError:
        return None
    text = encoded.decode()
    # A text that is written again byte by byte has lost nothing; a browser's text is.
    return (document, text) if encoded == body or _keeps_all(body, encoded) else None


def _keeps_all(body: bytes, encoded: bytes) -> bool:
    # A member that is named twice loses the colon of the first. A colon that was written as an escape inside a string
    # counts on one side only.
    return body.count(b":") == encoded.count(b":") and b"\\u003" not in body and _INFINITY not in encoded
