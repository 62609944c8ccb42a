"""What a table is read as: rows in an answer, or a file that the bucket serves."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from dashboard_store.documents.dataset.storage_format import csv_rows, download, json_rows
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.datasets import DatasetVersion
from dashboard_store.repository.keys import ProjectKey

DOWNLOADABLE: Final = timedelta(minutes=5)
# The bucket's lifecycle removes downloads after a day; one that is served is far from its end.
RENEWAL: Final = timedelta(hours=12)
CSV: Final = "text/csv; charset=utf-8"


class Downloads:
    def __init__(self, objects: Bucket, now: Callable[[], datetime]) -> None:
        self._objects = objects
        self._now = now

    def json_rows(self, stored: DatasetVersion) -> bytes:
        """Write a table's rows as the JSON that answers show."""
        return b"".join(json_rows(self._content(stored)))

    def csv_rows(self, stored: DatasetVersion) -> bytes:
        """Write a table as CSV."""
        return b"".join(csv_rows(self._content(stored), stored.schema["columnNames"]))

    def json_url(self, key: ProjectKey, stored: DatasetVersion) -> str:
        """Make the address, good for DOWNLOADABLE, where a table's rows can be had as gzip-encoded JSON."""
        return self._url(key, stored, "json", "application/json", lambda: json_rows(self._content(stored)))

    def csv_url(self, key: ProjectKey, stored: DatasetVersion) -> str:
        """Make the address, good for DOWNLOADABLE, where a table can be had as gzip-encoded CSV."""
        names = stored.schema["columnNames"]
        return self._url(key, stored, "csv", CSV, lambda: csv_rows(self._content(stored), names))

    def _url(
        self, key: ProjectKey, stored: DatasetVersion, suffix: str, media_type: str, rows: Callable[[], Iterable[bytes]]
    ) -> str:
        """Serve a copy in another form, made for the first download and again when the bucket is about to drop it."""
        place = f"downloads/{key.folder}/{stored.item['digest'].hex()}.{suffix}"
        there = self._objects.describe(place)
        if there is None or self._now() - there.modified_at > RENEWAL:
            self._objects.put(place, download(rows()), media_type)
        seconds = int(DOWNLOADABLE.total_seconds())
        return self._objects.download_url(place, seconds, attachment(stored.schema["fileName"], suffix))

    def _content(self, stored: DatasetVersion) -> io.BytesIO:
        item = stored.item
        return io.BytesIO(item["columns"] if "columns" in item else self._objects.get(item["object"]))


def attachment(file_name: str, suffix: str) -> str:
    """Make the Content-Disposition (RFC 6266, section 4.3) under which a browser saves a table."""
    stem = file_name.rpartition(".")[0] or file_name
    return f"attachment; filename*=UTF-8''{quote(f'{stem}.{suffix}', safe='')}"
