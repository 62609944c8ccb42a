"""The name of a version in history."""

from typing import Annotated, Any

from pydantic import StringConstraints

from dashboard_store.documents.config import control_error
from dashboard_store.documents.json_text import Rules, checked
from dashboard_store.documents.schema import Schema
from dashboard_store.documents.validation import validated
from dashboard_store.errors import FieldError, InvalidConfig
from dashboard_store.settings import Settings


class VersionNameSchema(Schema):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)] | None


def read_version_name(document: Any, settings: Settings) -> str | None:  # noqa: ANN401
    """Check the body that names a version; None takes the name off. Raises InvalidConfig or UnsafeText."""
    checked(document, Rules(settings.max_depth, InvalidConfig))
    name = validated(VersionNameSchema.model_validate, document, InvalidConfig).name
    if name is not None and (found := control_error(name)):
        raise InvalidConfig("This name cannot be shown in a list.", [FieldError("/name", found)])
    return name
