"""The write limit on the running stack, whose functions run one process per concurrent request."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.running.local_stack import LocalStack

AT_ONCE = 4
LIMIT = 120
# Writes that come back each second.
BACK = 2


@pytest.mark.waits
def test_a_minutes_writes_at_once_are_the_most(stack: LocalStack) -> None:
    """Of many parallel writes by one user, 120 and what came back meanwhile succeed; Retry-After is kept."""
    with stack.client("hasty") as client, stack.client("another-user") as other:
        # Warms the function up with the request that the clients send below.
        other.post("/api/projects", json={"name": "P"}).raise_for_status()
        began, answers = time.monotonic(), list[httpx.Response]()
        with ThreadPoolExecutor(AT_ONCE) as clients:
            while len(answers) < 4 * LIMIT and not any(
                answer.status_code == httpx.codes.TOO_MANY_REQUESTS for answer in answers
            ):
                answers += clients.map(lambda _: client.post("/api/projects", json={"name": "P"}), range(AT_ONCE))
        most = LIMIT + BACK * (time.monotonic() - began) + 1
        statuses = Counter(answer.status_code for answer in answers)
        assert LIMIT <= statuses[httpx.codes.CREATED] <= most
        assert set(statuses) == {httpx.codes.CREATED, httpx.codes.TOO_MANY_REQUESTS}
        refused = next(answer for answer in answers if answer.status_code == httpx.codes.TOO_MANY_REQUESTS)
        assert refused.json()["type"] == "urn:problem:rate-limited"
        assert client.get("/api/projects").status_code == 200
        time.sleep(int(refused.headers["Retry-After"]))
        assert client.post("/api/projects", json={"name": "P"}).status_code == 201
