"""An archive as a file: a zip that appears under its name once it is complete, and that is checked before it is used.

Names inside of the zip are never used as paths on disk.
"""

import contextlib
import json
import os
import secrets
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from admin import CannotRunError
from dashboard_store.documents.json_text import JsonObject, compact

KIND: Final = "dashkeep-user"
FORMAT: Final = 1
"""The format of an archive; docs/archive.md describes it."""

MANIFEST: Final = "manifest.json"

_CHUNK: Final = 1_048_576
_MOST_MANIFEST_BYTES: Final = 100_000_000
# What reading a damaged entry raises, or one that was written by another program with another method.
_DAMAGED: Final = (BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error)


class LineTooLongError(Exception):
    """A line of an entry has more bytes than may be read."""


class ArchiveWriter:
    """Writes a zip beside its name, entry by entry, and renames it at the end.

    A command that is killed leaves a file whose name ends with `.part`. Raises CannotRunError if the file exists.
    """

    def __init__(self, path: Path, moment: datetime) -> None:
        if path.exists():
            raise CannotRunError(f"{path} exists already. Name another file, or remove it first.")
        self._path = path
        self._part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        self._date = moment.timetuple()[:6]
        self._entries: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            # For nobody but the operator: it holds all that a user stores, and who they work with.
            self._file = os.fdopen(os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        except OSError as exc:
            raise CannotRunError(f"{self._path} cannot be written: {exc.strerror}.") from exc
        self._zip = ZipFile(self._file, "w", ZIP_DEFLATED)
        return self

    @contextlib.contextmanager
    def entry(self, name: str, *, is_compressed: bool = False) -> Iterator[IO[bytes]]:
        """Open an entry to be written; one at a time."""
        info = ZipInfo(name, self._date)
        info.compress_type = ZIP_STORED if is_compressed else ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as file:
            yield file
        self._entries[name] = info.file_size

    def document(self, name: str, document: Any) -> None:  # noqa: ANN401 - any JSON
        with self.entry(name) as file:
            file.write(compact(document).encode() + b"\n")

    def finish(self, manifest: JsonObject) -> None:
        """Write the manifest, which names every entry, and give the file its name."""
        self.document(MANIFEST, {"archive": KIND, "format": FORMAT, **manifest, "entries": {**self._entries}})
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        self._file.close()
        self._part.unlink(missing_ok=True)


class ArchiveReader:
    """Reads an archive; every method raises CannotRunError, which names the entry, if that is damaged."""

    def __init__(self, archive: ZipFile, name: str) -> None:
        self._zip = archive
        self._name = name
        self._sizes = {info.filename: info.file_size for info in archive.infolist()}
        self.manifest = self._read_manifest()

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        try:
            archive = ZipFile(path)
        except (OSError, BadZipFile) as exc:
            raise CannotRunError(f"{path} is not an archive, or it is incomplete: {exc}") from exc
        with archive:
            yield cls(archive, str(path))

    def check(self) -> Iterator[int]:
        """Read every entry to its end, and yield the bytes that were read."""
        for name in self._sizes:
            with self._opened(name) as file:
                while block := file.read(_CHUNK):
                    yield len(block)

    @property
    def size(self) -> int:
        """The bytes of all entries."""
        return sum(self._sizes.values())

    def has(self, name: str) -> bool:
        return name in self._sizes

    def size_of(self, name: str) -> int:
        """Return the bytes of an entry; none are more than those when it is read."""
        if name not in self._sizes:
            raise self._damaged(name, "it is missing")
        return self._sizes[name]

    def content(self, name: str) -> bytes:
        with self._opened(name) as file:
            return file.read()

    def document(self, name: str) -> JsonObject:
        with self._opened(name) as file:
            return _an_object(json.loads(file.read()))

    def lines(self, name: str, most_bytes: int) -> Iterator[JsonObject]:
        """Yield the objects of an entry that has one a line. Raises LineTooLongError."""
        with self._opened(name) as file:
            while line := file.readline(most_bytes + 1):
                if len(line) > most_bytes:
                    raise LineTooLongError(f"A line of {name} has more than {most_bytes} bytes.")
                yield _an_object(json.loads(line))

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        self.size_of(name)
        try:
            with self._zip.open(name) as file:
                yield file
        except _DAMAGED as exc:
            raise self._damaged(name, str(exc)) from exc

    def _read_manifest(self) -> Mapping[str, Any]:
        if len(self._sizes) < len(self._zip.infolist()):
            raise CannotRunError(f"{self._name} has two entries of one name.")
        if self.size_of(MANIFEST) > _MOST_MANIFEST_BYTES:
            raise self._damaged(MANIFEST, "it is too large")
        manifest = self.document(MANIFEST)
        if manifest.get("archive") != KIND or not isinstance(manifest.get("format"), int):
            raise self._damaged(MANIFEST, "this is not an archive of a user")
        if manifest["format"] > FORMAT:
            raise CannotRunError(f"{self._name} was written by a newer release: import it with that.")
        expected: dict[str, Any] = {**manifest.get("entries", {}), MANIFEST: self._sizes[MANIFEST]}
        for name in sorted({*self._sizes, *expected}):
            if self._sizes.get(name) != expected.get(name):
                raise self._damaged(name, "the manifest does not name it so, or it is missing")
        return manifest

    def _damaged(self, name: str, reason: str) -> CannotRunError:
        return CannotRunError(f"{self._name} is damaged at {name}: {reason}. Nothing more was imported.")


def _an_object(document: Any) -> JsonObject:  # noqa: ANN401 - any JSON
    if not isinstance(document, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004 - what is damaged is a ValueError
    return document
