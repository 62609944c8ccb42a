"""Changes of the table's items, as its stream tells them."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.formats import readable
from dashboard_store.repository.stored_bytes import announced_bytes, member_bytes, stored_bytes

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_EXPIRES: Final = "dynamodb.amazonaws.com"
# A sequence number has at most 40 digits; padded, they sort as text.
_SEQUENCE_DIGITS: Final = 40


class Change(NamedTuple):
    """One record of the stream; `old` and `new` are the item before and after it.

    `is_expiry` is True if DynamoDB removed the item because it had expired.
    """

    stream: str
    sequence: str
    old: Item | None
    new: Item | None
    is_expiry: bool = False

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read a record as Lambda passes it to a function. Raises NewerFormat."""
        data = record["dynamodb"]
        old, new = (readable(unmarshal(data[name])) if name in data else None for name in ("OldImage", "NewImage"))
        stream = record["eventSourceARN"].rpartition("/")[2]
        is_expiry = record.get("userIdentity", {}).get("principalId") == _EXPIRES
        return cls(stream, data["SequenceNumber"], old, new, is_expiry)

    @property
    def item(self) -> Item:
        """The item after the change or, if it was removed, before it."""
        return self.new or self.old or {}

    @property
    def order(self) -> str:
        """The sequence number as text that sorts."""
        return self.sequence.zfill(_SEQUENCE_DIGITS)

    @property
    def added_bytes(self) -> int:
        """By how much it changed what the user stores; an announcement counted the announced bytes itself."""
        before = stored_bytes(self.old) if self.old else 0
        after = stored_bytes(self.new) if self.new else 0
        return after - before - (0 if self.old or not self.new else announced_bytes(self.new))

    @property
    def added_by_members(self) -> int:
        """By how much it changed what the members of the item's project store."""
        return member_bytes(self.new) - member_bytes(self.old)

    @property
    def added_projects(self) -> int:
        """-1 if a deleted project expired. Creating and purging projects count in their own transactions."""
        return -1 if self.is_expiry and self.item["sk"].startswith(keys.DELETED_PROJECTS) else 0
