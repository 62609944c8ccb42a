"""Documents are stored as gzip that any reader takes, and in no more bytes than zlib would need."""

import gzip

import pytest

from dashboard_store.compression import DOCUMENT_LEVEL, gunzipped, gzipped
from dashboard_store.documents.json_text import compact
from local.dashboards import dashboard


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_a_document_is_a_gzip_no_larger_than_zlibs(size: str) -> None:
    """Python's own gzip reads what was compressed, which is at most 1 % larger than what it would have written."""
    text = compact(dashboard(size)).encode()
    stored = gzipped(text)
    assert gzip.decompress(stored) == gunzipped(stored) == text
    assert len(stored) <= 1.01 * len(gzip.compress(text, DOCUMENT_LEVEL))
    assert gzipped(text) == stored
