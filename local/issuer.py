"""The local run's own OpenID Connect issuer, in place of a deployment's, such as Firebase Authentication.

It issues a token to any caller, so it runs on loopback only and is never deployed.
"""

import base64
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "dashkeep-local"
LIFETIME_SECONDS = 12 * 60 * 60


class Issuer:
    """Signs tokens with the key in the state folder, which is created on first use."""

    def __init__(self, url: str, state: Path) -> None:
        self.url = url
        self._key = _load_or_make_key(state / "issuer-key.pem")

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        }

    def key_set(self) -> dict[str, Any]:
        return {"keys": [{**self._public_jwk(), "kid": self._key_id(), "alg": "RS256", "use": "sig"}]}

    def token(self, subject: str) -> str:
        now = int(time.time())
        expiry = now + LIFETIME_SECONDS
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "name": subject, "iat": now, "exp": expiry}
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id()})

    def _public_jwk(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        return {"kty": "RSA", "n": _base64url(numbers.n), "e": _base64url(numbers.e)}

    def _key_id(self) -> str:
        """Return the key's thumbprint (RFC 7638), so that no two keys have the same id."""
        canonical = json.dumps(self._public_jwk(), sort_keys=True, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _load_or_make_key(path: Path) -> rsa.RSAPrivateKey:
    if not path.exists():
        _make_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} does not contain an RSA key.")
    return key


def _make_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(encoded)
    # The first one wins: the stack and `make token` may both find no key.
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
