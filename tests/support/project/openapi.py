"""docs/openapi.yaml, and who may what by the tables of docs/sharing.md, parsed for the tests."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import yaml
from support.project.template import ROOT

SOURCE = ROOT / "docs" / "openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch"}

NOTHING: Final = "\u2013"
"""The cell where there is no such request."""

CELLS: Final = {"yes", "403", "404", NOTHING}
STATES: Final = {"above", "404"}
_ROW: Final = re.compile(r"\| `([A-Z]+) (\S+)`(?: \((\w+)\))? \| (.+) \|")


@cache
def openapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SOURCE.read_text())
    return document


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Return the documented operations by id."""
    return {
        operation["operationId"]: operation
        for item in openapi()["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(document: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    if "$ref" not in document:
        return document
    found: Any = openapi()
    for token in document["$ref"].removeprefix("#/").split("/"):
        found = found[token]
    return resolved(found)


def path_parameters(operation: str) -> dict[str, dict[str, Any]]:
    """Return the path parameters of an operation by name."""
    (item,) = (
        item
        for item in openapi()["paths"].values()
        if any(item.get(method, {}).get("operationId") == operation for method in METHODS)
    )
    found = map(resolved, item.get("parameters", []))
    return {parameter["name"]: parameter for parameter in found if parameter["in"] == "path"}


def problem_codes(response: dict[str, Any]) -> set[str]:
    """Return the problem codes that the schemas of a response allow; empty unless it is a problem."""
    problem = resolved(response).get("content", {}).get("application/problem+json")
    return {code for types in _types(problem["schema"]) for code in types} if problem else set()


def _types(schema: dict[str, Any]) -> Iterator[set[str]]:
    """Yield the values that each part of a schema allows for `type`, except for the part that lists all codes."""
    schema = resolved(schema)
    for part in schema.get("allOf", []):
        yield from _types(part)
    given = schema.get("properties", {}).get("type", {})
    values = [given["const"]] if "const" in given else given.get("enum", [])
    if schema is not openapi()["components"]["schemas"]["Problem"]:
        yield {value.removeprefix("urn:problem:") for value in values}


class SharedRoute(NamedTuple):
    """A row: a route, which of its requests are meant if not all, and by role the status or what stands for it."""

    method: str
    path: str
    which: str
    cells: dict[str, str]


@cache
def sharing_routes() -> tuple[SharedRoute, ...]:
    """Return who may use which route."""
    roles, rows = _table("Route")
    found = [match.groups("") for row in rows if (match := _ROW.fullmatch(row))]
    assert len(found) == len(rows)
    return tuple(
        SharedRoute(method, path.replace("…", "/api/projects/{projectId}"), which, _by_name(roles, cells))
        for method, path, which, cells in found
    )


@cache
def sharing_states() -> dict[str, dict[str, str]]:
    """Return what each state of a project changes, by who was let in before."""
    names, rows = _table("State")
    states = (row.strip("| ").partition(" | ") for row in rows)
    return {state: _by_name(names, cells) for state, _, cells in states}


def _table(first: str) -> tuple[list[str], list[str]]:
    """Return the other columns and the rows of the table whose first column has this name."""
    _, _, rest = (ROOT / "docs" / "sharing.md").read_text().partition(f"\n| {first} | ")
    head, _, *rows = rest.partition("\n\n")[0].splitlines()
    return head.removesuffix(" |").split(" | "), rows


def _by_name(names: list[str], cells: str) -> dict[str, str]:
    return dict(zip(names, cells.split(" | "), strict=True))
