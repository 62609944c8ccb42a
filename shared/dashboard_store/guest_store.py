"""The repositories of a guest; only a request that opens another user's project loads it."""

from functools import cached_property
from typing import TYPE_CHECKING, Self

from dashboard_store.identifiers import ProjectAddress, Role
from dashboard_store.repository.guarded_items import GuardedItems
from dashboard_store.store import Store

if TYPE_CHECKING:
    from dashboard_store.repository.bucket import Bucket
    from dashboard_store.repository.invocations import Invocations
    from dashboard_store.repository.rate_limit import RateLimit
    from dashboard_store.repository.usage import Usage


class GuestStore(Store):
    """The repositories for a guest of a project: what they read and write is guarded, the rest is the deployment's."""

    def __init__(self, root: Store, items: GuardedItems) -> None:
        super().__init__(root.settings, items, now=root.now)
        self._root = root
        self._guard = items

    @classmethod
    def opened_for(cls, root: Store, address: ProjectAddress, role: Role) -> Self:
        """Open a project for its guest. Only what is the owner's alone is looked up at once: raises Forbidden."""
        items = GuardedItems(root.items, address, role, root.now)
        if role is Role.OWNER:
            items.role()
        return cls(root, items)

    def require(self, role: Role) -> None:
        self._guard.require(role)

    @property
    def role(self) -> Role:
        return self._guard.role()

    @cached_property
    def bucket(self) -> "Bucket":
        return self._root.bucket

    @cached_property
    def invocations(self) -> "Invocations":
        return self._root.invocations

    @cached_property
    def rate_limit(self) -> "RateLimit":
        return self._root.rate_limit

    @cached_property
    def usage(self) -> "Usage":
        return self._root.usage
