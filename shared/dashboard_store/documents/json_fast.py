"""JSON read and written by Pydantic's core, in two thirds and in half of the time that Python's own module takes.

Not in `json_document`, because loading a dashboard does without Pydantic, whose import takes longer than all else.
"""

from typing import Any, Final

from pydantic_core import from_json, to_json

from dashboard_store.documents.json_text import Path, checked, parse
from dashboard_store.errors import BadInput

# What is written of a number beyond the range of a double.
_INFINITY: Final = b"Infinity"


def read(body: bytes, max_depth: int, error: type[BadInput]) -> tuple[Any, str]:
    """Read one JSON text and check it; returns the document and its text as `written` makes it.

    Takes and refuses what `parse` and `checked` do, and raises the same.
    """
    found = _read_whole(body)
    if found:
        document, text = found
        checked(document, max_depth, error, text=text)
        return found
    document = parse(body)
    return document, checked_text(document, max_depth, error)


def checked_text(document: Any, max_depth: int, error: type[BadInput], at: Path = None) -> str:  # noqa: ANN401
    """Check a parsed document like `checked`, and raise the same; returns its text as `written` makes it."""
    try:
        encoded = to_json(document)
    except ValueError:
        return checked(document, max_depth, error, at)
    text = encoded.decode()
    # Whether it stands for a number or in a string, the text does not say.
    checked(document, max_depth, error, at, text=None if _INFINITY in encoded else text)
    return text


def written(document: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a checked document in the one form by which equal documents are told: compact, members in their order.

    Numbers are as short as they can be: 0.00001, where Python has 1e-05. Levels are 254 at the most; the template's
    MaxDepth allows 200.
    """
    return to_json(document).decode()


def _read_whole(body: bytes) -> tuple[Any, str] | None:
    """Read a text that nothing is lost of, as its document and as it is written; None where that cannot be told."""
    try:
        document = from_json(body, allow_inf_nan=False)
        encoded = to_json(document)
    except ValueError:
        return None
    text = encoded.decode()
    # A text that is written again to the letter has lost nothing, and a browser's is.
    return (document, text) if encoded == body or _keeps_all(body, encoded) else None


def _keeps_all(body: bytes, encoded: bytes) -> bool:
    # A member that is named twice takes the colon of the first with it. Written as an escape, a colon in a string does
    # not count on one side.
    return body.count(b":") == encoded.count(b":") and b"\\u003" not in body and _INFINITY not in encoded
