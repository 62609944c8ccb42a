"""The parts that make up a function: its store, its resolver, and the projects that its handlers open."""

# ruff: noqa: PLC0415 - a function loads only what it uses

import os
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from dashboard_store import collector
from dashboard_store.gateway.resolver import Resolver
from dashboard_store.identifiers import ConfigAddress, ProjectAddress, Role
from dashboard_store.store import Store

if TYPE_CHECKING:
    from dashboard_store.documents.config import Origin
    from dashboard_store.gateway.flags import Flags
    from dashboard_store.gateway.request import Request

type Repository = Literal[
    "background_reads",
    "configs",
    "config_saves",
    "connections",
    "dataset_writes",
    "datasets",
    "downloads",
    "invitations",
    "link_limit",
    "links",
    "project_deletion",
    "projects",
    "public_links",
    "rate_limit",
    "schema_writes",
    "shared_projects",
    "shares",
    "table_restores",
    "uploads",
    "usage",
]


class OpenedProject(NamedTuple):
    """A project that a request may use, and the store through which it does."""

    address: ProjectAddress
    store: Store

    @property
    def member_id(self) -> str:
        """The id of its user within the project."""
        return self.store.member_id(self.address)

    def config(self, request: "Request") -> ConfigAddress:
        """Return the address of its config or, with `?sessionId=`, of a draft, which only editors have.

        Raises InvalidQuery.
        """
        session = request.session
        if session:
            self.store.require(Role.EDITOR)
        return self.address.config(session)

    def origin(self, request: "Request", *, forced: bool) -> "Origin":
        """Return what history keeps of a save. Raises InvalidQuery, UnsafeText or InvalidPrecondition."""
        return request.origin(forced=forced)._replace(by=self.member_id)


class App:
    """One function: its handlers are registered with `resolver` and work on `store`.

    A handler's module can be imported with an empty environment and opens nothing. On Lambda, the function connects and
    creates the named repositories during its start, when CPU time costs the caller nothing.
    """

    store: Store

    def __init__(self, *repositories: Repository) -> None:
        self.resolver = Resolver()
        self.handler = self.resolver.handler
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            self.connect(Store.from_environment(os.environ))
            for repository in repositories:
                getattr(self.store, repository)
        collector.resume()

    def connect(self, store: Store) -> None:
        """Use a store from now on."""
        self.store = store
        self.resolver.connect(store.settings, lambda: store.items.units, store.rate_limit.request, self.open)

    def open(self, address: ProjectAddress, role: Role) -> OpenedProject:
        """Open a project for its user, in a role. Raises NoProject or Forbidden, at the latest on its first use."""
        return OpenedProject(address, self.store.opened(address, role))

    @cached_property
    def flags(self) -> "Flags":
        from dashboard_store.gateway.flags import open_flags

        return open_flags(self.store.settings)
