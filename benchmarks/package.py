"""The size of what is deployed, and how much of it each function loads."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks import contender
from benchmarks.contender import ENVIRONMENT, PROGRAM
from benchmarks.report import Section, Table

FUNCTIONS = ("get_config", "put_config", "projects", "project_data", "health", "read_upload", "purge_objects")


def report() -> list[Section]:
    layer = contender.layer()
    parts = sorted(layer.iterdir(), key=_bytes, reverse=True)
    shown = [["the layer", *_sizes(layer)], *([f"of which `{part.name}`", *_sizes(part)] for part in parts[:8])]
    sizes = Table(["Package", "Files", "MB unpacked", "MB zipped"], shown)
    bare = _modules("")
    loaded = [[f"`{name}`", f"{len(_modules(name) - bare):,}", _mine(name, bare)] for name in FUNCTIONS]
    modules = Table(["Function", "Modules", "of which Dashkeep's"], loaded)
    measured = (
        "The layer as deployed, and the modules that each function's import loads, beyond those of a bare interpreter "
        "with the measuring program. Modules that a route imports on first use are not included."
    )
    return [Section("Package", measured, [sizes, modules])]


def _mine(name: str, bare: set[str]) -> str:
    return str(sum(module.partition(".")[0] == "dashboard_store" for module in _modules(name) - bare))


def _modules(function: str) -> set[str]:
    """Return the modules loaded after a function's import; without a function, those of the measuring program."""
    path = [str(folder) for folder in contender.ours(function).path] if function else []
    program = (
        f"import sys; sys.path[:0] = [{str(PROGRAM.parent)!r}]; import function, json\n"
        f"sys.path[:1] = {path!r}\n"
        + (f"import {function}\n" if function else "")
        + "print(json.dumps(list(sys.modules)))"
    )
    command = [sys.executable, "-s", "-P", "-S", "-c", program]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(json.loads(done.stdout.splitlines()[-1]))


def _files(part: Path) -> list[Path]:
    return [part] if part.is_file() else [path for path in part.rglob("*") if path.is_file()]


def _bytes(part: Path) -> int:
    return sum(path.stat().st_size for path in _files(part))


def _sizes(part: Path) -> list[str]:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in _files(part):
                archive.write(path, path.relative_to(part.parent))
        zipped = file.tell()
    return [f"{len(_files(part)):,}", f"{_bytes(part) / 1e6:.1f}", f"{zipped / 1e6:.1f}"]
