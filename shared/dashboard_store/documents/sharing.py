"""The bodies of requests that let others into a project."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from dashboard_store.documents.config import control_error
from dashboard_store.documents.schema import Schema
from dashboard_store.documents.unsafe_html import MESSAGE, is_unsafe
from dashboard_store.documents.validation import validated
from dashboard_store.errors import FieldError, InvalidSharing, UnsafeText
from dashboard_store.identifiers import Role
from dashboard_store.settings import Settings

MOST_DAYS = 30
MOST_USES = 100

type GuestRole = Literal["viewer", "editor"]


class RoleSchema(Schema):
    role: GuestRole

    @property
    def granted(self) -> Role:
        return Role.named(self.role)


class InvitationSchema(RoleSchema):
    expiresInDays: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 7  # noqa: N815 - the contract's names
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1


class TokenSchema(Schema):
    token: str


class LinkSchema(Schema):
    version: Annotated[int, Field(ge=1)] | None = None
    expiresAt: str | None = None  # noqa: N815

    @property
    def expiry(self) -> datetime | None:
        return None if self.expiresAt is None else datetime.fromisoformat(self.expiresAt)


def read_role(document: Any, _: Settings) -> Role:  # noqa: ANN401
    """Check the body with a role. Raises InvalidSharing."""
    return validated(RoleSchema.model_validate, document, InvalidSharing).granted


def read_invitation(document: Any, _: Settings) -> InvitationSchema:  # noqa: ANN401
    """Check the body that makes an invitation. Raises InvalidSharing."""
    return validated(InvitationSchema.model_validate, document, InvalidSharing)


def read_token(document: Any, _: Settings) -> str:  # noqa: ANN401
    """Check the body with an invitation's token. Raises InvalidSharing."""
    return validated(TokenSchema.model_validate, document, InvalidSharing).token


def require_shown(name: str, place: str) -> None:
    """Require of a name that lists may show it. Raises UnsafeText or InvalidSharing."""
    if is_unsafe(name):
        raise UnsafeText([FieldError(place, MESSAGE)])
    if found := control_error(name):
        raise InvalidSharing("This name cannot be shown in a list.", [FieldError(place, found)])


def link_reader(now: Callable[[], datetime]) -> Callable[[Any, Settings], LinkSchema]:
    """Return what checks the body that makes a link; it raises InvalidSharing."""

    def read_link(document: Any, _: Settings) -> LinkSchema:  # noqa: ANN401
        link = validated(LinkSchema.model_validate, document, InvalidSharing)
        try:
            is_past = link.expiry is not None and link.expiry.astimezone(UTC) <= now()
            is_valid = link.expiry is None or link.expiry.tzinfo is not None
        except (ValueError, OverflowError):
            is_past, is_valid = False, False
        if is_past or not is_valid:
            message = (
                "This must be in the future." if is_valid else "This must be a time, such as 2030-01-31T12:00:00Z."
            )
            raise InvalidSharing("The link's end is not valid.", [FieldError("/expiresAt", message)])
        return link

    return read_link
