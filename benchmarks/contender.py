"""The contenders and how each is started: as on Lambda, with its folder and packages on the path."""

import compileall
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.running.line_process import LineProcess

from local import ROOT
from local.build import SAM_FOLDER, build, exclusive

PROGRAM: Final = ROOT / "tests" / "support" / "running" / "function.py"
CONTENDERS: Final = ROOT / "benchmarks" / "contenders"

# The environment of a function on AWS; the keys are fake.
ENVIRONMENT: Final = {
    "AWS_LAMBDA_FUNCTION_NAME": "a-function",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_SERVICE_NAME": "dashkeep",
    "POWERTOOLS_METRICS_NAMESPACE": "Dashkeep",
    # Tells the X-Ray SDK that it runs on Lambda, and that this request is not traced.
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": "Root=1-6b02d940-038292f4428e241f068c9a5a;Parent=53995c3f42cd8ad8;Sampled=0",
    "TABLE_NAME": "table",
    "BUCKET_NAME": "bucket",
    "FLAGS_PATH": "an-application/an-environment/a-profile",
    "LOG_KEY": "a-key",
    "DEPLOYMENT": "1795937405",
    "LIVE_URL": "wss://live.example.com/live",
    "WRITES_PER_MINUTE": "1000000",
    "REQUESTS_PER_MINUTE": "1000000000",
    # A fixed hash order, so that counts are reproducible.
    "PYTHONHASHSEED": "0",
}


@dataclass(frozen=True)
class Contender:
    """A function to start; `is_rest` if it takes the events of a REST API."""

    name: str
    handler: str
    path: tuple[Path, ...]
    is_rest: bool = False

    def command(self, does: str, *options: str, **files: Path) -> list[str]:
        """Make the command that runs the function: `-I` without `-E`, so that the hash order can be fixed."""
        given = {"path": list(map(str, self.path)), "handler": self.handler, "does": does}
        given |= {name: str(path) for name, path in files.items()}
        return [sys.executable, "-s", "-P", "-S", *options, str(PROGRAM), json.dumps(given)]


def built() -> Path:
    """Build what the local stack deploys, for this machine's processor, unless it is up to date."""
    folder = SAM_FOLDER / "local"
    with exclusive():
        build(folder, "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64")
    return folder


def layer() -> Path:
    return built() / "DashboardStoreLayer" / "python"


def ours(function: str) -> Contender:
    """Return one of Dashkeep's built functions by its handler's name, such as `get_config`."""
    folder = "".join(word.title() for word in function.split("_")) + "Function"
    return Contender(f"Dashkeep `{function}`", f"{function}.handler", (built() / folder, layer()))


def bare() -> Contender:
    return _peer("bare function, boto3", "bare", "boto3")


def peers() -> list[Contender]:
    return [
        _peer("Chalice", "chalice_app", "chalice", is_rest=True),
        _peer("FastAPI (async) + Mangum", "fastapi_app", "fastapi"),
        _peer("Flask + apig-wsgi", "flask_app", "flask"),
        _peer("Powertools + Pydantic, as documented", "powertools_app", "powertools"),
    ]


def _peer(name: str, module: str, environment: str, *, is_rest: bool = False) -> Contender:
    packages = ROOT / f".venv-benchmark-{environment}" / "lib" / "python3.13" / "site-packages"
    if not packages.is_dir():
        raise SystemExit(f"{name} is not installed; make bench installs it.")
    compileall.compile_dir(CONTENDERS, quiet=1)
    return Contender(name, f"{module}.handler", (CONTENDERS, packages), is_rest)


class Worker(LineProcess):
    """A contender that is started once and then answers repeatedly, with an in-memory database."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        # Without a function name, Dashkeep's modules connect to nothing at import.
        environment = {**ENVIRONMENT, "POWERTOOLS_TRACE_DISABLED": "true"}
        del environment["AWS_LAMBDA_FUNCTION_NAME"]
        super().__init__(contender.command("serve"), environment)

    def answers(self, event: Path, calls: Path, times: int) -> tuple[float, dict[str, Any]]:
        """Answer an event a number of times; return the CPU seconds that this took, and the last answer."""
        try:
            reported = self.ask({"event": str(event), "calls": str(calls), "times": times})
        except EOFError as exc:
            raise SystemExit(f"{self.contender.name} exited; its output is above.") from exc
        return reported["seconds"], reported["answer"]
