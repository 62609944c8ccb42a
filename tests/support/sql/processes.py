"""The two commands as an operator runs them: as processes, on a local stack."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.running.local_stack import ROOT, LocalStack
from support.sql.commands import Lines

_SECONDS = 1200


class Operator:
    """Runs the commands on a stack, for one source; reports are written to a folder."""

    def __init__(self, stack: LocalStack, url: str, folder: Path) -> None:
        self._stack = stack
        self._url = url
        self.report = folder / "report.jsonl"

    def run(self, command: str, *options: str) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it printed."""
        process = self._started(command, options)
        output, errors = process.communicate(timeout=_SECONDS)
        assert process.returncode in {0, 1}, errors
        return process.returncode, output + errors

    def kill_import(self, after: int) -> bool:
        """Start the import, and kill it with SIGKILL once it has reported some lines; return whether it was running."""
        process = self._started("import-sql", ())
        deadline = time.monotonic() + _SECONDS
        while process.poll() is None and len(self.lines()) < after:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        is_running = process.poll() is None
        process.kill()
        process.communicate()
        return is_running

    def lines(self) -> Lines:
        """Return the lines that the last command has reported so far."""
        text = self.report.read_text() if self.report.exists() else ""
        found = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        return [line for line in found if "outcome" in line]

    def summary(self) -> dict[str, Any]:
        """Return the counts, the seconds and the units of the last command."""
        *_, last = self.report.read_text().splitlines()
        found: dict[str, Any] = json.loads(last)["summary"]
        return found

    def _started(self, command: str, options: Sequence[str]) -> "subprocess.Popen[str]":
        self.report.unlink(missing_ok=True)
        place = ["--local", str(self._stack.state), "--report", str(self.report)]
        # The URL has a password where others may not read it: in the environment.
        environment = os.environ | {"PYTHONPATH": "shared", "DATABASE_URL": self._url}
        return subprocess.Popen(  # noqa: S603 - this checkout's program
            [sys.executable, "-m", "admin", command, *place, *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
