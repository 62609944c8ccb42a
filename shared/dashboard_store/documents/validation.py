"""Pydantic's findings as faults with JSON pointers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from dashboard_store.documents.json_text import MOST_FAULTS, Path, pointer
from dashboard_store.errors import BadInput, FieldError


class Schema(BaseModel):
    """A body's envelope: exact JSON types, and no member that the contract does not name."""

    model_config = ConfigDict(extra="forbid", strict=True)


def validated[F: Schema](form: type[F], document: Any, error: type[BadInput], at: Path = None) -> F:  # noqa: ANN401
    """Check a parsed document against its form. Raises `error` with a fault for each place; `at` leads the pointers."""
    try:
        return form.model_validate(document)
    except ValidationError as exc:
        found = [
            FieldError(pointer(_path(detail["loc"], at)), _message(detail))
            for detail in exc.errors(include_url=False, include_input=False)[:MOST_FAULTS]
        ]
        raise error("The body does not have the expected form.", found) from exc


# Where Pydantic speaks of Python, say it in JSON; the braces name what Pydantic knows of the rule.
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
    form = _MESSAGES.get(detail["type"])
    return form.format_map(detail.get("ctx", {})) if form else detail["msg"]


def _path(location: tuple[int | str, ...], at: Path) -> Path:
    for token in location:
        at = (at, token)
    return at
