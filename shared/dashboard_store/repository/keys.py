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
_DELETED: Final = "DELETED#"
DELETED_PROJECTS: Final = f"{_DELETED}{PROJECTS}"
_USERS: Final = "USER#"


def partition(user: str) -> str:
    return f"{_USERS}{user}"


def user_of(item: Item) -> str:
    """Read the user to whom an item belongs."""
    user: str = item["pk"].removeprefix(_USERS)
    return user


def parts(item: Item) -> tuple[bool, list[str]]:
    """Read whether an item belongs to a deleted project, and its kind, the project's id and what follows."""
    usual = item["sk"].removeprefix(_DELETED)
    return usual != item["sk"], usual.split("#")


def project(address: ProjectAddress) -> Item:
    return _key(address, "PROJECT")


def project_of(item: Item) -> ProjectAddress:
    """Read the address of a project from its item."""
    return ProjectAddress(user_of(item), item["sk"].removeprefix(PROJECTS))


def config(address: ConfigAddress) -> Item:
    """Return the key of a config's newest version."""
    return _key(address.project, "CONFIG", f"#{address.session}")


def configs(address: ProjectAddress) -> str:
    """Return the common prefix of a project's config and its drafts."""
    return f"CONFIG#{address.project_id}#"


def config_version(address: ConfigAddress, version: int) -> Item:
    return _key(address.project, "CONFIGVERSION", f"#{address.session}#{_padded(version)}")


def config_versions(address: ConfigAddress) -> str:
    """Return the common prefix of all versions of a config."""
    return f"CONFIGVERSION#{address.project.project_id}#{address.session}#"


def history(address: ProjectAddress) -> str:
    """Return the common prefix of all versions of a project's config and its drafts."""
    return f"CONFIGVERSION#{address.project_id}#"


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


def uploads(address: ProjectAddress) -> str:
    """Return the common prefix of a project's uploads."""
    return f"UPLOAD#{address.project_id}#"


def belongings(address: ProjectAddress) -> tuple[str, ...]:
    """Return the prefixes of what stays in its place of a deleted project: all but the four items that move aside."""
    return configs(address), history(address), uploads(address), f"DATAVERSION#{address.project_id}#"


def deleted(key: Item) -> Item:
    """Return the key under which an item of a deleted project is kept until it is restored or purged."""
    return {"pk": key["pk"], "sk": f"{_DELETED}{key['sk']}"}


def usage(user: str) -> Item:
    """Return the key of what a user stores: the sums that quotas limit."""
    return {"pk": partition(user), "sk": "USAGE"}


def fence(user: str) -> Item:
    """Return the key of what a recount writes before and after it reads."""
    return {"pk": partition(user), "sk": "FENCE"}


def rate(user: str) -> Item:
    """Return the key of the bucket that limits a user's writes."""
    return {"pk": partition(user), "sk": "RATE"}


def is_counter(item: Item) -> bool:
    """Whether an item serves to count what its user does, and is not stored by them."""
    return bool(item["sk"].startswith(("RATE", "USAGE", "FENCE")))


def listed(address: ProjectAddress, updated_at: str) -> str:
    """Return a project's `listKey`, the sort key of lists."""
    return f"{PROJECTS}{updated_at}#{address.project_id}"


def folder(address: ProjectAddress) -> str:
    """Return the part of an object's key that is unique to the project; it does not disclose the user."""
    return f"{hashlib.sha256(address.owner.encode()).hexdigest()}/{address.project_id}"


def announced_file(address: ProjectAddress, upload_id: str) -> str:
    """Return the key of the object of an announced file."""
    return f"uploads/{folder(address)}/{upload_id}"


def job(address: ProjectAddress, upload_id: str) -> str:
    """Return the key of the object with what the function that reads an upload needs to know."""
    return f"{announced_file(address, upload_id)}.json"


def timestamp(moment: datetime) -> str:
    """Format a time as RFC 3339 in UTC with milliseconds, as the contract requires."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _key(address: ProjectAddress, kind: str, rest: str = "") -> Item:
    return {"pk": partition(address.owner), "sk": f"{kind}#{address.project_id}{rest}"}


def _padded(version: int) -> str:
    return f"{version:0{VERSION_DIGITS}}"
