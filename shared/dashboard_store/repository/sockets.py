"""Sending to open WebSocket connections, and closing them, through API Gateway.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, Self

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from dashboard_store.errors import StorageUnavailable

AT_ONCE: Final = 16
"""How many connections are sent to at a time: one takes some ten milliseconds."""

_CLIENT_CONFIG: Final = ClientConfig(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=AT_ONCE,
)


class ManagementClient(Protocol):
    """The part of boto3's client that is used."""

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> object: ...  # noqa: N803 - boto3's names

    def delete_connection(self, *, ConnectionId: str) -> object: ...  # noqa: N803 - the same


class Sockets:
    """The open connections of one WebSocket API behind a boto3 client."""

    def __init__(self, client: ManagementClient) -> None:
        self._client = client

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Open the API that AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI names."""
        region = environment.get("AWS_REGION")
        return cls(boto3.client("apigatewaymanagementapi", region_name=region, config=_CLIENT_CONFIG))

    def send(self, connections: Sequence[str], text: str) -> list[str]:
        """Send a text to connections; return those that no longer exist.

        Raises StorageUnavailable if it could not be sent to one, but not before it was sent to all others.
        """
        data = text.encode()
        with ThreadPoolExecutor(min(AT_ONCE, max(len(connections), 1))) as pool:
            arrived = list(pool.map(lambda connection: self._sent(connection, data), connections))
        if None in arrived:
            raise StorageUnavailable(f"{arrived.count(None)} of {len(arrived)} connections could not be sent to.")
        return [connection for connection, has_arrived in zip(connections, arrived, strict=True) if not has_arrived]

    def close(self, connection: str) -> None:
        """Close a connection, open or not. Raises StorageUnavailable."""
        try:
            self._client.delete_connection(ConnectionId=connection)
        except (BotoCoreError, ClientError) as exc:
            if not _is_gone(exc):
                raise StorageUnavailable("A connection could not be closed.") from exc

    def _sent(self, connection: str, data: bytes) -> bool | None:
        """Send to one connection; return whether it exists, or None if that is not known."""
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=data)
        except (BotoCoreError, ClientError) as exc:
            return False if _is_gone(exc) else None
        return True


def _is_gone(error: Exception) -> bool:
    """Whether an error says that a connection no longer exists."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "GoneException"
