"""Invitations: secrets with which an owner lets people in whom they need not name.

The item of an invitation is in the owner's partition, with everything else that lets others in. Only the SHA-256 of the
secret is stored: it names the item `TOKEN`, which says where the invitation is.
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NoProject, NotFound
from dashboard_store.identifiers import Guest, ProjectAddress, Role
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Item, Write, put
from dashboard_store.repository.grants import incarnation_of, life_of
from dashboard_store.repository.items import Items
from dashboard_store.repository.shares import (
    Decided,
    Roster,
    Shares,
    invitation_document,
    new_token,
    removal,
    require_room,
)
from dashboard_store.settings import Settings

INVITATION: Final = "invitation"

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class NoInvitation(NotFound):
    def __init__(self) -> None:
        super().__init__("This invitation is not valid any more, or never was. Ask for another one.")


class Pointer(NamedTuple):
    """What a token is for: the invitation or link with an id, of a project."""

    address: ProjectAddress
    id: str
    is_pinned: bool


class Invitations:
    def __init__(self, items: Items, shares: Shares, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._shares = shares
        self._settings = settings
        self._now = now

    def create(self, address: ProjectAddress, role: Role, days: int, uses: int, by: Guest) -> JsonObject:
        """Make an invitation and return it with its token, which nobody learns again.

        Raises NoProject or QuotaExceeded.
        """
        token, invitation_id = new_token(), secrets.token_hex(8)

        def decide(roster: Roster) -> Decided[JsonObject]:
            still_open = [item for item in roster.invitations if item["used"] < item["uses"]]
            require_room("open invitations", len(still_open), self._settings.max_invitations)
            now = self._now()
            until = now + timedelta(days=days)
            item = {
                **keys.invitation(address, invitation_id),
                "id": invitation_id,
                "token": keys.token(token)["pk"],
                "role": role.word,
                "createdAt": keys.timestamp(now),
                "until": keys.timestamp(until),
                "uses": uses,
                "used": 0,
                "incarnation": life_of(roster.project),
                "expiresAt": retention.expires_at(until),
            }
            pointer = pointer_item(token, INVITATION, address, invitation_id) | {"expiresAt": item["expiresAt"]}
            return [put(item), put(pointer)], {**invitation_document(item), "token": token}

        return self._shares.change(address, decide, by)

    def take_back(self, address: ProjectAddress, invitation_id: str) -> None:
        """End an invitation. Raises NoProject or NotFound."""

        def decide(roster: Roster) -> Decided[None]:
            item = _named(roster, invitation_id)
            if item is None:
                raise NotFound("This invitation does not exist.")
            return removal(address, item), None

        self._shares.change(address, decide)

    def preview(self, token: str, guest: Guest) -> JsonObject:
        """Return what an invitation is for. Raises NoInvitation, also for one that the guest cannot accept."""
        address, invitation_id = self._address(token)
        try:
            roster = self._shares.read(address)
        except NoProject:
            raise NoInvitation from None
        item = _acceptable(roster, invitation_id, guest, address)
        owner = {"name": roster.owner_name} if roster.owner_name else {}
        project = {"name": roster.project["summary"]["name"]}
        return {"project": project, "owner": owner, "role": item["role"], "expiresAt": item["until"]}

    def accept(self, token: str, guest: Guest) -> ProjectAddress:
        """Let a guest in and return the project's address.

        It lowers no role, and uses nothing if it changes nothing. Raises NoInvitation or QuotaExceeded.
        """
        address, invitation_id = self._address(token)

        def decide(roster: Roster) -> Decided[None]:
            item = _acceptable(roster, invitation_id, guest, address)
            if guest.user == address.owner or _has(roster.member(guest.user), item):
                return [], None
            return self._entry(address, roster, item, guest), None

        try:
            self._shares.change(address, decide)
        except NoProject:
            raise NoInvitation from None
        return ProjectAddress(address.owner, address.project_id, None if guest.user == address.owner else guest)

    def _entry(self, address: ProjectAddress, roster: Roster, item: Item, guest: Guest) -> list[Write]:
        """Return the writes that let a guest in."""
        sks = {keys.team(address, team)["sk"] for team in guest.teams}
        member = {
            **keys.member(address, guest.user),
            "user": guest.user,
            "role": item["role"],
            "since": keys.timestamp(self._now()),
            "incarnation": incarnation_of(roster.project),
            "teams": [team["sk"] for team in roster.teams if team["sk"] in sks],
            **({"name": guest.name} if guest.name else {}),
        }
        return [*self._shares.member_writes(address, roster, member), put({**item, "used": item["used"] + 1})]

    def _address(self, token: str) -> tuple[ProjectAddress, str]:
        pointer = pointed(self._items, token, INVITATION, NoInvitation)
        return pointer.address, pointer.id


def pointer_item(token: str, kind: str, address: ProjectAddress, name: str) -> Item:
    """Build the item that says what a token is for."""
    return {**keys.token(token), "kind": kind, "owner": address.owner, "projectId": address.project_id, "id": name}


def pointed(items: Items, token: str, kind: str, error: Callable[[], NotFound]) -> Pointer:
    """Look up what a token is for. Raises `error`."""
    found = items.get(keys.token(token)) if _TOKEN.fullmatch(token) else None
    if found is None or found["kind"] != kind:
        raise error()
    return Pointer(ProjectAddress(found["owner"], found["projectId"]), found["id"], found.get("isPinned", False))


def _named(roster: Roster, invitation_id: str) -> Item | None:
    return next((item for item in roster.invitations if item["id"] == invitation_id), None)


def _has(member: Item | None, invitation: Item) -> bool:
    """Whether a member's own role is not smaller than that of an invitation."""
    return member is not None and "role" in member and Role.named(member["role"]) >= Role.named(invitation["role"])


def _acceptable(roster: Roster, invitation_id: str, guest: Guest, address: ProjectAddress) -> Item:
    """Return an invitation that a guest may accept, or has accepted. Raises NoInvitation."""
    item = _named(roster, invitation_id)
    if item is None or roster.removed_at(guest.user) >= item["createdAt"]:
        raise NoInvitation
    is_in = guest.user == address.owner or _has(roster.member(guest.user), item)
    if item["used"] >= item["uses"] and not is_in:
        raise NoInvitation
    return item
