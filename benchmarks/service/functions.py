"""The functions as deployed, and two bare ones, all on AWS's own runtime: `awslambdaric`."""

import contextlib
import http.client
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import boto3
from support.project.template import functions, table_definition

from benchmarks.service.load import CLIENTS, Address
from benchmarks.service.stage import STATE, Contender, Stage
from local import ROOT
from local.build import SAM_FOLDER, build, exclusive
from local.database import binary
from local.processes import Child, free_port

OURS: Final = "Dashkeep"
FLOOR: Final = "Bare handler, own signed HTTP"
BOTO3: Final = "Bare handler, boto3"

_RUNTIME: Final = [str(ROOT / ".venv-benchmark-runtime" / "bin" / "python"), "-m", "awslambdaric"]
_BUILT: Final = SAM_FOLDER / "local"
_BARE: Final = Path(__file__).parent / "handlers"
_LOAD: Final = "GetConfigFunction"
_SAVE: Final = "PutConfigFunction"
_CREATE: Final = "ProjectsFunction"
# All share one core: a second runtime takes the next event while the first returns its answer.
_RUNTIMES: Final = 2
_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
_SURVIVES: Final = "SIGKILL of all processes (SQLite in WAL mode, `synchronous=NORMAL`)"


@contextlib.contextmanager
def built() -> Iterator[None]:
    """Build what is deployed, for this machine's processor, and lock the build while it is in use."""
    with exclusive():
        build(_BUILT, "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64")
        yield


def function_contenders(stage: Stage) -> Iterator[Contender]:
    """Start the engine, then the functions; Dashkeep's functions create the projects of the bare handlers, too."""
    program = binary()
    if program is None:
        raise SystemExit("The local stack's database engine is not available for this platform.")
    port = free_port()
    command = [str(program), "--host", "127.0.0.1", "--port", str(port), "--db-path", str(STATE / "dynoxide.db")]
    engine = stage.start("dynoxide", command, {}, port)
    environment = _environment(f"http://127.0.0.1:{port}")
    _create_table(environment)
    handlers = {name: functions()[name]["Handler"] for name in (_LOAD, _SAVE, _CREATE)}
    paths = {name: f"{_BUILT / name}:{_BUILT / 'DashboardStoreLayer' / 'python'}" for name in handlers}
    started = _Functions(stage, OURS, handlers, paths, environment)
    for name in (OURS, FLOOR, BOTO3):
        _create_projects(started.port, name)
    yield started.contender(engine)
    for name, module in ((FLOOR, "signed_handler"), (BOTO3, "boto3_handler")):
        bare = dict.fromkeys((_LOAD, _SAVE), f"{module}.handler")
        yield _Functions(stage, name, bare, dict.fromkeys(bare, str(_BARE)), environment).contender(engine)


class _Functions:
    """The front and the runtimes of one contender."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        handlers: Mapping[str, str],
        paths: Mapping[str, str],
        environment: Mapping[str, str],
    ) -> None:
        self._name = name
        self.port = free_port()
        runtime_ports = {function: free_port() for function in handlers}
        command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "benchmarks.service.front", str(self.port)]
        command += [f"{function}={port}" for function, port in runtime_ports.items()]
        self._front = stage.start_beside(f"{_user(name, '')}front", command, {"PYTHONPATH": "shared:tests"}, self.port)
        self._runtimes = [
            stage.start(
                f"{_user(name, '')}{function}-{number}",
                [*_RUNTIME, handler],
                {
                    **environment,
                    "AWS_LAMBDA_FUNCTION_NAME": function,
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_ports[function]}",
                    "PYTHONPATH": paths[function],
                },
            )
            for function, handler in handlers.items()
            for number in range(_RUNTIMES)
        ]

    def contender(self, engine: Child) -> Contender:
        address = Address(
            self.port,
            lambda number: f"/api/projects/project-{number}/config",
            document=lambda answer: answer["config"],
            headers=lambda number: {"Authorization": f"Bearer {_user(self._name, number)}"},
            is_versioned=True,
        )
        parts = {"handlers": self._runtimes, "dynoxide": [engine]}
        return Contender(self._name, parts, address, _SURVIVES, beside=[self._front])


def _environment(endpoint: str) -> dict[str, str]:
    return {
        **_CREDENTIALS,
        "AWS_DEFAULT_REGION": _CREDENTIALS["AWS_REGION"],
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "benchmark",
        "AWS_LAMBDA_LOG_STREAM_NAME": "benchmark",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "TABLE_NAME": "benchmark",
        "BUCKET_NAME": "benchmark",
        "FLAGS_PATH": "benchmark/benchmark/benchmark",
        "LOG_KEY": "benchmark",
        "DEPLOYMENT": "1795937405",
        "WRITES_PER_MINUTE": "1000000000",
        "REQUESTS_PER_MINUTE": "1000000000",
    }


def _create_table(environment: Mapping[str, str]) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL_DYNAMODB"],
        region_name=_CREDENTIALS["AWS_REGION"],
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_table(TableName=environment["TABLE_NAME"], **table_definition())


def _create_projects(port: int, name: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for number in range(CLIENTS):
        project: dict[str, Any] = {"id": f"project-{number}", "name": f"Project {number}"}
        headers = {"Authorization": f"Bearer {_user(name, number)}", "Content-Type": "application/json"}
        connection.request("POST", "/api/projects", json.dumps(project), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.CREATED:
            raise RuntimeError(f"A project was not created: {answer.status} {body.decode()}")
    connection.close()


def _user(name: str, number: int | str) -> str:
    """Return a client's user, unique to the contender, so that contenders share no partition."""
    return f"{name.lower().replace(' ', '-').replace(',', '')}-{number}"
