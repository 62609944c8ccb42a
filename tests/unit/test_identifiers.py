"""What an id and a version are, and which address is made of them."""

import pytest

from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ConfigAddress, ProjectAddress, is_id, is_version

ADDRESS = ProjectAddress("user-1", "sales_EU-2")
NO_IDS = {
    "nothing": "",
    "a separator of the keys": "a#b",
    "a separator of paths": "a/b",
    "a space": "a b",
    "a letter beyond ASCII": "ä",
    "other digits": "\u0665",
    "129 characters": "x" * 129,
    "a line's end": "a\n",
    "a percent sign": "a%20b",
    "a dot": "a.b",
}


@pytest.mark.parametrize("text", ["a", "0", "-", "_", "sales_EU-2", "Az09_-", "x" * 128])
def test_an_id_is_up_to_128_characters_that_need_no_escape(text: str) -> None:
    """Letters and digits of ASCII, the hyphen and the underscore, in any order."""
    assert is_id(text)
    assert ProjectAddress("user-1", text).project_id == text


@pytest.mark.parametrize("name", NO_IDS)
def test_another_text_is_not_an_id(name: str) -> None:
    """There is no project under a text that is not an id, and the error says so."""
    assert not is_id(NO_IDS[name])
    with pytest.raises(NoProject, match=r"^There is no such project\.$"):
        ProjectAddress("user-1", NO_IDS[name])


@pytest.mark.parametrize("text", ["1", "9", "10", "123456789012", "9" * 12])
def test_a_version_is_a_number_of_up_to_12_digits(text: str) -> None:
    """Versions count from 1, written without leading zeros."""
    assert is_version(text)


@pytest.mark.parametrize(
    "text", ["", "0", "00", "01", "-1", "+1", "1.0", "1e3", " 1", "1 ", "1\n", "x", "\u0661", "1" + "0" * 12]
)
def test_another_text_is_not_a_version(text: str) -> None:
    """Version 0 was never saved, and a version is written in one way only."""
    assert not is_version(text)


@pytest.mark.parametrize("owner", ["u", "a#b", "a/b", "é" * 512])
def test_an_owner_may_be_any_text(owner: str) -> None:
    """An owner is whatever the token names, as it names it."""
    assert ProjectAddress(owner, "p").owner == owner


def test_a_config_is_no_draft_unless_a_session_is_named() -> None:
    """The address of a project's config is the one without a session."""
    assert ADDRESS.config() == ConfigAddress(ADDRESS) == ConfigAddress(ADDRESS, "")
    assert ADDRESS.config("s1") == ConfigAddress(ADDRESS, "s1") != ADDRESS.config()


def test_an_address_is_a_value() -> None:
    """Addresses of the same parts are equal, and none can be changed into another one."""
    assert ProjectAddress("user-1", "sales_EU-2") == ADDRESS
    assert len({ADDRESS, ProjectAddress("user-2", "sales_EU-2"), ProjectAddress("user-1", "p")}) == 3
    with pytest.raises(AttributeError):
        ADDRESS.owner = "user-2"  # type: ignore[misc]
