"""Reading a large file in a function that nobody waits for, or a large table, for another schema or for a download.

The upload's item shows how far it is, and holds a lease: only one function reads, and what it made counts only while
the lease is its own. A function that was killed leaves the lease to lapse. Lambda then invokes another one, or a
request does that asks for the upload.

| Attribute | Holds |
|---|---|
| `request` | the digest of the request that started it |
| `tries` | how many functions took the lease |
| `holder`, `leasedUntil` | who has the lease, and until when, in milliseconds since 1970 |
| `bytesRead`, `fileBytes` | how far it is, and where its end is |
| `startedBy` | the guest who started it, whose grant is checked again when the table is written |
| `completed` | the version of the data that it became |
| `problem` | the problem that it failed with, as JSON |
"""

import contextlib
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from dashboard_store.compression import gzipped
from dashboard_store.documents.dataset.storage_format import MEDIA_TYPES
from dashboard_store.documents.json_text import JsonObject, compact
from dashboard_store.errors import FieldError, InvalidData, NoProject, NotFound, StorageUnavailable
from dashboard_store.identifiers import Guest, ProjectAddress, Team
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.expressions import EXISTS, Condition, Item, put, update
from dashboard_store.repository.items import ConditionFailed, Items

if TYPE_CHECKING:
    from dashboard_store.repository.invocations import Invocations

READ_AT_ONCE: Final = 5_000_000
"""The largest file in bytes, or table as JSON, that a request reads itself: it takes less than ten seconds."""

MOST_TRIES: Final = 3
LEASE: Final = timedelta(seconds=30)
BEAT_SECONDS: Final = 2.0
"""How often the lease is renewed, and the progress shown."""

# Lambda repeats an invocation after a minute, then after two. Nobody may be faster, or it would not learn that the
# invocation failed, and not send it to the queue. After that, the invocation was lost.
_LOST_AFTER: Final = timedelta(seconds=180)
_GIVEN_UP: Final = {
    "type": "urn:problem:internal-error",
    "title": "Something went wrong on the server",
    "status": 500,
    "detail": f"Reading was interrupted {MOST_TRIES} times. Complete the upload again.",
}

# An upload ended with a problem, or was given up.
_FAILED: Final = "attribute_exists(#problem) OR (#tries >= :most AND #leasedUntil < :now)"

_GUEST: Final = "startedBy"

type Status = Literal["waiting", "processing", "done", "failed"]


class LeaseLost(Exception):  # noqa: N818 - the outcome of a write
    """Another function reads the upload, or it has ended."""


