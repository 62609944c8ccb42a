"""One release's functions in a process of their own: reads events from standard input and writes their answers.

A line of input is a JSON array of a handler's module and an event; a line of output is the answer as JSON. The release
is what PYTHONPATH names, so this module imports nothing else of the service or of its tests.
"""

import importlib
import json
import os
import sys
from types import SimpleNamespace

CONTEXT = SimpleNamespace(aws_request_id="lambda-request", get_remaining_time_in_millis=lambda: 15_000)


def main() -> None:
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        # What the functions log goes elsewhere.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            module, event = json.loads(line)
            answers.write(json.dumps(importlib.import_module(module).handler(event, CONTEXT)) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
