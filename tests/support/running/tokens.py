"""Tokens of the local stack's issuer, with any claims."""

from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from support.running.local_stack import NO_TLS, LocalStack


class Tokens:
    """Makes tokens with claims, signed by the local issuer."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._key = serialization.load_pem_private_key((stack.state / "issuer-key.pem").read_bytes(), password=None)
        issued = stack.token("user-1")
        self._kid = jwt.get_unverified_header(issued)["kid"]
        self._claims = jwt.decode(issued, options={"verify_signature": False})

    @property
    def url(self) -> str:
        return self._stack.url

    def token(self, user: str, **claims: Any) -> str:
        """Return a token of a user with further claims."""
        return jwt.encode({**self._claims, "sub": user, **claims}, self._key, "RS256", {"kid": self._kid})  # type: ignore[arg-type]

    def client(self, user: str, **claims: Any) -> httpx.Client:
        """Return a client of a user whose token has further claims."""
        headers = {"Authorization": f"Bearer {self.token(user, **claims)}"}
        return httpx.Client(base_url=self._stack.url, headers=headers, timeout=60, verify=NO_TLS)
