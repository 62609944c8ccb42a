"""How items and objects are named. What is saved outlives the code: another name, and nobody finds it any more."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard_store.errors import NotFound
from dashboard_store.repository.keys import ConfigKey, ProjectKey, rate_window, timestamp, user_partition

KEY = ProjectKey("user-1", "sales_EU-2")
PK = "USER#user-1"
MOMENT = datetime(2026, 3, 1, 0, 30, 59, 7_999, tzinfo=timezone(timedelta(hours=1)))


def test_an_items_name_stays() -> None:
    """Each kind of item has the name that the repository's docstring gives it, in the partition of its user."""
    names = {
        "PROJECT#sales_EU-2": KEY.project,
        "DATA#sales_EU-2": KEY.data,
        "ANALYSIS#sales_EU-2": KEY.analysis,
        "DATAVERSION#sales_EU-2#000000000007": KEY.data_version(7),
        "UPLOAD#sales_EU-2#u-1": KEY.upload("u-1"),
        "DELETED#DATA#sales_EU-2": KEY.deleted(KEY.data),
        "CONFIG#sales_EU-2#": KEY.config().head,
        "CONFIG#sales_EU-2#s1": KEY.config("s1").head,
        "CONFIGVERSION#sales_EU-2##000000000007": KEY.config().version(7),
        "CONFIGVERSION#sales_EU-2#s1#000000000012": KEY.config("s1").version(12),
    }
    for sk, item in names.items():
        assert item == {"pk": PK, "sk": sk}


def test_a_config_is_no_draft_unless_a_session_is_named() -> None:
    """The key of a project's config is the one without a session."""
    assert KEY.config() == ConfigKey(KEY) == ConfigKey(KEY, "")


def test_a_users_partition_is_named_by_the_token_alone() -> None:
    """Whatever a `sub` holds, the partition is the user's and nobody else's."""
    assert user_partition("a#b") == "USER#a#b"
    assert KEY.pk == PK


def test_projects_are_listed_by_their_last_change() -> None:
    """The list's key begins with the moment, so that the order of keys is the order of changes; the id makes it one."""
    assert KEY.listed("2026-02-28T23:30:59.007Z") == "PROJECT#2026-02-28T23:30:59.007Z#sales_EU-2"


def test_objects_lie_in_a_folder_that_does_not_tell_the_user() -> None:
    """An object's folder is the SHA-256 of the user, in hexadecimal digits, and the project."""
    digest = "c6c289e49e9c05b2145860387b73bcb18df43fb09a1e4a4a9713c76c88bb541b"
    assert KEY.folder == f"{digest}/sales_EU-2"


def test_the_order_of_versions_is_the_order_of_their_names() -> None:
    """Versions are padded with zeros, so that DynamoDB, which sorts by name, sorts by number."""
    numbers = [0, 9, 10, 99, 999_999_999_999]
    for name in (KEY.data_version, KEY.config().version):
        names = [name(number)["sk"] for number in numbers]
        assert names == sorted(names)


@pytest.mark.parametrize("name", ["", "a#b", "a/b", "a b", "ä", "x" * 129, "a\n"])
def test_what_is_no_id_names_nothing(name: str) -> None:
    """A project or upload that no id can be of is absent, and says so."""
    with pytest.raises(NotFound, match=r"^There is no such project\.$"):
        ProjectKey("user-1", name)
    with pytest.raises(NotFound, match=r"^There is no such upload\.$"):
        KEY.upload(name)


def test_the_longest_id_is_one() -> None:
    """An id has up to 128 characters."""
    assert ProjectKey("user-1", "x" * 128).upload("y" * 128)["sk"] == f"UPLOAD#{'x' * 128}#{'y' * 128}"


@pytest.fixture(autouse=True)
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_a_rate_window_is_a_minute_in_utc() -> None:
    """A user's writes within one minute are counted under one name, wherever the clock stands."""
    assert rate_window("user-1", MOMENT) == {"pk": PK, "sk": "RATE#2026-02-28T23:30Z"}
    assert rate_window("user-1", MOMENT.astimezone(UTC)) == rate_window("user-1", MOMENT)


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    """A moment is RFC 3339 in UTC with milliseconds, however it was given: all timestamps sort as texts."""
    assert timestamp(MOMENT) == "2026-02-28T23:30:59.007Z"
    assert timestamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
