"""A user leaves a running stack and comes back, by the operator's commands, and nobody sees a difference."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from support.handlers import moving
from support.handlers.http_api import Reply
from support.handlers.moving import Moving
from support.project.template import ROOT
from support.running.local_stack import LocalStack
from support.running.tokens import Tokens

from admin import stacks
from dashboard_store.dynamodb.protocol import marshal
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys


@dataclass(frozen=True)
class Caller:
    """A person with a client of the stack."""

    http: httpx.Client

    def request(self, method: str, url: str, document: Any = None, **headers: str) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, url, json=document, headers=sent)
        shown = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
        return Reply(answer.status_code, shown, answer.content)


@pytest.fixture
def world(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Moving]:
    """The people of the test, and their projects."""
    tokens, ids = Tokens(stack), {name: f"{name} of {request.node.name}" for name in moving.NAMES}
    with ExitStack() as opened:
        people = {
            name: Caller(opened.enter_context(tokens.client(user, **moving.CLAIMS[name]))) for name, user in ids.items()
        }
        made = Moving(people, ids)
        moving.make(made)
        yield made


def command(stack: LocalStack, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "admin", *arguments, "--local", str(stack.state)]


def run(stack: LocalStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": "shared"}
    return subprocess.run(command(stack, *arguments), cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - this checkout's


def remove(stack: LocalStack, user: str) -> None:
    """Remove whatever there is of a user, wherever it is."""
    storage, hashed = stacks.local(stack.state), keys.fingerprint(user)
    for page in storage.dynamodb.get_paginator("scan").paginate(TableName=storage.table, ConsistentRead=True):
        for found in page["Items"]:
            key = {name: found[name] for name in ("pk", "sk")}
            place = found.get("summary", {}).get("M", {})
            is_own = key["pk"]["S"] == keys.partition(user)
            is_elsewhere = {"S": user} in (found.get("owner"), place.get("owner"))
            if is_own or is_elsewhere or hashed in key["sk"]["S"]:
                storage.dynamodb.delete_item(TableName=storage.table, Key=key)
    folder = keys.folder(ProjectAddress(user, "p")).partition("/")[0]
    for stored in storage.s3.list_objects_v2(Bucket=storage.bucket, Prefix=f"tables/{folder}/").get("Contents", []):
        storage.s3.delete_object(Bucket=storage.bucket, Key=stored["Key"])


def differing(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, Any]:
    return {key: (before[key], after.get(key)) for key in before if before[key] != after.get(key)}


def kill(stack: LocalStack, file: Path, *arguments: str) -> None:
    """Start a command, and kill it as soon as there is something in a file or a folder."""
    env = os.environ | {"PYTHONPATH": "shared"}
    started = subprocess.Popen(command(stack, *arguments), cwd=ROOT, env=env)  # noqa: S603 - this checkout's
    deadline = time.monotonic() + 60
    while not (any(file.iterdir()) if file.is_dir() else file.exists() and file.stat().st_size):
        assert time.monotonic() < deadline, "the command has not begun"
        time.sleep(0.001)
    started.kill()
    started.wait()


def test_a_user_leaves_and_comes_back(stack: LocalStack, world: Moving, tmp_path: Path) -> None:
    """Exported, removed and imported, all routes answer everybody as before, and what they do next goes on.

    The commands are killed once each, and repeated.
    """
    before, user, folder = moving.answers(world), world.ids["ada"], tmp_path / "archives"
    assert {status for status, *_ in before.values()} == {200, 403, 404}
    folder.mkdir()
    file, report = folder / "ada.zip", tmp_path / "report"
    kill(stack, folder, "export", str(file), "--user", user)
    assert not file.exists(), "a part of an archive has its name"
    done = run(stack, "export", str(file), "--user", user)
    assert done.returncode == 0, done.stderr
    assert "4 exported" in done.stdout
    assert run(stack, "export", str(file), "--user", user).returncode == 1, "an archive is never replaced"
    remove(stack, user)
    would = run(stack, "import", str(file), "--user", user, "--dry-run")
    assert (would.returncode, "5 would-import" in would.stdout) == (0, True), would.stdout + would.stderr
    assert world.people["ada"].request("GET", "/api/projects").json["projects"] == []
    kill(stack, report, "import", str(file), "--user", user, "--report", str(report))
    done = run(stack, "import", str(file), "--user", user, "--report", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = [json.loads(line).get("outcome") for line in report.read_text().splitlines()][:-1]
    assert (outcomes[0], set(outcomes)) == ("present", {"present", "imported"})
    assert differing(before, moving.answers(world)) == {}
    moving.go_on(world)


def test_who_was_erased_is_imported_only_on_purpose(stack: LocalStack, world: Moving, tmp_path: Path) -> None:
    """For a user who was erased, an import changes nothing unless the operator says so."""
    user, file = world.ids["ada"], tmp_path / "ada.zip"
    assert run(stack, "export", str(file), "--user", user).returncode == 0
    remove(stack, user)
    storage = stacks.local(stack.state)
    note = {**keys.erased("an earlier key", user), "key": "an earlier key"}
    storage.dynamodb.put_item(TableName=storage.table, Item=marshal(note))
    refused = run(stack, "import", str(file), "--user", user)
    assert (refused.returncode, "--although-erased" in refused.stderr) == (1, True)
    assert world.people["ada"].request("GET", "/api/projects").json["projects"] == []
    done = run(stack, "import", str(file), "--user", user, "--although-erased")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(world.people["ada"].request("GET", "/api/projects").json["projects"]) == 3


def test_everything_of_the_user_is_in_the_archive(stack: LocalStack, world: Moving, tmp_path: Path) -> None:
    """What was saved is in the archive as text; what was taken back, or is a secret or of somebody else, is not."""
    file = tmp_path / "ada.zip"
    assert run(stack, "export", str(file), "--user", world.ids["ada"]).returncode == 0
    with ZipFile(file) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist() if not name.endswith(".stored"))
        tables = [name for name in archive.namelist() if name.endswith(".csv")]
    canaries = {"message", "draft", "draft-of-bob", "draft-of-tim", "draft-of-ada", "analysis", "table.json", "attic"}
    for canary in canaries | {"key-1", "sales", "empty", "cleared", "bob", "vic"}:
        assert f"canary-{canary}" in text, canary
    assert "canary-first-message" not in text, "what was taken out of history is not exported"
    assert "of olga" not in text, "a project of somebody else is not exported"
    for token in world.tokens.values():
        assert token not in text, "of a secret, there is only the hash"
    # Four versions of sales, of which a link pins one more, and three of attic.
    assert len(tables) == 4 + 1 + 3
