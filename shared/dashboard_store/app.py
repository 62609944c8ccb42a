"""The parts that make up a function: settings, transport, repositories and resolver.

Only this module depends on both the gateway and the repository. Each repository is imported and created on first use,
so a function loads only what it uses.
"""

# ruff: noqa: PLC0415 - late imports are the purpose of this module

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.gateway.resolver import Resolver
from dashboard_store.repository import retention
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from dashboard_store.gateway.flags import Flags
    from dashboard_store.repository.background_reads import BackgroundReads
    from dashboard_store.repository.bucket import Bucket
    from dashboard_store.repository.config_saves import ConfigSaves
    from dashboard_store.repository.configs import Configs
    from dashboard_store.repository.dataset_writes import DatasetWrites
    from dashboard_store.repository.datasets import Datasets
    from dashboard_store.repository.downloads import Downloads
    from dashboard_store.repository.history_bound import HistoryBound
    from dashboard_store.repository.invocations import Invocations
    from dashboard_store.repository.project_deletion import ProjectDeletion
    from dashboard_store.repository.project_purge import ProjectPurge
    from dashboard_store.repository.projects import Projects
    from dashboard_store.repository.rate_limit import RateLimit
    from dashboard_store.repository.schema_writes import SchemaWrites
    from dashboard_store.repository.uploads import Uploads
    from dashboard_store.repository.usage import Usage

type Repository = Literal[
    "background_reads",
    "configs",
    "config_saves",
    "dataset_writes",
    "datasets",
    "downloads",
    "project_deletion",
    "projects",
    "rate_limit",
    "schema_writes",
    "uploads",
    "usage",
]


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

        return Projects(self.items, self.usage, self._lifetimes, self.now)

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
    def uploads(self) -> "Uploads":
        from dashboard_store.repository.uploads import Uploads

        return Uploads(self.items, self.bucket, self.usage, self.now)

    @cached_property
    def downloads(self) -> "Downloads":
        from dashboard_store.repository.downloads import Downloads

        return Downloads(self.bucket, self.now)


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

    def connect(self, store: Store) -> None:
        """Use a store from now on."""
        self.store = store
        self.resolver.connect(store.settings, lambda: store.items.units, store.rate_limit.request)

    @cached_property
    def flags(self) -> "Flags":
        from dashboard_store.gateway.flags import open_flags

        return open_flags(self.store.settings)
