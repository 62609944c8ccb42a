"""Text that a browser would execute if a page inserted it as HTML. It is rejected; other text is stored as it is."""

import re
from functools import cached_property
from types import ModuleType
from typing import Final

MESSAGE: Final = "A browser would execute this text if a page inserted it as HTML."

MOST_CHARACTERS: Final = 262_144
"""The maximum number of characters whose tags are read for one request: as many as a config may have bytes."""

_TOO_MANY: Final = f"This contains tags, and a request may have at most {MOST_CHARACTERS} characters of such text."

_TAG: Final = re.compile(r"<[A-Za-z]")


def may_be_unsafe(text: str) -> bool:
    """Whether any part of a text could be unsafe: a fast check for a whole document or column at once."""
    # Without one of the last two, a tag cannot do anything.
    return "<" in text and bool(_TAG.search(text)) and ("=" in text or "<script" in text.lower())


def is_unsafe(text: str) -> bool:
    """Whether a browser would run script if a page inserted this text as HTML."""
    if not may_be_unsafe(text):
        return False
    # Imported on demand: its patterns take 20 ms to compile, and most functions never see a tag.
    from dashboard_store.documents.unsafe_html.tags import run_script  # noqa: PLC0415

    return run_script(text)


class TextCheck:
    """Checks the texts of one request, in an amount of work that depends on their number and length alone.

    Most texts need only fast checks. Reading the tags of the others takes up to three microseconds per character, so at
    most MOST_CHARACTERS of them are read; a text that is repeated counts once.
    """

    def __init__(self) -> None:
        self._left = MOST_CHARACTERS
        self._harmless: set[str] = set()

    def message(self, text: str) -> str | None:
        """Say why a text is rejected; None if it is not."""
        if not may_be_unsafe(text) or not self._tags.could_run(text) or text in self._harmless:
            return None
        if len(text) > self._left:
            return _TOO_MANY
        self._left -= len(text)
        if self._tags.run_script(text):
            return MESSAGE
        self._harmless.add(text)
        return None

    @cached_property
    def _tags(self) -> ModuleType:
        # Imported on demand, as above, but once: an import statement takes longer than most checks.
        from dashboard_store.documents.unsafe_html import tags  # noqa: PLC0415

        return tags
