"""The project's Markdown files as the tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path

from support.project.files import committed
from support.project.template import ROOT

# Not those that commands make, such as `.prove`.
FOLDERS = {name.partition("/")[0] for name in committed("*/*")}


def documents() -> list[Path]:
    """Every Markdown file of the repository."""
    return [ROOT / name for name in committed("*.md")]


def links(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text and the target of every relative link and picture, without its fragment."""
    marked = re.findall(r"\[([^\[\]]*)\]\(([^()\s]+)\)", text)
    embedded = re.findall(r'<(?:img|source)[^>]* (?:src|srcset)="([^"]+)"', text)
    for shown, target in [*marked, *(("", target) for target in embedded)]:
        if not re.match(r"[a-z]+:|#", target):
            yield shown, target.partition("#")[0]


def own_links(text: str, repository: str) -> Iterator[str]:
    """Yield the path of every absolute link to a file of this repository, without its fragment."""
    yield from re.findall(rf"{re.escape(repository)}/(?:blob|tree)/main/([^)\s\"#]+)", text)


def paths(text: str) -> Iterator[str]:
    """Yield every word in backticks that begins with a folder of the repository, without the name of a test."""
    for code in re.findall(r"`([^`]+)`", text):
        for word in code.split():
            if "/" in word and word.partition("/")[0] in FOLDERS:
                yield word.partition("::")[0]


def named_tests(text: str) -> list[tuple[str, str]]:
    """Return the file and the function of every test in backticks: `tests/unit/test_merge.py::test_name`."""
    return re.findall(r"`([\w/]+\.py)::(\w+)`", text)


def commands(text: str) -> set[str]:
    """Return the targets of `make` that a text names in backticks or in a console block."""
    return set(re.findall(r"(?:`|^\$ |\()make (?:-s )?([a-z][a-z-]*)", text, re.MULTILINE))
