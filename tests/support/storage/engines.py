"""The engines on which the repository must behave alike, and how the transport and boto3 reach each of them.

| `--engine` | What it is | Reached through |
|---|---|---|
| `moto` | moto, in this process | boto3, which moto patches |
| `dynoxide` | the local stack's engine, in memory | the functions' own transport |
| `dynoxide-boto3` | the same | boto3 |
| `ministack` | the engine of the local stack's emulator | the functions' own transport |
| `aws` | a table in an AWS account, named by `--table` | the functions' own transport |
"""

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig
from support.project.template import ROOT, table_definition
from support.storage.clients import Answer, Boto3DynamoDB, Call, Request, Tapped, items_of

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.dynamodb.protocol import Transport, Unreachable
from local.database import binary

LOCAL = ("moto", "dynoxide", "dynoxide-boto3", "ministack")
# moto's conditional writes are not atomic between threads.
ATOMIC = ("dynoxide", "dynoxide-boto3", "ministack", "aws")
# Made-up keys: no local engine checks them.
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1"}
# The partitions that a test may write. A table in an AWS account may hold others.
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HASHED = r"(?:RATE|TEAM|TOKEN|TICKET|FOLLOWERS)#[A-Za-z0-9_-]{43}"
_OWN = re.compile(rf"USER#user-{_UUID}(?:-[\w-]+)?|CONNECTION#test-{_UUID}|{_HASHED}")

# Known differences from DynamoDB: the test that shows each, which has to fail on that engine, and the reason.
_MOTO_READ = "moto counts a strongly consistent read as half a unit"
_MOTO_WRITE = "moto reports no units for a transaction, and half of them for an update"
_MINISTACK_BATCH = "MiniStack reports no units for BatchGetItem"
_UNITS = "test_units_are_what_the_engine_counts[{}-{}]".format
KNOWN_DIFFERENCES = {
    _UNITS("moto", "a strongly consistent read"): _MOTO_READ,
    _UNITS("moto", "a write in a transaction"): _MOTO_WRITE,
    _UNITS("moto", "a write alone"): _MOTO_WRITE,
    _UNITS("ministack", "a read of several"): _MINISTACK_BATCH,
}


def default() -> str:
    """Return the engine that runs the tests if none is named: the local stack's, or moto where npm has no engine."""
    return "dynoxide" if binary() else "moto"


class Engine(Tapped):
    """One engine; `environment` holds the variables with which another process reaches it.

    A test's table is created before it and removed after it; a shared one stays, and only the tests' items are removed.
    """

    def __init__(
        self, name: str, client: Transport, table_name: str, environment: Mapping[str, str], *, is_shared: bool = False
    ) -> None:
        super().__init__(client)
        self.name = name
        self.table_name = table_name
        self.environment = environment
        self.is_shared = is_shared
        self._written: set[str] = set()

    def call(self, operation: str, request: Request) -> Answer:
        self.claim(*_partitions(operation, request))
        return super().call(operation, request)

    def claim(self, *partitions: str) -> None:
        """Note the partitions to clear with the table; those that another process writes must be claimed here."""
        assert all(_OWN.fullmatch(partition) for partition in partitions), "a test writes as its own user"
        self._written.update(partitions)

    def create_table(self) -> None:
        if not self.is_shared:
            self.call("CreateTable", {"TableName": self.table_name, **table_definition()})

    def remove_table(self) -> None:
        """Remove the table, or the items written to it if it is shared."""
        if not self.is_shared:
            self.call("DeleteTable", {"TableName": self.table_name})
        else:
            for partition in self._written:
                for item in self.items(partition):
                    key = {name: item[name] for name in ("pk", "sk")}
                    self.call("DeleteItem", {"TableName": self.table_name, "Key": key})
        self._written.clear()

    @contextmanager
    def with_table(self) -> Iterator["Engine"]:
        self.create_table()
        try:
            yield self
        finally:
            self.remove_table()

    def items(self, partition: str, prefix: str = "") -> list[dict[str, Any]]:
        return items_of(self, self.table_name, partition, prefix)


def overtaken(engine: Engine, by: Callable[[], object], after: int = 0) -> AbstractContextManager[object]:
    """Let another writer write between a read of the database and the write that follows it.

    It runs before the first write, or after the given number of writes.
    """
    writes = 0

    def late(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal writes
        if operation == "TransactWriteItems":
            writes += 1
            if writes == after + 1:
                by()
        return proceed(operation, request)

    return engine.tapped(late)


@contextmanager
def written(engine: Engine) -> Iterator[list[str]]:
    """Record the sort keys of the items that are written in the block."""
    names: list[str] = []

    def watched(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems":
            parts = [part for write in request["TransactItems"] for part in write.values()]
            names.extend(part.get("Item", part.get("Key"))["sk"]["S"] for part in parts)
        return proceed(operation, request)

    with engine.tapped(watched):
        yield names


def _partitions(operation: str, request: Request) -> Iterator[str]:
    """Yield the partitions that a call writes to."""
    match operation:
        case "TransactWriteItems":
            for part in request["TransactItems"]:
                for write in part.values():
                    yield (write.get("Key") or write["Item"])["pk"]["S"]
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield (request.get("Key") or request["Item"])["pk"]["S"]


@contextmanager
def dynoxide() -> Iterator[Mapping[str, str]]:
    """Run the local stack's engine in memory; yield the environment that reaches it."""
    program = binary()
    if program is None:
        raise RuntimeError("The local stack's database engine has no program for this platform.")
    port = _free_port()
    with _running([str(program), "--host", "127.0.0.1", "--port", str(port)], {}):
        yield _answering(port)


@contextmanager
def ministack(folder: Path, *others: str) -> Iterator[Mapping[str, str]]:
    """Run the emulator with its database and the other services named; yield the environment that reaches it.

    Everything is in memory.
    """
    port = _free_port()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": ",".join(["dynamodb", *others]),
        "PERSIST_STATE": "0",
        "STATE_DIR": str(folder),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    python = ROOT / ".venv-local" / "bin" / "python"
    with _running([str(python), "-c", "from ministack import app; app.main()"], environment):
        yield _answering(port)


def through_transport(environment: Mapping[str, str]) -> DynamoDBClient:
    return DynamoDBClient.from_environment(environment)


def through_boto3(environment: Mapping[str, str]) -> Boto3DynamoDB:
    return Boto3DynamoDB(
        boto3.client(
            "dynamodb",
            endpoint_url=environment["AWS_ENDPOINT_URL_DYNAMODB"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=ClientConfig(max_pool_connections=64, retries={"total_max_attempts": 1}),
        )
    )


def _answering(port: int) -> Mapping[str, str]:
    """Return the environment that reaches the engine on a port, once it answers."""
    environment = {**_KEYS, "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}"}
    deadline = time.monotonic() + 60
    with closing(through_transport(environment)) as client:
        while True:
            try:
                client.call("ListTables", {})
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return environment


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    """Run a server until the block ends, without the AWS variables of this environment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env={**inherited, **environment}, stdout=quiet, stderr=quiet) as process:  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
