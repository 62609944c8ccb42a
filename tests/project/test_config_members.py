"""The members of a config are listed once in Python, and everybody who has to know them is held to that list."""

import re
from collections.abc import Callable

from support.project.openapi import openapi
from support.project.template import ROOT

from dashboard_store.documents.config_schema import OLDER_NAMES, ConfigPatchSchema, ConfigSchema

MEMBERS = set(ConfigSchema.model_fields)


def of_openapi(schema: str) -> Callable[[], set[str]]:
    """The members of a schema of the OpenAPI document."""
    return lambda: set(openapi()["components"]["schemas"][schema]["properties"])


def found_in(path: str, passage: str, member: str) -> Callable[[], set[str]]:
    """The members that a passage of a file names; a passage that is not there names none."""

    def find() -> set[str]:
        found = re.search(passage, (ROOT / path).read_text(), re.DOTALL)
        return set(re.findall(member, found[1])) if found else set()

    return find


# Every place outside of `config_schema.py` that lists the members.
PLACES: dict[str, Callable[[], set[str]]] = {
    "docs/openapi.yaml: Config": of_openapi("Config"),
    "docs/openapi.yaml: ConfigInput": of_openapi("ConfigInput"),
    "docs/openapi.yaml: ConfigPatch": of_openapi("ConfigPatch"),
    "web/client/index.d.ts: DashboardConfig": found_in(
        "web/client/index.d.ts", r"interface DashboardConfig \{(.*?)\n\}", r"(\w+)\??:"
    ),
    "web/client/zustand.js: MEMBERS": found_in("web/client/zustand.js", r"const MEMBERS = \[(.*?)\]", r'"(\w+)"'),
    "web/app/config.js: placeInWords": found_in(
        "web/app/config.js", r"function placeInWords(.*?)\n\}", r'(?:(\b\w+): "[A-Z]|member !== "(\w+)")'
    ),
    "docs/zustand.md: What is saved": found_in("docs/zustand.md", r"\*\*What is saved\*\*(.*?)\. A state", r"`(\w+)`"),
}


def flat(names: set[str] | set[tuple[str, ...]]) -> set[str]:
    """The names that a pattern with several groups found."""
    return {name for each in names for name in ((each,) if isinstance(each, str) else each) if name}


def test_every_place_lists_every_member() -> None:
    """A member of the schema is known to the OpenAPI document, the client, its types, the page and the docs."""
    missing = [f"{place} lacks {member}" for place, find in PLACES.items() for member in MEMBERS - flat(find())]
    assert not missing, "\n".join(missing)


def test_no_place_lists_another_member() -> None:
    """Nobody knows a member that the schema has not; older names stand only where they are read."""
    known = MEMBERS | set(OLDER_NAMES)
    unknown = [f"{place} has {member}" for place, find in PLACES.items() for member in flat(find()) - known]
    assert not unknown, "\n".join(unknown)


def test_a_patch_has_the_members_of_a_config() -> None:
    """A merge patch takes exactly the config's members, without a list of its own."""
    assert set(ConfigPatchSchema.model_fields) == MEMBERS


def test_older_names_are_those_of_members() -> None:
    """An older name is read as a member, and no member has that name."""
    assert set(OLDER_NAMES.values()) <= MEMBERS
    assert MEMBERS.isdisjoint(OLDER_NAMES)
