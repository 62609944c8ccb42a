"""What a valid id and a valid version are, and the addresses made of them."""

import pytest

from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ConfigAddress, Guest, ProjectAddress, Team, is_id, is_version

ADDRESS = ProjectAddress("user-1", "sales_EU-2")
INVALID_IDS = {
    "empty": "",
    "a separator of the keys": "a#b",
    "a separator of paths": "a/b",
    "a space": "a b",
    "a letter beyond ASCII": "ä",
    "non-ASCII digits": "\u0665",
    "129 characters": "x" * 129,
    "a line break": "a\n",
    "a percent sign": "a%20b",
    "a dot": "a.b",
}


@pytest.mark.parametrize("text", ["a", "0", "-", "_", "sales_EU-2", "Az09_-", "x" * 128])
def test_an_id_is_up_to_128_characters_that_need_no_escape(text: str) -> None:
    """An id consists of ASCII letters and digits, hyphens and underscores, in any order."""
    assert is_id(text)
    assert ProjectAddress("user-1", text).project_id == text


@pytest.mark.parametrize("name", INVALID_IDS)
def test_another_text_is_not_an_id(name: str) -> None:
    """A project id that is not a valid id is reported as a missing project."""
    assert not is_id(INVALID_IDS[name])
    with pytest.raises(NoProject, match=r"^This project does not exist\.$"):
        ProjectAddress("user-1", INVALID_IDS[name])


@pytest.mark.parametrize("text", ["1", "9", "10", "123456789012", "9" * 12])
def test_a_version_is_a_number_of_up_to_12_digits(text: str) -> None:
    """Versions count from 1 and have no leading zeros."""
    assert is_version(text)


@pytest.mark.parametrize(
    "text", ["", "0", "00", "01", "-1", "+1", "1.0", "1e3", " 1", "1 ", "1\n", "x", "\u0661", "1" + "0" * 12]
)
def test_another_text_is_not_a_version(text: str) -> None:
    """Version 0 was never saved, and there is only one way to write a version."""
    assert not is_version(text)


@pytest.mark.parametrize("owner", ["u", "a#b", "a/b", "é" * 512])
def test_an_owner_may_be_any_text(owner: str) -> None:
    """An owner is the token's subject, unchanged."""
    assert ProjectAddress(owner, "p").owner == owner


# Base64 of these has characters that base64url replaces, every length of padding, and unused bits at its end.
OWNERS = {"dQ": "u", "w6k": "é", "Pz8_": "???", "fn5-": "~~~", "YSBifGMjZA": "a b|c#d"}


@pytest.mark.parametrize("part", OWNERS)
def test_a_project_is_named_by_its_id_or_its_address(part: str) -> None:
    """An address is the owner's id as base64url without padding, a tilde and the project's id."""
    address = ProjectAddress(OWNERS[part], "sales_EU-2")
    assert address.text == f"{part}~sales_EU-2"
    for text in (address.text, address.project_id):
        assert ProjectAddress.from_path(Guest(address.owner), text) == address


def test_others_are_guests_of_a_project() -> None:
    """Another user's address names the same project, with its reader as the guest."""
    guest = Guest("me", (Team("a"),), "Me")
    address = ProjectAddress.from_path(guest, "dQ~p")
    assert address == ProjectAddress("u", "p", guest)
    assert (address.text, address.user, ProjectAddress("u", "p").user) == ("dQ~p", "me", "u")


@pytest.mark.parametrize(
    ("user", "text"),
    [
        pytest.param("u", "dQ==~p", id="padding"),
        pytest.param("u", "dR~p", id="unused bits that are not zero"),
        pytest.param("???", "Pz8/~p", id="a slash of base64"),
        pytest.param("~~~", "fn5+~p", id="a plus of base64"),
        pytest.param("u", " dQ~p", id="a space before"),
        pytest.param("u", "~p", id="no owner"),
        pytest.param("u", "dQ~", id="no id"),
        pytest.param("u", "dQ~p~q", id="two tildes"),
        pytest.param("u", "dQ~dQ~p", id="the owner twice"),
        pytest.param("u", "dQ~a.b", id="not an id"),
        pytest.param("u", f"dQ~{'x' * 129}", id="an id that is too long"),
        pytest.param("\ufffd", "_w~p", id="an owner that is not UTF-8"),
    ],
)
def test_another_text_names_no_project(user: str, text: str) -> None:
    """An owner's part in any other form is reported as a missing project."""
    with pytest.raises(NoProject, match=r"^This project does not exist\.$"):
        ProjectAddress.from_path(Guest(user), text)


def test_only_an_address_with_a_session_is_a_draft() -> None:
    """The address of a project's config is the one without a session."""
    assert ADDRESS.config() == ConfigAddress(ADDRESS) == ConfigAddress(ADDRESS, "")
    assert ADDRESS.config("s1") == ConfigAddress(ADDRESS, "s1") != ADDRESS.config()


def test_an_address_is_a_value() -> None:
    """Addresses with the same parts are equal, and addresses are immutable."""
    assert ProjectAddress("user-1", "sales_EU-2") == ADDRESS
    assert len({ADDRESS, ProjectAddress("user-2", "sales_EU-2"), ProjectAddress("user-1", "p")}) == 3
    with pytest.raises(AttributeError):
        ADDRESS.owner = "user-2"  # type: ignore[misc]
