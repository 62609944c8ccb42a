"""Faults of the database and the bucket, injected in the client, so that no server has to misbehave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from support.storage.clients import Answer, Call, Request, Tapped

from dashboard_store.dynamodb.protocol import Refused, Unreachable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

URL = "http://127.0.0.1"

# -- database faults: `fault(operation)` raises, returns a response, or returns None to let the call through --

type Fault = Callable[[str], Answer | None]


def refuses(code: str, reasons: tuple[str, ...] = ()) -> Fault:
    def refuse(operation: str) -> None:
        # Only transactions are cancelled with reasons.
        if not reasons or operation.startswith("Transact"):
            raise Refused(code, {"CancellationReasons": [{"Code": reason} for reason in reasons]} if reasons else {})

    return refuse


def let_through(_: str) -> None:
    """Be no fault: `injected` then only counts the calls."""


def _is_out_of_reach(_: str) -> None:
    raise Unreachable("injected")


CONTENDED = {
    "TransactionConflict": refuses("TransactionCanceledException", ("None", "TransactionConflict")),
    "ThrottlingError": refuses("TransactionCanceledException", ("ThrottlingError",)),
}
# tests/unit/test_dynamodb_client.py tests what the transport reports as unreachable.
OUT_OF_REACH = {
    "throttled": refuses("ProvisionedThroughputExceededException"),
    "throttled by the account": refuses("RequestLimitExceeded"),
    "throttled by the control plane": refuses("ThrottlingException"),
    "in progress": refuses("TransactionInProgressException"),
    "broken": refuses("InternalServerError"),
    "unreachable": _is_out_of_reach,
}


@contextmanager
def injected(client: Tapped, fault: Fault, times: int | None = None, spared: str = "") -> Iterator[list[int]]:
    """Inject a fault into the next `times` calls of the client, or into all with None; yield the number of calls.

    Calls of the operation `spared` go through uncounted.
    """
    calls = [0]

    def meet(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == spared:
            return proceed(operation, request)
        calls[0] += 1
        met = fault(operation) if times is None or calls[0] <= times else None
        return proceed(operation, request) if met is None else met

    with client.tapped(meet):
        yield calls


# -- bucket faults, below botocore: `fault(model=…)` raises, or returns an error in botocore's form --

type BucketFault = Callable[..., Any]


def answers(code: str, status: int) -> BucketFault:
    error = {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {}}
    return lambda **_: (SimpleNamespace(status_code=status), error)


def raises(error: Exception) -> BucketFault:
    def fail(**_: Any) -> None:
        raise error

    return fail


BUCKET_OUT_OF_REACH = {
    "slowed down": answers("SlowDown", 503),
    "broken": answers("InternalError", 500),
    "nameless": answers("503", 503),
    "read timeout": raises(ReadTimeoutError(endpoint_url=URL)),
    "unreachable": raises(EndpointConnectionError(endpoint_url=URL)),
}


@contextmanager
def injected_in_bucket(client: "S3Client", fault: BucketFault, times: int | None = None) -> Iterator[list[int]]:
    """Inject a fault into the next `times` calls of the bucket, or into all with None; yield the number of calls."""
    calls = [0]

    def meet(**parameters: Any) -> Any:
        calls[0] += 1
        return fault(**parameters) if times is None or calls[0] <= times else None

    client.meta.events.register_first("before-call", meet)
    try:
        yield calls
    finally:
        client.meta.events.unregister("before-call", meet)
