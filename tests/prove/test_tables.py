"""Tables of 100 MB on the local stack: read in bounded memory with progress, once and whole, or refused soon."""

import csv
import io
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from prove.deployed import memory_size
from prove.tables import GERMAN, OVERSIZED, SHAPES
from support.inputs.table_cases import CASES, Case, texts
from support.project.figures import keep
from support.project.template import ROOT
from support.running.local_stack import LocalStack

from dashboard_store.documents.dataset.csv_text import csv_rows
from dashboard_store.documents.dataset.upload import SentFile, read_completion, read_uploaded
from dashboard_store.settings import Settings

READER: Final = "ReadUploadFunction"
MOST_MEGABYTES: Final = 0.6 * memory_size(READER)
SECONDS_TO_REFUSE: Final = 5
PATIENCE: Final = 300
"""Seconds that a reader may take, and another one after it was killed."""
GERMAN_BYTES: Final = 20_000_000
DATA: Final = "/api/projects/p/data"
DUCKDB: Final = ROOT / ".venv-duckdb" / "bin" / "python"
"""`make prove` installs it."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    stack = LocalStack(tmp_path_factory.mktemp("tables") / "state").start()
    yield stack
    stack.kill()


@pytest.fixture
def client(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A new user, who has a project."""
    with stack.client(request.node.name) as client:
        client.timeout = httpx.Timeout(PATIENCE)
        client.post("/api/projects", json={"id": "p", "name": "P"}).raise_for_status()
        yield client


@pytest.fixture
def reader(stack: LocalStack) -> "Reader":
    return Reader(stack)


class Reader:
    """The processes that run the function, of which there may be none yet."""

    def __init__(self, stack: LocalStack) -> None:
        self._state = str(stack.state)
        self._seconds = self._used()
        for process in self._processes():
            # Forgets the peak: https://www.kernel.org/doc/html/latest/filesystems/proc.html
            (process / "clear_refs").write_text("5")

    @property
    def megabytes(self) -> float:
        """The peak of the largest one's memory."""
        shown = [(process / "status").read_text() for process in self._processes()]
        return max(int(status.partition("VmHWM:")[2].split()[0]) / 1_024 for status in shown)

    @property
    def seconds(self) -> float:
        """The CPU time that they took since this was made."""
        return self._used() - self._seconds

    def _used(self) -> float:
        shown = [(process / "stat").read_text().rpartition(")")[2].split() for process in self._processes()]
        return sum(int(user) + int(system) for *_, user, system in (each[:13] for each in shown)) / os.sysconf(
            "SC_CLK_TCK"
        )

    def _processes(self) -> list[Path]:
        return [process for process in Path("/proc").glob("[0-9]*") if self._is_one(process)]

    def _is_one(self, process: Path) -> bool:
        try:
            command = (process / "cmdline").read_text()
        except OSError:
            return False
        return READER in command and self._state in command


@dataclass
class Followed:
    """What the client saw of a table's reading: the last status, the seconds, and how much was read meanwhile."""

    status: dict[str, Any]
    seconds: float
    read: list[int] = field(default_factory=list)


def send(client: httpx.Client, path: Path, media_type: str = "text/csv") -> str:
    """Send a file; return the path of its upload."""
    form = {"fileName": path.name, "contentType": media_type, "bytes": path.stat().st_size}
    announced = client.post(f"{DATA}/uploads", json=form).raise_for_status().json()
    with path.open("rb") as file:
        httpx.post(
            announced["url"], data=announced["fields"], files={"file": file}, timeout=PATIENCE
        ).raise_for_status()
    return f"{DATA}/uploads/{announced['uploadId']}"


def complete(client: httpx.Client, upload: str) -> None:
    answer = client.post(f"{upload}/complete", json={})
    assert (answer.status_code, answer.json()) == (202, {"status": "processing"})
    assert (answer.headers["Location"], answer.headers["Retry-After"]) == (upload, "1")


