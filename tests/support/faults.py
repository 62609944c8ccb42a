"""Faults of database and bucket, injected under botocore: what a client meets, without one that misbehaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

URL = "http://127.0.0.1"

Fault = Callable[..., Any]


def answers(code: str, status: int = 400, reasons: tuple[str, ...] = ()) -> Fault:
    """Answer in the database's place, in the form in which botocore hands on an error."""
    error: dict[str, Any] = {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {}}
    if reasons:
        error["CancellationReasons"] = [{"Code": reason} for reason in reasons]

    def answer(model: Any, **_: Any) -> Any:
        # Only a transaction is cancelled with reasons.
        return (
            None if reasons and not model.name.startswith("Transact") else (SimpleNamespace(status_code=status), error)
        )

    return answer


def raises(error: Exception) -> Fault:
    def fail(**_: Any) -> None:
        raise error

    return fail


CONTENDED = {
    "TransactionConflict": answers("TransactionCanceledException", reasons=("None", "TransactionConflict")),
    "ThrottlingError": answers("TransactionCanceledException", reasons=("ThrottlingError",)),
}
OUT_OF_REACH = {
    "throttled": answers("ProvisionedThroughputExceededException"),
    "throttled by the account": answers("RequestLimitExceeded"),
    "throttled by the control plane": answers("ThrottlingException"),
    "in progress": answers("TransactionInProgressException"),
    "broken": answers("InternalServerError", 500),
    "read timeout": raises(ReadTimeoutError(endpoint_url=URL)),
    "connect timeout": raises(ConnectTimeoutError(endpoint_url=URL)),
    "unreachable": raises(EndpointConnectionError(endpoint_url=URL)),
}
BUCKET_OUT_OF_REACH = {
    "slowed down": answers("SlowDown", 503),
    "broken": answers("InternalError", 500),
    "nameless": answers("503", 503),
    "read timeout": raises(ReadTimeoutError(endpoint_url=URL)),
    "unreachable": raises(EndpointConnectionError(endpoint_url=URL)),
}


@contextmanager
def injected(
    client: "DynamoDBClient | S3Client", fault: Fault, times: int | None = None, spared: str = ""
) -> Iterator[list[int]]:
    """Let the next `times` calls of the client meet a fault, all of them with None; yields their count.

    Calls of the operation `spared` go through.
    """
    calls = [0]

    def meet(**parameters: Any) -> Any:
        if parameters["model"].name == spared:
            return None
        calls[0] += 1
        return fault(**parameters) if times is None or calls[0] <= times else None

    client.meta.events.register_first("before-call", meet)
    try:
        yield calls
    finally:
        client.meta.events.unregister("before-call", meet)
