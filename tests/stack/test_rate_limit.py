"""The limit of writes on the running stack, whose functions run in as many processes as requests come at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.running.local_stack import LocalStack

AT_ONCE = 4
LIMIT = 120
MOST_SECONDS = 30


@pytest.mark.waits
def test_the_121st_write_within_a_minute_is_refused(stack: LocalStack) -> None:
    """Of 121 saves by one user from several clients one is 429; reading goes on, and after Retry-After writing too."""
    with stack.client("hasty") as client, stack.client("somebody-else") as other:
        # The same request that the clients send below, so that what answers them is warm.
        other.post("/api/projects", json={"name": "P"}).raise_for_status()
        _await_room_in_the_minute()
        with ThreadPoolExecutor(AT_ONCE) as clients:
            answers = list(clients.map(lambda _: client.post("/api/projects", json={"name": "P"}), range(LIMIT + 1)))
        assert Counter(answer.status_code for answer in answers) == {201: LIMIT, 429: 1}
        (refused,) = [answer for answer in answers if answer.status_code == httpx.codes.TOO_MANY_REQUESTS]
        assert refused.json()["type"] == "urn:problem:rate-limited"
        wait = int(refused.headers["Retry-After"])
        assert 1 <= wait <= 60
        assert client.get("/api/projects").status_code == 200
        assert client.post("/api/projects", json={"name": "P"}).status_code == 429
        time.sleep(wait)
        assert client.post("/api/projects", json={"name": "P"}).status_code == 201


def _await_room_in_the_minute() -> None:
    """Wait for the next minute where less than half of this one is left: all writes have to be in one."""
    left = 60 - time.time() % 60
    if left < MOST_SECONDS:
        time.sleep(left + 0.1)
