"""A program that answers each line of its input, a JSON value, with one line of output."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self


class LineProcess:
    """A running program; the end of the block closes its input, which ends it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own programs
            command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, value, trace)

    def ask(self, request: object) -> Any:
        """Send a request and return the answer. Raises EOFError if the program has ended."""
        if not self._process.stdin or not self._process.stdout:
            raise AssertionError("The program has no pipes.")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise EOFError("The program has ended; its output is above.")
        return json.loads(line)
