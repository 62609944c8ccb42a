"""Say what each user stores, as it was last counted: the sums that quotas limit."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from admin import stacks
from admin.stacks import Storage
from admin.stores import opened
from dashboard_store.dynamodb.protocol import marshal, unmarshal
from dashboard_store.repository import keys
from dashboard_store.repository.usage import FULL
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_LISTED: Final = 20


class Stored(NamedTuple):
    """What a user stores; `is_full` if it reached a limit, so that no more is accepted."""

    stored_bytes: int
    projects: int
    user: str
    is_full: bool


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", metavar="ID", help="only this user; without it, the whole table is read once")
    parser.add_argument(
        "--most", metavar="NUMBER", type=int, default=_LISTED, help=f"list so many users (default: {_LISTED})"
    )
    stacks.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print who stores most, and the sums."""
    store, storage = opened(options)
    found = sorted(counted(storage, options.user), reverse=True)
    print("\n".join(listed(found, options.most, store.settings)))
    return 0


def counted(storage: Storage, user: str | None = None) -> Iterator[Stored]:
    """Read the sums of a user, or of all. A user who never stored anything has none."""
    found = _read_all(storage) if user is None else _read(storage, user)
    for item in map(unmarshal, found):
        yield Stored(item.get("storedBytes", 0), item.get("projects", 0), keys.user_of(item), FULL in item)


def _read_all(storage: Storage) -> Iterator[dict[str, "AttributeValueTypeDef"]]:
    pages = storage.dynamodb.get_paginator("scan").paginate(
        TableName=storage.table,
        FilterExpression="sk = :usage",
        ExpressionAttributeValues={":usage": {"S": keys.usage("")["sk"]}},
    )
    for page in pages:
        yield from page["Items"]


def _read(storage: Storage, user: str) -> Iterator[dict[str, "AttributeValueTypeDef"]]:
    key: Any = marshal(keys.usage(user))
    answer = storage.dynamodb.get_item(TableName=storage.table, Key=key)
    if "Item" in answer:
        yield answer["Item"]


def listed(found: list[Stored], most: int, settings: Settings) -> Iterator[str]:
    """Say what users store, who are sorted, line by line; the limits stand beside the sums."""
    total, projects = sum(each.stored_bytes for each in found), sum(each.projects for each in found)
    yield f"Stored by all users ({len(found)}): {total} bytes in {projects} projects."
    yield f"Limit of each user: {settings.max_stored_bytes} bytes in {settings.max_projects} projects."
    for each in found[:most]:
        mark = "  full" if each.is_full else ""
        yield f"  {each.stored_bytes:>15} bytes  {each.projects:>6} projects  {each.user}{mark}"
    if len(found) > most:
        yield f"  … and {len(found) - most} more"
