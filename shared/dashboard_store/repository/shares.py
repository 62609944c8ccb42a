"""Who may use a project beside its owner: members and teams, and what every change to that has in common.

All that lets others in is a handful of small items in the owner's partition. A change reads all of them, decides, and
counts itself in the project's `ROSTER` item, provided that nobody else did meanwhile. So limits are exact, and an
invitation for one person lets one in, however many accept it at once.

A member and a team also have an entry in a partition of their own, for the list of what is shared with them. It is
written in the same transaction; whether it still holds is seen by the grant.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NoProject, NotFound, QuotaExceeded
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Condition, Item, Write, check, delete, put, update
from dashboard_store.repository.grants import incarnation_of, life_of
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.settings import Settings

LONGEST_INVITATION: Final = timedelta(days=30)
"""How long an invitation may be open, and so how long a removal is remembered."""

type Decided[T] = tuple[list[Write], T]
"""The writes of a change, if it changes anything, and its result."""


class Roster(NamedTuple):
    """All that lets others into a project, without what has expired or was for an earlier project of its id."""

    project: Item
    version: int
    owner_name: str
    shares: Sequence[Item]

    @property
    def members(self) -> list[Item]:
        """Those with a role of their own, and those who saved through a team."""
        return self._of("MEMBER")

    @property
    def teams(self) -> list[Item]:
        return self._of("TEAM")

    @property
    def invitations(self) -> list[Item]:
        return self._of("INVITATION")

    @property
    def links(self) -> list[Item]:
        return self._of("LINK")

    def member(self, user: str) -> Item | None:
        return next((item for item in self.members if item["user"] == user), None)

    def removed_at(self, user: str) -> str:
        """Return when a user was removed the last time; empty if they were not."""
        return next((str(item["removedAt"]) for item in self._of("REMOVED") if item["user"] == user), "")

    def _of(self, kind: str) -> list[Item]:
        return [item for item in self.shares if item["sk"].split("#")[2] == kind]


class Shares:
    def __init__(self, items: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._settings = settings
        self._now = now

    def read(self, address: ProjectAddress) -> Roster:
        """Read all that lets others into a project. Raises NoProject."""
        # First the number of changes: if one comes after it, a write that counts on it fails.
        project, roster = self._items.get_together([keys.project(address), keys.roster(address)])
        if project is None:
            raise NoProject
        now, named = self._now(), {incarnation_of(project), life_of(project)}
        found = self._items.query(keys.partition(address.owner), keys.shares(address))
        valid = [item for item in found if item.get("incarnation") in named and not retention.has_expired(item, now)]
        counted = roster or {}
        return Roster(project, counted.get("version", 0), counted.get("ownerName", ""), valid)

    def change[T](self, address: ProjectAddress, decide: Callable[[Roster], Decided[T]], by: Guest | None = None) -> T:
        """Do what `decide` makes of the roster; it is called again if another change was faster.

        `by` is the owner, whose name those see whom they let in. Raises NoProject, StorageUnavailable, or like
        `decide`.
        """

        def attempt() -> T:
            roster = self.read(address)
            writes, result = decide(roster)
            if writes:
                self._items.transact(*self._counted(address, roster, by), *writes)
            return result

        return self._items.race(attempt, "changes to who may use this project")

    def document(self, address: ProjectAddress, role: Role, user: str) -> JsonObject:
        """Build what a user in a role sees of a project's people. Raises NoProject."""
        roster = self.read(address)
        owner = {"id": self._id(address, address.owner), **_named(roster.owner_name)}
        people = {"you": self._id(address, user), "owner": owner}
        if role is Role.VIEWER:
            own = roster.member(user)
            return {**people, "members": [self.member_document(address, own)] if own and "role" in own else []}
        members = _in_order([self.member_document(address, item) for item in roster.members], "id")
        teams = _in_order([team_document(item) for item in roster.teams], "name")
        found = {**people, "members": members, "teams": teams}
        if role is Role.EDITOR:
            return found
        invitations, links = map(_newest_first, (roster.invitations, roster.links))
        secret = {"invitations": list(map(invitation_document, invitations)), "links": list(map(link_document, links))}
        return {**found, **secret}

    def set_role(self, address: ProjectAddress, member: str, role: Role) -> JsonObject:
        """Change the role of a member. Raises NoProject, NotFound or QuotaExceeded."""

        def decide(roster: Roster) -> Decided[JsonObject]:
            item = self._found(address, roster, member)
            changed = {**item, "role": role.word}
            writes = self.member_writes(address, roster, changed) if changed != item else []
            return writes, self.member_document(address, changed)

        return self.change(address, decide)

    def remove_member(self, address: ProjectAddress, member: str, *, by_owner: bool) -> list[str]:
        """End a member's own grant; return the names of the project's teams that let them in as far as is known.

        If the owner does it, they cannot use an earlier invitation again. Raises NoProject or NotFound.
        """

        def decide(roster: Roster) -> Decided[list[str]]:
            item, now = self._found(address, roster, member), self._now()
            writes = removal(address, item)
            if by_owner:
                expiry = {"expiresAt": retention.expires_at(now + LONGEST_INVITATION)}
                user = item["user"]
                note = {"user": user, "removedAt": keys.timestamp(now), "incarnation": incarnation_of(roster.project)}
                writes.append(put({**keys.removed(address, user), **note, **expiry}))
            return writes, [team["team"] for team in roster.teams if team["sk"] in item.get("teams", [])]

        return self.change(address, decide)

    def set_team(self, address: ProjectAddress, team: Team, role: Role, by: Guest) -> JsonObject:
        """Let a team in, or change its role. Raises NoProject or QuotaExceeded."""

        def decide(roster: Roster) -> Decided[JsonObject]:
            key = keys.team(address, team)
            before = next((item for item in roster.teams if item["sk"] == key["sk"]), None)
            require_room("teams", len(roster.teams) - (before is not None), self._settings.max_teams)
            since = before["since"] if before else keys.timestamp(self._now())
            own = {"team": team.name, "tenant": team.tenant, "role": role.word, "since": since}
            item = {**key, **own, "incarnation": incarnation_of(roster.project)}
            entry = listed(address, since, by.name)
            writes = [put(item), put({**keys.shared_with_team(team, address), **entry})]
            return [] if before and before["role"] == role.word else writes, team_document(item)

        return self.change(address, decide, by)

    def remove_team(self, address: ProjectAddress, name: str) -> None:
        """End what lets a team in. Raises NoProject or NotFound."""

        def decide(roster: Roster) -> Decided[None]:
            found = [item for item in roster.teams if item["team"] == name]
            if not found:
                raise NotFound("This team has no access to the project.")
            return [write for item in found for write in removal(address, item)], None

        self.change(address, decide)

    def member_writes(self, address: ProjectAddress, roster: Roster, item: Item) -> list[Write]:
        """Return the writes that give a member the role in their item. Raises QuotaExceeded."""
        others = [each for each in roster.members if "role" in each and each["user"] != item["user"]]
        require_room("members", len(others), self._settings.max_members)
        entry = listed(address, item["since"], roster.owner_name)
        return [put(item), put({**keys.shared_with(item["user"], address), **entry})]

    def member_document(self, address: ProjectAddress, item: Item) -> JsonObject:
        through = {} if "role" in item else {"through": "team"}
        role = item.get("role", item.get("teamRole"))
        named = {"id": self._id(address, item["user"]), **_named(item.get("name", ""))}
        return {**named, "role": role, "since": item["since"], **through}

    def _counted(self, address: ProjectAddress, roster: Roster, by: Guest | None) -> Iterator[Write]:
        """Yield what every change requires, and counts: that the project is the same, and that nobody was faster."""
        is_same = Condition("#summary.#createdAt = :seen", {"seen": incarnation_of(roster.project)})
        yield check(keys.project(address), is_same)
        unmoved = Condition("#version = :seen", {"seen": roster.version})
        is_first = Condition("attribute_not_exists(#version)")
        name = {"ownerName": by.name} if by and by.name else {}
        yield update(keys.roster(address), name, unmoved if roster.version else is_first, add={"version": 1})

    def _found(self, address: ProjectAddress, roster: Roster, member: str) -> Item:
        for item in roster.members:
            if self._id(address, item["user"]) == member:
                return item
        raise NotFound("This member does not exist.")

    def _id(self, address: ProjectAddress, user: str) -> str:
        return member_id(self._settings.log_key, address, user)


