"""The machine's installed PostgreSQL, on loopback, with its own data folder."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from benchmarks.service.stage import STATE, Stage
from local.processes import Child, ChildFailedError, free_port

# Debian installs each version's server in a separate folder that is not on the PATH.
_DEBIAN: Final = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root; its package creates this user.
_USER: Final = "postgres"
_START_SECONDS: Final = 30


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, or None if it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), default=None)


def start(stage: Stage, folder: Path) -> tuple[Child, str]:
    """Create a database and serve it; return the server and the database's URL."""
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
    """Return a command prefix that switches from root to PostgreSQL's user and still dies with its parent."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups", "--pdeathsig", "INT"]


def _wait_until_ready(server: Child, folder: Path, port: int) -> None:
    command = [str(folder / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    until = time.monotonic() + _START_SECONDS
    while subprocess.run(command, check=False).returncode:  # noqa: S603 - a fixed command
        server.require()
        if time.monotonic() > until:
            raise ChildFailedError(f"PostgreSQL was not ready within {_START_SECONDS} s. {server.log_tail()}")
        time.sleep(0.05)
