"""What the schemas of bodies have in common, which are models of Pydantic."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from dashboard_store.documents.validation import with_first_invalid, with_first_unknown


class Schema(BaseModel):
    """The envelope of a body: exact JSON types, and no members outside the contract."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _with_first_unknown(cls, document: Any) -> Any:  # noqa: ANN401
        return with_first_unknown(cls.model_fields.keys(), document) if isinstance(document, dict) else document


def entries(is_valid: Callable[[Any], bool]) -> BeforeValidator:
    """Mark an array or object whose entries Pydantic checks only up to the twentieth for which `is_valid` is false."""
    return BeforeValidator(with_first_invalid(is_valid))
