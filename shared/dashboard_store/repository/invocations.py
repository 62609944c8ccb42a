"""Invoking a function without waiting for it; Lambda retries for itself what fails later.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from dashboard_store.errors import StorageUnavailable
from dashboard_store.identifiers import ProjectAddress

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_CLIENT_CONFIG: Final = ClientConfig(
    connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


class Invocations:
    """One function behind a boto3 client."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    @classmethod
    def named(cls, function: str, environment: Mapping[str, str] = os.environ) -> Self:
        """Open a function by the ARN of its alias, in the function's own region with its own credentials."""
        return cls(boto3.client("lambda", region_name=environment.get("AWS_REGION"), config=_CLIENT_CONFIG), function)

    def read(self, address: ProjectAddress, upload_id: str) -> None:
        """Have an upload read. Raises StorageUnavailable."""
        event = {"owner": address.owner, "projectId": address.project_id, "uploadId": upload_id}
        self._invoke(event, "The file cannot be read now. Try again.")

    def announce(self, address: ProjectAddress, at: int) -> None:
        """Have a project announced at a time, in epoch milliseconds. Raises StorageUnavailable."""
        event = {"owner": address.owner, "projectId": address.project_id, "at": at}
        self._invoke(event, "The project cannot be announced now.")

    def _invoke(self, event: dict[str, Any], refusal: str) -> None:
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=json.dumps(event).encode())
        except (BotoCoreError, ClientError) as exc:
            raise StorageUnavailable(refusal) from exc
