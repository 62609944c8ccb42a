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


def unblock(stack: LocalStack) -> None:
    """Let everybody write who was erased."""
    storage = stacks.local(stack.state)
    for page in storage.dynamodb.get_paginator("scan").paginate(
        TableName=storage.table, FilterExpression="attribute_exists(erased)"
    ):
        for found in page["Items"]:
            storage.dynamodb.delete_item(TableName=storage.table, Key={name: found[name] for name in ("pk", "sk")})


# An erasure waits half a minute for requests that were under way.
@pytest.mark.waits
def test_a_user_leaves_and_comes_back(stack: LocalStack, world: Moving, tmp_path: Path) -> None:
    """Exported, erased and imported, all routes answer everybody as before, and what they do next goes on.

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
    done = run(stack, "erase", "--user", user, "--with-shared")
    assert done.returncode == 0, done.stderr
    assert run(stack, "import", str(file), "--user", user).returncode == 1, "who was erased comes back only on purpose"
    although = ("--user", user, "--although-erased")
    would = run(stack, "import", str(file), *although, "--dry-run")
    assert (would.returncode, "5 would-import" in would.stdout) == (0, True), would.stdout + would.stderr
    assert world.people["ada"].request("GET", "/api/projects").json["projects"] == []
    kill(stack, report, "import", str(file), *although, "--report", str(report))
    done = run(stack, "import", str(file), *although, "--report", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = [json.loads(line).get("outcome") for line in report.read_text().splitlines()][:-1]
    assert (outcomes[0], set(outcomes)) == ("present", {"present", "imported"})
    assert differing(before, moving.answers(world)) == {}
    unblock(stack)
    moving.go_on(world)


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