@dataclass(frozen=True, slots=True)
class UploadState:
    """The state of an upload; `version` is that of the data that it became, `problem` what it failed with."""

    item: Item
    now: datetime

    @property
    def status(self) -> Status:
        if "completed" in self.item:
            return "done"
        if "request" not in self.item:
            return "waiting"
        return "failed" if "problem" in self.item or self._is_given_up else "processing"

    @property
    def document(self) -> JsonObject:
        """The state as responses show it."""
        status, size = self.status, self.item.get("fileBytes", self.item.get("size", 0))
        shown: JsonObject = {"status": status, "bytesRead": self.item.get("bytesRead", 0), "bytes": size}
        if status == "done":
            return {**shown, "bytesRead": size, "version": self.item["completed"]}
        if status == "failed":
            given_up = {**_GIVEN_UP, "instance": self.item.get("holder", "")}
            return {**shown, "problem": json.loads(self.item["problem"]) if "problem" in self.item else given_up}
        return shown

    @property
    def is_leased(self) -> bool:
        return bool(self.item.get("leasedUntil", 0) >= _milliseconds(self.now))

    @property
    def is_lost(self) -> bool:
        """Whether nobody seems to read it, though somebody should."""
        lapsed = self.item.get("leasedUntil", 0) < _milliseconds(self.now - _LOST_AFTER)
        return self.status == "processing" and lapsed

    @property
    def seconds_leased(self) -> float:
        left: int = self.item.get("leasedUntil", 0) - _milliseconds(self.now)
        return max(0, left) / 1_000

    @property
    def _is_given_up(self) -> bool:
        return self.item.get("tries", 0) >= MOST_TRIES and not self.is_leased


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read an upload, until it lapses; the guest in the address is the one who started it."""

    address: ProjectAddress
    upload_id: str
    holder: str
    item: Item

    @property
    def is_held(self) -> Condition:
        return Condition("attribute_not_exists(#completed) AND #holder = :holder", {"holder": self.holder})

    @property
    def is_last_try(self) -> bool:
        return bool(self.item.get("tries", 0) + 1 >= MOST_TRIES)


class BackgroundReads:
    def __init__(
        self, items: Items, bucket: Bucket, invocations: "Callable[[], Invocations]", now: Callable[[], datetime]
    ) -> None:
        self._items = items
        self._bucket = bucket
        self._invocations = invocations
        self._now = now

    def find(self, address: ProjectAddress, upload_id: str) -> UploadState:
        """Look an upload up; if nobody reads it any more, have it read. Raises NotFound or StorageUnavailable."""
        item = self._items.get(keys.upload(address, upload_id))
        is_shown = item is not None and ("fileName" in item or "fileBytes" in item)
        if item is None or not is_shown or retention.has_expired(item, self._now()):
            raise NotFound("This upload does not exist, or it was not completed in time.")
        if self._items.get(keys.project(address)) is None:
            raise NoProject
        upload = UploadState(item, self._now())
        self._revive(address, upload_id, upload)
        return upload

    def start(self, address: ProjectAddress, upload_id: str, size: int, request: bytes, job: JsonObject) -> None:
        """Have an announced file of `size` bytes read.

        `request` is the digest of the request, `job` what the function needs to know. Repeating a request that is being
        processed changes nothing. Raises InvalidData if another request is, or StorageUnavailable.
        """
        key, now = keys.upload(address, upload_id), _milliseconds(self._now())
        is_free = Condition(
            "attribute_exists(#pk) AND attribute_not_exists(#completed) "
            f"AND (attribute_not_exists(#request) OR {_FAILED})",
            {"most": MOST_TRIES, "now": now},
        )
        started = _started(request, size, now, address.guest)
        gone = tuple({"problem", "holder", _GUEST} - set(started))
        try:
            self._items.write_alone(update(key, started, is_free, remove=gone))
        except ConditionFailed as exc:
            (found,) = exc.found
            if not found or found.get("request") != request or "completed" in found:
                error = FieldError("", "The same upload is being read with another request. Wait until that has ended.")
                raise InvalidData("An upload can be completed only once at a time.", [error]) from exc
            # The request before may have ended before it stored the job.
            self._revive(address, upload_id, UploadState(found, self._now()), job)
        else:
            self._invoke(address, upload_id, job)

    def start_on_table(
        self, address: ProjectAddress, upload_id: str, size: int, request: bytes, job: JsonObject
    ) -> None:
        """Have a stored table of `size` bytes as JSON read, unless that is going on already.

        Raises StorageUnavailable.
        """
        moment = self._now()
        now = _milliseconds(moment)
        item = {
            **keys.upload(address, upload_id),
            **_started(request, size, now, address.guest),
            "expiresAt": retention.expires_at(moment + retention.UNFINISHED),
        }
        is_free = Condition(
            f"attribute_not_exists(#pk) OR attribute_exists(#completed) OR {_FAILED} OR #expiresAt < :seconds",
            {"most": MOST_TRIES, "now": now, "seconds": retention.expires_at(moment)},
        )
        try:
            self._items.transact(put(item, is_free))
        except ConditionFailed as exc:
            self._revive(address, upload_id, UploadState(exc.found[0] or {}, moment), job)
        else:
            self._invoke(address, upload_id, job)

    def take(self, address: ProjectAddress, upload_id: str, holder: str) -> Lease | float:
        """Take the lease of an upload; if another function has it, return for how many seconds.

        Raises LeaseLost if there is nothing to read any more.
        """
        now = self._now()
        is_free = Condition(
            "attribute_exists(#request) AND attribute_not_exists(#completed) AND attribute_not_exists(#problem) "
            "AND #tries < :most AND #leasedUntil < :now",
            {"most": MOST_TRIES, "now": _milliseconds(now)},
        )
        key = keys.upload(address, upload_id)
        item = self._items.get(key) or {}
        taken = {"holder": holder, "leasedUntil": _milliseconds(now + LEASE)}
        try:
            self._items.write_alone(update(key, taken, is_free, add={"tries": 1}))
        except ConditionFailed as exc:
            (found,) = exc.found
            upload = UploadState(found or {}, now)
            if upload.status == "processing" and upload.is_leased:
                return upload.seconds_leased
            raise LeaseLost from exc
        return Lease(replace(address, guest=_guest(item)), upload_id, holder, item)

    def job(self, lease: Lease) -> JsonObject | None:
        """Read what the request that started it wants; None if the bucket has removed it."""
        stored = self._bucket.get(keys.job(lease.address, lease.upload_id))
        if stored is None:
            return None
        job: JsonObject = json.loads(gzip.decompress(stored))
        return job

    def renew(self, lease: Lease, bytes_read: int) -> None:
        """Keep the lease and show the progress. Raises LeaseLost or StorageUnavailable."""
        until = _milliseconds(self._now() + LEASE)
        self._change(lease, {"leasedUntil": until, "bytesRead": bytes_read})

    def release(self, lease: Lease) -> None:
        """Let another function try at once. Raises LeaseLost or StorageUnavailable."""
        self._change(lease, {"leasedUntil": _milliseconds(self._now()) - 1})

    def fail(self, lease: Lease, problem: str) -> None:
        """End with a problem, as JSON. Raises LeaseLost or StorageUnavailable."""
        self._change(lease, {"problem": problem})

    def finish(self, lease: Lease, version: int) -> None:
        """End with a version that existed before. Raises LeaseLost or StorageUnavailable."""
        self._change(lease, {"completed": version})

    def _revive(
        self, address: ProjectAddress, upload_id: str, upload: UploadState, job: JsonObject | None = None
    ) -> None:
        """Have an upload read that seems to be lost; of several requests at once, one does."""
        if not upload.is_lost:
            return
        seen = Condition("#leasedUntil = :seen", {"seen": upload.item["leasedUntil"]})
        claim = update(keys.upload(address, upload_id), {"leasedUntil": _milliseconds(self._now()) - 1}, seen)
        with contextlib.suppress(ConditionFailed):
            self._items.write_alone(claim)
            self._invoke(address, upload_id, job)

    def _invoke(self, address: ProjectAddress, upload_id: str, job: JsonObject | None = None) -> None:
        """Have an upload read, for the first time with what the function needs to know."""
        try:
            if job is not None:
                self._bucket.put(keys.job(address, upload_id), gzipped(compact(job).encode()), MEDIA_TYPES["json"])
            self._invocations().read(address, upload_id)
        except StorageUnavailable:
            # The next request tries again.
            self._items.write_alone(update(keys.upload(address, upload_id), {"leasedUntil": 0}, EXISTS))
            raise

    def _change(self, lease: Lease, assignments: dict[str, Any]) -> None:
        try:
            key = keys.upload(lease.address, lease.upload_id)
            self._items.write_alone(update(key, assignments, lease.is_held))
        except ConditionFailed as exc:
            raise LeaseLost from exc


def _started(request: bytes, size: int, now: int, guest: Guest | None) -> Item:
    """Return the attributes of an upload that is to be read; nobody has the lease yet."""
    by = {_GUEST: {"user": guest.user, "name": guest.name, "teams": list(map(list, guest.teams))}} if guest else {}
    return {"request": request, "tries": 0, "bytesRead": 0, "fileBytes": size, "leasedUntil": now - 1, **by}


def _guest(item: Item) -> Guest | None:
    by = item.get(_GUEST)
    return by and Guest(by["user"], tuple(Team(*team) for team in by["teams"]), by["name"])


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
