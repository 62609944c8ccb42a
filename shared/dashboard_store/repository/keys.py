"""How items are named; the package's docstring says what each holds."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from dashboard_store.errors import NotFound
from dashboard_store.repository.items import Item

PROJECTS: Final = "PROJECT#"
# Zero-padded, so that the order of the texts is the order of the numbers.
VERSION_DIGITS: Final = 12

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """One project of one user; `user` is the token's verified `sub`. Raises NotFound for what is no project's id."""

    user: str
    project_id: str

    def __post_init__(self) -> None:
        # An address may hold anything, and DynamoDB takes no key of more than 1,024 bytes.
        if not _ID.fullmatch(self.project_id):
            raise NotFound("There is no such project.")

    @property
    def pk(self) -> str:
        return user_partition(self.user)

    def item(self, kind: str, rest: str = "") -> Item:
        return {"pk": self.pk, "sk": f"{kind}#{self.project_id}{rest}"}

    @property
    def project(self) -> Item:
        return self.item("PROJECT")

    @property
    def data(self) -> Item:
        return self.item("DATA")

    @property
    def analysis(self) -> Item:
        return self.item("ANALYSIS")

    def data_version(self, version: int) -> Item:
        return self.item("DATAVERSION", f"#{version:0{VERSION_DIGITS}}")

    def upload(self, upload_id: str) -> Item:
        if not _ID.fullmatch(upload_id):
            raise NotFound("There is no such upload.")
        return self.item("UPLOAD", f"#{upload_id}")

    @property
    def folder(self) -> str:
        """The part of an object's key that nobody else's objects have; it does not tell who the user is."""
        return f"{hashlib.sha256(self.user.encode()).hexdigest()}/{self.project_id}"

    def deleted(self, item: Item) -> Item:
        """Name the place where an item of a deleted project is kept until it is restored or purged."""
        return {"pk": item["pk"], "sk": f"DELETED#{item['sk']}"}

    def config(self, session: str = "") -> "ConfigKey":
        return ConfigKey(self, session)

    def listed(self, updated_at: str) -> str:
        return f"{PROJECTS}{updated_at}#{self.project_id}"


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A project's config, or with a session that session's draft."""

    project: ProjectKey
    session: str = ""

    @property
    def head(self) -> Item:
        return {"pk": self.project.pk, "sk": f"CONFIG#{self.project.project_id}#{self.session}"}

    def version(self, version: int) -> Item:
        name = f"CONFIGVERSION#{self.project.project_id}#{self.session}#{version:0{VERSION_DIGITS}}"
        return {"pk": self.project.pk, "sk": name}


def rate_window(user: str, window: datetime) -> Item:
    """Name the counter of a user's writes in the minute that begins at a moment."""
    return {"pk": user_partition(user), "sk": f"RATE#{_utc(window, 'minutes')}"}


def user_partition(user: str) -> str:
    return f"USER#{user}"


def timestamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds, as the contract has it."""
    return _utc(moment, "milliseconds")


def _utc(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
