"""What an OpenID Connect issuer publishes, compared with what API Gateway's JWT authorizers accept.

They read the issuer's discovery document and its keys, and accept only tokens that an RSA key has signed:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import ipaddress
import json
import time
from collections.abc import Generator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHMS: Final = ("RS256", "RS384", "RS512")
_ACCEPTED: Final = "RS256, RS384 and RS512"

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
GATEWAY_SECONDS: Final = 1.5
MAX_BYTES: Final = 150_000
"""API Gateway's limit for a key set, and a generous one for a discovery document."""

PATIENCE_SECONDS: Final = 10.0

_KIDS_SHOWN: Final = 5
_DISCOVERY: Final = "/.well-known/openid-configuration"


class Finding(NamedTuple):
    """What was found, and what to do; `is_fatal` if no token would be accepted, or not the one that was given."""

    is_fatal: bool
    what: str
    remedy: str = ""


type Findings[T] = Generator[Finding, None, T]
"""Yields findings and returns what they leave to go on with."""


def fatal(what: str, remedy: str = "") -> Finding:
    return Finding(is_fatal=True, what=what, remedy=remedy)


def note(what: str, remedy: str = "") -> Finding:
    return Finding(is_fatal=False, what=what, remedy=remedy)


def usable_keys(issuer: str) -> Findings[Mapping[str, RSAPublicKey] | None]:
    """Check an issuer; return the keys that can verify tokens by their `kid`, or None if they could not be read."""
    yield from _address(issuer)
    configuration = yield from _document(issuer.removesuffix("/") + _DISCOVERY, "The discovery document")
    if configuration is None:
        return None
    yield from _named_issuer(issuer, configuration.get("issuer"))
    yield from _algorithms(configuration.get("id_token_signing_alg_values_supported"))
    uri = configuration.get("jwks_uri")
    if not isinstance(uri, str) or not uri:
        yield fatal("The discovery document has no jwks_uri.", "Ask the issuer where its keys are published.")
        return None
    if not uri.startswith("https://"):
        yield fatal(f"The jwks_uri {uri} is not an https address.", "Publish the keys over https.")
    published = yield from _document(uri, "The key set")
    return None if published is None else (yield from _keys(published.get("keys")))


def _address(issuer: str) -> Findings[None]:
    parts = urlsplit(issuer)
    if parts.scheme != "https":
        yield fatal(f"The issuer {issuer} is not an https address.", "OpenID Connect requires https.")
    if parts.query or parts.fragment:
        yield fatal("The issuer has a query or a fragment.", "Leave out everything from the ? or # on.")
    if not _is_public(parts.hostname or ""):
        yield fatal(
            f"API Gateway cannot reach {parts.hostname or 'an address without a host'}.",
            "The issuer needs a public address.",
        )


