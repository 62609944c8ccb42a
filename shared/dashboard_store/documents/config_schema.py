"""The members of a config, and its limits.

`ConfigSchema` is the only list of the members in Python; a test compares it with the OpenAPI document, the client's
types and the page.
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, InstanceOf, create_model
from pydantic_core import PydanticCustomError

from dashboard_store.documents.config import Config
from dashboard_store.documents.json_fast import checked_text, read, written
from dashboard_store.documents.json_text import JsonObject, Path, Rules, checked, largest, pointer
from dashboard_store.documents.validation import Schema, entries, is_object, validated
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


type Layout = Annotated[Any, AfterValidator(_layout)]
"""An array as react-grid-layout and GridStack give it, or an object; some older clients send only its name."""

type Theme = Annotated[Any, AfterValidator(_theme)]
"""Some older clients send only its name."""

type Object = InstanceOf[dict[str, Any]]
"""An object with any content, which Pydantic does not copy."""

type Charts = Annotated[dict[str, Object], entries(is_object)]


class ConfigSchema(Schema):
    """The members of a config; the content of a chart, a layout, a filter or a theme is up to the client."""

    chartCustomizations: Charts  # noqa: N815 - the contract's names
    currentLayout: Layout = None  # noqa: N815
    filters: Annotated[list[Object] | None, entries(is_object)] = None
    theme: Theme = None
    extensions: Object = Field(default_factory=dict)


# A patch may have the same members with any value, including null: values are checked after it is applied.
_ANY_VALUES: Final[dict[str, Any]] = dict.fromkeys(ConfigSchema.model_fields, (Any, None))
ConfigPatchSchema: Final = create_model("ConfigPatchSchema", __base__=Schema, **_ANY_VALUES)


class CustomizationsSchema(Schema):
    chartCustomizations: Charts  # noqa: N815


def read_customizations(document: Any, settings: Settings) -> JsonObject:  # noqa: ANN401
    """Check the body `{"chartCustomizations": {…}}` and return the charts. Raises InvalidConfig."""
    checked(document, Rules(settings.max_depth, InvalidConfig))
    validated(CustomizationsSchema, document, InvalidConfig)
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
    validated(ConfigPatchSchema, patch, InvalidConfig)
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
    validated(ConfigSchema, document, InvalidConfig, at)
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
