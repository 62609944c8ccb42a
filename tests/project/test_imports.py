"""Who may import whom: `functions → gateway → {documents, preconditions, errors} ← repository`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.template import ROOT

STORE = ROOT / "shared" / "dashboard_store"
FUNCTIONS = ROOT / "functions"
MODULES = sorted([*STORE.rglob("*.py"), *FUNCTIONS.rglob("*.py")])

AWS = {"boto3", "botocore"}
HTTP = {"aws_lambda_powertools", "http"}
REPOSITORY = "dashboard_store.repository"
GATEWAY = "dashboard_store.gateway"
# The one place that makes a client and hands it to the table, and what asks AppConfig.
COMPOSITION = "app.py"
FLAGS = "gateway/flags.py"
BUCKET = "repository/bucket.py"

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())


def place(path: Path) -> str:
    """Where a module is: `gateway/api.py`, `config.py`, or `functions/put_config/put_config.py`."""
    return path.relative_to(STORE if path.is_relative_to(STORE) else ROOT).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Every module that a module imports, types included, `from a import b` as both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which this test does not follow"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@every_module
def test_boto3_serves_bucket_and_flags(path: Path) -> None:
    """boto3 and botocore are imported by what uses the bucket and what reads the flags, nowhere else."""
    uses_aws = any(module.partition(".")[0] in AWS for module in imported(path))
    assert not uses_aws or place(path) in {BUCKET, FLAGS}


@every_module
def test_only_the_gateway_knows_http(path: Path) -> None:
    """Powertools and HTTP are imported in the gateway and the handlers, and nowhere else."""
    uses_http = any(module.partition(".")[0] in HTTP for module in imported(path))
    assert not uses_http or place(path).startswith(("gateway/", "functions/"))


@every_module
def test_statuses_are_said_in_the_gateway(path: Path) -> None:
    """No other module names an HTTP error by its number, in code or as an attribute."""
    if place(path).startswith(("gateway/", "functions/")):
        return
    statuses = {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 503}
    nodes = list(ast.walk(ast.parse(path.read_text())))
    found = {node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not found & statuses
    assert not attributes & {"status_code", "HTTPStatus"}


@every_module
def test_repository_and_gateway_are_strangers(path: Path) -> None:
    """The repository never imports the gateway; the gateway imports of it what every handler needs, in one place."""
    modules = list(imported(path))
    if place(path).startswith("repository/"):
        assert not [module for module in modules if within(module, GATEWAY)]
    if place(path).startswith("gateway/"):
        found = {module for module in modules if within(module, REPOSITORY)}
        names = (
            "configs.Configs",
            "dynamodb.DynamoDB",
            "objects.Objects",
            "table.Table",
            "wire.Client",
            "writes.Writes",
        )
        stores = {f"{REPOSITORY}.{name}" for name in names}
        stores |= {store.rpartition(".")[0] for store in stores}
        assert found == (stores if place(path) == COMPOSITION else set())


@every_module
def test_documents_stand_alone(path: Path) -> None:
    """What is neither gateway nor repository imports neither, so it is tested without AWS."""
    if place(path).startswith(("repository/", "gateway/", "functions/")):
        return
    assert not [module for module in imported(path) if within(module, GATEWAY) or within(module, REPOSITORY)]


def test_the_layer_is_imported_by_its_own_name() -> None:
    """Nothing imports `shared…` or `functions…`, which is there in the checkout and not on Lambda."""
    found = [
        (place(path), module)
        for path in MODULES
        for module in imported(path)
        if module.partition(".")[0] in {"shared", "functions", "tests", "local"}
    ]
    assert not found


def test_the_rules_see_the_modules() -> None:
    """The modules that the rules make exceptions for are there, and use what they are the exception for."""
    places = {place(path): set(imported(path)) for path in MODULES}
    assert f"{REPOSITORY}.dynamodb.DynamoDB" in places[COMPOSITION]
    assert "boto3" in places[FLAGS] & places[BUCKET]
    assert any(name.startswith("functions/") for name in places)
