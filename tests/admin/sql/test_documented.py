"""docs/import-sql.md names what the commands know: columns, outcomes, reasons and decisions."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project.template import ROOT

from admin.sql.columns import OPTIONAL, REQUIRED, Columns

PAGE = (ROOT / "docs" / "import-sql.md").read_text()
CODE = "\n".join(file.read_text() for file in sorted((ROOT / "admin" / "sql").glob("*.py")))
# Where the code names a reason or a decision.
WORDS = (
    r'Refused\(\s*"([a-z0-9-]+)"',
    r'_decide\((?:[^"()]|\(\))*?"([a-z0-9-]+)"',
    r'Finding\((?:[^"()]|\([^()]*\))*?(?:"",\s*)?"([a-z][a-z0-9-]+)"',
    r'^    "[A-Z][A-Za-z]+": "([a-z-]+)",$',
    r'reason="([a-z-]+)"',
    r'^_[A-Z_]+: Final = \("([a-z-]+)", ',
)


def words() -> Iterator[str]:
    for pattern in WORDS:
        yield from re.findall(pattern, CODE, re.MULTILINE)


def test_the_words_are_found() -> None:
    """The patterns find words of every kind."""
    assert {"bad-time", "no-draft", "no-id", "invalid-config", "deleted-here", "in-history"} <= set(words())


@pytest.mark.parametrize("word", sorted(set(words())))
def test_a_reason_is_documented(word: str) -> None:
    """Every reason and decision that a report can have is on the page."""
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("table", REQUIRED)
def test_columns_are_documented(table: str) -> None:
    """The page lists the columns that are required, and those that are used where they are there."""
    (row,) = re.findall(rf"^\| `{table}` \|(.*)\|(.*)\|$", PAGE, re.MULTILINE)
    assert [tuple(re.findall(r"`(\w+)`", cell)) for cell in row] == [REQUIRED[table], OPTIONAL[table]]


def test_the_example_of_names_is_one(tmp_path: Path) -> None:
    """The page's example of a file of names is accepted."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "names.toml"
    file.write_text(example)
    assert Columns.read(file).names["projects"]["userId"] == tomllib.loads(example)["projects"]["userId"]
