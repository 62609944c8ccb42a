"""What is checked of a project in an archive before anything of it is in the table.

An archive may have been changed since it was exported, or written by another program. So its texts are held to the rule
that holds for all that users save: a browser must not execute them. Their digests show what was changed by mistake.
"""

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable
from typing import Any, Final

from admin.archives.contents import Contents, kind_of
from admin.archives.file import LineTooLongError
from admin.archives.items import ItemError
from dashboard_store.documents.config import config_in
from dashboard_store.documents.dataset.data_schema import LARGEST_JSON
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import Rules, check, compact
from dashboard_store.errors import BadInput, InvalidData, UnsafeText
from dashboard_store.repository.configs import NO_CONFIG, REMOVED
from dashboard_store.repository.datasets import analysis_in
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.formats import FORMAT, READABLE
from dashboard_store.repository.stored_bytes import stored_bytes
from dashboard_store.settings import Settings

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_MOST_ITEM_BYTES: Final = 409_600
_MOST_NUMBER: Final = 10**38
# A line of a stored table has the values of a file's records, and their texts where these do not show them.
_LINE: Final = 3

# As deep as this release can write a document.
_RULES: Final = Rules(max_depth=250, error=InvalidData)
_UNPACKED: Final[dict[str, Callable[[Any], Any]]] = {
    "answer": analysis_in,
    "analysis": analysis_in,
    "settings": json.loads,
    "schema": json.loads,
}


class RefusedError(Exception):
    """A project of an archive cannot be brought into a deployment; `reason` is a word, the message says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def checked(contents: Contents, settings: Settings) -> int:
    """Read a project whole and check it; return how many bytes it stores. Raises RefusedError."""
    sizes: dict[str, int] = {}
    try:
        for item in contents.items():
            check_item(item, settings)
            if item["sk"] in sizes:
                raise RefusedError("malformed", f"{item['sk']} is there twice.")
            sizes[item["sk"]] = _item_bytes(item)
        for item in contents.with_tables:
            stored = contents.stored(item)
            if stored is not None:
                _check_table(item, stored, _LINE * settings.max_upload_bytes)
                is_inline = len(stored) <= settings.max_inline_table_bytes
                _item_bytes(item, len(stored) if is_inline else 0)
                sizes[item["sk"]] += len(stored)
    except LineTooLongError as exc:
        raise RefusedError("too-large", str(exc)) from exc
    except (AttributeError, KeyError, TypeError, ItemError) as exc:
        raise RefusedError("malformed", f"An item is incomplete: {exc!r}") from exc
    return sum(sizes.values())


def _item_bytes(item: Item, added: int = 0) -> int:
    """Return the size of an item. Raises RefusedError if that and what is added are too much for one."""
    size: int = stored_bytes(item) - item.get("objectBytes", 0) + added
    if size > _MOST_ITEM_BYTES:
        raise RefusedError("too-large", f"{item['sk']} would have {size} bytes, more than the database can hold.")
    return size


def check_item(item: Item, settings: Settings) -> None:
    """Raise RefusedError for an item that may not be stored as it is."""
    kind = kind_of(item)
    if item.get(FORMAT, 0) > READABLE:
        raise RefusedError("newer-format", f"{item['sk']} was written by a newer release: import it with that.")
    if kind in {"CONFIG", "CONFIGVERSION", "ANALYSIS"} or (kind == "PIN" and item["sk"].endswith("#CONFIG")):
        _check_document(item, settings)
    if not _are_storable({name: value for name, value in item.items() if name not in _UNPACKED}):
        raise RefusedError("malformed", f"{item['sk']} has a number that the database cannot hold.")
    texts = {name: _UNPACKED[name](value) if name in _UNPACKED else value for name, value in item.items()}
    _check_texts({name: value for name, value in texts.items() if not isinstance(value, bytes)}, item)


def _are_storable(value: Any) -> bool:  # noqa: ANN401 - any attribute
    """Whether no number of an attribute has more digits than the database keeps."""
    if isinstance(value, dict):
        return all(map(_are_storable, value.values()))
    if isinstance(value, list):
        return all(map(_are_storable, value))
    return not isinstance(value, int) or abs(value) < _MOST_NUMBER


def _check_document(item: Item, settings: Settings) -> None:
    """Check a config, a version of one, or an analysis."""
    if not is_intact(item):
        raise RefusedError("digest", f"The content of {item['sk']} is not what its digest is of.")
    if kind_of(item) == "CONFIG" and "answer" in item:
        most = settings.max_config_bytes
        if len(written(config_in(item["answer"])).encode()) > most:
            raise RefusedError("config-too-large", f"{item['sk']} has more than {most} bytes.")


def _check_texts(document: Any, item: Item, text: str | None = None) -> None:  # noqa: ANN401 - any JSON
    """Check the texts of a document, as those that users save are checked."""
    try:
        check(document, (compact(document) if text is None else text).encode(), _RULES)
    except UnsafeText as exc:
        where = exc.field_errors[0].pointer
        raise RefusedError("unsafe-text", f"A browser would execute a text of {item['sk']}, at {where}.") from exc
    except (BadInput, ValueError, RecursionError) as exc:
        raise RefusedError("malformed", f"{item['sk']} has what cannot be stored: {exc}") from exc


def _check_table(item: Item, stored: bytes, most_line: int) -> None:
    """Check that a table can be read, has the rows that its schema says, and no text that a browser would execute."""
    rows, size = 0, 0
    try:
        with gzip.open(io.BytesIO(stored)) as lines:
            while line := lines.readline(most_line):
                size += len(line)
                if size > LARGEST_JSON or len(line) == most_line:
                    raise RefusedError("too-large", f"{item['sk']} is larger than any table.")
                group = json.loads(line)
                _check_texts(group, item, line.decode())
                rows += group["rows"] if isinstance(group["rows"], int) else len(group["rows"])
        is_whole = rows == json.loads(item["schema"])["rowCount"]
    except (AttributeError, EOFError, KeyError, OSError, TypeError, ValueError, zlib.error) as exc:
        raise RefusedError("malformed", f"{item['sk']} cannot be read as a table: {exc!r}") from exc
    if not is_whole:
        raise RefusedError("malformed", f"{item['sk']} does not have the rows of its schema.")


def is_intact(item: Item) -> bool:
    """Whether a config, a version of one, or an analysis has the content that its digest is of."""
    answer = item.get("answer")
    if kind_of(item) == "ANALYSIS":
        return answer is None or _is_digest(analysis_in(answer), item["digest"])
    document = None if answer is None else config_in(answer)
    if document is None:
        # A pin shows a config that was there.
        return bool(item["digest"] == NO_CONFIG) and (answer is None or REMOVED not in item["summary"])
    return _is_digest(document, item["digest"])


def _is_digest(document: object, digest: bytes) -> bool:
    """Whether a digest is of a document, as this release writes it or as the first ones did."""
    return any(hashlib.sha256(write(document).encode()).digest() == digest for write in (written, compact))
