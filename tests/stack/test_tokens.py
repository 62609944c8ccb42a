"""The deployed API's authorizer accepts only tokens of its issuer, for its audience, that are valid now."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support.running.local_stack import LocalStack

from admin.check_issuer import find
from admin.issuer_token import Expected
from local.issuer import AUDIENCE

LIMITS = "/api/limits"


class Forger:
    """Makes tokens with the issuer's own key, or from what is public about it."""

    def __init__(self, stack: LocalStack) -> None:
        genuine = stack.token("user-1")
        self._header = jwt.get_unverified_header(genuine)
        self._claims = jwt.decode(genuine, options={"verify_signature": False})
        key = serialization.load_pem_private_key((stack.state / "issuer-key.pem").read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def signed(self, *, kid: str | None = "", **claims: Any) -> str:
        """Sign claims, valid or not, with the issuer's key; a claim that is None is left out."""
        kept = {name: value for name, value in {**self._claims, **claims}.items() if value is not None}
        headers = {} if kid is None else {"kid": kid or self._header["kid"]}
        return jwt.encode(kept, self._key, algorithm="RS256", headers=headers)

    def unsigned(self) -> str:
        return jwt.encode(self._claims, "", algorithm="none", headers={"kid": self._header["kid"]})

    def signed_with_the_public_key(self) -> str:
        """Use the public key as the shared secret of an HMAC (RFC 8725, section 2.1)."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        # By hand, because PyJWT refuses to.
        header = _part({**self._header, "alg": "HS256"})
        text = f"{header}.{_part(self._claims)}"
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(text.encode(), public)
        return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def altered(self) -> str:
        """Put another user's name into a signed token."""
        header, _, signature = self.signed().split(".")
        return f"{header}.{_part({**self._claims, 'sub': 'user-2'})}.{signature}"

    def signed_with_another_key(self) -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return jwt.encode(self._claims, key, algorithm="RS256", headers={"kid": self._header["kid"]})


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


FORGERIES: dict[str, Callable[[Forger], str]] = {
    "garbage": lambda _: "garbage",
    "three parts of garbage": lambda _: "a.b.c",
    "alg none": Forger.unsigned,
    "HS256 with the public key": Forger.signed_with_the_public_key,
    "another key": Forger.signed_with_another_key,
    "another user's name": Forger.altered,
    "wrong issuer": lambda forger: forger.signed(iss="https://attacker.example"),
    "wrong audience": lambda forger: forger.signed(aud="another-application"),
    "no audience": lambda forger: forger.signed(aud=None),
    "expired": lambda forger: forger.signed(exp=int(time.time()) - 600),
    "not yet valid": lambda forger: forger.signed(nbf=int(time.time()) + 600),
    "unknown key id": lambda forger: forger.signed(kid="another"),
    "no key id": lambda forger: forger.signed(kid=None),
    "no expiry": lambda forger: forger.signed(exp=None),
    "no subject": lambda forger: forger.signed(sub=None),
    "an empty subject": lambda forger: forger.signed(sub=""),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_an_invalid_token_is_refused(stack: LocalStack, name: str) -> None:
    """A forged, altered, expired or incomplete token is answered with 401 before any of the user's data is read."""
    token = FORGERIES[name](Forger(stack))
    answer = httpx.get(f"{stack.url}{LIMITS}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("name", ["valid", *FORGERIES])
def test_the_issuers_check_agrees(stack: LocalStack, name: str) -> None:
    """`make check-issuer` finds exactly the invalid tokens; without one, only the local run's address is wrong."""
    token = FORGERIES.get(name, Forger.signed)(Forger(stack))
    expected, now = Expected(stack.url, (AUDIENCE,), "sub"), datetime.now(UTC)
    without, with_token = ({each for each in find(expected, given, now) if each.is_fatal} for given in (None, token))
    assert without
    assert all("is not an https address" in what or "cannot reach 127.0.0.1" in what for _, what, _ in without)
    assert bool(with_token - without) is (name != "valid")


def test_a_valid_token_from_the_same_code_is_accepted(stack: LocalStack) -> None:
    """A valid token made by the same code is accepted, so each refusal above is due to the flaw it names."""
    answer = httpx.get(f"{stack.url}{LIMITS}", headers={"Authorization": f"Bearer {Forger(stack).signed()}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dXNlcjpwYXNz", "Token garbage"])
def test_a_request_without_a_bearer_token_is_refused(stack: LocalStack, header: str) -> None:
    """A request without a bearer token is answered with 401."""
    answer = httpx.get(f"{stack.url}{LIMITS}", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
