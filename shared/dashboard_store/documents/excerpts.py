"""What a response shows of something that may be larger than a response."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, Final, overload

from dashboard_store.documents.json_text import JsonObject, Path, compact, pointer, served

MAX_LIST_BYTES: Final = 1_000_000
MAX_PLACES: Final = 100
"""How many places of a config a response lists: what conflicts, or what a merge moved."""


class Written[S, T](Sequence[T]):
    """A list whose entries are written when they are read: all paths under a long name, as texts, fill the memory."""

    def __init__(self, write: Callable[[S], T], sources: Sequence[S]) -> None:
        self._write = write
        self._sources = sources

    def __len__(self) -> int:
        return len(self._sources)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "Written[S, T]": ...
    def __getitem__(self, index: int | slice) -> "T | Written[S, T]":
        found = self._sources[index]
        return Written(self._write, found) if isinstance(index, slice) else self._write(found)  # type: ignore[arg-type]


def listed(name: str, entries: Sequence[Any], limit: int, ending: str = "s") -> JsonObject:
    """Return the member `<name>s` with the first entries: `limit`, or as many as fit into a megabyte as served.

    If that is not all of them, `truncated` is true, and `<name>Count` says how many there are. The first entry is in
    the list whatever its size: a client takes an empty list for none.
    """
    shown = _beginning(entries, limit)
    cut = {"truncated": True, f"{name}Count": len(entries)} if len(shown) < len(entries) else {}
    return {f"{name}{ending}": shown, **cut}


def _beginning(entries: Sequence[Any], limit: int) -> list[Any]:
    taken: list[Any] = []
    left = MAX_LIST_BYTES
    for entry in islice(entries, limit):
        left -= len(served(compact(entry)))
        if left < 0 and taken:
            break
        taken.append(entry)
    return taken


def shortened(text: str, length: int) -> str:
    """Leave out the middle of a text of more than `length` characters: a pointer's two ends name its place."""
    half = (length - 1) // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]}"


def largest(document: Any, count: int, at: Path = None) -> list[tuple[str, int]]:  # noqa: ANN401
    """Find the parts that make a document large: (pointer, bytes as compact JSON), largest first.

    A part is a chart or another value two levels down: smaller parts say little, larger ones include everything.
    """
    sizes = ((path, len(compact(value).encode())) for path, value in _parts(document, at, levels=2))
    return [(pointer(path), size) for path, size in heapq.nlargest(count, sizes, key=itemgetter(1))]


def _parts(value: Any, path: Path, levels: int) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
    if not levels or not isinstance(value, dict | list) or not value:
        yield path, value
        return
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _parts(inner, (path, name), levels - 1)
