"""A large file, read by a function that nobody waits for: what its user sees, and what becomes of it if that dies."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import read_upload
from conftest import BUCKET, TABLE, Clock
from support.handlers.files import key_of, send_file
from support.handlers.http_api import CONTEXT, Client, Reply, handler_module
from support.handlers.invocations import Reader, read
from support.project.template import ROOT
from support.storage.clients import Tapped
from support.storage.faults import answers, injected_in_bucket

from dashboard_store import data_view
from dashboard_store.documents.dataset.upload import read_uploaded
from dashboard_store.errors import StorageUnavailable
from dashboard_store.gateway import watchdog
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import background_reads, keys
from dashboard_store.repository.background_reads import LEASE, MOST_TRIES, READ_AT_ONCE, Lease, LeaseLost
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
CSV = b"city,t,zip\nOslo,-3.5,0150\nBergen,4,\n"
ROWS = [{"city": "Oslo", "t": -3.5, "zip": "0150"}, {"city": "Bergen", "t": 4, "zip": None}]
BEFORE = {"fileName": "before.csv", "rawData": [{"a": 1}]}
NEWER = {"fileName": "newer.csv", "rawData": [{"a": 2}]}
# Read in several groups.
LONG = b"text\n" + b"".join(b"%b\n" % (b"x" * 900_000) for _ in range(4))
LAPSED = LEASE.total_seconds() + 1
OUT_OF_REACH = answers("SlowDown", 503)


@dataclass(frozen=True)
class Upload:
    """A file of the project `p` that is in the bucket; `place` is the URL that completes the upload."""

    client: Client
    store: Store
    place: str

    @property
    def url(self) -> str:
        return self.place.removesuffix("/complete")

    @property
    def id(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def address(self) -> ProjectAddress:
        return ProjectAddress(self.client.user, "p")

    @property
    def event(self) -> dict[str, Any]:
        """What the function is invoked with."""
        return {"owner": self.client.user, "projectId": "p", "uploadId": self.id}

    @property
    def state(self) -> Any:
        return self.client.get(self.url).json

    def begin(self, body: Any = None, **headers: str) -> Reply:
        """Complete the upload, which is to be read by the function."""
        reply = self.client.post(self.place, body or {}, **headers)
        assert (reply.status, reply.json) == (202, {"status": "processing"}), reply.json
        return reply

    def taken(self, holder: str = "killed") -> Lease:
        """Let a function begin to read, of which nothing is heard again."""
        lease = self.store.background_reads.take(self.address, self.id, holder)
        assert isinstance(lease, Lease)
        return lease


type Send = Callable[..., Upload]


@pytest.fixture(autouse=True)
def _previous_table(project: Client) -> None:
    """The project's table at version 1."""
    project.post(DATA, BEFORE)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set how many bytes a request reads itself: none, unless a test sets it."""
    set_limit = partial(monkeypatch.setattr, background_reads, "READ_AT_ONCE")
    set_limit(0)
    return set_limit


@pytest.fixture
def send(project: Client, store: Store, bucket_client: "S3Client") -> Send:
    """Send a file to the bucket."""
    return lambda *file: Upload(project, store, send_file(project, bucket_client, *file))


@pytest.fixture
def run(reader: Reader, store: Store) -> Callable[[], None]:
    """Run the function with each event that it was invoked with."""
    return partial(reader.run, store)


@pytest.fixture
def interrupted(bucket_client: "S3Client") -> Callable[..., Any]:
    """Do something when the function knows what it is to do, and begins to read the file."""

    @contextmanager
    def interrupted_once(act: Callable[[], object]) -> Iterator[None]:
        left = [act]

        def interrupt(params: dict[str, Any], **_: Any) -> None:
            if left and params["Key"].startswith("uploads/") and not params["Key"].endswith(".json"):
                left.pop()()

        bucket_client.meta.events.register("before-parameter-build.s3.GetObject", interrupt)
        try:
            yield
        finally:
            bucket_client.meta.events.unregister("before-parameter-build.s3.GetObject", interrupt)
        assert not left

    return interrupted_once


@contextmanager
def stored_in(client: "S3Client") -> Iterator[list[str]]:
    """Collect the keys of objects that are stored."""
    stored: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        stored.append(params["Key"])

    client.meta.events.register("provide-client-params.s3.PutObject", note)
    try:
        yield stored
    finally:
        client.meta.events.unregister("provide-client-params.s3.PutObject", note)


def test_a_large_file_is_read_while_nobody_waits(
    project: Client, send: Send, reader: Reader, run: Callable[[], None]
) -> None:
    """The request is a 202 that says where to ask; the old table is served until the new one is whole."""
    upload = send(CSV)
    assert upload.state == {"status": "waiting", "bytesRead": 0, "bytes": len(CSV)}
    reply = upload.begin({"analysis": {"mean": 0.25}})
    assert (reply.headers["location"], reply.headers["retry-after"]) == (upload.url, "1")
    asked = project.get(upload.url)
    assert asked.json == {"status": "processing", "bytesRead": 0, "bytes": len(CSV)}
    assert asked.headers["retry-after"] == "1"
    assert project.get(DATA).json["rawData"] == BEFORE["rawData"]
    assert reader.events == [upload.event]
    run()
    asked = project.get(upload.url)
    assert asked.json == {"status": "done", "bytesRead": len(CSV), "bytes": len(CSV), "version": 2}
    assert "retry-after" not in asked.headers
    loaded = project.get(DATA).json
    assert (loaded["rawData"], loaded["analysis"], loaded["version"]) == (ROWS, {"mean": 0.25}, 2)
    again = project.post(upload.place, {"analysis": {"mean": 0.25}})
    assert (again.status, again.json["version"], again.json["dataSchema"]) == (200, 2, loaded["dataSchema"])


@pytest.mark.parametrize(("size", "status"), [(READ_AT_ONCE, 201), (READ_AT_ONCE + 1, 202)])
def test_a_small_file_is_read_at_once(
    project: Client, send: Send, at_once: Callable[[int], None], size: int, status: int
) -> None:
    """A file of at most 5,000,000 bytes is read by the request itself."""
    at_once(READ_AT_ONCE)
    content = b"a\n" + b"".join(b"x" * 999_999 + b"\n" for _ in range(6))
    assert project.post(send(content[: size - 1] + b"\n").place, {}).status == status


@pytest.mark.parametrize(
    ("content", "media_type", "tag", "code"),
    [
        pytest.param(b"a,b\n1,2\n3\n", "text/csv", '"1"', "invalid-data", id="a short row"),
        pytest.param(b"a;b,c\n1;2,3,4\n5;6;7\n", "text/csv", '"1"', "invalid-data", id="no delimiter fits"),
        pytest.param(b"a\n<script>\n", "text/csv", '"1"', "unsafe-text", id="a script"),
        pytest.param(b'[{"a": 1}, {"a": ', "application/json", '"1"', "invalid-data", id="a truncated file"),
        pytest.param(CSV, "text/csv", '"7"', "version-conflict", id="a stale version"),
    ],
)
def test_the_problem_is_that_of_a_request(
    request: pytest.FixtureRequest, content: bytes, media_type: str, tag: str, code: str
) -> None:
    """A file that cannot be stored fails with the very problem that a request would have answered; nothing changes."""
    send: Send = request.getfixturevalue("send")
    upload = send(content, media_type)
    upload.begin(if_match=tag)
    request.getfixturevalue("run")()
    failed = upload.state
    assert (failed["status"], failed["problem"].pop("instance")) == ("failed", "read-1")
    request.getfixturevalue("at_once")(READ_AT_ONCE)
    answered = upload.client.post(send(content, media_type).place, {}, if_match=tag)
    assert (answered.code, answered.problem) == (code, failed["problem"])
    assert upload.client.get(DATA).json["rawData"] == BEFORE["rawData"]


def test_a_failed_upload_may_be_completed_otherwise(project: Client, send: Send, run: Callable[[], None]) -> None:
    """What failed may be completed again with a delimiter, without sending the file again."""
    content = b"name;note\nx;a\ny;a;b\n"
    upload = send(content)
    upload.begin()
    run()
    assert upload.state["status"] == "failed"
    upload.begin({"delimiter": ","})
    assert upload.state == {"status": "processing", "bytesRead": 0, "bytes": len(content)}
    run()
    assert upload.state["status"] == "done"
    assert project.get(DATA).json["rawData"] == [{"name;note": "x;a"}, {"name;note": "y;a;b"}]


def test_a_repeated_completion_starts_nothing(project: Client, send: Send, reader: Reader) -> None:
    """While a function reads, the same completion is 202 again and has no effect; one with another body is 422."""
    upload = send(CSV)
    upload.begin()
    upload.taken()
    reader.events.clear()
    upload.begin()
    other = project.post(upload.place, {"delimiter": ";"})
    assert (other.status, other.code) == (422, "invalid-data")
    assert reader.events == []
    assert upload.state["status"] == "processing"


def test_a_refused_completion_changes_nothing(project: Client, send: Send, run: Callable[[], None]) -> None:
    """A completion that is refused because another one is processed does not change how that one reads the file."""
    upload = send(b"name;note\nx;a\n")
    upload.begin({"analysis": {"of": "the first"}})
    assert project.post(upload.place, {"delimiter": ",", "analysis": {"of": "the second"}}).status == 422
    run()
    loaded = project.get(DATA).json
    assert (loaded["rawData"], loaded["analysis"]) == ([{"name": "x", "note": "a"}], {"of": "the first"})


def test_two_functions_do_not_read_one_file(
    send: Send, run: Callable[[], None], store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second function waits once until the first one's lease would lapse, and leaves if that is alive."""
    upload = send(CSV)
    upload.begin()
    first = upload.taken("first")
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        store.background_reads.renew(first, 10)
        waited.append(seconds)
        clock.advance(seconds=seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    clock.advance(seconds=10)
    run()
    assert waited == [pytest.approx(LEASE.total_seconds() - 10, abs=0.2)]
    assert upload.state == {"status": "processing", "bytesRead": 10, "bytes": len(CSV)}


def test_a_killed_function_is_followed_by_another(
    send: Send, run: Callable[[], None], store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a killed function's lease has lapsed, the next one reads, and nothing that the first does counts."""
    upload = send(CSV)
    upload.begin()
    killed = upload.taken()
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.advance(seconds=seconds))
    run()
    assert upload.state["version"] == 2
    for late in (store.background_reads.renew, store.background_reads.finish):
        with pytest.raises(LeaseLost):
            late(killed, 3)
    with pytest.raises(LeaseLost):
        store.background_reads.fail(killed, "{}")
    assert upload.state["version"] == 2


def test_an_overtaken_function_writes_nothing(
    send: Send, interrupted: Callable[..., Any], database: Tapped, store: Store, clock: Clock
) -> None:
    """A function that was frozen while another one read, and a newer table came, does not bring the old one back."""
    upload = send(CSV)
    upload.begin()
    impatient = Store(store.settings, Items(database, TABLE, pause=lambda _: None), store.bucket, clock)

    def overtake() -> None:
        clock.advance(seconds=LAPSED)
        read(upload.event, store, "second")
        upload.client.post(DATA, NEWER)

    with interrupted(overtake):
        read(upload.event, impatient, "first")
    assert upload.state["version"] == 2
    loaded = upload.client.get(DATA).json
    assert (loaded["version"], loaded["rawData"]) == (3, NEWER["rawData"])


def test_whoever_asks_for_a_lost_upload_has_it_read(
    send: Send, reader: Reader, run: Callable[[], None], clock: Clock
) -> None:
    """Three minutes after a lease has lapsed, the next request invokes another function, once; Lambda does before."""
    for ask in (lambda upload: upload.state, Upload.begin):
        upload = send(CSV)
        upload.begin()
        upload.taken()
        reader.events.clear()
        clock.advance(seconds=LAPSED)
        ask(upload)
        assert reader.events == []
        clock.advance(seconds=180)
        for _ in range(2):
            ask(upload)
            assert reader.events == [upload.event]
    run()
    assert upload.state["version"] == 2


def test_an_upload_fails_after_three_killed_functions(
    project: Client, send: Send, reader: Reader, run: Callable[[], None], clock: Clock
) -> None:
    """After the last try, an upload has failed, no other function reads it, and it may be completed once more."""
    upload = send(CSV)
    upload.begin()
    for number in range(MOST_TRIES):
        assert upload.state["status"] == "processing"
        upload.store.background_reads.renew(upload.taken(f"killed-{number}"), 10)
        clock.advance(seconds=LAPSED)
    failed = upload.state
    assert failed["status"] == "failed"
    assert (failed["problem"]["type"], failed["problem"]["status"]) == ("urn:problem:internal-error", 500)
    assert failed["problem"].keys() == {"type", "title", "status", "detail", "instance"}
    run()
    assert (upload.state, reader.events) == (failed, [])
    assert project.get(DATA).json["version"] == 1
    upload.begin()
    assert upload.state == {"status": "processing", "bytesRead": 0, "bytes": len(CSV)}
    run()
    assert upload.state["version"] == 2


def test_storage_that_is_out_of_reach_is_tried_again(
    project: Client, send: Send, bucket_client: "S3Client", store: Store
) -> None:
    """A fault of the storage fails the invocation, so that Lambda repeats it; the last try ends with its problem."""
    upload = send(CSV)
    upload.begin()
    for number in range(MOST_TRIES):
        assert upload.state["status"] == "processing"
        with injected_in_bucket(bucket_client, OUT_OF_REACH), pytest.raises(StorageUnavailable):
            read(upload.event, store, f"read-{number}")
    failed = upload.state
    assert (failed["status"], failed["problem"]["type"]) == ("failed", "urn:problem:storage-unavailable")
    read(upload.event, store)
    assert project.get(DATA).json["version"] == 1


def test_a_passing_fault_is_not_seen(
    send: Send, bucket_client: "S3Client", run: Callable[[], None], store: Store
) -> None:
    """After a fault, the next try reads at once, without waiting for a lease."""
    upload = send(CSV)
    upload.begin()
    with injected_in_bucket(bucket_client, OUT_OF_REACH), suppress(StorageUnavailable):
        read(upload.event, store)
    run()
    assert upload.state["version"] == 2


def test_an_unexpected_error_shows_no_details(send: Send, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error fails the invocation, and in the end the upload, with `internal-error`."""

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a secret")

    upload = send(CSV)
    upload.begin()
    monkeypatch.setattr(read_upload, "read_uploaded", fail)
    for _ in range(MOST_TRIES):
        with pytest.raises(ZeroDivisionError):
            read(upload.event, store)
    failed = upload.state
    assert failed["problem"]["type"] == "urn:problem:internal-error"
    assert "secret" not in json.dumps(failed)


def test_a_function_gives_up_before_it_is_killed(
    send: Send, run: Callable[[], None], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that runs out of time gives its lease back, so that the next one need not wait."""

    def read_for_ever(*_: Any) -> None:
        began = time.monotonic()
        while time.monotonic() - began < 5:
            pass

    watchdog.prepare()
    upload = send(CSV)
    upload.begin()
    with monkeypatch.context() as patch:
        patch.setattr(read_upload, "read_uploaded", read_for_ever)
        with pytest.raises(watchdog.OutOfTime):
            read_upload.process(upload.event, "read-1", store, lambda: watchdog.ANSWER_SECONDS + 0.1)
    run()
    assert upload.state["version"] == 2


@pytest.fixture
def beats(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes were read at each beat; a beat comes every few milliseconds, and the function waits for it."""
    reads, shown = store.background_reads, list[int]()
    renew = reads.renew
    has_beaten = threading.Event()

    def beat(lease: Lease, bytes_read: int) -> None:
        shown.append(bytes_read)
        try:
            renew(lease, bytes_read)
        finally:
            has_beaten.set()

    def read_slowly(file: Any, completion: Any, settings: Settings, progress: Callable[[float], None]) -> Any:
        def report(share: float) -> None:
            # What the beat before has found is known when the next one ends.
            for _ in range(2):
                has_beaten.clear()
                has_beaten.wait(1)
                progress(share)

        return read_uploaded(file, completion, settings, report)

    monkeypatch.setattr(read_upload, "FIRST_BEAT_SECONDS", 0.005)
    monkeypatch.setattr(read_upload, "BEAT_SECONDS", 0.005)
    monkeypatch.setattr(reads, "renew", beat)
    monkeypatch.setattr(read_upload, "read_uploaded", read_slowly)
    return shown


def test_progress_is_shown_while_it_reads(send: Send, run: Callable[[], None], beats: list[int]) -> None:
    """Each beat shows how many bytes were read so far."""
    upload = send(LONG)
    upload.begin()
    run()
    assert upload.state["version"] == 2
    assert beats == sorted(beats)
    assert len(set(beats)) > 2
    assert 0 < beats[-1] <= len(LONG)


def test_a_beat_that_fails_is_followed_by_another(
    send: Send, run: Callable[[], None], store: Store, beats: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database is out of reach for a beat, the function reads on, and the next beat shows its progress."""
    beat = store.background_reads.renew

    def fail_first(*_: Any) -> None:
        monkeypatch.setattr(store.background_reads, "renew", beat)
        raise StorageUnavailable("injected")

    upload = send(LONG)
    upload.begin()
    monkeypatch.setattr(store.background_reads, "renew", fail_first)
    run()
    assert upload.state["version"] == 2
    assert beats


def test_a_beat_keeps_the_lease(send: Send, store: Store, clock: Clock) -> None:
    """A function that renews its lease in time keeps it, however long it reads."""
    upload = send(CSV)
    upload.begin()
    lease = upload.taken("first")
    for _ in range(3):
        clock.advance(seconds=LEASE.total_seconds() - 1)
        store.background_reads.renew(lease, 10)
    found = store.background_reads.take(lease.address, lease.upload_id, "second")
    assert found == LEASE.total_seconds()


def test_a_function_whose_lease_is_lost_stops_reading(
    request: pytest.FixtureRequest, send: Send, bucket_client: "S3Client", beats: list[int], clock: Clock
) -> None:
    """A function that learns from a beat that another one reads stops, and stores nothing more."""
    upload = send(LONG)
    upload.begin()

    def overtake() -> None:
        lease: Lease | float = 1.0
        while not isinstance(lease, Lease):
            # A beat may come in between.
            clock.advance(seconds=LAPSED)
            lease = upload.store.background_reads.take(upload.address, upload.id, "second")

    with stored_in(bucket_client) as stored, request.getfixturevalue("interrupted")(overtake):
        request.getfixturevalue("run")()
    assert (stored, beats[-1]) == ([], 0)
    assert upload.state["status"] == "processing"
    assert upload.client.get(DATA).json["version"] == 1


def test_a_deleted_project_gets_no_table(
    project: Client, send: Send, run: Callable[[], None], interrupted: Callable[..., Any]
) -> None:
    """A project that is deleted while its file is read stays as it was, also when it is restored; the upload failed."""
    upload = send(CSV)
    upload.begin()
    with interrupted(lambda: project.delete("/api/projects/p")):
        run()
    assert project.get(upload.url).status == 404
    project.post("/api/projects/p/restore", None)
    assert project.get(DATA).json["rawData"] == BEFORE["rawData"]
    failed = upload.state
    assert (failed["status"], failed["problem"]["type"]) == ("failed", "urn:problem:not-found")


def test_a_table_that_comes_meanwhile_is_a_conflict(
    project: Client, send: Send, run: Callable[[], None], interrupted: Callable[..., Any]
) -> None:
    """An upload with If-Match fails if another table comes while it is read, with all that a 412 has."""
    upload = send(CSV)
    upload.begin(if_match='"1"')
    with interrupted(lambda: project.post(DATA, NEWER)):
        run()
    problem = upload.state["problem"]
    assert problem["type"] == "urn:problem:version-conflict"
    assert (problem["currentVersion"], problem["baseVersion"]) == (2, 1)
    assert project.get(DATA).json["rawData"] == NEWER["rawData"]


def test_without_a_precondition_it_is_the_next_version(
    project: Client, send: Send, run: Callable[[], None], interrupted: Callable[..., Any]
) -> None:
    """An upload without If-Match is the version after a table that comes while it is read."""
    upload = send(CSV)
    upload.begin()
    with interrupted(lambda: project.post(DATA, NEWER)):
        run()
    assert upload.state["version"] == 3
    assert project.get(DATA).json["rawData"] == ROWS


def test_the_newest_table_again_is_done(project: Client, send: Send, run: Callable[[], None]) -> None:
    """A file that is the newest table already is done with that version, and makes no other."""
    uploads = [send(CSV), send(CSV)]
    for upload in uploads:
        upload.begin()
    run()
    assert [upload.state["version"] for upload in uploads] == [2, 2]
    assert project.get(DATA).json["version"] == 2


def test_downloads_are_there_when_it_is_done(
    send: Send, bucket_client: "S3Client", connect: Callable[[Settings], None], settings: Settings, reader: Reader
) -> None:
    """Nobody waits for the first download of a large table: its copies as JSON and CSV were written with it."""
    connect(replace(settings, max_raw_data_bytes=1))
    upload = send(CSV)
    upload.begin()
    reader.run(handler_module("ProjectDataFunction").app.store)
    with stored_in(bucket_client) as stored:
        urls = [
            upload.client.get(DATA).json["rawDataUrl"],
            upload.client.get(f"{DATA}?format=csv").headers["location"],
        ]
    assert stored == []
    for url in urls:
        bucket_client.head_object(Bucket=BUCKET, Key=key_of(url))


@pytest.mark.parametrize("is_file", [True, False], ids=["the file", "what to do"])
def test_what_is_gone_ends_with_a_problem(
    send: Send,
    bucket_client: "S3Client",
    run: Callable[[], None],
    is_file: bool,  # noqa: FBT001
) -> None:
    """If the bucket has removed the file, or what was asked, the upload has failed and says to send it again."""
    upload = send(CSV)
    upload.begin()
    file = keys.announced_file(upload.address, upload.id)
    for each in bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=file)["Contents"]:
        if (each["Key"] == file) == is_file:
            bucket_client.delete_object(Bucket=BUCKET, Key=each["Key"])
    run()
    failed = upload.state
    assert (failed["status"], failed["problem"]["type"]) == ("failed", "urn:problem:invalid-data")
    assert "Send the file" in failed["problem"]["errors"][0]["message"]


def test_a_function_that_cannot_be_invoked_is_503(
    project: Client, send: Send, reader: Reader, run: Callable[[], None]
) -> None:
    """If Lambda takes no invocation, the response is 503, and the same completion later has the file read."""
    upload = send(CSV)
    reader.fault = answers("TooManyRequestsException", 429)
    reply = project.post(upload.place, {})
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "storage-unavailable", "1")
    reader.fault = None
    upload.begin()
    run()
    assert upload.state["version"] == 2


def test_an_upload_is_known_for_a_day(project: Client, send: Send, run: Callable[[], None], clock: Clock) -> None:
    """An upload, also one that is done, is 404 after a day; its table stays."""
    upload = send(CSV)
    upload.begin()
    run()
    clock.advance(days=1)
    assert project.get(upload.url).status == 404
    assert project.get(DATA).json["version"] == 2


def test_a_stranger_sees_no_upload(send: Send) -> None:
    """Another user's upload is answered like a nonexistent one."""
    upload = send(CSV)
    upload.begin()
    stranger = Client("another-user")
    stranger.post("/api/projects", {"id": "p", "name": "P"})
    foreign, absent = stranger.get(upload.url), stranger.get(f"{DATA}/uploads/{'0' * 32}")
    assert (foreign.status, foreign.problem) == (404, absent.problem)


def test_the_function_reads_what_its_event_names(send: Send, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Lambda, the function takes its store from the environment and its time from the context."""
    upload = send(CSV)
    upload.begin()
    assert upload.event.keys() == json.loads((ROOT / "events" / "read_upload" / "large-file.json").read_text()).keys()
    monkeypatch.setattr(Store, "from_environment", lambda _: store)
    read_upload._store.cache_clear()  # noqa: SLF001 - or it would be another test's
    read_upload.handler(upload.event, CONTEXT)
    read_upload._store.cache_clear()  # noqa: SLF001 - the same
    assert upload.state["version"] == 2


@pytest.fixture
def long_downloads(
    connect: Callable[[Settings], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Let every table be downloaded, and take too long to be written by a request; set how much an item holds."""
    monkeypatch.setattr(data_view, "WRITTEN_AT_ONCE", 1)

    def set_limits(most_inline: int) -> None:
        connect(replace(settings, max_raw_data_bytes=1, max_inline_table_bytes=most_inline))

    set_limits(settings.max_inline_table_bytes)
    return set_limits


@pytest.mark.usefixtures("long_downloads")
def test_a_long_download_is_prepared_while_nobody_waits(
    project: Client, reader: Reader, run: Callable[[], None], bucket_client: "S3Client"
) -> None:
    """Until the copy of a large table is there, its readers are asked to come again, and one function writes it."""
    urls = (DATA, f"{DATA}?format=csv", f"{DATA}/versions/1?format=csv&safe=true")
    # The second time, after the bucket has removed the copies.
    for _ in range(2):
        for url in urls:
            for _ in range(2):
                waiting = project.get(url)
                assert (waiting.status, waiting.code, waiting.headers["retry-after"]) == (
                    503,
                    "storage-unavailable",
                    "5",
                )
            assert len(reader.events) == 1
            run()
            assert project.get(url).status in {200, 302}
        for found in bucket_client.list_objects_v2(Bucket=BUCKET, Prefix="downloads/")["Contents"]:
            bucket_client.delete_object(Bucket=BUCKET, Key=found["Key"])


@pytest.mark.usefixtures("long_downloads")
def test_a_long_download_is_of_the_version_that_was_asked_for(
    project: Client, reader: Reader, run: Callable[[], None], bucket_client: "S3Client"
) -> None:
    """A newer table that comes while a copy is being written does not get into it."""
    assert project.get(f"{DATA}?format=csv").status == 503
    project.post(DATA, NEWER)
    run()
    location = project.get(f"{DATA}/versions/1?format=csv").headers["location"]
    copy = bucket_client.get_object(Bucket=BUCKET, Key=key_of(location))["Body"].read()
    assert gzip.decompress(copy) == b"a\r\n1\r\n"
    assert project.get(f"{DATA}?format=csv").status == 503
    assert len(reader.events) == 1


def test_a_long_download_of_lost_rows_is_gone(
    project: Client, long_downloads: Callable[..., None], reader: Reader, bucket_client: "S3Client"
) -> None:
    """Nobody is asked to wait for a table whose rows no longer exist."""
    long_downloads(1)
    project.post(DATA, NEWER)
    for found in bucket_client.list_objects_v2(Bucket=BUCKET, Prefix="tables/")["Contents"]:
        bucket_client.delete_object(Bucket=BUCKET, Key=found["Key"])
    assert [project.get(url).status for url in (DATA, f"{DATA}?format=csv")] == [410, 410]
    assert reader.events == []
