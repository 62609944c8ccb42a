"""Pydantic's errors as field errors with JSON pointers.

Pydantic finds every error of a document, of which a response shows only the first. So that a body full of errors costs
no more than another, a schema leaves out what follows the twentieth unknown member or invalid entry.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Path, pointer
from dashboard_store.errors import BadInput, FieldError


class Schema(BaseModel):
    """The envelope of a body: exact JSON types, and no members outside the contract."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _with_first_unknown(cls, document: Any) -> Any:  # noqa: ANN401
        return with_first_unknown(cls, document) if isinstance(document, dict) else document


def with_first_unknown(schema: type[Schema], document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the members that follow the twentieth which a schema does not have."""
    fields = schema.model_fields
    end = None if document.keys() <= fields.keys() else _end_of_errors(name in fields for name in document)
    if end is None:
        return document
    known = {name: document[name] for name in fields if name in document}
    return known | dict(islice(document.items(), end))


def entries(is_valid: Callable[[Any], bool]) -> BeforeValidator:
    """Mark an array or object whose entries Pydantic checks only up to the twentieth for which `is_valid` is false."""

    def cut(value: Any) -> Any:  # noqa: ANN401
        entries = value.values() if isinstance(value, dict) else value
        if not isinstance(value, dict | list) or all(map(is_valid, entries)):
            return value
        end = _end_of_errors(map(is_valid, entries))
        return dict(islice(value.items(), end)) if isinstance(value, dict) else value[:end]

    return BeforeValidator(cut)


def is_object(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict)


def _end_of_errors(valid: Iterable[bool]) -> int | None:
    """Return the number of entries up to and including the last error that is reported; None if all are."""
    wrong = (index for index, is_valid in enumerate(valid, 1) if not is_valid)
    return next(islice(wrong, MAX_FIELD_ERRORS - 1, None), None)


def validated[S: Schema](schema: type[S], document: Any, error: type[BadInput], at: Path = None) -> S:  # noqa: ANN401
    """Check a parsed document against a schema. Raises `error` with a field error for each invalid place.

    `at` is the path of the document in the body, with which every pointer begins.
    """
    try:
        return schema.model_validate(document)
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
