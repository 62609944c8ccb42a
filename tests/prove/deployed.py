"""The built functions, run in processes of their own on the database and the bucket of a local stack, and measured."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.project.template import functions, template
from support.running.line_process import LineProcess
from support.running.local_stack import LocalStack

from benchmarks import contender
from local.sam_local import deployed

type Event = Mapping[str, Any]


def environment(stack: LocalStack) -> dict[str, str]:
    """Return the deployed functions' environment, with the endpoints of the stack's services."""
    found = deployed(stack.state)
    return {
        "PATH": os.environ["PATH"],
        **{name: value for variables in found.variables.values() for name, value in variables.items()},
        "AWS_LAMBDA_FUNCTION_NAME": "a-function",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": found.aws,
        "AWS_ENDPOINT_URL_DYNAMODB": found.database,
    }


def memory_size(function: str) -> int:
    """Return how many megabytes the template gives a function."""
    given = template()["Globals"]["Function"] | functions()[function]
    return int(given["MemorySize"])


@dataclass(frozen=True)
class Measured:
    """What a request took: CPU seconds, the peak of the process's memory, and the bytes of Lambda's answer.

    `answer` is None if the request had to be ended.
    """

    seconds: float
    megabytes: float
    answer_bytes: int
    answer: Mapping[str, Any] | None


ENDED: Final = Measured(float("inf"), float("inf"), 0, None)


class Function(LineProcess):
    """A built function, started as on Lambda; each request begins in the state after that start."""

    def __init__(self, name: str, variables: Mapping[str, str], folder: Path) -> None:
        module, _, _ = functions()[name]["Handler"].partition(".")
        self._event, self._report = folder / f"{module}.event.json", folder / f"{module}.report.json"
        super().__init__(contender.ours(module).command("measure"), variables)

    def answer(self, event: str) -> Measured:
        """Answer an event, given as JSON."""
        self._event.write_text(event)
        if self.ask({"event": str(self._event), "report": str(self._report)})["exit"]:
            return ENDED
        report = json.loads(self._report.read_text())
        return Measured(report["seconds"], report["megabytes"], report["bytes"], report["answer"])
