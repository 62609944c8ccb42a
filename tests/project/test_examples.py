"""The files that the guides show are those of the applications that `make prove` builds."""

import re
from pathlib import Path

import pytest
from support.project.files import committed
from support.project.template import ROOT

COMPLETE = {"react.md": "tests/applications/react", "nextjs.md": "tests/applications/next"}
GUIDES = {**COMPLETE, "moving.md": "tests/applications/moving"}


def shown(guide: str) -> dict[str, str]:
    """Return the files that a guide shows, by the path in the comment that each begins with."""
    blocks = re.findall(r"^```\w+\n(// (\S+)\n.*?)^```$", (ROOT / "docs" / guide).read_text(), re.MULTILINE | re.DOTALL)
    return {path: text for text, path in blocks}


@pytest.mark.parametrize(("guide", "folder"), GUIDES.items())
def test_a_guide_shows_the_files_of_its_application(guide: str, folder: str) -> None:
    """Each file that a guide shows is a file of the application, character by character."""
    files = shown(guide)
    assert len(files) >= 5
    assert {path: (ROOT / folder / path).read_text() for path in files} == files


@pytest.mark.parametrize(("guide", "folder"), COMPLETE.items())
def test_a_guide_shows_every_file_of_its_application(guide: str, folder: str) -> None:
    """A reader of the guide has all code of the application."""
    code = committed(f"{folder}/*.ts", f"{folder}/*.tsx")
    assert {str(Path(name).relative_to(folder)) for name in code} <= set(shown(guide))
