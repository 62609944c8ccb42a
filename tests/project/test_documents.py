"""The documents match the code, above all the OpenAPI document, and name nothing of the machine that wrote them."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from support.project.contract import STATUSES
from support.project.files import LOCKS, committed
from support.project.openapi import (
    CELLS,
    METHODS,
    STATES,
    openapi,
    operations,
    path_parameters,
    problem_codes,
    resolved,
    sharing_routes,
    sharing_states,
)
from support.project.template import ROOT, routes

from dashboard_store.gateway.problems import PROBLEMS
from dashboard_store.settings import Settings


def examples_within(document: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each example next to a schema, with that schema."""
    if isinstance(document, list):
        for element in document:
            yield from examples_within(element)
    if isinstance(document, dict):
        if "schema" in document:
            yield from ((document["schema"], resolved(each)["value"]) for each in document.get("examples", {}).values())
            if "example" in document:
                yield document["schema"], document["example"]
        for member in document.values():
            yield from examples_within(member)


def test_openapi_document_is_valid() -> None:
    """docs/openapi.yaml is OpenAPI 3.1."""
    assert openapi()["openapi"].startswith("3.1.")
    validate(openapi())


def test_openapi_document_has_the_templates_routes() -> None:
    """docs/openapi.yaml describes every route that is deployed, and no other."""
    described = {
        (method.upper(), path) for path, item in openapi()["paths"].items() for method in item if method in METHODS
    }
    assert described == {(route.method, route.path) for route in routes() if route.path != "$default"}


def test_openapi_document_says_which_calls_need_a_token() -> None:
    """docs/openapi.yaml requires a token for exactly the routes that the template protects."""
    document = openapi()
    guarded = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS and operation.get("security", document["security"])
    }
    assert guarded == {(route.method, route.path) for route in routes() if route.needs_token}


def test_openapi_examples_match_their_schemas() -> None:
    """Every example of a body, parameter or header in docs/openapi.yaml is valid against the schema next to it."""
    components = openapi()["components"]
    examples = list(examples_within(openapi()))
    assert examples
    for schema, example in examples:
        assert not list(OAS31Validator({**schema, "components": components}).iter_errors(example)), example


