"""Removes the objects of expired items, triggered by the table's stream.

The item that names an object is its only owner. DynamoDB removes the item when it expires: an upload that was not
completed, a table that is no longer kept, the data of a deleted project. The filter in template.yaml passes nothing
else: an item that a user's request removes was moved, and its object is still in use.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
"""

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from dashboard_store.repository.bucket import Bucket

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_processor = BatchProcessor(event_type=EventType.DynamoDBStreams)
_logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> Any:  # noqa: ANN401 - what Lambda expects
    return purge(event, context, Bucket.named(os.environ["BUCKET_NAME"]))


def purge(event: dict[str, Any], context: "LambdaContext", bucket: Bucket) -> Any:  # noqa: ANN401
    """Remove the expired items' objects; records that fail are reported, so that Lambda retries them."""

    def remove(record: DynamoDBRecord) -> None:
        expired = record.dynamodb and record.dynamodb.old_image
        if expired:
            bucket.delete(expired["object"])
            _logger.info("purged", sk=expired["sk"])

    return process_partial_response(event=event, record_handler=remove, processor=_processor, context=context)
