"""Run the page's scenarios in every browser, and write a table of their results: `python -m prove.browsers`."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from prove.report import renewed
from support.project.figures import keep
from support.project.template import ROOT

DOCUMENT: Final = ROOT / "docs" / "testing.md"
BEGIN: Final = "<!-- made by make prove PART=browsers: begin -->"
END: Final = "<!-- made by make prove PART=browsers: end -->"
ENGINES: Final = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKit"}
TESTS: Final = ("tests/web/test_kept.py", "tests/web/test_missing_features.py", "tests/web/test_devices.py")

type Results = Mapping[str, str]
"""By test: passed, failed, or why it was skipped."""


def tested(engine: str) -> Results:
    """Run the tests in a browser."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *TESTS, f"--browser-engine={engine}", f"--junitxml={report}"]
        subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - the tests are above
        return results(report.read_text())


def results(report: str) -> Results:
    """Read the results from pytest's report; a test whose fixture fails is reported twice."""
    found: dict[str, str] = {}
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        name, outcome = case.attrib["name"], _outcome(case)
        found[name] = outcome if found.get(name, "passed") == "passed" else found[name]
    return found


def _outcome(case: ET.Element) -> str:
    skipped = case.find("skipped")
    if skipped is not None:
        return skipped.attrib["message"]
    return "passed" if case.find("failure") is None and case.find("error") is None else "**failed**"


def table(tested: Mapping[str, Results]) -> str:
    """Render the results as Markdown: a row for each test, a column for each browser."""
    names = dict.fromkeys(name for each in tested.values() for name in each)
    head = [f"| Scenario | {' | '.join(ENGINES[engine] for engine in tested)} |", f"|---|{'---|' * len(tested)}"]
    rows = [
        f"| {_words(name)} | {' | '.join(each.get(name, 'not run') for each in tested.values())} |" for name in names
    ]
    return "\n".join([*head, *rows])


def _words(test: str) -> str:
    """Turn a test's name into words: `test_a_b[c]` into `a b: c`."""
    name, _, case = test.removeprefix("test_").rstrip("]").partition("[")
    return re.sub("_", " ", name) + (f": {case}" if case else "")


def main() -> int:
    found = {engine: tested(engine) for engine in ENGINES}
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(), table(found), BEGIN, END))
    keep(
        {
            f"passed in {ENGINES[engine]}": f"{list(each.values()).count('passed')} of {len(each)}"
            for engine, each in found.items()
        }
    )
    return int(any("**failed**" in each.values() or not each for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
