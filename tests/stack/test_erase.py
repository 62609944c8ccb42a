"""An operator erases a user on the running stack, while that user goes on."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any, Self

import httpx
import pytest
from support.project.template import ROOT
from support.running.live_socket import LiveSocket
from support.running.local_stack import NO_TLS, LocalStack, items_of
from support.running.tokens import Tokens

from admin import stacks
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys

# It waits for what was under way when writes were blocked.
pytestmark = pytest.mark.waits

CANARY = "kanarienvogel"
TEAM = "birds"
# Digests do not compress: this table is in the bucket, and larger than a response, so that downloads are, too.
LARGE = "digest\n" + "".join(f"{hashlib.sha256(b'%d' % at).hexdigest()}\n" for at in range(66_000))


def erase(stack: LocalStack, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "admin", "erase", *options, "--local", str(stack.state)]
    env = os.environ | {"PYTHONPATH": "shared"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - this checkout's


def done(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url} {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def charts(title: str) -> dict[str, Any]:
    return {"chartCustomizations": {"a": {"title": title}}}


def save(client: httpx.Client, place: str, title: str, version: int, **query: str) -> None:
    done(client.put(f"{place}/config", json=charts(title), headers={"If-Match": f'"{version}"'}, params=query))


def send_file(client: httpx.Client, place: str, name: str, text: str, *, completes: bool) -> None:
    """Announce a file, send it to the bucket and, if asked to, complete the upload."""
    described = {"fileName": f"{name}.csv", "contentType": "text/csv", "bytes": len(text)}
    announced = done(client.post(f"{place}/data/uploads", json=described))
    sent = httpx.post(announced["url"], data=announced["fields"], files={"file": text.encode()}, verify=NO_TLS)
    assert sent.is_success, sent.text
    if completes:
        done(client.post(f"{place}/data/uploads/{announced['uploadId']}/complete", json={}))


def fill(client: httpx.Client, project: str, text: str) -> None:
    """Make a project with history, a draft, a table in its item, another in the bucket, an analysis and a sent file."""
    done(client.post("/api/projects", json={"id": project, "name": text, "settings": {"tags": [text]}}))
    place = f"/api/projects/{project}"
    for version in range(3):
        save(client, place, f"{text} {version}", version)
    save(client, place, f"{text} draft", 0, sessionId="tab")
    done(
        client.post(f"{place}/data", json={"fileName": f"{text}.csv", "rawData": [{text: text}], "analysis": {text: 1}})
    )
    send_file(client, place, text, LARGE, completes=True)
    send_file(client, place, text, f"{text}\n1\n", completes=False)


class World:
    """Ada, who is to be erased; Ben, whose project Ada may edit; and Cleo, who is in the same team."""

    def __init__(self, stack: LocalStack, name: str) -> None:
        self.stack = stack
        tokens, team = Tokens(stack), f"{name}-{TEAM}"
        self.ids = {who: f"{name}-{who}" for who in (CANARY, "ben", "cleo")}
        self.ada, self.ben, self.cleo = (tokens.client(user, name=who, groups=[team]) for who, user in self.ids.items())
        self.clients = (self.ada, self.ben, self.cleo)
        self.place = f"/api/projects/{CANARY}-p"
        self.others = f"/api/projects/{ProjectAddress(self.ids['ben'], 'b').text}"
        fill(self.ada, f"{CANARY}-p", CANARY)
        fill(self.ada, f"{CANARY}-deleted", CANARY)
        done(self.ada.delete(f"/api/projects/{CANARY}-deleted"))
        fill(self.ben, "b", "Ben")
        self.let_in(self.ben, "b", self.ada, "editor")
        save(self.ada, self.others, "saved by a colleague", 3)
        save(self.ada, self.others, CANARY, 0, sessionId="mine")
        self.let_in(self.ada, f"{CANARY}-p", self.ben, "viewer")
        done(self.ada.put(f"{self.place}/teams/{team}", json={"role": "editor"}))
        done(self.ben.put(f"/api/projects/b/teams/{team}", json={"role": "viewer"}))
        self.link = done(self.ada.post(f"{self.place}/links", json={"version": 1}))["token"]
        as_csv = {"format": "csv"}
        assert self.ada.get(f"{self.place}/data", params=as_csv).status_code == 302
        visited = httpx.get(f"{stack.url}/api/links/{self.link}/data", params=as_csv, verify=NO_TLS)
        assert visited.status_code == 302
        done(self.ada.post(f"{self.place}/invitations", json={"role": "viewer"}))
        done(self.ada.post("/api/live"))

    @staticmethod
    def let_in(owner: httpx.Client, project: str, guest: httpx.Client, role: str) -> None:
        token = done(owner.post(f"/api/projects/{project}/invitations", json={"role": role}))["token"]
        done(guest.post("/api/invitations/accept", json={"token": token}))

    def seen_by_others(self) -> dict[str, tuple[int, str | None, Any]]:
        """Return what Ben and Cleo are answered about what is Ben's: status, entity tag and body."""
        urls = [
            "/api/projects",
            *(
                f"{self.others}{rest}"
                for rest in (
                    "",
                    "/config",
                    "/config?sessionId=tab",
                    "/config/versions",
                    "/config/versions/4",
                    "/data?include=analysis,dataSchema",
                    "/data/versions",
                )
            ),
        ]
        found = {}
        for who, client in (("ben", self.ben), ("cleo", self.cleo)):
            for url in urls:
                answer = client.get(url)
                body = {name: value for name, value in answer.json().items() if name != "instance"}
                found[f"{who} {url}"] = (answer.status_code, answer.headers.get("etag"), body)
        return found

    def traces(self) -> list[str]:
        """Return where the table and the bucket have the canary, or name Ada in one of the ways that they do."""
        user = self.ids[CANARY]
        folder = keys.folder(ProjectAddress(user, "p")).partition("/")[0]
        part = urlsafe_b64encode(user.encode()).decode().rstrip("=")
        names = (CANARY, user, folder, part, keys.fingerprint(user), keys.fingerprint(self.link))
        found = [f"{pk} {sk}" for pk, sk, text in self._items() if any(name in text for name in names)]
        return found + [key for key, text in self._objects() if any(name in f"{key} {text}" for name in names)]

    def _items(self) -> Iterator[tuple[str, str, str]]:
        for item in items_of(self.stack.database(), ConsistentRead=True):
            yield item["pk"]["S"], item["sk"]["S"], _text(item)

    def _objects(self) -> Iterator[tuple[str, str]]:
        """Yield the key and the content of every version of every object, and the key of every delete marker."""
        s3 = self.stack.aws("s3")
        bucket = stacks.local(self.stack.state).bucket
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                named = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                yield version["Key"], _text({"B": s3.get_object(**named)["Body"].read()})
            for marker in page.get("DeleteMarkers", []):
                yield marker["Key"], ""


