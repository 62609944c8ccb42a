"""template.yaml, parsed for the tests: its routes, functions and table, so that no test repeats them."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).parents[3]


class Route(NamedTuple):
    method: str
    path: str
    function: str
    needs_token: bool

    @property
    def key(self) -> str:
        """The `routeKey` of the route's events."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@cache
def template() -> dict[str, Any]:
    document: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return document


@cache
def functions() -> dict[str, dict[str, Any]]:
    resources = template()["Resources"]
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def http_functions() -> list[str]:
    """Return the names of the functions that answer HTTP requests."""
    return sorted({route.function for route in routes()})


@cache
def routes() -> list[Route]:
    return [
        Route(event["Method"], event["Path"], name, event.get("Auth", {}).get("Authorizer") != "NONE")
        for name, function in functions().items()
        for event in (each["Properties"] for each in function.get("Events", {}).values() if each["Type"] == "HttpApi")
    ]


def table_definition() -> dict[str, Any]:
    """Return the table's definition in the form of CreateTable."""
    properties = template()["Resources"]["Table"]["Properties"]
    taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes")
    return {name: properties[name] for name in taken}
