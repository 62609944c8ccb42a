"""Generated ids contain their time and random bits (RFC 9562, section 5.7)."""

from datetime import UTC, datetime
from unittest import mock

from dashboard_store.repository.projects import uuid7

MOMENT = datetime(2026, 11, 25, 12, 0, 0, 123_999, tzinfo=UTC)


def test_an_id_has_its_fields() -> None:
    """The milliseconds, the version, the variant and the random bits are where the RFC specifies them."""
    with mock.patch("secrets.randbits", lambda bits: (1 << bits) - 1):
        ones = uuid7(MOMENT)
    with mock.patch("secrets.randbits", return_value=0):
        zeros = uuid7(MOMENT)
    milliseconds = 1_795_608_000_123
    assert ones.hex == f"{milliseconds:012x}7fffbfffffffffffffff"
    assert zeros.hex == f"{milliseconds:012x}70008000000000000000"
    assert (ones.version, ones.variant, zeros.version, zeros.variant) == (7, "specified in RFC 4122") * 2


def test_ids_are_unique() -> None:
    """Ids of the same millisecond differ in their random bits."""
    assert len({uuid7(MOMENT) for _ in range(100)}) == 100
