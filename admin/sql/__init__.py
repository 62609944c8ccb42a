"""Projects, tables and configs from the SQL database of an application, brought into Dashkeep and compared with it.

| Module | Does |
|---|---|
| `columns` | says what tables and columns the source has |
| `source` | reads its rows |
| `compressed` | recognizes how the rows of a table are written and compressed |
| `tables`, `reading` | read tables as uploads |
| `values` | reads JSON and times |
| `conversion`, `candidates` | make of rows what Dashkeep stores |
| `items`, `arriving`, `adding` | write a project that is absent, and what is new to one that is present |
| `comparing` | compares tables with those that are here |
| `importing`, `verifying` | are the commands `import-sql` and `verify-sql` |

What the import writes has the attribute IMPORTED: the SHA-256 of what it was made from. A save by a user replaces the
item, and so takes the mark away. A repeated run therefore knows without a file of its own what it may replace: what it
wrote itself and nobody has saved since.
"""

from typing import Final, NamedTuple

from dashboard_store.errors import BadInput, StoreError

IMPORTED: Final = "imported"
"""The attribute of an item that the import wrote, and that nobody has replaced since."""


class Refused(Exception):  # noqa: N818 - an outcome that is reported, not a failure of the command
    """Something of the source cannot be taken; `reason` is a word, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    @classmethod
    def by(cls, error: StoreError) -> "Refused":
        """Return what a check or a limit of the service refuses."""
        places = error.field_errors if isinstance(error, BadInput) else ()
        shown = [f"{place.pointer}: {place.message}" if place.pointer else place.message for place in places[:3]]
        return cls(
            _WORDS.get(type(error).__name__, "refused"), " ".join([str(error).replace("The body", "The text"), *shown])
        )


_WORDS: Final = {
    "AnalysisTooLarge": "too-large",
    "ConfigTooLarge": "too-large",
    "InvalidConfig": "invalid-config",
    "InvalidData": "invalid-data",
    "InvalidProject": "invalid-project",
    "MalformedJson": "bad-json",
    "QuotaExceeded": "quota-exceeded",
    "RequestTooLarge": "too-large",
    "UnsafeText": "unsafe-text",
    "UploadTooLarge": "too-large",
}


class Finding(NamedTuple):
    """What is said of a row: why it was not taken, or what was decided about it. `part` is a part of the row."""

    table: str
    id: str
    reason: str
    detail: str
    part: str = ""

    def document(self, word: str = "reason") -> dict[str, str]:
        part = {"part": self.part} if self.part else {}
        return {"table": self.table, "id": self.id, **part, word: self.reason, "detail": self.detail}
