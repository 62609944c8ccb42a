"""Every event of events/ through `sam local invoke`, on a running stack with the projects of `world.py`."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from prove.deployed import environment
from support.handlers.events import BY_HAND, EVENTS
from support.handlers.http_api import Client, apps, handler_module
from support.handlers.invocations import Reader
from support.handlers.world import BUCKET, CONNECTION, make_world
from support.project.figures import keep
from support.project.template import ROOT
from support.running import docker
from support.running.local_stack import LocalStack
from support.storage import engines

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.settings import Settings
from dashboard_store.store import Store
from local.processes import free_port
from local.sam_local import deployed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

type Item = dict[str, Any]

MOST_SECONDS: Final = 120
COUNTERS: Final = ("RATE", "USAGE", "FENCE")


def status(file: Path) -> int:
    """Return the status that an event's name promises; 0 of events that are not requests."""
    found = re.match(r"\d{3}", file.name)
    return int(found[0]) if found else 0


# Refusals first: after a success, the function that follows the table's stream removes files that were read.
FILES: Final = sorted(EVENTS.rglob("*.json"), key=lambda file: (-status(file), file))
REQUESTS: Final = [file for file in FILES if file.parent.name not in BY_HAND]


def name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack whose bucket has the name of the examples', and an image to run its functions in."""
    try:
        with docker.daemon():
            parameters = {"ExistingBucket": BUCKET, "TeamClaim": "groups"}
            stack = LocalStack(tmp_path_factory.mktemp("sam") / "state", parameters=parameters).start()
            try:
                title = docker.provide_image(deployed(stack.state).image)
                print("The image:", title)  # noqa: T201 - shown with -s
                keep({"image": title})
                yield stack
            finally:
                stack.kill()
    except docker.MissingError as missing:
        pytest.skip(str(missing))


class World:
    """The projects that the events meet, restored where an event changed them."""

    def __init__(self, stack: LocalStack, transport: DynamoDBClient, variables: Mapping[str, str]) -> None:
        self.s3: S3Client = stack.aws("s3")
        self._transport, self._table, self._key = transport, variables["TABLE_NAME"], variables["LOG_KEY"]
        now = datetime.now(UTC)
        self._connect(now - timedelta(hours=1))
        self.s3.create_bucket(Bucket=BUCKET)
        make_world(self.s3, now)
        self._made = self._stored()
        self._connect(None)

    def restore(self) -> None:
        """Write what was changed as it was made, and delete what was added; counters stay."""
        stored = self._stored()
        for key in stored.keys() - self._made.keys():
            self._transport.call("DeleteItem", {"TableName": self._table, "Key": _key_of(stored[key])})
        for key, item in self._made.items():
            if stored.get(key) != item:
                self._transport.call("PutItem", {"TableName": self._table, "Item": item})

    def sent(self, file: Path, folder: Path) -> Path:
        """Return an event with the ids that the stack's key gives to members, instead of those of the examples."""
        text = file.read_text()
        for item in self._made.values():
            if "#MEMBER#" in item["sk"]["S"]:
                address = ProjectAddress(item["pk"]["S"].removeprefix("USER#"), item["sk"]["S"].split("#")[1])
                of_examples, of_stack = (member_id(key, address, item["user"]["S"]) for key in ("", self._key))
                text = text.replace(of_examples, of_stack)
        copy = folder / file.name
        copy.write_text(text)
        return copy

    def _stored(self) -> dict[str, Item]:
        """Return all items but counters, by their keys."""
        request: dict[str, Any] = {"TableName": self._table}
        found: list[Item] = []
        while True:
            page = self._transport.call("Scan", request)
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                return {
                    f"{each['pk']} {each['sk']}": each for each in found if not _texts(each)["sk"].startswith(COUNTERS)
                }
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _connect(self, moment: datetime | None) -> None:
        """Connect the functions in this process to the stack's table and bucket, with a fixed clock or the real one."""
        settings = Settings(table_name=self._table, bucket_name=BUCKET, log_key=self._key, team_claim="groups")
        items, bucket = Items(self._transport, self._table), Bucket(self.s3, BUCKET)
        store = Store(settings, items, bucket, lambda: moment or datetime.now(UTC), Reader().invocations)
        for app in apps():
            app.connect(store)
        handler_module("HealthFunction").api.connect(settings)


def _key_of(item: Item) -> Item:
    return {name: item[name] for name in ("pk", "sk")}


def _texts(item: Item) -> dict[str, str]:
    return {name: value["S"] for name, value in _key_of(item).items()}


@pytest.fixture(scope="module")
def world(stack: LocalStack) -> Iterator[World]:
    variables = environment(stack)
    with closing(engines.through_transport(variables)) as transport:
        yield World(stack, transport, variables)


