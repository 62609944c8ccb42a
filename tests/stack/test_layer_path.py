"""The built functions run with only what Lambda has on its path: their folder, the layer and Python itself."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.handlers.events import example
from support.project.template import functions, http_functions, routes
from support.running import built_function

from local.build import SAM_FOLDER, build, exclusive

LAYER = "DashboardStoreLayer"
# The environment of a function on AWS; the keys are fake.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "a-function",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "TABLE_NAME": "a-table",
    "BUCKET_NAME": "a-bucket",
    "FLAGS_PATH": "an-application/an-environment/a-profile",
    "LOG_KEY": "a-key",
    "DEPLOYMENT": "1795937405",
}
# Requests that are answered after everything but the database call has run.
EVENTS_OF = {
    "GetConfigFunction": ("get_config/401-token-without-exp", "get_limits/200-limits"),
    "PutConfigFunction": ("put_config/401-token-without-exp", "put_config/422-invalid-config-unknown-member"),
    "ProjectDataFunction": ("post_data/401-token-without-exp", "post_data/422-invalid-data-no-rows"),
    "ProjectsFunction": ("list_projects/401-token-without-exp", "create_project/422-invalid-project-no-name"),
    "SharingFunction": ("get_members/401-token-without-exp", "accept_invitation/422-invalid-sharing-no-token"),
    "PublicLinksFunction": ("get_link_config/404-not-a-token", "get_link_data/422-invalid-query-analysis"),
    "LiveFunction": ("post_live/401-token-without-exp", "post_live/401-token-without-sub"),
    "HealthFunction": ("get_health/200-ok", "unrouted/404-no-such-route"),
}

every_function = pytest.mark.parametrize("function", http_functions())


class Built:
    """The build and what its functions reported, kept because several tests check the same run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reports: dict[tuple[str, ...], dict[str, Any]] = {}

    def run(self, function: str, environment: dict[str, str], *event: str) -> dict[str, Any]:
        """Import the function's handler in an isolated Python and let it answer the event."""
        key = (function, *environment, *event)
        if key not in self._reports:
            self._reports[key] = self._run(function, environment, event)
        return self._reports[key]

    def _run(self, function: str, environment: dict[str, str], event: tuple[str, ...]) -> dict[str, Any]:
        parts = [str(self.folder / function), str(self.layer), functions()[function]["Handler"]]
        files = [self._written(name) for name in event]
        # -I: no environment variables, user packages or current folder; -S: no site-packages.
        command = [sys.executable, "-I", "-S", "-B", built_function.__file__, *parts, *files]
        child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert child.returncode == 0, child.stderr
        report: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
        return report

    def _written(self, name: str) -> str:
        file = self.folder.with_name(f"{name.replace('/', '-')}.json")
        file.write_text(json.dumps(example(name).event))
        return str(file)

    @property
    def layer(self) -> Path:
        return self.folder / LAYER / "python"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A copy, outside the checkout, of the build that the local stack deploys on this machine's processor."""
    folder, copy = SAM_FOLDER / "local", tmp_path_factory.mktemp("built") / "build"
    with exclusive():
        build(folder, "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64")
        shutil.copytree(folder, copy)
    return Built(copy)


@pytest.mark.parametrize(("function", "event"), [(name, event) for name, all_ in EVENTS_OF.items() for event in all_])
def test_built_function_answers(built: Built, function: str, event: str) -> None:
    """A built function starts in Lambda's environment and answers, and sends nothing before it needs the table."""
    report = built.run(function, LAMBDA, event)
    assert report["answer"]["statusCode"] == int(event.partition("/")[2][:3])
    assert report["reached"] == []


def test_every_function_is_run() -> None:
    """Every HTTP function of the template is run, with events that the template routes to it."""
    functions_of = {route.key: route.function for route in routes()}
    sent = {
        function: {functions_of[example(event).event["routeKey"]] for event in events}
        for function, events in EVENTS_OF.items()
    }
    assert sent == {function: {function} for function in http_functions()}


@pytest.mark.parametrize("function", sorted(functions().keys() - set(http_functions())))
def test_a_function_without_requests_starts(built: Built, function: str) -> None:
    """A function that no request reaches imports from what it is deployed with and opens nothing."""
    assert built.run(function, {})["reached"] == []


