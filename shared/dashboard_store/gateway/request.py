"""A request as a value: the user and what they request, read from an HTTP API event (payload 2.0).

Each part is checked when a handler reads it, so a handler's first lines determine the order of the checks.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from dashboard_store.documents.config import Origin, control_error
from dashboard_store.documents.json_text import encodable, parse
from dashboard_store.documents.unsafe_html import MESSAGE, is_unsafe
from dashboard_store.errors import (
    FieldError,
    InvalidPrecondition,
    InvalidQuery,
    NoProject,
    NotFound,
    PreconditionRequired,
    Unauthorized,
    UnsafeText,
)
from dashboard_store.gateway.body import headers_of, json_text, media_type_of
from dashboard_store.identifiers import ID_PATTERN, Guest, ProjectAddress, is_id, is_version, owner_named
from dashboard_store.preconditions import Precondition, is_current
from dashboard_store.settings import Settings

SOURCES: Final = ("user", "autosave", "ai", "localStorage", "import")

DEFAULT_PAGE: Final = 25
MAX_PAGE: Final = 100
MAX_PAGE_WITH_DOCUMENTS: Final = 25

READ_SCOPE: Final = "dashkeep:read"
"""The scope of a token that may only read."""

MAX_USER_BYTES: Final = 255
_MAX_MESSAGE: Final = 200
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_ROWS: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_OUR_SCOPES: Final = "dashkeep:"
# API Gateway passes a list as text: `[dashkeep:read openid]`.
_SCOPE: Final = re.compile(r"[^\s\[\],\"']+")
_PROJECT: Final = re.compile(rf"/api/projects/(?:([A-Za-z0-9_-]+)~)?({ID_PATTERN})(?:/|$)")


class Page(NamedTuple):
    """The requested part of a list: at most `limit` entries after the position that `cursor` names."""

    limit: int
    cursor: str | None

    @property
    def before(self) -> int | None:
        """Parse the cursor of a list of versions. Raises InvalidQuery."""
        if self.cursor is None:
            return None
        if not is_version(self.cursor):
            raise _invalid("cursor", "This cursor is not from this list.")
        return int(self.cursor)


@dataclass(frozen=True, eq=False, repr=False)
class Request:
    """One request, and the deployment's settings; `event` is API Gateway's event."""

    event: Mapping[str, Any]
    settings: Settings

    @property
    def id(self) -> str:
        """The request's id in the log."""
        return str(self._context["requestId"])

    @property
    def route(self) -> str:
        """The route as the template names it: `GET /api/projects/{projectId}`."""
        return str(self.event["routeKey"])

    @property
    def method(self) -> str:
        return str(self._context["http"]["method"])

    @property
    def path(self) -> str:
        return str(self.event["rawPath"])

    @property
    def claimed_user(self) -> str | None:
        """The claim that names the user in the token that API Gateway's authorizer verified, if any, valid or not."""
        claimed: str | None = self.claims.get(self.settings.user_claim)
        return claimed

    @cached_property
    def user(self) -> str:
        """The user that the verified token names, in at most 255 bytes. Raises Unauthorized."""
        claimed = self.claimed_user
        is_text = isinstance(claimed, str) and claimed == encodable(claimed)
        if not is_text or not 0 < len(str(claimed).encode()) <= MAX_USER_BYTES:
            claim = self.settings.user_claim
            raise Unauthorized(f"The token has no {claim} claim that names a user in 1 to {MAX_USER_BYTES} bytes.")
        # An authorizer that accepts a token without an expiry would let a stolen one work forever.
        if not self.claims.get("exp"):
            raise Unauthorized("The token has no exp claim, so it would never expire.")
        return str(claimed)

    @property
    def is_read_only(self) -> bool:
        """Whether the token's `scope` or `scp` names `dashkeep:read` and no other scope of this service."""
        return may_only_read(self.claims)

    def require_user(self) -> None:
        """Raise Unauthorized if the authorizer accepted a token that names no user."""
        if "authorizer" in self._context:
            _ = self.user

    @cached_property
    def guest(self) -> Guest:
        """The user as a guest of others' projects. Raises Unauthorized."""
        # Imported here because few requests open another user's project.
        from dashboard_store.gateway.people import name_in, teams_in  # noqa: PLC0415

        teams = teams_in(headers_of(self.event).get("authorization"), self.claims, self.settings)
        return Guest(self.user, teams, name_in(self.claims, self.settings))

    def project(self, project_id: str) -> ProjectAddress:
        """Return the address of a project named by its address, or by its id if it is the user's own.

        It does not say whether the user may use the project (see `app`). Raises Unauthorized or NoProject.
        """
        is_address = "~" in project_id
        return ProjectAddress.from_path(self.guest, project_id) if is_address else ProjectAddress(self.user, project_id)

    @property
    def named_project(self) -> tuple[str, str] | None:
        """The owner and the id of the project that the path names, for the log; None if none could have this name."""
        match, user = _PROJECT.match(self.path), self.claimed_user
        if match is None or not user:
            return None
        if match[1] is None:
            return str(user), match[2]
        try:
            return owner_named(match[1]), match[2]
        except NoProject:
            return None

    def text(self, *media_types: str) -> bytes:
        """Read the body as a JSON text. Raises a BadInput error or RequestTooLarge."""
        return json_text(self.event, self.settings, *media_types)

    def json(self, *media_types: str) -> Any:  # noqa: ANN401 - any JSON value
        """Read the body and parse it as JSON. Raises like `text`, and MalformedJson."""
        return parse(self.text(*media_types))

    def body[T](self, read: Callable[[Any, Settings], T], *media_types: str) -> T:
        """Read the body as JSON and check it with `read`. Raises like `json` and `read`."""
        return read(self.json(*media_types), self.settings)

    @property
    def media_type(self) -> str:
        """The media type of the body, without parameters."""
        return media_type_of(self.event)

    @property
    def precondition(self) -> Precondition:
        """The parsed If-Match and If-None-Match headers. Raises InvalidPrecondition."""
        return Precondition.from_headers(
            headers_of(self.event).get("if-match"), headers_of(self.event).get("if-none-match")
        )

    def required_precondition(self, versions: Callable[[], tuple[int, ...]]) -> Precondition:
        """Return the precondition of a request that needs one; `versions` reads the versions it could have named.

        Raises PreconditionRequired if it is missing, unless the deployment does not require it.
        """
        precondition = self.precondition
        if self.settings.require_precondition and not precondition.is_given:
            raise PreconditionRequired(*versions())
        return precondition

    def has_current(self, tag: int | str) -> bool:
        """Whether the client already has the version with this entity tag. Raises InvalidPrecondition."""
        return is_current(headers_of(self.event).get("if-none-match"), tag)

    @property
    def accept_encoding(self) -> str | None:
        return headers_of(self.event).get("accept-encoding")

    def origin(self, *, forced: bool) -> Origin:
        """Read `?source=`, `?message=` and Idempotency-Key, which history keeps.

        Raises InvalidQuery, UnsafeText or InvalidPrecondition.
        """
        return Origin(
            self.choice("source", SOURCES, "user"), self._message(), forced=forced, key=self._idempotency_key()
        )

    @property
    def is_migration(self) -> bool:
        return self._query.get("source") == "localStorage"

    def page(self, most: int = MAX_PAGE) -> Page:
        """Read `?limit=` and `?cursor=`. Raises InvalidQuery."""
        limit = self._query.get("limit", str(DEFAULT_PAGE))
        if not re.fullmatch(r"[0-9]{1,6}", limit) or not 1 <= int(limit) <= most:
            raise _invalid("limit", f"This must be an integer from 1 to {most}.")
        return Page(int(limit), self._query.get("cursor"))

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Read a query parameter that is one of `choices`. Raises InvalidQuery."""
        value = self._query.get(name, default)
        if value not in choices:
            raise _invalid(name, f"This must be one of {', '.join(choices)}.")
        return value

    def choices(self, name: str, offered: tuple[str, ...]) -> tuple[str, ...]:
        """Read a query parameter that is a comma-separated list of words from `offered`. Raises InvalidQuery."""
        words = tuple(word.strip() for word in self._query.get(name, "").split(",") if word.strip())
        if not set(words) <= set(offered):
            raise _invalid(name, f"This must be a comma-separated list of {', '.join(offered)}.")
        return words

    def rows(self, most: int) -> tuple[int, int] | None:
        """Read `?rows=0-999`: the indices of the first and the last row of a page. Raises InvalidQuery."""
        value = self._query.get("rows")
        if value is None:
            return None
        found = _ROWS.fullmatch(value)
        if found is None or not 0 <= int(found[2]) - int(found[1]) < most:
            raise _invalid(
                "rows", f"This must be the first and the last row of a page, 0-999, with at most {most} rows."
            )
        return int(found[1]), int(found[2])

    @property
    def session(self) -> str:
        """The session in `?sessionId=`, or empty. Raises InvalidQuery."""
        value = self._query.get("sessionId")
        if value is None:
            return ""
        if not is_id(value):
            raise _invalid("sessionId", "This must be 1 to 128 characters from A-Z, a-z, 0-9, _ and -.")
        return value

    def _message(self) -> str | None:
        value = self._query.get("message")
        if value is not None and len(value) > _MAX_MESSAGE:
            raise _invalid("message", f"This is {len(value)} characters long; the limit is {_MAX_MESSAGE}.")
        if value is not None and (found := control_error(value)):
            raise _invalid("message", found)
        if value is not None and value != encodable(value):
            raise _invalid("message", "This contains an unpaired surrogate.")
        if value is not None and is_unsafe(value):
            raise UnsafeText([FieldError("message", MESSAGE)])
        return value

    def _idempotency_key(self) -> str | None:
        key = headers_of(self.event).get("idempotency-key")
        if key is not None and not _KEY.fullmatch(key):
            error = FieldError("Idempotency-Key", "This must be 8 to 64 characters from A-Z, a-z, 0-9, _ and -.")
            raise InvalidPrecondition("The Idempotency-Key header is not valid.", [error])
        return key

    @property
    def _context(self) -> Mapping[str, Any]:
        context: Mapping[str, Any] = self.event["requestContext"]
        return context

    @cached_property
    def claims(self) -> Mapping[str, Any]:
        """The claims of the token that API Gateway's authorizer verified; none without a token."""
        authorizer = self._context.get("authorizer") or {}
        return (authorizer.get("jwt") or {}).get("claims") or {}

    @property
    def _query(self) -> Mapping[str, str]:
        return self.event.get("queryStringParameters") or {}


def may_only_read(claims: Mapping[str, Any]) -> bool:
    """Whether `scope` or `scp`, a text or a list, names `dashkeep:read` and no other scope of this service."""
    named = f"{claims.get('scope', '')} {claims.get('scp', '')}"
    return {scope for scope in _SCOPE.findall(named) if scope.startswith(_OUR_SCOPES)} == {READ_SCOPE}


def version_number(text: str) -> int:
    """Parse the version in a path. Raises NotFound for any other text, because nothing exists at such a path."""
    if not is_version(text):
        raise NotFound(f"Version {text} does not exist.")
    return int(text)


def _invalid(name: str, message: str) -> InvalidQuery:
    return InvalidQuery(f"The query parameter {name} is not valid.", [FieldError(name, message)])
