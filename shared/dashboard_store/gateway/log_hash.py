"""The ids of users and projects as the log shows them: keyed hashes, which cannot be guessed back without the key.

docs/operations.md shows how an operator computes them.
"""

import hmac
from functools import lru_cache
from typing import Final

HASH_CHARACTERS: Final = 16


@lru_cache(maxsize=1_024)
def user_hash(key: str, user: str) -> str:
    """Return the first 16 hexadecimal digits of the HMAC-SHA256 of a user's id under the settings' `log_key`."""
    # A token's claim may contain surrogates, which are not text.
    return hmac.digest(key.encode(), user.encode(errors="surrogatepass"), "sha256").hex()[:HASH_CHARACTERS]


def project_hash(key: str, user: str, project_id: str) -> str:
    """Return the hash of a project's id, which is another one for each user."""
    return user_hash(key, f"{user}/{project_id}")
