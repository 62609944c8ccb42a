"""The ids by which a project's people know each other: who saved, who is a member."""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Final

from dashboard_store.identifiers import ProjectAddress

_BYTES: Final = 16


@lru_cache(maxsize=1_024)
def member_id(key: str, address: ProjectAddress, user: str) -> str:
    """Return the id of a user within a project: 22 characters of base64url.

    It is an HMAC-SHA256 under the deployment's key. So it reveals nobody, differs between projects, and history need
    not be rewritten when someone is forgotten.
    """
    # With its length, the owner's id cannot be taken for another one followed by a part of the rest.
    named = f"{len(address.owner)}:{address.owner}{address.project_id}:{user}"
    return urlsafe_b64encode(hmac.digest(key.encode(), named.encode(), "sha256")[:_BYTES]).decode().rstrip("=")
