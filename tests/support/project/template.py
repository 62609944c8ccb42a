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


def rights(function: str) -> list[dict[str, Any]]:
    """Return the statements of a function's policies, also of those that stand by themselves, with lists of actions."""
    own = [statement for policy in functions()[function].get("Policies", []) for statement in policy["Statement"]]
    apart = [
        statement
        for each in template()["Resources"].values()
        if each["Type"] == "AWS::IAM::Policy" and {"Ref": f"{function}Role"} in each["Properties"]["Roles"]
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
    ]
    return [{**each, "Action": listed(each["Action"])} for each in own + apart]


def listed(value: Any) -> list[Any]:
    """Return the elements of what may be written as a list, or as its only element."""
    return value if isinstance(value, list) else [value]


def table_definition() -> dict[str, Any]:
    """Return the table's definition in the form of CreateTable."""
    properties = template()["Resources"]["Table"]["Properties"]
    taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes")
    return {name: properties[name] for name in taken}
