"""Run MiniStack in this process, with the local run's additions.

The supervisor starts it with a separate environment:
`python -m local.emulator <state folder> <the deployment's parameters as JSON>`.
"""

import contextlib
import functools
import hashlib
import importlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from ministack import app  # type: ignore[import-untyped] # it ships no types
from ministack.core import lambda_runtime, persistence  # type: ignore[import-untyped] # it ships no types

from local import template
from local.template import Json

SNAPSHOT_DONE = "snapshot-done"

_SAM_TRANSFORM = "samtranslator.translator.transform"
# The services that the stack uses. A snapshot without one of them is incomplete.
_SERVICES = ("apigateway", "appconfig", "cloudformation", "dynamodb", "iam", "lambda", "s3")


def main(state: Path, parameters: dict[str, str]) -> None:
    sys.modules[_SAM_TRANSFORM] = _transform_module(parameters)
    sys.executable = str(_bare_python(state / "runtime"))
    lambda_runtime.zipfile = _sharing_layers(state / "layers")
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _snapshot(state))
    sys.argv = ["ministack"]
    app.main()


def _transform_module(parameters: dict[str, str]) -> ModuleType:
    """Replace the module of the SAM transform, which MiniStack imports whenever it deploys a template.

    Importing the real one takes a second, so it is imported only for a deployment.
    """

    def transform(source: Json, _no_parameters: Json, policies: Any) -> Json:  # noqa: ANN401 - MiniStack's own type
        del sys.modules[_SAM_TRANSFORM]
        try:
            sam = importlib.import_module(_SAM_TRANSFORM).transform
            return template.transform(lambda seen, values: sam(seen, values, policies), source, parameters)
        finally:
            sys.modules[_SAM_TRANSFORM] = module

    module = ModuleType(_SAM_TRANSFORM)
    module.transform = transform  # type: ignore[attr-defined] # modules take any attribute
    return module


def _bare_python(folder: Path) -> Path:
    """Return an interpreter without packages, for MiniStack to run functions with.

    By default it uses its own interpreter, whose packages would hide what is missing in the layer.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder)], check=True)
    return python


def _sharing_layers(folder: Path) -> SimpleNamespace:
    """Replace `zipfile` for workers, so that a layer is unpacked once, not for each worker and at each start.

    Unpacking takes longer than the rest of a cold start. Nothing writes to a layer, which is read-only on AWS.
    """
    for outdated in sorted(folder.glob("*"), key=lambda layer: layer.stat().st_mtime)[:-1]:
        shutil.rmtree(outdated)

    class Archive(zipfile.ZipFile):
        def namelist(self) -> list[str]:
            # The worker looks up every name on disk, which is unnecessary for an unpacked layer.
            return [] if self.layer.exists() else super().namelist()

        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:  # noqa: ANN401
            if not Path(path).name.startswith("layer_"):
                super().extractall(path, members, pwd)
                return
            if not self.layer.exists():
                self._unpack()
            Path(path).rmdir()
            Path(path).symlink_to(self.layer)

        @functools.cached_property
        def layer(self) -> Path:
            content = Path(self.filename or "").read_bytes()
            return folder / hashlib.sha256(content).hexdigest()

        def _unpack(self) -> None:
            """Unpack the layer atomically, because several workers may start at once."""
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent / "tmp") as unpacked:
                super().extractall(unpacked)
                with contextlib.suppress(OSError):
                    Path(unpacked).rename(self.layer)

    return SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})


def _snapshot(state: Path) -> None:
    """Save all state now, which MiniStack itself does only at a clean stop, and signal it with a file."""
    started = time.time_ns()
    services = app._build_persistence_save_dict()  # noqa: SLF001 - it has no public name
    persistence.save_all(services)
    # save_all only logs a failure, so check what it wrote. Empty state is written too.
    files = {name: Path(persistence.STATE_DIR) / f"{name}.json" for name in _SERVICES}
    stale = [name for name, file in files.items() if not file.exists() or file.stat().st_mtime_ns < started]
    (state / SNAPSHOT_DONE).write_text(" ".join(stale))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
