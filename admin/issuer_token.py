"""A token, compared with what API Gateway's JWT authorizers and this service accept.

The signature is verified with the issuer's keys. The token itself is never printed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from admin.issuer import ALGORITHMS, Findings, fatal, note
from dashboard_store.gateway.request import MAX_USER_BYTES, READ_SCOPE, may_only_read

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html: with all other headers, 10,240.
MAX_BYTES: Final = 8_000

# Claims that are the same for all users, or change with every token.
_NOT_OF_A_USER: Final = frozenset(
    {"iss", "aud", "azp", "cid", "client_id", "tid", "exp", "iat", "nbf", "auth_time", "jti", "sid", "scope", "scp"}
)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


class Expected(NamedTuple):
    """What a deployment requires of a token: its parameters `JwtIssuer`, `JwtAudience` and `UserClaim`."""

    issuer: str
    audiences: Sequence[str]
    claim: str


def check(token: str, expected: Expected, keys: Mapping[str, RSAPublicKey] | None, now: datetime) -> Findings[None]:
    """Check a token; without `keys`, which could not be read, its signature is not verified."""
    try:
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as exc:
        yield fatal(
            f"The token is not a JWT: {exc}.",
            "An access token without an audience may be opaque: request one for this API, or send the ID token.",
        )
        return
    if len(token) > MAX_BYTES:
        yield note(f"The token has {len(token)} bytes; API Gateway allows 10240 for all headers.", "Leave claims out.")
    yield from _signature(token, header, keys)
    yield from _issuer(claims.get("iss"), expected.issuer)
    yield from _audience(claims, expected.audiences)
    yield from _times(claims, now)
    yield from _user(claims, expected.claim)
    yield from _scopes(claims)


def _signature(token: str, header: Mapping[str, Any], keys: Mapping[str, RSAPublicKey] | None) -> Findings[None]:
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        yield fatal(
            f"The token is signed with {algorithm}; API Gateway accepts RS256, RS384 and RS512.",
            f"Let the issuer sign with {ALGORITHMS[0]}.",
        )
    elif not kid:
        yield fatal("The token's header has no kid.", "API Gateway finds the key by it.")
    elif keys is None:
        yield note("The signature was not verified, because the keys could not be read.")
    elif kid not in keys:
        yield fatal(f"The token's kid {kid} is not among the keys that can verify tokens.", "Is it another issuer's?")
    else:
        try:
            jwt.PyJWS().decode(token, keys[kid], algorithms=[algorithm])
        except jwt.InvalidTokenError as exc:
            yield fatal(f"The key {kid} does not verify the token: {exc}.", "It was altered, or is another issuer's.")


def _issuer(named: object, issuer: str) -> Findings[None]:
    if named == issuer:
        return
    is_slash = isinstance(named, str) and named.rstrip("/") == issuer.rstrip("/")
    remedy = (
        f"They differ in the slash at the end: set JwtIssuer to {named}" if is_slash else f"Set JwtIssuer to {named}"
    )
    yield fatal(f"The token's iss is {named}, not {issuer}.", remedy)


def _audience(claims: Mapping[str, Any], audiences: Sequence[str]) -> Findings[None]:
    name = "aud" if claims.get("aud") else "client_id"
    named = claims.get(name)
    found = [str(each) for each in named] if isinstance(named, list) else [str(named)] if named else []
    if not found:
        yield fatal(
            "The token has neither aud nor client_id, and API Gateway requires one of them.",
            "Let the issuer add aud; docs/issuers.md says how.",
        )
    elif not audiences:
        yield note(
            f"The token's {name} is {', '.join(found)}.", f"Set JwtAudience to {found[0]} if it stands for this API."
        )
    elif not set(found) & set(audiences):
        yield fatal(
            f"The token's {name} is {', '.join(found)}, which JwtAudience does not name.",
            "Request a token for this API, or add this audience to JwtAudience.",
        )


def _times(claims: Mapping[str, Any], now: datetime) -> Findings[None]:
    seconds = now.timestamp()
    moments = {name: claims[name] for name in ("exp", "nbf", "iat") if isinstance(claims.get(name), int | float)}
    if "exp" not in moments:
        yield fatal("The token has no exp.", "This service answers 401, because a stolen one would work forever.")
    elif moments["exp"] <= seconds:
        yield fatal(f"The token expired at {_shown(moments['exp'])}.", "Check a new one.")
    for name in ("nbf", "iat"):
        if moments.get(name, seconds) > seconds:
            yield fatal(f"The token's {name} is {_shown(moments[name])}, in the future.", "Compare the clocks.")


def _shown(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _user(claims: Mapping[str, Any], claim: str) -> Findings[None]:
    user = claims.get(claim)
    if claim in _NOT_OF_A_USER:
        yield fatal(f"The claim {claim} does not name a user.", "Set UserClaim to one that is each user's own: sub.")
    elif user is None or user == "":
        yield fatal(
            f"The token has no claim {claim}, so this service answers 401.", "Set UserClaim to one that it has."
        )
    elif not isinstance(user, str):
        yield fatal(
            f"The token's {claim} is not a text, and API Gateway passes it in a form of its own.",
            "Set UserClaim to one that is a text.",
        )
    elif (size := len(user.encode(errors="surrogatepass"))) > MAX_USER_BYTES:
        yield fatal(
            f"The token's {claim} has {size} bytes; the limit is {MAX_USER_BYTES}.", "Set UserClaim to a shorter one."
        )
    elif _EMAIL.fullmatch(user):
        yield note(
            f"The token's {claim} looks like an e-mail address.",
            "It may change, and those whom a user lets in see it: set UserClaim to an opaque, permanent one.",
        )
    else:
        yield note(f"The user is {claim}: {user}")


def _scopes(claims: Mapping[str, Any]) -> Findings[None]:
    if may_only_read(claims):
        yield note(f"The token may only read: its scopes name {READ_SCOPE} and no other that begins with dashkeep:.")
