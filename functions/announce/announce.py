"""Follows the table's stream: tells connections which projects have changed, and closes those whose access has ended.

It is the second reader of the stream, so a save costs nothing more. What it sends names versions, never content. An
event without records is its own, by which it announces a project once that is due: no project is announced more often
than its followers can ask.

If one record fails, the others of the batch are processed all the same, and Lambda sends all of them again: announcing
twice does no harm.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

import os
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from dashboard_store import retry
from dashboard_store.errors import StorageUnavailable
from dashboard_store.gateway.log_hash import project_hash
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.announcements import Announcements
from dashboard_store.repository.changes import Change
from dashboard_store.repository.invocations import Invocations
from dashboard_store.repository.sockets import Sockets
from dashboard_store.store import Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_VERSIONS = {"CONFIG": "version", "DATA": "version", "ANALYSIS": "analysisVersion"}
_GRANTS = ("MEMBER", "TEAM")

_logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    store, function = _store(), context.invoked_function_arn
    announcements = Announcements(
        store.items, store.connections, _sockets(), store.now, lambda: Invocations.named(function)
    )
    with retry.limited(context.get_remaining_time_in_millis() / 1_000 - retry.SPARE_SECONDS):
        process(event, announcements, store.settings.log_key)


@cache
def _store() -> Store:
    return Store.from_environment(os.environ)


@cache
def _sockets() -> Sockets:
    return Sockets.from_environment()


def process(
    event: dict[str, Any],
    announcements: Announcements,
    log_key: str,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> None:
    """Process records, or announce the project of an event once it is due. Raises StorageUnavailable."""
    if "Records" not in event:
        sleep(max(event["at"] / 1_000 - now(), 0))
        announcements.due(ProjectAddress(event["owner"], event["projectId"]), event["at"])
        return
    changes = [Change.from_record(record) for record in event["Records"]]
    failures = []
    for address, act in _actions(changes, announcements):
        try:
            act()
        except StorageUnavailable as exc:
            project = project_hash(log_key, address.owner, address.project_id)
            _logger.warning("announcement failed", extra={"project": project, "reason": str(exc)})
            failures.append(exc)
    if failures:
        raise failures[0]


def _actions(
    changes: list[Change], announcements: Announcements
) -> Iterator[tuple[ProjectAddress, Callable[[], None]]]:
    """Yield what the changes call for: first that access has ended, then one announcement for each project."""
    changed: dict[ProjectAddress, str] = {}
    for change in changes:
        # The filter lets through no item of a deleted project, and no draft.
        _, (kind, project_id, *rest) = keys.parts(change.item)
        address = ProjectAddress(keys.user_of(change.item), project_id)
        if change.new is None:
            door = change.item["sk"] if kind == "SHARE" and rest[0] in _GRANTS else None
            if kind == "PROJECT" or door:
                yield address, partial(announcements.ended, address, door)
        elif kind in _VERSIONS and _number(change.new, kind) != _number(change.old, kind):
            # A table and its analysis change together, and do not say who changed them.
            changed[address] = change.new.get("summary", {}).get("updatedBy", {}).get("id", "")
    for address, by in changed.items():
        yield address, partial(announcements.changed, address, by)


def _number(item: dict[str, Any] | None, kind: str) -> int:
    number: int = (item or {}).get(_VERSIONS[kind], 0)
    return number