@every_function
def test_nothing_comes_from_elsewhere(built: Built, function: str) -> None:
    """Every module that a built function imports is in its folder, the layer or Python's standard library."""
    report = built.run(function, LAMBDA, EVENTS_OF[function][-1])
    library = Path(json.__file__).resolve().parents[1]
    known = (built.folder / function, built.layer, library, Path(built_function.__file__))
    sources = {name: Path(source).resolve() for name, source in report["sources"].items()}
    foreign = {
        name: str(source)
        for name, source in sources.items()
        if not any(source.is_relative_to(place) for place in known) or "site-packages" in source.parts
    }
    assert not foreign
    assert sources["dashboard_store"].is_relative_to(built.layer)


@every_function
def test_import_opens_nothing(built: Built, function: str) -> None:
    """A handler's module imports in an empty environment: it needs no variable and opens no connection."""
    report = built.run(function, {})
    assert report["reached"] == []
    # Creating a boto3 client reads the description of its service.
    assert not _descriptions(report)


def test_the_layer_describes_the_services_that_are_called(built: Built) -> None:
    """boto3 can make a client of each service that a role names, except DynamoDB, which needs no description."""
    prefixes = {action.partition(":")[0] for function in functions().values() for action in _actions(function)}
    # Flags are read from AppConfig's data service, whose permissions carry AppConfig's name; and API Gateway's data
    # service for connections has those of the APIs themselves.
    clients = {"appconfig": "appconfigdata", "execute-api": "apigatewaymanagementapi"}
    named = {clients.get(prefix, prefix) for prefix in prefixes - {"dynamodb"}}
    described = {path.name for path in (built.layer / "botocore" / "data").iterdir() if path.is_dir()}
    assert named == described


def _loaded(built: Built, function: str, *packages: str) -> set[str]:
    """Name the modules of some packages that a function has loaded after its first answer."""
    sources = built.run(function, LAMBDA, EVENTS_OF[function][0])["sources"]
    return {name for name in sources if any(f"{name}.".startswith(f"{package}.") for package in packages)}


def test_reading_needs_no_pydantic(built: Built) -> None:
    """`get_config`, which a page waits for, starts without Pydantic and without the code for tables."""
    heavy = (
        "pydantic",
        "dashboard_store.documents.dataset",
        "dashboard_store.repository.datasets",
        "dashboard_store.repository.dataset_writes",
    )
    assert not _loaded(built, "GetConfigFunction", *heavy)
    assert "pydantic" in _loaded(built, "SharingFunction", *heavy)


@pytest.mark.parametrize("function", ["PutConfigFunction", "ProjectsFunction", "ProjectDataFunction"])
def test_saving_listing_and_reading_need_no_models(built: Built, function: str) -> None:
    """The functions that save a config, list projects and read a table start without Pydantic's models."""
    assert not _loaded(built, function, "pydantic")


def test_health_needs_no_database(built: Built) -> None:
    """The function that answers without a token starts without the code that reaches the database."""
    reaching = ("dashboard_store.dynamodb", "dashboard_store.repository")
    assert not _loaded(built, "HealthFunction", *reaching)
    assert _loaded(built, "GetConfigFunction", *reaching)


@pytest.mark.parametrize("function", [name for name in http_functions() if name != "HealthFunction"])
def test_opening_a_dashboard_needs_no_sdk(built: Built, function: str) -> None:
    """A function starts without boto3 and S3; Powertools only checks whether botocore exists."""
    assert _loaded(built, function, "boto3", "botocore", "s3transfer", "urllib3") == {"botocore"}


@every_function
def test_bytecode_is_shipped(built: Built, function: str) -> None:
    """A built function's modules are precompiled, because a function cannot keep what it compiles at a start."""
    report = built.run(function, LAMBDA, EVENTS_OF[function][-1])
    shipped = [Path(cached) for cached in report["bytecode"] if Path(cached).is_relative_to(built.folder)]
    assert len(shipped) > 100
    assert [cached for cached in shipped if not cached.exists()] == []


def _actions(function: dict[str, Any]) -> list[str]:
    statements = [statement for policy in function.get("Policies", []) for statement in policy["Statement"]]
    return [action for statement in statements for action in statement["Action"]]


def _descriptions(report: dict[str, Any]) -> list[str]:
    return [path for path in report["read"] if "/botocore/data/" in path]
