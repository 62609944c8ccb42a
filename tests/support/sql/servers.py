"""PostgreSQL and MariaDB from Debian's packages, each in a folder of its own, on a free port of 127.0.0.1."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

_START_SECONDS = 60
_STOP_SECONDS = 30
# Neither server runs as root.
_UNPRIVILEGED = "nobody"
# Where Debian puts programs that are not on every user's path.
_FOLDERS = ("/usr/sbin", "/usr/bin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))


@contextmanager
def postgresql() -> Iterator[str]:
    """Run PostgreSQL, and yield the URL of an empty database as Prisma writes it."""
    initdb, server = program("initdb", "postgresql"), program("postgres", "postgresql")

    def command(folder: Path, port: int) -> Sequence[str]:
        _run(initdb, "-D", f"{folder}/data", "-U", "app", "-A", "trust", "-E", "UTF8", "--no-sync", cwd=folder)
        return server, "-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"

    with _serving(command, "postgresql+psycopg://app@127.0.0.1:{port}/postgres") as port:
        yield f"postgresql://app@127.0.0.1:{port}/postgres?schema=public&connection_limit=5"


@contextmanager
def mariadb() -> Iterator[str]:
    """Run MariaDB, and yield the URL of an empty database as Prisma writes it."""
    install, server = program("mariadb-install-db", "mariadb-server"), program("mariadbd", "mariadb-server")

    def command(folder: Path, port: int) -> Sequence[str]:
        place = ("--no-defaults", f"--datadir={folder}/data")
        _run(install, *place, "--auth-root-authentication-method=normal", cwd=folder)
        network = (f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/sock", f"--pid-file={folder}/pid")
        return server, *place, *network, "--max-allowed-packet=64M", "--innodb-flush-log-at-trx-commit=0"

    with _serving(command, "mysql+pymysql://root@127.0.0.1:{port}/test") as port:
        yield f"mysql://root@127.0.0.1:{port}/test?sslaccept=accept_invalid_certs"


def program(name: str, package: str) -> str:
    """Find a server's program, and install its package if it is missing."""
    search = os.pathsep.join(_FOLDERS)
    if found := shutil.which(name, path=search):
        return found
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    # Debian starts a server when it is installed; nothing here may use its usual port.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(apt, env=environment, check=True, capture_output=True)  # noqa: S603 - a fixed command
    folders = (*_FOLDERS, *map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    found = shutil.which(name, path=os.pathsep.join(folders))
    assert found, f"the package {package} has no program {name}"
    return found


@contextmanager
def _serving(command: Callable[[Path, int], Sequence[str]], url: str) -> Iterator[int]:
    with tempfile.TemporaryDirectory(prefix="dashkeep-sql-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, _UNPRIVILEGED)
        port = _free_port()
        output = folder / "output"
        with output.open("wb") as written:
            server = subprocess.Popen(  # noqa: S603 - a program that was found above
                command(folder, port), cwd=folder, stdout=written, stderr=subprocess.STDOUT, **_identity()
            )
        try:
            _await(url.format(port=port), server, output)
            yield port
        finally:
            server.terminate()
            try:
                server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(_STOP_SECONDS)


def _await(url: str, server: "subprocess.Popen[bytes]", output: Path) -> None:
    """Wait until a server answers."""
    engine, deadline = create_engine(url), time.monotonic() + _START_SECONDS
    while True:
        assert server.poll() is None, output.read_text()
        try:
            engine.connect().close()
        except SQLAlchemyError:
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        else:
            break
    engine.dispose()


def _run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **_identity())  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def _identity() -> dict[str, Any]:
    """Return as whom a server runs: root becomes another user."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": ()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
