"""Docker for tests: a running daemon, and an image in which `sam local` runs the functions."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.project.template import ROOT

_START_SECONDS: Final = 30
# AWS's runtime for Python, which the image of AWS has, too. `make prove` installs it.
_RUNTIME: Final = ROOT / ".venv-benchmark-runtime" / "lib" / "python3.13" / "site-packages"
# The Debian release whose Python is 3.13.
_SUITE: Final = "trixie"
_TITLE: Final = "Debian with AWS's runtime interface client, made by Dashkeep's tests; not AWS's image"
# The order in which Lambda looks for modules: the function, its layer, the runtime.
_BOOTSTRAP: Final = """#!/bin/sh
PYTHONPATH=/var/task:/opt/python:/var/runtime exec python3 -m awslambdaric "$_HANDLER"
"""


class MissingError(Exception):
    """Docker, or what an image is made with, is not on this machine; the message says what."""


@contextmanager
def daemon() -> Iterator[None]:
    """Have a daemon run: the one that does, or one that ends with the block. Raises MissingError."""
    if not shutil.which("docker"):
        raise MissingError("there is no command docker")
    if _answers():
        yield
        return
    if os.geteuid() or not shutil.which("dockerd"):
        raise MissingError("no Docker daemon runs, and this user cannot start one")
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(["dockerd"], stdout=log, stderr=log)  # noqa: S607 - found on the PATH
        try:
            _await_answer(started)
            yield
        finally:
            started.terminate()
            started.wait(_START_SECONDS)


def _await_answer(started: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers():
        if started.poll() is not None or time.monotonic() > deadline:
            raise MissingError("dockerd does not start on this machine")
        time.sleep(0.2)


def _answers() -> bool:
    return _docker("version").returncode == 0


def provide_image(name: str) -> str:
    """Have an image of that name: the one that Docker has or fetches, or else one made here. Return its title.

    Raises MissingError.
    """
    if _docker("image", "inspect", name).returncode and _docker("pull", name).returncode:
        _make(name)
    label = '{{index .Config.Labels "org.opencontainers.image.title"}}'
    return _docker("image", "inspect", "--format", label, name).stdout.strip() or "AWS's"


def _make(name: str) -> None:
    if os.geteuid() or not shutil.which("debootstrap"):
        raise MissingError(f"Docker cannot fetch {name}, and this user cannot make one with debootstrap")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        _run("debootstrap", "--variant=minbase", "--include=python3", _SUITE, str(root))
        _add_runtime(root)
        archive = Path(folder) / "root.tar"
        _run("tar", "-C", str(root), "-cf", str(archive), ".")
        labelled = ["--change", f'LABEL org.opencontainers.image.title="{_TITLE}"', "--change", "WORKDIR /var/task"]
        _run("docker", "import", *labelled, str(archive), name)


def _add_runtime(root: Path) -> None:
    """Add what SAM expects of an image, besides its own emulator of Lambda's service, which it adds itself."""
    for folder in ("var/task", "opt"):
        (root / folder).mkdir(exist_ok=True)
    shutil.copytree(_RUNTIME, root / "var" / "runtime")
    bootstrap = root / "var" / "runtime" / "bootstrap"
    bootstrap.write_text(_BOOTSTRAP)
    bootstrap.chmod(0o755)


def _run(*command: str) -> None:
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed programs
    assert shown.returncode == 0, f"{command}\n{shown.stdout[-2_000:]}{shown.stderr[-2_000:]}"


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - the same
