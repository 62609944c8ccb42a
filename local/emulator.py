"""Run MiniStack in this process, with what the local run adds to it.

Started by the supervisor with an environment of its own:
`python -m local.emulator <state folder> <the deployment's parameters as JSON>`.
"""

import importlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from ministack import app  # type: ignore[import-untyped] # it ships no types
from ministack.core import persistence  # type: ignore[import-untyped] # it ships no types

from local import template
from local.template import Json

SNAPSHOT_DONE = "snapshot-done"

_SAM_TRANSFORM = "samtranslator.translator.transform"
# What the stack is made of. A snapshot without these is none.
_SERVICES = ("apigateway", "cloudformation", "dynamodb", "iam", "lambda", "s3")


def main(state: Path, parameters: dict[str, str]) -> None:
    sys.modules[_SAM_TRANSFORM] = _transform_module(parameters)
    sys.executable = str(_bare_python(state / "runtime"))
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _snapshot(state))
    sys.argv = ["ministack"]
    app.main()


def _transform_module(parameters: dict[str, str]) -> ModuleType:
    """Stand in for the module of the SAM transform, which MiniStack imports whenever a template is deployed.

    The real one takes a second to import, so a start that deploys nothing does without it.
    """

    def transform(source: Json, _no_parameters: Json, policies: Any) -> Json:  # noqa: ANN401 - MiniStack's own
        del sys.modules[_SAM_TRANSFORM]
        try:
            sam = importlib.import_module(_SAM_TRANSFORM).transform
            return template.transform(lambda seen, values: sam(seen, values, policies), source, parameters)
        finally:
            sys.modules[_SAM_TRANSFORM] = module

    module = ModuleType(_SAM_TRANSFORM)
    module.transform = transform  # type: ignore[attr-defined] # what a module is for
    return module


def _bare_python(folder: Path) -> Path:
    """Return an interpreter with no packages, for MiniStack to run functions with.

    It would run them with the one it runs on itself, whose packages would stand in for what the layer lacks.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder)], check=True)
    return python


def _snapshot(state: Path) -> None:
    """Save all state now, as MiniStack itself does at a clean stop only, and say so with a file."""
    started = time.time_ns()
    services = app._build_persistence_save_dict()  # noqa: SLF001 - there is no public name for it
    persistence.save_all(services)
    # save_all logs a failure and goes on, so what it wrote has to be looked at. Empty state is written too.
    files = {name: Path(persistence.STATE_DIR) / f"{name}.json" for name in _SERVICES}
    stale = [name for name, file in files.items() if not file.exists() or file.stat().st_mtime_ns < started]
    (state / SNAPSHOT_DONE).write_text(" ".join(stale))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
