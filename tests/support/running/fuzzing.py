"""Schemathesis on a running stack: requests from docs/openapi.yaml, with every check on the answers.

https://schemathesis.readthedocs.io/
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.running import fuzzing_hooks
from support.running.local_stack import ROOT, LocalStack

# Two users who must not see each other's data: one check has each of them request what the other one made.
# A refusal may have any 4xx status.
CONFIGURATION = """
seed = {seed}
{budget}
continue-on-failure = true

[generation]
max-examples = {examples}
database = "none"

[phases.stateful]
# Refused requests lead nowhere; the other phases cover them.
generation.mode = "positive"
# The document defines the links; inferring more would only leave less time for these.
inference.algorithms = []

[auth.wfc]
path = "users.json"
peers = ["alice", "bob"]

[checks.negative_data_rejection]
expected-statuses = ["4xx"]

[checks.missing_required_header]
expected-statuses = ["4xx"]
"""


@dataclass(frozen=True)
class Report:
    """The result of a run: its output, and how often each operation answered with each status."""

    passed: bool
    output: str
    answers: dict[tuple[str, int], int]
    explained: dict[str, int]

    @property
    def requests(self) -> int:
        return sum(self.answers.values())

    def successes(self) -> set[str]:
        """Return the operations that succeeded at least once."""
        return {operation for operation, status in self.answers if status < 300}


def fuzz(
    stack: LocalStack, folder: Path, *, phases: str, seed: int, examples: int, seconds: int | None = None
) -> Report:
    """Send the requests that a seed generates: `examples` per operation, or as many as there is time for."""
    _write_users(stack, folder)
    budget = f"max-time = {seconds}" if seconds else ""
    (folder / "schemathesis.toml").write_text(CONFIGURATION.format(seed=seed, budget=budget, examples=examples))
    report = folder / "report.json"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "tests"),
        "SCHEMATHESIS_HOOKS": fuzzing_hooks.__name__,
        fuzzing_hooks.REPORT: str(report),
    }
    shown = subprocess.run(  # noqa: S603 - this environment's program
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", str(folder / "schemathesis.toml")),
            *("run", str(ROOT / "docs" / "openapi.yaml"), "--url", stack.url),
            *("--checks", "all", "--phases", phases, "--no-color"),
        ],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {"answers": [], "explained": {}}
    answers = {(operation, status): count for operation, status, count in found["answers"]}
    return Report(shown.returncode == 0, shown.stdout, answers, found["explained"])


def _write_users(stack: LocalStack, folder: Path) -> None:
    """Write the users in the form of Web Fuzzing Commons."""
    users = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {stack.token(f'fuzzing-{name}')}"}]}
        for name in ("alice", "bob")
    ]
    (folder / "users.json").write_text(json.dumps({"auth": users}))
