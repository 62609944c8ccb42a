"""The dashboard config as a value, and the shape in which it is stored."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from dashboard_store.documents.json_text import served

type JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """A config that passed every check, with what is kept about it.

    `text` is its compact JSON; `digest` the SHA-256 of that text, by which an unchanged save is told.
    """

    document: JsonObject
    text: str
    digest: bytes
    size: int

    @classmethod
    def of(cls, document: JsonObject, text: str) -> "Config":
        """Take a document that is known to be a config, and its compact JSON."""
        encoded = text.encode()
        return cls(document, text, hashlib.sha256(encoded).digest(), len(encoded))

    @property
    def chart_count(self) -> int:
        return len(self.document["chartCustomizations"])


def stored_body(config: Config | None, version: int, updated_at: str) -> bytes:
    """Make the body that `GET …/config` will answer, as it is stored: gzip of its JSON text."""
    text = f'{{"config":{config.text if config else "null"},"version":{version},"updatedAt":{json.dumps(updated_at)}}}'
    # mtime=0: the same answer is the same bytes. Level 6: level 9 takes twice as long for one percent.
    return gzip.compress(served(text), compresslevel=6, mtime=0)


def config_in(answer: bytes) -> JsonObject | None:
    """Read the config back from a stored answer; None where it was deleted."""
    config: JsonObject | None = json.loads(gzip.decompress(answer))["config"]
    return config


def never_saved_body() -> bytes:
    """Make the body that `GET …/config` answers before the first save, in the same form."""
    return gzip.compress(b'{"config":null,"version":0,"updatedAt":null}', mtime=0)
