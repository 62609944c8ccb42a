"""Connections through the deployed WebSocket API: tickets, what is announced, and to whom."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from support.handlers.sharing import team_in_path
from support.running.live_socket import LiveSocket, connected
from support.running.local_stack import LocalStack
from support.running.tokens import Tokens

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys

TEAM = "analysts"
# Who may see the project: a role, and the teams that their token names.
PEOPLE = {
    "owner": (TEAM,),
    "editor": (),
    "viewer": (),
    "member of a team": (TEAM,),
    "viewer and in a team": (TEAM,),
    "former member": (),
    "stranger": (),
    "in another team": ("others",),
}
INSIDE = {"owner", "editor", "viewer", "member of a team", "viewer and in a team"}


def charts(number: int) -> dict[str, Any]:
    return {"chartCustomizations": {"a": {"n": number}}}


def save(owner: httpx.Client, number: int) -> int:
    """Save the newest config with a number, and return its version."""
    version = owner.get("/api/projects/p/config").headers["etag"]
    saved = owner.put("/api/projects/p/config", json=charts(number), headers={"If-Match": version})
    assert saved.status_code == 200, saved.text
    return int(saved.json()["version"])


def address_of(owner: httpx.Client) -> str:
    return str(owner.get("/api/projects/p").json()["address"])


def test_a_save_is_told(owner: httpx.Client, stack: LocalStack) -> None:
    """Every follower learns of each save: a page of an allowed origin, and a program, which has none."""
    with LiveSocket(owner, stack.url) as page, LiveSocket(owner) as program:
        project = address_of(owner)
        for socket in (page, program):
            assert socket.follow("p") == {"projects": [{"project": project, "configVersion": 0, "dataVersion": "0.0"}]}
        for number in range(1, 6):
            version = save(owner, number)
            for socket in (page, program):
                socket.wait_for_version(version)
        told = page.told[-1]
        assert (told["project"], told["configVersion"], told["spreadMs"]) == (project, 5, 40)
        assert page.send({"action": "ping"}) == {"pong": True}


def test_a_ticket_is_good_once(owner: httpx.Client, stack: LocalStack) -> None:
    """A handshake without a good ticket, or from a page of a foreign origin, is refused."""
    url = owner.post("/api/live").json()["url"]
    for refused, origin in (
        (url.replace("=", "=x"), None),
        (url.partition("?")[0], None),
        (url, "https://evil.example"),
    ):
        with pytest.raises(ConnectionRefusedError):
            connected(refused, origin)
    connected(url, stack.url).close()
    with pytest.raises(ConnectionRefusedError):
        connected(url, stack.url)


def test_a_table_is_told(owner: httpx.Client) -> None:
    """A table and its analysis are announced by one version."""
    with LiveSocket(owner) as page:
        page.follow("p")
        table = {"fileName": "a.csv", "rawData": [{"n": 1}], "analysis": {"mean": 1}}
        assert owner.post("/api/projects/p/data", json=table).status_code == 201
        page.wait(lambda: any(each["dataVersion"] == "1.1" for each in page.told))


class Shared:
    """A project and the people who may, might or may not see it."""

    def __init__(self, tokens: Tokens, name: str) -> None:
        self.people = {
            who: tokens.client(f"{name}-{who}", groups=[f"{name}-{team}" for team in teams], name=who)
            for who, teams in PEOPLE.items()
        }
        self.owner = self.people["owner"]
        done(self.owner.post("/api/projects", json={"id": "p", "name": "P"}))
        self.project = ProjectAddress(f"{name}-owner", "p").text
        self.team = f"/api/projects/p/teams/{team_in_path(f'{name}-{TEAM}')}"
        done(self.owner.put(self.team, json={"role": "editor"}))
        for who in ("editor", "viewer", "viewer and in a team", "former member"):
            self.let_in(who, "viewer" if "viewer" in who else "editor")
        self.remove("former member")

    def make_again(self) -> None:
        """Make a project of the same id once the one before is purged, a moment after it was deleted for good."""
        deadline = time.monotonic() + 30
        while done(self.owner.get("/api/usage"))["projects"]["used"]:
            assert time.monotonic() < deadline, "the project was not purged in time"
            time.sleep(0.2)
        done(self.owner.post("/api/projects", json={"id": "p", "name": "P"}))

    def let_in(self, who: str, role: str) -> None:
        invitation = done(self.owner.post("/api/projects/p/invitations", json={"role": role}))
        done(self.people[who].post("/api/invitations/accept", json={"token": invitation["token"]}))

    def remove(self, who: str) -> None:
        own = done(self.people[who].get(f"/api/projects/{self.project}/members"))["you"]
        done(self.owner.delete(f"/api/projects/p/members/{own}"))


def done(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url} {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


@pytest.fixture
def shared(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Shared]:
    shared = Shared(Tokens(stack), request.node.name)
    yield shared
    for client in shared.people.values():
        client.close()


@pytest.fixture
def sockets(shared: Shared) -> Iterator[dict[str, LiveSocket]]:
    """A connection of each person that has asked to follow the project."""
    with ExitStack() as opened:
        yield {who: opened.enter_context(LiveSocket(client)) for who, client in shared.people.items()}


def followers(shared: Shared, sockets: dict[str, LiveSocket]) -> set[str]:
    """Let everybody follow the project, and return those who were answered with its versions."""
    answered = {who: socket.follow(shared.project)["projects"] for who, socket in sockets.items()}
    assert {each["project"] for versions in answered.values() for each in versions} <= {shared.project}
    return {who for who, versions in answered.items() if versions}


def test_those_who_may_see_a_project_are_told(shared: Shared, sockets: dict[str, LiveSocket]) -> None:
    """Every role that may load the config hears of a save, and nobody else does.

    Those whose access ends hear so and are disconnected; others stay.
    """
    assert followers(shared, sockets) == INSIDE
    version = save(shared.owner, 1)
    for who in INSIDE:
        sockets[who].wait_for_version(version)
    # One who is let in twice stays when one grant ends.
    shared.remove("viewer and in a team")
    shared.remove("editor")
    done(shared.owner.delete(shared.team))
    for who in ("editor", "member of a team", "viewer and in a team"):
        sockets[who].wait_for_end()
        assert sockets[who].told[-1] == {"project": shared.project, "gone": True}
    version = save(shared.owner, 2)
    for who in ("owner", "viewer"):
        sockets[who].wait_for_version(version)
    done(shared.owner.delete("/api/projects/p"))
    for who in ("owner", "viewer"):
        sockets[who].wait_for_end()
        assert sockets[who].told[-1] == {"project": shared.project, "gone": True}
    assert {who for who, socket in sockets.items() if socket.told} == INSIDE


def test_a_restored_project_is_told_to_those_who_may_see_it(shared: Shared) -> None:
    """Deleted, a project can be followed by nobody; restored, by those of before; made again, by its owner alone."""
    inside = []
    for change in (
        lambda: shared.owner.delete("/api/projects/p"),
        lambda: shared.owner.post("/api/projects/p/restore"),
        lambda: shared.owner.delete("/api/projects/p", params={"permanently": "true"}),
        shared.make_again,
    ):
        change()
        with ExitStack() as opened:
            made = {who: opened.enter_context(LiveSocket(client)) for who, client in shared.people.items()}
            inside.append(followers(shared, made))
    assert inside == [set(), INSIDE, set(), {"owner"}]


def test_connections_leave_nothing(stack: LocalStack, request: pytest.FixtureRequest) -> None:
    """All of 40 connections of 20 users hear of a save, with a spread of 0.8 seconds; closed, they leave no item."""
    tokens, name = Tokens(stack), request.node.name
    clients = [tokens.client(f"{name}-{number}", groups=[name]) for number in range(20)]
    with ExitStack() as opened:
        for client in clients:
            opened.enter_context(client)
        tell_and_close(clients, name)
    engine, state = stack.database(), json.loads((stack.state / "deployed.json").read_text())
    users = [keys.partition(f"{name}-{number}") for number in range(20)]
    partitions = [keys.followers(ProjectAddress(f"{name}-0", "p")), *users]
    deadline = time.monotonic() + 30
    while left := [item for each in partitions for item in live_items(engine, state["table"]["TableName"], each)]:
        assert time.monotonic() < deadline, left[:3]
        time.sleep(0.2)


def tell_and_close(clients: list[httpx.Client], name: str) -> None:
    """Let two connections of each client follow a project, tell all of them of a save, and close them."""
    owner = clients[0]
    done(owner.post("/api/projects", json={"id": "p", "name": "P"}))
    done(owner.put(f"/api/projects/p/teams/{name}", json={"role": "viewer"}))
    project = address_of(owner)
    with ThreadPoolExecutor(8) as pool:
        sockets = list(pool.map(LiveSocket, clients * 2))
        answers = list(pool.map(lambda socket: socket.follow(project), sockets))
        assert all(answer["projects"] for answer in answers)
        version = save(owner, 1)
        for socket in sockets:
            socket.wait_for_version(version)
        assert {socket.told[-1]["spreadMs"] for socket in sockets} == {800}
        list(pool.map(lambda socket: socket.close(), sockets))


def live_items(engine: Any, table: str, partition: str) -> list[Any]:
    values = {":pk": {"S": partition}}
    found = engine.query(TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values)["Items"]
    return [item for item in found if item["sk"]["S"].startswith("CONNECTION")]
