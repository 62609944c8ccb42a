"""Imports a built function as Lambda does and reports what it used; test_layer_path runs it as a program.

`python -I -S built_function.py <function's folder> <layer's python folder> <module.handler> [<event file>]`
"""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_CONTEXT: Any = SimpleNamespace(aws_request_id="lambda-request", get_remaining_time_in_millis=lambda: 15_000)

# Events that leave the process. (urllib3 binds a socket to ::1 to detect IPv6; that sends nothing.)
WATCHED = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostby",
    "socket.send",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
)


def main(folder: str, layer: str, handler: str, event: str | None = None) -> None:
    # Read before the path is Lambda's, so that what the test needs is not recorded.
    request = json.loads(Path(event).read_text()) if event else None
    sys.path[:0] = [folder, layer]
    reached: list[str] = []
    read: list[str] = []
    sys.addaudithook(lambda name, arguments: _watch(reached, read, name, arguments))
    module, _, function = handler.partition(".")
    handle = getattr(importlib.import_module(module), function)
    answer = handle(request, _CONTEXT) if request else None
    specs = {name: spec for name, module in sys.modules.items() if (spec := module.__spec__) and spec.has_location}
    sources = {name: spec.origin for name, spec in specs.items()}
    bytecode = [spec.cached for spec in specs.values() if spec.cached]
    report = {"answer": answer, "reached": reached, "read": read, "sources": sources, "bytecode": bytecode}
    # The last line of the output, after the function's own log.
    print(json.dumps(report))  # noqa: T201


def _watch(reached: list[str], read: list[str], name: str, arguments: tuple[Any, ...]) -> None:
    if name.startswith(WATCHED):
        reached.append(f"{name} {arguments!r}")
    elif name == "open":
        path, mode, _ = arguments
        writes = isinstance(mode, str) and not set(mode).isdisjoint("wax+")
        (reached if writes else read).append(str(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
