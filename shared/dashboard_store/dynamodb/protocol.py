"""What a client of the table is: one call in DynamoDB's JSON protocol, values in its wire form, and two ways to fail.

    TransportError
    ├── Refused      DynamoDB answered with an error that is the request's or the moment's: `code`, `response`
    └── Unreachable  no usable answer: no connection, none in time, a damaged one, or a failure of the server's own

A value in the wire form is `{"S": "text"}`, `{"N": "1"}`, `{"B": "<base64>"}`, `{"BOOL": true}`, `{"NULL": true}`,
`{"L": [values]}` or `{"M": {name: value}}`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

# Refusals that another attempt may not meet.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
RETRYABLE_CODES: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# Of these alone the message is shown: what others say may quote the request with its session token.
_TELLING: Final = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ValidationException"})


class TransportError(Exception):
    """A call brought no result."""


class Refused(TransportError):  # noqa: N818 - it reads as what happened
    """DynamoDB's answer was an error; `response` is the answer's document."""

    def __init__(self, code: str, response: Mapping[str, Any]) -> None:
        said = response.get("message") or response.get("Message") if code in _TELLING else None
        super().__init__(f"DynamoDB refused the request: {code}{f': {said}' if said else ''}")
        self.code = code
        self.response = response


class Unreachable(TransportError):  # noqa: N818
    """There was no usable answer within every attempt."""


class Transport(Protocol):
    """Whatever makes calls for a table."""

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call such as `GetItem`, with the request and the answer that its reference names.

        Raises Refused or Unreachable. A call may reach DynamoDB more than once: a transaction then takes effect once.
        """
        ...


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: serialize(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: deserialize(value) for name, value in item.items()}


def serialize(value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever an attribute may be
    """Put a value into the wire form. Raises TypeError for what no item of this package holds."""
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"No attribute is a {type(value).__name__}.")
    return write(value)


def deserialize(value: Mapping[str, Any]) -> Any:  # noqa: ANN401
    ((kind, content),) = value.items()
    return _READERS[kind](content)


_WRITERS: Final[dict[type, Callable[[Any], dict[str, Any]]]] = {
    type(None): lambda _: {"NULL": True},
    str: lambda value: {"S": value},
    bool: lambda value: {"BOOL": value},
    int: lambda value: {"N": str(value)},
    bytes: lambda value: {"B": b2a_base64(value, newline=False).decode("ascii")},
    dict: lambda value: {"M": marshal(value)},
    list: lambda value: {"L": [serialize(each) for each in value]},
}
# Numbers are the service's own counters, hence integers.
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "S": str,
    "BOOL": bool,
    "N": int,
    "B": a2b_base64,
    "NULL": lambda _: None,
    "M": unmarshal,
    "L": lambda values: [deserialize(each) for each in values],
}
