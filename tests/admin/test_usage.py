"""The operator's list of what users store."""

import uuid
from dataclasses import replace

import pytest
from conftest import TABLE, session
from support.storage.clients import Tapped
from support.storage.contents import SETTINGS

from admin.stacks import Storage
from admin.usage import Stored, counted, listed
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import put
from dashboard_store.repository.items import Items
from dashboard_store.store import Store


@pytest.fixture
def storage(moto_client: Tapped) -> Storage:
    """The table, with three users: one who stores much, one with a project, and one who is full."""
    items = Items(moto_client, TABLE)
    items.transact(put({**keys.usage("much"), "storedBytes": 900, "projects": 2}))
    items.transact(put({**keys.usage("full"), "storedBytes": 1_000, "projects": 3, "full": True}))
    Store(SETTINGS, items).projects.create("new", read_new_project({"id": "p", "name": "P"}, SETTINGS))
    return Storage(session().client("dynamodb"), session().client("s3"), TABLE, "no-bucket")


def test_all_users_are_found(storage: Storage) -> None:
    """Each user who stores something is found with their sums, nobody else, and no other item is taken for a sum."""
    found = sorted(counted(storage), reverse=True)
    others = [Stored(900, 2, "much", is_full=False), Stored(0, 1, "new", is_full=False)]
    assert found == [Stored(1_000, 3, "full", is_full=True), *others]


def test_one_user_is_read_alone(storage: Storage) -> None:
    """A named user's sums are read without the table's; a user without any has none."""
    assert [*counted(storage, "much")] == [Stored(900, 2, "much", is_full=False)]
    assert [*counted(storage, str(uuid.uuid4()))] == []


def test_the_list_is_short(storage: Storage) -> None:
    """The list has the sums of all users, the limits, and as many users as wanted; who is full is marked."""
    settings = replace(SETTINGS, max_stored_bytes=1_000, max_projects=3)
    lines = [*listed(sorted(counted(storage), reverse=True), 2, settings)]
    assert lines == [
        "Stored by all users (3): 1900 bytes in 6 projects.",
        "Limit of each user: 1000 bytes in 3 projects.",
        "             1000 bytes       3 projects  full  full",
        "              900 bytes       2 projects  much",
        "  … and 1 more",
    ]
    assert len([*listed(sorted(counted(storage), reverse=True), 3, settings)]) == len(lines)
