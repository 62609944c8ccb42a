"""The front passes WebSockets on with API Gateway's limits; a small server stands in for the emulator."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.running.local_stack import ROOT
from websocket import ABNF, WebSocket, WebSocketBadStatusException

from local.processes import free_port
from local.template import LIVE_API_ID

PYTHON = ROOT / ".venv-local" / "bin" / "python"
SERVER = ROOT / "tests" / "support" / "running" / "socket_server.py"
FRAME, MESSAGE = 32 * 1024, 128 * 1024
# At once, for a person and for a client that reconnects.
AT_ONCE = 1.0
GOING_AWAY, TOO_BIG = 1001, 1009
IDLE, LONGEST = 0.5, 2.5
SHORT = f"""
from local import front, websocket_relay
websocket_relay.IDLE_SECONDS, websocket_relay.LONGEST_SECONDS = {IDLE}, {LONGEST}
front.main()
"""


class Front:
    """A front with a server behind it, both processes of their own."""

    def __init__(self, folder: Path, program: str | None = None) -> None:
        self.port, self._server_port = free_port(), free_port()
        self._folder, self._program = folder, program
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> "Front":
        ports = ["--port", str(self.port), "--gateway", str(self._server_port), "--state", str(self._folder)]
        front = ["-c", self._program] if self._program else ["-m", "local.front"]
        # Without the folder of the script on the path, where a module has the name of one of Python's.
        for arguments in (["-P", str(SERVER), str(self._server_port)], [*front, *ports]):
            self.processes.append(subprocess.Popen([PYTHON, *arguments], cwd=ROOT))  # noqa: S603 - this checkout's programs
        until(lambda: listens(self._server_port) and listens(self.port))
        return self

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/live"

    @contextlib.contextmanager
    def page(self, query: str = "", **options: Any) -> Iterator[WebSocket]:
        """Open a connection, which vanishes after the block unless it was closed in it."""
        made = WebSocket()
        try:
            made.connect(self.url + query, timeout=10, **options)
            yield made
        finally:
            made.shutdown()

    def refusal(self, query: str = "") -> int:
        """Return the status with which a handshake is refused."""
        with pytest.raises(WebSocketBadStatusException) as refused, self.page(query):
            pass
        status: int = refused.value.status_code
        return status

    def seen(self) -> list[dict[str, Any]]:
        """Return what the server has seen of each connection."""
        answer: list[dict[str, Any]] = httpx.get(f"http://127.0.0.1:{self._server_port}/seen").json()
        return answer

    def closed(self) -> int | None:
        """Return the close code of the newest connection at the server, None while it is open."""
        code: int | None = self.seen()[-1]["closed"]
        return code


def listens(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def until(reached: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def close_code(page: WebSocket) -> int:
    """Receive until the front closes the connection, and return the code."""
    while True:
        opcode, data = page.recv_data(control_frame=True)
        if opcode == ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2])


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    made = Front(tmp_path_factory.mktemp("front"))
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def own(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Front]:
    """A front of the test's own; its parameter is the program that runs it."""
    made = Front(tmp_path, getattr(request, "param", None))
    try:
        yield made.start()
    finally:
        made.stop()


def test_a_handshake_reaches_the_api(front: Front) -> None:
    """The API sees its own host name, and the page's query, origin and other headers as they were sent."""
    query, header = "?ticket=a%2Bb%20c&x=%C3%BC", {"Cookie": "a=b", "User-Agent": "me"}
    with front.page(query, origin="http://localhost:3000", header=header):
        seen = front.seen()[-1]
    assert seen["path"] == f"/live{query}"
    headers = seen["headers"]
    assert headers["Host"] == f"{LIVE_API_ID}.execute-api.localhost"
    assert (headers["Origin"], headers["Cookie"], headers["User-Agent"]) == ("http://localhost:3000", "a=b", "me")
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    with front.page(suppress_origin=True):
        assert "Origin" not in front.seen()[-1]["headers"]


def test_messages_pass_both_ways_in_order(front: Front) -> None:
    """Texts arrive whole and in order, whatever their characters and fragments; a ping of the protocol is answered."""
    with front.page() as page:
        texts = [f"{number} 📈 {'ü' * number}" for number in range(200)]
        for text in texts:
            page.send_text(text)
        assert [page.recv() for _ in texts] == texts
        page.send_frame(ABNF.create_frame("in two ", ABNF.OPCODE_TEXT, 0))
        page.send_frame(ABNF.create_frame("frames", ABNF.OPCODE_CONT, 1))
        assert page.recv() == "in two frames"
        page.send_binary(b"\x00\xff")
        assert page.recv() == b"\x00\xff"
        page.ping("still there?")
        assert page.recv_data(control_frame=True) == (ABNF.OPCODE_PONG, b"still there?")


