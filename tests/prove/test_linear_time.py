"""Reading tags takes CPU time linear in the length of the text: what tests/unit/test_unsafe_html.py cannot count."""

import time

import pytest
from support.inputs.unsafe_texts import TANGLED, tangled

from dashboard_store.documents.unsafe_html import is_unsafe


@pytest.mark.parametrize("name", TANGLED)
def test_no_text_takes_long(name: str) -> None:
    """A text of tags within tags, as long as a config may be, takes less than five seconds of CPU time."""
    text = tangled(name)
    started = time.process_time()
    is_unsafe(text)
    assert time.process_time() - started < 5
