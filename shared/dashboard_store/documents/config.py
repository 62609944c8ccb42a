"""The dashboard config as a value, and its stored form."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from dashboard_store.compression import gunzipped, gzipped
from dashboard_store.documents.json_text import JsonObject, embeddable, served


@dataclass(frozen=True, slots=True)
class Config:
    """A config that passed every check.

    `text` is its compact JSON in UTF-8, and `digest` the SHA-256 of it, which identifies a save that changes nothing.
    """

    document: JsonObject
    text: bytes
    digest: bytes

    @classmethod
    def of(cls, document: JsonObject, text: bytes) -> "Config":
        """Make a Config from a checked document and its compact JSON."""
        return cls(document, text, hashlib.sha256(text).digest())

    @property
    def size(self) -> int:
        return len(self.text)

    @property
    def chart_count(self) -> int:
        return len(self.document["chartCustomizations"])


class Origin(NamedTuple):
    """The origin of a version of a config, as kept in history.

    `by` is the id of who saved it (see `repository.member_ids`). `key` is the save's Idempotency-Key, by which its
    repetition is recognized; no response shows it.
    """

    source: str = "user"
    message: str | None = None
    forced: bool = False
    merged: bool = False
    restored_from: int | None = None
    undo_of: int | None = None
    key: str | None = None
    by: str = ""


# Unicode's category Cc.
_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f]")


def control_error(text: str) -> str | None:
    """Describe the first control character of a text that lists show on one line; None if it has none."""
    found = _CONTROL.search(text)
    return found and f"This contains the control character U+{ord(found[0]):04X}."


def stored_body(config: Config | None, version: int, updated_at: str) -> bytes:
    """Make the stored body of `GET …/config`: the gzip of its JSON text."""
    text = embeddable(config.text) if config else b"null"
    return gzipped(b'{"config":%b,"version":%d,"updatedAt":%b}' % (text, version, served(json.dumps(updated_at))))


def never_saved_body() -> bytes:
    """Make the body of `GET …/config` before the first save, in the same form."""
    return gzipped(b'{"config":null,"version":0,"updatedAt":null}')


def config_in(body: bytes, parse: Callable[[bytes], Any] = json.loads) -> JsonObject | None:
    """Read the config back from a stored body; None if it was deleted."""
    config: JsonObject | None = parse(gunzipped(body))["config"]
    return config
