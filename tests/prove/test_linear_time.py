"""Reading tags takes CPU time linear in the length of the text: what tests/unit/test_unsafe_html.py cannot count."""

import time

import pytest
from support.inputs.unsafe_texts import TANGLED, tangled

from dashboard_store.documents.unsafe_html import is_unsafe

TEXTS = {
    **{name: tangled(name) for name in TANGLED},
    **{f"a run of {run!r}": f"<a x={run * 262_144}" for run in (" ", "\t", "\0", "0", "a", "/", "=")},
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_takes_long(name: str) -> None:
    """Tags within tags or a long run, as long as a config may be, take less than five seconds of CPU time."""
    text = TEXTS[name]
    started = time.process_time()
    is_unsafe(text)
    assert time.process_time() - started < 5
