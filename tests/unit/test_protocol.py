"""Items have the wire format that boto3 gives them, and come back as they were."""

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
    """Put boto3's bytes into the base64 of the wire format."""
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
    """Whatever an item holds has boto3's form, and is the same when it is read."""
    assert serialize(value) == as_text(TypeSerializer().serialize(value))
    read = deserialize(serialize(value))
    assert read == value
    assert repr(read) == repr(value)


@given(st.dictionaries(st.text(), values))
def test_items_come_back(item: dict[str, Any]) -> None:
    """An item is its attributes, each by its name."""
    assert unmarshal(marshal(item)) == item


@pytest.mark.parametrize("value", [1.5, {1, 2}, object()])
def test_what_no_item_holds_is_refused(value: object) -> None:
    """A value without a form of its own is a defect of the caller, not something else than it was."""
    with pytest.raises(TypeError, match=type(value).__name__):
        serialize([value])


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_a_defect_says_what_it_is(code: str) -> None:
    """What is wrong with rights, table or request is told in DynamoDB's own words: they hold no secret."""
    assert str(Refused(code, {"message": "so"})) == f"DynamoDB refused the request: {code}: so"


def test_a_refusal_says_no_more_than_it_may() -> None:
    """The message of a refusal tells what was wrong with the request; that of a signature would tell its token."""
    wrong = Refused("ValidationException", {"message": "One value was invalid"})
    unsigned = Refused("InvalidSignatureException", {"message": "x-amz-security-token:the-token"})
    assert str(wrong) == "DynamoDB refused the request: ValidationException: One value was invalid"
    assert str(Refused("ValidationException", {"Message": "Or so"})).endswith(": Or so")
    assert str(unsigned) == "DynamoDB refused the request: InvalidSignatureException"


def test_a_refusal_keeps_all_that_dynamodb_said() -> None:
    """The code and the body of the response come with the error."""
    document = {"message": "m", "CancellationReasons": [{"Code": "None"}]}
    refused = Refused("TransactionCanceledException", document)
    assert (refused.code, refused.document) == ("TransactionCanceledException", document)


@pytest.mark.parametrize(
    ("error", "is_retryable"),
    [
        pytest.param(TransportError(), True, id="no result"),
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
def test_an_error_of_the_moment_is_retryable(error: TransportError, *, is_retryable: bool) -> None:
    """Another attempt may succeed where no response came, and after a refusal that says nothing about the request."""
    assert error.is_retryable is is_retryable
