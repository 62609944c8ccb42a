"""The write limit on the running stack, whose functions run one process per concurrent request."""

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
    """Of 121 parallel saves by one user, one is 429; reads still succeed, and so do writes after Retry-After."""
    with stack.client("hasty") as client, stack.client("another-user") as other:
        # Warms the function up with the request that the clients send below.
        other.post("/api/projects", json={"name": "P"}).raise_for_status()
        _wait_for_room_in_the_minute()
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


def _wait_for_room_in_the_minute() -> None:
    """Wait for the next minute if less than half of this one is left, because all writes have to be in one minute."""
    left = 60 - time.time() % 60
    if left < MOST_SECONDS:
        time.sleep(left + 0.1)
