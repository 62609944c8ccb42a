"""Runs one function as Lambda does, to be measured: a separate program, started by benchmarks.contender.

It sees only its function's folder, the layer and Python itself. Like the runtime, it reads the event from JSON and
writes the answer as JSON, and both are measured. Its argument is a JSON object: `path`, the entries that Lambda has on
its path; `handler`, as in the template; `event`, a file; `calls`, a file with the calls of its answer to the
database; and `does`: `answer` the event once, `serve` requests from standard input, `measure` each of them in a process
of its own, or `count` bytecode. Without `does`, it is the bare interpreter.
"""

import base64
import importlib
import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NoReturn, TextIO

CONTEXT: Final = SimpleNamespace(
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
    function_name="a-function",
    function_version="$LATEST",
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:a-function",
    log_group_name="/aws/lambda/a-function",
    log_stream_name="a-stream",
    memory_limit_in_mb="1024",
    # The longest that any function has, so that what takes too long is measured rather than interrupted.
    get_remaining_time_in_millis=lambda: 29_000,
)
WARM_UP: Final = 3
MOST_SECONDS: Final = 60
MOST_BYTES: Final = 4_000_000_000
"""What ends a measured request: far beyond what a function may use, but no more than this machine can spare."""


class Replay:
    """Replaces Dashkeep's own client: answers a request's calls, again and again, as they were answered once.

    Only the counter of a user's writes is updated alone, with some requests and not with others: it is always answered.
    """

    def __init__(self, calls: list[Any]) -> None:
        self._calls = itertools.cycle(call for call in calls if call[0] != "UpdateItem")

    def call(self, operation: str, _request: object) -> dict[str, Any]:
        if operation == "UpdateItem":
            return {"ConsumedCapacity": {"TableName": "table", "CapacityUnits": 1.0}}
        recorded, answer = next(self._calls)
        if recorded != operation:
            raise AssertionError(f"{operation} was called, but {recorded} was recorded.")
        if "refused" in answer:
            # Only Dashkeep's functions have the layer on their path.
            from dashboard_store.dynamodb.protocol import Refused  # noqa: PLC0415

            raise Refused(answer["refused"], answer["document"])
        given: dict[str, Any] = answer
        return given


class Boto3:
    """Replaces a boto3 client, which returns bytes rather than base64."""

    def __init__(self, calls: list[Any]) -> None:
        self._replay = Replay(calls)

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._replay.call("GetItem", request)

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._replay.call("PutItem", request)


def connect(module: Any, calls: str) -> None:
    """Connect a handler to a client; only this function knows how Dashkeep and the others take one."""
    if "storage" in sys.modules:
        sys.modules["storage"].client = Boto3(json.loads(calls, object_hook=decoded))  # type: ignore[attr-defined]
        return
    from dashboard_store.repository.items import Items  # noqa: PLC0415
    from dashboard_store.settings import Settings  # noqa: PLC0415
    from dashboard_store.store import Store  # noqa: PLC0415

    settings = Settings.from_environment(os.environ)
    module.app.connect(Store(settings, Items(Replay(json.loads(calls)), settings.table_name)))


def load(path: list[str], handler: str) -> tuple[Any, Any]:
    """Import a handler, and return its module and the handler."""
    sys.path[:0] = path
    name, _, function = handler.partition(".")
    module = importlib.import_module(name)
    return module, getattr(module, function)


def answered(handle: Any, text: str) -> str:
    """Answer as the runtime does, which does not escape non-ASCII characters either."""
    return json.dumps(handle(json.loads(text), CONTEXT), ensure_ascii=False)


def decoded(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if list(value) == ["B"] else value


def answer(handle: Any, event: str) -> None:
    """Answer once, and report the cost since the process began."""
    given = answered(handle, Path(event).read_text())
    report = {"answer": json.loads(given), "modules": len(sys.modules), "seconds": time.process_time()}
    report |= {"megabytes": _peak()}
    sys.stdout.write(json.dumps(report) + "\n")


def _peak() -> float:
    # On Linux, ru_maxrss includes the peak of the parent process, so VmHWM is used there.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def serve(module: Any, handle: Any) -> None:
    """For each request line, answer an event repeatedly, and report the last answer and the CPU seconds."""
    output = _output_without_logs()
    for line in sys.stdin:
        request = json.loads(line)
        text = Path(request["event"]).read_text()
        connect(module, Path(request["calls"]).read_text())
        given = ""
        began = time.process_time()
        for _ in range(request["times"]):
            given = answered(handle, text)
        seconds = time.process_time() - began
        output.write(json.dumps({"seconds": seconds, "answer": json.loads(given)}) + "\n")


def measure(handle: Any) -> None:
    """For each request line, answer an event in a process of its own, and report how that process exited.

    It begins as this one is after its start. The request's file `report` gets the answer, its bytes, the CPU seconds,
    and the peak of the process's memory in megabytes.
    """
    output = _output_without_logs()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _measure_and_exit(handle, **request)
        _, status = os.waitpid(child, 0)
        output.write(json.dumps({"exit": os.waitstatus_to_exitcode(status)}) + "\n")


def _measure_and_exit(handle: Any, event: str, report: str) -> NoReturn:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    code = 1
    try:
        text = Path(event).read_text()
        began = time.process_time()
        given = answered(handle, text)
        measured = {"seconds": time.process_time() - began, "megabytes": _peak(), "bytes": len(given.encode())}
        Path(report).write_text(json.dumps({**measured, "answer": json.loads(given)}))
        code = 0
    finally:
        # Whatever happened, the loop goes on in the parent alone.
        os._exit(code)


def _output_without_logs() -> TextIO:
    """Return the output, and send what handlers log to /dev/null from now on."""
    output = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return output


def count(path: list[str], handler: str, event: str, calls: str) -> None:
    """Report the bytecode instructions that a handler's import and a warm answer execute.

    The counts are the same on every run and need no tool; they do not include the work of C code.
    """
    imported, (module, handle) = counted(lambda: load(path, handler))
    connect(module, Path(calls).read_text())
    text = Path(event).read_text()
    for _ in range(WARM_UP):
        answered(handle, text)
    warm, given = counted(lambda: answered(handle, text))
    report = {"import": imported, "answer": warm, "status": json.loads(given)["statusCode"]}
    report["loaded"] = sorted(sys.modules)
    sys.stdout.write(json.dumps(report) + "\n")


def counted(call: Callable[[], Any]) -> tuple[int, Any]:
    """Count the instructions of a call: https://docs.python.org/3.13/library/sys.monitoring.html."""
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
        case "measure":
            measure(load(**options)[1])
        case "count":
            count(**options)


if __name__ == "__main__":
    main(sys.argv[1])
    # A function is never taken apart: Lambda ends its process.
    sys.stdout.flush()
    os._exit(0)
