"""The key of each item and object; the package's docstring describes what each holds.

Keys outlive the code: a stored item can be found only under the key that it was written with.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from dashboard_store.errors import NotFound
from dashboard_store.identifiers import VERSION_DIGITS, ConfigAddress, ProjectAddress, Team, is_id
from dashboard_store.repository.expressions import Item

PROJECTS: Final = "PROJECT#"
_DELETED: Final = "DELETED#"
DELETED_PROJECTS: Final = f"{_DELETED}{PROJECTS}"
SHARED: Final = "SHARED#"
CONNECTION: Final = "CONNECTION#"
ERASED: Final = "ERASED"
_USERS: Final = "USER#"
# Kinds of items that are not what their user stores: they serve to count it, or to let others in. The release before
# has its buckets, RATE, in the partitions of their users.
_UNCOUNTED: Final = ("RATE", "USAGE", "FENCE", "SHARE", "CONNECTIONS")


def partition(user: str) -> str:
    return f"{_USERS}{user}"


def user_of(item: Item) -> str:
    """Read the user to whom an item belongs."""
    user: str = item["pk"].removeprefix(_USERS)
    return user


def name(key: Item) -> tuple[str, str]:
    """Return what an item, or its key, is found under in a mapping."""
    return key["pk"], key["sk"]


def parts(item: Item) -> tuple[bool, list[str]]:
    """Read whether an item belongs to a deleted project, and its kind, the project's id and what follows."""
    usual = item["sk"].removeprefix(_DELETED)
    return usual != item["sk"], usual.split("#")


def project(address: ProjectAddress) -> Item:
    return _key(address, "PROJECT")


def project_of(item: Item) -> ProjectAddress:
    """Read the address of a project from its item, deleted or not."""
    return ProjectAddress(user_of(item), item["sk"].rpartition("#")[2])


def config(address: ConfigAddress) -> Item:
    """Return the key of a config's newest version."""
    return _key(address.project, "CONFIG", f"#{_draft(address)}")


def configs(address: ProjectAddress) -> str:
    """Return the common prefix of a project's config and all drafts."""
    return f"CONFIG#{address.project_id}#"


def is_draft_of(item: Item, address: ProjectAddress) -> bool:
    """Whether an item under `configs` is a draft of the project's user."""
    mine, draft = _drafts(address), item["sk"].removeprefix(configs(address))
    return draft.startswith(mine) if mine else "." not in draft


def config_version(address: ConfigAddress, version: int) -> Item:
    return _key(address.project, "CONFIGVERSION", f"#{_draft(address)}#{_padded(version)}")


def config_versions(address: ConfigAddress) -> str:
    """Return the common prefix of all versions of a config."""
    return f"CONFIGVERSION#{address.project.project_id}#{_draft(address)}#"


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
    return configs(address), history(address), uploads(address), f"DATAVERSION#{address.project_id}#", pins(address)


def deleted(key: Item) -> Item:
    """Return the key under which an item of a deleted project is kept until it is restored or purged."""
    return {"pk": key["pk"], "sk": f"{_DELETED}{key['sk']}"}


def usage(user: str) -> Item:
    """Return the key of what a user stores: the sums that quotas limit."""
    return {"pk": partition(user), "sk": "USAGE"}


def fence(user: str) -> Item:
    """Return the key of what a recount writes before and after it reads."""
    return {"pk": partition(user), "sk": "FENCE"}


def rate(log_key: str, user: str) -> Item:
    """Return the key of the bucket that limits a user's writes: it names nobody, so it outlives what they stored."""
    return {"pk": f"RATE#{keyed_hash(log_key, user)}", "sk": "RATE"}


def erased(log_key: str, user: str) -> Item:
    """Return the key of the note that a user was erased, which names nobody without the deployment's key."""
    return {"pk": ERASED, "sk": f"USER#{keyed_hash(log_key, user)}"}


@lru_cache(maxsize=1_024)
def keyed_hash(log_key: str, user: str) -> str:
    """Return the HMAC-SHA256 of a user's id under the deployment's key, as base64url."""
    return urlsafe_b64encode(hmac.digest(log_key.encode(), user.encode(), "sha256")).decode().rstrip("=")


def is_stored(item: Item) -> bool:
    """Whether an item counts as stored by its user."""
    return not item["sk"].startswith(_UNCOUNTED)


def is_fence(item: Item) -> bool:
    return bool(item["sk"] == "FENCE")


