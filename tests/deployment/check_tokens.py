"""Tokens: what is not a valid token of the issuer is refused on every route.

The forged tokens are made of TOKEN, without the issuer's key.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from deployment.api import Deployment, User, require_none
from deployment.plugin import Verification
from deployment.report import claims
from support.project.example_requests import Operation, all_operations
from support.project.openapi import openapi

GUARDED: Final = [each for each in all_operations() if each.described.get("security", openapi()["security"])]
OPEN: Final = [each for each in all_operations() if each not in GUARDED]


@pytest.fixture(scope="session")
def forged(verification: Verification) -> dict[str, str]:
    """Headers that must not be accepted, by what they are."""
    token, other = verification.tokens
    header, payload, signature = token.split(".")
    half = len(signature) // 2
    altered = signature[:half] + ("A" if signature[half] != "A" else "B") + signature[half + 1 :]
    known = json.loads(base64.urlsafe_b64decode(header + "=="))
    text = f"{_part({**known, 'alg': 'HS256'})}.{payload}"
    secret = base64.urlsafe_b64encode(hmac.digest(known.get("kid", "").encode(), text.encode(), hashlib.sha256))
    tokens = {
        "garbage": "garbage",
        "three parts of garbage": "a.b.c",
        "an altered signature": f"{header}.{payload}.{altered}",
        "another user's claims": f"{header}.{_part({**claims(token), 'sub': claims(other)['sub']})}.{signature}",
        "another token's signature": f"{header}.{payload}.{other.split('.')[2]}",
        "alg none": f"{_part({**known, 'alg': 'none'})}.{payload}.",
        "HS256 with what is public": f"{text}.{secret.decode().rstrip('=')}",
    }
    return {"no token": "", "Basic": "Basic dXNlcjpwYXNz", **{name: f"Bearer {each}" for name, each in tokens.items()}}


def _part(document: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_every_route(deployment: Deployment, forged: dict[str, str]) -> None:
    """Every route but the open ones answers 401 without a token, and with each of eight that are forged."""
    faults = []
    for operation in GUARDED:
        for name, header in forged.items():
            fault = accepted(deployment, operation, header)
            faults += [f"{name}: {fault}"] if fault else []
    require_none(faults, of=len(GUARDED) * len(forged))


def accepted(deployment: Deployment, operation: Operation, header: str) -> str:
    """Send a documented request with a header of Authorization; return what came unless it was 401."""
    method, path, body, media_type, _ = operation.example("verify-absent", "0" * 32)
    headers = {"content-type": media_type, **({"authorization": header} if header else {})}
    answer = deployment.send(method, path, None if body is None else json.dumps(body).encode(), headers)
    return "" if answer.status == 401 else f"{answer.request}: expected 401, came {answer}"


def test_the_token_itself(owner: User) -> None:
    """The token that the forged ones were made of is accepted, so each refusal is due to what was forged."""
    owner.ask(200, "GET", "/api/projects?limit=1")


def test_open_routes(deployment: Deployment) -> None:
    """Without a token, only the health check and public links answer, and a link that nobody made shows nothing."""
    deployment.send("GET", "/api/health").expect(200)
    links = [each for each in OPEN if each.path.startswith("/api/links/")]
    for operation in links:
        method, path, *_ = operation.example("verify-absent", "0" * 32)
        deployment.send(method, path).expect(404, "not-found")
    require_none([each.path for each in OPEN if each not in links and each.path != "/api/health"], of=len(OPEN))
