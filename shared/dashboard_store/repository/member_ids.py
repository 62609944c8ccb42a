"""The ids by which a project's people know each other: who saved, who is a member."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final

from dashboard_store.documents.json_text import compact
from dashboard_store.identifiers import ProjectAddress

_BYTES: Final = 16


def member_id(key: str, address: ProjectAddress, user: str) -> str:
    """Return the id of a user within a project: 22 characters of base64url.

    It is an HMAC-SHA256 under the deployment's key. So it reveals nobody, differs between projects, and history need
    not be rewritten when someone is forgotten.
    """
    named = compact([address.owner, address.project_id, user]).encode()
    return urlsafe_b64encode(hmac.digest(key.encode(), named, "sha256")[:_BYTES]).decode().rstrip("=")
