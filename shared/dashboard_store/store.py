"""The repositories of one table and one bucket.

Each is imported and created on first use, so a function loads only what it uses.
"""

# ruff: noqa: PLC0415 - late imports are the purpose of this module

from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.identifiers import ProjectAddress, Role
from dashboard_store.repository import retention
from dashboard_store.repository.items import Items
from dashboard_store.repository.keys import fingerprint
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from dashboard_store.repository.background_reads import BackgroundReads
    from dashboard_store.repository.bucket import Bucket
    from dashboard_store.repository.config_saves import ConfigSaves
    from dashboard_store.repository.configs import Configs
    from dashboard_store.repository.connections import Connections
    from dashboard_store.repository.dataset_writes import DatasetWrites
    from dashboard_store.repository.datasets import Datasets
    from dashboard_store.repository.downloads import Downloads
    from dashboard_store.repository.history_bound import HistoryBound
    from dashboard_store.repository.history_removal import HistoryRemoval
    from dashboard_store.repository.invitations import Invitations
    from dashboard_store.repository.invocations import Invocations
    from dashboard_store.repository.links import Links, PublicLinks
    from dashboard_store.repository.project_copies import ProjectCopies
    from dashboard_store.repository.project_deletion import ProjectDeletion
    from dashboard_store.repository.project_purge import ProjectPurge
    from dashboard_store.repository.projects import Projects
    from dashboard_store.repository.rate_limit import LinkLimit, RateLimit
    from dashboard_store.repository.schema_writes import SchemaWrites
    from dashboard_store.repository.shared_projects import SharedProjects
    from dashboard_store.repository.shares import Shares
    from dashboard_store.repository.table_copies import TableCopies
    from dashboard_store.repository.table_restores import TableRestores
    from dashboard_store.repository.uploads import Uploads
    from dashboard_store.repository.usage import Usage
    from dashboard_store.repository.version_names import VersionNames


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """The repositories of one table and one bucket.

    Without a `bucket` or `invocations`, those named in the settings are opened on first use.
    """

    def __init__(
        self,
        settings: Settings,
        items: Items,
        bucket: "Bucket | None" = None,
        now: Callable[[], datetime] = utc_now,
        invocations: "Invocations | None" = None,
    ) -> None:
        self.settings = settings
        self.items = items
        self.now = now
        self._given_bucket = bucket
        self._given_invocations = invocations
        self._lifetimes = retention.Lifetimes(settings)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Open the table and the bucket that a function's environment names."""
        settings = Settings.from_environment(environment)
        return cls(settings, Items(DynamoDBClient.from_environment(environment), settings.table_name))

    def opened(self, address: ProjectAddress, role: Role) -> "Store":
        """Return the store through which a project is used: a guest's lets nothing pass without a grant of a role.

        Only for the owner's alone is that looked up at once. Raises NoProject or Forbidden.
        """
        if address.guest is None:
            return self
        from dashboard_store.guest_store import GuestStore

        return GuestStore.opened_for(self, address, role)

    def member_id(self, address: ProjectAddress) -> str:
        """Return the id of a project's user within it."""
        from dashboard_store.repository.member_ids import member_id

        return member_id(self.settings.log_key, address, address.user)

    def for_link(self, token: str) -> "Store":
        """Return the store whose downloads have names that reveal neither the owner nor the project."""
        from dashboard_store.repository.downloads import Downloads

        store = copy(self)
        store.downloads = Downloads(self.bucket, self.now, f"links/{fingerprint(token)}")
        return store

    def require(self, role: Role) -> None:
        """Require a role of the user of an opened store. Raises Forbidden, at the latest with the next call."""

    @property
    def role(self) -> Role:
        """The role in which the project of an opened store is used. Raises NoProject or Forbidden."""
        return Role.OWNER

    @cached_property
    def bucket(self) -> "Bucket":
        from dashboard_store.repository.bucket import Bucket

        return self._given_bucket or Bucket.named(self.settings.bucket_name)

    @cached_property
    def invocations(self) -> "Invocations":
        from dashboard_store.repository.invocations import Invocations

        return self._given_invocations or Invocations.named(self.settings.reader)

    @cached_property
    def background_reads(self) -> "BackgroundReads":
        from dashboard_store.repository.background_reads import BackgroundReads

        return BackgroundReads(self.items, self.bucket, lambda: self.invocations, self.now)

    @cached_property
    def rate_limit(self) -> "RateLimit":
        from dashboard_store.repository.rate_limit import RateLimit

        return RateLimit(self.items, self.settings, self.now)

    @cached_property
    def link_limit(self) -> "LinkLimit":
        from dashboard_store.repository.rate_limit import LinkLimit

        return LinkLimit(self.settings, self.now)

    @cached_property
    def usage(self) -> "Usage":
        from dashboard_store.repository.usage import Usage

        return Usage(self.items, self.settings, self.now)

    @cached_property
    def configs(self) -> "Configs":
        from dashboard_store.repository.configs import Configs

        return Configs(self.items, self._lifetimes, self.now)

    @cached_property
    def config_saves(self) -> "ConfigSaves":
        from dashboard_store.repository.config_saves import ConfigSaves

        return ConfigSaves(self.items, self.configs, self.rate_limit, self.usage, self.now)

    @cached_property
    def projects(self) -> "Projects":
        from dashboard_store.repository.projects import Projects

        return Projects(self.items, self.usage, self.settings, self.now)

    @cached_property
    def project_deletion(self) -> "ProjectDeletion":
        from dashboard_store.repository.project_deletion import ProjectDeletion

        return ProjectDeletion(self.items, self.projects, self._lifetimes, self.now)

    @cached_property
    def project_purge(self) -> "ProjectPurge":
        from dashboard_store.repository.project_purge import ProjectPurge

        return ProjectPurge(self.items, self.bucket, self.usage, self.now)

    @cached_property
    def history_bound(self) -> "HistoryBound":
        from dashboard_store.repository.history_bound import HistoryBound

        return HistoryBound(self.items, self.settings)

    @cached_property
    def history_removal(self) -> "HistoryRemoval":
        from dashboard_store.repository.history_removal import HistoryRemoval

        return HistoryRemoval(self.items, self.configs)

    @cached_property
    def version_names(self) -> "VersionNames":
        from dashboard_store.repository.version_names import VersionNames

        return VersionNames(self.items, self.configs, self.rate_limit, self.usage)

    @cached_property
    def datasets(self) -> "Datasets":
        from dashboard_store.repository.datasets import Datasets

        return Datasets(self.items)

    @cached_property
    def dataset_writes(self) -> "DatasetWrites":
        from dashboard_store.repository.dataset_writes import DatasetWrites

        return DatasetWrites(self.items, self.bucket, self.usage, self.settings, self.now)

    @cached_property
    def schema_writes(self) -> "SchemaWrites":
        from dashboard_store.repository.schema_writes import SchemaWrites

        return SchemaWrites(self.items, self.bucket, self.dataset_writes, self.now)

    @cached_property
    def table_copies(self) -> "TableCopies":
        from dashboard_store.repository.table_copies import TableCopies

        return TableCopies(self.items, self.bucket, self.now)

    @cached_property
    def table_restores(self) -> "TableRestores":
        from dashboard_store.repository.table_restores import TableRestores

        return TableRestores(self.items, self.dataset_writes, self.table_copies, self.now)

    @cached_property
    def project_copies(self) -> "ProjectCopies":
        from dashboard_store.repository.project_copies import ProjectCopies

        return ProjectCopies(self.projects, self.table_copies)

    @cached_property
    def shares(self) -> "Shares":
        from dashboard_store.repository.shares import Shares

        return Shares(self.items, self.settings, self.now)

    @cached_property
    def shared_projects(self) -> "SharedProjects":
        from dashboard_store.repository.shared_projects import SharedProjects

        return SharedProjects(self.items, self.settings)

    @cached_property
    def invitations(self) -> "Invitations":
        from dashboard_store.repository.invitations import Invitations

        return Invitations(self.items, self.shares, self.settings, self.now)

    @cached_property
    def links(self) -> "Links":
        from dashboard_store.repository.links import Links

        return Links(self.items, self.shares, self.table_copies, self.settings, self.now)

    @cached_property
    def public_links(self) -> "PublicLinks":
        from dashboard_store.repository.links import PublicLinks

        return PublicLinks(self.items, self.now)

    @cached_property
    def connections(self) -> "Connections":
        from dashboard_store.repository.connections import Connections

        return Connections(self.items, self.settings, self.now)

    @cached_property
    def uploads(self) -> "Uploads":
        from dashboard_store.repository.uploads import Uploads

        return Uploads(self.items, self.bucket, self.usage, self.now)

    @cached_property
    def downloads(self) -> "Downloads":
        from dashboard_store.repository.downloads import Downloads

        return Downloads(self.bucket, self.now)
