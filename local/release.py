"""What a release says and whether it may be made: `python -m local.release notes v0.1.0`.

It prints the version's section of CHANGELOG.md, or exits with what is wrong with the tag. It needs only the standard
library, so that a workflow installs nothing for it.
"""

import argparse
import json
import re
import sys
import tomllib
from pathlib import Path

from local import ROOT

_TAG = re.compile(r"v(\d+\.\d+\.\d+)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["notes"])
    parser.add_argument("tag")
    print(notes(parser.parse_args().tag))


def notes(tag: str, root: Path = ROOT) -> str:
    """Return the changelog's section of a tag; exit unless every file has the tag's version and there is a section."""
    named = _TAG.fullmatch(tag)
    if not named:
        sys.exit(f"{tag} is not a tag of a release, such as v1.2.3.")
    version = named[1]
    if others := {place: found for place, found in versions(root).items() if found != version}:
        sys.exit(
            "\n".join(f"{place} has the version {found}, the tag has {version}." for place, found in others.items())
        )
    return section((root / "CHANGELOG.md").read_text(), version)


def versions(root: Path = ROOT) -> dict[str, str]:
    """Return the version that each file states, by the file's path."""
    found = re.search(
        r"^info:\n(?: .*\n)*?  version: (\S+)", (root / "docs" / "openapi.yaml").read_text(), re.MULTILINE
    )
    return {
        "pyproject.toml": tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"],
        "docs/openapi.yaml": found[1] if found else "none",
        **{
            place: json.loads((root / place).read_text())["version"]
            for place in ("web/client/package.json", "web/client/package-lock.json")
        },
    }


def section(changelog: str, version: str) -> str:
    """Return what the changelog says about a version, without its heading; exit if it says nothing."""
    # Keep a Changelog: `## 1.2.3 - 2026-11-30`, also `## [1.2.3] - …`.
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        if heading.split(" ")[0].strip("[]") == version and text.strip():
            return text.strip()
    sys.exit(f"CHANGELOG.md has no section `## {version}` with a text.")


if __name__ == "__main__":
    main()
