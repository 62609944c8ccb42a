"""The notes that users were erased, which name nobody, and how a table that was restored is searched for those users.

A note has the user's keyed hash, and the key, because a deployment may get another one. Without a user's id, nobody
can tell whose it is; with all ids of a table, each can be compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from dashboard_store.dynamodb.protocol import marshal, unmarshal
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOG_KEY: Final = "key"
"""The attribute with the key of the hash."""

ERASED_AT: Final = "erasedAt"
"""The attribute with the time at which an erasure had ended, absent before that."""

# Later than any time.
_UNFINISHED: Final = "~"


def notes(dynamodb: "DynamoDBClient", table: str) -> Iterator[Item]:
    """Yield the notes that a table has."""
    for page in dynamodb.get_paginator("query").paginate(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=marshal({":pk": keys.ERASED}),
    ):
        yield from map(unmarshal, page["Items"])


def pending(found: Iterable[Item], own: Iterable[Item]) -> list[Item]:
    """Return those of the notes found in another table, and of a table's own, whose erasure is not in effect in it.

    So somebody who was erased and came back is not erased again, unless the table is older than their erasure.
    """
    own = list(own)
    in_effect = {note["sk"]: note[ERASED_AT] for note in own if ERASED_AT in note}
    every = {(note["sk"], note.get(ERASED_AT, _UNFINISHED)): note for note in (*own, *found)}
    return [note for (sk, erased_at), note in every.items() if erased_at > in_effect.get(sk, "")]


def of(users: Iterable[str], found: Iterable[Item]) -> list[Item]:
    """Return those of the notes that refer to one of the users."""
    users = list(users)
    return [note for note in found if any(keys.erased(note[LOG_KEY], user)["sk"] == note["sk"] for user in users)]


def erased_among(users: Iterable[str], found: Iterable[Item]) -> list[str]:
    """Return the users, each once, to whom one of the notes refers."""
    hashes: dict[str, set[str]] = defaultdict(set)
    for note in found:
        hashes[note[LOG_KEY]].add(note["sk"])
    erased: dict[str, None] = {}
    last = ""
    for user in users:
        # The items of a partition come one after the other.
        if user != last and any(keys.erased(key, user)["sk"] in each for key, each in hashes.items()):
            erased[user] = None
        last = user
    return list(erased)
