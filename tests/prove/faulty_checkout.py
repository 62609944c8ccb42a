"""Copies of this checkout whose template has a fault, to be deployed by the local stack."""

import shutil
from pathlib import Path
from typing import Final, NamedTuple

from support.project.template import ROOT

_COPIED: Final = ("local", "functions", "shared", "requirements", "template.yaml", "samconfig.toml")
_LINKED: Final = (".venv", ".venv-local", "local/node_modules", "web", "docs", "pyproject.toml")


class Edit(NamedTuple):
    """What a fault replaces in the template: a text, and what follows it until another one if that is given."""

    text: str
    instead: str = ""
    until: str = ""


def faulty_checkout(folder: Path, *edits: Edit) -> Path:
    """Make a copy in the folder, edit its template, and return its root."""
    folder.mkdir()
    for name in _COPIED:
        _copy(ROOT / name, folder / name)
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)
    template = folder / "template.yaml"
    text = template.read_text()
    for edit in edits:
        text = _edited(text, edit)
    template.write_text(text)
    return folder


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    else:
        shutil.copy2(source, target)


def _edited(template: str, edit: Edit) -> str:
    before, found, after = template.partition(edit.text)
    assert found, f"template.yaml has no {edit.text!r}"
    if edit.until:
        _, found, rest = after.partition(edit.until)
        assert found, f"template.yaml has no {edit.until!r} after {edit.text!r}"
        after = found + rest
    return before + edit.instead + after
