"""What the local stack deploys is packed once for each build: archives, and a template that names them."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from local.build import packed

FILES = {
    "Layer/python/store/__init__.py": "",
    "Layer/python/store/items.py": "ITEMS = 1",
    "Layer/python/api.py": "API = 1",
    "Saves/saves.py": "def handler(): ...",
}
TABLE = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${AWS::StackName}"}}}
TEMPLATE = """
Resources:
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${AWS::StackName}"}}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: Layer, LayerName: "007"}}
  Saves: {Type: AWS::Serverless::Function, Properties: {CodeUri: Saves, Handler: saves.handler}}
"""
# As the build gives to every file.
TIME = 1_577_836_800


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A finished build of a layer, a function and a table."""
    folder = tmp_path / "local"
    for name, content in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        os.utime(file, (TIME, TIME))
    (folder / "template.yaml").write_text(TEMPLATE)
    finish(folder, "first")
    return folder


def finish(folder: Path, fingerprint: str) -> None:
    """Mark a build as finished, as the build itself does."""
    folder.with_suffix(".stamp").write_text(fingerprint)


def archive(template: Path, name: str, place: str) -> Path:
    """Return the archive that a template names for a resource."""
    properties: dict[str, str] = json.loads(template.read_text())["Resources"][name]["Properties"]
    return template.parent / properties[place]


def test_the_template_names_an_archive_of_each_part(built: Path) -> None:
    """Each archive has the files of its folder, which stays; all else in the template is as it was built."""
    template = packed(built)
    for name, place in (("Layer", "ContentUri"), ("Saves", "CodeUri")):
        with zipfile.ZipFile(archive(template, name, place)) as content:
            found = {f"{name}/{entry}": content.read(entry).decode() for entry in content.namelist()}
        assert found == {path: text for path, text in FILES.items() if path.startswith(f"{name}/")}
    resources = json.loads(template.read_text())["Resources"]
    assert resources["Table"] == TABLE
    assert resources["Layer"]["Properties"] == {"ContentUri": "Layer.zip", "LayerName": "007"}
    assert resources["Saves"]["Properties"] == {"CodeUri": "Saves.zip", "Handler": "saves.handler"}
    assert (built / "template.yaml").read_text() == TEMPLATE


def test_equal_content_packs_to_an_equal_archive(built: Path, tmp_path: Path) -> None:
    """Files are packed in order, with the time that the build gave them, so only what has changed is deployed."""
    template = packed(built)
    layer = archive(template, "Layer", "ContentUri")
    with zipfile.ZipFile(layer) as content:
        assert content.namelist() == sorted(content.namelist())
    moved = built.rename(tmp_path / "another")
    finish(moved, "second")
    assert archive(packed(moved), "Layer", "ContentUri").read_bytes() == layer.read_bytes()


def test_each_build_is_packed_once(built: Path) -> None:
    """As long as the build is the same, so are the archives; another build replaces all of them."""
    first = packed(built)
    (built / "Saves" / "saves.py").write_text("def handler(): return 1")
    before = first.stat().st_mtime_ns
    assert packed(built).stat().st_mtime_ns == before
    (first.parent / "Removed.zip").touch()
    finish(built, "second")
    with zipfile.ZipFile(archive(packed(built), "Saves", "CodeUri")) as content:
        assert content.read("saves.py") == b"def handler(): return 1"
    assert {path.name for path in first.parent.iterdir()} == {"Layer.zip", "Saves.zip", "template.json"}


def test_a_packing_that_was_interrupted_is_repeated(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives that a killed process left behind are not deployed, even by the build that they were begun for."""
    template = packed(built)
    finish(built, "second")
    with monkeypatch.context() as patched:
        patched.setattr(zipfile.ZipFile, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            packed(built)
    finish(built, "first")
    assert packed(built) == template
    with zipfile.ZipFile(archive(template, "Saves", "CodeUri")) as content:
        assert content.namelist() == ["saves.py"]
