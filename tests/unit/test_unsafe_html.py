"""Which texts a browser would execute; tests/web checks the same texts in a real browser."""

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.inputs.unsafe_texts import HARMLESS, TANGLED, UNSAFE, tangled

from dashboard_store.documents.json_text import Rules, checked
from dashboard_store.documents.unsafe_html import is_unsafe, tags
from dashboard_store.errors import InvalidConfig, UnsafeText


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


def test_places_are_named() -> None:
    """Unsafe values and member names are distinguished and named with their pointers; harmless ones are not named."""
    document: dict[str, Any] = {"a": ["x", "<b>y</b>", "<script>"], "b": {"<p onclick=z>": 1, "c/d": "<br/onclick=z>"}}
    with pytest.raises(UnsafeText) as refused:
        checked(document, Rules(32, InvalidConfig, (None, "here")))
    message = "A browser would execute this text if a page inserted it as HTML."
    assert [(each.pointer, each.message) for each in refused.value.field_errors] == [
        ("/here/a/2", message),
        ("/here/b", "A browser would execute a member's name if a page inserted it as HTML."),
        ("/here/b/c~1d", message),
    ]


def test_at_most_twenty_places_are_named() -> None:
    """Of ten thousand unsafe texts the first twenty are named."""
    with pytest.raises(UnsafeText) as refused:
        checked(["<script>"] * 10_000, Rules(32, InvalidConfig))
    assert [each.pointer for each in refused.value.field_errors] == [f"/{index}" for index in range(20)]
