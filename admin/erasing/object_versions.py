"""Removing objects of a bucket for good: every version of them, and the delete markers."""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Final, NamedTuple

from admin import CannotRunError
from admin.stacks import Storage
from dashboard_store.repository import keys
from dashboard_store.repository.items import Items

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ErrorTypeDef

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MOST_AT_ONCE: Final = 1_000
_MOST_READ: Final = 100
_LINKS: Final = "downloads/links/"


class ObjectVersion(NamedTuple):
    """A version of an object, or a delete marker, whose size is 0."""

    key: str
    version: str
    size: int

    @property
    def kind(self) -> str:
        return "downloads/links" if self.key.startswith(_LINKS) else self.key.partition("/")[0]


def under(storage: Storage, prefix: str) -> Iterator[ObjectVersion]:
    """Yield the versions of all objects whose key has a prefix."""
    for page in storage.s3.get_paginator("list_object_versions").paginate(Bucket=storage.bucket, Prefix=prefix):
        for version in page.get("Versions", []):
            yield ObjectVersion(version["Key"], version["VersionId"], version["Size"])
        for marker in page.get("DeleteMarkers", []):
            yield ObjectVersion(marker["Key"], marker["VersionId"], 0)


def of_dead_links(storage: Storage, items: Items) -> Iterator[str]:
    """Yield the folders of the downloads of public links that no longer exist."""
    pages = storage.s3.get_paginator("list_object_versions").paginate(
        Bucket=storage.bucket, Prefix=_LINKS, Delimiter="/"
    )
    folders = (each["Prefix"] for page in pages for each in page.get("CommonPrefixes", []))
    for some in batched(folders, _MOST_READ, strict=False):
        tokens = [{"pk": _pointer(folder), "sk": keys.token("")["sk"]} for folder in some]
        found = items.get_together(tokens)
        yield from (folder for folder, item in zip(some, found, strict=True) if item is None)


def folder_of_link(token_key: str) -> str:
    """Return the folder of the downloads of a link, by the partition of its token."""
    return f"{_LINKS}{token_key.removeprefix(_TOKEN)}/"


def remove(storage: Storage, versions: Iterable[ObjectVersion]) -> None:
    """Remove versions, a thousand at a time. Raises CannotRunError, after all others, if some cannot be removed."""
    errors: list[ErrorTypeDef] = []
    for some in batched(versions, _MOST_AT_ONCE, strict=False):
        named = [{"Key": each.key, "VersionId": each.version} for each in some]
        answer = storage.s3.delete_objects(
            Bucket=storage.bucket,
            Delete={"Objects": named, "Quiet": True},  # type: ignore[typeddict-item] # literals
        )
        errors += answer.get("Errors", [])
    if errors:
        first = errors[0]
        raise CannotRunError(
            f"{len(errors)} versions of objects could not be removed. The first is {first.get('Key')}, version "
            f"{first.get('VersionId')}: {first.get('Code')}, {first.get('Message')}. Repeat the command."
        )


_TOKEN: Final = keys.token("")["pk"].partition("#")[0] + "#"


def _pointer(folder: str) -> str:
    return f"{_TOKEN}{folder.removeprefix(_LINKS).removesuffix('/')}"
