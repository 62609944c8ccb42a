"""The key of each item and object; the package's docstring describes what each holds.

Keys outlive the code: a stored item can be found only under the key that it was written with.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final

from dashboard_store.errors import NotFound
from dashboard_store.identifiers import VERSION_DIGITS, ConfigAddress, ProjectAddress, is_id
from dashboard_store.repository.expressions import Item

PROJECTS: Final = "PROJECT#"
_USERS: Final = "USER#"


def partition(user: str) -> str:
    return f"{_USERS}{user}"


def project(address: ProjectAddress) -> Item:
    return _key(address, "PROJECT")


def project_of(item: Item) -> ProjectAddress:
    """Read the address of a project from its item."""
    return ProjectAddress(item["pk"].removeprefix(_USERS), item["sk"].removeprefix(PROJECTS))


def config(address: ConfigAddress) -> Item:
    """Return the key of a config's newest version."""
    return _key(address.project, "CONFIG", f"#{address.session}")


def config_version(address: ConfigAddress, version: int) -> Item:
    return _key(address.project, "CONFIGVERSION", f"#{address.session}#{_padded(version)}")


def config_versions(address: ConfigAddress) -> str:
    """Return the common prefix of all versions of a config."""
    return f"CONFIGVERSION#{address.project.project_id}#{address.session}#"


def dataset(address: ProjectAddress) -> Item:
    """Return the key of the newest table."""
    return _key(address, "DATA")


def dataset_version(address: ProjectAddress, version: int) -> Item:
    return _key(address, "DATAVERSION", f"#{_padded(version)}")


def analysis(address: ProjectAddress) -> Item:
    return _key(address, "ANALYSIS")


def upload(address: ProjectAddress, upload_id: str) -> Item:
    """Return the key of an upload. Raises NotFound for text that is not an id, because a path may contain any text."""
    if not is_id(upload_id):
        raise NotFound("This upload does not exist.")
    return _key(address, "UPLOAD", f"#{upload_id}")


def deleted(key: Item) -> Item:
    """Return the key under which an item of a deleted project is kept until it is restored or purged."""
    return {"pk": key["pk"], "sk": f"DELETED#{key['sk']}"}


def rate_window(user: str, window: datetime) -> Item:
    """Return the key of the counter of a user's writes in the minute that begins at `window`."""
    return {"pk": partition(user), "sk": f"RATE#{_utc(window, 'minutes')}"}


def listed(address: ProjectAddress, updated_at: str) -> str:
    """Return a project's `listKey`, the sort key of lists."""
    return f"{PROJECTS}{updated_at}#{address.project_id}"


def folder(address: ProjectAddress) -> str:
    """Return the part of an object's key that is unique to the project; it does not disclose the user."""
    return f"{hashlib.sha256(address.owner.encode()).hexdigest()}/{address.project_id}"


def timestamp(moment: datetime) -> str:
    """Format a time as RFC 3339 in UTC with milliseconds, as the contract requires."""
    return _utc(moment, "milliseconds")


def _key(address: ProjectAddress, kind: str, rest: str = "") -> Item:
    return {"pk": partition(address.owner), "sk": f"{kind}#{address.project_id}{rest}"}


def _padded(version: int) -> str:
    return f"{version:0{VERSION_DIGITS}}"


def _utc(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
