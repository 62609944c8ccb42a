"""Items have the same wire format as with boto3, and are read back unchanged."""

from base64 import b64encode
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from dashboard_store.dynamodb.protocol import (
    Refused,
    TransportError,
    Unreachable,
    deserialize,
    marshal,
    serialize,
    unmarshal,
)

leaves = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text() | st.binary()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def as_text(value: Any) -> Any:
    """Convert boto3's bytes to the base64 of the wire format."""
    match value:
        case {"B": bytes(content)}:
            return {"B": b64encode(content).decode()}
        case dict():
            return {name: as_text(each) for name, each in value.items()}
        case list():
            return [as_text(each) for each in value]
    return value


@given(values)
def test_values_are_written_as_boto3_does(value: Any) -> None:
    """Every value is written as boto3 writes it, and is read back unchanged."""
    assert serialize(value) == as_text(TypeSerializer().serialize(value))
    read = deserialize(serialize(value))
    assert read == value
    assert repr(read) == repr(value)


@given(st.dictionaries(st.text(), values))
def test_items_are_read_back(item: dict[str, Any]) -> None:
    """An item that is written and read has the same attributes."""
    assert unmarshal(marshal(item)) == item


@pytest.mark.parametrize("value", [1.5, {1, 2}, object()])
def test_other_types_are_refused(value: object) -> None:
    """A value of a type that has no wire format is a defect of the caller, and is not converted to another type."""
    with pytest.raises(TypeError, match=type(value).__name__):
        serialize([value])


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_a_defect_is_described(code: str) -> None:
    """An error of permissions, table or request quotes DynamoDB's message, which contains no secret."""
    assert str(Refused(code, {"message": "so"})) == f"DynamoDB refused the request: {code}: so"


def test_only_safe_messages_are_quoted() -> None:
    """A refusal quotes the message about a wrong request, but not the one about a signature, which has the token."""
    wrong = Refused("ValidationException", {"message": "One value was invalid"})
    unsigned = Refused("InvalidSignatureException", {"message": "x-amz-security-token:the-token"})
    assert str(wrong) == "DynamoDB refused the request: ValidationException: One value was invalid"
    assert str(Refused("ValidationException", {"Message": "Or so"})).endswith(": Or so")
    assert str(unsigned) == "DynamoDB refused the request: InvalidSignatureException"


def test_a_refusal_keeps_the_whole_response() -> None:
    """The error has the code and the body of the response."""
    document = {"message": "m", "CancellationReasons": [{"Code": "None"}]}
    refused = Refused("TransactionCanceledException", document)
    assert (refused.code, refused.document) == ("TransactionCanceledException", document)


@pytest.mark.parametrize(
    ("error", "is_retryable"),
    [
        pytest.param(TransportError("No result."), True, id="no result"),
        pytest.param(Unreachable("No response."), True, id="no response"),
        *(pytest.param(Refused(code, {}), True, id=code) for code in ("InternalServerError", "ThrottlingException")),
        *(
            pytest.param(Refused(code, {}), False, id=code)
            for code in (
                "AccessDeniedException",
                "ConditionalCheckFailedException",
                "InvalidSignatureException",
                "ResourceNotFoundException",
                "TransactionCanceledException",
                "TransactionConflictException",
                "ValidationException",
            )
        ),
    ],
)
def test_a_transient_error_is_retryable(error: TransportError, *, is_retryable: bool) -> None:
    """A call can be retried if no response came, or if the refusal says nothing about the request."""
    assert error.is_retryable is is_retryable


@pytest.mark.parametrize(
    ("error", "is_busy"),
    [
        pytest.param(Unreachable("No response."), False, id="no response"),
        *(pytest.param(Refused(code, {}), True, id=code) for code in ("ThrottlingException", "RequestLimitExceeded")),
        *(pytest.param(Refused(code, {}), False, id=code) for code in ("InternalServerError", "ValidationException")),
    ],
)
def test_only_a_refusal_for_the_load_is_busy(error: TransportError, *, is_busy: bool) -> None:
    """A throttle passes after some time; a failure may last, and repeating what is invalid changes nothing."""
    assert error.is_busy is is_busy


def cancelled(*codes: str) -> Refused:
    """Return the refusal of a transaction with a reason for each write."""
    return Refused("TransactionCanceledException", {"CancellationReasons": [{"Code": code} for code in codes]})


@pytest.mark.parametrize(
    ("error", "is_throttled"),
    [
        pytest.param(Refused("ThrottlingException", {}), True, id="a call"),
        pytest.param(cancelled("None", "ThrottlingError"), True, id="a write of a transaction"),
        pytest.param(cancelled("ProvisionedThroughputExceeded"), True, id="a partition"),
        pytest.param(cancelled("TransactionConflict"), False, id="a conflict"),
        pytest.param(Refused("ValidationException", {}), False, id="a defect"),
    ],
)
def test_a_throttle_is_recognised(error: Refused, *, is_throttled: bool) -> None:
    """A refusal because of the load is a throttle, of a whole call or of one write of a transaction."""
    assert error.is_throttled is is_throttled


def test_an_error_keeps_dynamodbs_id_of_the_request() -> None:
    """The id is part of every error that DynamoDB caused, and of no message."""
    errors = (Unreachable("No.", "ID"), Refused("ValidationException", {}, "ID"))
    assert [(error.request_id, "ID" in str(error)) for error in errors] == [("ID", False)] * 2
    assert Unreachable("No.").request_id is Refused("ValidationException", {}).request_id is None
