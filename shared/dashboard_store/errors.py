"""What can go wrong, said without HTTP; `gateway.problems` alone knows the status of each.

StoreError
├── BadInput                 the request is wrong; `faults` name the places
│   ├── MalformedJson        the body is not one JSON text in UTF-8
│   ├── InvalidPrecondition  If-Match or If-None-Match cannot be read
│   ├── InvalidConfig
│   ├── InvalidData
│   ├── InvalidProject
│   ├── InvalidQuery
│   ├── UnsafeText           a browser would execute it if a page inserted it as HTML
│   └── UnsupportedMediaType
├── TooLarge                 over a limit that `GET /api/limits` names
│   ├── ConfigTooLarge       carries the largest parts of the config
│   ├── AnalysisTooLarge
│   ├── RequestTooLarge
│   └── UploadTooLarge
├── Unauthorized             the token names no user or never expires
├── NotFound                 absent, or somebody else's: the two are not told apart
├── NoRoute                  no such address
├── MethodNotAllowed         the address exists, the method does not
├── ProjectExists
├── PreconditionRequired     a save that names no version
├── VersionConflict          a save that names another version than the current one
├── RateLimited              the user wrote as often as he may within this minute
└── StorageUnavailable       the database is throttled, contended or out of reach; a retry may work
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: where (RFC 6901 JSON pointer, or a header's or parameter's name) and what."""

    pointer: str
    message: str


class StoreError(Exception):
    """Base of everything that this package raises on purpose."""


class BadInput(StoreError):  # noqa: N818 - the family is named for what the caller did; so are its members
    def __init__(self, detail: str, faults: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class MalformedJson(BadInput):
    pass


class InvalidPrecondition(BadInput):
    pass


class InvalidConfig(BadInput):
    pass


class InvalidData(BadInput):
    pass


class InvalidProject(BadInput):
    pass


class InvalidQuery(BadInput):
    pass


class UnsafeText(BadInput):
    def __init__(self, faults: Sequence[FieldError]) -> None:
        super().__init__("A browser would execute this text if a page inserted it as HTML.", faults)


class UnsupportedMediaType(BadInput):
    pass


class TooLarge(StoreError):  # noqa: N818
    """A document over its limit; sizes in bytes. `actual_bytes` is None where reading stopped at the limit."""

    def __init__(self, detail: str, *, limit_bytes: int, actual_bytes: int | None = None) -> None:
        super().__init__(detail)
        self.limit_bytes = limit_bytes
        self.actual_bytes = actual_bytes


class ConfigTooLarge(TooLarge):
    """`largest` holds (JSON pointer, bytes) of the config's largest parts, the largest first."""

    def __init__(self, *, limit_bytes: int, actual_bytes: int, largest: Sequence[tuple[str, int]]) -> None:
        super().__init__(
            f"The config is {actual_bytes} bytes as compact JSON; the limit is {limit_bytes}.",
            limit_bytes=limit_bytes,
            actual_bytes=actual_bytes,
        )
        self.largest = tuple(largest)


class AnalysisTooLarge(TooLarge):
    pass


class RequestTooLarge(TooLarge):
    pass


class UploadTooLarge(TooLarge):
    pass


class Unauthorized(StoreError):  # noqa: N818
    pass


class NotFound(StoreError):  # noqa: N818
    pass


class NoRoute(StoreError):  # noqa: N818
    pass


class MethodNotAllowed(StoreError):  # noqa: N818
    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This address takes {', '.join(allowed)}.")
        self.allowed = tuple(allowed)


class ProjectExists(StoreError):  # noqa: N818
    pass


class PreconditionRequired(StoreError):  # noqa: N818
    """`current` names the versions that the precondition could have named, as they go into the answer."""

    def __init__(self, current: dict[str, Any]) -> None:
        super().__init__('Say which version this replaces: If-Match: "<version>", or If-None-Match: * for the first.')
        self.current = current


class VersionConflict(StoreError):  # noqa: N818
    """The document is at another version than the save expected.

    `current` holds the newest document and its version as they go into the answer: all that is needed to resolve it.
    """

    def __init__(self, detail: str, current: dict[str, Any]) -> None:
        super().__init__(detail)
        self.current = current


class RateLimited(StoreError):  # noqa: N818
    """`retry_after` is the number of whole seconds until the next minute begins."""

    def __init__(self, limit: int, retry_after: int) -> None:
        super().__init__(f"You may write {limit} times a minute. The next minute begins in {retry_after} s.")
        self.retry_after = retry_after


class StorageUnavailable(StoreError):  # noqa: N818
    """`retry_after` is the number of whole seconds to wait."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
