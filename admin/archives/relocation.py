"""Bring a project into being at another place: of another deployment, of another user, or again where it was.

What the place decides is made for it: keys, objects, the ids of people, what tokens point to, and what the lists of
others show. Everything else stays as it was, also when something ends; what has ended by now is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from admin.archives.contents import PLACE, RESTORABLE_UNTIL, Contents, is_table, read_contents, without
from admin.arrivals import Arrivals
from admin.erasing.notes import erased_among
from dashboard_store.errors import NoProject, ProjectExists, QuotaExceeded, StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import EXISTS, Item, Write, delete, put, update
from dashboard_store.repository.grants import incarnation_of
from dashboard_store.repository.invitations import INVITATION
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.repository.links import LINK
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.shares import elsewhere, listed
from dashboard_store.repository.stored_bytes import BY_MEMBER
from dashboard_store.repository.uploads import new_upload_id
from dashboard_store.repository.usage import FULL, MEMBERS_FULL
from dashboard_store.store import Store

_MOVES_TO: Final = "movesTo"
"""The mark on a project that is given to another owner: who that is."""

# The verdicts of a deployment on what its user stores, to which another one comes itself; and the mark of a move.
_OF_THE_OLD_PLACE: Final = (FULL, MEMBERS_FULL, _MOVES_TO)


@dataclass
class Relocation:
    """How a project comes to a target. `is_given`: its owner is another person from now on, not only another id.

    `expired` counts the items that have expired, `taken` those whose secret is in use elsewhere, `doubled` the drafts
    of a new owner that another one has the name of, `erased` the people who were erased here and do not come back.
    """

    store: Store
    contents: Contents
    target: ProjectAddress
    is_given: bool = False
    expired: int = 0
    taken: int = 0
    doubled: int = 0
    erased: int = 0
    _takeovers: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._arrivals = Arrivals(self.store)
        self._ids = {old: self._new_id(user) for old, user in self.contents.people.items()}
        self._is_moved = self.target.owner != self.contents.address.owner
        notes = self.store.items.query(keys.ERASED)
        gone = erased_among(sorted(self.contents.people.values()), notes)
        self._erased = {user: f"{keys.fingerprint(user)}." for user in gone if user != self.contents.address.owner}
        self._mine = f"{keys.fingerprint(self.target.owner)}."
        self._sessions = self._owners_sessions() if self._is_moved and not self.is_given else frozenset()
        own = next((item for item in self.contents.shares if item.get("user") == self.target.owner), {})
        self._name = own.get("name", "") if self.is_given else None

    @property
    def is_over(self) -> bool:
        """Whether a deleted project can no longer be restored."""
        return bool(self.contents.project.get(RESTORABLE_UNTIL, self._seconds + 1) <= self._seconds)

    def arrive(self) -> None:
        """Create the project. Raises ProjectExists, QuotaExceeded or StorageUnavailable, and like `Contents`."""
        heads = [self._head(item) for item in self.contents.heads]
        self._arrivals.create(self.target, heads, self._before(), self._takeovers)

    def pointers(self) -> Iterator[tuple[Item, Item]]:
        """Yield each invitation and link that is still open, and what its token is to point to."""
        for item in self.contents.shares:
            if "token" in item and not self._has_expired(item):
                yield item, self._pointer(item)

    @property
    def _seconds(self) -> float:
        return self.store.now().timestamp()

    def _new_id(self, user: str) -> str | None:
        """Return the id of a user at the target, None for somebody who is to be forgotten there."""
        if user == self.contents.address.owner:
            if self.is_given:
                return None
            user = self.target.owner
        return member_id(self.store.settings.log_key, self.target, user)

    def _owners_sessions(self) -> frozenset[str]:
        drafts = (keys.parts(item)[1] for item in self.contents.drafts())
        return frozenset(parts[2] for parts in drafts if "." not in parts[2])

    def _head(self, item: Item) -> Item:
        made = self._placed(self._made(item))
        return {**made, **keys.deleted(made)} if self.contents.is_deleted else made

    def _before(self) -> Iterator[Item]:
        """Yield all other items, those that have not expired."""
        for item in self.contents.versions():
            if not self._is_left_out(item):
                yield self._made(item)
        for item in self.contents.drafts():
            draft = self._draft(item)
            if draft and not self._is_left_out(item):
                yield draft
        for item in self.contents.tables:
            if not self._is_left_out(item):
                yield self._placed(self._made(item))
        for item in self.contents.shares:
            if not self._is_left_out(item):
                yield from self._share(item)

    def _is_left_out(self, item: Item) -> bool:
        has_expired = self._has_expired(item)
        self.expired += has_expired
        return has_expired

    def _has_expired(self, item: Item) -> bool:
        return retention.has_expired(item, self.store.now())

    def _made(self, item: Item) -> Item:
        """Return an item as it is at the target."""
        made = {**without(item, *_OF_THE_OLD_PLACE), "pk": keys.partition(self.target.owner)}
        by = item.get("summary", {}).get("updatedBy")
        if by is None:
            return made
        by_id = self._ids.get(by["id"], by["id"])
        summary = without(item["summary"], "updatedBy") | ({"updatedBy": {**by, "id": by_id}} if by_id else {})
        return {**made, "summary": summary}

    def _draft(self, item: Item) -> Item | None:
        """Return a draft, or a version of one, as it is at the target; None if it does not come along."""
        parts = item["sk"].split("#")
        made, is_owners = self._made(item), "." not in parts[2]
        if is_owners:
            return None if self.is_given else made
        if parts[2].startswith(tuple(self._erased.values())):
            return None
        if not parts[2].startswith(self._mine):
            return made
        session = parts[2].removeprefix(self._mine)
        if session in self._sessions:
            self.doubled += parts[0] == "CONFIG"
            return None
        # Who was a guest is the owner now.
        sk = "#".join([*parts[:2], session, *parts[3:]])
        place = {"listKey": sk} if "listKey" in made else {}
        return {**without(made, BY_MEMBER), "sk": sk, **place}

    def _placed(self, item: Item) -> Item:
        """Store a table's rows; an item that is not a table's is returned as it is."""
        if not is_table(item):
            return item
        made, stored = without(item, *PLACE), self.contents.stored(item)
        if stored is None:
            # As before: the table is there, and its rows are gone.
            name = item["object"].rpartition("/")[2]
            gone = f"tables/{keys.folder(self.target)}/{new_upload_id()}/{name}"
            return {**made, "object": gone, "objectBytes": item["objectBytes"]}
        place, takeover = self.store.dataset_writes.placed_for(self.target, stored)
        self._takeovers += takeover
        return {**made, **place}

    def _share(self, item: Item) -> Iterator[Item]:
        """Yield what lets others in, and what belongs to it in other partitions."""
        if item.get("user") in self._erased:
            self.erased += 1
            return
        if item.get("user") == self.target.owner:
            return
        made = self._made(item)
        if "token" in item:
            if not self.is_given:
                pointer = self._pointer(item)
                if self._is_taken(pointer):
                    self.taken += 1
                    return
                yield pointer
        elif "ownerName" in made and self._name is not None:
            made = without(made, "ownerName") | ({"ownerName": self._name} if self._name else {})
        yield made
        if item["sk"] in self.contents.listed:
            yield self._entry(made, self.contents.listed[item["sk"]] if self._name is None else self._name)

    def _entry(self, grant: Item, owner_name: str) -> Item:
        """Return what the list of a member or team has of the project."""
        (key,) = elsewhere(self.target, grant)
        return {**key, **listed(self.target, grant["since"], owner_name)}

    def _pointer(self, item: Item) -> Item:
        """Return what a token is for; the item names it by its hash."""
        (key,) = elsewhere(self.target, item)
        is_link = item["sk"].split("#")[2] == "LINK"
        what = {"kind": LINK, "isPinned": "version" in item} if is_link else {"kind": INVITATION}
        ends = {"expiresAt": item["expiresAt"]} if "expiresAt" in item else {}
        place = {"owner": self.target.owner, "projectId": self.target.project_id, "id": item["id"]}
        return {**key, **what, **place, **ends}

    def _is_taken(self, pointer: Item) -> bool:
        """Whether the token lets into a project that is elsewhere."""
        found = self.store.items.get({"pk": pointer["pk"], "sk": pointer["sk"]})
        if found is None or (found["owner"], found["projectId"]) == (pointer["owner"], pointer["projectId"]):
            return False
        place = keys.project(ProjectAddress(found["owner"], found["projectId"]))
        return any(self.store.items.get_together([place, keys.deleted(place)]))


def move(store: Store, address: ProjectAddress, other_owner: str) -> Relocation:
    """Give a project to another owner, with its history and all who may use it, under the same id.

    The other owner's own grant goes, the old owner is not even a member, and nothing names them any more. What stays
    at the old place is for the caller to remove, except invitations and links, which lead to the new place. From the
    beginning, nobody can save at the old place: those who try are answered as if its owner could store no more. An
    interrupted move is repeated. Raises NoProject, ProjectExists, QuotaExceeded or StorageUnavailable.
    """
    target = ProjectAddress(other_owner, address.project_id)
    begun = _Beginning.of(store, address, target)
    contents = read_contents(store, address)
    if contents is None:
        raise NoProject
    relocation = Relocation(store, contents, target, is_given=True)
    try:
        relocation.arrive()
    except ProjectExists:
        if not (begun.before and _has_arrived(store, contents, target)):
            begun.undo(store)
            raise
    except QuotaExceeded:
        begun.undo(store)
        raise
    # Otherwise removing the old project would end them.
    for item, pointer in relocation.pointers():
        store.items.transact(put(pointer), delete({"pk": item["pk"], "sk": item["sk"]}))
    return relocation


class _Beginning(NamedTuple):
    """The marks on a project that moves; `before` says whether an earlier attempt has put them."""

    key: Item
    before: bool
    was_full: bool

    @classmethod
    def of(cls, store: Store, address: ProjectAddress, target: ProjectAddress) -> Self:
        """Keep everybody from saving, and note where the project moves. Raises NoProject or ProjectExists."""
        place = keys.project(address)
        project = next(filter(None, store.items.get_together([place, keys.deleted(place)])), None)
        if project is None:
            raise NoProject
        begun = cls({"pk": project["pk"], "sk": project["sk"]}, project.get(_MOVES_TO) == target.owner, FULL in project)
        if not begun.before:
            Arrivals(store).require_absent(target)
            begun._change(store, {_MOVES_TO: target.owner, FULL: True}, ())
        return begun

    def undo(self, store: Store) -> None:
        self._change(store, {}, (_MOVES_TO,) if self.was_full and not self.before else (_MOVES_TO, FULL))

    def _change(self, store: Store, marks: Mapping[str, Any], gone: Sequence[str]) -> None:
        try:
            store.items.write_alone(update(self.key, marks, EXISTS, remove=gone))
        except ConditionFailed as exc:
            raise StorageUnavailable("The project was deleted or restored meanwhile. Try again.") from exc


def _has_arrived(store: Store, contents: Contents, target: ProjectAddress) -> bool:
    """Whether what is at the target is the project itself, and not another one of its id."""
    place = keys.project(target)
    found = filter(None, store.items.get_together([place, keys.deleted(place)]))
    return any(incarnation_of(item) == incarnation_of(contents.project) for item in found)
