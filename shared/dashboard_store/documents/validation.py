"""Pydantic's errors as field errors with JSON pointers.

Pydantic finds every error of a document, of which a response shows only the first. So that a body full of errors costs
no more than another, a schema leaves out what follows the twentieth unknown member or invalid entry.

Only Pydantic's core is needed here, which `json_fast` loads anyway: a save starts without the rest.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from pydantic_core import ErrorDetails, ValidationError

from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Path, pointer
from dashboard_store.errors import BadInput, FieldError


def with_first_unknown(known: AbstractSet[str], document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the members that follow the twentieth which a schema does not have; `known` are those that it has."""
    end = None if document.keys() <= known else _end_of_errors(name in known for name in document)
    if end is None:
        return document
    return {name: document[name] for name in known if name in document} | dict(islice(document.items(), end))


def with_first_invalid(is_valid: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """Return what leaves out the entries of an array or object after the twentieth for which `is_valid` is false."""

    def cut(value: Any) -> Any:  # noqa: ANN401
        entries = value.values() if isinstance(value, dict) else value
        if not isinstance(value, dict | list) or all(map(is_valid, entries)):
            return value
        end = _end_of_errors(map(is_valid, entries))
        return dict(islice(value.items(), end)) if isinstance(value, dict) else value[:end]

    return cut


def is_object(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict)


def _end_of_errors(valid: Iterable[bool]) -> int | None:
    """Return the number of entries up to and including the last error that is reported; None if all are."""
    wrong = (index for index, is_valid in enumerate(valid, 1) if not is_valid)
    return next(islice(wrong, MAX_FIELD_ERRORS - 1, None), None)


def validated[T](validate: Callable[[Any], T], document: Any, error: type[BadInput], at: Path = None) -> T:  # noqa: ANN401
    """Return what a schema makes of a parsed document. Raises `error` with a field error for each invalid place.

    `at` is the path of the document in the body, with which every pointer begins.
    """
    try:
        return validate(document)
    except ValidationError as exc:
        found = [
            FieldError(pointer(_path(detail["loc"], at)), _message(detail))
            for detail in exc.errors(include_url=False, include_input=False)[:MAX_FIELD_ERRORS]
        ]
        raise error("The body does not match the expected schema.", found) from exc


# Pydantic's own messages name Python types, these name JSON types; the braces refer to the error's context.
_MESSAGES = {
    "dict_type": "This must be an object.",
    "is_instance_of": "This must be an object.",
    "model_type": "This must be an object.",
    "list_type": "This must be an array.",
    "string_type": "This must be a string.",
    "int_type": "This must be an integer.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
    "extra_forbidden": "This member is not known.",
    "missing": "This member is required.",
    "literal_error": "This must be one of {expected}.",
    "string_pattern_mismatch": "This must match the pattern {pattern}.",
    "string_too_long": "This is longer than {max_length} characters.",
    "string_too_short": "This is too short; the minimum length is {min_length}.",
    "too_long": "This has more than {max_length} entries.",
    "too_short": "This has too few entries; the minimum is {min_length}.",
}


def _message(detail: ErrorDetails) -> str:
    template = _MESSAGES.get(detail["type"])
    return template.format_map(detail.get("ctx", {})) if template else detail["msg"]


def _path(location: tuple[int | str, ...], at: Path) -> Path:
    for token in location:
        at = (at, token)
    return at
