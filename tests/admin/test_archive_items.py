"""Items as JSON: readable, and exactly the same item again."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.archives.checks import is_intact
from admin.archives.items import ItemError, decoded, encoded
from dashboard_store.compression import gzipped
from dashboard_store.documents import json_fast
from dashboard_store.documents.config import Config, stored_body
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.json_text import compact
from dashboard_store.settings import Settings

SETTINGS = Settings("table")
# What a string of DynamoDB may hold: no surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGERS = st.integers() | st.integers(-(10**300), 10**300)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
ATTRIBUTES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NAMES = TEXTS | st.sampled_from(
    ["answer", "analysis", "settings", "schema", "digest", "request", "a:text", "answer:item", ":text"]
)


def there_and_back(item: dict[str, Any]) -> dict[str, Any]:
    """Write an item as a line of an archive, and read it."""
    return decoded(json.loads(compact(encoded(item)).encode()))


def shown(item: dict[str, Any]) -> Any:
    """Return an item as far as it must be equal: the text in a gzip, not how it was compressed; types, and order."""
    is_gzip = {name: isinstance(value, bytes) and value[:2] == b"\x1f\x8b" for name, value in item.items()}
    return repr({name: gzip.decompress(value) if is_gzip[name] else value for name, value in item.items()})


@given(st.dictionaries(NAMES, ATTRIBUTES, max_size=6))
def test_every_item_comes_back(item: dict[str, Any]) -> None:
    """Whatever attributes an item has, those of later releases too, it comes back with their types and their order."""
    assert shown(there_and_back(item)) == shown(item)


@given(JSON)
def test_every_config_is_a_document(extensions: Any) -> None:
    """Whatever a config or an analysis holds, it is a document in the archive, not a text."""
    document = {"chartCustomizations": {}, "extensions": extensions}
    config = Config.of(document, json_fast.written(document).encode())
    item = {"answer": stored_body(config, 1, "2026-11-30T00:00:00.000Z"), "digest": config.digest}
    assert compact(encoded(item)["answer"]["config"]) == compact(document)
    assert is_intact({"sk": "CONFIG#p#", "summary": {}, **there_and_back(item)})


@given(JSON, st.sampled_from([None, 1]), st.booleans())
def test_every_text_of_json_comes_back(document: Any, indent: int | None, is_ascii: bool) -> None:  # noqa: FBT001
    """A JSON text comes back character for character, in whatever form it was stored."""
    text = json.dumps(document, indent=indent, ensure_ascii=is_ascii)
    item = {"answer": gzipped(text.encode()), "settings": text, "schema": compact(document)}
    assert shown(there_and_back(item)) == shown(item)


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "-0",
        "-0.0",
        "1.0",
        "1E5",
        "1e-05",
        "0.00001",
        "123456789012345678901234567890",
        "NaN",
        "Infinity",
        "-1e400",
        '{"a":1,"a":2}',
        '"\\u003c"',
        '"<"',
        '"\\u0041"',
        '"\u2028"',
        '"\\ud800"',
        "[1, 2]",
        "",
        "not JSON",
        "1" * 5000,
        "1" * 20000,
        "[" * 300 + "]" * 300,
        "[" * 100000 + "]" * 100000,
        '{"b":1,"a":{"z":[],"":{}}}',
    ],
    ids=lambda text: str(text)[:20],
)
def test_a_text_that_would_change_is_kept_as_it_is(text: str) -> None:
    """Numbers, names and escapes that writing again would change, and what is not JSON, stay as they are stored."""
    stored = gzipped(text.encode())
    for item in ({"answer": stored}, {"analysis": stored}, {"settings": text}, {"schema": text}):
        assert shown(there_and_back(item)) == shown(item)


def test_an_item_is_readable() -> None:
    """A saved config is a document in the archive, with its numbers and its order, and its digest as digits."""
    document = {"chartCustomizations": {"b": {"n": 10**30, "t": "<b>"}, "a": {"zero": -0.0, "one": 1.0}}}
    config = read_config(document, SETTINGS)
    body = b'{"config":%b,"version":1}' % config.text.replace(b"<", rb"\u003c").replace(b">", rb"\u003e")
    written = encoded({"sk": "CONFIG#p#", "digest": config.digest, "answer": gzipped(body), "settings": '{"tags":[]}'})
    assert written == {
        "sk": "CONFIG#p#",
        "digest": config.digest.hex(),
        "answer": {"config": document, "version": 1},
        "settings": {"tags": []},
    }
    assert compact(written["answer"]["config"]) == compact(document)


@pytest.mark.parametrize(
    "document",
    [
        {"a": 1.5},
        {"a": [{"b": 0.1}]},
        {"digest": "xy"},
        {"digest": 1},
        {"a:item": {"X": "1"}},
        {"a:item": 1},
        {"a:text": "1"},
        {"answer:text": 1},
        {"settings": float("nan")},
    ],
    ids=str,
)
def test_what_is_not_an_item_is_refused(document: dict[str, Any]) -> None:
    """A document that no item is written as raises an error, not another item."""
    with pytest.raises(ItemError):
        decoded(document)
