"""Texts that the service stores unchanged."""

from hypothesis import strategies as st

from dashboard_store.documents.unsafe_html import is_unsafe

_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


def kept_texts(max_size: int) -> st.SearchStrategy[str]:
    """Return any text that is not refused: Hypothesis also draws the code's own constants, such as `<SCRIPT`."""
    return st.text(_CHARACTERS, max_size=max_size).filter(lambda text: not is_unsafe(text))
