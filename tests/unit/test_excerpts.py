"""What is too large for a response is shown as far as it fits, and never written beyond that."""

from typing import Any

import pytest

from dashboard_store.documents.excerpts import MAX_LIST_BYTES, Written, listed, shortened
from dashboard_store.documents.json_text import compact, served


class Writer:
    """Writes numbers as texts of a given length, and counts them."""

    def __init__(self, character: str, length: int) -> None:
        self.written = 0
        self._text = character * length

    def write(self, number: int) -> dict[str, Any]:
        self.written += 1
        return {"n": number, "text": self._text}


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_list_within_its_limit_is_whole(count: int) -> None:
    """A list of at most as many entries as the limit is shown in full, without further members."""
    assert listed("conflict", [f"/{number}" for number in range(count)], 100) == {
        "conflicts": [f"/{number}" for number in range(count)]
    }


def test_a_longer_list_is_cut_and_counted() -> None:
    """Beyond the limit, the list has its first entries, says that it is truncated and how many entries there are."""
    assert listed("operation", range(101), 100) == {
        "operations": list(range(100)),
        "truncated": True,
        "operationCount": 101,
    }


@pytest.mark.parametrize(("character", "size"), [("x", 1), ("<", 6), ("é", 2), ("\u2028", 6), ("\x01", 6), ('"', 2)])
def test_a_list_ends_after_a_megabyte_as_served(character: str, size: int) -> None:
    """The entries of a list take at most a megabyte with all escapes of the response, and nearly that."""
    entries = Written(Writer(character, 1_000).write, range(10_000))
    shown = listed("operation", entries, 10_000)
    assert shown["truncated"] is True
    assert shown["operationCount"] == 10_000
    served_bytes = len(served(compact(shown["operations"])))
    assert MAX_LIST_BYTES - 2 * 1_100 * size < served_bytes < MAX_LIST_BYTES + 2_000


def test_an_entry_that_does_not_fit_ends_the_list() -> None:
    """An entry of more than a megabyte is left out, and so is all that follows."""
    assert listed("conflict", ["/a", f"/{'<' * 200_000}", "/b"], 100) == {
        "conflicts": ["/a"],
        "truncated": True,
        "conflictCount": 3,
    }


def test_no_list_with_entries_is_empty() -> None:
    """The first entry is shown even if it is larger than a megabyte: a client takes an empty list for no conflict."""
    place = f"/{'<' * 200_000}"
    assert listed("conflict", [place, "/a"], 100) == {"conflicts": [place], "truncated": True, "conflictCount": 2}
    assert listed("conflict", [place], 100) == {"conflicts": [place]}


@pytest.mark.parametrize("length", [10, 100_000])
def test_only_what_is_shown_is_written(length: int) -> None:
    """Of a million entries, those beyond the limit are not written, so a long name on all of them costs nothing."""
    writer = Writer("x", length)
    shown = listed("operation", Written(writer.write, range(1_000_000)), 1_000)
    assert len(shown["operations"]) <= writer.written <= len(shown["operations"]) + 1


def test_a_written_list_reads_like_any_other() -> None:
    """Its length, entries, slices and order are those of what it is written from."""
    written = Written(str, [3, 1, 2])
    assert (len(written), written[1], list(written[1:]), list(written)) == (3, "1", ["1", "2"], ["3", "1", "2"])


@pytest.mark.parametrize(
    ("text", "length", "shown"),
    [("", 9, ""), ("/a/b", 4, "/a/b"), ("/ab/cd/ef", 7, "/ab…/ef"), ("/ab/cd/ef", 6, "/a…ef")],
)
def test_a_long_text_keeps_both_ends(text: str, length: int, shown: str) -> None:
    """A text within the length stays; a longer one keeps its beginning and its end."""
    assert shortened(text, length) == shown
    assert len(shown) <= length
