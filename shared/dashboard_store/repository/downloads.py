"""Reading the rows of a table: for a response, or for a download from the bucket."""

from collections.abc import Callable, Iterable
from datetime import datetime

from dashboard_store.documents.dataset.storage_format import (
    MEDIA_TYPES,
    RowsFormat,
    download,
    json_rows,
    rows_between,
)
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import served
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.datasets import DatasetVersion, require_rows, stored_rows


class Downloads:
    """Copies of tables in the bucket, by default in the folders of their projects."""

    def __init__(self, bucket: Bucket, now: Callable[[], datetime], folder: str = "") -> None:
        self._bucket = bucket
        self._now = now
        self.folder = folder

    def require_rows(self, dataset: DatasetVersion) -> None:
        """Raise Gone for a table whose rows were lost, without reading them; or StorageUnavailable."""
        require_rows(dataset, self._bucket)

    def rows(self, dataset: DatasetVersion, layout: RowsFormat) -> bytes:
        """Write a table's rows for a response. Raises Gone or StorageUnavailable."""
        return b"".join(self._written(dataset, layout))

    def page(self, dataset: DatasetVersion, first: int, last: int, limit: int) -> bytes:
        """Write the rows from one index to another as a JSON array, as many as fit into `limit` bytes.

        Raises Gone or StorageUnavailable.
        """
        shown: list[bytes] = []
        left = limit
        for row in rows_between(stored_rows(dataset, self._bucket), first, last):
            text = served(written(row))
            left -= len(text) + 1
            if left < 0:
                break
            shown.append(text)
        return b"[%b]" % b",".join(shown)

    def url(self, address: ProjectAddress, dataset: DatasetVersion, layout: RowsFormat, disposition: str) -> str:
        """Return a URL, valid for `retention.DOWNLOADABLE`, that serves a table's rows with gzip.

        It is that of a copy, written for the first download and again before the bucket removes it. `disposition` is
        the header Content-Disposition of the response.
        """
        if not self.is_prepared(address, dataset, layout):
            self.prepare(address, dataset, layout)
        place = self._place(address, dataset, layout)
        return self._bucket.download_url(place, int(retention.DOWNLOADABLE.total_seconds()), disposition)

    def is_prepared(self, address: ProjectAddress, dataset: DatasetVersion, layout: RowsFormat) -> bool:
        """Whether there is a copy that stays for as long as a URL is valid. Raises StorageUnavailable."""
        found = self._bucket.describe(self._place(address, dataset, layout))
        return found is not None and self._now() - found.modified_at <= retention.DOWNLOAD_RENEWAL

    def prepare(self, address: ProjectAddress, dataset: DatasetVersion, layout: RowsFormat) -> None:
        """Write the copy that a download serves. Raises Gone or StorageUnavailable."""
        copy = download(self._written(dataset, layout))
        self._bucket.put(self._place(address, dataset, layout), copy, MEDIA_TYPES[layout])

    def _written(self, dataset: DatasetVersion, layout: RowsFormat) -> Iterable[bytes]:
        stored = stored_rows(dataset, self._bucket)
        if layout == "json":
            return json_rows(stored)
        # Imported here because reading a table starts faster without it.
        from dashboard_store.documents.dataset.csv_text import csv_rows  # noqa: PLC0415

        return csv_rows(stored, dataset.schema["columnNames"], is_safe=layout == "safe.csv")

    def _place(self, address: ProjectAddress, dataset: DatasetVersion, layout: RowsFormat) -> str:
        return f"downloads/{self.folder or keys.folder(address)}/{dataset.digest.hex()}.{layout}"
