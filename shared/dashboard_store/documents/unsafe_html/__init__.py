"""Text that a browser would execute if a page inserted it as HTML. It is rejected; other text is stored as it is."""

import re
from typing import Final

MESSAGE: Final = "A browser would execute this text if a page inserted it as HTML."

_TAG: Final = re.compile(r"<[A-Za-z]")
# Without one of these, a tag cannot do anything.
_EFFECT: Final = re.compile(r"=|<script", re.IGNORECASE)


def may_be_unsafe(text: str) -> bool:
    """Whether any part of a text could be unsafe: a fast check for a whole document or column at once."""
    return "<" in text and bool(_TAG.search(text) and _EFFECT.search(text))


def is_unsafe(text: str) -> bool:
    """Whether a browser would run script if a page inserted this text as HTML."""
    if not may_be_unsafe(text):
        return False
    # Imported on demand: its patterns take 20 ms to compile, and most functions never see a tag.
    from dashboard_store.documents.unsafe_html.tags import run_script  # noqa: PLC0415

    return run_script(text)
