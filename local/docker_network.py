"""How a container reaches servers that listen on this machine's loopback.

The local stack listens on 127.0.0.1 only, because its issuer signs a token for any caller. Docker Desktop, and whatever
else runs Docker in a virtual machine, passes connections from containers on to this machine's loopback. Docker on Linux
does not: there a container reaches this machine at the address of the bridge between them, where the stack does not
listen. So a relay listens there, and nowhere else, while it is needed. No other machine has a route to that address.
"""

import asyncio
import contextlib
import errno
import socket
import subprocess
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

_LOOPBACK = "127.0.0.1"
_HOST = "this-machine"
_LOOK_UP = f"import socket; print(socket.gethostbyname({_HOST!r}))"
_CHUNK = 65_536


class NoDockerError(Exception):
    """Docker is not there or runs no container; the message says what to do."""


def address(image: str) -> str:
    """Return the address at which containers reach this machine, asked from one of an image. Raises NoDockerError.

    An address and not a name: with a name, boto3 would put the bucket's name before it.
    """
    options = ["--rm", f"--add-host={_HOST}:host-gateway", "--entrypoint=python3"]
    command = ["docker", "run", *options, image, "-c", _LOOK_UP]
    try:
        # Docker's own messages, such as the progress of fetching the image, are shown.
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    except FileNotFoundError:
        raise NoDockerError(
            "`sam local` needs Docker, and there is no command docker. Install it: https://docs.docker.com/get-docker. "
            "Or send requests to `make run`, which needs none."
        ) from None
    except subprocess.CalledProcessError:
        raise NoDockerError(
            f"Docker cannot run a container of {image}; its message is above. If its daemon does not run, start it: "
            "open Docker Desktop, or `sudo systemctl start docker`."
        ) from None


@contextlib.asynccontextmanager
async def reachable(url: str, host: str) -> AsyncIterator[str]:
    """Make a server on loopback reachable from containers at a host address; yield its URL there."""
    port = urlsplit(url).port
    try:
        listener = socket.create_server((host, 0))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        # Not an address of this machine, so Docker runs in a virtual machine and passes connections on.
        yield f"http://{host}:{port}"
        return
    server = await asyncio.start_server(lambda reader, writer: _relay(reader, writer, port), sock=listener)
    # Not `async with`: from Python 3.12 on, that waits for connections that clients keep open.
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.close()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int | None) -> None:
    """Pass on what a container sends and what the server answers, until one of them closes its side."""
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        from_server, to_server = await asyncio.open_connection(_LOOPBACK, port)
        await asyncio.gather(_copy(reader, to_server), _copy(from_server, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
