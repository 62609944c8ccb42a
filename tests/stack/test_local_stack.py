"""The local stack itself: it starts, keeps what was saved, guards what it serves, and leaves nothing behind."""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from support.project.template import ROOT
from support.running.local_stack import LocalStack, token_command

CONFIG: dict[str, Any] = {"chartCustomizations": {"c1": {"title": "Übersicht 📈"}}}
FIRST = {"If-None-Match": "*"}
CONFIG_PATH = "/api/projects/p/config"


def test_it_is_up_when_it_says_so(stack: LocalStack) -> None:
    """When the stack says that it is up, its API answers, and the output names every address."""
    assert httpx.get(f"{stack.url}/api/health").json() == {"status": "ok"}
    for named in (
        "/api",
        f"ws://127.0.0.1:{stack.port}/live",
        "/.well-known/openid-configuration",
        "make -s token",
        "state",
        "logs",
    ):
        assert named in stack.output()


def test_a_saved_config_is_loaded(owner: httpx.Client) -> None:
    """A config that was saved through the stack's address loads equal, with its entity tag."""
    saved = owner.put(CONFIG_PATH, json=CONFIG, headers=FIRST).raise_for_status()
    loaded = owner.get(CONFIG_PATH)
    assert loaded.json()["config"] == CONFIG
    assert loaded.headers["ETag"] == saved.headers["ETag"] == '"1"'


def test_the_page_may_open_the_websocket_api(stack: LocalStack) -> None:
    """The page's policy allows the address of the WebSocket API, also to a page that is opened as localhost."""
    assert re.search(r"connect-src [^;]*ws://127\.0\.0\.1:\*[ ;]", httpx.get(stack.url).text)


def test_the_token_command_makes_an_accepted_token(stack: LocalStack) -> None:
    """`make -s token` prints only a token, and the running stack accepts it."""
    token = token_command(stack.port, "user-1", stack.state)
    assert token == token.strip() + "\n"
    answer = httpx.get(f"{stack.url}/api/limits", headers={"Authorization": f"Bearer {token.strip()}"})
    assert answer.status_code == 200


def test_a_token_of_another_issuer_is_refused(stack: LocalStack) -> None:
    """A token with the right claims and key id but signed with another key is answered with 401."""
    genuine = stack.token("user-1")
    claims = jwt.decode(genuine, options={"verify_signature": False})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = jwt.encode(claims, key, algorithm="RS256", headers={"kid": jwt.get_unverified_header(genuine)["kid"]})
    answer = httpx.get(f"{stack.url}/api/limits", headers={"Authorization": f"Bearer {foreign}"})
    assert answer.status_code == 401


def test_a_missing_token_is_refused(stack: LocalStack) -> None:
    """A request without a token is answered with 401."""
    assert httpx.get(f"{stack.url}/api/limits").status_code == 401


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example"])
def test_tokens_are_issued_under_loopback_names_only(stack: LocalStack, host: str) -> None:
    """A page whose host name resolves to this machine (DNS rebinding) gets no token."""
    answer = httpx.get(f"{stack.url}/local/token?sub=user-1", headers={"Host": f"{host}:{stack.port}"})
    assert answer.status_code == 403


