"""Races over HTTP on the local stack's engine: many clients of one user at once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from support.running.local_stack import LocalStack

CONFIG = "/api/projects/p/config"
CLIENTS = 32


def at_once(stack: LocalStack, user: str, send: Callable[[httpx.Client, int], httpx.Response]) -> list[httpx.Response]:
    """Send one request from each of many clients of one user at the same time."""
    token = stack.token(user)

    def one(number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=stack.url, headers=headers, timeout=120) as client:
            return send(client, number)

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(one, range(CLIENTS)))


def test_one_of_many_saves_of_a_version_wins(stack: LocalStack) -> None:
    """Of 32 parallel PUTs that replace one version, one is 200 and 31 are 412, each with the winner's config."""
    with stack.client("racer") as client:
        first = {"chartCustomizations": {"c": {"by": "owner"}}}
        client.post("/api/projects", json={"id": "p", "name": "P", "settings": {"dashboardConfig": first}})

        def save(each: httpx.Client, number: int) -> httpx.Response:
            body = {"chartCustomizations": {"c": {"by": number}}}
            return each.put(CONFIG, json=body, headers={"If-Match": '"1"'})

        answers = at_once(stack, "racer", save)
        assert Counter(answer.status_code for answer in answers) == {200: 1, 412: CLIENTS - 1}
        winner = client.get(CONFIG).json()
        refused = [answer.json() for answer in answers if answer.status_code != httpx.codes.OK]
        assert all((each["currentVersion"], each["current"]) == (2, winner["config"]) for each in refused)
        listed = client.get(f"{CONFIG}/versions").json()["versions"]
        assert [version["version"] for version in listed] == [2, 1]


def test_patches_of_different_charts_all_win(stack: LocalStack) -> None:
    """All of 32 parallel PATCHes of 32 charts are 200, and every chart is saved."""
    with stack.client("patcher") as client:
        client.post("/api/projects", json={"id": "p", "name": "P"})
        answers = at_once(
            stack,
            "patcher",
            lambda each, number: each.patch(CONFIG, json={"chartCustomizations": {f"c{number}": {"by": number}}}),
        )
        assert Counter(answer.status_code for answer in answers) == {200: CLIENTS}
        loaded = client.get(CONFIG).json()
        assert loaded["config"]["chartCustomizations"].keys() == {f"c{number}" for number in range(CLIENTS)}
        assert loaded["version"] == CLIENTS