def _text(value: Any) -> str:
    match value:
        case bytes():
            content = gzip.decompress(value) if value[:2] == b"\x1f\x8b" else value
            return content.decode(errors="replace")
        case Mapping():
            return " ".join(f"{name} {_text(each)}" for name, each in value.items())
        case list():
            return " ".join(map(_text, value))
    return str(value)


class Busy:
    """A page of Ada's that goes on, whatever it is answered: it saves, creates and uploads in turns."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_over = threading.Event()
        self.statuses: dict[str, list[int]] = {"GET": [], "POST": [], "PUT": []}
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _go_on(self) -> None:
        ada, place, others = self._world.ada, self._world.place, self._world.others
        forced = {"If-Match": "*"}
        # The name of a file that is announced in somebody else's project belongs to that.
        file = {"fileName": "busy.csv", "contentType": "text/csv", "bytes": 9}
        number = 0
        while not self._is_over.is_set():
            number += 1
            made = {"id": f"{CANARY}-{number}", "name": CANARY}
            for method, url, headers, document in (
                ("PUT", f"{place}/config", forced, charts(f"{CANARY} {number}")),
                ("POST", "/api/projects", {}, made),
                ("POST", f"{place}/data", {}, {"fileName": CANARY, "rawData": [{CANARY: number}]}),
                ("PUT", f"{others}/config?sessionId=busy", forced, charts(f"{CANARY} {number}")),
                ("POST", f"{others}/data/uploads", {}, file),
                ("POST", "/api/live", {}, None),
                ("GET", "/api/usage", {}, None),
            ):
                answer = ada.request(method, url, headers=headers, json=document)
                self.statuses[method].append(answer.status_code)


@pytest.fixture
def world(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(stack, request.node.name)
    with ExitStack() as opened:
        for client in made.clients:
            opened.enter_context(closing(client))
        yield made


def test_a_user_is_erased_who_goes_on(world: World) -> None:
    """After the command, neither table nor bucket holds anything of the user in any form, though they never stopped.

    Others see what they saw before. What the user asks for is refused or empty. A second run finds nothing.
    """
    seen, user = world.seen_by_others(), world.ids[CANARY]
    with LiveSocket(world.ada) as own, LiveSocket(world.ben) as bens:
        own.follow(f"{CANARY}-p", ProjectAddress(world.ids["ben"], "b").text)
        bens.follow("b", ProjectAddress(user, f"{CANARY}-p").text)
        assert len(world.traces()) > 40
        refused = erase(world.stack, "--user", user)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"{CANARY}-p (members: 1, teams: 1)" in refused.stderr
        with Busy(world) as busy:
            erased = erase(world.stack, "--user", user, "--with-shared")
            assert erased.returncode == 0, erased.stderr
            at_the_end = {method: len(statuses) for method, statuses in busy.statuses.items()}
            time.sleep(2)
        bens.wait_for_end()
        assert bens.told[-1] == {"project": ProjectAddress(user, f"{CANARY}-p").text, "gone": True}
        own.wait_for_end()
    assert {200, 201} & set(busy.statuses["POST"])
    # One request of each kind may have been on its way when the command ended.
    after = {method: set(statuses[at_the_end[method] + 1 :]) for method, statuses in busy.statuses.items()}
    assert after["GET"] == {200}
    assert after["POST"] | after["PUT"] <= {403, 404, 429}
    receipt = json.loads(erased.stdout)
    assert (receipt["nothingFound"], receipt["items"]["kinds"]["project"] >= 2) == (False, True)
    assert receipt["objectVersions"]["kinds"].keys() >= {"tables", "uploads", "downloads", "downloads/links"}
    assert user not in erased.stdout
    assert world.traces() == []
    assert world.seen_by_others() == seen
    assert world.ada.get("/api/projects").json()["projects"] == []
    assert world.ada.get("/api/usage").json()["storedBytes"]["used"] == 0
    assert user not in world.ben.get(f"{world.others}/members").text
    again = erase(world.stack, "--user", user)
    assert (again.returncode, json.loads(again.stdout)["nothingFound"]) == (0, True), again.stderr
    assert world.traces() == []
