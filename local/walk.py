"""Use the running local stack as a client would, and print the responses: `python -m local.walk save`.

Then stop or kill the stack and start it again: `python -m local.walk check --sub …` loads everything that was saved
and compares it. Exits with code 1 at the first unexpected response.
"""

import argparse
import gzip
import http.client
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from local import ROOT
from local.dashboards import SIZES, dashboard

_TABLES = ROOT / "tests" / "node_modules" / "vega-datasets" / "data"
_TABLE_NAMES = ("cars.json", "movies.json", "gapminder.json", "flights-2k.json")
# Too large for a request or a response, so it is uploaded to the bucket, read asynchronously and downloaded again.
_FILE_NAME = "flights-200k.json"

_OK, _CREATED, _ACCEPTED, _NO_CONTENT, _NOT_MODIFIED = 200, 201, 202, 204, 304
_UNAUTHORIZED, _NOT_FOUND, _CONFLICT, _TOO_LARGE = 401, 404, 412, 413

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class UnexpectedError(Exception):
    """The stack returned an unexpected response."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        return json.loads(gzip.decompress(self.body) if self.headers["Content-Encoding"] == "gzip" else self.body)


@dataclass(frozen=True)
class Client:
    """A client of the API at a base URL; with an empty token, an unauthenticated one."""

    url: str
    token: str

    def send(self, method: str, path: str, document: Any = None, **headers: str) -> Answer:  # noqa: ANN401
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"Accept-Encoding": "gzip"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        body = None if document is None else json.dumps(document).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, body, sent, method=method)  # noqa: S310 - the user's own URL
        return _open(request)


def _open(request: urllib.request.Request) -> Answer:
    try:
        with _OPENER.open(request, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
    except (OSError, http.client.HTTPException) as error:
        message = f"No local stack responds at {request.full_url} ({error}). Start one with: make run"
        raise UnexpectedError(message) from error


def client(url: str, subject: str) -> Client:
    query = urllib.parse.urlencode({"sub": subject})
    return Client(url, _expect(Client(url, "").send("GET", f"/local/token?{query}"), _OK).json["token"])


def dashboards(samples: Path | None) -> Iterator[tuple[str, Any]]:
    """Yield named dashboards: the generated ones, and those in a folder of samples."""
    for size in SIZES:
        yield f"made-{size}", dashboard(size)
    if samples is None:
        _say("  (no folder of sample dashboards given: using only the generated ones)")
        return
    files = sorted(samples.glob("*.json"))
    if not files:
        _say(f"  (the folder {samples} holds no sample dashboard: using only the generated ones)")
    for file in files:
        yield file.stem, json.loads(file.read_text())


def tables() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield real tables from an npm package that `make` installs."""
    for name in _TABLE_NAMES:
        yield name, json.loads((_TABLES / name).read_text())


def save(url: str, subject: str, samples: Path | None) -> None:
    """Save dashboards and tables, and provoke each kind of refusal."""
    user = client(url, subject)
    _say(f"Dashboards of {subject}")
    for name, config in dashboards(samples):
        _save_dashboard(user, name, config)
    _say("Tables")
    for name, rows in tables():
        _save_table(user, name, rows)
    _send_file(user)
    _say("Two devices")
    _edit_on_two_devices(user)
    _say("Refusals")
    _meet_refusals(url, user, subject)


def _save_dashboard(user: Client, name: str, config: Any) -> None:  # noqa: ANN401
    path = f"/api/projects/{name}/config"
    _expect(user.send("POST", "/api/projects", {"id": name, "name": name.title()}), _CREATED)
    saved = _expect(user.send("PUT", path, config, If_None_Match="*"), _OK)
    loaded = _expect(user.send("GET", path), _OK)
    _equal(loaded.json["config"], config, name)
    tag = loaded.headers["ETag"]
    _expect(user.send("GET", path, If_None_Match=tag), _NOT_MODIFIED)
    size = len(json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode())
    _say(
        f"  {name:17} {size:>8,} bytes  saved as version {saved.json['version']}, loaded equal "
        f"({len(loaded.body):,} bytes on the wire), 304 for {tag}"
    )


