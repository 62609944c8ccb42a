"""Files uploaded straight to the bucket: announced, sent as a form, and read once they have arrived."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from dashboard_store.documents.dataset.upload import Completion, FileType
from dashboard_store.errors import FieldError, InvalidData, NoProject, NotFound, UploadTooLarge
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Write, check, put, update
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.usage import Usage

if TYPE_CHECKING:
    from dashboard_store.repository.background_reads import Lease

# Without the first part, completing an upload that has just expired would create an item that never does.
_PENDING: Final = Condition("attribute_exists(#pk) AND attribute_not_exists(#completed)")


@dataclass(frozen=True, slots=True)
class AnnouncedUpload:
    """A file that may be sent now: POST a form with these fields, and the file last, to the URL."""

    upload_id: str
    url: str
    fields: dict[str, str]
    expires_at: str


@dataclass(frozen=True, slots=True)
class PendingUpload:
    """An announced file; `size` is in bytes.

    Once completed, `completed` is the version that it became, and `request` is the digest of the completion's body.
    """

    upload_id: str
    file_name: str
    content_type: FileType
    size: int
    completed: int | None
    request: bytes | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How an upload ends in the transaction that writes its table: once, and only while the condition holds.

    `request` is the digest of the completion, if the upload's item does not have it yet.
    """

    upload_id: str
    condition: Condition
    request: bytes | None = None

    @classmethod
    def in_request(cls, pending: PendingUpload, completion: Completion) -> Self:
        """End an upload that the request itself reads."""
        return cls(pending.upload_id, _PENDING, completion.digest)

    @classmethod
    def in_background(cls, lease: "Lease") -> Self:
        """End an upload that a function reads which has the lease."""
        return cls(lease.upload_id, lease.is_held)

    def write(self, address: ProjectAddress, version: int) -> Write:
        """Return the write that marks the upload as completed by a version."""
        done = {"completed": version, **({"request": self.request} if self.request else {})}
        return update(keys.upload(address, self.upload_id), done, self.condition)


def new_upload_id() -> str:
    return secrets.token_hex(16)


class Uploads:
    def __init__(
        self,
        items: Items,
        bucket: Bucket,
        usage: Usage,
        now: Callable[[], datetime],
        new_id: Callable[[], str] = new_upload_id,
    ) -> None:
        self._items = items
        self._bucket = bucket
        self._usage = usage
        self._now = now
        self._new_id = new_id

    def announce(self, address: ProjectAddress, file_name: str, content_type: FileType, size: int) -> AnnouncedUpload:
        """Allow a file of at most `size` bytes to be sent to the bucket, and reserve them in the owner's quota.

        Raises NoProject or QuotaExceeded.
        """
        moment = self._now()
        upload_id = self._new_id()
        item = {
            **keys.upload(address, upload_id),
            "fileName": file_name,
            "contentType": content_type,
            "size": size,
            "expiresAt": retention.expires_at(moment + retention.UNFINISHED),
        }
        try:
            reserved = self._usage.announced(address.owner, size)
            self._items.transact(check(keys.project(address), EXISTS), put(item, IS_NEW), reserved)
        except ConditionFailed as exc:
            project, _, usage = exc.found
            # A project that is there refuses only what its members announce, who together may store no more.
            if project or (project is None and usage is not None):
                raise self._usage.refusal(address, announced=size) from exc
            raise NoProject from exc
        seconds = int(retention.UPLOADABLE.total_seconds())
        form = self._bucket.upload_form(keys.announced_file(address, upload_id), content_type, size, seconds)
        return AnnouncedUpload(upload_id, form["url"], form["fields"], keys.timestamp(moment + retention.UPLOADABLE))

    def pending(self, address: ProjectAddress, upload_id: str) -> PendingUpload:
        """Look up an announced upload. Raises NotFound."""
        item = self._items.get(keys.upload(address, upload_id))
        if item is None or "fileName" not in item or retention.has_expired(item, self._now()):
            raise NotFound("This upload does not exist, or it was not completed in time.")
        return PendingUpload(
            upload_id, item["fileName"], item["contentType"], item["size"], item.get("completed"), item.get("request")
        )

    def sent_bytes(self, address: ProjectAddress, pending: PendingUpload) -> int:
        """Return the size of the uploaded file. Raises InvalidData if it was not sent, or UploadTooLarge."""
        found = self._bucket.describe(keys.announced_file(address, pending.upload_id))
        if found is None:
            raise _not_sent()
        if found.size > pending.size:
            detail = f"The file is {found.size} bytes, but only {pending.size} were announced."
            raise UploadTooLarge(detail, limit_bytes=pending.size, actual_bytes=found.size)
        return found.size

    def fetch(self, address: ProjectAddress, pending: PendingUpload, file: BinaryIO) -> None:
        """Copy the uploaded file into `file`. Raises InvalidData if it is not there, such as after another request."""
        if not self._bucket.fetch(keys.announced_file(address, pending.upload_id), file):
            raise _not_sent()


def _not_sent() -> InvalidData:
    error = FieldError("", "Send the file to the upload's url first, in a form with its fields.")
    return InvalidData("The file has not been sent yet.", [error])


def already_completed(version: int) -> InvalidData:
    """Make the error of a second completion."""
    message = f"This upload was already completed, as version {version}. Upload the file again."
    return InvalidData("An upload can be completed only once.", [FieldError("", message)])
