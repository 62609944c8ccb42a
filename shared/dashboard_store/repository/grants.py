"""Grants: items in the owner's partition that let a member or a team into a project.

| Attribute | Holds |
|---|---|
| `role` | what they may do; a member who was only seen saving through a team has none |
| `incarnation` | which project of this id it is for: one that is made again starts alone |
| `since` | when it was granted |
| `user`, `name`, `teams` | whose it is, how their token named them, and the project's teams that they were in then |
| `team`, `tenant` | whose it is, if it is a team's |
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from dashboard_store.errors import Forbidden, NoProject
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Condition, Item

RESTORES: Final = "restores"
"""The attribute of a project that counts how often it was restored."""

_NEEDED: Final = {
    Role.EDITOR: "You may view this project, but only its editors may do this.",
    Role.OWNER: "Only the project's owner may do this.",
}


class Door(NamedTuple):
    """Where a grant for a guest would be: their own, or that of one of their teams."""

    key: Item
    team: Team | None = None


class Grant(NamedTuple):
    """A grant that was found behind a door."""

    door: Door
    role: Role
    incarnation: str

    def condition(self, needed: Role) -> Condition:
        """Require that the grant still lets in who needs a role."""
        is_same = "#incarnation = :incarnation AND "
        enough = [role.word for role in Role if role >= needed]
        words = {f"role{index}": word for index, word in enumerate(enough)}
        expression = f"{is_same}#role IN ({', '.join(f':{name}' for name in words)})"
        return Condition(expression, {"incarnation": self.incarnation, **words})


def incarnation_of(project: Item) -> str:
    """Return what distinguishes a project from those that had its id before."""
    created_at: str = project["summary"]["createdAt"]
    return created_at


def doors(address: ProjectAddress, guest: Guest) -> list[Door]:
    """Return where a guest's grants would be, their own first."""
    teams = [Door(keys.team(address, team), team) for team in guest.teams]
    return [Door(keys.member(address, guest.user)), *teams]


def granted(found: Iterable[tuple[Door, Item | None]], incarnation: str | None = None) -> Grant | None:
    """Return the highest grant for an incarnation; by default for the newest, because older ones no longer exist."""
    grants = [
        Grant(door, Role.named(item["role"]), item["incarnation"])
        for door, item in found
        if item and "role" in item and incarnation in {None, item["incarnation"]}
    ]
    # The first of equals, which is the guest's own.
    return max(grants, key=lambda grant: (grant.incarnation, grant.role), default=None)


def require_role(grant: Grant | None, needed: Role) -> Grant:
    """Return a grant that is high enough. Raises NoProject without one, or Forbidden."""
    if grant is None:
        raise NoProject
    if grant.role < needed:
        raise Forbidden(_NEEDED[needed])
    return grant


def life_of(project: Item) -> str:
    """Return what links and invitations name: unlike a grant, they do not come back when a project is restored."""
    return f"{incarnation_of(project)}/{project.get(RESTORES, 0)}"
