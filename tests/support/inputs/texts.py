"""Texts that the service keeps as they come."""

from hypothesis import strategies as st

from dashboard_store.documents.unsafe_html import is_unsafe

_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


def kept_texts(max_size: int) -> st.SearchStrategy[str]:
    """Any text but what is refused. Hypothesis draws from what the code names, too, and finds `<SCRIPT` there."""
    return st.text(_CHARACTERS, max_size=max_size).filter(lambda text: not is_unsafe(text))