def test_every_body_and_path_parameter_has_an_example() -> None:
    """Each operation has an example of its request and of each response, except for gzip and empty bodies."""
    without = [
        (name, where, media_type)
        for name, operation in operations().items()
        for where, content in bodies(operation)
        for media_type, body in content.items()
        if media_type != "application/gzip" and not body.get("examples")
    ]
    assert not without
    assert all("example" in parameter for name in operations() for parameter in path_parameters(name).values())


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where an operation has a body, the request or a status, and that body by media type."""
    yield "request", operation.get("requestBody", {}).get("content", {})
    for status, response in operation["responses"].items():
        yield status, resolved(response).get("content", {})


def links() -> Iterator[tuple[str, dict[str, Any], str, dict[str, Any]]]:
    """Yield each link as its operation, its response, its name and the link itself."""
    for name, operation in operations().items():
        for response in map(resolved, operation["responses"].values()):
            for link, described in response.get("links", {}).items():
                yield name, response, link, resolved(described)


def test_links_lead_to_operations() -> None:
    """Every link names an operation, fills in its path parameters, and passes nothing that it does not accept."""
    assert list(links())
    for _, _, name, link in links():
        target = link["operationId"]
        taken = {resolved(each)["name"] for each in operations()[target].get("parameters", [])}
        given = set(link["parameters"])
        assert set(path_parameters(target)) <= given <= taken | set(path_parameters(target)), name


def test_link_expressions_resolve() -> None:
    """A link's values are parameters of the request, or headers of the response, or pointers into an example.

    Otherwise they are the literals `1`, the first version, or `*`.
    """
    for operation, response, name, link in links():
        for expression in map(str, link["parameters"].values()):
            assert resolves(expression, operation, response), (name, expression)


def resolves(expression: str, operation: str, response: dict[str, Any]) -> bool:
    kind, _, rest = expression.partition(".")
    if kind == "$request":
        return rest.removeprefix("path.") in path_parameters(operation)
    if kind == "$response" and rest.startswith("header."):
        return rest.removeprefix("header.") in response["headers"]
    if kind == "$response":
        examples = response["content"]["application/json"]["examples"].values()
        return any(holds(resolved(example)["value"], rest.removeprefix("body#/").split("/")) for example in examples)
    return expression in {"1", "*"}


def holds(document: Any, tokens: list[str]) -> bool:
    for token in tokens:
        names = document if isinstance(document, dict) else {str(at): at for at in range(len(document))}
        if token not in names:
            return False
        document = document[token if isinstance(document, dict) else names[token]]
    return True


def test_every_problem_is_documented() -> None:
    """The codes that the service can send are those that docs/openapi.yaml lists for clients to branch on."""
    listed = openapi()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert sorted(listed) == sorted({f"urn:problem:{code}" for _, code, _ in PROBLEMS.values()})


def test_every_problem_is_documented_under_its_status() -> None:
    """docs/openapi.yaml lists every code of a response under the status that the contract assigns to it."""
    documented = {
        (code, int(status))
        for operation in operations().values()
        for status, response in operation["responses"].items()
        for code in problem_codes(response)
    }
    assert documented
    assert documented <= set(STATUSES.items())


def test_every_limit_is_documented() -> None:
    """docs/openapi.yaml lists exactly the limits that `GET /api/limits` returns."""
    limits = openapi()["components"]["schemas"]["Limits"]
    assert set(limits["properties"]) == set(limits["required"]) == set(Settings(table_name="t").limits())


def test_every_route_says_who_may_use_it() -> None:
    """The table of docs/sharing.md has every route of docs/openapi.yaml and no other, and only known cells."""
    described = {
        (method.upper(), path) for path, item in openapi()["paths"].items() for method in item if method in METHODS
    }
    rows = sharing_routes()
    assert {(row.method, row.path) for row in rows} == described
    assert {cell for row in rows for cell in row.cells.values()} == CELLS
    assert {cell for cells in sharing_states().values() for cell in cells.values()} == STATES


def test_a_higher_role_may_do_more() -> None:
    """No role of docs/sharing.md is refused what a lower one may do, except that the owner has no membership to end."""
    order = ("stranger", "viewer", "editor", "owner")
    refused = [
        (row.path, row.which)
        for row in sharing_routes()
        for lower, higher in pairwise(order)
        if row.cells[lower] == "yes" != row.cells[higher]
    ]
    assert refused == [("/api/projects/{projectId}/members/{memberId}", "oneself")]


def test_routes_document_the_refusals_of_roles() -> None:
    """docs/openapi.yaml has each 403 and 404 of docs/sharing.md, and no 403 where nobody is refused to read."""
    refusals: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in sharing_routes():
        refusals[row.method, row.path] |= set(row.cells.values()) & {"403", "404"}
    for (method, path), statuses in refusals.items():
        documented = set(openapi()["paths"][path][method.lower()]["responses"])
        assert statuses <= documented, (method, path)
        assert method != "GET" or "403" in statuses or "403" not in documented, path


def test_no_file_names_the_machine_that_wrote_it() -> None:
    """No committed file names a package registry's host or a path that exists on one machine only."""
    # Assembled from parts, so that this file does not match.
    hosts = (("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"), ("npm", "js.com"), ("yarn", "pkg.com"))
    paths = (("/wo", "rk/"), ("/ro", "ot/"))
    needles = ["".join(parts).encode() for parts in (*hosts, *paths)]
    found = [
        (name, needle.decode()) for name in committed() for needle in needles if needle in (ROOT / name).read_bytes()
    ]
    assert not found


def test_locks_hold_on_any_registry() -> None:
    """No lock file pins the registry that it was made with, only versions and hashes."""
    locks = [name for name in committed() if Path(name).name in LOCKS]
    assert {Path(name).name for name in locks} == LOCKS
    pinning = ('"resolved"', "--index-url", "--extra-index-url", "--find-links")
    assert not [(name, word) for name in locks for word in pinning if word in (ROOT / name).read_text()]
