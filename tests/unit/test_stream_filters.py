"""The local run applies Lambda's event filters, and refuses what it does not know."""

import json
from typing import Any

import pytest
from support.project.template import functions

from local.filters import UnsupportedFilterError, any_of

RECORD: dict[str, Any] = {
    "eventName": "REMOVE",
    "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    "dynamodb": {"Keys": {"sk": {"S": "DATA#1"}}, "OldImage": {"object": {"S": "tables/a"}, "live": {"BOOL": True}}},
}


def matches(*patterns: Any) -> bool:
    return any_of([json.dumps(pattern) for pattern in patterns])(RECORD)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"eventName": ["INSERT", "REMOVE"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"eventName": ["REMOVE"], "userIdentity": {"type": ["User"]}}, False),
        ({"dynamodb": {"OldImage": {"live": {"BOOL": [True]}}}}, True),
        ({"dynamodb": {"OldImage": {"live": {"BOOL": [1]}}}}, False),
        ({"dynamodb": {"OldImage": {"live": {"BOOL": [None]}}}}, False),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "CONFIG"}, {"prefix": "DATA#"}]}}}}, True),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "ATA"}]}}}}, False),
        ({"dynamodb": {"OldImage": {"live": {"BOOL": [{"prefix": "T"}]}}}}, False),
        ({"dynamodb": {"OldImage": {"object": {"S": [{"exists": True}]}}}}, True),
        ({"dynamodb": {"OldImage": {"object": {"S": [{"exists": False}]}}}}, False),
        ({"dynamodb": {"OldImage": {"object": [{"exists": True}]}}}, False),
        ({"dynamodb": {"NewImage": {"object": {"S": [{"exists": True}]}}}}, False),
        ({"dynamodb": {"NewImage": {"object": {"S": [{"exists": False}]}}}}, True),
        ({"eventName": [{"anything-but": ["INSERT", "MODIFY"]}]}, True),
        ({"eventName": [{"anything-but": "REMOVE"}]}, False),
        ({"absent": [{"anything-but": ["INSERT"]}]}, False),
    ],
)
def test_a_pattern_matches_as_in_lambda(pattern: Any, expected: bool) -> None:  # noqa: FBT001
    """Every member of a pattern has to match one of its alternatives; `exists` looks only at values, not objects."""
    assert matches(pattern) is expected


def test_one_filter_of_several_suffices() -> None:
    """A record that one of the filters matches is delivered, and without filters, every record is."""
    assert matches({"eventName": ["INSERT"]}, {"eventName": ["REMOVE"]})
    assert not matches({"eventName": ["INSERT"]}, {"eventName": ["MODIFY"]})
    assert matches()


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": [{"suffix": "E"}]},
        {"eventName": [{"numeric": [">", 1]}]},
        {"eventName": [{"exists": "true"}]},
        {"eventName": [{"exists": True, "prefix": "R"}]},
        {"eventName": [{"anything-but": {"prefix": "R"}}]},
        {"eventName": [{"anything-but": [{"prefix": "R"}]}]},
        {"eventName": [["REMOVE"]]},
        {"$or": [{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}]},
        {"eventName": "REMOVE"},
        {"eventName": []},
        {"eventName": {}},
        {},
        [],
    ],
)
def test_an_unknown_pattern_is_refused(pattern: Any) -> None:
    """A pattern that would be applied wrongly is refused, wherever it stands, and the message shows it."""
    with pytest.raises(UnsupportedFilterError) as refused:
        any_of(['{"eventName": ["REMOVE"]}', json.dumps(pattern)])
    assert json.dumps(pattern) in str(refused.value)


def test_text_that_is_not_json_is_refused() -> None:
    """A pattern that is not JSON is refused."""
    with pytest.raises(UnsupportedFilterError):
        any_of(["{"])


def record(sort_key: str, *, new: bool = True, expires: bool = False) -> dict[str, Any]:
    """Return a record as the engines write it: images hold the whole item, its key too."""
    key = {"pk": {"S": "USER#user-1"}, "sk": {"S": sort_key}}
    item = {**key, "version": {"N": "1"}, **({"expiresAt": {"N": "1795348700"}} if expires else {})}
    images = {"NewImage": item} if new else {"OldImage": item}
    return {"eventName": "MODIFY" if new else "REMOVE", "dynamodb": {"Keys": key, **images}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (record("CONFIG#sales"), True),
        (record("DATA#sales"), True),
        (record("ANALYSIS#sales"), True),
        (record("PROJECT#sales", new=False), True),
        (record("SHARE#sales#MEMBER#m", new=False), True),
        (record("CONFIG#sales#session-1", expires=True), False),
        (record("CONFIGVERSION#sales#000000000001", expires=True), False),
        (record("CONFIG#sales", new=False), False),
        (record("PROJECT#sales"), False),
        (record("SHARE#sales#MEMBER#m"), False),
        (record("DELETED#PROJECT#sales", new=False), False),
        (record("USAGE"), False),
    ],
)
def test_what_is_announced_passes_the_templates_filter(change: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    """Newest configs, tables and analyses, ended grants and deleted projects are announced; drafts and history not."""
    filters = functions()["AnnounceFunction"]["Events"]["Changed"]["Properties"]["FilterCriteria"]["Filters"]
    assert any_of([each["Pattern"] for each in filters])(change) is expected
