"""What a user has in the table, and what names them there.

| Where | What |
|---|---|
| their own partition | everything |
| partitions of others and of teams | entries of the user's projects in lists |
| others' projects | grants to the user, and notes that they were removed |
| others' projects | drafts, whose keys have the user's hash; uploads that the user started |
| tokens, tickets, connections, followers | those of the user and of their links and invitations |

Versions that the user saved in others' projects stay: they name them by a keyed hash. Scans are consistent and read the
whole table, which costs a read unit per 4 KB of it.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Self

from admin import CannotRunError
from admin.stacks import Storage
from dashboard_store.dynamodb.protocol import marshal, unmarshal
from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.formats import NewerFormat, readable
from dashboard_store.repository.stored_bytes import announced_bytes, stored_bytes

_NAMES: Final = {"#user": "user", "#owner": "owner", "#door": "door", "#summary": "summary", "#by": "startedBy"}
_NAMED: Final = (
    "pk = :partition OR #user = :user OR #owner = :user OR #summary.#owner = :user OR #by.#user = :user "
    "OR contains(sk, :hash) OR contains(#door, :hash) OR begins_with(pk, :connections)"
)
_PROJECTS: Final = (keys.PROJECTS, keys.DELETED_PROJECTS)


class Mention(NamedTuple):
    """An item that a user has or that names them; `size` is in bytes, `object` is the key that it names."""

    pk: str
    sk: str
    size: int
    object: str

    @classmethod
    def of(cls, item: Item) -> Self:
        size = stored_bytes(item) - item.get("objectBytes", 0) - announced_bytes(item)
        return cls(item["pk"], item["sk"], size, item.get("object", ""))

    @property
    def key(self) -> Item:
        return {"pk": self.pk, "sk": self.sk}

    @property
    def kind(self) -> str:
        """The kind of the item, as the first column of the repository's docstring names it."""
        usual = self.sk.removeprefix("DELETED#").split("#")
        if usual[0] == "SHARE":
            return usual[2].lower()
        if self.pk.startswith("FOLLOWERS#") and usual[0] == "CONNECTION":
            return "follower"
        return {"SHARED": "entry", "CONFIGVERSION": "config version", "DATAVERSION": "data version"}.get(
            usual[0], usual[0].lower()
        )

    @property
    def is_live(self) -> bool:
        """Whether it belongs to a connection: `announce` closes that when its user's access has ended."""
        return self.pk.startswith((keys.CONNECTION, "FOLLOWERS#"))

    @property
    def project(self) -> ProjectAddress | None:
        """The project whose item this is, deleted or not; None for any other item."""
        place = self.sk.removeprefix("DELETED#")
        is_one = self.pk.startswith("USER#") and self.sk.startswith(_PROJECTS)
        return keys.project_of({"pk": self.pk, "sk": place}) if is_one else None

    @property
    def place(self) -> ProjectAddress:
        """The project to which an item of a project belongs."""
        _, (_, project_id, *_) = keys.parts(self.key)
        return ProjectAddress(keys.user_of(self.key), project_id)


def find(storage: Storage, user: str, step: Callable[[int, float], object]) -> list[Mention]:
    """Return what a user has and what names them; `step` is called with the items and units of each page.

    Raises CannotRunError if the table has items of a newer release.
    """
    values = {
        ":partition": keys.partition(user),
        ":user": user,
        ":hash": keys.fingerprint(user),
        ":connections": keys.CONNECTION,
    }
    found = _scanned(
        storage,
        step,
        FilterExpression=_NAMED,
        ExpressionAttributeNames=_NAMES,
        ExpressionAttributeValues=marshal(values),
    )
    return [Mention.of(item) for item in found if not _is_anothers(item, user)]


def users(storage: Storage, step: Callable[[int, float], object]) -> Iterator[str]:
    """Yield every user whom the table names, some repeatedly."""
    names = {**_NAMES, "#pk": "pk"}
    names.pop("#door")
    for item in _scanned(
        storage,
        step,
        ProjectionExpression="#pk, #user, #owner, #summary.#owner, #by.#user",
        ExpressionAttributeNames=names,
    ):
        if item["pk"].startswith("USER#"):
            yield keys.user_of(item)
        inner = (item.get("summary", {}).get("owner"), item.get("startedBy", {}).get("user"))
        yield from filter(None, (item.get("user"), item.get("owner"), *inner))


def _scanned(storage: Storage, step: Callable[[int, float], object], **request: Any) -> Iterator[Item]:  # noqa: ANN401
    """Yield the items that a scan finds. Raises CannotRunError."""
    pages = storage.dynamodb.get_paginator("scan").paginate(
        TableName=storage.table, ConsistentRead=True, ReturnConsumedCapacity="TOTAL", **request
    )
    for page in pages:
        step(page["ScannedCount"], page.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
        yield from map(_read, page["Items"])


def _read(wire: Mapping[str, Any]) -> Item:
    try:
        return readable(unmarshal({name: _encoded(value) for name, value in wire.items()}))
    except NewerFormat:
        raise CannotRunError("The table has items of a newer release: use the command of that.") from None


def _encoded(value: Mapping[str, Any]) -> dict[str, Any]:
    """Write a value as DynamoDB sends it: boto3 has decoded what is binary."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: b64encode(content).decode()}
        case "M":
            return {kind: {name: _encoded(each) for name, each in content.items()}}
        case "L":
            return {kind: list(map(_encoded, content))}
    return {kind: content}


def _is_anothers(item: Item, user: str) -> bool:
    """Whether an item is a connection that neither is the user's nor follows a project of theirs."""
    if not item["pk"].startswith(keys.CONNECTION) or item["user"] == user:
        return False
    return not any(_is_owned(text, user) for text in item["follows"])


def _is_owned(text: str, user: str) -> bool:
    """Whether an address, `<owner>~<id>`, is that of a user's project."""
    try:
        return text == ProjectAddress(user, text.rpartition("~")[2]).text
    except NoProject:
        return False
