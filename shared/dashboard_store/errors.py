"""The errors of this package, independent of HTTP; `gateway.problems` maps each one to a status.

StoreError
├── BadInput                 the request is invalid; `field_errors` name the places
│   ├── MalformedJson        the body is not a single JSON text in UTF-8
│   ├── InvalidPrecondition  If-Match or If-None-Match cannot be parsed
│   ├── InvalidConfig
│   ├── InvalidData
│   ├── InvalidMessage       what a WebSocket connection sent
│   ├── InvalidProject
│   ├── InvalidQuery
│   ├── InvalidSharing
│   ├── UnsafeText           a browser would execute the text if a page inserted it as HTML
│   └── UnsupportedMediaType
├── TooLarge                 exceeds a limit that `GET /api/limits` lists
│   ├── ConfigTooLarge       carries the largest parts of the config
│   ├── AnalysisTooLarge
│   ├── RequestTooLarge
│   └── UploadTooLarge
├── Unauthorized             the token names no user or never expires
├── Forbidden                the token may only read, or the user's role in the project is too small
├── NotFound                 does not exist or was not shared with the user; the response is the same
│   ├── NoProject
│   └── NoRoute              no route matches the path
├── MethodNotAllowed         the path exists, but does not support the method
├── ProjectExists
├── QuotaExceeded            there is as much of something as `GET /api/limits` allows
├── Gone                     the bytes of a table were removed from the bucket
├── PreconditionRequired     the save does not name a version
├── VersionConflict          the save names a version other than the newest
│   ├── ConfigConflict
│   ├── DatasetConflict
│   └── AnalysisConflict
├── RateLimited              the user has made too many requests or writes
└── StorageUnavailable       the database is throttled, contended or unreachable; a retry may succeed
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple


class FieldError(NamedTuple):
    """One error in the input; `pointer` is an RFC 6901 JSON pointer, or the name of a header or query parameter."""

    pointer: str
    message: str


class StoreError(Exception):
    """Base class of every error that this package raises deliberately."""


class BadInput(StoreError):  # noqa: N818 - named for what the caller did, like its subclasses
    def __init__(self, detail: str, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.field_errors = tuple(field_errors)


class MalformedJson(BadInput):
    pass


class InvalidPrecondition(BadInput):
    pass


class InvalidConfig(BadInput):
    pass


class InvalidData(BadInput):
    pass


class InvalidMessage(BadInput):
    pass


class InvalidProject(BadInput):
    pass


class InvalidQuery(BadInput):
    pass


class InvalidSharing(BadInput):
    pass


class UnsafeText(BadInput):
    def __init__(self, field_errors: Sequence[FieldError]) -> None:
        super().__init__(
            "The input contains text that a browser would execute if a page inserted it as HTML.", field_errors
        )


class UnsupportedMediaType(BadInput):
    pass


class TooLarge(StoreError):  # noqa: N818
    """A document exceeds its limit; sizes are in bytes. `actual_bytes` is None if reading stopped at the limit."""

    def __init__(self, detail: str, *, limit_bytes: int, actual_bytes: int | None = None) -> None:
        super().__init__(detail)
        self.limit_bytes = limit_bytes
        self.actual_bytes = actual_bytes


class ConfigTooLarge(TooLarge):
    """`largest` lists the config's largest parts as (JSON pointer, bytes), largest first."""

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


class Forbidden(StoreError):  # noqa: N818
    pass


class NotFound(StoreError):  # noqa: N818
    pass


class NoProject(NotFound):
    def __init__(self) -> None:
        super().__init__("This project does not exist.")


class NoRoute(NotFound):
    pass


class MethodNotAllowed(StoreError):  # noqa: N818
    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This path supports only {', '.join(allowed)}.")
        self.allowed = tuple(allowed)


class ProjectExists(StoreError):  # noqa: N818
    pass


class QuotaExceeded(StoreError):  # noqa: N818
    """`used` and `limit` count what the message names: bytes, projects, drafts, connections, or who is let in."""

    def __init__(self, detail: str, *, used: int, limit: int) -> None:
        super().__init__(detail)
        self.used = used
        self.limit = limit


class Gone(StoreError):  # noqa: N818
    pass


_NAMELESS: Final = (
    'Send If-Match: "<version>" with the version to replace, or If-None-Match: * to create the first version.'
)


class PreconditionRequired(StoreError):  # noqa: N818
    """`version`, and for an analysis `analysis_version`, are the newest, which the precondition could have named."""

    def __init__(self, version: int, analysis_version: int | None = None, *, detail: str = _NAMELESS) -> None:
        super().__init__(detail)
        self.version = version
        self.analysis_version = analysis_version


class VersionConflict(StoreError):  # noqa: N818
    """The document is at a different version than the save expected.

    `version` and `document` are the newest; `base` is the version that the save named, if any.
    """

    def __init__(self, detail: str, *, version: int, document: Any, base: int | None = None) -> None:  # noqa: ANN401
        super().__init__(detail)
        self.version = version
        self.document = document
        self.base = base


class ConfigConflict(VersionConflict):
    """`conflicts` are the JSON pointers that both sides changed; None if the base is no longer in history.

    `updated_at`, `updated_by` and `source` are those of the newest version.
    """

    def __init__(  # noqa: PLR0913 - all that a client needs to resolve it
        self,
        *,
        version: int,
        document: Any,  # noqa: ANN401
        base: int | None,
        updated_at: str | None,
        updated_by: str | None,
        source: str | None,
        conflicts: Sequence[str] | None,
        detail: str = "",
    ) -> None:
        detail = detail or f"The config is at version {version}."
        super().__init__(detail, version=version, document=document, base=base)
        self.updated_at = updated_at
        self.updated_by = updated_by
        self.source = source
        self.conflicts = conflicts


class DatasetConflict(VersionConflict):
    """`document` is the schema of the newest table, or None without a table."""

    def __init__(self, *, version: int, document: Any, base: int | None, updated_at: str | None) -> None:  # noqa: ANN401
        super().__init__(f"The data is at version {version}.", version=version, document=document, base=base)
        self.updated_at = updated_at


class AnalysisConflict(VersionConflict):
    """`version` is the table's; `analysis_version` and `document` are those of its newest analysis."""

    def __init__(self, *, version: int, analysis_version: int, document: Any, updated_at: str) -> None:  # noqa: ANN401
        detail = f"The data is at version {version} with analysis {analysis_version}."
        super().__init__(detail, version=version, document=document)
        self.analysis_version = analysis_version
        self.updated_at = updated_at


class RateLimited(StoreError):  # noqa: N818
    """`limit` is the number of `what`, requests or writes, per minute; `retry_after` is in whole seconds."""

    def __init__(self, what: str, limit: int, retry_after: int) -> None:
        super().__init__(f"The limit is {limit} {what} per minute. Try again in {retry_after} s.")
        self.retry_after = retry_after


class StorageUnavailable(StoreError):  # noqa: N818
    """`retry_after` is the number of whole seconds to wait."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
