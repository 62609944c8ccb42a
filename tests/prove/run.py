"""Run every long check in turn, and write the results into docs/testing.md: `python -m prove.run`.

Each part writes its result into `.prove/`; a run of some parts keeps the last results of the others.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from prove.parts import PARTS, Part
from prove.report import Result, renewed, result_file, section
from support.project.figures import PLACE
from support.project.template import ROOT

FOLDER = ROOT / ".prove"
DOCUMENT = ROOT / "docs" / "testing.md"


def announce(parts: Sequence[Part]) -> None:
    print(f"Running the long checks takes about {sum(part.minutes for part in parts)} minutes on two cores:\n")
    for part in parts:
        print(f"  {part.name:14} {part.minutes:>3} min  {part.shows}")
    print(f"\nThe results are written to {FOLDER.name}/ and {DOCUMENT.relative_to(ROOT)}.", flush=True)


def run(part: Part) -> Result:
    """Run one part, whether it passes or fails."""
    print(f"\n== {part.name}: {part.shows}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        figures, report = Path(scratch) / "figures.json", Path(scratch) / "report.xml"
        options = [f"--junitxml={report}"] if "pytest" in part.command else []
        ended = subprocess.run(  # noqa: S603 - the commands are in parts.py
            [*part.command, *options], cwd=ROOT, env={**os.environ, PLACE: str(figures)}, check=False
        )
        measured = json.loads(figures.read_text()) if figures.exists() else {}
        counted = counts(report) if report.exists() else {}
    minutes = round((time.monotonic() - began) / 60, 1)
    today = datetime.now(UTC).date().isoformat()
    return Result(ended.returncode == 0, today, minutes, machine(), {**counted, **measured})


def kept(part: Part) -> Result:
    """Run one part and write its result at once, so that an interrupted run keeps what it has."""
    result = run(part)
    result.write(result_file(FOLDER, part))
    return result


def counts(report: Path) -> dict[str, str | int]:
    """Count the tests that pytest ran and skipped."""
    suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it just now
    tests, skipped = (sum(int(suite.attrib[name]) for suite in suites) for name in ("tests", "skipped"))
    return {"tests": tests - skipped, **({"skipped": skipped} if skipped else {})}


def machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> int:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=names, help="run this part only; may be repeated")
    named = parser.parse_args().part or names
    parts = [part for part in PARTS if part.name in named]
    FOLDER.mkdir(exist_ok=True)
    announce(parts)
    failed = [part.name for part in parts if not kept(part).passed]
    document = DOCUMENT.read_text()
    DOCUMENT.write_text(renewed(document, section(PARTS, FOLDER, document)))
    print(f"\n{'Failed: ' + ', '.join(failed) if failed else 'All parts passed.'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
