"""Send a CSV file of 100 MB through a local stack: announce, send, complete, download and compare it.

Prints the duration of each step and the peak memory of the function's process, beside its memory in template.yaml.
"""

import argparse
import csv
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from support.project.template import functions
from support.running.local_stack import LocalStack

from benchmarks.large_table import write_table

FUNCTION = "ReadUploadFunction"


def send(client: httpx.Client, path: Path) -> Any:  # noqa: ANN401 - rows
    """Upload a file and return its downloaded rows."""
    data = "/api/projects/large/data"
    client.post("/api/projects", json={"id": "large", "name": "Large"}).raise_for_status()
    form = {"fileName": path.name, "contentType": "text/csv", "bytes": path.stat().st_size}
    announced = client.post(f"{data}/uploads", json=form).raise_for_status().json()
    with path.open("rb") as file, _timed("send the form"):
        httpx.post(announced["url"], data=announced["fields"], files={"file": file}, timeout=120).raise_for_status()
    upload = f"{data}/uploads/{announced['uploadId']}"
    with _timed("complete"):
        client.post(f"{upload}/complete", json={}).raise_for_status()
        while client.get(upload).raise_for_status().json()["status"] == "processing":
            time.sleep(0.2)
    with _timed("load, first time"):
        client.get(data).raise_for_status()
    with _timed("load again"):
        loaded = client.get(data).raise_for_status().json()
    with _timed("download"):
        return httpx.get(loaded["rawDataUrl"], timeout=120).raise_for_status().json()


class _timed:  # noqa: N801 - used like a function
    def __init__(self, step: str) -> None:
        self._step = step

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        print(f"  {self._step:18} {time.perf_counter() - self._started:6.1f} s", flush=True)


def peak_megabytes(state: Path) -> float:
    """Return the peak memory of the function's processes (Linux: VmHWM in /proc/<pid>/status)."""
    peaks = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text()
            status = (process / "status").read_text()
        except OSError:
            continue
        if FUNCTION in command and str(state) in command:
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return max(peaks)


def digest(rows: Iterable[Iterable[str]]) -> str:
    found = hashlib.sha256()
    for row in rows:
        found.update("\x1f".join(row).encode() + b"\n")
    return found.hexdigest()


def texts(row: dict[str, Any], header: list[str]) -> Iterable[str]:
    """Format a row's values as the CSV file does."""
    for name in header:
        value = row[name]
        if value is None:
            yield ""
        elif name == "price":
            yield f"{value:.2f}"
        else:
            yield value if isinstance(value, str) else json.dumps(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000_000)
    options = parser.parse_args()
    given = functions()[FUNCTION]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        rows = write_table(path, options.size)
        print(f"{path.stat().st_size:,} bytes, {rows:,} rows, through {FUNCTION}")
        stack = LocalStack(Path(folder) / "state").start()
        try:
            with stack.client("large") as client:
                client.timeout = httpx.Timeout(120)
                loaded = send(client, path)
            print(f"  {'peak memory':18} {peak_megabytes(stack.state):6.0f} MB of {given['MemorySize']}")
            print(f"  {'time limit':18} {given['Timeout']:6} s")
        finally:
            stack.stop()
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            header = next(reader)
            equal = digest(reader) == digest(texts(row, header) for row in loaded)
    sys.exit(0 if equal and len(loaded) == rows else "The downloaded table differs from the file.")


if __name__ == "__main__":
    main()
