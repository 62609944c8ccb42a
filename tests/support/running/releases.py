"""Releases of the service that answer requests side by side: this checkout, and the previous one from its archive."""

import os
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.handlers.http_api import Client, Reply, find_route, reply_of
from support.project.template import ROOT, functions
from support.running.line_process import LineProcess

ARCHIVES = ROOT / "tests" / "releases"
_PROCESS = Path(__file__).with_name("release_process.py")
_FUNCTION = {
    "AWS_LAMBDA_FUNCTION_NAME": "release",
    "POWERTOOLS_LOG_LEVEL": "ERROR",
    "POWERTOOLS_METRICS_DISABLED": "true",
}


class Release:
    """A running release. Requests are answered one after the other, as by one instance."""

    def __init__(self, process: LineProcess) -> None:
        self._process = process
        self._lock = threading.Lock()

    def client(self, user: str) -> "ReleaseClient":
        return ReleaseClient(user, self)

    def send(self, made: Mapping[str, Any]) -> Reply:
        """Send an event to the handler to which this checkout's template routes it."""
        route = find_route(made["requestContext"]["http"]["method"], made["rawPath"])
        module = functions()[route.function]["Handler"].partition(".")[0]
        with self._lock:
            return reply_of(self._process.ask([module, made]))


@dataclass(frozen=True)
class ReleaseClient(Client):
    """One user of a release."""

    release: Release

    def send(self, made: Mapping[str, Any]) -> Reply:
        return self.release.send(made)


def previous(folder: Path) -> Path:
    """Extract the newest archive, that of the release before this one, and return its root."""
    archive = max(ARCHIVES.glob("*.tar.xz"))
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder


@contextmanager
def running(root: Path, environment: Mapping[str, str]) -> Iterator[Release]:
    """Run a release's functions in a process until the block ends, with the environment of a function."""
    path = os.pathsep.join(map(str, [root / "shared", *sorted((root / "functions").iterdir())]))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**inherited, **environment, **_FUNCTION, "PYTHONPATH": path}
    # -P: without the script's folder on the path.
    with LineProcess([sys.executable, "-P", str(_PROCESS)], environment) as process:
        yield Release(process)
