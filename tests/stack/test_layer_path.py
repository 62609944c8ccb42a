"""The build runs with only what Lambda has on its path: the function's folder, the layer and Python itself."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.handlers.events import EVENTS
from support.project.template import functions, http_functions, routes
from support.running import built_function

from local.build import SAM_FOLDER, build, exclusive

LAYER = "DashboardStoreLayer"
# As in a function on AWS; the keys are made up and open nothing.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "a-function",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "TABLE_NAME": "a-table",
    "BUCKET_NAME": "a-bucket",
    "FLAGS_PATH": "an-application/an-environment/a-profile",
}
# Requests that are answered before the database would be asked, and after all else was.
EVENTS_OF = {
    "GetConfigFunction": ("get_config/401-token-without-exp", "get_limits/200-limits", "unrouted/404-no-such-address"),
    "PutConfigFunction": ("put_config/401-token-without-exp", "put_config/422-invalid-config-unknown-member"),
    "ProjectDataFunction": ("post_data/401-token-without-exp", "post_data/422-invalid-data-no-rows"),
    "ProjectsFunction": ("list_projects/401-token-without-exp", "create_project/422-invalid-project-no-name"),
}

every_function = pytest.mark.parametrize("function", http_functions())


class Built:
    """The build, and what its functions reported: several rules are proved on one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reports: dict[tuple[str, ...], dict[str, Any]] = {}

    def run(self, function: str, environment: dict[str, str], *event: str) -> dict[str, Any]:
        """Import the function's handler in a Python that sees nothing else, and let it answer the event."""
        key = (function, *environment, *event)
        if key not in self._reports:
            self._reports[key] = self._run(function, environment, event)
        return self._reports[key]

    def _run(self, function: str, environment: dict[str, str], event: tuple[str, ...]) -> dict[str, Any]:
        parts = [str(self.folder / function), str(self.layer), functions()[function]["Handler"]]
        files = [str(EVENTS / f"{name}.json") for name in event]
        # -I: no environment, no user's packages, no current folder; -S: no site-packages.
        command = [sys.executable, "-I", "-S", "-B", built_function.__file__, *parts, *files]
        child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert child.returncode == 0, child.stderr
        report: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
        return report

    @property
    def layer(self) -> Path:
        return self.folder / LAYER / "python"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The build that the local stack deploys, for this machine's processor; a copy, far from the checkout."""
    folder, copy = SAM_FOLDER / "local", tmp_path_factory.mktemp("built") / "build"
    with exclusive():
        build(folder, "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64")
        shutil.copytree(folder, copy)
    return Built(copy)


@pytest.mark.parametrize(("function", "event"), [(name, event) for name, all_ in EVENTS_OF.items() for event in all_])
def test_built_function_answers(built: Built, function: str, event: str) -> None:
    """A built function starts with Lambda's environment and answers, without a byte sent before it needs the table."""
    report = built.run(function, LAMBDA, event)
    assert report["answer"]["statusCode"] == int(event.partition("/")[2][:3])
    assert report["reached"] == []


def test_every_function_is_run() -> None:
    """No function of the template is left out, and each is sent what the template routes to it."""
    functions_of = {
        route.path if route.path == "$default" else f"{route.method} {route.path}": route.function for route in routes()
    }
    sent = {
        function: {functions_of[json.loads((EVENTS / f"{event}.json").read_text())["routeKey"]] for event in events}
        for function, events in EVENTS_OF.items()
    }
    assert sent == {function: {function} for function in http_functions()}


def test_the_function_of_the_stream_starts(built: Built) -> None:
    """The function that no request reaches imports with what it is deployed with, too, and opens nothing."""
    assert built.run("PurgeObjectsFunction", {})["reached"] == []


@every_function
def test_nothing_comes_from_elsewhere(built: Built, function: str) -> None:
    """Every module that a built function imports lies in its folder, in the layer or in Python's own library."""
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
    """A handler's module imports with an empty environment: it needs no variable and opens no connection."""
    report = built.run(function, {})
    assert report["reached"] == []
    # A client of boto3 reads what its service understands, which is how the making of one shows.
    assert not _descriptions(report)


def test_the_bucket_is_opened_at_the_start(built: Built) -> None:
    """The function that has a bucket makes its client while it starts, where that costs no user's time."""
    assert _descriptions(built.run("ProjectDataFunction", LAMBDA, EVENTS_OF["ProjectDataFunction"][-1]))


def test_the_layer_describes_the_services_that_are_called(built: Built) -> None:
    """boto3 can make a client of each service that a role names, but for the table's, which needs no description."""
    prefixes = {action.partition(":")[0] for function in functions().values() for action in _actions(function)}
    # AppConfig's flags are read from a service of its own, whose rights have AppConfig's name.
    named = {{"appconfig": "appconfigdata"}.get(prefix, prefix) for prefix in prefixes - {"dynamodb"}}
    described = {path.name for path in (built.layer / "botocore" / "data").iterdir() if path.is_dir()}
    assert named == described


def _loaded(built: Built, function: str, *packages: str) -> set[str]:
    """Name the modules of some packages that a function has loaded once it answered its first request."""
    sources = built.run(function, LAMBDA, EVENTS_OF[function][0])["sources"]
    return {name for name in sources if any(f"{name}.".startswith(f"{package}.") for package in packages)}


def test_reading_needs_no_pydantic(built: Built) -> None:
    """`get_config`, which a page waits for, starts without Pydantic and without what reads tables."""
    heavy = (
        "pydantic",
        "dashboard_store.documents.dataset",
        "dashboard_store.repository.datasets",
        "dashboard_store.repository.dataset_writes",
    )
    assert not _loaded(built, "GetConfigFunction", *heavy)
    assert "pydantic" in _loaded(built, "PutConfigFunction", *heavy)


@pytest.mark.parametrize("function", ["GetConfigFunction", "PutConfigFunction", "ProjectsFunction"])
def test_dashboards_need_no_sdk(built: Built, function: str) -> None:
    """What serves dashboards and projects starts without boto3; of botocore Powertools looks whether it is there."""
    assert _loaded(built, function, "boto3", "botocore", "s3transfer", "urllib3") == {"botocore"}
    assert "boto3" in _loaded(built, "ProjectDataFunction", "boto3")


@every_function
def test_bytecode_is_shipped(built: Built, function: str) -> None:
    """What a built function imports is compiled already: a function cannot keep what it compiles at each start."""
    report = built.run(function, LAMBDA, EVENTS_OF[function][-1])
    shipped = [Path(cached) for cached in report["bytecode"] if Path(cached).is_relative_to(built.folder)]
    assert len(shipped) > 100
    assert [cached for cached in shipped if not cached.exists()] == []


def _actions(function: dict[str, Any]) -> list[str]:
    statements = [statement for policy in function["Policies"] for statement in policy["Statement"]]
    return [action for statement in statements for action in statement["Action"]]


def _descriptions(report: dict[str, Any]) -> list[str]:
    return [path for path in report["read"] if "/botocore/data/" in path]
