"""Which texts a browser would execute; tests/web checks the same texts in a real browser."""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.inputs.unsafe_texts import HARMLESS, TANGLED, UNSAFE, tangled

from dashboard_store.documents.dataset.csv_file import read_csv
from dashboard_store.documents.dataset.upload import FileType, SentFile, read_completion, read_upload, read_uploaded
from dashboard_store.documents.json_text import Rules, checked
from dashboard_store.documents.unsafe_html import MOST_CHARACTERS, TextCheck, is_unsafe, tags
from dashboard_store.errors import InvalidConfig, UnsafeText
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")


@pytest.mark.parametrize("name", UNSAFE)
def test_every_way_to_run_a_script_is_unsafe(name: str) -> None:
    """Each way to run a script is detected, whatever precedes it."""
    text = UNSAFE[name]
    assert is_unsafe(text)
    assert is_unsafe(f"a < b, <b title='x'>{text}")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_are_accepted(text: str) -> None:
    """Comparisons, generics, Markdown, XML, addresses and markup that runs nothing are harmless."""
    assert not is_unsafe(text)


@pytest.mark.parametrize("zeros", ["", "0", "0" * 20_000], ids=len)
def test_a_character_reference_may_have_any_length(zeros: str) -> None:
    """Leading zeros do not hide a character, and a number beyond Unicode is not one, however many digits it has."""
    assert is_unsafe(f"<svg x=1>&#{zeros}60;a href=javascript:x>")
    assert not is_unsafe(f"<svg x=1>&#{zeros}60{'9' * 20_000};a href=javascript:x>")


class Budget:
    """The number of characters that may still be read."""

    def __init__(self, characters: int) -> None:
        self._left = characters

    def spend(self, characters: int) -> None:
        self._left -= characters
        assert self._left >= 0, "the text is read too often"


class CountedText(str):
    """A text whose searches count against a budget."""

    __slots__ = ("budget",)
    budget: Budget

    def find(self, part: str, start: int = 0) -> int:  # type: ignore[override]
        found = super().find(part, start)
        self.budget.spend((len(self) if found < 0 else found) - start)
        return found


