"""Reads a large upload, or a large table for another schema or a download, while nobody waits for it.

`project_data` invokes it asynchronously with `{"owner": …, "projectId": …, "uploadId": …}`. What a client could have
caused ends the upload with the problem that a request would have answered. Whatever else fails, fails the invocation:
Lambda repeats it, and sends it to the queue `ReadFailures` in the end.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger

from dashboard_store.documents.dataset.data_schema import Content
from dashboard_store.documents.dataset.schema_change import read_schema_change
from dashboard_store.documents.dataset.storage_format import RowsFormat
from dashboard_store.documents.dataset.upload import SentFile, read_completion, read_uploaded
from dashboard_store.documents.json_text import JsonObject, compact
from dashboard_store.errors import FieldError, InvalidData, StorageUnavailable, StoreError
from dashboard_store.gateway import watchdog
from dashboard_store.gateway.log_hash import project_hash, user_hash
from dashboard_store.gateway.problems import problem
from dashboard_store.identifiers import ProjectAddress, Role
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.background_reads import BEAT_SECONDS, BackgroundReads, Lease, LeaseLost
from dashboard_store.repository.dataset_writes import UploadResult
from dashboard_store.repository.datasets import DatasetVersion
from dashboard_store.repository.downloads import Downloads
from dashboard_store.repository.uploads import Ending
from dashboard_store.store import Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

FIRST_BEAT_SECONDS: Final = 0.5

# The copies that are made before anybody asks for them.
_COPIES: Final[tuple[RowsFormat, ...]] = ("json", "csv")

_logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    watchdog.prepare()
    process(event, context.aws_request_id, _store(), lambda: context.get_remaining_time_in_millis() / 1_000)


@cache
def _store() -> Store:
    return Store.from_environment(os.environ)


def process(event: dict[str, Any], request_id: str, store: Store, seconds_left: Callable[[], float]) -> None:
    """Read an upload in the time that is left, unless another function does. Raises what a repetition may mend."""
    address = ProjectAddress(event["owner"], event["projectId"])
    key = store.settings.log_key
    _logger.append_keys(
        user=user_hash(key, address.owner), project=project_hash(key, address.owner, address.project_id)
    )
    reads = store.background_reads
    try:
        lease = _taken(reads, address, event["uploadId"])
        if lease is None:
            return
        try:
            version = _read_in_time(store, lease, seconds_left() - watchdog.ANSWER_SECONDS)
        except StorageUnavailable as error:
            _give_back(reads, lease, error, request_id)
            raise
        except StoreError as error:
            reads.fail(lease, _problem(error, request_id))
            _logger.info("refused", extra={"problem": type(error).__name__})
        except Exception as error:
            _give_back(reads, lease, error, request_id)
            raise
        else:
            _logger.info("read", extra={"version": version})
    except LeaseLost:
        _logger.info("not read: another function does, or the upload has ended")


def _taken(reads: BackgroundReads, address: ProjectAddress, upload_id: str) -> Lease | None:
    """Take the lease, after waiting once for a function that may have been killed; None if it is alive."""
    holder = secrets.token_hex(8)
    taken = reads.take(address, upload_id, holder)
    if isinstance(taken, Lease):
        return taken
    time.sleep(taken + 0.1)
    taken = reads.take(address, upload_id, holder)
    return taken if isinstance(taken, Lease) else None


def _give_back(reads: BackgroundReads, lease: Lease, error: Exception, request_id: str) -> None:
    """Let the next try begin at once; after the last one, say why it failed."""
    if lease.is_last_try:
        reads.fail(lease, _problem(error, request_id))
    else:
        reads.release(lease)


def _problem(error: Exception, request_id: str) -> str:
    """Return the problem as JSON without the escapes of a response, which could make it larger than an item."""
    return compact(json.loads(problem(error, request_id).body))


def _read_in_time(store: Store, lease: Lease, seconds: float) -> int:
    progress = _Progress(store.background_reads, lease)
    try:
        with watchdog.watched(seconds):
            progress.start()
            return _read(store, lease, progress)
    finally:
        progress.stop()


def _read(store: Store, lease: Lease, progress: "_Progress") -> int:
    job = store.background_reads.job(lease)
    if job is None:
        error = FieldError("", "Send the file again.")
        raise InvalidData("The file is no longer there.", [error])
    progress.total = lease.item["fileBytes"]
    if "copy" in job:
        dataset = store.datasets.stored(lease.address, job["version"], job.get("table"))
        Downloads(store.bucket, store.now, job.get("folder", "")).prepare(lease.address, dataset, job["copy"])
        store.background_reads.finish(lease, dataset.version)
        return dataset.version
    result = _read_table(store, lease, job, progress) if "change" in job else _read_file(store, lease, job, progress)
    if not result.changed:
        store.background_reads.finish(lease, result.version)
    return result.version


def _read_file(store: Store, lease: Lease, job: JsonObject, progress: "_Progress") -> UploadResult:
    completion = read_completion(job["completion"], store.settings)
    pending = store.uploads.pending(lease.address, lease.upload_id)
    with tempfile.TemporaryFile() as file:
        store.uploads.fetch(lease.address, pending, file)
        sent = SentFile(pending.file_name, pending.content_type, file)
        upload = read_uploaded(sent, completion, store.settings, progress.report)
    _prepare(store, lease.address, upload.schema, upload.digest, upload.content)
    precondition = Precondition.from_document(job["precondition"])
    # Reading took a while: the guest who started it must still be let in.
    writes = store.opened(lease.address, Role.EDITOR).dataset_writes
    return writes.upload(lease.address, upload, precondition, Ending.in_background(lease))


def _read_table(store: Store, lease: Lease, job: JsonObject, progress: "_Progress") -> UploadResult:
    change = read_schema_change(job["change"], store.settings)
    writes = store.opened(lease.address, Role.EDITOR).schema_writes
    planned = writes.plan(lease.address, change, Precondition.from_document(job["precondition"]))
    if isinstance(planned, UploadResult):
        return planned
    content = writes.reread(planned, progress.report)
    _prepare(store, lease.address, planned.target.schema, planned.digest, content)
    return writes.write(lease.address, planned, content, Ending.in_background(lease))


def _prepare(store: Store, address: ProjectAddress, schema: JsonObject, digest: bytes, content: Content) -> None:
    """Write the copies that downloads serve, so that nobody waits for the first one."""
    dataset = DatasetVersion.unsaved(schema, digest, content.stored)
    for layout in _COPIES:
        store.downloads.prepare(address, dataset, layout)


class _Progress:
    """Renews a lease in a thread of its own, whatever the function is doing, and shows how much was read."""

    def __init__(self, reads: BackgroundReads, lease: Lease) -> None:
        self.total = 0
        self._reads = reads
        self._lease = lease
        self._share = 0.0
        self._is_lost = False
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def report(self, share: float) -> None:
        """Note how much was read. Raises LeaseLost, so that reading ends."""
        self._share = share
        if self._is_lost:
            raise LeaseLost

    def start(self) -> None:
        """Begin to renew the lease."""
        self._thread.start()

    def stop(self) -> None:
        """Renew the lease no more."""
        self._has_ended.set()
        if self._thread.ident:
            self._thread.join()

    def _beat(self) -> None:
        # The first progress is shown sooner, because somebody has just begun to look.
        pauses = chain([FIRST_BEAT_SECONDS], repeat(BEAT_SECONDS))
        while not self._has_ended.wait(next(pauses)):
            try:
                self._reads.renew(self._lease, int(self._share * self.total))
            except LeaseLost:
                self._is_lost = True
                return
            except StorageUnavailable:
                # The next beat comes long before the lease lapses.
                continue
