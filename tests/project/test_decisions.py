"""The decisions in docs/decisions: one file each, in one form, in order of date, listed in the index."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from support.project.markdown import links
from support.project.template import ROOT

FOLDER = ROOT / "docs" / "decisions"
INDEX = FOLDER / "README.md"
FILES = sorted(path for path in FOLDER.glob("*.md") if path != INDEX)

HEAD = re.compile(r"# (\d{4})\. (\S.*)\n\n- Date: (\d{4}-\d\d-\d\d)\n- Status: (\S.*)\n\n## Context\n\n\S")
NAME = re.compile(r"\d{4}(-[a-z0-9]+)+\.md")
LINK = r"\[\d{4}\]\([^()]+\)"
STATUS = re.compile(rf"accepted|accepted, amended by {LINK}((, | and ){LINK})*|superseded by {LINK}")
HEADINGS = ("Context", "Decision", "Alternatives", "Consequences")
ROW = re.compile(r"\| (\d{4}) \| \[(.+?)\]\(([^()]+)\) \| (\S+) \| (.+) \|")

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


class Decision(NamedTuple):
    number: str
    title: str
    file: str
    date: str
    status: str


def decisions() -> list[Decision]:
    heads = [(path.name, HEAD.match(path.read_text())) for path in FILES]
    return [Decision(head[1], head[2], name, head[3], head[4]) for name, head in heads if head]


@every_file
def test_a_decision_has_its_form(path: Path) -> None:
    """A decision has a number, title, date and status, then its headings in order, among them context and decision."""
    text = path.read_text()
    head = HEAD.match(text)
    assert head, "number, title, date, status or context is missing"
    assert NAME.fullmatch(path.name)
    assert path.name.startswith(f"{head[1]}-")
    date.fromisoformat(head[3])
    assert STATUS.fullmatch(head[4])
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == [name for name in HEADINGS if name in headings]
    assert "Decision" in headings


def test_numbers_have_no_gap() -> None:
    """Decisions are numbered from 0001 without a gap, and no two share a number."""
    assert [path.name[:4] for path in FILES] == [f"{number:04}" for number in range(1, len(FILES) + 1)]


def test_numbers_follow_the_dates() -> None:
    """A decision is not older than the one numbered before it."""
    assert [(before, after) for before, after in pairwise(decisions()) if before.date > after.date] == []


def test_a_decision_is_replaced_by_a_later_one() -> None:
    """`superseded by` and `amended by` link to an existing decision with the number shown and a higher number."""
    files = {decision.file for decision in decisions()}
    for decision in decisions():
        for number, target in links(decision.status):
            assert target in files, decision
            assert target.startswith(f"{number}-"), decision
            assert number > decision.number, decision


def test_the_index_lists_every_decision() -> None:
    """The index lists exactly the decisions, newest first, each with the title, date and status of its file."""
    rows = [Decision(*match.groups()) for match in map(ROW.fullmatch, INDEX.read_text().splitlines()) if match]
    assert rows == decisions()[::-1]
