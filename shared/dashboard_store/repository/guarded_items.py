"""The items of a project for a guest: no read is answered and no write happens without a grant (see `grants`).

The first read of a request brings the grants along in its own call, and only a guest whom one of them lets in gets what
it found. Every write requires, in its own transaction, that this grant is still there, so none passes that was under
way when the grant ended. It also requires that the project is the one that the grant is for, and that its members may
store more.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final, NoReturn

from dashboard_store.dynamodb.protocol import marshal, serialize
from dashboard_store.errors import NoProject
from dashboard_store.identifiers import Guest, ProjectAddress, Role
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import IS_NEW, Condition, Item, Write, also, check, put
from dashboard_store.repository.grants import Door, Grant, doors, granted, incarnation_of, require_role
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.stored_bytes import BY_MEMBER
from dashboard_store.repository.usage import MEMBERS_FULL

TEAMS_AT_ONCE: Final = 20
"""How many of a token's teams are looked up together; further ones only where these let nobody in."""

_TRUE: Final = serialize(value=True)

type _Read = Callable[[Sequence[Item]], Sequence[Item | None]]


class GuardedItems(Items):
    """The items of a table for the guest of a project; `needed` is the least role that may use them."""

    def __init__(self, items: Items, address: ProjectAddress, needed: Role, now: Callable[[], datetime]) -> None:
        # The same table and transport; the calls are those of `items`, which counts their units.
        vars(self).update(vars(items))
        self._call = items._call  # type: ignore[method-assign]  # noqa: SLF001 - of the same class
        self._address = address
        self._guest = address.guest or Guest(address.owner)
        self._needed = needed
        self._now = now
        self._doors = doors(address, self._guest)
        self._grant: Grant | None = None
        self._is_known = False
        """Whether the project has an item for the guest, so that the owner sees who saves through a team."""

    def require(self, role: Role) -> None:
        """Let in nobody from now on whose role is smaller. Raises Forbidden."""
        self._needed = max(self._needed, role)
        if self._grant:
            require_role(self._grant, self._needed)

    def role(self) -> Role:
        """Return the guest's role. Raises NoProject or Forbidden."""
        return self.grant().role

    def grant(self) -> Grant:
        """Return the grant that lets the guest in. Raises NoProject or Forbidden."""
        if self._grant is None:
            self._let_in([], super().get_together)
        return require_role(self._grant, self._needed)

    def get(self, key: Item) -> Item | None:
        (found,) = [super().get(key)] if self._grant else self._let_in([key], super().get_together)
        return found

    def get_together(self, keys: Sequence[Item]) -> list[Item | None]:
        return super().get_together(keys) if self._grant else self._let_in(keys, super().get_together)

    def get_snapshot(self, keys: Sequence[Item]) -> list[Item | None]:
        return super().get_snapshot(keys) if self._grant else self._let_in(keys, super().get_snapshot)

    def query(self, pk: str, prefix: str = "", names: Sequence[str] = ()) -> Iterator[Item]:
        self.role()
        return super().query(pk, prefix, names)

    def query_newest(self, pk: str, prefix: str, page: int, after: Item | None = None) -> Iterator[Item]:
        self.role()
        return super().query_newest(pk, prefix, page, after)

    def transact(self, *writes: Write, attempts: float = math.inf) -> None:
        while True:
            grant = self._grant or self._found()
            bound = self._bound(grant, writes)
            try:
                super().transact(*bound, attempts=attempts)
            except ConditionFailed as exc:
                found, added = exc.found[: len(writes)], exc.found[len(writes) :]
                self._require_project(grant, zip(bound, exc.found, strict=True))
                if any(item is not None for item in added):
                    # The grant ended or changed, or the guest has just become known: look again.
                    self._grant = None
                    continue
                raise ConditionFailed(found) from exc
            self._is_known = True
            return

    def write_alone(self, write: Write) -> None:
        self.transact(write)

    def put_many(self, items: Sequence[Item]) -> NoReturn:
        raise NotImplementedError("What a guest puts is put in transactions.")

    def delete_many(self, keys: Sequence[Item]) -> NoReturn:
        raise NotImplementedError("What a guest removes is removed in transactions.")

    def _let_in(self, wanted: Sequence[Item], read: _Read) -> list[Item | None]:
        """Read items together with the project and the grants. Raises NoProject or Forbidden instead of returning."""
        near, far = self._doors[: TEAMS_AT_ONCE + 1], self._doors[TEAMS_AT_ONCE + 1 :]
        place = keys.project(self._address)
        added = [key for key in (place, *(door.key for door in near)) if key not in wanted]
        found = {keys.name(key): item for key, item in zip([*wanted, *added], read([*wanted, *added]), strict=True)}
        project = found[keys.name(place)]
        if project is None:
            raise NoProject
        self._admit([(door, found[keys.name(door.key)]) for door in near], far, incarnation_of(project))
        return [found[keys.name(key)] for key in wanted]

    def _found(self) -> Grant:
        """Look up the grants for a write, which itself requires the project. Raises NoProject or Forbidden."""
        found = self._behind(self._doors[: TEAMS_AT_ONCE + 1])
        grant = granted(found)
        if grant is None or grant.role < self._needed:
            # Only where the project exists may they learn that their role is too small.
            self._let_in([], super().get_together)
            return require_role(self._grant, self._needed)
        self._is_known, self._grant = found[0][1] is not None, grant
        return grant

    def _behind(self, some: Sequence[Door]) -> list[tuple[Door, Item | None]]:
        return list(zip(some, super().get_together([door.key for door in some]), strict=True))

    def _admit(self, found: list[tuple[Door, Item | None]], far: Sequence[Door], incarnation: str) -> None:
        self._is_known = found[0][1] is not None
        grant = granted(found, incarnation)
        for some in batched(far, TEAMS_AT_ONCE, strict=False):
            if grant and grant.role >= self._needed:
                break
            found += self._behind(some)
            grant = granted(found, incarnation)
        self._grant = require_role(grant, self._needed)

    def _bound(self, grant: Grant, writes: Sequence[Write]) -> list[Write]:
        """Bind writes to the grant and the project: what is added comes after them."""
        place = keys.project(self._address)
        is_same = Condition("#summary.#createdAt = :grantedFor", {"grantedFor": grant.incarnation})
        named = [also(write, self._permitted(is_same)) if _is_on(write, place) else _marked(write) for write in writes]
        added = [check(grant.door.key, grant.condition(self._needed))]
        if not any(_is_on(write, place) for write in writes):
            added.append(check(place, is_same))
        if grant.door.team and not self._is_known and self._needed >= Role.EDITOR:
            added.append(put(self._seen(grant), IS_NEW))
        return [*named, *added]

    def _permitted(self, is_same: Condition) -> Condition:
        """Require of the project also that its members may store more, unless a viewer's request writes."""
        if self._needed < Role.EDITOR:
            return is_same
        return Condition(f"{is_same.expression} AND attribute_not_exists(#{MEMBERS_FULL})", is_same.values)

    def _seen(self, grant: Grant) -> Item:
        """Build the item that shows the owner who saves through a team."""
        name = {"name": self._guest.name} if self._guest.name else {}
        own = {"user": self._guest.user, "since": keys.timestamp(self._now()), "incarnation": grant.incarnation, **name}
        return {
            **keys.member(self._address, self._guest.user),
            **own,
            "teams": [grant.door.key["sk"]],
            "teamRole": grant.role.word,
        }

    def _require_project(self, grant: Grant, outcomes: Iterable[tuple[Write, Item | None]]) -> None:
        """Raise NoProject if writes failed because the project is gone, or another one by now."""
        place = keys.project(self._address)
        for write, item in outcomes:
            if item is not None and _is_on(write, place) and (not item or incarnation_of(item) != grant.incarnation):
                raise NoProject


def _is_on(write: Write, key: Item) -> bool:
    """Whether a write is on the item with a key."""
    ((kind, part),) = write.items()
    named: dict[str, Any] = part["Item" if kind == "Put" else "Key"]
    return {name: named[name] for name in key} == marshal(key)


def _marked(write: Write) -> Write:
    """Mark an item that is put as a member's, unless it says whose it is: a copy of what somebody stored before."""
    if "Put" not in write:
        return write
    part = write["Put"]
    return {"Put": {**part, "Item": {BY_MEMBER: _TRUE, **part["Item"]}}}
