"""Which texts a browser would execute; that it is really so is shown by a real one, in tests/web."""

import time
from typing import Any

import pytest
from support.inputs.unsafe_texts import HARMLESS, UNSAFE

from dashboard_store.documents.json_text import Rules, checked
from dashboard_store.documents.unsafe_html import is_unsafe
from dashboard_store.errors import InvalidConfig, UnsafeText


@pytest.mark.parametrize("name", UNSAFE)
def test_what_would_run_is_unsafe(name: str) -> None:
    """Each way to have a script run is told, whatever stands around it."""
    text = UNSAFE[name]
    assert is_unsafe(text)
    assert is_unsafe(f"a < b, <b title='x'>{text}")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_is_not(text: str) -> None:
    """Comparisons, generics, Markdown, XML, addresses and markup that runs nothing are texts like any other."""
    assert not is_unsafe(text)


SIZE = 262_144
# What a reader that starts anew at each tag would need minutes for.
TANGLED = {
    "names": "<a",
    "attributes": "<a ",
    "values": "<a x=",
    "slashes": "<a/x=",
    "quotes": "<a b='",
    "other quotes": "<a x='\"",
    "lists": "<a values=;",
    "references": "<a href=&#0",
    "quoted references": '<a href="&Tab;',
    "spaces": "<a" + " " * 50 + "=",
    "escaped": "<svg>&lt;a href=",
}


@pytest.mark.parametrize("name", TANGLED)
def test_no_text_takes_long(name: str) -> None:
    """A text that is as long as a config may be and all tags within tags is read in a time that its length bounds."""
    text = TANGLED[name] * (SIZE // len(TANGLED[name])) + "="
    started = time.process_time()
    is_unsafe(text)
    assert time.process_time() - started < 5


def test_places_are_named() -> None:
    """Values and members' names are told apart, with their pointers; what is harmless is not named."""
    document: dict[str, Any] = {"a": ["x", "<b>y</b>", "<script>"], "b": {"<p onclick=z>": 1, "c/d": "<br/onclick=z>"}}
    with pytest.raises(UnsafeText) as refused:
        checked(document, Rules(32, InvalidConfig, (None, "here")))
    message = "text that a browser would execute if a page inserted it as HTML"
    assert [(each.pointer, each.message) for each in refused.value.field_errors] == [
        ("/here/a/2", message),
        ("/here/b", f"a member's name is {message}"),
        ("/here/b/c~1d", message),
    ]


def test_no_more_places_are_named_than_help() -> None:
    """Of ten thousand unsafe texts the first twenty are named."""
    with pytest.raises(UnsafeText) as refused:
        checked(["<script>"] * 10_000, Rules(32, InvalidConfig))
    assert [each.pointer for each in refused.value.field_errors] == [f"/{index}" for index in range(20)]
