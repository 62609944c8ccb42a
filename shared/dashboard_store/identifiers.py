"""The identifiers of the API, and the addresses that are made of them.

An address says which document a request is about. It is a value without a database: `repository.keys` says under which
key the document is stored.
"""

import re
from dataclasses import dataclass
from typing import Final

from dashboard_store.errors import NoProject

ID_PATTERN: Final = "[A-Za-z0-9_-]{1,128}"
"""Project ids, session ids and upload ids."""

VERSION_DIGITS: Final = 12
"""The most digits that a version has; version keys are padded to it, so that they sort by number."""

VERSION_PATTERN: Final = rf"[1-9][0-9]{{0,{VERSION_DIGITS - 1}}}"

_ID: Final = re.compile(ID_PATTERN)
_VERSION: Final = re.compile(VERSION_PATTERN)


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether a text is the number of a saved version, as addresses and cursors write it."""
    return _VERSION.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ProjectAddress:
    """One project of one owner, who is named by the token's verified `sub`.

    Raises NoProject for a text that is not a project id, because a path may hold any text.
    """

    owner: str
    project_id: str

    def __post_init__(self) -> None:
        if not is_id(self.project_id):
            raise NoProject

    def config(self, session: str = "") -> "ConfigAddress":
        return ConfigAddress(self, session)


@dataclass(frozen=True, slots=True)
class ConfigAddress:
    """The config of a project; with a session id, that session's draft."""

    project: ProjectAddress
    session: str = ""
