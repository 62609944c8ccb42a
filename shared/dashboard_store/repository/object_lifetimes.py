"""When an object of the bucket is no longer needed, as a pure function of a change in the table.

Exactly one item names an object, in its attribute `object`:

| Item | Names the object of | Until |
|---|---|---|
| `UPLOAD#` | a table that is being stored | the table's item takes it over, or the item expires after a day |
| `DATA#` | the newest table | the next upload, or a delete of the project, moves it to one of the items below |
| `DATAVERSION#` | an earlier upload | the item expires: the upload is no longer kept, or its project was deleted |
| `PIN#` | a copy that a link pins | the link is taken back or expires |
| `DELETED#DATA#` | the newest table of a deleted project | a restore moves it back, or the item expires |

A name moves in one transaction, so removing or changing an item means nothing by itself: the object is named elsewhere.
Its last name is lost in two ways. DynamoDB removes the expired item. Or DynamoDB has not removed it yet when a project
that was created under the same id after it expired writes an item at the same key: such keys are written without a
condition, because what they hold has expired.
"""

from typing import Final

from dashboard_store.repository.expressions import Item

_OVERWRITTEN: Final = ("DATAVERSION#", "DELETED#DATA#")


def abandoned_object(old: Item | None, new: Item | None, *, is_expiry: bool) -> str | None:
    """Return the key of the object that lost its last name in a change of the table's stream, or None.

    `old` and `new` are the item before and after the change; `is_expiry` says whether DynamoDB itself removed it.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    if old is None or "object" not in old:
        return None
    named: str = old["object"]
    if new is None:
        return named if is_expiry or old["sk"].startswith("PIN#") else None
    return named if old["sk"].startswith(_OVERWRITTEN) and new.get("object") != named else None
