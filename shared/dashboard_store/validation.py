"""Pydantic's findings as faults with JSON pointers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dashboard_store.errors import BadInput, Fault
from dashboard_store.json_document import Path, pointer


class Form(BaseModel):
    """A body's envelope: exact JSON types, and no member that the contract does not name."""

    model_config = ConfigDict(extra="forbid", strict=True)


def read_form[F: Form](form: type[F], document: Any, error: type[BadInput], at: Path = None) -> F:  # noqa: ANN401
    """Check a parsed document against its form. Raises `error` with a fault for each place; `at` leads the pointers."""
    try:
        return form.model_validate(document)
    except ValidationError as exc:
        found = [
            Fault(pointer(_path(detail["loc"], at)), _MESSAGES.get(detail["type"], detail["msg"]))
            for detail in exc.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise error("The body does not have the expected form.", found) from exc


# Where Pydantic speaks of Python, say it in JSON.
_MESSAGES = {
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "list_type": "expected an array",
    "string_type": "expected a string",
    "extra_forbidden": "unknown member",
    "missing": "required, and missing",
}


def _path(location: tuple[int | str, ...], at: Path) -> Path:
    for token in location:
        at = (at, token)
    return at
