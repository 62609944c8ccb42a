"""Measures everything and writes docs/performance.md: `make bench`.

`make bench PARTS="warm price"` measures those and prints them.
"""

import importlib
import os
import platform
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.report import Section, summary
from local import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
PARTS: Final = (
    "cold_start",
    "warm",
    "with_engine",
    "request_units",
    "growth",
    "service.sections",
    "project_data",
    "package",
    "price",
)


def main(names: list[str]) -> None:
    """Print the parts that are named; without names print all of them and write the page."""
    began = time.monotonic()
    sections = [section for name in names or PARTS for section in part(name)]
    if not names:
        PAGE.write_text(page(sections))
    print(summary(sections).markdown())
    print(f"\n{time.monotonic() - began:.0f} s in all" + ("" if names else f"; {PAGE.relative_to(ROOT)} is written"))


def part(name: str) -> list[Section]:
    print(f"Measuring: {name} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    module = importlib.import_module(f"benchmarks.{name}")
    sections: list[Section] = module.report()
    for section in sections:
        print(section.markdown(), end="\n\n", flush=True)
    print(f"({name}: {time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    return sections


def page(sections: list[Section]) -> str:
    parts = [
        "# Performance",
        (
            "Written by `make bench`, which measures all of it again. Ratios compare what was measured side by side in "
            "that run; a clock says little across machines and a busy machine says little at all, so instructions, "
            "requests and units are counted wherever they can be. `make test` holds the counts to a budget."
        ),
        machine(),
        "## What was to be reached",
        summary(sections).markdown(),
        *(section.markdown() for section in sections),
    ]
    return "\n\n".join(parts) + "\n"


def machine() -> str:
    """Name the machine that the clocks ran on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    described = [f"{os.cpu_count()} × {cpu or platform.processor() or platform.machine()}"]
    described += [f"{memory / 1024**2:.0f} GB"] if memory else []
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return (
        f"*Machine:* {', '.join(described)}, {system}, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}."
    )


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


if __name__ == "__main__":
    main(sys.argv[1:])
