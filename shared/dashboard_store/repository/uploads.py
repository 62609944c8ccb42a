"""Files that are sent straight to the bucket: announced, sent by a form, and read once they are there."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from dashboard_store.documents.dataset.upload import AnnouncementSchema, FileType
from dashboard_store.errors import FieldError, InvalidData, NotFound, UploadTooLarge
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.configs import NO_PROJECT
from dashboard_store.repository.items import EXISTS, IS_NEW, ConditionFailed, Items, check, put
from dashboard_store.repository.keys import ProjectKey, timestamp

UPLOADABLE: Final = timedelta(hours=1)
"""How long a file can be sent to the address of an upload."""
KEPT_UNFINISHED: Final = timedelta(days=1)
"""How long an announced upload can be completed, and how long what becomes of none is kept."""


@dataclass(frozen=True, slots=True)
class AnnouncedUpload:
    """A file that may be sent now: as a form with these fields, and the file last, to the address."""

    upload_id: str
    url: str
    fields: dict[str, str]
    expires_at: str


@dataclass(frozen=True, slots=True)
class PendingUpload:
    """A file that was announced.

    Once it was completed, `completed` is the version that it became, and `request` tells what it was completed with.
    """

    upload_id: str
    file_name: str
    content_type: FileType
    size: int
    completed: int | None
    request: bytes | None


def new_upload_id() -> str:
    return secrets.token_hex(16)


class Uploads:
    def __init__(
        self, table: Items, objects: Bucket, now: Callable[[], datetime], new_id: Callable[[], str] = new_upload_id
    ) -> None:
        self._table = table
        self._objects = objects
        self._now = now
        self._new_id = new_id

    def announce(self, key: ProjectKey, form: AnnouncementSchema) -> AnnouncedUpload:
        """Let a file be sent to the bucket, of at most the size that was announced. Raises NotFound."""
        moment = self._now()
        upload_id = self._new_id()
        item = {
            **key.upload(upload_id),
            "fileName": form.fileName,
            "contentType": form.contentType,
            "size": form.bytes,
            "expiresAt": int((moment + KEPT_UNFINISHED).timestamp()),
        }
        try:
            self._table.transact(check(key.config().head, EXISTS), put(item, IS_NEW))
        except ConditionFailed as exc:
            raise NotFound(NO_PROJECT) from exc
        seconds = int(UPLOADABLE.total_seconds())
        sent = self._objects.upload_form(_sent(key, upload_id), form.contentType, form.bytes, seconds)
        return AnnouncedUpload(upload_id, sent["url"], sent["fields"], timestamp(moment + UPLOADABLE))

    def pending(self, key: ProjectKey, upload_id: str) -> PendingUpload:
        """Look up an upload that was announced. Raises NotFound."""
        item = self._table.get(key.upload(upload_id))
        if item is None or "fileName" not in item or item["expiresAt"] <= self._now().timestamp():
            raise NotFound("There is no such upload, or it was not completed in time.")
        return PendingUpload(
            upload_id, item["fileName"], item["contentType"], item["size"], item.get("completed"), item.get("request")
        )

    def fetch(self, key: ProjectKey, pending: PendingUpload, file: BinaryIO) -> None:
        """Write the file that was sent into another. Raises InvalidData where none was, or UploadTooLarge."""
        place = _sent(key, pending.upload_id)
        there = self._objects.describe(place)
        if there is None:
            fault = FieldError("", "send the file to the upload's url first, in a form with its fields")
            raise InvalidData("Nothing was sent to the bucket yet.", [fault])
        if there.size > pending.size:
            detail = f"The file is {there.size} bytes; {pending.size} were announced."
            raise UploadTooLarge(detail, limit_bytes=pending.size, actual_bytes=there.size)
        self._objects.fetch(place, file)


def _sent(key: ProjectKey, upload_id: str) -> str:
    return f"uploads/{key.folder}/{upload_id}"
