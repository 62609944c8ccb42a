"""People who share projects, as the tests of the handlers act for them: with tokens that name teams."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from support.handlers.http_api import Client, Reply, send

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.settings import Settings

TEAM_CLAIM: Final = "groups"


def with_teams(settings: Settings, **changes: Any) -> Settings:
    """Return settings under which tokens name teams, and nobody meets the limit of writes."""
    return replace(settings, team_claim=TEAM_CLAIM, log_key="key", writes_per_minute=10_000, **changes)


@dataclass(frozen=True)
class Person(Client):
    """A user whose token has further claims, such as `groups` and `name`."""

    claims: Mapping[str, Any] = field(default_factory=dict)

    def send(self, made: Any) -> Reply:
        jwt = made["requestContext"].get("authorizer", {}).get("jwt")
        if jwt:
            made["headers"]["authorization"] = bearer({**jwt["claims"], **self.claims})
            jwt["claims"] |= {name: flattened(value) for name, value in self.claims.items()}
        return send(made)


def bearer(claims: Mapping[str, Any]) -> str:
    """Return the header with a token of these claims; API Gateway has verified the signature."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"Bearer e30.{payload}.c2ln"


def flattened(value: Any) -> str:
    """Write a claim as API Gateway passes it on: lists without quotes and commas."""
    if isinstance(value, list):
        return f"[{' '.join(map(flattened, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def address(owner: Client, project: str = "p") -> str:
    """Return the URL by which others name an owner's project."""
    return f"/api/projects/{ProjectAddress(owner.user, project).text}"


def team_in_path(name: str) -> str:
    """Encode a team's name for a path: twice, because an HTTP API decodes what it matches."""
    return quote(quote(name, safe=""), safe="")


def invited(owner: Client, role: str, project: str = "p", **more: int) -> str:
    """Make an invitation and return its token."""
    reply = owner.post(f"/api/projects/{project}/invitations", {"role": role, **more})
    assert reply.status == 201, reply.json
    return str(reply.json["token"])


def accept(person: Client, token: str) -> Reply:
    return person.post("/api/invitations/accept", {"token": token})


def let_in(owner: Client, person: Client, role: str, project: str = "p") -> None:
    """Give a person a role of their own."""
    reply = accept(person, invited(owner, role, project))
    assert reply.status == 200, reply.json


def id_of(person: Client, owner: Client, project: str = "p") -> str:
    """Return the id of somebody who was let in, within the project."""
    return str(person.get(f"{address(owner, project)}/members").json["you"])
