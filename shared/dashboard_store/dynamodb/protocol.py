"""DynamoDB's JSON protocol: the transport's interface, values in the wire format, and the two ways a call can fail.

    TransportError
    ├── Refused      DynamoDB answered with an error, permanent or transient: `code`, `document`
    └── Unreachable  no usable response: no connection, a timeout, a server error, or what is not DynamoDB's response

A value in the wire format is `{"S": "text"}`, `{"N": "1"}`, `{"B": "<base64>"}`, `{"BOOL": true}`, `{"NULL": true}`,
`{"L": [values]}` or `{"M": {name: value}}`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

# Transient refusals: DynamoDB failed, or it is busy and will accept the request after some time.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_FAILURES: Final = frozenset({"InternalServerError", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable"})
_BUSY: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# Why a transaction was cancelled, as far as the load is the reason.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_THROTTLED: Final = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
# Only these messages are quoted: others may contain the request with its session token.
_SAFE_TO_QUOTE: Final = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ValidationException"})


class TransportError(Exception):
    """A call returned no result; `request_id` is DynamoDB's id of it, which AWS support asks for, or None."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id

    @property
    def is_retryable(self) -> bool:
        """Whether another attempt may succeed."""
        return True

    @property
    def is_busy(self) -> bool:
        """Whether DynamoDB will accept the same request after some time."""
        return False


class Refused(TransportError):  # noqa: N818 - the name says what happened
    """DynamoDB answered with an error; `document` is the body of its response."""

    def __init__(self, code: str, document: Mapping[str, Any], request_id: str | None = None) -> None:
        message = document.get("message") or document.get("Message") if code in _SAFE_TO_QUOTE else None
        super().__init__(f"DynamoDB refused the request: {code}{f': {message}' if message else ''}", request_id)
        self.code = code
        self.document = document

    @property
    def is_retryable(self) -> bool:
        return self.is_busy or self.code in _FAILURES

    @property
    def is_busy(self) -> bool:
        return self.code in _BUSY

    @property
    def is_throttled(self) -> bool:
        """Whether the load was the reason; a cancelled transaction has one for each of its writes."""
        reasons = self.document.get("CancellationReasons", [])
        return self.is_busy or any(reason.get("Code") in _THROTTLED for reason in reasons)


class Unreachable(TransportError):  # noqa: N818
    """No attempt returned a usable response."""


class Transport(Protocol):
    """Makes calls to DynamoDB."""

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call such as `GetItem`; request and response are as in DynamoDB's API reference.

        Raises Refused or Unreachable. A call may reach DynamoDB more than once; a transaction takes effect once.
        """
        ...


# Neither calls a function for each attribute, which would take twice as long.
def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _WRITERS[type(value)](value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _READERS[kind](content) for name, value in item.items() for ((kind, content),) in [value.items()]}


def serialize(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any type of attribute
    """Convert a value to the wire format. Raises TypeError for a type that no item of this package uses."""
    return _WRITERS[type(value)](value)


def deserialize(value: Mapping[str, Any]) -> Any:  # noqa: ANN401
    ((kind, content),) = value.items()
    return _READERS[kind](content)


class _Writers(dict[type, Callable[[Any], dict[str, Any]]]):
    def __missing__(self, kind: type) -> Callable[[Any], dict[str, Any]]:
        raise TypeError(f"An attribute cannot be a {kind.__name__}.")


_WRITERS: Final = _Writers(
    {
        type(None): lambda _: {"NULL": True},
        str: lambda value: {"S": value},
        bool: lambda value: {"BOOL": value},
        int: lambda value: {"N": str(value)},
        bytes: lambda value: {"B": b2a_base64(value, newline=False).decode("ascii")},
        dict: lambda value: {"M": marshal(value)},
        list: lambda value: {"L": [serialize(each) for each in value]},
    }
)
# All numbers are counters, hence integers.
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "S": str,
    "BOOL": bool,
    "N": int,
    "B": a2b_base64,
    "NULL": lambda _: None,
    "M": unmarshal,
    "L": lambda values: [deserialize(each) for each in values],
}
