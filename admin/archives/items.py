"""Items of the table as JSON that people and programs can read, and back: exactly the same item.

| Attribute | In JSON |
|---|---|
| `answer` and `analysis`, which are the gzip of a JSON text | the document |
| `settings` and `schema`, which are JSON texts | the document |
| `digest`, `request` | hexadecimal digits |
| any other of text, integers, true, false, null, lists and maps | itself |

What this would not bring back exactly has a colon in its name: after `:text` is the JSON text as it is stored, after
`:item` is DynamoDB's own JSON of the attribute. So attributes of a later release pass through with their types.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from dashboard_store.compression import gzipped
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import JsonObject, compact, served
from dashboard_store.dynamodb.protocol import deserialize, serialize
from dashboard_store.repository.expressions import Item

_TEXT: Final = ":text"
_ITEM: Final = ":item"

_PLAIN: Final = (str, int, type(None))


class ItemError(ValueError):
    """A JSON document is not that of an item."""


class _Text(NamedTuple):
    """An attribute that holds a JSON text: how it is unpacked, packed, and written from a document."""

    unpacked: Callable[[Any], str]
    packed: Callable[[str], Any]
    written: Callable[[Any], str]


def _gunzipped(stored: bytes) -> str:
    if type(stored) is not bytes or not stored:
        raise TypeError("a gzip is expected")
    return gzip.decompress(stored).decode()


def _is_text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _gzipped(text: str) -> bytes:
    return gzipped(text.encode())


def _served(document: Any) -> str:  # noqa: ANN401 - any JSON
    return served(written(document)).decode()


_TEXTS: Final = {
    "answer": _Text(_gunzipped, _gzipped, _served),
    "analysis": _Text(_gunzipped, _gzipped, _served),
    "settings": _Text(_is_text, _is_text, compact),
    "schema": _Text(_is_text, _is_text, compact),
}
_HEXADECIMAL: Final = ("digest", "request")


def encoded(item: Item) -> JsonObject:
    """Write an item as a JSON object."""
    return dict(_encoded(name, value) for name, value in item.items())


def decoded(document: Mapping[str, Any]) -> Item:
    """Read an item back. Raises ItemError."""
    try:
        return dict(_decoded(name, value) for name, value in document.items())
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as exc:
        raise ItemError(f"This is not an item: {exc}") from exc


def _encoded(name: str, value: Any) -> tuple[str, Any]:  # noqa: ANN401 - any attribute
    if name in _TEXTS:
        try:
            text = _TEXTS[name].unpacked(value)
        except (EOFError, OSError, TypeError, ValueError, zlib.error):
            return f"{name}{_ITEM}", serialize(value)
        return _as_document(name, text)
    if name in _HEXADECIMAL and type(value) is bytes:
        return name, value.hex()
    if name not in _HEXADECIMAL and ":" not in name and _is_plain(value):
        return name, value
    return f"{name}{_ITEM}", serialize(value)


def _as_document(name: str, text: str) -> tuple[str, Any]:
    """Return a text as the document that it is, unless writing that would not give the same text again."""
    try:
        document = json.loads(text, parse_constant=_refused)
        if _TEXTS[name].written(document) == text:
            return name, document
    except (ValueError, RecursionError):
        pass
    return f"{name}{_TEXT}", text


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _decoded(name: str, value: Any) -> tuple[str, Any]:  # noqa: ANN401 - any JSON
    if name.endswith(_ITEM):
        return name.removesuffix(_ITEM), deserialize(value)
    if name.endswith(_TEXT):
        plain = name.removesuffix(_TEXT)
        return plain, _TEXTS[plain].packed(_is_text(value))
    if name in _TEXTS:
        form = _TEXTS[name]
        return name, form.packed(form.written(value))
    if name in _HEXADECIMAL:
        return name, bytes.fromhex(value)
    if not _is_plain(value):
        raise ValueError(f"the value of {name} cannot be stored")
    return name, value


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - any attribute
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list) else isinstance(value, _PLAIN)
