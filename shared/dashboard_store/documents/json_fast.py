"""JSON read and written with Pydantic's core, in two thirds and in half of the time of Python's own module.

Separate from `json_text`, because loading a dashboard does not need Pydantic, whose import takes longer than the rest.
"""

import re
from typing import Any, Final

from pydantic_core import from_json, to_json

from dashboard_store.documents.json_text import Rules, check, checked, parse

# How a number beyond the range of a double is written.
_INFINITY: Final = b"Infinity"
# A text in parts: minus zeros, which Pydantic's core reads as the integer 0, and what is between them. Strings are
# passed over whole. Every character begins a part, so this takes linear time.
_MINUS_ZERO: Final = b"-0"
_PARTS: Final = re.compile(rb'-0(?![0-9.eE])|(?:[^"-]++|"(?:[^"\\]++|\\.)*+"?|-(?!0(?![0-9.eE])))++', re.DOTALL)
_ESCAPED_COLON: Final = re.compile(rb"\\u003[aA]")


def read(body: bytes, rules: Rules) -> tuple[Any, str]:
    """Read and check one JSON text; return the document and its text as `written` produces it.

    Accepts and rejects the same texts as `parse` and `checked`, with the same errors.
    """
    found = _read_whole(body)
    if found:
        document, text = found
        check(document, text, rules)
        return found
    document = parse(body)
    return document, checked_text(document, rules)


def checked_text(document: Any, rules: Rules) -> str:  # noqa: ANN401
    """Check a parsed document; return its text as `written` produces it. Raises like `check`."""
    try:
        encoded = to_json(document)
    except ValueError:
        return checked(document, rules)
    text = encoded.decode()
    # Only the document shows whether this is a number or part of a string.
    if _INFINITY in encoded:
        checked(document, rules)
    else:
        check(document, text, rules)
    return text


def written(document: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a checked document in canonical form, so that equal documents are equal texts: compact, members in order.

    Numbers are as short as possible: 0.00001, where Python writes 1e-05. At most 254 levels; the template's MaxDepth
    allows 200.
    """
    return to_json(document).decode()


def _read_whole(body: bytes) -> tuple[Any, str] | None:
    """Read a text without losing anything; return document and text, or None if that is not certain."""
    if _MINUS_ZERO in body:
        body = b"".join(b"-0.0" if part == _MINUS_ZERO else part for part in _PARTS.findall(body))
    try:
        document = from_json(body, allow_inf_nan=False)
        encoded = to_json(document)
    except ValueError:
        return None
    text = encoded.decode()
    # A text that is reproduced byte for byte has lost nothing; that is the case for a browser's text.
    return (document, text) if encoded == body or _keeps_all(body, encoded) else None


def _keeps_all(body: bytes, encoded: bytes) -> bool:
    # A duplicate member loses the colon of the first one. An escaped colon inside a string is written as one; what only
    # looks like an escape makes the counts differ.
    colons = body.count(b":") + len(_ESCAPED_COLON.findall(body))
    return colons == encoded.count(b":") and _INFINITY not in encoded
