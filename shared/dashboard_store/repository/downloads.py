"""Reading the rows of a table: for a response, or for a download from the bucket."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard_store.documents.dataset.storage_format import csv_rows, download, json_rows
from dashboard_store.errors import Gone
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.datasets import DatasetVersion


@dataclass(frozen=True, slots=True)
class DownloadFormat:
    """The format of a download: `suffix` ends its key, `media_type` and `disposition` are headers of its response."""

    suffix: str
    media_type: str
    disposition: str


class Downloads:
    def __init__(self, bucket: Bucket, now: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._now = now

    def json_rows(self, dataset: DatasetVersion) -> bytes:
        """Write a table's rows as the JSON that responses show."""
        return b"".join(json_rows(self._content(dataset)))

    def csv_rows(self, dataset: DatasetVersion) -> bytes:
        """Write a table as CSV."""
        return b"".join(csv_rows(self._content(dataset), dataset.schema["columnNames"]))

    def json_url(self, address: ProjectAddress, dataset: DatasetVersion, form: DownloadFormat) -> str:
        """Return a URL, valid for `retention.DOWNLOADABLE`, that serves a table's rows as gzip-encoded JSON."""
        return self._url(address, dataset, form, lambda: json_rows(self._content(dataset)))

    def csv_url(self, address: ProjectAddress, dataset: DatasetVersion, form: DownloadFormat) -> str:
        """Return a URL, valid for `retention.DOWNLOADABLE`, that serves a table as gzip-encoded CSV."""
        names = dataset.schema["columnNames"]
        return self._url(address, dataset, form, lambda: csv_rows(self._content(dataset), names))

    def _url(
        self,
        address: ProjectAddress,
        dataset: DatasetVersion,
        form: DownloadFormat,
        rows: Callable[[], Iterable[bytes]],
    ) -> str:
        """Return the URL of a copy, written for the first download and again before the bucket removes it."""
        place = f"downloads/{keys.folder(address)}/{dataset.digest.hex()}.{form.suffix}"
        found = self._bucket.describe(place)
        if found is None or self._now() - found.modified_at > retention.DOWNLOAD_RENEWAL:
            self._bucket.put(place, download(rows()), form.media_type)
        return self._bucket.download_url(place, int(retention.DOWNLOADABLE.total_seconds()), form.disposition)

    def _content(self, dataset: DatasetVersion) -> io.BytesIO:
        item = dataset.item
        stored = item["columns"] if "columns" in item else self._bucket.get(item["object"])
        if stored is None:
            raise Gone(
                "The rows of this table no longer exist. Its schema and analysis do: request them with `include`. "
                "To have the rows again, upload the file again."
            )
        return io.BytesIO(stored)
