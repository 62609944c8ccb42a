"""The members of a config, and its limits.

`MEMBERS` is the only list of the members in Python; a test compares it with the OpenAPI document, the client's types
and the page. They are schemas of Pydantic's core: a model would load the rest of Pydantic, a third of a save's start.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError, SchemaValidator
from pydantic_core import core_schema as core

from dashboard_store.documents.config import Config
from dashboard_store.documents.excerpts import largest
from dashboard_store.documents.json_fast import checked_text, read, written
from dashboard_store.documents.json_text import JsonObject, Path, Rules, checked, pointer
from dashboard_store.documents.validation import is_object, validated, with_first_invalid, with_first_unknown
from dashboard_store.errors import ConfigTooLarge, FieldError, InvalidConfig
from dashboard_store.settings import Settings

OLDER_NAMES: Final = {"currentTheme": "theme", "dashboardFilters": "filters"}


def _layout(value: Any) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, dict | list | str):
        return value
    raise PydanticCustomError("layout", "This must be an object, an array, a string or null.")


def _theme(value: Any) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, dict | str):
        return value
    raise PydanticCustomError("theme", "This must be an object, a string or null.")


# With any content; a schema of a dict would copy it.
_OBJECT: Final = core.is_instance_schema(dict)


def _entries(schema: core.CoreSchema) -> core.CoreSchema:
    """Make the schema of an array or an object of objects."""
    return core.no_info_before_validator_function(with_first_invalid(is_object), schema)


_CHARTS: Final = _entries(core.dict_schema(core.str_schema(), _OBJECT))

MEMBERS: Final[dict[str, core.CoreSchema]] = {
    "chartCustomizations": _CHARTS,
    # An array as react-grid-layout and GridStack give it, or an object; some older clients send only its name.
    "currentLayout": core.no_info_plain_validator_function(_layout),
    "filters": core.nullable_schema(_entries(core.list_schema(_OBJECT))),
    # Some older clients send only its name.
    "theme": core.no_info_plain_validator_function(_theme),
    "extensions": _OBJECT,
}
"""The members of a config; the content of a chart, a layout, a filter or a theme is up to the client."""


def _schema(members: Mapping[str, core.CoreSchema], *required: str) -> SchemaValidator:
    """Make the schema of an object with exact JSON types, and no members outside the contract."""

    def cut(document: Any) -> Any:  # noqa: ANN401
        return with_first_unknown(members.keys(), document) if isinstance(document, dict) else document

    fields = {name: core.typed_dict_field(each, required=name in required) for name, each in members.items()}
    whole = core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    return SchemaValidator(core.no_info_before_validator_function(cut, whole), core.CoreConfig(strict=True))


_CONFIG: Final = _schema(MEMBERS, "chartCustomizations")
# A patch may have the same members with any value, including null: values are checked after it is applied.
_CONFIG_PATCH: Final = _schema(dict.fromkeys(MEMBERS, core.any_schema()))
_CUSTOMIZATIONS: Final = _schema({"chartCustomizations": _CHARTS}, "chartCustomizations")


def read_customizations(document: Any, settings: Settings) -> JsonObject:  # noqa: ANN401
    """Check the body `{"chartCustomizations": {…}}` and return the charts. Raises InvalidConfig."""
    checked(document, Rules(settings.max_depth, InvalidConfig))
    validated(_CUSTOMIZATIONS.validate_python, document, InvalidConfig)
    charts: JsonObject = document["chartCustomizations"]
    return charts


def read_patch(document: Any, settings: Settings) -> JsonObject:  # noqa: ANN401
    """Check the names in a merge patch of a config (RFC 7396), and that it is storable. Raises InvalidConfig.

    The patched config is checked as a config; here, the patch's older names become the current ones.
    """
    checked(document, Rules(settings.max_depth, InvalidConfig))
    if not isinstance(document, dict):
        raise InvalidConfig("A merge patch of a config must be an object.", [FieldError("", "This must be an object.")])
    patch = _with_current_names(document, None)
    validated(_CONFIG_PATCH.validate_python, patch, InvalidConfig)
    return patch


def read_config_body(body: bytes, settings: Settings) -> Config:
    """Read a config from a request body. Raises MalformedJson, and like `read_config`."""
    document, text = read(body, Rules(settings.max_depth, InvalidConfig))
    return _config(document, text, settings, None)


def read_config(document: Any, settings: Settings, at: Path = None) -> Config:  # noqa: ANN401
    """Check a parsed config. Raises InvalidConfig naming the places, or ConfigTooLarge naming the largest parts.

    The older names `currentTheme` and `dashboardFilters` are read as `theme` and `filters`. Order is content: configs
    whose members have a different order are different configs, because pages draw their charts in that order.
    """
    return _config(document, checked_text(document, Rules(settings.max_depth, InvalidConfig, at)), settings, at)


def _config(document: Any, text: bytes, settings: Settings, at: Path) -> Config:  # noqa: ANN401
    if isinstance(document, dict) and not OLDER_NAMES.keys().isdisjoint(document):
        document = _with_current_names(document, at)
        text = written(document).encode()
    validated(_CONFIG.validate_python, document, InvalidConfig, at)
    chart_count = len(document["chartCustomizations"])
    if chart_count > settings.max_charts:
        error = FieldError(
            pointer((at, "chartCustomizations")), f"There are {chart_count} charts; the limit is {settings.max_charts}."
        )
        raise InvalidConfig("The config has too many charts.", [error])
    config = Config.of(document, text)
    if config.size > settings.max_config_bytes:
        parts = largest(document, 5, at)
        raise ConfigTooLarge(actual_bytes=config.size, limit_bytes=settings.max_config_bytes, largest=parts)
    return config


def _with_current_names(document: JsonObject, at: Path) -> JsonObject:
    errors = [
        FieldError(pointer((at, old)), f"This is the older name of {new}, which is also present.")
        for old, new in OLDER_NAMES.items()
        if old in document and new in document
    ]
    if errors:
        raise InvalidConfig("The config has a member under both its current and its older name.", errors)
    return {OLDER_NAMES.get(name, name): value for name, value in document.items()}
