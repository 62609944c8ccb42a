"""The identifiers of the API, and the addresses built from them.

An address identifies the document that a request is about. It is a value that is independent of the database:
`repository.keys` maps it to the key of the stored item.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

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


class Role(IntEnum):
    """What a person may do with a project; a higher role includes the lower ones."""

    VIEWER = 1
    EDITOR = 2
    OWNER = 3

    @classmethod
    def named(cls, word: str) -> "Role":
        return cls[word.upper()]

    @property
    def word(self) -> str:
        return self.name.lower()


class Team(NamedTuple):
    """A value of the claim that names teams and, if the deployment has tenants, whose team it is."""

    name: str
    tenant: str = ""


class Guest(NamedTuple):
    """A user as their token describes them: with the teams and the name that it gives them, if any."""

    user: str
    teams: tuple[Team, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class ProjectAddress:
    """One project of one owner, and its guest unless the owner uses it.

    Raises NoProject if `project_id` is not a valid id, because a path may contain any text.
    """

    owner: str
    project_id: str
    guest: Guest | None = None

    @classmethod
    def from_path(cls, guest: Guest, text: str) -> "ProjectAddress":
        """Read what a path names a project by: its address, or the id of one of the user's own. Raises NoProject.

        There is only one way to write an owner's part.
        """
        part, tilde, project_id = text.rpartition("~")
        owner = owner_named(part) if tilde else guest.user
        return cls(owner, project_id, None if owner == guest.user else guest)

    def __post_init__(self) -> None:
        if not is_id(self.project_id):
            raise NoProject

    @property
    def user(self) -> str:
        """Who uses the project."""
        return self.guest.user if self.guest else self.owner

    @property
    def text(self) -> str:
        """The address in the API, `<owner>~<id>`, which names the project among those of all users."""
        return f"{_owner_part(self.owner)}~{self.project_id}"

    def config(self, session: str = "") -> "ConfigAddress":
        return ConfigAddress(self, session)


class ConfigAddress(NamedTuple):
    """The config of a project or, with a session id, that session's draft."""

    project: ProjectAddress
    session: str = ""


def _owner_part(user: str) -> str:
    """Write a user's id as base64url without padding (RFC 4648, section 5), which needs no escape in a path."""
    return urlsafe_b64encode(user.encode()).decode().rstrip("=")


def owner_named(part: str) -> str:
    """Read an owner's part. Raises NoProject if no owner's is written like this."""
    try:
        owner = urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
    except ValueError:
        raise NoProject from None
    if not owner or _owner_part(owner) != part:
        raise NoProject
    return owner
