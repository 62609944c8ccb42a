"""The members of a config are listed once in Python, and every other place that lists them agrees."""

import re
from collections.abc import Callable

import pytest
from support.project.openapi import openapi
from support.project.template import ROOT

from dashboard_store.documents.config_schema import MEMBERS as SCHEMAS
from dashboard_store.documents.config_schema import OLDER_NAMES, read_patch
from dashboard_store.errors import InvalidConfig
from dashboard_store.settings import Settings

MEMBERS = set(SCHEMAS)


def of_openapi(schema: str) -> Callable[[], set[str]]:
    """Make a function that returns the members of a schema of the OpenAPI document."""
    return lambda: set(openapi()["components"]["schemas"][schema]["properties"])


def found_in(path: str, passage: str, member: str) -> Callable[[], set[str]]:
    """Make a function that returns the members named in a passage of a file; a missing passage names no members."""

    def find() -> set[str]:
        found = re.search(passage, (ROOT / path).read_text(), re.DOTALL)
        return set(re.findall(member, found[1])) if found else set()

    return find


# Every place outside of `config_schema.py` that lists the members.
PLACES: dict[str, Callable[[], set[str]]] = {
    "docs/openapi.yaml: Config": of_openapi("Config"),
    "docs/openapi.yaml: ConfigInput": of_openapi("ConfigInput"),
    "docs/openapi.yaml: ConfigPatch": of_openapi("ConfigPatch"),
    "web/client/src/types.ts: DashboardConfig": found_in(
        "web/client/src/types.ts", r"interface DashboardConfig \{(.*?)\n\}", r"(?m)^  (\w+)\??:"
    ),
    "web/client/src/zustand.ts: MEMBERS": found_in(
        "web/client/src/zustand.ts", r"const MEMBERS = \[(.*?)\]", r'"(\w+)"'
    ),
    "web/app/places.js: PARTS": found_in("web/app/places.js", r"const PARTS = \{(.*?)\}", r'(\w+): "[A-Z]'),
    "docs/zustand.md: What is saved": found_in("docs/zustand.md", r"\*\*What is saved\*\*(.*?)\. A state", r"`(\w+)`"),
}


def flat(names: set[str] | set[tuple[str, ...]]) -> set[str]:
    """Flatten the matches of a pattern, which may have several groups, into a set of names."""
    return {name for each in names for name in ((each,) if isinstance(each, str) else each) if name}


def test_every_place_lists_every_member() -> None:
    """The OpenAPI document, the client, its types, the page and the docs know every member of the schema."""
    missing = [f"{place} lacks {member}" for place, find in PLACES.items() for member in MEMBERS - flat(find())]
    assert not missing, "\n".join(missing)


def test_no_place_lists_another_member() -> None:
    """No place lists a member that the schema does not have, older names excepted."""
    known = MEMBERS | set(OLDER_NAMES)
    unknown = [f"{place} has {member}" for place, find in PLACES.items() for member in flat(find()) - known]
    assert not unknown, "\n".join(unknown)


def test_a_patch_has_the_members_of_a_config() -> None:
    """A merge patch has exactly the members of a config, with any values."""
    settings, patch = Settings("unused"), dict.fromkeys(MEMBERS, 1)
    assert read_patch(patch, settings) == patch
    with pytest.raises(InvalidConfig):
        read_patch({"another": 1}, settings)


def test_older_names_are_those_of_members() -> None:
    """Every older name maps to a member, and is not itself one."""
    assert set(OLDER_NAMES.values()) <= MEMBERS
    assert MEMBERS.isdisjoint(OLDER_NAMES)
