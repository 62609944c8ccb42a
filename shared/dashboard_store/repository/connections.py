"""The WebSocket connections that are open, and the projects that each follows.

A ticket takes the place of a token, which a browser cannot send with a handshake: it is stored under its SHA-256 and is
deleted in the transaction that opens a connection, so it opens one. The connection is its user as the token described
them, until the token ends.

A connection names what it follows, and each project's partition of followers names the connection: the first serves to
close it, the second to announce. What is not removed, because a connection ended without a word, expires.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dashboard_store.errors import NoProject, QuotaExceeded, Unauthorized
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Item, Write, delete, put, update
from dashboard_store.repository.guarded_items import GuardedItems
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.shares import new_token
from dashboard_store.repository.versions import Versions, newest_versions
from dashboard_store.settings import Settings

TICKET: Final = timedelta(minutes=1)
"""How long a ticket may be used."""

LONGEST: Final = timedelta(hours=2)
"""How long API Gateway keeps a connection open.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""


class Ticket(NamedTuple):
    text: str
    expires_at: datetime


class Followed(NamedTuple):
    """The newest versions of each project that a connection now follows, and those that may have no more followers."""

    versions: Mapping[ProjectAddress, Versions]
    full: Sequence[ProjectAddress]


class Connections:
    def __init__(self, items: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._settings = settings
        self._now = now

    def issue(self, guest: Guest, ends: int) -> Ticket:
        """Make a ticket for a user whose token ends at a time in epoch seconds. Raises QuotaExceeded."""
        self._require_room(self._opened(self._items.get(keys.connections(guest.user))))
        ticket = Ticket(new_token(), self._now() + TICKET)
        known = {"user": guest.user, "name": guest.name, "teams": [list(team) for team in guest.teams], "until": ends}
        expiry = {"expiresAt": retention.expires_at(ticket.expires_at)}
        self._items.put_many([{**keys.ticket(ticket.text), **known, **expiry}])
        return ticket

    def open(self, connection_id: str, ticket: str) -> None:
        """Open a connection for a ticket, which is then spent. Raises Unauthorized or QuotaExceeded."""
        self._items.race(lambda: self._open(connection_id, ticket), "connections of this user")

    def close(self, connection_id: str) -> None:
        """Forget a connection, and what it follows."""
        connection = self._items.get(keys.connection(connection_id))
        if connection is None:
            return
        user = connection["user"]
        self._items.delete_many([keys.follower(address, connection_id) for address in _follows(connection)])
        self._items.race(lambda: self._close(connection_id, user), "connections of this user")

    def follow(self, connection_id: str, projects: Iterable[str]) -> Followed:
        """Let a connection follow the projects with these names that its user may see, and no others from now on.

        It is registered before the versions are read, so that it misses none. Raises Unauthorized.
        """
        connection = self._current(connection_id)
        guest, before = _guest(connection), _follows(connection)
        doors = {address: door for address in _named(guest, projects) if (door := self.door(address)) is not None}
        full = [address for address in doors if address not in before and self._is_full(address)]
        followed = {address: door for address, door in doors.items() if address not in full}
        # First, so that closing the connection finds all that may be registered.
        self._set(connection_id, followed)
        ends = {"until": connection["until"], "expiresAt": connection["expiresAt"]}
        self._items.put_many(
            [{**keys.follower(address, connection_id), "door": door, **ends} for address, door in followed.items()]
        )
        versions = {address: found for address in followed if (found := self._versions(address))}
        left = [*(address for address in before if address not in followed), *(followed.keys() - versions.keys())]
        self._items.delete_many([keys.follower(address, connection_id) for address in left])
        return Followed(versions, full)

    def door(self, address: ProjectAddress) -> str | None:
        """Return the sort key of the grant that lets a project's user in, empty for its owner; None for a stranger."""
        if address.guest is None:
            return "" if self._items.get(keys.project(address)) else None
        try:
            return str(self._guarded(address).grant().door.key["sk"])
        except NoProject:
            return None

    def admitted(self, connection_id: str, address: ProjectAddress) -> str | None:
        """Return `door` for the user of a connection and a project; None also if the connection has ended."""
        connection = self._items.get(keys.connection(connection_id))
        if connection is None:
            return None
        return self.door(ProjectAddress.from_path(_guest(connection), address.text))

    def _open(self, connection_id: str, text: str) -> None:
        ticket = self._items.get(keys.ticket(text))
        now = self._now()
        if ticket is None or retention.has_expired(ticket, now):
            raise Unauthorized("This ticket is spent or has expired. Request another one.")
        user = ticket["user"]
        own = self._items.get(keys.connections(user))
        opened = self._opened(own)
        self._require_room(opened)
        until = min(ticket["until"], retention.expires_at(now + LONGEST))
        known = {name: ticket[name] for name in ("user", "name", "teams")}
        ends = {"until": until, "expiresAt": until}
        self._items.transact(
            delete(keys.ticket(text), EXISTS),
            put({**keys.connection(connection_id), **known, **ends, "follows": []}),
            _counted(user, own, {**opened, connection_id: until}),
        )

    def _close(self, connection_id: str, user: str) -> None:
        own = self._items.get(keys.connections(user))
        opened = {name: until for name, until in self._opened(own).items() if name != connection_id}
        self._items.transact(delete(keys.connection(connection_id)), _counted(user, own, opened))

    def _opened(self, own: Item | None) -> dict[str, int]:
        """Return the connections of a user that have not ended, and when they do."""
        now = retention.expires_at(self._now())
        return {name: until for name, until in (own or {}).get("open", {}).items() if until > now}

    def _require_room(self, opened: Mapping[str, int]) -> None:
        used, limit = len(opened), self._settings.max_connections
        if used >= limit:
            detail = f"You have {used} connections open, and the limit is {limit}. Close another page first."
            raise QuotaExceeded(detail, used=used, limit=limit)

    def _current(self, connection_id: str) -> Item:
        connection = self._items.get(keys.connection(connection_id))
        if connection is None or retention.has_expired(connection, self._now()):
            raise _ended()
        return connection

    def _set(self, connection_id: str, followed: Iterable[ProjectAddress]) -> None:
        try:
            names = [address.text for address in followed]
            self._items.write_alone(update(keys.connection(connection_id), {"follows": names}, EXISTS))
        except ConditionFailed:
            raise _ended() from None

    def _is_full(self, address: ProjectAddress) -> bool:
        found = self._items.query(keys.followers(address), keys.CONNECTION, ("expiresAt",))
        now = self._now()
        return sum(not retention.has_expired(item, now) for item in found) >= self._settings.max_followers

    def _versions(self, address: ProjectAddress) -> Versions | None:
        try:
            return newest_versions(self._guarded(address) if address.guest else self._items, address)
        except NoProject:
            return None

    def _guarded(self, address: ProjectAddress) -> GuardedItems:
        return GuardedItems(self._items, address, Role.VIEWER, self._now)


def _counted(user: str, own: Item | None, opened: Mapping[str, int]) -> Write:
    """Return the write that counts a user's open connections, provided that no other came or went meanwhile."""
    key, version = keys.connections(user), (own or {}).get("version", 0)
    unmoved = Condition("#version = :seen", {"seen": version}) if own else IS_NEW
    if not opened:
        return delete(key, unmoved)
    return put({**key, "open": opened, "version": version + 1, "expiresAt": max(opened.values())}, unmoved)


def _guest(connection: Item) -> Guest:
    teams = tuple(Team(*team) for team in connection["teams"])
    return Guest(connection["user"], teams, connection["name"])


def _follows(connection: Item) -> list[ProjectAddress]:
    return _named(_guest(connection), connection["follows"])


def _named(guest: Guest, projects: Iterable[str]) -> list[ProjectAddress]:
    """Return the addresses of projects, each once, in their order; without what names no project."""
    found: dict[ProjectAddress, None] = {}
    for name in projects:
        try:
            found[ProjectAddress.from_path(guest, name)] = None
        except NoProject:
            continue
    return list(found)


def _ended() -> Unauthorized:
    return Unauthorized("This connection has ended. Open another one.")