def _is_public(host: str) -> bool:
    """Whether a host may be reached from the internet, as far as its name says."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return host != "localhost" and "." in host and not host.endswith((".localhost", ".local", ".internal"))


def _named_issuer(issuer: str, named: object) -> Findings[None]:
    if named == issuer:
        return
    what = f"The discovery document names the issuer {named}, not {issuer}."
    if not isinstance(named, str):
        yield fatal(what, "This is not an OpenID Connect issuer.")
    elif named.rstrip("/") == issuer.rstrip("/"):
        yield fatal(what, f"They differ in the slash at the end: set JwtIssuer to {named}")
    elif "{" in named:
        yield fatal(what, "This issuer serves many tenants: name the one whose tokens are to be accepted.")
    else:
        yield fatal(what, f"Set JwtIssuer to {named} if its tokens name that in iss.")


def _algorithms(announced: object) -> Findings[None]:
    if not isinstance(announced, list):
        yield note("The discovery document does not say with which algorithms tokens are signed.", "Check a token.")
        return
    others = [str(each) for each in announced if each not in ALGORITHMS]
    if len(others) == len(announced):
        yield fatal(
            f"Tokens are signed with {', '.join(others) or 'no algorithm'}; API Gateway accepts {_ACCEPTED}.",
            f"Let the issuer sign with {ALGORITHMS[0]}.",
        )
    elif others:
        yield note(
            f"Tokens may also be signed with {', '.join(others)}; API Gateway accepts {_ACCEPTED}.",
            f"See that those for this API are signed with {ALGORITHMS[0]}: check a token.",
        )


def _document(url: str, name: str) -> Findings[Mapping[str, Any] | None]:
    """Fetch a JSON object."""
    body = yield from _fetched(url, name)
    if body is None:
        return None
    if len(body) > MAX_BYTES:
        yield fatal(f"{name} is larger than {MAX_BYTES} bytes, the most that API Gateway reads of a key set.")
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        yield fatal(f"{name} at {url} is not a JSON object.", "Is this the address of the issuer?")
        return None
    return document


def _fetched(url: str, name: str) -> Findings[bytes | None]:
    """Fetch at most one byte more than MAX_BYTES, within PATIENCE_SECONDS."""
    began = time.monotonic()
    try:
        with httpx.stream("GET", url, timeout=PATIENCE_SECONDS, headers={"Accept-Encoding": "identity"}) as response:
            body = _read(response, began)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        yield fatal(
            f"{name} at {url} cannot be read: {exc or type(exc).__name__}.", "Is this the address of the issuer?"
        )
        return None
    if response.is_redirect:
        yield fatal(
            f"{name} at {url} is a redirect to {response.headers.get('location')}.",
            "API Gateway is not documented to follow redirects: name the address that responds itself.",
        )
        return None
    if not response.is_success:
        yield fatal(f"{name} at {url} is answered with {response.status_code}.", "Is this the address of the issuer?")
        return None
    if (seconds := time.monotonic() - began) > GATEWAY_SECONDS:
        yield note(f"{name} took {seconds:.1f} s from here.", f"API Gateway waits {GATEWAY_SECONDS} s.")
    return body


def _read(response: httpx.Response, began: float) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            return body[: MAX_BYTES + 1]
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise httpx.ReadTimeout(f"it did not end within {PATIENCE_SECONDS:.0f} s")
    return body


def _keys(published: object) -> Findings[Mapping[str, RSAPublicKey]]:
    """Sort the published keys: those that can verify tokens, and what is wrong with the others."""
    if not isinstance(published, list) or not published:
        yield fatal("The key set has no keys.", "Ask the issuer where its keys are published.")
        return {}
    keys = [key for key in published if isinstance(key, dict)]
    of_rsa = [key for key in keys if key.get("kty") == "RSA"]
    if not of_rsa:
        kinds = ", ".join(sorted({str(key.get("kty")) for key in keys}))
        yield fatal(f"No key is an RSA key, only {kinds}.", f"Let the issuer sign with {ALGORITHMS[0]}.")
        return {}
    usable: dict[str, RSAPublicKey] = {}
    for number, key in enumerate(of_rsa, 1):
        if flaw := _flaw(key):
            yield note(f"RSA key {number} of {len(of_rsa)} verifies no token: {flaw}.")
        else:
            usable[key["kid"]] = jwt.PyJWK(key, "RS256").key
    if usable:
        yield note(f"RSA keys that can verify tokens: {_counted(usable)}.")
    else:
        yield fatal("No RSA key can verify a token.", "Each key needs a kid, and sig as its use if it names one.")
    return usable


def _counted(kids: Mapping[str, object]) -> str:
    shown = [*list(kids)[:_KIDS_SHOWN], *(["…"] if len(kids) > _KIDS_SHOWN else [])]
    return f"{len(kids)} ({', '.join(shown)})"


def _flaw(key: Mapping[str, Any]) -> str | None:
    """Say why an RSA key cannot verify a token, if it cannot."""
    if not isinstance(key.get("kid"), str) or not key["kid"]:
        return "it has no kid"
    if key.get("use", "sig") != "sig":
        return f"its use is {key['use']}, not sig"
    if key.get("alg", "RS256") not in ALGORITHMS:
        return f"its algorithm is {key['alg']}"
    try:
        jwt.PyJWK(dict(key), "RS256")
    except jwt.PyJWTError as exc:
        return f"it cannot be read ({exc})"
    return None
