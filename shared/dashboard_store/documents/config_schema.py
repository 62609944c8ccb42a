"""What makes a config: its members and its limits."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dashboard_store.documents.config import Config, JsonObject
from dashboard_store.documents.json_fast import checked_text, read, written
from dashboard_store.documents.json_text import Path, checked, largest, pointer
from dashboard_store.documents.validation import Schema, validated
from dashboard_store.errors import ConfigTooLarge, FieldError, InvalidConfig
from dashboard_store.settings import Settings

OLDER_NAMES: Final = {"currentTheme": "theme", "dashboardFilters": "filters"}


def _object_or_name(value: Any) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, dict | str):
        return value
    raise PydanticCustomError("object_or_name", "expected an object, a string or null")


type ObjectOrName = Annotated[Any, AfterValidator(_object_or_name)]
"""A layout or a theme; some older clients hold its bare name."""


class ConfigSchema(Schema):
    """The members that a config has; what is inside a chart, a layout, a filter or a theme is the client's own."""

    chartCustomizations: dict[str, JsonObject]  # noqa: N815 - the contract's names
    currentLayout: ObjectOrName = None  # noqa: N815
    filters: list[JsonObject] | None = None
    theme: ObjectOrName = None
    extensions: JsonObject = Field(default_factory=dict)


class ConfigPatchSchema(Schema):
    """The names that a patch may hold, a null included, which leaves no trace; its values are checked once applied."""

    chartCustomizations: Any = None  # noqa: N815
    currentLayout: Any = None  # noqa: N815
    filters: Any = None
    theme: Any = None
    extensions: Any = None


class CustomizationsSchema(Schema):
    chartCustomizations: dict[str, JsonObject]  # noqa: N815


def read_customizations(document: Any, settings: Settings) -> JsonObject:  # noqa: ANN401
    """Check the body `{"chartCustomizations": {…}}` and return the charts. Raises InvalidConfig."""
    checked(document, settings.max_depth, InvalidConfig)
    validated(CustomizationsSchema, document, InvalidConfig)
    charts: JsonObject = document["chartCustomizations"]
    return charts


def read_patch(document: Any, settings: Settings) -> JsonObject:  # noqa: ANN401
    """Check a merge patch of a config (RFC 7396) for its names and what no document may hold. Raises InvalidConfig.

    What it makes of a config is checked as a config; here its older names become the current ones.
    """
    checked(document, settings.max_depth, InvalidConfig)
    if not isinstance(document, dict):
        raise InvalidConfig("A merge patch of a config is an object.", [FieldError("", "expected an object")])
    patch = _with_current_names(document, None)
    validated(ConfigPatchSchema, patch, InvalidConfig)
    return patch


def read_config_body(body: bytes, settings: Settings) -> Config:
    """Read a config from a request's body. Raises MalformedJson, else as `read_config`."""
    document, text = read(body, settings.max_depth, InvalidConfig)
    return _config(document, text, settings, None)


def read_config(document: Any, settings: Settings, at: Path = None) -> Config:  # noqa: ANN401
    """Check a parsed config. Raises InvalidConfig naming the places, ConfigTooLarge naming the largest parts.

    The older names `currentTheme` and `dashboardFilters` are read as `theme` and `filters`. Order is content: two
    configs whose members stand in another order are two configs, because pages draw their charts in that order.
    """
    return _config(document, checked_text(document, settings.max_depth, InvalidConfig, at), settings, at)


def _config(document: Any, text: str, settings: Settings, at: Path) -> Config:  # noqa: ANN401
    if isinstance(document, dict) and not OLDER_NAMES.keys().isdisjoint(document):
        document = _with_current_names(document, at)
        text = written(document)
    validated(ConfigSchema, document, InvalidConfig, at)
    chart_count = len(document["chartCustomizations"])
    if chart_count > settings.max_charts:
        fault = FieldError(
            pointer((at, "chartCustomizations")), f"{chart_count} charts; the limit is {settings.max_charts}"
        )
        raise InvalidConfig("The config has too many charts.", [fault])
    config = Config.of(document, text)
    if config.size > settings.max_config_bytes:
        parts = largest(document, 5, at)
        raise ConfigTooLarge(actual_bytes=config.size, limit_bytes=settings.max_config_bytes, largest=parts)
    return config


def _with_current_names(document: JsonObject, at: Path) -> JsonObject:
    faults = [
        FieldError(pointer((at, old)), f"the older name of {new}, which is there too")
        for old, new in OLDER_NAMES.items()
        if old in document and new in document
    ]
    if faults:
        raise InvalidConfig("The config names a member twice.", faults)
    return {OLDER_NAMES.get(name, name): value for name, value in document.items()}
