"""Pydantic's errors as field errors with JSON pointers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Path, pointer
from dashboard_store.errors import BadInput, FieldError


class Schema(BaseModel):
    """A body's envelope: exact JSON types, and no member that the contract does not name."""

    model_config = ConfigDict(extra="forbid", strict=True)


def validated[S: Schema](schema: type[S], document: Any, error: type[BadInput], at: Path = None) -> S:  # noqa: ANN401
    """Check a parsed document against a schema. Raises `error` with a field error for each place.

    `at` is the path of the document in the body, which every pointer begins with.
    """
    try:
        return schema.model_validate(document)
    except ValidationError as exc:
        found = [
            FieldError(pointer(_path(detail["loc"], at)), _message(detail))
            for detail in exc.errors(include_url=False, include_input=False)[:MAX_FIELD_ERRORS]
        ]
        raise error("The body does not have the expected form.", found) from exc


# Pydantic's messages speak of Python types, these of JSON; the braces name what Pydantic knows of the rule.
_MESSAGES = {
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "list_type": "expected an array",
    "string_type": "expected a string",
    "extra_forbidden": "unknown member",
    "missing": "required, and missing",
    "literal_error": "expected one of {expected}",
    "string_pattern_mismatch": "expected a string that matches {pattern}",
    "string_too_long": "longer than {max_length} characters",
    "string_too_short": "shorter than {min_length} characters",
    "too_long": "more than {max_length} entries",
    "too_short": "fewer than {min_length} entries",
}


def _message(detail: ErrorDetails) -> str:
    template = _MESSAGES.get(detail["type"])
    return template.format_map(detail.get("ctx", {})) if template else detail["msg"]


def _path(location: tuple[int | str, ...], at: Path) -> Path:
    for token in location:
        at = (at, token)
    return at
