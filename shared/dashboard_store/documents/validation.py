"""Pydantic's errors as field errors with JSON pointers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Path, pointer
from dashboard_store.errors import BadInput, FieldError


class Schema(BaseModel):
    """The envelope of a body: exact JSON types, and no members outside the contract."""

    model_config = ConfigDict(extra="forbid", strict=True)


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
    "model_type": "This must be an object.",
    "list_type": "This must be an array.",
    "string_type": "This must be a string.",
    "int_type": "This must be an integer.",
    "greater_than_equal": "This must be at least {ge}.",
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
