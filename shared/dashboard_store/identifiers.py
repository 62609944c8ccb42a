"""The identifiers of the API, and the addresses built from them.

An address identifies the document that a request is about. It is a value that is independent of the database:
`repository.keys` maps it to the key of the stored item.
"""

import re
from dataclasses import dataclass
from typing import Final

from dashboard_store.errors import NoProject

ID_PATTERN: Final = "[A-Za-z0-9_-]{1,128}"
"""Project ids, session ids and upload ids."""

VERSION_DIGITS: Final = 12
"""The maximum number of digits of a version; version keys are padded to it, so that they sort numerically."""

VERSION_PATTERN: Final = rf"[1-9][0-9]{{0,{VERSION_DIGITS - 1}}}"

_ID: Final = re.compile(ID_PATTERN)
_VERSION: Final = re.compile(VERSION_PATTERN)


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether a text is the number of a saved version, as paths and cursors write it."""
    return _VERSION.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ProjectAddress:
    """One project of one owner, whom the token's verified `sub` identifies.

    Raises NoProject if `project_id` is not a valid id, because a path may contain any text.
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
    """The config of a project or, with a session id, that session's draft."""

    project: ProjectAddress
    session: str = ""