class Runs:
    """What each event was answered with, and how long it took."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.answers: dict[Path, str] = {}
        self.rows: list[str] = []

    def invoke(self, file: Path, sent: Path | None = None) -> str:
        """Run `make invoke`'s command, perhaps with a changed copy; return what it printed: the answer."""
        began = time.monotonic()
        command = [sys.executable, "-m", "local.sam_local", "invoke", str(sent or file), "--state", str(self._state)]
        shown = subprocess.run(  # noqa: S603 - this checkout's program
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=MOST_SECONDS
        )
        assert shown.returncode == 0, shown.stdout + shown.stderr
        self.answers[file] = answer = summary(shown.stdout)
        row = f"| `{name(file)}` | {answer} | {time.monotonic() - began:.1f} |"
        self.rows.append(row)
        print(row)  # noqa: T201 - the same
        return shown.stdout

    def report(self) -> None:
        """Write the table of all events, and keep how many there were."""
        table = ["| Event | Answer | Seconds |", "|---|---|---|", *sorted(self.rows)]
        folder = ROOT / ".prove"
        folder.mkdir(exist_ok=True)
        (folder / "sam-local.md").write_text("\n".join(table) + "\n")
        named = sum(self.answers.get(file) == str(status(file)) for file in REQUESTS)
        keep({"events run": len(self.answers), "requests answered as named": f"{named} of {len(REQUESTS)}"})


def summary(answer: str) -> str:
    """Return an answer's status, or an answer that is not a response in one line."""
    if answer.startswith("HTTP "):
        return answer.split()[1]
    return json.dumps(json.loads(answer))


@pytest.fixture(scope="module")
def runs(stack: LocalStack) -> Iterator[Runs]:
    made = Runs(stack.state)
    yield made
    made.report()


@pytest.mark.parametrize("file", REQUESTS, ids=name)
def test_a_request_is_answered_with_the_status_of_its_name(
    file: Path, world: World, runs: Runs, tmp_path: Path
) -> None:
    """A function in AWS's own runtime answers an event with the status after which its file is named."""
    world.restore()
    assert runs.invoke(file, world.sent(file, tmp_path)).startswith(f"HTTP {status(file)}\n")


def test_an_expired_items_object_is_removed(world: World, runs: Runs) -> None:
    """The function that follows the table's stream removes the object that the expired item named, and no other."""
    file = EVENTS / "purge_objects" / "expired.json"
    key = json.loads(file.read_text())["Records"][0]["dynamodb"]["OldImage"]["object"]["S"]
    for each in (key, f"{key}-of-another-item"):
        world.s3.put_object(Bucket=BUCKET, Key=each, Body=b"rows")
    assert json.loads(runs.invoke(file)) == {"batchItemFailures": []}
    left = {each["Key"] for each in world.s3.list_objects_v2(Bucket=BUCKET, Prefix=key)["Contents"]}
    assert left == {f"{key}-of-another-item"}


def test_a_large_file_is_read(world: World, runs: Runs) -> None:
    """The function that reads large files reads the one of the event, which then is the project's newest table."""
    world.restore()
    file = EVENTS / "read_upload" / "large-file.json"
    upload = json.loads(file.read_text())
    client = Client(upload["owner"])
    url = f"/api/projects/{upload['projectId']}/data/uploads/{upload['uploadId']}"
    assert client.get(url).json["status"] == "processing"
    assert runs.invoke(file) == "null\n"
    read = client.get(url).json
    assert (read["status"], read["version"]) == ("done", 4)


def test_a_connection_follows_and_ends(world: World, runs: Runs) -> None:
    """The WebSocket API's function refuses a spent ticket, answers what is followed, and forgets what is closed."""
    world.restore()
    events = ("connect-with-a-spent-ticket", "follow", "disconnect")
    answers = [runs.invoke(EVENTS / "live" / f"{event}.json") for event in events]
    assert [answer.partition("\n")[0] for answer in answers] == ["HTTP 401", "HTTP 200", "HTTP 200"]
    followed = json.loads(answers[1].partition("\n\n")[2])["projects"]
    versions = {each["project"]: each["configVersion"] for each in followed}
    assert versions == {"dXNlci0x~sales": 3, "dXNlci0x~crowd": 2}
    assert connection() is None


@pytest.mark.parametrize("file", sorted(EVENTS.glob("announce/*.json")), ids=name)
def test_an_announcement_reaches_the_websocket_api(file: Path, world: World, runs: Runs) -> None:
    """The function that announces asks the WebSocket API for the follower, which is not open there, and forgets it."""
    world.restore()
    assert connection() is not None
    assert runs.invoke(file) == "null\n"
    assert (connection() is None) == (file.stem == "config-saved")


def connection() -> Item | None:
    """Return the connection that the events name, as it is stored."""
    items: Items = handler_module("LiveFunction").app.store.items
    return items.get(keys.connection(CONNECTION))


def test_the_api_answers_what_needs_no_token(stack: LocalStack, tmp_path: Path) -> None:
    """`start-api` answers a health check and an unknown path; what needs a token is 401, as it says when it starts."""
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "local.sam_local", "start-api", "--port", str(port), "--state", str(stack.state)]
    with log.open("w") as output, subprocess.Popen(command, cwd=ROOT, stderr=output) as served:  # noqa: S603 - the same
        try:
            answers = {path: awaited(port, path) for path in ("/api/health", "/nowhere", "/api/projects")}
        finally:
            served.send_signal(signal.SIGINT)
    assert answers == {"/api/health": 200, "/nowhere": 404, "/api/projects": 401}
    beginning = log.read_text()[:400]
    assert "401" in beginning
    assert "make invoke" in beginning


def awaited(port: int, path: str) -> int:
    """Get a path with a token as soon as the server listens; return the status."""
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        try:
            headers = {"Authorization": "Bearer header.claims.signature"}
            return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=MOST_SECONDS).status_code
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