def shares(address: ProjectAddress) -> str:
    """Return the common prefix of all that lets others into a project."""
    return f"SHARE#{address.project_id}#"


def roster(address: ProjectAddress) -> Item:
    """Return the key of what counts the changes to who may what."""
    return _key(address, "SHARE", "#ROSTER")


def member(address: ProjectAddress, user: str) -> Item:
    return _key(address, "SHARE", f"#MEMBER#{fingerprint(user)}")


def removed(address: ProjectAddress, user: str) -> Item:
    """Return the key of the note that a member was removed."""
    return _key(address, "SHARE", f"#REMOVED#{fingerprint(user)}")


def team(address: ProjectAddress, team: Team) -> Item:
    return _key(address, "SHARE", f"#TEAM#{fingerprint(*team)}")


def invitation(address: ProjectAddress, invitation_id: str) -> Item:
    return _key(address, "SHARE", f"#INVITATION#{invitation_id}")


def link(address: ProjectAddress, link_id: str) -> Item:
    return _key(address, "SHARE", f"#LINK#{link_id}")


def pins(address: ProjectAddress) -> str:
    """Return the common prefix of what a project's links have pinned."""
    return f"PIN#{address.project_id}#"


def pinned_config(address: ProjectAddress, link_id: str) -> Item:
    return _key(address, "PIN", f"#{link_id}#CONFIG")


def pinned_table(address: ProjectAddress, link_id: str) -> Item:
    return _key(address, "PIN", f"#{link_id}#DATA")


def shared_with(user: str, address: ProjectAddress) -> Item:
    """Return the key under which a member's list has a project."""
    return {"pk": partition(user), "sk": f"{SHARED}{fingerprint(address.owner, address.project_id)}"}


def shared_with_team(team: Team, address: ProjectAddress) -> Item:
    """Return the key under which the list of a team's members has a project."""
    return {**shared_with("", address), "pk": team_partition(team)}


def team_partition(team: Team) -> str:
    return f"TEAM#{fingerprint(*team)}"


def token(token: str) -> Item:
    """Return the key of what an invitation's or a link's token is for."""
    return {"pk": f"TOKEN#{fingerprint(token)}", "sk": "TOKEN"}


def ticket(ticket: str) -> Item:
    """Return the key of what a ticket for a connection is good for."""
    return {"pk": f"TICKET#{fingerprint(ticket)}", "sk": "TICKET"}


def connections(user: str) -> Item:
    """Return the key of what counts a user's open connections."""
    return {"pk": partition(user), "sk": "CONNECTIONS"}


def connection(connection_id: str) -> Item:
    """Return the key of an open connection."""
    return {"pk": f"{CONNECTION}{connection_id}", "sk": "CONNECTION"}


def followers(address: ProjectAddress) -> str:
    """Return the partition of a project's followers, which keeps their writes away from its owner's."""
    return f"FOLLOWERS#{fingerprint(address.owner, address.project_id)}"


def follower(address: ProjectAddress, connection_id: str) -> Item:
    """Return the key of a connection as the follower of a project."""
    return {"pk": followers(address), "sk": f"{CONNECTION}{connection_id}"}


def announced(address: ProjectAddress) -> Item:
    """Return the key of when a project was announced to its followers."""
    return {"pk": followers(address), "sk": "ANNOUNCED"}


def fingerprint(*texts: str) -> str:
    """Return the SHA-256 of texts as base64url: of a fixed length, and without `#`, whatever the texts are."""
    whole = b"".join(b"%d:%b" % (len(text.encode()), text.encode()) for text in texts)
    return urlsafe_b64encode(hashlib.sha256(whole).digest()).decode().rstrip("=")


def listed(address: ProjectAddress, updated_at: str, among: str = PROJECTS) -> str:
    """Return a project's `listKey`, the sort key of lists; a deleted one's is among others, by when it was deleted."""
    return f"{among}{updated_at}#{address.project_id}"


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


def _drafts(address: ProjectAddress) -> str:
    """Return what a guest's drafts begin with; the owner's have the names of their sessions, which contain no dot."""
    return f"{fingerprint(address.guest.user)}." if address.guest else ""


def _draft(address: ConfigAddress) -> str:
    """Return what names a draft in its project; empty for the config itself."""
    return _drafts(address.project) + address.session if address.session else ""


def _padded(version: int) -> str:
    return f"{version:0{VERSION_DIGITS}}"
