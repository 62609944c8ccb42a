"""Merge patches are applied as RFC 7396 says."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_store.merge import merge_patch

# RFC 7396, appendix A: original, patch, result.
APPENDIX_A = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]

names = st.sampled_from("abc")
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX_A)
def test_the_examples_of_the_rfc(original: str, patch: str, result: str) -> None:
    """Every example of appendix A gives the result that stands there, its members in that order."""
    merged = merge_patch(json.loads(original), json.loads(patch))
    assert json.dumps(merged, separators=(",", ":")) == result


@given(target=documents, patch=documents)
def test_the_inputs_stay_as_they_were(target: Any, patch: Any) -> None:
    """The current document may go on being used after a patch was tried on it."""
    before = copy.deepcopy((target, patch))
    merge_patch(target, patch)
    assert (target, patch) == before


@given(target=documents, patch=documents)
def test_applying_a_patch_again_changes_nothing(target: Any, patch: Any) -> None:
    """A patch that is sent twice, because the first answer was lost, ends at the same document."""
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_a_kept_member_keeps_its_place() -> None:
    """Order is content: a changed member stays where it was, a new one comes last."""
    assert list(merge_patch({"x": 1, "y": 2, "z": 3}, {"n": 0, "y": 9})) == ["x", "y", "z", "n"]
