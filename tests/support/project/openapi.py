"""docs/openapi.yaml, parsed for the tests."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from support.project.template import ROOT

SOURCE = ROOT / "docs" / "openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch"}


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
