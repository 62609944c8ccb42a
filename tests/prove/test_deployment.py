"""`make verify-deployment` passes on the local stack, and finds each fault put into it, by the check for it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from deployment.run import CHECKS
from prove.faulty_checkout import Edit, faulty_checkout
from support.project.figures import keep
from support.project.template import ROOT
from support.running.local_stack import LocalStack, items_of, table_of

ORIGIN: Final = "http://localhost:3000"
KEPT: Final = ROOT / ".prove" / "deployment.md"
# What takes longest and depends on no right and no origin.
QUICK: Final = tuple(name for name in CHECKS if name not in {"hostile", "contract"})
_LIMIT_SECONDS: Final = 600


class Fault(NamedTuple):
    """A fault: what is edited in the template, or given as parameters, and a part of each sentence that has to fail.

    `only` is True if nothing else may fail.
    """

    found_by: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    parameters: Mapping[str, str] = {}
    only: bool = False


FAULTS: Final = {
    "a wrong CORS origin": Fault(
        ("may send every method", "may read every answer", "may send files to the bucket"),
        parameters={"AllowedOrigins": "https://another.example"},
        only=True,
    ),
    "no right to query history": Fault(
        ("Every version is in history",),
        (Edit("Action: [dynamodb:Query]\n", "Action: [dynamodb:DescribeTable]\n"),),
    ),
    "no right to put objects": Fault(
        ("A small CSV file", "A CSV file of 6 MB"),
        (Edit("Action: [s3:GetObject, s3:PutObject]", "Action: [s3:GetObject]"),),
    ),
    "no index": Fault(
        ("The list of projects", "Every version is in history"),
        (
            Edit("        - { AttributeName: listKey, AttributeType: S }\n"),
            Edit("      LocalSecondaryIndexes:", until="      TimeToLiveSpecification:"),
        ),
    ),
    "no CORS rules of the bucket": Fault(
        ("may send files to the bucket",),
        (Edit("      CorsConfiguration:\n        CorsRules:", until="\n  BucketPolicy:"),),
        only=True,
    ),
}


@pytest.fixture
def stacks() -> Iterator[list[LocalStack]]:
    """The stacks of a test, which are killed after it."""
    made: list[LocalStack] = []
    yield made
    for each in made:
        each.kill()


def verify(stack: LocalStack, report: Path, *checks: str, **given: str) -> int:
    """Run the command behind `make verify-deployment`; print what it prints, and return its exit code."""
    tokens = {name: stack.token(f"{name.lower()}-of-verify") for name in ("TOKEN", "OTHER_TOKEN")}
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ended = subprocess.run(  # noqa: S603 - this checkout's command
        [sys.executable, "-m", "deployment.run", *checks, "--report", str(report)],
        cwd=ROOT,
        env={**mine, "PYTHONPATH": "shared:tests", "URL": f"{stack.url}/api", "ORIGIN": ORIGIN, **tokens, **given},
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    shown = report.read_text()
    for token in tokens.values():
        assert not [part for part in (token, *token.split(".")) if part in shown]
    assert "-of-verify" not in shown
    return ended.returncode


def failed(report: Path) -> list[str]:
    return re.findall(r"^\| (.+) \| \*\*FAILED\*\*", report.read_text(), re.MULTILINE)


def test_everything_passes(stacks: list[LocalStack], tmp_path: Path) -> None:
    """All that needs no account passes on a stack that enforces permissions, and leaves nothing behind."""
    stacks.append(LocalStack(tmp_path / "state", auth=True).start())
    KEPT.parent.mkdir(exist_ok=True)
    code = verify(stacks[0], KEPT)
    assert (failed(KEPT), code) == ([], 0)
    shown = KEPT.read_text()
    assert "| Left behind | no project |" in shown
    assert re.findall(r"not checked: (it needs \w+)", shown) == ["it needs TABLE"]
    for name in ("TOKEN", "OTHER_TOKEN"):
        with stacks[0].client(f"{name.lower()}-of-verify") as user:
            assert user.get("/api/projects").json()["projects"] == []
    checked = re.search(r": (\d+) of \d+ checks passed", shown)
    assert checked
    keep({"checks of a deployment that pass": int(checked[1])})


def partitions(stack: LocalStack) -> dict[str, set[str]]:
    """Return the kinds of items in each partition of the table."""
    found: dict[str, set[str]] = {}
    for item in items_of(stack.database()):
        found.setdefault(item["pk"]["S"], set()).add(item["sk"]["S"].partition("#")[0])
    return found


def test_the_contract_suite_keeps_to_itself(stacks: list[LocalStack], tmp_path: Path) -> None:
    """On a deployment's table the suite passes, changes no other partition, and leaves only counters in its own."""
    stack = LocalStack(tmp_path / "state").start()
    stacks.append(stack)
    table = table_of(stack.database())
    with stack.client("somebody") as somebody:
        somebody.post("/api/projects", json={"id": "p", "name": "P"}).raise_for_status()
        before = somebody.get("/api/projects/p").json()
        keys = {f"AWS_{name}": "test" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
        place = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_DYNAMODB": stack.database().meta.endpoint_url}
        report = tmp_path / "report.md"
        code = verify(stack, report, "contract", TABLE=table, **keys, **place)
        assert (failed(report), code) == ([], 0)
        assert somebody.get("/api/projects/p").json() == before
    own = {name: kinds for name, kinds in partitions(stack).items() if name.startswith("USER#user-")}
    # The function that follows the stream counts what these users store, and keeps its counters.
    assert not [kinds for kinds in own.values() if kinds - {"USAGE", "FENCE"}]
    keep({"partitions of the contract suite with counters left": len(own)})


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(stacks: list[LocalStack], tmp_path: Path, name: str) -> None:
    """A fault put into the stack fails the checks that are for it."""
    fault = FAULTS[name]
    root = faulty_checkout(tmp_path / "checkout", *fault.edits) if fault.edits else ROOT
    options: dict[str, Any] = {"auth": True, "parameters": fault.parameters, "root": root}
    stacks.append(LocalStack(tmp_path / "state", **options).start())
    report = tmp_path / "report.md"
    assert verify(stacks[0], report, *QUICK) == 1
    found = failed(report)
    missed = [part for part in fault.found_by if not any(part in sentence for sentence in found)]
    assert not missed, found
    assert len(found) == len(fault.found_by) or not fault.only, found
