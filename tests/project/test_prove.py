"""How `make prove` runs its parts and reports their results."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from prove import browsers
from prove.parts import PARTS, Part
from prove.report import BEGIN, END, Result, renewed, result_file, section
from prove.run import run
from support.project.figures import PLACE, keep
from support.project.template import ROOT

FIRST, SECOND = (Part(name, "", 1, ("true",)) for name in ("first", "second"))
RESULT = Result(
    passed=True, date="2026-11-25", minutes=2.5, machine="Linux, 2 cores", figures={"kills": 20, "x": "1 s"}
)


def test_the_section_holds_every_part(tmp_path: Path) -> None:
    """Each part has a row with its result, date and figures, or with `not run`."""
    RESULT.write(result_file(tmp_path, FIRST))
    assert section([FIRST, SECOND], tmp_path).splitlines() == [
        "On Linux, 2 cores.",
        "",
        "| Part | Result | Figures |",
        "|---|---|---|",
        "| `first` | passed, 2026-11-25, 2.5 minutes | kills: 20 · x: 1 s |",
        "| `second` | not run | |",
    ]


def test_a_part_that_has_not_run_here_keeps_its_row(tmp_path: Path) -> None:
    """Running one part in a new checkout leaves the other parts' results and their machine in the document."""
    RESULT.write(result_file(tmp_path, FIRST))
    document = renewed(f"{BEGIN}{END}", section([FIRST], tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    replace(RESULT, machine="Linux, 4 cores").write(result_file(other, SECOND))
    assert section([FIRST, SECOND], other, document).splitlines() == [
        "On Linux, 2 cores; Linux, 4 cores.",
        "",
        "| Part | Result | Figures |",
        "|---|---|---|",
        "| `first` | passed, 2026-11-25, 2.5 minutes | kills: 20 · x: 1 s |",
        "| `second` | passed, 2026-11-25, 2.5 minutes | kills: 20 · x: 1 s |",
    ]


def test_only_the_section_is_replaced() -> None:
    """The rest of the document stays unchanged, and rewriting the section gives the same text."""
    document = (ROOT / "docs" / "testing.md").read_text()
    once = renewed(document, "new")
    assert renewed(once, "new") == once
    before, _, after = document.partition("\n<!-- made by make prove: begin -->")
    assert once.startswith(before)
    assert once.endswith(after.partition("end -->")[2])


REPORT = """<testsuites><testsuite>
    <testcase name="test_a_b[c]" /><testcase name="test_d"><failure message="x" /></testcase>
    <testcase name="test_e"><skipped message="no windows" /></testcase>
    <testcase name="test_f" /><testcase name="test_f"><error message="on teardown" /></testcase>
</testsuite></testsuites>"""


def test_the_browsers_results_are_a_table() -> None:
    """Each scenario has a row in words with its result in each browser, also if a fixture failed or nothing ran."""
    assert browsers.table({"chromium": browsers.results(REPORT), "webkit": {}}).splitlines() == [
        "| Scenario | Chromium | WebKit |",
        "|---|---|---|",
        "| a b: c | passed | not run |",
        "| d | **failed** | not run |",
        "| e | no windows | not run |",
        "| f | **failed** | not run |",
    ]


def test_only_the_browsers_table_is_replaced() -> None:
    """The rest of the document stays unchanged, and rewriting the table gives the same text."""
    document = (ROOT / "docs" / "testing.md").read_text()
    once = renewed(document, "new", browsers.BEGIN, browsers.END)
    assert renewed(once, "new", browsers.BEGIN, browsers.END) == once
    before, _, after = document.partition(browsers.BEGIN)
    assert once.startswith(before)
    assert once.endswith(after.partition(browsers.END)[2])


def test_figures_are_written_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures of all tests of a part are collected in one file, and written only if a file is named."""
    file = tmp_path / "figures.json"
    monkeypatch.setenv(PLACE, str(file))
    keep({"kills": 20})
    keep({"lost": 0})
    assert file.read_text() == '{\n  "kills": 20,\n  "lost": 0\n}\n'
    monkeypatch.delenv(PLACE)
    file.unlink()
    keep({"kills": 20})
    assert not file.exists()


TESTS = """
from prove.run import run
from support.project.figures import keep

def test_that_passes():
    keep({"kills": 20})

def test_that_fails():
    assert False
"""


def test_a_part_is_run_to_its_end(tmp_path: Path) -> None:
    """A result says whether all tests passed, how many there were, and what they measured."""
    file = tmp_path / "test_part.py"
    file.write_text(TESTS)
    pytest_of_this_checkout = (sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-q", str(file))
    failed = run(Part("part", "what it shows", 1, pytest_of_this_checkout))
    assert (failed.passed, failed.figures) == (False, {"tests": 2, "kills": 20})
    passed = run(Part("part", "what it shows", 1, (*pytest_of_this_checkout, "-k", "passes")))
    assert (passed.passed, passed.figures) == (True, {"tests": 1, "kills": 20})


def test_every_part_exists() -> None:
    """The files that the parts run exist."""
    files = [word for part in PARTS for word in part.command if word.startswith("tests/")]
    assert files
    assert not [file for file in files if not (ROOT / file).exists()]


def test_the_document_describes_every_part() -> None:
    """docs/testing.md describes every part of `make prove`, and names no other part."""
    document = (ROOT / "docs" / "testing.md").read_text()
    assert not [part.name for part in PARTS if f"\n| `{part.name}` | " not in document.partition(BEGIN)[0]]
    assert set(re.findall(r"PART=([\w-]+)", document)) <= {part.name for part in PARTS}