def _save_table(user: Client, name: str, rows: list[dict[str, Any]]) -> None:
    project = Path(name).stem
    _expect(user.send("POST", "/api/projects", {"id": project, "name": project.title()}), _CREATED)
    path = f"/api/projects/{project}/data"
    schema = _expect(user.send("POST", path, {"fileName": name, "rawData": rows}), _CREATED).json["dataSchema"]
    loaded = _expect(user.send("GET", path), _OK)
    _equal(loaded.json["rawData"], rows, name)
    shape = f"{schema['rowCount']:,} rows x {schema['columnCount']} columns"
    _say(f"  {name:17} {shape:>24}  saved, loaded equal ({len(loaded.body):,} bytes on the wire)")


def _send_file(user: Client) -> None:
    project = Path(_FILE_NAME).stem
    _expect(user.send("POST", "/api/projects", {"id": project, "name": project.title()}), _CREATED)
    path, content = f"/api/projects/{project}/data", (_TABLES / _FILE_NAME).read_bytes()
    form = {"fileName": _FILE_NAME, "contentType": "application/json", "bytes": len(content)}
    announced = _expect(user.send("POST", f"{path}/uploads", form), _CREATED).json
    _expect(_send_form(announced["url"], announced["fields"], content), _NO_CONTENT)
    upload = f"{path}/uploads/{announced['uploadId']}"
    _expect(user.send("POST", f"{upload}/complete", {}), _ACCEPTED)
    _wait_until_read(user, upload)
    _equal(_large_table(user), json.loads(content), _FILE_NAME)
    _say(f"  {_FILE_NAME:17} {len(content):>18,} bytes  sent to the bucket, read and fetched from it, equal")


def _wait_until_read(user: Client, upload: str) -> None:
    while (state := _expect(user.send("GET", upload), _OK)).json["status"] == "processing":
        time.sleep(int(state.headers["Retry-After"]))
    if state.json["status"] != "done":
        raise UnexpectedError(f"{_FILE_NAME} was not read: {state.body[:500]!r}")


def _large_table(user: Client) -> Any:  # noqa: ANN401 - rows
    loaded = _expect(user.send("GET", f"/api/projects/{Path(_FILE_NAME).stem}/data"), _OK).json
    return _expect(_open(urllib.request.Request(loaded["rawDataUrl"])), _OK).json  # noqa: S310 - the stack's bucket


def _send_form(url: str, fields: dict[str, str], content: bytes) -> Answer:
    """Send a file as browsers do (RFC 7578), after the fields that authorise it."""
    border = secrets.token_hex(16)
    parts = [f'--{border}\r\nContent-Disposition: form-data; name="{name}"' for name in (*fields, "file")]
    values = [f"\r\n\r\n{value}\r\n".encode() for value in fields.values()]
    head = b"".join(part.encode() + value for part, value in zip(parts, values, strict=False))
    body = b'%b%b; filename="f"\r\n\r\n%b\r\n--%b--\r\n' % (head, parts[-1].encode(), content, border.encode())
    headers = {"Content-Type": f"multipart/form-data; boundary={border}"}
    return _open(urllib.request.Request(url, body, headers))  # noqa: S310 - the stack's bucket


def _edit_on_two_devices(user: Client) -> None:
    path = "/api/projects/made-medium/config"
    base = dashboard("medium")
    edited = json.loads(json.dumps(base))
    edited["chartCustomizations"]["chart-000"]["title"] = "Edited on a laptop"
    _expect(user.send("PUT", path, edited, If_Match='"1"'), _OK)
    mine = {**base, "theme": {"id": "chosen-on-a-phone"}}
    merged = _expect(user.send("PUT", f"{path}?onConflict=merge", mine, If_Match='"1"'), _OK).json
    _equal(merged["config"], {**edited, "theme": mine["theme"]}, "the merged dashboard")
    _say(f"  both from 1       merged as version {merged['version']}: the laptop's title and the phone's theme")
    patch = {"chartCustomizations": {"chart-001": {"isVisible": False}}}
    patched = _expect(user.send("PATCH", path, patch), _OK).json
    _say(f"  a patch           applied to the newest version, as version {patched['version']}")
    diff = _expect(user.send("GET", f"{path}/versions/1/diff/{patched['version']}"), _OK).json
    changed = ", ".join(diff["charts"]["changed"])
    _say(f"  1 against {patched['version']}       {len(diff['operations'])} operations; changed charts: {changed}")
    _expect(user.send("POST", f"{path}/versions/1/restore", If_Match=f'"{patched["version"]}"'), _OK)
    versions = _expect(user.send("GET", f"{path}/versions"), _OK).json["versions"]
    made = ", ".join(f"{version['version']} {_made(version)}" for version in versions)
    _say(f"  history           {made}")
    _expect(user.send("DELETE", "/api/projects/made-medium"), _NO_CONTENT)
    _expect(user.send("GET", path), _NOT_FOUND)
    _expect(user.send("POST", "/api/projects/made-medium/restore"), _OK)
    _equal(_expect(user.send("GET", path), _OK).json["config"], base, "the restored project's dashboard")
    _say("  a deleted project is gone from every response, and complete again once restored")


