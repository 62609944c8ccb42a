"""The key of each item and object. Keys outlive the code: if one changes, saved data is no longer found."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest

from dashboard_store.errors import NotFound
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.repository import keys

ADDRESS = ProjectAddress("user-1", "sales_EU-2")
CONFIG = ADDRESS.config()
DRAFT = ADDRESS.config("s1")
PK = "USER#user-1"
MOMENT = datetime(2026, 3, 1, 0, 30, 59, 7_999, tzinfo=timezone(timedelta(hours=1)))


def test_item_keys_do_not_change() -> None:
    """Each kind of item has the key that the repository's docstring specifies, in its user's partition."""
    expected = {
        "PROJECT#sales_EU-2": keys.project(ADDRESS),
        "DATA#sales_EU-2": keys.dataset(ADDRESS),
        "ANALYSIS#sales_EU-2": keys.analysis(ADDRESS),
        "DATAVERSION#sales_EU-2#000000000007": keys.dataset_version(ADDRESS, 7),
        "UPLOAD#sales_EU-2#u-1": keys.upload(ADDRESS, "u-1"),
        "DELETED#DATA#sales_EU-2": keys.deleted(keys.dataset(ADDRESS)),
        "CONFIG#sales_EU-2#": keys.config(CONFIG),
        "CONFIG#sales_EU-2#s1": keys.config(DRAFT),
        "CONFIGVERSION#sales_EU-2##000000000007": keys.config_version(CONFIG, 7),
        "CONFIGVERSION#sales_EU-2#s1#000000000012": keys.config_version(DRAFT, 12),
    }
    for sk, key in expected.items():
        assert key == {"pk": PK, "sk": sk}


def test_keys_of_connections_do_not_change() -> None:
    """What opens, counts and follows has the keys that the repository's docstring specifies, and no user's partition.

    Only the count of a user's connections is in theirs. Tickets and followed projects are named by their SHA-256.
    """
    ticket = "0" * 43
    assert keys.ticket(ticket) == {"pk": "TICKET#jMhUCzSsEpivs4GhP_hCm7w0MADPtloFwwbaa5b-G4Y", "sk": "TICKET"}
    assert keys.connection("L0SM9cOFvHcCIhw=") == {"pk": "CONNECTION#L0SM9cOFvHcCIhw=", "sk": "CONNECTION"}
    assert keys.connections("user-1") == {"pk": PK, "sk": "CONNECTIONS"}
    pk = "FOLLOWERS#sNtuIp6lgZQ1hg8fdOnciEojOH5nzpEUBsy7YN0gQp4"
    assert keys.followers(ADDRESS) == pk
    assert keys.follower(ADDRESS, "L0SM9cOFvHcCIhw=") == {"pk": pk, "sk": "CONNECTION#L0SM9cOFvHcCIhw="}
    assert keys.announced(ADDRESS) == {"pk": pk, "sk": "ANNOUNCED"}


@pytest.mark.parametrize(
    "other", [ProjectAddress("user-1sales", "_EU-2"), ProjectAddress("user-1", "sales_EU-22"), ProjectAddress("u", "p")]
)
def test_followers_are_of_one_project(other: ProjectAddress) -> None:
    """The followers of two projects are in two partitions, also where owner and id read alike in a row."""
    assert keys.followers(other) != keys.followers(ADDRESS)


def test_a_count_of_connections_is_not_stored_by_its_user() -> None:
    """Neither the count nor anything about followers is among what a user stores, which is counted."""
    assert not keys.is_stored(keys.connections("user-1"))


@pytest.mark.parametrize("user", ["user-1", "USER#u", "a#b"])
def test_a_projects_item_has_its_address(user: str) -> None:
    """The address of a project can be read from its item, whatever the user's id contains."""
    address = ProjectAddress(user, "sales_EU-2")
    assert keys.project_of({**keys.project(address), "listKey": "any"}) == address


@pytest.mark.parametrize("address", [CONFIG, DRAFT], ids=["the config", "a draft"])
def test_the_versions_of_a_config_share_a_unique_prefix(address: ConfigAddress) -> None:
    """The keys of all versions of a config or a draft have a prefix that no other key has."""
    others = [
        CONFIG,
        DRAFT,
        ADDRESS.config("s"),
        ADDRESS.config("s11"),
        ProjectAddress("user-1", "sales_EU-22").config(),
    ]
    found = [other for other in others if keys.config_version(other, 7)["sk"].startswith(keys.config_versions(address))]
    assert found == [address]


def test_a_users_partition_is_named_after_the_sub() -> None:
    """Whatever a `sub` contains, its partition belongs to that user only."""
    assert keys.partition("a#b") == "USER#a#b"
    assert keys.partition(ADDRESS.owner) == PK


def test_projects_are_listed_by_their_last_change() -> None:
    """The listing key begins with the time, so that keys are in the order of changes; the id makes it unique."""
    listed = keys.listed(ADDRESS, "2026-02-28T23:30:59.007Z")
    assert listed == "PROJECT#2026-02-28T23:30:59.007Z#sales_EU-2"
    assert listed.startswith(keys.PROJECTS)


def test_folders_do_not_reveal_the_user() -> None:
    """An object's folder consists of the SHA-256 of the user, in hexadecimal, and the project."""
    digest = "c6c289e49e9c05b2145860387b73bcb18df43fb09a1e4a4a9713c76c88bb541b"
    assert keys.folder(ADDRESS) == f"{digest}/sales_EU-2"


def test_the_order_of_versions_is_the_order_of_their_keys() -> None:
    """Versions are padded with zeros, so that DynamoDB, which sorts keys as text, sorts them by number."""
    numbers = [0, 9, 10, 99, 999_999_999_999]
    for key in (partial(keys.dataset_version, ADDRESS), partial(keys.config_version, CONFIG)):
        names = [key(number)["sk"] for number in numbers]
        assert names == sorted(names)


@pytest.mark.parametrize("text", ["", "a#b", "a/b", "a b", "ä", "x" * 129, "a\n"])
def test_a_text_that_is_not_an_id_names_no_upload(text: str) -> None:
    """An upload id that is not a valid id is reported as a missing upload."""
    with pytest.raises(NotFound, match=r"^This upload does not exist\.$"):
        keys.upload(ADDRESS, text)


def test_the_longest_id_has_a_key() -> None:
    """The key of an upload holds its id and its project's in full, even with 128 characters each."""
    address = ProjectAddress("user-1", "x" * 128)
    assert keys.upload(address, "y" * 128)["sk"] == f"UPLOAD#{'x' * 128}#{'y' * 128}"


@pytest.fixture(autouse=True)
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the test in a time zone other than UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_keys_that_outlive_a_user_do_not_change() -> None:
    """A user's writes are counted, and their erasure is noted, under keys that name nobody without the deployment's."""
    name = "ijLmgHSUiv0NN9Whtr4yku7qfUCW0o3BCqn1P3pEixM"
    assert keys.keyed_hash("key", "user-1") == name
    assert keys.rate("key", "user-1") == {"pk": f"RATE#{name}", "sk": "RATE"}
    assert keys.erased("key", "user-1") == {"pk": "ERASED", "sk": f"USER#{name}"}
    assert name not in {keys.keyed_hash("another", "user-1"), keys.keyed_hash("key", "user-2")}


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    """A timestamp is RFC 3339 in UTC with milliseconds, whatever the given time zone, so timestamps sort as text."""
    assert keys.timestamp(MOMENT) == "2026-02-28T23:30:59.007Z"
    assert keys.timestamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
