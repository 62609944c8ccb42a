"""What the items of a project look like, by which those of an archive are recognized before any of them is used.

An item's key must be that of a project's own item: what it is, of which project, and whose.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from admin.archives.contents import RESTORABLE_UNTIL
from admin.archives.items import ItemError, decoded
from dashboard_store.identifiers import VERSION_DIGITS, ProjectAddress, Role, Team
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Item

_CONFIG: Final = ("version", "digest", "summary")
_TABLE: Final = ("version", "digest", "schema", "updatedAt")
_GRANT: Final = ("since", "incarnation")
_SECRET: Final = ("id", "token", "createdAt", "incarnation")

# The attributes that an item has at least: by the first part of its key, and for shares by the third.
_REQUIRED: Final[Mapping[str, Sequence[str]]] = {
    "PROJECT": ("settings", "summary"),
    "CONFIG": _CONFIG,
    "CONFIGVERSION": _CONFIG,
    "DATA": _TABLE,
    "DATAVERSION": (*_TABLE, "analysisVersion"),
    "ANALYSIS": ("version", "analysisVersion", "updatedAt"),
    "PIN": ("version", "digest"),
    "ROSTER": (),
    "MEMBER": ("user", *_GRANT),
    "TEAM": ("team", "tenant", "role", *_GRANT),
    "INVITATION": (*_SECRET, "role", "until", "uses", "used", "expiresAt"),
    "LINK": _SECRET,
    "REMOVED": ("user", "removedAt", "incarnation", "expiresAt"),
}
_ROLES: Final = (Role.VIEWER.word, Role.EDITOR.word)
_TOKEN: Final = re.compile(r"TOKEN#[A-Za-z0-9_-]{43}")


def read_item(address: ProjectAddress, document: Mapping[str, Any], *kinds: str) -> Item:
    """Read an item of a project, of one of the kinds. Raises ItemError."""
    item = {**decoded(document), "pk": keys.partition(address.owner)}
    parts = str(item["sk"]).split("#")
    kind = parts[2] if parts[0] == "SHARE" and len(parts) > 2 else parts[0]  # noqa: PLR2004 - SHARE, id, kind
    if parts[0] not in kinds or kind not in _REQUIRED:
        raise ItemError(f"{item['sk']} is not expected here")
    absent = [name for name in _REQUIRED[kind] if name not in item]
    if absent:
        raise ItemError(f"{item['sk']} lacks {', '.join(absent)}")
    if item["sk"] != _sort_key(address, kind, parts, item):
        raise ItemError(f"{item['sk']} is not the key of such an item of the project")
    if item.get("listKey", item["sk"]) not in (item["sk"], _place(address, item)):
        raise ItemError(f"{item['sk']} would be listed as {item['listKey']}")
    if kind in {"MEMBER", "TEAM", "INVITATION"} and not set(_ROLES).issuperset(_roles(item)):
        raise ItemError(f"{item['sk']} has a role that there is not")
    return item


def _sort_key(address: ProjectAddress, kind: str, parts: Sequence[str], item: Item) -> str:
    """Return the sort key that an item must have."""
    project, last = address.project_id, parts[-1]
    match kind:
        case "PROJECT" | "DATA" | "ANALYSIS":
            return f"{kind}#{project}"
        case "CONFIG":
            return f"{kind}#{project}#{last}"
        case "CONFIGVERSION":
            return f"{kind}#{project}#{parts[2]}#{item['version']:0{VERSION_DIGITS}}"
        case "DATAVERSION":
            return str(keys.dataset_version(address, item["version"])["sk"])
        case "PIN":
            pinned = keys.pinned_table if "schema" in item else keys.pinned_config
            return str(pinned(address, parts[2])["sk"])
    return str(_share_key(address, kind, item)["sk"])


def _share_key(address: ProjectAddress, kind: str, item: Item) -> Item:
    match kind:
        case "MEMBER":
            return keys.member(address, item["user"])
        case "REMOVED":
            return keys.removed(address, item["user"])
        case "TEAM":
            return keys.team(address, Team(item["team"], item["tenant"]))
        case "INVITATION" | "LINK":
            if not _TOKEN.fullmatch(item["token"]):
                raise ItemError(f"{item['sk']} has no hash of a token")
            return (keys.invitation if kind == "INVITATION" else keys.link)(address, item["id"])
    return keys.roster(address)


def _place(address: ProjectAddress, item: Item) -> str:
    """Return where a list has an item."""
    if not item["sk"].startswith(keys.PROJECTS):
        return str(item["sk"])
    is_deleted = RESTORABLE_UNTIL in item
    return _place_of_deleted(address, item) if is_deleted else keys.listed(address, item["summary"]["updatedAt"])


def _place_of_deleted(address: ProjectAddress, item: Item) -> str:
    """Return where the list has a deleted project: by the moment that it names, if that agrees with the item's end."""
    named = str(item.get("listKey", "")).removeprefix(keys.DELETED_PROJECTS).partition("#")[0]
    try:
        moment = datetime.fromisoformat(named)
        is_its_own = retention.restorable_until(moment) == item[RESTORABLE_UNTIL]
    except (ValueError, OverflowError):
        return ""
    return keys.listed(address, keys.timestamp(moment), keys.DELETED_PROJECTS) if is_its_own else ""


def _roles(item: Item) -> list[str]:
    return [item[name] for name in ("role", "teamRole") if name in item]
