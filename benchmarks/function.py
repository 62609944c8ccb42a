"""Runs one function as Lambda does, and is measured: a program of its own, started by benchmarks.contender.

It sees nothing but its function's folder, the layer and Python itself. What is counted is what the runtime does around
a handler, too: the event is read from JSON and the answer is written as JSON. Its argument is a JSON object: `path`,
what Lambda has on its path; `handler`, as the template names it; `event`, a file; `item`, a file with what the table
holds, for a database that answers from memory; and `does`: `answer` the event once, `serve` what comes on its input,
`count` bytecode. Without it, it is the bare interpreter.
"""

import base64
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

CONTEXT: Final = SimpleNamespace(
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
    function_name="a-function",
    function_version="$LATEST",
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:a-function",
    log_group_name="/aws/lambda/a-function",
    log_stream_name="a-stream",
    memory_limit_in_mb="1024",
    get_remaining_time_in_millis=lambda: 15_000,
)
WARM_UP: Final = 3
CONSUMED: Final = {"TableName": "table", "CapacityUnits": 1.0}


class Boto3:
    """Answers in place of a boto3 client: reads with one item, its bytes decoded, and writes as accepted."""

    def __init__(self, item: str) -> None:
        self._item = json.loads(item, object_hook=decoded)

    def get_item(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        return {"Item": self._item, "ConsumedCapacity": CONSUMED}

    def put_item(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        return {"ConsumedCapacity": CONSUMED}


class Wire:
    """Answers in place of Dashkeep's own client, whose bytes come as base64, as they are sent."""

    def __init__(self, item: str) -> None:
        self._item = json.loads(item)

    def call(self, operation: str, _request: object) -> dict[str, Any]:
        if operation == "GetItem":
            return {"Item": self._item, "ConsumedCapacity": CONSUMED}
        return {"ConsumedCapacity": [CONSUMED]}


def connect(module: Any, item: str) -> None:  # noqa: ANN401 - any handler's module
    """Hand a client to a handler: the one place that knows how Dashkeep's and the others' take theirs."""
    if hasattr(module, "client"):
        module.client = Boto3(item)
        return
    # The layer is on the path of Dashkeep's functions alone.
    from dashboard_store.app import Store  # noqa: PLC0415
    from dashboard_store.repository.items import Items  # noqa: PLC0415
    from dashboard_store.settings import Settings  # noqa: PLC0415

    settings = Settings("table", "bucket", writes_per_minute=1_000_000)
    module.app.connect(Store(settings, Items(Wire(item), settings.table_name)))


def load(path: list[str], handler: str) -> tuple[Any, Any]:
    """Import a handler and return its module and itself."""
    sys.path[:0] = path
    name, _, function = handler.partition(".")
    module = importlib.import_module(name)
    return module, getattr(module, function)


def answered(handle: Any, text: str) -> str:  # noqa: ANN401
    """Do what the runtime does; like it, write characters as they are."""
    return json.dumps(handle(json.loads(text), CONTEXT), ensure_ascii=False)


def decoded(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if list(value) == ["B"] else value


def answer(handle: Any, event: str) -> None:  # noqa: ANN401
    """Answer once and tell what that took since the process began."""
    given = answered(handle, Path(event).read_text())
    told = {"answer": json.loads(given), "modules": len(sys.modules), "seconds": time.process_time()}
    told |= {"megabytes": _peak()}
    sys.stdout.write(json.dumps(told) + "\n")


def _peak() -> float:
    # Linux counts into ru_maxrss what the process that started this one had, so there VmHWM is asked.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def serve(module: Any, handle: Any) -> None:  # noqa: ANN401
    """For each request that comes on a line, answer an event so often and tell the last answer and the CPU seconds."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    # What a handler logs goes the same way for all of them.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        request = json.loads(line)
        text = Path(request["event"]).read_text()
        connect(module, Path(request["item"]).read_text())
        given = ""
        began = time.process_time()
        for _ in range(request["times"]):
            given = answered(handle, text)
        seconds = time.process_time() - began
        output.write(json.dumps({"seconds": seconds, "answer": json.loads(given)}) + "\n")


def count(path: list[str], handler: str, event: str, item: str) -> None:
    """Tell how many bytecode instructions the import of a handler executes, and a warm answer of it.

    They are the same on every run and need no tool; what C code does behind an instruction they do not show.
    """
    imported, (module, handle) = counted(lambda: load(path, handler))
    connect(module, Path(item).read_text())
    text = Path(event).read_text()
    for _ in range(WARM_UP):
        answered(handle, text)
    warm, given = counted(lambda: answered(handle, text))
    told = {"import": imported, "answer": warm, "status": json.loads(given)["statusCode"]}
    sys.stdout.write(json.dumps(told) + "\n")


def counted(call: Callable[[], Any]) -> tuple[int, Any]:
    """Count what a call executes: https://docs.python.org/3.13/library/sys.monitoring.html."""
    executed = 0

    def add(_code: object, _offset: int) -> None:
        nonlocal executed
        executed += 1

    tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events
    sys.monitoring.use_tool_id(tool, "benchmarks")
    sys.monitoring.register_callback(tool, events.INSTRUCTION, add)
    sys.monitoring.set_events(tool, events.INSTRUCTION)
    try:
        result = call()
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)
    return executed, result


def main(given: str) -> None:
    options = json.loads(given)
    match options.pop("does", None):
        case "answer":
            _, handle = load(options["path"], options["handler"])
            answer(handle, options["event"])
        case "serve":
            serve(*load(**options))
        case "count":
            count(**options)


if __name__ == "__main__":
    main(sys.argv[1])
