"""Follows the table's stream: counts what each user stores, and removes what is no longer needed.

- The bytes of every record count towards its user's quota (`usage`).
- The item that names an object is its only owner. When it expires or names another one, the object is removed
  (`object_lifetimes`); so is a file that was sent, once its upload is completed.
- What remains of a project that nobody can restore any more is removed (`project_purge`).
- After every hundred versions, a project's history is held within its bound (`history_bound`).

Each of these can be repeated. If one fails, Lambda sends the records again from the first that failed; those that fail
for ever go to the queue `PurgeFailures`.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from dashboard_store import retry
from dashboard_store.gateway.log_hash import project_hash, user_hash
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.changes import Change
from dashboard_store.repository.history_bound import CHECKED_EVERY
from dashboard_store.repository.object_lifetimes import abandoned_object
from dashboard_store.store import Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> Any:  # noqa: ANN401 - what Lambda expects
    with retry.limited(context.get_remaining_time_in_millis() / 1_000 - retry.SPARE_SECONDS):
        return process(event, context, _store())


@cache
def _store() -> Store:
    return Store.from_environment(os.environ)


def process(event: dict[str, Any], context: "LambdaContext", store: Store) -> Any:  # noqa: ANN401
    """Process records; those that fail are reported, so that Lambda sends them again."""
    changes = {change.sequence: change for change in map(Change.from_record, event["Records"])}
    _count(changes.values(), store)

    def follow(record: "DynamoDBRecord") -> None:
        _follow(changes[record.raw_event["dynamodb"]["SequenceNumber"]], store)

    processor = BatchProcessor(event_type=EventType.DynamoDBStreams)
    return process_partial_response(event=event, record_handler=follow, processor=processor, context=context)


def _count(changes: Iterable[Change], store: Store) -> None:
    by_user: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_user[keys.user_of(change.item)].append(change)
    for user, own in by_user.items():
        store.usage.count(user, own)


def _follow(change: Change, store: Store) -> None:
    """Remove what a change left behind."""
    item, is_new = change.item, change.new is not None
    if not keys.is_stored(item):
        return
    is_deleted, (kind, project_id, *rest) = keys.parts(item)
    address = ProjectAddress(keys.user_of(item), project_id)
    removed: dict[str, int] = {}
    abandoned = abandoned_object(change.old, change.new, is_expiry=change.is_expiry)
    if abandoned:
        store.bucket.delete(abandoned)
        removed["objects"] = 1
    if kind == "UPLOAD" and is_new and "completed" in item:
        store.bucket.delete(keys.announced_file(address, rest[0]))
        if "fileBytes" in item:
            store.bucket.delete(keys.job(address, rest[0]))
        removed["files"] = 1
    # A permanent delete, and the end of the time for restoring.
    if is_deleted and ((kind == "PROJECT" and is_new) or (kind == "CONFIG" and change.is_expiry)):
        removed["items"] = store.project_purge.purge(address)
    if kind == "CONFIGVERSION" and change.old is None and item["version"] % CHECKED_EVERY == 0:
        removed["versions"] = store.history_bound.apply(address)
    if any(removed.values()):
        key = store.settings.log_key
        user, project = user_hash(key, address.owner), project_hash(key, address.owner, project_id)
        _logger.info("removed", extra={"user": user, "project": project, **removed})
