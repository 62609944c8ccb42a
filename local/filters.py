"""Lambda's event filters: which records of a stream a function receives.

A pattern nests like a record; its leaves are lists of alternatives, each a value or one of three operators: `exists`,
`prefix`, `anything-but`. A pattern with any other operator is refused, because a record that a filter drops by mistake
is lost without a word.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

import json
from collections.abc import Callable
from typing import Any

type Json = dict[str, Any]
type Test = Callable[[Any], bool]

# What a test sees in place of a value that a record does not have.
_ABSENT = object()


class UnsupportedFilterError(Exception):
    """A filter of the template is invalid, or more than the local run can apply."""


def any_of(patterns: list[str]) -> Test:
    """Return whether a record matches any of the patterns, given as JSON; with no pattern, each record does."""
    tests = [_object(_parsed(pattern), pattern) for pattern in patterns]
    return lambda record: not tests or any(test(record) for test in tests)


def _parsed(pattern: str) -> Json:
    try:
        parsed = json.loads(pattern)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or not parsed:
        raise UnsupportedFilterError(f"A filter's pattern must be a JSON object with members: {pattern}")
    return parsed


def _object(pattern: Json, whole: str) -> Test:
    tests = {name: _member(name, value, whole) for name, value in pattern.items()}

    def test(value: Any) -> bool:  # noqa: ANN401 - part of a record
        members = value if isinstance(value, dict) else {}
        return all(test(members.get(name, _ABSENT)) for name, test in tests.items())

    return test


def _member(name: str, value: Any, whole: str) -> Test:  # noqa: ANN401 - part of a pattern
    if isinstance(value, dict) and value:
        return _object(value, whole)
    if not isinstance(value, list) or not value:
        raise UnsupportedFilterError(f"{name!r} must be an object or a list, with members: {whole}")
    tests = [_alternative(each, whole) for each in value]
    return lambda found: any(test(found) for test in tests)


def _alternative(wanted: Any, whole: str) -> Test:  # noqa: ANN401 - part of a pattern
    match wanted:
        case {"exists": bool(exists), **rest} if not rest:
            return lambda found: (not isinstance(found, dict) and found is not _ABSENT) is exists
        case {"prefix": str(prefix), **rest} if not rest:
            return lambda found: isinstance(found, str) and found.startswith(prefix)
        case {"anything-but": str() | int() | float() | [*_] as excluded, **rest} if not rest:
            values = excluded if isinstance(excluded, list) else [excluded]
            if all(_is_value(value) for value in values):
                return lambda found: _is_value(found) and not any(_equal(found, value) for value in values)
        case _ if _is_value(wanted):
            return lambda found: _equal(found, wanted)
    raise _unsupported(json.dumps(wanted), whole)


def _is_value(value: Any) -> bool:  # noqa: ANN401 - part of a pattern or a record
    return value is None or isinstance(value, str | int | float)


def _equal(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - parts of a record and a pattern
    """Compare as JSON does: true is not 1."""
    return isinstance(found, bool) is isinstance(wanted, bool) and bool(found == wanted)


def _unsupported(part: str, whole: str) -> UnsupportedFilterError:
    return UnsupportedFilterError(
        f"The local run cannot apply {part} of the filter {whole}. It knows values, exists, prefix and anything-but; "
        "teach it the rest in local/filters.py."
    )
