"""What docs/sharing.md promises each role, for every route and state of a project."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from support.project.openapi import NOTHING, SharedRoute, sharing_routes, sharing_states

ROLES: Final = {
    "stranger": ("stranger", "member"),
    "former member": ("former", "member"),
    "viewer": ("viewer", "member"),
    "team viewer": ("viewer", "team"),
    "both": ("editor", "member"),
    "team editor": ("editor", "team"),
    "editor": ("editor", "member"),
    "owner": ("owner", "owner"),
    "link": ("link", "link"),
    "pinned link": ("link", "link"),
    "old link": ("old link", "link"),
}
"""The columns of a role in the two tables; `both` is a viewer who is also in a team of editors. The owner comes last of
those who are signed in, because only they end what others need."""

LINKS: Final = ("link", "pinned link", "old link")
STATES: Final = tuple(sharing_states())

RESTORE: Final = "/api/projects/{projectId}/restore"

_INVITATIONS: Final = ("/api/invitations/preview", "/api/invitations/accept")


class Cell(NamedTuple):
    """One request of the table: a row, whose it is, and what the project has become."""

    row: SharedRoute
    role: str
    state: str

    @property
    def name(self) -> str:
        which = f" ({self.row.which})" if self.row.which else ""
        return f"{self.row.method} {self.row.path}{which}, {self.role}, {self.state}"

    @property
    def expected(self) -> str:
        """What the cell says: `yes` for a status below 300, or the status; NOTHING if there is no such request."""
        column, let_in_as = ROLES[self.role]
        above = self.row.cells[column]
        if above == NOTHING or not self._is_on_the_project:
            return above
        if self._is_membership_of_a_team:
            return "404"
        if self.role == "owner" and self.state == "deleted" and self.row.path == RESTORE:
            return above
        of_state = sharing_states()[self.state]["invitation" if self.row.path in _INVITATIONS else let_in_as]
        return above if of_state == "above" else of_state

    @property
    def _is_on_the_project(self) -> bool:
        """Whether the request is about the project, by whichever of its names."""
        names = ("{projectId}", "{token}")
        return self.row.which == "copy" or self.row.path in _INVITATIONS or any(each in self.row.path for each in names)

    @property
    def _is_membership_of_a_team(self) -> bool:
        """Whether it is about the membership of a viewer whom a team lets in: they never save, so they have none."""
        return self.row.which == "oneself" and self.role == "team viewer"


def cells(state: str) -> Iterator[Cell]:
    """Yield the cells of a state, role by role of each row."""
    for row in sharing_routes():
        for role in ROLES:
            yield Cell(row, role, state)