def test_a_refused_handshake_is_refused(front: Front) -> None:
    """A handshake that the API refuses fails with its status, and so does one on any other path."""
    assert front.refusal("?refuse") == 403
    for path in ("/", "/x", "er"):
        assert front.refusal(path) == 404


def test_other_requests_are_refused(front: Front) -> None:
    """A request that opens no WebSocket is answered with 403."""
    answer = httpx.get(f"http://127.0.0.1:{front.port}/live")
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4321])
def test_closing_either_end_closes_the_other_at_once(front: Front, code: int) -> None:
    """A close code passes from the page to the API, and from the API to the page."""
    with front.page() as page:
        page.send_close(code)
        until(lambda: front.closed() == code, AT_ONCE)
    with front.page() as page:
        page.send(f"close {code}")
        began = time.monotonic()
        assert close_code(page) == code
        assert time.monotonic() - began < AT_ONCE


def test_a_page_that_vanishes_is_closed_at_the_api(front: Front) -> None:
    """A page that ends without a word, as a killed browser does, ends its connection to the API at once."""
    with front.page():
        assert front.closed() is None
    until(lambda: front.closed() is not None, AT_ONCE)


@pytest.mark.parametrize(
    ("frames", "passes"),
    [
        ([FRAME], True),
        ([FRAME + 1], False),
        ([1, FRAME + 1], False),
        ([FRAME] * (MESSAGE // FRAME), True),
        ([*([FRAME] * (MESSAGE // FRAME)), 1], False),
    ],
)
def test_what_is_too_large_closes_the_connection(front: Front, frames: list[int], passes: bool) -> None:  # noqa: FBT001
    """Frames of up to 32 KB and messages of up to 128 KB pass; a larger one closes the connection with code 1009."""
    with front.page() as page:
        for index, size in enumerate(frames):
            opcode = ABNF.OPCODE_CONT if index else ABNF.OPCODE_TEXT
            page.send_frame(ABNF.create_frame("x" * size, opcode, int(index == len(frames) - 1)))
        if passes:
            assert len(page.recv()) == sum(frames)
        else:
            assert close_code(page) == TOO_BIG
            until(lambda: front.closed() == TOO_BIG)


def test_300_connections_work_at_once(front: Front) -> None:
    """300 pages connect together, each is answered, and all end."""
    before = len(front.seen())
    with contextlib.ExitStack() as opened, ThreadPoolExecutor(30) as pool:
        pages = list(pool.map(lambda _: opened.enter_context(front.page()), range(300)))
        for number, page in enumerate(pages):
            page.send_text(str(number))
        assert list(pool.map(lambda page: page.recv(), pages)) == [str(number) for number in range(300)]
    until(lambda: all(each["closed"] for each in front.seen()[before:]))
    assert len(front.seen()) == before + 300


def test_a_front_that_stops_ends_its_connections(own: Front) -> None:
    """The stack stops in a moment, although pages are connected, and closes their connections at once."""
    _, process = own.processes
    with own.page() as page, own.page() as other:
        process.terminate()
        assert {close_code(page), close_code(other)} == {GOING_AWAY}
    assert process.wait(timeout=5) == 0


def test_connections_end_with_the_emulator(own: Front) -> None:
    """When the emulator dies, open connections end at once, and handshakes are answered with 502."""
    server, _ = own.processes
    with own.page() as page:
        server.kill()
        assert close_code(page) == GOING_AWAY
    assert own.refusal() == 502


@pytest.mark.parametrize("own", [SHORT], indirect=True)
def test_a_connection_ends_when_idle_or_old(own: Front) -> None:
    """A connection without a message for a while is closed, and one in use after two hours; here, both are short."""
    began = time.monotonic()
    with own.page() as page:
        assert close_code(page) == GOING_AWAY
    assert IDLE <= time.monotonic() - began < LONGEST
    began = time.monotonic()
    with own.page() as page:
        opcode = ABNF.OPCODE_TEXT
        while opcode != ABNF.OPCODE_CLOSE and time.monotonic() - began < 10 * LONGEST:
            page.send_text("x")
            opcode, _ = page.recv_data(control_frame=True)
            time.sleep(IDLE / 4)
    assert opcode == ABNF.OPCODE_CLOSE
    assert time.monotonic() - began >= LONGEST
