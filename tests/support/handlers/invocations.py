"""The function that reads large uploads: as those that invoke it see it, and as Lambda runs it."""

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from read_upload import process

from dashboard_store.repository.invocations import Invocations
from dashboard_store.store import Store

if TYPE_CHECKING:
    from support.storage.faults import BucketFault

# Longer than any test.
SECONDS = 600


class Reader:
    """Keeps the events with which `invocations` invokes the function, or fails with `fault` while it is set."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.fault: BucketFault | None = None
        client = boto3.client(
            "lambda", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.meta.events.register("before-call.lambda.Invoke", self._answer)
        self.invocations = Invocations(client, "reader:live")

    def run(self, store: Store) -> None:
        """Run the function with each event that it was invoked with, as Lambda does unless something fails."""
        while self.events:
            read(self.events.pop(0), store)

    def _answer(self, model: Any, params: Any, **parameters: Any) -> Any:
        if self.fault:
            return self.fault(model=model, params=params, **parameters)
        assert params["headers"]["X-Amz-Invocation-Type"] == "Event", "The request would wait for the function."
        self.events.append(json.loads(params["body"]))
        return AWSResponse("", 202, HTTPHeaders(), None), {"StatusCode": 202, "ResponseMetadata": {}}


def read(event: dict[str, Any], store: Store, request_id: str = "read-1") -> None:
    """Run the function once."""
    process(event, request_id, store, lambda: SECONDS)