def test_answers_pass_through_compressed(owner: httpx.Client) -> None:
    """The front passes compressed answers on unchanged: the client sees the encoding and can decode it."""
    charts = {f"c{number}": {"title": "Revenue"} for number in range(100)}
    owner.put(CONFIG_PATH, json={"chartCustomizations": charts}, headers=FIRST).raise_for_status()
    with owner.stream("GET", CONFIG_PATH, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.status_code == 200, raw
    assert answer.headers["Content-Encoding"] == "gzip"
    assert raw.startswith(b"\x1f\x8b")
    assert owner.get(CONFIG_PATH).json()["config"]["chartCustomizations"] == charts


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def test_a_browser_of_an_allowed_origin_may_call(stack: LocalStack) -> None:
    """The origins given at deployment are in the API's CORS rules: each of them is allowed, any other is not.

    Their pages may send and read the headers that the template names.
    """
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match,idempotency-key"}
    for origin in (stack.url, "http://localhost:3000", "http://localhost:5173"):
        answer = httpx.options(f"{stack.url}{CONFIG_PATH}", headers={"Origin": origin, **asked})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert {"if-match", "idempotency-key"} <= names(answer.headers["Access-Control-Allow-Headers"])
        read = httpx.get(f"{stack.url}/api/health", headers={"Origin": origin})
        exposed = names(read.headers["Access-Control-Expose-Headers"])
        assert {"etag", "location", "updated-by", "x-request-id"} <= exposed
    refused = httpx.options(f"{stack.url}{CONFIG_PATH}", headers={"Origin": "http://attacker.example", **asked})
    assert "Access-Control-Allow-Origin" not in refused.headers


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/style.css", "text/css"),
        ("/openapi.yaml", "application/yaml"),
        ("/README.md", "text/plain; charset=utf-8"),
        ("/docs/operations.md", "text/plain; charset=utf-8"),
        ("/docs/decisions/README.md", "text/plain; charset=utf-8"),
    ],
)
def test_files_are_served_and_never_framed(stack: LocalStack, path: str, media_type: str) -> None:
    """The page and its linked documents are served with their media types, and no other site may frame them."""
    answer = httpx.get(stack.url + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert "Content-Disposition" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"


def script(stack: LocalStack) -> str:
    """Return the address of a built script, as the page names it."""
    found = re.search(r'src="(/assets/[^"]+)"', httpx.get(stack.url).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("accepted", "encoding", "suffix"), [("gzip, br", "br", ".br"), ("gzip", "gzip", ".gz"), ("identity", None, "")]
)
def test_a_built_script_is_compressed_and_may_be_kept(
    stack: LocalStack, accepted: str, encoding: str | None, suffix: str
) -> None:
    """A script with a hash in its name is sent in the best form that the client accepts, and never asked for again."""
    path = script(stack)
    with httpx.stream("GET", stack.url + path, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, encoding)
    assert raw == (ROOT / "web" / "dist" / f"{path[1:]}{suffix}").read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert (answer.headers.get("Vary") == "Accept-Encoding") == bool(encoding)


@pytest.mark.parametrize("accepted", ["br", "gzip"])
def test_the_page_is_looked_for_at_each_visit(stack: LocalStack, accepted: str) -> None:
    """The document that names the scripts is revalidated, and not sent again while it is the same."""
    headers = {"Accept-Encoding": accepted}
    first = httpx.get(stack.url, headers=headers)
    assert (first.headers["Content-Encoding"], first.headers["Cache-Control"]) == (accepted, "no-cache")
    again = httpx.get(stack.url, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = httpx.get(stack.url, headers={**headers, "If-None-Match": '"another"'})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/assets/../../../pyproject.toml",
        "/assets/..%2f..%2f..%2fpyproject.toml",
        "/assets/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/no-such-script.js",
        "/assets/",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/%2e%2e/pyproject.toml",
        "/..%2fpyproject.toml",
        "/docs/../CONTRIBUTING.md",
        "/docs/..%2fCONTRIBUTING.md",
        "/CONTRIBUTING.md",
        "/%00",
        "/pyproject.toml",
    ],
)
def test_nothing_else_of_the_checkout_is_served(stack: LocalStack, path: str) -> None:
    """A path that leaves the page's folder serves nothing but the linked documents."""
    with socket.create_connection(("127.0.0.1", stack.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 404"


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """If another program listens on the port, the stack says so in one line and exits with 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = LocalStack(tmp_path / "state", port=port)
        refused.launch()
        assert refused.wait() == 1
    assert (
        refused.output() == f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}\n"
    )


def test_one_state_folder_has_one_stack(stack: LocalStack) -> None:
    """A second stack on the same data is refused."""
    second = LocalStack(stack.state)
    second.launch()
    assert second.wait() == 1
    assert second.output() == f"A local stack already runs on the data in {stack.state}\n"


def test_a_child_that_ends_ends_the_stack(make_stack: Callable[..., LocalStack]) -> None:
    """When one of its processes ends, the stack names it, stops the others and exits with 1."""
    own = make_stack().start()
    records = {record.read_text().split("\n")[0]: int(record.name) for record in (own.state / "children").glob("*")}
    engine = next(pid for command, pid in records.items() if command.endswith("/dynoxide"))
    own.end_child(engine)
    assert own.wait() == 1
    assert "dynoxide ended" in own.output()
    assert own.left_behind() == []
