"""One instance of the functions, as a process of its own: writes as a user, and prints the answers' statuses.

`python writer.py <port of the database> <table> <user> <moment> <writes> <writes per minute>`
"""

import sys
from datetime import datetime

from contract.conftest import connected
from support.http_api import Client, handler_module

from dashboard_store.settings import Settings


def main(*given: str) -> None:
    port, table, user, moment, writes, limit = given
    settings = Settings(table_name=table, writes_per_minute=int(limit))
    handler_module("ProjectsFunction").api.connect(
        settings, connected(int(port)), now=lambda: datetime.fromisoformat(moment)
    )
    client = Client(user)
    for _ in range(int(writes)):
        print("status", int(client.post("/api/projects", {"name": "P"}).status))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