def _made(version: dict[str, Any]) -> str:
    if "restoredFrom" in version:
        return f"restored from {version['restoredFrom']}"
    return "merged" if version.get("merged") else "saved"


def _meet_refusals(url: str, user: Client, subject: str) -> None:
    path = "/api/projects/made-small/config"
    mine, theirs = dashboard("small"), dashboard("small", seed=2)
    _expect(user.send("PUT", path, theirs, If_Match='"1"'), _OK)
    refused = _expect(user.send("PUT", path, {**mine, "theme": {"id": "mine"}}, If_Match='"1"'), _CONFLICT).json
    _equal(refused["current"], theirs, "the document in the conflict")
    _say(f"  a stale save      412 {refused['type']}, with version {refused['currentVersion']} and its config")
    # Restore what `check` compares with, as a new version.
    _expect(user.send("POST", f"{path}/versions/1/restore", If_Match='"2"'), _OK)
    large = {"chartCustomizations": {"big": {"note": "x" * 300_000}}}
    refused = _expect(user.send("PUT", path, large, If_Match='"3"'), _TOO_LARGE).json
    _say(f"  too large         413 {refused['type']}, {refused['actualBytes']:,} of {refused['limitBytes']:,} bytes")
    stranger = client(url, f"not-{subject}")
    _say(f"  another user      404 {_expect(stranger.send('GET', path), _NOT_FOUND).json['type']}")
    anonymous = _expect(Client(url, "").send("GET", path), _UNAUTHORIZED).json
    _say(f"  no token          401 {anonymous['message']} (API Gateway's own answer)")


def check(url: str, subject: str, samples: Path | None) -> None:
    """Load everything that `save` saved, and compare it."""
    user = client(url, subject)
    if not _expect(user.send("GET", "/api/projects"), _OK).json["projects"]:
        raise UnexpectedError(
            f"{subject} saved nothing. A walk names its user in its last line: make walk-check SUB=<user>"
        )
    _say(f"Loaded again for {subject}")
    for name, config in dashboards(samples):
        loaded = _expect(user.send("GET", f"/api/projects/{name}/config"), _OK)
        _equal(loaded.json["config"], config, name)
        _say(f"  {name:17} version {loaded.json['version']}, equal")
    for name, rows in tables():
        loaded = _expect(user.send("GET", f"/api/projects/{Path(name).stem}/data"), _OK)
        _equal(loaded.json["rawData"], rows, name)
        _say(f"  {name:17} version {loaded.json['version']}, equal")
    _equal(_large_table(user), json.loads((_TABLES / _FILE_NAME).read_bytes()), _FILE_NAME)
    _say(f"  {_FILE_NAME:17} from the bucket, equal")


def _expect(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise UnexpectedError(f"Expected status {status}, got {answer.status}: {answer.body[:500]!r}")
    return answer


def _equal(loaded: Any, saved: Any, what: str) -> None:  # noqa: ANN401
    if loaded != saved:
        raise UnexpectedError(f"{what} was returned changed.")


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["save", "check"])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the local stack runs")
    parser.add_argument("--sub", help="the user; by default a new one")
    parser.add_argument("--samples", type=Path, help="a folder of additional dashboards, one JSON file each")
    options = parser.parse_args()
    subject = options.sub or f"walker-{secrets.token_hex(3)}"
    step = save if options.step == "save" else check
    try:
        step(options.url, subject, options.samples)
    except UnexpectedError as error:
        sys.exit(f"The walk failed: {error}")
    if options.step == "save":
        _say(f"To load all of it again, after a restart: make walk-check SUB={subject}")


if __name__ == "__main__":
    main()
