"""Telling connections which projects have changed, and that access to one has ended.

The item `ANNOUNCED` beside a project's followers says from when on the project may be announced again: `freeAt`. The
first change after that is announced at once. A change before it has an invocation announce the project at `freeAt`;
until then, further changes need none, because what is announced is what is newest by then, and `by` says who made the
last of them. If that invocation is lost, the next change is announced at once. Times are in epoch milliseconds.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

from dashboard_store.documents.json_text import compact
from dashboard_store.errors import NoProject, StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.connections import LONGEST, Connections
from dashboard_store.repository.expressions import Condition, Item, update
from dashboard_store.repository.invocations import Invocations
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.sockets import Sockets
from dashboard_store.repository.versions import newest_versions

SPREAD: Final = 20
"""The milliseconds for each follower over which all of them ask for what is new."""

SHORTEST: Final = 500
"""The milliseconds between two announcements of a project, at least."""


class Audience(NamedTuple):
    """Those who follow a project, those whose connection has ended since, and what was announced."""

    followers: list[Item]
    ended: list[Item]
    announced: Item

    @property
    def spread(self) -> int:
        return SPREAD * len(self.followers)

    @property
    def connections(self) -> list[str]:
        return list(map(_connection, self.followers))


class Announcements:
    """`later` opens the function that announces a project at a later time."""

    def __init__(
        self,
        items: Items,
        connections: Connections,
        sockets: Sockets,
        now: Callable[[], datetime],
        later: Callable[[], Invocations],
    ) -> None:
        self._items = items
        self._connections = connections
        self._sockets = sockets
        self._now = now
        self._later = later

    def changed(self, address: ProjectAddress, by: str) -> None:
        """Announce a project that was changed by a member, or have it announced as soon as it may be again.

        `by` is the member's id; empty if it is not known. Raises StorageUnavailable.
        """
        self._items.race(lambda: self._changed(address, by), "announcements of this project")

    def due(self, address: ProjectAddress, at: int) -> None:
        """Announce a project whose announcement was put off until `at`, unless it was announced since.

        Raises StorageUnavailable.
        """
        self._items.race(lambda: self._due(address, at), "announcements of this project")

    def ended(self, address: ProjectAddress, door: str | None) -> None:
        """Close the connections that followed a project through a grant that ended; without one, all of them.

        Who is let in by another grant stays. Raises StorageUnavailable.
        """
        leaving = [
            _connection(follower)
            for follower in self._audience(address).followers
            if door is None or (follower["door"] == door and not self._stays(address, follower))
        ]
        # All of them at once: a project may have a thousand, and each is closed on its own.
        self._send(leaving, {"project": address.text, "gone": True})
        for connection in leaving:
            self._close(connection)

    def _changed(self, address: ProjectAddress, by: str) -> None:
        audience = self._audience(address)
        if not audience.followers:
            return
        seen, now = audience.announced, self._moment()
        free_at = seen.get("freeAt", 0)
        if free_at <= now:
            self._claim(address, audience, _unmoved(free_at))
            self._announce(address, audience, by)
            return
        self._items.write_alone(update(keys.announced(address), {"by": by}, _unmoved(free_at)))
        if "by" not in seen:
            self._put_off(address, free_at)

    def _put_off(self, address: ProjectAddress, free_at: int) -> None:
        """Have a project announced once it may be. Raises StorageUnavailable."""
        try:
            self._later().announce(address, free_at)
        except StorageUnavailable:
            # Otherwise the repetition of this change would take it for done.
            with suppress(ConditionFailed):
                self._items.write_alone(update(keys.announced(address), {}, _unmoved(free_at), remove=("by",)))
            raise

    def _due(self, address: ProjectAddress, at: int) -> None:
        audience = self._audience(address)
        seen = audience.announced
        if seen.get("freeAt") != at or "by" not in seen:
            return
        self._claim(address, audience, Condition("#freeAt = :at AND #by = :by", {"at": at, "by": seen["by"]}))
        self._announce(address, audience, seen["by"])

    def _claim(self, address: ProjectAddress, audience: Audience, unmoved: Condition) -> None:
        """Take it upon this invocation to announce a project. Raises ConditionFailed."""
        free_at = self._moment() + max(SHORTEST, audience.spread)
        # Without followers, nobody needs it any more.
        expiry = {"expiresAt": retention.expires_at(self._now() + LONGEST)}
        assignments = {"freeAt": free_at, **expiry}
        self._items.write_alone(update(keys.announced(address), assignments, unmoved, remove=("by",)))

    def _announce(self, address: ProjectAddress, audience: Audience, by: str) -> None:
        try:
            versions = newest_versions(self._items, address)
        except NoProject:
            # The record of its deletion closes the connections.
            return
        message = {
            "project": address.text,
            "configVersion": versions.config,
            "dataVersion": versions.data,
            **({"updatedBy": {"id": by}} if by else {}),
            "spreadMs": audience.spread,
        }
        for follower in audience.ended:
            self._close(_connection(follower))
        self._send(audience.connections, message)

    def _stays(self, address: ProjectAddress, follower: Item) -> bool:
        """Return whether another grant lets a follower in, and follow through that from now on."""
        door = self._connections.admitted(_connection(follower), address)
        if door is None:
            return False
        self._items.put_many([{**follower, "door": door}])
        return True

    def _close(self, connection: str) -> None:
        self._sockets.close(connection)
        self._connections.close(connection)

    def _send(self, connections: list[str], message: Mapping[str, Any]) -> None:
        for connection in self._sockets.send(connections, compact(message)):
            self._connections.close(connection)

    def _audience(self, address: ProjectAddress) -> Audience:
        """Read who follows a project."""
        now = self._now()
        audience = Audience([], [], {})
        for item in self._items.query(keys.followers(address)):
            if not item["sk"].startswith(keys.CONNECTION):
                audience = audience._replace(announced=item)
            elif retention.has_expired(item, now):
                audience.ended.append(item)
            else:
                audience.followers.append(item)
        return audience

    def _moment(self) -> int:
        return int(self._now().timestamp() * 1_000)


def _connection(follower: Item) -> str:
    """Return the id of the connection that follows a project."""
    return str(follower["sk"].removeprefix(keys.CONNECTION))


def _unmoved(free_at: int) -> Condition:
    """Require that a project was not announced since it was seen to be free at a time."""
    return Condition("#freeAt = :seen", {"seen": free_at}) if free_at else Condition("attribute_not_exists(#freeAt)")
