"""Run the tests that call the code in-process, and report the branches that they miss."""

import subprocess
import sys

from support.project.figures import keep
from support.project.template import ROOT

FOLDERS = ("tests/unit", "tests/functions", "tests/contract")


def coverage(*arguments: str, stdout: int | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coverage", *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=stdout, text=True, check=False)  # noqa: S603 - the arguments are below


def main() -> int:
    tests = coverage("run", "-m", "pytest", "-q", *FOLDERS)
    # Exits with a non-zero code if coverage is below the threshold in pyproject.toml.
    report = coverage("report")
    total = coverage("report", "--format=total", "--precision=1", stdout=subprocess.PIPE)
    keep({"lines and branches covered": f"{total.stdout.strip()} %"})
    return tests.returncode or report.returncode


if __name__ == "__main__":
    sys.exit(main())
