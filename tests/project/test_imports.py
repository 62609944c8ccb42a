"""Which part may import which: `functions → app → {gateway, store → repository} → documents`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project.template import ROOT

STORE = ROOT / "shared" / "dashboard_store"
FUNCTIONS = ROOT / "functions"
MODULES = sorted([*STORE.rglob("*.py"), *FUNCTIONS.rglob("*.py")])

PACKAGE = "dashboard_store"
ANYWHERE = {"errors", "identifiers", "settings", "retry", "compression"}
# The other parts that the modules of each part may import, in addition to `ANYWHERE`.
ARROWS: dict[str, set[str]] = {
    "functions": {"app", "data_view", "store", "gateway", "repository", "documents", "preconditions"},
    "app": {"collector", "gateway", "store", "documents"},
    "data_view": {"gateway", "store", "repository", "documents"},
    "store": {"guest_store", "repository", "dynamodb"},
    "guest_store": {"store", "repository"},
    "gateway": {"documents", "preconditions"},
    "repository": {"dynamodb", "documents", "preconditions"},
    "dynamodb": set(),
    "documents": set(),
    "preconditions": set(),
    "collector": set(),
    "__init__": set(),
    **{module: set() for module in ANYWHERE},
}

AWS = {"boto3", "botocore"}
BUCKET = "repository/bucket.py"
INVOCATIONS = "repository/invocations.py"
SOCKETS = "repository/sockets.py"
FLAGS = "gateway/flags.py"
# No request of a user waits for the check of a rollout to start.
CHECK = {"functions/rollout_check/new_versions.py", "functions/rollout_check/rollout_check.py"}
# Powertools also handles the records of the table's stream, which are not HTTP requests.
HTTP = {"aws_lambda_powertools", "http"}
SPEAKS_HTTP = {"gateway", "functions", "data_view"}

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())


def place(path: Path) -> str:
    """Return a module's path: `gateway/request.py`, `app.py`, or `functions/put_config/put_config.py`."""
    return path.relative_to(STORE if path.is_relative_to(STORE) else ROOT).as_posix()


def part(path: Path) -> str:
    """Return the part that a module belongs to: a package, or a module next to the packages."""
    return place(path).partition("/")[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Yield every module that a module imports, also for types only; `from a import b` yields `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which this test does not follow"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    names = (module.split(".") for module in imported(path))
    return {parts[1] for parts in names if parts[0] == PACKAGE and len(parts) > 1}


@every_module
def test_a_module_imports_along_the_arrows(path: Path) -> None:
    """A module imports only its own part, the parts that its arrows point to, and those allowed anywhere."""
    own = part(path)
    assert parts_imported(path) - ANYWHERE - {own} <= ARROWS[own]


def test_only_the_view_of_data_imports_gateway_and_repository() -> None:
    """Apart from the functions, only what two of them show of a table knows both the gateway and the repository."""
    both = {place(path) for path in STORE.rglob("*.py") if {"gateway", "repository"} <= parts_imported(path)}
    assert both == {"data_view.py"}


def test_every_arrow_is_used() -> None:
    """The table has no arrow that no module uses, so it describes the actual imports."""
    used: dict[str, set[str]] = {}
    for path in MODULES:
        used.setdefault(part(path), set()).update(parts_imported(path) - ANYWHERE - {part(path)})
    assert used == ARROWS


@every_module
def test_only_few_modules_import_boto3(path: Path) -> None:
    """boto3 and botocore are imported only for bucket, invocations, sockets, flags and the check of rollouts."""
    uses_aws = any(module.partition(".")[0] in AWS for module in imported(path))
    assert not uses_aws or place(path) in {BUCKET, INVOCATIONS, SOCKETS, FLAGS, *CHECK}


@every_module
def test_only_gateway_and_functions_import_http(path: Path) -> None:
    """Powertools and HTTP modules are imported only in the gateway, the functions and what two of them share."""
    uses_http = any(module.partition(".")[0] in HTTP for module in imported(path))
    assert not uses_http or part(path) in SPEAKS_HTTP


@every_module
def test_only_gateway_and_functions_use_statuses(path: Path) -> None:
    """No other module uses the number of an HTTP error, or an attribute for statuses."""
    if part(path) in SPEAKS_HTTP:
        return
    statuses = {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 503}
    nodes = list(ast.walk(ast.parse(path.read_text())))
    found = {node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not found & statuses
    assert not attributes & {"status_code", "HTTPStatus"}


@every_module
def test_the_gateway_does_not_name_the_database(path: Path) -> None:
    """Neither code nor docstrings nor comments in the gateway mention DynamoDB."""
    if part(path) == "gateway":
        assert "dynamodb" not in path.read_text().lower()


@every_module
def test_the_repository_does_not_know_http(path: Path) -> None:
    """The repository contains no media types or HTTP headers, and reads no request bodies."""
    if part(path) != "repository":
        return
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    media_types = [text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+/[a-z.+-]+(;.*)?", text)]
    headers = [
        text for text in texts if isinstance(text, str) and re.fullmatch(r"(ETag|[A-Z][a-z]+(-[A-Z][a-z]+)+)", text)
    ]
    assert (media_types, [header for header in headers if place(path) != BUCKET]) == ([], [])
    assert not [module for module in imported(path) if re.search(r"\.(read_\w+|\w+Schema)$", module)]


def test_the_layer_is_imported_by_its_own_name() -> None:
    """No module imports `shared…` or `functions…`, which exist in the checkout but not on Lambda."""
    found = [
        (place(path), module)
        for path in MODULES
        for module in imported(path)
        if module.partition(".")[0] in {"shared", "functions", "tests", "local"}
    ]
    assert not found


def test_the_exceptions_are_needed() -> None:
    """The modules with an exception to a rule exist, and import what the exception allows."""
    places = {place(path): set(imported(path)) for path in MODULES}
    assert f"{PACKAGE}.dynamodb.client.DynamoDBClient" in places["store.py"]
    assert "boto3" in places[FLAGS] & places[BUCKET] & places[INVOCATIONS] & places[SOCKETS]
    assert any(name.startswith("functions/") for name in places)
