"""An operator's commands on the running stack, and a table that lost its object there."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.project.template import ROOT
from support.running.local_stack import LocalStack

from admin import stacks
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys

DATA = "/api/projects/p/data"
# Too large for an item, and hard to compress.
ROWS = [{"n": index * 7_919 % 1_000_003} for index in range(20_000)]


def sweep(state: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "admin", "sweep", "--dry-run", "--local", str(state)]
    env = os.environ | {"PYTHONPATH": "shared"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - this checkout's


def test_a_table_that_lost_its_object_is_gone(
    stack: LocalStack, owner: httpx.Client, request: pytest.FixtureRequest
) -> None:
    """A table whose object is removed from the bucket is 410, its other parts are 200, and the sweep reports it."""
    owner.post(DATA, json={"fileName": "n.json", "rawData": ROWS}).raise_for_status()
    storage = stacks.local(stack.state)
    folder = f"tables/{keys.folder(ProjectAddress(f'user-of-{request.node.name}', 'p'))}/"
    (stored,) = storage.s3.list_objects_v2(Bucket=storage.bucket, Prefix=folder)["Contents"]
    assert stored["Key"] not in sweep(stack.state).stdout
    storage.s3.delete_object(Bucket=storage.bucket, Key=stored["Key"])
    gone = owner.get(DATA)
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:problem:gone")
    assert owner.get(f"{DATA}?include=dataSchema").json()["dataSchema"]["rowCount"] == len(ROWS)
    swept = sweep(stack.state)
    assert swept.returncode == 1, swept.stderr
    assert f"  DATA#p  {stored['Key']}" in swept.stdout
    owner.post(DATA, json={"fileName": "n.json", "rawData": ROWS}).raise_for_status()
    assert owner.get(DATA).json()["rawData"] == ROWS


def test_a_stack_that_does_not_run_is_named(stack: LocalStack) -> None:
    """A command on a local stack that does not run fails, and says how to start one."""
    failed = sweep(stack.state / "none")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "make run" in failed.stderr
