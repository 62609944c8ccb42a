"""The size of what is deployed, and how much of it each function loads."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from support.project.template import functions

from benchmarks import contender
from benchmarks.report import Section, Table


def report() -> list[Section]:
    layer = contender.layer()
    parts = sorted(((f"of which `{part.name}`", *_sizes(part)) for part in layer.iterdir()), key=lambda row: -row[2])
    shown = [("the layer", *_sizes(layer)), *parts[:8]]
    rows = [
        [name, f"{files:,}", f"{unpacked / 1e6:.1f}", f"{zipped / 1e6:.1f}"] for name, files, unpacked, zipped in shown
    ]
    bare, loaded = _modules(), []
    for name in sorted(function["Handler"].partition(".")[0] for function in functions().values()):
        modules = _modules(name) - bare
        ours = sum(module.partition(".")[0] == "dashboard_store" for module in modules)
        loaded.append([f"`{name}`", f"{len(modules):,}", f"{ours}"])
    measured = (
        "The layer as deployed, and the modules that each function's import loads, beyond those of a bare interpreter "
        "with the measuring program. Modules that a route imports on first use are not included."
    )
    sizes = Table(["Package", "Files", "MB unpacked", "MB zipped"], rows)
    return [Section("Package", measured, [sizes, Table(["Function", "Modules", "of which Dashkeep's"], loaded)])]


def _modules(function: str = "") -> set[str]:
    """Return the modules loaded after a function's import; without a function, those of the measuring program."""
    path = [str(folder) for folder in contender.ours(function).path] if function else []
    program = (
        f"import json, sys; exec(open({str(contender.PROGRAM)!r}).read(), {{'__name__': ''}}); sys.path[:0] = {path};"
        f"__import__({function or 'json'!r}); print(json.dumps(list(sys.modules)))"
    )
    command = [sys.executable, "-s", "-P", "-S", "-c", program]
    done = subprocess.run(command, env=contender.ENVIRONMENT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(json.loads(done.stdout.splitlines()[-1]))


def _sizes(part: Path) -> tuple[int, int, int]:
    """Return the number of files, their bytes, and those of a zip of them."""
    files = [path for path in (part, *part.rglob("*")) if path.is_file()]
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, path.relative_to(part.parent))
        return len(files), sum(path.stat().st_size for path in files), file.tell()