def new_token() -> str:
    """Return a secret of 256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def require_room(what: str, used: int, limit: int) -> None:
    """Raise QuotaExceeded if a project may have no more than the `used` it has of something."""
    if used >= limit:
        detail = f"This project has {used} {what}, and the limit is {limit}. Remove one of them first."
        raise QuotaExceeded(detail, used=used, limit=limit)


def team_document(item: Item) -> JsonObject:
    return {"name": item["team"], "role": item["role"], "since": item["since"]}


def invitation_document(item: Item) -> JsonObject:
    own = {name: item[name] for name in ("role", "createdAt", "uses", "used")}
    return {"invitationId": item["id"], **own, "expiresAt": item["until"]}


def link_document(item: Item) -> JsonObject:
    pinned = {name: item[name] for name in ("version", "dataVersion") if name in item}
    ends = {"expiresAt": item["until"]} if "until" in item else {}
    return {"linkId": item["id"], "createdAt": item["createdAt"], **pinned, **ends}


def removal(address: ProjectAddress, item: Item) -> list[Write]:
    """Return the writes that remove what lets others in, and what a link pins."""
    pins: list[Item] = []
    if "version" in item:
        pins = [keys.pinned_config(address, item["id"]), keys.pinned_table(address, item["id"])]
    return [delete(key) for key in ({"pk": item["pk"], "sk": item["sk"]}, *elsewhere(address, item), *pins)]


def elsewhere(address: ProjectAddress, item: Item) -> list[Item]:
    """Return the keys of what belongs to an item that lets others in and is in another partition."""
    match item["sk"].split("#")[2]:
        case "MEMBER":
            return [keys.shared_with(item["user"], address)]
        case "TEAM":
            return [keys.shared_with_team(Team(item["team"], item["tenant"]), address)]
        case "INVITATION" | "LINK":
            return [{"pk": item["token"], "sk": keys.token("")["sk"]}]
    return []


def _in_order(documents: list[JsonObject], name: str) -> list[JsonObject]:
    return sorted(documents, key=lambda document: (document["since"], document[name]))


def _newest_first(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item["createdAt"], item["sk"]), reverse=True)


def _named(name: str) -> JsonObject:
    return {"name": name} if name else {}


def listed(address: ProjectAddress, since: str, owner_name: str) -> Item:
    """Return what an entry of the list of shared projects holds."""
    key = keys.shared_with("", address)["sk"].removeprefix(keys.SHARED)
    summary = {"owner": address.owner, "projectId": address.project_id, "since": since, **_named(owner_name)}
    return {"listKey": f"{keys.SHARED}{since}#{key}", "summary": summary}
