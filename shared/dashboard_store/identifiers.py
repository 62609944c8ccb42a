"""The identifiers of the API, and the addresses built from them.

An address identifies the document that a request is about. It is a value that is independent of the database:
`repository.keys` maps it to the key of the stored item.
"""

import re
from base64 import urlsafe_b64encode
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

    @classmethod
    def from_path(cls, user: str, text: str) -> "ProjectAddress":
        """Read what a path names a user's project by: its id, or its address. Raises NoProject.

        The owner's part of the address is compared, not decoded, so there is only one way to write it.
        """
        owner, tilde, project_id = text.rpartition("~")
        if tilde and owner != _owner_part(user):
            raise NoProject
        return cls(user, project_id)

    def __post_init__(self) -> None:
        if not is_id(self.project_id):
            raise NoProject

    @property
    def text(self) -> str:
        """The address in the API, `<owner>~<id>`, which names the project among those of all users."""
        return f"{_owner_part(self.owner)}~{self.project_id}"

    def config(self, session: str = "") -> "ConfigAddress":
        return ConfigAddress(self, session)


@dataclass(frozen=True, slots=True)
class ConfigAddress:
    """The config of a project or, with a session id, that session's draft."""

    project: ProjectAddress
    session: str = ""


def _owner_part(user: str) -> str:
    """Write a user's id as base64url without padding (RFC 4648, section 5), which needs no escape in a path."""
    return urlsafe_b64encode(user.encode()).decode().rstrip("=")
