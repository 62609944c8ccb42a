"""PostgreSQL as this machine has it installed, on loopback, with a folder of its own."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from benchmarks.service.stage import STATE, Stage
from local.processes import Child, ChildFailedError, free_port

# Debian keeps the servers of several versions apart, and none of them on the PATH.
_DEBIAN: Final = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root. Its own user is there where a package installed it.
_USER: Final = "postgres"
_START_SECONDS: Final = 30


def programs() -> Path | None:
    """Return the folder of its programs, or None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), default=None)


def start(stage: Stage, folder: Path) -> tuple[Child, str]:
    """Make a database and serve it; return the server and the database's address."""
    data, port = STATE / "postgresql", free_port()
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, _USER, _USER)
    user = _as_user()
    options = ["--username", "kinto", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]
    stage.run("initdb", [*user, str(folder / "initdb"), "--pgdata", str(data), *options], {})
    settings = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "timezone": "UTC"}
    chosen = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    server = stage.start("postgresql", [*user, str(folder / "postgres"), "-D", str(data), *chosen], {}, port)
    _wait_until_ready(server, folder, port)
    return server, f"postgresql://kinto@127.0.0.1:{port}/postgres"


def _as_user() -> list[str]:
    """Become the server's own user where this is root, and still end with the process that started it."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups", "--pdeathsig", "INT"]


def _wait_until_ready(server: Child, folder: Path, port: int) -> None:
    command = [str(folder / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    until = time.monotonic() + _START_SECONDS
    while subprocess.run(command, check=False).returncode:  # noqa: S603 - ours
        server.require()
        if time.monotonic() > until:
            raise ChildFailedError(f"PostgreSQL was not ready within {_START_SECONDS} s. {server.log_tail()}")
        time.sleep(0.05)
