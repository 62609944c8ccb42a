"""Applications in tests/applications: installed, built with the packed client, and served."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from support.project.template import ROOT

CLIENT = ROOT / "web" / "client"
APPLICATIONS = ROOT / "tests" / "applications"
_QUIET = {
    "NEXT_TELEMETRY_DISABLED": "1",
    "CHECKPOINT_DISABLE": "1",
    # Prisma would download an engine for migrations, which generating a client does not use: any program can be it.
    "PRISMA_SCHEMA_ENGINE_BINARY": sys.executable,
}


def run(*command: str, folder: Path, **environment: str) -> None:
    shown = subprocess.run(  # noqa: S603 - this checkout's programs
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, f"{command}\n{shown.stdout}{shown.stderr}"


def packed(folder: Path) -> Path:
    """Pack the client into an empty folder, as its README does."""
    run("npm", "run", "tarball", "--", "--pack-destination", str(folder), folder=CLIENT)
    (tarball,) = folder.iterdir()
    return tarball


def built(name: str, tarball: Path, api: str) -> Path:
    """Install an application's packages and the client, and build it."""
    folder = APPLICATIONS / name
    run("make", "--no-print-directory", f"{folder.relative_to(ROOT)}/node_modules/installed", folder=ROOT)
    # npm keeps what it has under the same name and version.
    shutil.rmtree(folder / "node_modules" / "@dashkeep", ignore_errors=True)
    run("npm", "install", "--no-save", "--no-audit", "--no-fund", str(tarball), folder=folder)
    run("npm", "run", "build", folder=folder, DASHKEEP_URL=api, **_QUIET)
    return folder


@contextmanager
def serving(folder: Path, log: Path, *command: str, **environment: str) -> Iterator[str]:
    """Serve a built application on a free port; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(folder / "node_modules" / ".bin" / command[0])
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the application's own server
            [program, *command[1:], "--port", str(port)],
            cwd=folder,
            env={**os.environ, **_QUIET, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the application did not start:\n{log.read_text()}")
