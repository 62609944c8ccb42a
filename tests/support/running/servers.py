"""A loopback server that handles requests as a test's script says, and certificates for it."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from zlib import crc32

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Received:
    """A request as it arrived, and the number of its connection, counted from 1."""

    line: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Exchange:
    """The input of a script's step: a request, and the connection to answer it on."""

    request: Received
    connection: socket.socket
    stopped: threading.Event


REQUEST_ID = "DYNAMODBSREQUEST"

# Returns whether the connection stays open.
type Step = Callable[[Exchange], bool]


def answers(
    document: Any = None, status: int = 200, headers: Mapping[str, str] | None = None, *, keeps: bool = True
) -> Step:
    """Answer as DynamoDB does; bytes are sent unchanged. `keeps=False` then closes the connection unannounced.

    Of `headers`, an empty value removes what DynamoDB sends.
    """

    def answer(exchange: Exchange) -> bool:
        exchange.connection.sendall(_head_and_body(document, status, headers or {}))
        return keeps

    return answer


def refuses(code: str, status: int = 400, message: str = "", headers: Mapping[str, str] | None = None) -> Step:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return answers(document, status, headers)


def breaks_off(exchange: Exchange) -> bool:
    """Send an answer without its last bytes, and close the connection."""
    exchange.connection.sendall(_head_and_body({"Item": {}}, 200, {})[:-3])
    return False


def resets_in_the_middle(exchange: Exchange) -> bool:
    """Send the head and part of the body of an answer, and reset the connection."""
    exchange.connection.sendall(_head_and_body({"Item": {}}, 200, {})[:-10])
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def says_hello(exchange: Exchange) -> bool:
    """Answer with something other than HTTP."""
    exchange.connection.sendall(b"hello\r\n\r\n")
    return False


def closes(_: Exchange) -> bool:
    """Close the connection without an answer."""
    return False


def hangs(exchange: Exchange) -> bool:
    """Do not answer until the test ends."""
    exchange.stopped.wait(30)
    return False


def _head_and_body(document: Any, status: int, headers: Mapping[str, str]) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps({} if document is None else document).encode()
    sent = {"content-length": str(len(body)), "x-amz-crc32": str(crc32(body)), "x-amzn-requestid": REQUEST_ID}
    sent |= headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items() if value)
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body


class Server:
    """Runs the script's steps in turn, one per request, and then repeats the last one."""

    def __init__(self, steps: tuple[Step, ...], tls: ssl.SSLContext | None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._steps = list(steps)
        self._tls = tls
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def run(self) -> None:
        with suppress(OSError):
            while not self._stopped.is_set():
                connection, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection, self.connections))
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _serve(self, connection: socket.socket, number: int) -> None:
        # A client that disconnects is not an error of the server.
        with suppress(OSError), connection:
            connection.settimeout(0.05)
            with self._secured(connection) as secured:
                while received := self._received(secured, number):
                    if not self._step()(Exchange(received, secured, self._stopped)):
                        return

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        connection.settimeout(5)
        return self._tls.wrap_socket(connection, server_side=True)

    def _step(self) -> Step:
        with self._lock:
            return self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]

    def _received(self, connection: socket.socket, number: int) -> Received | None:
        text = b""
        while b"\r\n\r\n" not in text:
            text += (chunk := self._some(connection))
            if not chunk:
                return None
        head, _, body = text.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += self._some(connection)
        received = Received(line, headers, body, number)
        self.requests.append(received)
        return received

    def _some(self, connection: socket.socket) -> bytes:
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                return connection.recv(65_536)
        return b""


@contextmanager
def serving(*steps: Step, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(steps, tls)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


class Authority:
    """A private certificate authority; `bundle` is the file with its certificate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
        self._certificate = self._signed(self._name, self._key.public_key(), None, timedelta(days=1))
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server(self, name: str | IPv4Address, life: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        """Make the TLS context of a server with that name; a negative lifetime has already ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        shown = x509.IPAddress(name) if isinstance(name, IPv4Address) else x509.DNSName(name)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._signed(subject, key.public_key(), shown, life)
        file = self._folder / f"server-{certificate.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, shown: x509.GeneralName | None, life: timedelta
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        is_authority = shown is None
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + life)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **usage
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if shown:
            builder = builder.add_extension(x509.SubjectAlternativeName([shown]), critical=False)
        return builder.sign(self._key, SHA256())
