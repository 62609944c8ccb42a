"""Quotas on the running stack, whose bridge feeds the table's stream to the function that counts."""

import base64
import gzip
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any, Final

import httpx
import pytest
from prove.deployed import environment
from support.project.figures import keep
from support.running.local_stack import LocalStack
from support.storage import engines

from benchmarks.database import Cost
from benchmarks.recordings import requests
from dashboard_store.documents.json_text import compact
from dashboard_store.repository import keys
from dashboard_store.repository.items import Items
from dashboard_store.repository.stored_bytes import stored_bytes
from dashboard_store.settings import Settings

USER: Final = "writer"
FILLED: Final = ("f0", "f1", "f2", "f3", "f4")
"""The projects that hold as many tables as one keeps, so that what a minute's writes store is little beside them."""
PROJECTS: Final = ("p0", "p1", "p2", "p3")
MAX_STORED_BYTES: Final = 90_000_000
ROOM: Final = 3_000_000
"""The bytes that the tables leave to the writers."""
TABLE_BYTES: Final = 4_000_000
WRITERS: Final = 8
WRITES_PER_MINUTE: Final = Settings("unused").writes_per_minute
TEXT_BYTES: Final = 30_000
"""The random bytes of a write, sent as hexadecimal digits and stored compressed."""
MOST_BYTES_OF_A_WRITE: Final = 40_000
"""What a write may add to what is stored: a version of the config, or of the table."""
PATIENCE: Final = 120
EMPTY: Final[dict[str, Any]] = {"chartCustomizations": {}}


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    parameters = {"MaxStoredBytes": str(MAX_STORED_BYTES), "MaxProjects": str(len(FILLED + PROJECTS))}
    stack = LocalStack(tmp_path_factory.mktemp("quotas") / "state", parameters=parameters).start()
    yield stack
    stack.kill()


@pytest.fixture
def real_sum(stack: LocalStack) -> Iterator[Callable[[], int]]:
    """Add up what the user really stores, item by item."""
    variables = environment(stack)
    with closing(engines.through_transport(variables)) as transport:
        items = Items(transport, variables["TABLE_NAME"])

        def add_up() -> int:
            found = items.query(keys.partition(USER))
            return sum(stored_bytes(item) for item in found if keys.is_stored(item))

        yield add_up


def fill(client: httpx.Client) -> None:
    """Store tables until only about ROOM bytes are left."""
    left = MAX_STORED_BYTES - ROOM
    for project in FILLED * Settings("unused").data_versions_kept:
        size = min(TABLE_BYTES, left)
        if size < TABLE_BYTES // 100:
            return
        # Four characters for three bytes, of which gzip makes three again.
        rows = [{"v": base64.b64encode(secrets.token_bytes(size // 8)).decode()} for _ in range(8)]
        body = gzip.compress(compact({"fileName": "t.json", "rawData": rows}).encode(), 1)
        headers = {"Content-Type": "application/gzip"}
        client.post(f"/api/projects/{project}/data", content=body, headers=headers).raise_for_status()
        left -= len(body)
    raise AssertionError(f"There is still room for {left} bytes.")


def save(client: httpx.Client, project: str) -> httpx.Response:
    """Save a config that nobody has saved before, through the function `put_config`."""
    config = {"chartCustomizations": {"c": {"v": secrets.token_hex(TEXT_BYTES)}}}
    return client.put(f"/api/projects/{project}/config", json=config, headers={"If-Match": "*"})


def upload(client: httpx.Client, project: str) -> httpx.Response:
    """Upload a table that nobody has uploaded before, through the function `project_data`."""
    table = {"fileName": "t.json", "rawData": [{"v": secrets.token_hex(TEXT_BYTES)}]}
    return client.post(f"/api/projects/{project}/data", json=table)


def admitted(write: Callable[[], httpx.Response]) -> httpx.Response:
    """Write as soon as the limit of writes a minute admits it."""
    while (answer := write()).status_code == httpx.codes.TOO_MANY_REQUESTS:
        time.sleep(int(answer.headers["Retry-After"]))
    return answer


def write_until_refused(write: Callable[[], httpx.Response]) -> int:
    """Write until the quota refuses it; return how many writes were accepted."""
    accepted, deadline = 0, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = admitted(write)
        if answer.status_code == httpx.codes.FORBIDDEN:
            problem = answer.json()
            assert (problem["type"], problem["limit"]) == ("urn:problem:quota-exceeded", MAX_STORED_BYTES)
            return accepted
        assert answer.is_success, answer.text
        accepted += 1
    raise AssertionError("The quota never refused this writer.")


def awaited(reached: Callable[[], bool]) -> float:
    """Wait until something holds; return the seconds that it took."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() < began + PATIENCE
        time.sleep(0.1)
    return time.monotonic() - began


def used(client: httpx.Client) -> int:
    counted: int = client.get("/api/usage").raise_for_status().json()["storedBytes"]["used"]
    return counted


def test_writers_stop_at_the_quota_and_deletes_free_it(stack: LocalStack, real_sum: Callable[[], int]) -> None:
    """Eight writers of two functions never exceed the quota by more than a minute's writes, and all are refused.

    What is counted is what is stored. The user may still delete, and then saves again.
    """
    with stack.client(USER) as client:
        for project in FILLED + PROJECTS:
            body: dict[str, Any] = {
                "id": project,
                "name": "P",
                "settings": {"dashboardConfig": {"chartCustomizations": {}}},
            }
            assert client.post("/api/projects", json=body).status_code == 201
        one_too_many = client.post("/api/projects", json={"name": "P"})
        assert (one_too_many.status_code, one_too_many.json()["limit"]) == (403, len(FILLED + PROJECTS))
        fill(client)
        sums, done = [real_sum()], threading.Event()

        def watch() -> None:
            while not done.wait(0.1):
                sums.append(real_sum())

        with ThreadPoolExecutor(WRITERS + 1) as pool:
            watching = pool.submit(watch)
            try:
                writes = [
                    pool.submit(write_until_refused, partial(write, client, project))
                    for write in (save, upload)
                    for project in PROJECTS
                ]
                accepted = sum(each.result() for each in writes)
            finally:
                done.set()
            watching.result()
        most = max(*sums, real_sum())
        assert most <= MAX_STORED_BYTES + WRITES_PER_MINUTE * MOST_BYTES_OF_A_WRITE
        assert most > MAX_STORED_BYTES * 0.95
        settled = awaited(lambda: used(client) == real_sum())
        again = partial(save, client, PROJECTS[0])
        assert admitted(again).status_code == 403
        deleted = admitted(partial(client.delete, f"/api/projects/{FILLED[0]}?permanently=true"))
        assert deleted.status_code == 204
        freed = awaited(lambda: admitted(again).status_code == 200)
        awaited(lambda: used(client) == real_sum())
    keep(
        {
            f"writes accepted when {ROOM:,} bytes were left of {MAX_STORED_BYTES:,}": accepted,
            "most that was stored, bytes": f"{most:,}",
            "seconds until all of it was counted": f"{settled:.1f}",
            "seconds until a save succeeds after a project is deleted": f"{freed:.1f}",
        }
    )


def test_a_save_costs_no_unit_more() -> None:
    """A save of 20 KB, its counts toward the quotas included, is one request of 27 units."""
    cost = requests("medium")["save"].cost
    keep({"requests / units of a save of 20 KB": str(cost)})
    assert cost == Cost(requests=1, units=27)
