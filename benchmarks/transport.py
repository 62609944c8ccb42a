"""Measure the cost of calling DynamoDB through the functions' own transport, boto3, and botocore alone.

valgrind counts the instructions of a process from its start to its first answer, less those of a bare interpreter; they
hardly differ between runs. The CPU time of a warm call is the median of several rounds, taken in turns.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

from support.project.template import ROOT, table_definition
from support.storage import engines

from dashboard_store.dynamodb.sigv4 import Credentials, signed

TABLE: Final = "benchmark"
KEY: Final = {"pk": {"S": "USER#user-00000000-0000-0000-0000-000000000000"}, "sk": {"S": "CONFIG#p#"}}
REQUEST: Final = {"TableName": TABLE, "Key": KEY, "ConsistentRead": True}
# The stored size of a dashboard of 20 KB.
STORED_BYTES: Final = 3_872
ROUNDS: Final = 7
CALLS: Final = 300

_OURS = """
import os
from dashboard_store.dynamodb.client import DynamoDBClient
client = DynamoDBClient.from_environment(os.environ)
"""
_CALL_OURS = f"client.call('GetItem', {REQUEST!r})"
_CALL_BOTO = f"client.get_item(**{REQUEST!r})"
_BOTO3 = "import boto3\nclient = boto3.client('dynamodb')\n"
_BOTOCORE = "import botocore.session\nclient = botocore.session.get_session().create_client('dynamodb')\n"
# As functions do: import, make a client, read an item.
STARTS: Final = {
    "boto3": _BOTO3 + _CALL_BOTO,
    "botocore alone": _BOTOCORE + _CALL_BOTO,
    "own transport": _OURS + _CALL_OURS,
}
_ROOTS = "from dashboard_store.dynamodb.connection_pool import AMAZON_ROOTS\n"
# The authorities that a client verifies its server with, and how they are loaded.
AUTHORITIES: Final = {
    "the system's": "ssl.create_default_context()",
    "botocore's": "ssl.create_default_context(cafile=pathlib.Path(botocore.__file__).with_name('cacert.pem'))",
    "Amazon's five": "ssl.create_default_context(cafile=AMAZON_ROOTS)",
}
_IMPORTS = f"import ssl, pathlib, botocore\n{_ROOTS}"


def instructions(program: str, environment: Mapping[str, str]) -> int:
    """Count the instructions of a process that runs a program."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-c", program]
    ran = subprocess.run(command, env={**environment}, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return int(re.findall(r"Collected : (\d+)", ran.stderr)[0])


def cold(environment: Mapping[str, str]) -> None:
    bare = instructions("pass", environment)
    counts = {name: instructions(program, environment) - bare for name, program in STARTS.items()}
    print("From the start to the first answer: millions of instructions above a bare interpreter, and ratio to boto3")
    for name, count in counts.items():
        print(f"{name:>16} {count / 1e6:10,.0f} {count / counts['boto3']:8.2f}")
    imported = instructions(_IMPORTS, environment)
    print("Loading the certificate authorities, once per process: millions of instructions")
    for name, read in AUTHORITIES.items():
        print(f"{name:>16} {(instructions(_IMPORTS + read, environment) - imported) / 1e6:10,.0f}")


def warm(environment: Mapping[str, str]) -> None:
    with closing(engines.through_transport(environment)) as own:
        boto3 = engines.through_boto3(environment)
        calls: dict[str, Callable[[], Any]] = {
            "boto3": lambda: boto3.client.get_item(**REQUEST),  # type: ignore[arg-type] # the same for both
            "own transport": lambda: own.call("GetItem", REQUEST),
            "signature alone": _sign,
        }
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                found[name].append(_microseconds(call))
    medians = {name: statistics.median(each) for name, each in found.items()}
    print(f"A warm get_item of {STORED_BYTES:,} bytes: µs of CPU, and ratio to boto3")
    for name, median in medians.items():
        print(f"{name:>16} {median:10,.0f} {median / medians['boto3']:8.2f}")


def _microseconds(call: Callable[[], Any]) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - began) / CALLS * 1e6


def _sign() -> None:
    signed(
        Credentials("AKIDEXAMPLE", "secret", "token"),
        region="eu-central-1",
        service="dynamodb",
        host="dynamodb.eu-central-1.amazonaws.com",
        headers={"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.GetItem"},
        body=json.dumps(REQUEST).encode(),
        moment=datetime(2026, 11, 25, tzinfo=UTC),
    )


def main() -> None:
    with engines.dynoxide() as reached:
        path = f"{ROOT / 'shared'}"
        environment = {**reached, "AWS_DEFAULT_REGION": reached["AWS_REGION"], "PYTHONPATH": path}
        with closing(engines.through_transport(environment)) as client:
            client.call("CreateTable", {"TableName": TABLE, **table_definition()})
            item = {**KEY, "answer": {"B": b64encode(bytes(STORED_BYTES)).decode()}, "version": {"N": "1"}}
            client.call("PutItem", {"TableName": TABLE, "Item": item})
        if shutil.which("valgrind"):
            cold(environment)
        else:
            print("Instructions are not counted, because valgrind is not installed.")
        warm(environment)


if __name__ == "__main__":
    main()
