"""A release is made only of a tag that everything agrees with, and says what the changelog says."""

import json
import re
from pathlib import Path

import pytest
from support.project.template import ROOT

from local.release import notes, section, versions

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- later\n\n## 1.2.3 - 2026-11-30\n\n### Added\n\n- one\n\n## [1.2.2]\n\n- old\n"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that state a version, all with 1.2.3, and a changelog that has it."""
    for name in ("pyproject.toml", "docs/openapi.yaml", "web/client/package.json", "web/client/package-lock.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text().replace(versions()[name], "1.2.3", 2))
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_every_file_has_the_same_version() -> None:
    """The project, the API's document, the client and its lock state one version, and the client's guide names it."""
    (version,) = set(versions().values())
    readme = (ROOT / "web" / "client" / "README.md").read_text()
    assert set(re.findall(r"dashkeep-client-([\d.]+)\.tgz", readme)) == {version}


def test_the_notes_are_the_section_of_the_tag(checkout: Path) -> None:
    """A release's text is its section of the changelog, without the heading and without the next section."""
    assert notes("v1.2.3", checkout) == "### Added\n\n- one"
    assert section(CHANGELOG, "1.2.2") == "- old"


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3-rc.1", "v1.2.3\n", "main", ""])
def test_other_tags_are_refused(checkout: Path, tag: str) -> None:
    """A tag is `v` and three numbers."""
    with pytest.raises(SystemExit, match="is not a tag of a release"):
        notes(tag, checkout)


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "docs/openapi.yaml", "web/client/package.json", "web/client/package-lock.json"]
)
@pytest.mark.parametrize("other", ["1.2.2", "1.2.4"])
def test_a_file_with_another_version_is_named(checkout: Path, name: str, other: str) -> None:
    """A file that was forgotten stops the release, and is named with its version."""
    path = checkout / name
    path.write_text(path.read_text().replace("1.2.3", other))
    with pytest.raises(SystemExit, match=re.escape(f"{name} has the version {other}, the tag has 1.2.3.")):
        notes("v1.2.3", checkout)


@pytest.mark.parametrize(
    "text", ["## Unreleased\n\n- later\n", "## 1.2.3\n\n## 1.2.2\n\n- old\n", "## 11.2.3\n\n- x\n"]
)
def test_a_release_without_a_changelog_is_refused(checkout: Path, text: str) -> None:
    """The changelog has a section of that version, and the section has a text."""
    (checkout / "CHANGELOG.md").write_text(text)
    with pytest.raises(SystemExit, match=r"no section `## 1\.2\.3`"):
        notes("v1.2.3", checkout)


def test_the_package_names_the_repository_that_publishes_it() -> None:
    """A package with provenance is accepted by npm only from the repository that its package.json names."""
    package = json.loads((ROOT / "web" / "client" / "package.json").read_text())
    assert package["repository"]["url"] == "git+https://github.com/dashkeep/dashkeep.git"
    assert "github.repository == 'dashkeep/dashkeep'" in (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "private" not in package
