"""One instance of the functions in a separate process: writes as a user, and prints the responses' statuses.

`python writer.py <table> <user> <moment> <writes> <writes per minute>`
"""

import os
import sys
from contextlib import closing
from datetime import datetime

from support.handlers.http_api import Client, handler_module

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store


def main(*given: str) -> None:
    table, user, moment, writes, limit = given
    settings = Settings(table_name=table, writes_per_minute=int(limit))
    with closing(DynamoDBClient.from_environment(os.environ)) as database:
        store = Store(settings, Items(database, table), now=lambda: datetime.fromisoformat(moment))
        handler_module("ProjectsFunction").app.connect(store)
        client = Client(user)
        for _ in range(int(writes)):
            print("status", int(client.post("/api/projects", {"name": "P"}).status))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
