"""AWS Signature Version 4 of a POST to a service's root path, as a pure function.

Theory of operation
===================

A signature is made in four steps, numbered as on the AWS page below:

1. The canonical request: method, path, query, the headers sorted by name, the names of the signed headers, and the
   SHA-256 of the body. Runs of white space in a value become one space.
2. The string to sign: algorithm, time, scope (`day/region/service/aws4_request`), and the SHA-256 of step 1.
3. The signing key: HMAC-SHA256 of day, region, service and `aws4_request`, each keyed with the result of the previous
   one, the first with the secret key. It is valid for one day, so it is cached.
4. The signature: HMAC-SHA256 of step 2 with the key of step 3, in the `Authorization` header.

Every given header is signed, so a change in transit is detected.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys that sign requests; temporary ones include a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)


def signed(  # noqa: PLR0913 - each is part of the signature
    credentials: Credentials,
    *,
    region: str,
    service: str,
    host: str,
    headers: Mapping[str, str],
    body: bytes,
    moment: datetime,
) -> dict[str, str]:
    """Return the headers to send: `headers`, those that signing adds, and the signature of all of them.

    `moment` is in UTC. `host` includes the port unless it is the scheme's default.
    """
    instant = f"{moment:%Y%m%dT%H%M%SZ}"
    sent = {name.lower(): value for name, value in headers.items()} | {"host": host, "x-amz-date": instant}
    if credentials.token:
        sent["x-amz-security-token"] = credentials.token
    names = sorted(sent)
    signed_names = ";".join(names)
    lines = "".join(f"{name}:{' '.join(sent[name].split())}\n" for name in names)
    canonical = f"POST\n/\n\n{lines}\n{signed_names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{instant[:8]}/{region}/{service}/aws4_request"
    string_to_sign = f"{_ALGORITHM}\n{instant}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, instant[:8], region, service)
    signature = _mac(key, string_to_sign).hex()
    credential = f"{credentials.access_key}/{scope}"
    sent["authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={signed_names}, Signature={signature}"
    return sent


# Most of the work, with the same result for a whole day.
@lru_cache(maxsize=4)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
