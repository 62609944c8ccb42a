"""The documents lead somewhere: their links, paths, commands and pictures exist."""

import json
import re
from pathlib import Path

import pytest
from support.project.markdown import commands, documents, links, named_tests, own_links, paths
from support.project.template import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
PICTURES = sorted((ROOT / "docs" / "images").iterdir())
PACKAGE = ROOT / "web" / "client"
# The public address of the repository, as the package names it.
REPOSITORY = (
    json.loads((PACKAGE / "package.json").read_text())["repository"]["url"].removeprefix("git+").removesuffix(".git")
)
# These describe the past.
HISTORIES = {ROOT / "CHANGELOG.md"}

every_document = pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))


@every_document
def test_links_resolve(path: Path) -> None:
    """Every relative link and picture leads to a file or a folder."""
    assert [target for _, target in links(path.read_text()) if not (path.parent / target).exists()] == []


@every_document
def test_absolute_links_to_the_repository_resolve(path: Path) -> None:
    """Every link to a file of this repository by its public address leads to a file or a folder."""
    assert [target for target in own_links(path.read_text(), REPOSITORY) if not (ROOT / target).exists()] == []


def test_the_packages_readme_works_outside_the_repository() -> None:
    """The README that npm packs has absolute links only, and every file that it names in brackets is such a link."""
    text = (PACKAGE / "README.md").read_text()
    assert list(links(text)) == []
    definition = re.compile(r"^\[(.+)\]: (\S+)$", re.MULTILINE)
    defined = dict(definition.findall(text))
    marked = re.findall(r"\[([^\[\]]+)\](?!\()", definition.sub("", text))
    named = {name for name in marked if name in defined or "/" in name}
    assert named == set(defined)
    assert {f"{REPOSITORY}/blob/main/web/client/{name}" for name in named if "/" in name} <= set(defined.values())


@every_document
def test_named_paths_exist(path: Path) -> None:
    """Every path and test of the repository in backticks exists, except in documents that describe the past."""
    text = path.read_text()
    if path in HISTORIES or re.search(r"^- Status: superseded by", text, re.MULTILINE):
        return
    assert [name for name in paths(text) if not any(ROOT.glob(name.replace("NAME", "*")))] == []
    assert [test for file, test in named_tests(text) if f"def {test}(" not in (ROOT / file).read_text()] == []


def test_names_are_found() -> None:
    """docs/testing.md names paths, tests and commands, and the rules above see them."""
    text = (ROOT / "docs" / "testing.md").read_text()
    assert list(paths(text))
    assert named_tests(text)
    assert commands(text)


@every_document
def test_named_commands_exist(path: Path) -> None:
    """Every `make` command that a document names is a target of the Makefile."""
    assert path in HISTORIES or commands(path.read_text()) <= TARGETS


def test_every_command_is_documented() -> None:
    """CONTRIBUTING.md names every target that `make help` lists, besides help and what other targets call."""
    listed = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert listed - commands((ROOT / "CONTRIBUTING.md").read_text()) == {"help", "check", "browser"}


def test_the_readme_is_short() -> None:
    """README.md has at most 110 lines, and a picture of the page within its first screen."""
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 110
    assert "<img " in "".join(lines[:12])


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures_are_small_and_shown(path: Path) -> None:
    """Each picture in docs/images is under 200 KB and is shown by a document, light and dark alike."""
    assert path.stat().st_size < 200_000
    assert any(path.name in document.read_text() for document in documents())
    assert {path.stem.rpartition("-")[2]} <= {"light", "dark"}
