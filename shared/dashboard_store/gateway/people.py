"""What a token says of its user beside the id: their name, and the teams in which they are.

API Gateway passes the claims of a verified token on as texts, in which a list of one team `a b` and a list of the teams
`a` and `b` are the same. So teams are read from the payload of the very token that the authorizer verified.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from dashboard_store.documents.config import control_error
from dashboard_store.documents.json_text import encodable
from dashboard_store.documents.unsafe_html import is_unsafe
from dashboard_store.errors import Unauthorized
from dashboard_store.identifiers import Team
from dashboard_store.settings import Settings

LONGEST_NAME: Final = 200
LONGEST_TEAM: Final = 255

MOST_TEAMS: Final = 500
"""How many teams of a token are used: no issuer puts more into one."""

# What distinguishes one token from another (RFC 7519, section 4.1).
_IDENTIFYING: Final = ("sub", "iss", "exp")


def name_in(claims: Mapping[str, Any], settings: Settings) -> str:
    """Return the name that verified claims give the user; empty without one that a list can show."""
    name = claims.get(settings.name_claim)
    if not isinstance(name, str) or name != encodable(name) or control_error(name) or is_unsafe(name):
        return ""
    return name.strip()[:LONGEST_NAME]


def teams_in(authorization: str | None, claims: Mapping[str, Any], settings: Settings) -> tuple[Team, ...]:
    """Return the teams that the verified token names, each once and in its order; `claims` are the authorizer's.

    Anything but a text or a list of texts names no team, and neither does a token that is not the verified one.
    """
    if not settings.team_claim or not authorization:
        return ()
    payload = _payload(authorization)
    if any(str(payload.get(name)) != str(claims.get(name)) for name in _IDENTIFYING):
        return ()
    named = payload.get(settings.team_claim)
    tenant: Any = payload.get(settings.tenant_claim) if settings.tenant_claim else ""
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or (settings.tenant_claim and not _is_name(tenant)):
        return ()
    return tuple(dict.fromkeys(Team(name, tenant) for name in names if _is_name(name)))[:MOST_TEAMS]


def end_in(claims: Mapping[str, Any]) -> int:
    """Return when verified claims end, in epoch seconds. Raises Unauthorized."""
    try:
        return int(float(str(claims.get("exp"))))
    except (ValueError, OverflowError):
        raise Unauthorized("The token's exp claim is not a time in seconds.") from None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value == encodable(value) and 0 < len(value.encode()) <= LONGEST_TEAM


def _payload(authorization: str) -> Mapping[str, Any]:
    """Decode the payload of a token in a header (RFC 7515, section 3.1); empty if it cannot be read."""
    token = authorization.rpartition(" ")[2]
    _, _, rest = token.partition(".")
    encoded, _, _ = rest.partition(".")
    try:
        payload = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}