def follow(client: httpx.Client, upload: str, seen: Callable[[dict[str, Any]], None] = lambda _: None) -> Followed:
    """Ask until the table is read or refused."""
    began, read = time.monotonic(), list[int]()
    while time.monotonic() < began + PATIENCE:
        status = client.get(upload).raise_for_status().json()
        read.append(status["bytesRead"])
        if status["status"] in {"done", "failed"}:
            return Followed(status, time.monotonic() - began, read)
        seen(status)
        time.sleep(0.2)
    raise AssertionError(f"The reader has not ended: {status}")


def timed(call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began


def download(url: str, path: Path) -> None:
    with httpx.stream("GET", url, timeout=PATIENCE) as answer, path.open("wb") as file:
        answer.raise_for_status()
        for block in answer.iter_bytes():
            file.write(block)


def require_equal(one: Path, other: Path, delimiter: str = ",") -> None:
    """Compare a file with its download, which has commas, cell by cell; an empty line is an empty cell."""
    with one.open(newline="") as first, other.open(newline="") as second:
        pairs = zip_longest(csv.reader(first, delimiter=delimiter), csv.reader(second), fillvalue=["no row"])
        assert next((pair for pair in pairs if (pair[0] or [""]) != (pair[1] or [""])), None) is None


@pytest.mark.parametrize("name", SHAPES)
def test_a_table_of_100_mb_is_read(client: httpx.Client, reader: Reader, tmp_path: Path, name: str) -> None:
    """A table of any shape is read within the function's time and 0.6 of its memory, with progress, and comes back."""
    path = tmp_path / "t.csv"
    rows = SHAPES[name].write(path)
    upload = send(client, path)
    complete(client, upload)
    followed = follow(client, upload)
    assert followed.status["status"] == "done", followed.status
    progress = [each for each in dict.fromkeys(followed.read) if 0 < each < path.stat().st_size]
    assert progress
    assert all(before <= after for before, after in pairwise(followed.read))
    shown, csv_seconds = timed(lambda: client.get(f"{DATA}?format=csv"))
    loaded, json_seconds = timed(lambda: client.get(DATA))
    megabytes = reader.megabytes
    keep(
        {
            f"{name}, {rows:,} rows": f"{followed.seconds:.0f} s, {megabytes:.0f} MB, {len(progress)} values of "
            f"progress, first ?format=csv {csv_seconds * 1_000:.0f} ms, first rawDataUrl {json_seconds * 1_000:.0f} ms"
        }
    )
    assert loaded.json()["dataSchema"]["rowCount"] == rows
    assert loaded.json()["rawDataUrl"]
    download(shown.headers["Location"], tmp_path / "again.csv")
    require_equal(path, tmp_path / "again.csv")
    assert megabytes <= MOST_MEGABYTES


def test_a_killed_reader_leaves_one_version_or_none(client: httpx.Client, stack: LocalStack, tmp_path: Path) -> None:
    """After a SIGKILL in the middle, another reader follows: the table is there once and whole, or it has failed."""
    path = tmp_path / "t.csv"
    SHAPES["narrow"].write(path)
    upload, killed = send(client, path), list[int]()
    complete(client, upload)

    def kill_once(status: dict[str, Any]) -> None:
        if status["bytesRead"] > path.stat().st_size // 4 and not killed:
            killed.append(stack.kill_workers(READER))

    followed = follow(client, upload, kill_once)
    assert killed[0] > 0
    versions = client.get(f"{DATA}/versions").json()["versions"]
    outcome = followed.status["status"]
    assert [version["version"] for version in versions] == ([1] if outcome == "done" else [])
    keep({"a reader killed in the middle": f"{outcome} after {followed.seconds:.0f} s, {len(versions)} version"})
    if outcome == "done":
        download(client.get(f"{DATA}?format=csv").headers["Location"], tmp_path / "again.csv")
        require_equal(path, tmp_path / "again.csv")


@pytest.mark.parametrize("name", OVERSIZED)
def test_a_file_over_a_limit_is_refused_soon(client: httpx.Client, reader: Reader, tmp_path: Path, name: str) -> None:
    """What exceeds a limit is refused within 5 s of CPU and 0.6 of the memory, and stores nothing."""
    path = tmp_path / "t"
    OVERSIZED[name].write(path)
    upload = send(client, path, OVERSIZED[name].media_type)
    complete(client, upload)
    followed = follow(client, upload)
    problem = followed.status["problem"]
    seconds, megabytes = reader.seconds, reader.megabytes
    keep({name: f"refused in {followed.seconds:.1f} s ({seconds:.1f} s of CPU), {megabytes:.0f} MB"})
    assert (followed.status["status"], problem["type"], problem["status"]) == (
        "failed",
        "urn:problem:invalid-data",
        422,
    )
    assert OVERSIZED[name].message in problem["errors"][0]["message"]
    assert client.get(f"{DATA}/versions").json()["versions"] == []
    assert seconds <= SECONDS_TO_REFUSE
    assert megabytes <= MOST_MEGABYTES


def test_an_old_version_keeps_its_reading(client: httpx.Client, tmp_path: Path) -> None:
    """After a schema change of a large table, the old version has the old values, and both have the file's texts."""
    path = tmp_path / "t.csv"
    rows = GERMAN.write(path, GERMAN_BYTES)
    upload = send(client, path)
    complete(client, upload)
    assert follow(client, upload).status["version"] == 1
    loaded = client.get(f"{DATA}?include=dataSchema")
    columns = {note["column"]: note["readings"][0] for note in loaded.json()["dataSchema"]["notes"]}
    answer = client.put(f"{DATA}/schema", json={"columns": columns}, headers={"If-Match": loaded.headers["ETag"]})
    assert answer.status_code == 202
    followed = follow(client, answer.headers["Location"])
    assert followed.status["version"] == 2, followed.status
    with path.open() as lines:
        amount, day, number = list(lines)[rows].rstrip().split(";")
    page = f"rows={rows - 1}-{rows - 1}"
    old, new = (client.get(f"{DATA}/versions/{version}?{page}").json()["rawData"] for version in (1, 2))
    assert old == [{"Umsatz": amount, "Tag": day, "id": int(number)}]
    value = float(amount.replace(".", "").replace(",", "."))
    assert new == [{"Umsatz": value, "Tag": "-".join(reversed(day.split("."))), "id": int(number)}]
    for version in (1, 2):
        download(client.get(f"{DATA}/versions/{version}?format=csv").headers["Location"], tmp_path / "again.csv")
        require_equal(path, tmp_path / "again.csv", ";")
    keep({f"a schema change of {rows:,} rows": f"{followed.seconds:.0f} s; the old version reads as before"})


def test_another_reader_finds_every_cell(tmp_path: Path) -> None:
    """What is downloaded as CSV has, as DuckDB reads it, the cells of the upload as the standard library reads them."""
    settings, right = Settings("unused"), dict[str, list[list[str]]]()
    for number, (case, cells) in enumerate([*accepted_cases(), *real_tables()]):
        completion = read_completion({"delimiter": case.given} if case.given else {}, settings)
        upload = read_uploaded(SentFile("t.csv", "text/csv", io.BytesIO(case.content)), completion, settings)
        with (tmp_path / str(number)).open("wb") as file:
            file.writelines(csv_rows(io.BytesIO(upload.content.stored), upload.schema["columnNames"]))
        right[str(number)] = cells
    shown = subprocess.run(  # noqa: S603 - this folder's program
        [DUCKDB, ROOT / "tests" / "prove" / "duckdb_tables.py", tmp_path], check=True, capture_output=True, text=True
    )
    found = json.loads(shown.stdout)
    assert {name: cells for name, cells in right.items() if found[name] != cells} == {}
    keep({"tables equal as DuckDB reads them": len(right), "their cells": sum(map(size, right.values()))})


def accepted_cases() -> Iterator[tuple[Case, list[list[str]]]]:
    for case in CASES:
        if not case.is_refused:
            yield case, texts(case)


def real_tables() -> Iterator[tuple[Case, list[list[str]]]]:
    for path in sorted((ROOT / "tests" / "node_modules" / "vega-datasets" / "data").glob("*.[ct]sv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            cells = list(csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ","))
        yield Case(path.name, path.read_bytes()), cells


def size(cells: list[list[str]]) -> int:
    return sum(map(len, cells))
