"""JSON read and written with Pydantic's core, in two thirds and in half of the time of Python's own module.

Separate from `json_text`, because loading a dashboard does not need Pydantic, whose import takes longer than the rest.
"""

import json
import re
from typing import Any, Final

from pydantic_core import from_json, to_json

from dashboard_store.documents.json_text import Rules, check, check_texts, checked, parse

# How a number beyond the range of a double is written.
_INFINITY: Final = b"Infinity"
# Pydantic's core reads minus zero as the integer 0. What looks like one may be part of a string, which only a text in
# parts shows: minus zeros, and what is between them. Strings are passed over whole. Every character begins a part, so
# this takes linear time.
_MINUS_ZERO: Final = b"-0"
_MAY_BE_MINUS_ZERO: Final = re.compile(rb"-0(?![0-9.eE])(?<![^\s:,\[]-0)")
_PARTS: Final = re.compile(rb'-0(?![0-9.eE])|(?:[^"-]++|"(?:[^"\\]++|\\.)*+"?|-(?!0(?![0-9.eE])))++', re.DOTALL)
_ESCAPED_COLON: Final = re.compile(rb"\\u003[aA]")
# How deeply Pydantic's core reads.
_MOST_LEVELS: Final = 201


def read(body: bytes, rules: Rules) -> tuple[Any, bytes]:
    """Read and check one JSON text; return the document and its text as `written` produces it, in UTF-8.

    Accepts and rejects the same texts as `parse` and `checked`, with the same errors.
    """
    found = _read_whole(body, rules.max_depth)
    if found:
        check_texts(*found, rules)
        return found
    document = parse(body)
    return document, checked_text(document, rules)


def checked_text(document: Any, rules: Rules) -> bytes:  # noqa: ANN401
    """Check a parsed document; return its text as `written` produces it, in UTF-8. Raises like `check`."""
    try:
        text = to_json(document)
    except ValueError:
        return checked(document, rules).encode()
    # Only the document shows whether this is a number or part of a string.
    if _INFINITY in text:
        checked(document, rules)
    else:
        check(document, text, rules)
    return text


def parsed(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse the text of a checked document."""
    try:
        return from_json(text)
    except ValueError:
        # It has an integer with more digits than Pydantic's core reads.
        return json.loads(text)


def written(document: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a checked document in canonical form, so that equal documents are equal texts: compact, members in order.

    Numbers are as short as possible: 0.00001, where Python writes 1e-05. At most 254 levels; the template's MaxDepth
    allows 200.
    """
    return to_json(document).decode()


def _read_whole(body: bytes, max_depth: int) -> tuple[Any, bytes] | None:
    """Read a text without losing anything; return document and text, or None if that is not certain."""
    if _MAY_BE_MINUS_ZERO.search(body):
        body = b"".join(b"-0.0" if part == _MINUS_ZERO else part for part in _PARTS.findall(body))
    try:
        document = _read_within(body, max_depth)
        text = to_json(document)
    except ValueError:
        return None
    # A text that is reproduced byte for byte has lost nothing; that is the case for a browser's text.
    return (document, text) if text == body or _keeps_all(body, text) else None


def _read_within(body: bytes, max_depth: int) -> Any:  # noqa: ANN401
    """Read a text that is not nested more deeply. Raises ValueError.

    Inside as many arrays as it may be nested less deeply than Pydantic's core reads, that refuses what is too deep, in
    no time, while counting the levels of the document takes as long as writing it.
    """
    around = max(0, _MOST_LEVELS - max_depth)
    document = from_json(b"[" * around + body + b"]" * around, allow_inf_nan=False)
    for _ in range(around):
        # A text such as `1],[2` has several elements, and an empty text has none.
        (document,) = document
    return document


def _keeps_all(body: bytes, text: bytes) -> bool:
    # A duplicate member loses the colon of the first one. An escaped colon inside a string is written as one; what only
    # looks like an escape makes the counts differ.
    colons = body.count(b":") + len(_ESCAPED_COLON.findall(body))
    return colons == text.count(b":") and _INFINITY not in text