class CountedPattern:
    """A pattern whose matches and searches count against a budget."""

    def __init__(self, pattern: re.Pattern[str], budget: Budget) -> None:
        self._pattern = pattern
        self._budget = budget

    def match(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        found = self._pattern.match(text, start, end)
        self._budget.spend(found.end() - start + 1 if found else 1)
        return found

    def fullmatch(self, text: str) -> re.Match[str] | None:
        self._budget.spend(len(text))
        return self._pattern.fullmatch(text)

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        found = self._pattern.search(text, start)
        self._budget.spend((found.end() if found else len(text)) - start)
        return found

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        self._budget.spend(len(text))
        return self._pattern.finditer(text)

    def sub(self, replacement: Callable[[re.Match[str]], str], text: str) -> str:
        self._budget.spend(len(text))
        return self._pattern.sub(replacement, text)


@pytest.mark.parametrize("name", TANGLED)
def test_reading_is_linear(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tags within tags do not make a text longer to read: each character is read eight times at most.

    What a single regular expression takes is measured by tests/prove/test_linear_time.py.
    """
    text = CountedText(tangled(name))
    text.budget = Budget(8 * len(text))
    for pattern, value in list(vars(tags).items()):
        if isinstance(value, re.Pattern):
            monkeypatch.setattr(tags, pattern, CountedPattern(value, text.budget))
    is_unsafe(text)


MESSAGE = "A browser would execute this text if a page inserted it as HTML."
TOO_MANY = f"This contains tags, and a request may have at most {MOST_CHARACTERS} characters of such text."


def unfinished(number: int, length: int) -> str:
    """A harmless text whose tags must be read, since the last one does not end; each number's differs."""
    return f"{number} = <a".ljust(length - 3, "a") + " <b"


def test_tags_are_read_up_to_a_number_of_characters() -> None:
    """Texts whose tags must be read are rejected beyond as many characters as a config may have; others never are."""
    half = MOST_CHARACTERS // 2
    texts = TextCheck()
    assert texts.message(unfinished(1, half)) is None
    assert texts.message(unfinished(2, half + 1)) == TOO_MANY
    assert texts.message("<b title=1>" * half) is None
    assert texts.message("<script>") == MESSAGE
    assert texts.message(unfinished(3, half - len("<script>"))) is None
    assert texts.message("<script>") == TOO_MANY


def test_a_repeated_text_counts_once() -> None:
    """A column that repeats one harmless text is accepted, however many rows it has."""
    texts = TextCheck()
    assert not any(texts.message(unfinished(1, 1_000)) for _ in range(MOST_CHARACTERS // 500))


def test_no_config_has_too_many_tags() -> None:
    """A config whose whole text is tags that must be read is accepted, as one text or as many."""
    limit = SETTINGS.max_config_bytes
    one = {"a": unfinished(1, limit - len('{"a":""}'))}
    many = {f"{number}": unfinished(number, 100) for number in range(limit // 110)}
    for document in (one, many):
        assert limit - 5_000 < len(checked(document, Rules(32, InvalidConfig))) <= limit


def test_the_number_of_characters_is_a_documents() -> None:
    """The values and names of a document share the bound, in document order; the next document has its own."""
    half = MOST_CHARACTERS // 2
    document = {"a": unfinished(1, half), "b": {unfinished(2, half + 1): [unfinished(3, half), "<a onclick=x>"]}}
    for _ in range(2):
        with pytest.raises(UnsafeText) as refused:
            checked(document, Rules(32, InvalidConfig))
        found = [(each.pointer[-2:], each.message) for each in refused.value.field_errors]
        assert found == [("/b", TOO_MANY), ("/1", TOO_MANY)]


def test_a_check_reads_no_text_after_its_twentieth_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of fifty harmful texts, twenty are read."""
    read: list[str] = []
    monkeypatch.setattr(tags, "run_script", lambda text: read.append(text) or True)  # type: ignore[func-returns-value]
    document = [{"a": f"<script>{number}"} for number in range(50)]
    with pytest.raises(UnsafeText):
        checked(document, Rules(32, InvalidConfig))
    assert read == [row["a"] for row in document[:20]]


@pytest.mark.parametrize("media_type", ["text/csv", "application/json", "application/x-ndjson"])
def test_the_number_of_characters_is_a_files(media_type: FileType) -> None:
    """All groups of a file share the bound: the row and column of the text beyond it are named."""
    cells = [unfinished(number, 100_000) for number in range(3)]
    # Each row fills a group of its own.
    rows = [{"a": cell, "b": "x" * 950_000} for cell in cells]
    lines = [json.dumps(row) for row in rows]
    content = {
        "text/csv": "\n".join(["a,b", *(f"{row['a']},{row['b']}" for row in rows)]),
        "application/json": f"[{','.join(lines)}]",
        "application/x-ndjson": "\n".join(lines),
    }[media_type]
    completion = read_completion({}, SETTINGS)
    with pytest.raises(UnsafeText) as refused:
        read_uploaded(SentFile("t", media_type, io.BytesIO(content.encode())), completion, SETTINGS)
    place = 'Row 3, column 1 ("a"): ' if media_type == "text/csv" else ""
    assert [(each.pointer, each.message) for each in refused.value.field_errors] == [("/2/a", place + TOO_MANY)]


def test_the_number_of_characters_is_a_headers() -> None:
    """The names of a CSV file's columns share the bound, too."""
    header = ",".join(unfinished(number, 100_000) for number in range(3))
    with pytest.raises(UnsafeText) as refused:
        read_csv(io.BytesIO(header.encode()), {}, SETTINGS)
    assert [each.message for each in refused.value.field_errors] == [f"Header, column 3: {TOO_MANY}"]


def test_the_number_of_characters_is_an_uploads() -> None:
    """The rows of an upload and its other members share the bound, whatever their order."""
    large = unfinished(1, 200_000)
    rows, analysis = [{"a": large}], {"b": unfinished(2, 100_000)}
    for body, place in (
        ({"rawData": rows, "analysis": analysis}, "/analysis/b"),
        ({"analysis": analysis, "rawData": rows}, "/analysis/b"),
    ):
        with pytest.raises(UnsafeText) as refused:
            read_upload(json.dumps({"fileName": "t", **body}).encode(), SETTINGS)
        assert [(each.pointer, each.message) for each in refused.value.field_errors] == [(place, TOO_MANY)]
    read_upload(json.dumps({"fileName": "t", "rawData": rows, "analysis": {"b": large}}).encode(), SETTINGS)


def test_places_are_named() -> None:
    """Unsafe values and member names are distinguished and named with their pointers; harmless ones are not named."""
    document: dict[str, Any] = {"a": ["x", "<b>y</b>", "<script>"], "b": {"<p onclick=z>": 1, "c/d": "<br/onclick=z>"}}
    with pytest.raises(UnsafeText) as refused:
        checked(document, Rules(32, InvalidConfig, (None, "here")))
    assert [(each.pointer, each.message) for each in refused.value.field_errors] == [
        ("/here/a/2", MESSAGE),
        ("/here/b", "A browser would execute a member's name if a page inserted it as HTML."),
        ("/here/b/c~1d", MESSAGE),
    ]


def test_at_most_twenty_places_are_named() -> None:
    """Of ten thousand unsafe texts the first twenty are named."""
    with pytest.raises(UnsafeText) as refused:
        checked(["<script>"] * 10_000, Rules(32, InvalidConfig))
    assert [each.pointer for each in refused.value.field_errors] == [f"/{index}" for index in range(20)]
