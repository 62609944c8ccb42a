"""Instances share the count of a user's writes: each is a process, the database is the local stack's engine."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from conftest import TABLE, Clock
from support import writer

from dashboard_store.errors import RateLimited
from dashboard_store.repository.table import Table
from dashboard_store.repository.writes import Writes
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SETTINGS = Settings(TABLE)


def test_processes_share_the_count(dynoxide_client: "DynamoDBClient", clock: Clock) -> None:
    """Two instances that each write 80 times at once as one user get 120 writes through together, and 429 for 40."""
    port = str(urlsplit(dynoxide_client.meta.endpoint_url).port)
    given = [port, TABLE, "user-1", clock.moment.isoformat(), "80", str(SETTINGS.writes_per_minute)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, writer.__file__, *given]
    instances = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        for _ in range(2)
    ]
    printed = [instance.communicate(timeout=60)[0] for instance in instances]
    statuses = Counter(line for output in printed for line in output.splitlines() if line.startswith("status"))
    assert statuses == {"status 201": 120, "status 429": 40}


def test_writes_at_once_are_all_counted(engine: "DynamoDBClient", clock: Clock, request: pytest.FixtureRequest) -> None:
    """Of 200 writes by one user the limit goes through, no more and no less, however many are at once."""
    writes = Writes(Table(engine, TABLE), SETTINGS, clock)
    # moto's writes are not atomic between threads.
    threads = 1 if "moto" in request.node.name else 32

    def count(_: int) -> str:
        try:
            writes.count("user-1")
        except RateLimited:
            return "refused"
        return "counted"

    with ThreadPoolExecutor(threads) as pool:
        assert Counter(pool.map(count, range(200))) == {"counted": 120, "refused": 80}
