"""What a refusal says. It goes into the response unchanged: what a client shows, and what it needs to continue."""

import io
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.storage.contents import SETTINGS, at, config, upload

from dashboard_store import retry
from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.dataset.upload import FileType, read_analysis
from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import (
    AnalysisConflict,
    ConfigConflict,
    DatasetConflict,
    FieldError,
    InvalidConfig,
    InvalidData,
    NotFound,
    ProjectExists,
    StorageUnavailable,
    UploadTooLarge,
    VersionConflict,
)
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.repository.uploads import Uploads
from dashboard_store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

FILE: tuple[str, FileType, int] = ("t.csv", "text/csv", 3)
FIRST = at(0)
STALE = at(7)


def renamed(project: Project) -> Project:
    return Project("renamed", project.description, project.settings)


def details(refusal: pytest.ExceptionInfo[VersionConflict]) -> tuple[type[VersionConflict], dict[str, Any]]:
    """Return the type of a conflict, and all that it carries."""
    carried = vars(refusal.value)
    conflicts = carried.get("conflicts")
    return type(refusal.value), carried if conflicts is None else {**carried, "conflicts": tuple(conflicts)}


def test_a_nonexistent_project_has_the_same_message_everywhere(store: Store, user: str) -> None:
    """Every call for a nonexistent project has the same message, so nothing distinguishes it from another user's."""
    address, saved, origin = ProjectAddress(user, "p"), config(c=1), Origin()
    calls: list[Callable[[], object]] = [
        lambda: store.configs.newest(address.config()),
        lambda: store.configs.newest(address.config("s1")),
        lambda: store.config_saves.save(address.config(), saved, FIRST, origin),
        lambda: store.config_saves.save(address.config("s1"), saved, FIRST, origin),
        lambda: store.config_saves.merge(address.config(), saved, 1, origin, lambda _: saved),
        lambda: store.config_saves.change(address.config(), lambda _: saved, Precondition(), origin),
        lambda: store.configs.versions(address.config(), 1),
        lambda: store.configs.history(address.config(), 10, None),
        lambda: store.projects.get(address),
        lambda: store.projects.change(address, renamed, Precondition()),
        lambda: store.project_deletion.delete(address, Precondition()),
        lambda: store.project_deletion.restore(address),
        lambda: store.datasets.current(address),
        lambda: store.dataset_writes.upload(address, upload("t"), Precondition()),
        lambda: store.uploads.announce(address, *FILE),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=r"^This project does not exist\.$"):
            call()


def test_a_version_that_history_does_not_hold_is_named(store: Store, address: ProjectAddress) -> None:
    """A version that history does not hold is named in the refusal."""
    with pytest.raises(NotFound, match=r"^Version 3 of this config does not exist or has expired\.$"):
        store.configs.versions(address.config(), 3)


def test_an_upload_that_is_not_kept_is_named(store: Store, address: ProjectAddress) -> None:
    """A refusal names an upload that is not kept, and says what is missing for an analysis."""
    with pytest.raises(NotFound, match=r"^Version 3 of the data does not exist or is no longer kept\.$"):
        store.datasets.version(address, 3)
    with pytest.raises(NotFound, match=r"^This project does not exist, or it has no data to analyse\.$"):
        store.dataset_writes.analyse(address, read_analysis({"analysis": {}}, SETTINGS), Precondition())


def test_an_upload_that_was_not_announced_is_absent(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """An upload is absent if it was not announced, and once its time for completion is over."""
    assert store.datasets.current(address).version == 0
    clock.moment = clock.moment.replace(microsecond=0)
    announced = store.uploads.announce(address, *FILE).upload_id
    clock.advance(days=1, seconds=-1)
    assert store.uploads.pending(address, announced).completed is None
    clock.advance(seconds=1)
    for upload_id in ("another", announced):
        with pytest.raises(NotFound, match=r"^This upload does not exist, or it was not completed in time\.$"):
            store.uploads.pending(address, upload_id)


def test_a_file_that_is_not_what_was_announced_is_refused(store: Store, address: ProjectAddress) -> None:
    """If no file was sent, the refusal says what to do; a file that is larger than announced is not read."""
    announced = store.uploads.announce(address, *FILE)
    pending, file = store.uploads.pending(address, announced.upload_id), io.BytesIO()
    with pytest.raises(InvalidData, match=r"^The file has not been sent yet\.$") as missing:
        store.uploads.sent_bytes(address, pending)
    with pytest.raises(InvalidData, match=r"^The file has not been sent yet\.$"):
        store.uploads.fetch(address, pending, file)
    message = "Send the file to the upload's url first, in a form with its fields."
    assert missing.value.field_errors == (FieldError("", message),)
    store.bucket.put(announced.fields["key"], b"four", "text/csv")
    with pytest.raises(UploadTooLarge, match=r"^The file is 4 bytes, but only 3 were announced\.$") as large:
        store.uploads.sent_bytes(address, pending)
    assert (large.value.limit_bytes, large.value.actual_bytes) == (3, 4)
    store.bucket.put(announced.fields["key"], b"123", "text/csv")
    assert store.uploads.sent_bytes(address, pending) == 3
    store.uploads.fetch(address, pending, file)
    assert file.getvalue() == b"123"


def test_an_upload_is_announced_for_an_hour(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """The announcement says until when the file can be sent."""
    announced = store.uploads.announce(address, *FILE)
    assert BUCKET in announced.url
    sent_by = clock.moment
    clock.advance(hours=-1)
    assert announced.expires_at > keys.timestamp(sent_by)
    clock.advance(hours=2)
    assert announced.expires_at == keys.timestamp(clock.moment)


def test_an_upload_is_announced_under_a_unique_id(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """A repeated id does not overwrite the first upload, and a generated id cannot be guessed."""
    uploads = Uploads(store.items, store.bucket, store.usage, clock, new_id=lambda: "once")
    uploads.announce(address, *FILE)
    with pytest.raises(NotFound):
        uploads.announce(address, "other.csv", "text/csv", 4)
    assert uploads.pending(address, "once").file_name == "t.csv"
    assert len(bytes.fromhex(store.uploads.announce(address, *FILE).upload_id)) >= 16


def test_a_taken_id_is_named(store: Store, address: ProjectAddress) -> None:
    """A refusal of a taken id says whether the project that has it is deleted."""
    again = read_new_project({"id": address.project_id, "name": "Again"}, SETTINGS)
    with pytest.raises(ProjectExists, match=r"^A project already has the id p\. Choose another id\.$"):
        store.projects.create(address.owner, again)
    store.project_deletion.delete(address, Precondition())
    with pytest.raises(ProjectExists, match=r"^A deleted project still has the id p\. Choose another id\.$"):
        store.projects.create(address.owner, again)


def test_a_stale_change_of_a_project_gets_the_project(store: Store, address: ProjectAddress) -> None:
    """A stale change or delete is refused with the current project and the version that it named."""
    project = store.projects.get(address)
    for refused in (
        lambda: store.projects.change(address, renamed, STALE),
        lambda: store.project_deletion.delete(address, STALE),
    ):
        with pytest.raises(VersionConflict, match=r"^The project is at version 1\.$") as refusal:
            refused()
        assert details(refusal) == (VersionConflict, {"version": 1, "document": project, "base": 7})


def test_a_stale_save_gets_the_newest_config_and_the_conflicts(store: Store, address: ProjectAddress) -> None:
    """A stale save is refused with the newest config, its time and source, and the places that conflict."""
    first = store.config_saves.save(address.config(), config(c=1), FIRST, Origin()).newest
    origin = Origin("ai", by="colleague")
    newest = store.config_saves.change(address.config(), lambda _: config(c=2), Precondition(), origin).newest
    known = {
        "version": 2,
        "document": newest.config(),
        "updated_at": newest.updated_at,
        "updated_by": "colleague",
        "source": "ai",
    }
    mine = config(c=3)
    with pytest.raises(VersionConflict, match=r"^The config is at version 2\.$") as refusal:
        store.config_saves.save(address.config(), mine, at(first.version), Origin())
    clash = ("/chartCustomizations/c/value",)
    assert details(refusal) == (ConfigConflict, {**known, "base": 1, "conflicts": clash})
    with pytest.raises(VersionConflict) as refusal:
        store.config_saves.merge(address.config(), mine, 1, Origin(), lambda _: mine)
    assert details(refusal) == (ConfigConflict, {**known, "base": 1, "conflicts": clash})
    # A base that history does not hold cannot be compared.
    stales: list[Callable[[], object]] = [
        lambda: store.config_saves.save(address.config(), mine, STALE, Origin()),
        lambda: store.config_saves.merge(address.config(), mine, 7, Origin(), lambda _: mine),
    ]
    for stale in stales:
        with pytest.raises(VersionConflict) as refusal:
            stale()
        assert details(refusal) == (ConfigConflict, {**known, "base": 7, "conflicts": None})


def test_an_edit_that_is_invalid_for_its_base_has_no_conflicts(store: Store, address: ProjectAddress) -> None:
    """A stale edit that is invalid for its base is a conflict without places; a current edit is just invalid."""

    def misfit(_: Any) -> Config:
        raise InvalidConfig("It does not fit.")

    store.config_saves.save(address.config(), config(c=1), FIRST, Origin())
    store.config_saves.change(address.config(), lambda _: config(c=2), Precondition(), Origin())
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.change(address.config(), misfit, at(1), Origin())
    assert (refusal.value.base, refusal.value.conflicts) == (1, None)
    assert refusal.value.version == 2
    with pytest.raises(InvalidConfig):
        store.config_saves.change(address.config(), misfit, at(2), Origin())


def test_a_stale_upload_gets_the_newest_schema(store: Store, address: ProjectAddress) -> None:
    """A stale upload is refused with the newest table's schema, or without one before the first table."""
    with pytest.raises(VersionConflict, match=r"^The data is at version 0\.$") as refusal:
        store.dataset_writes.upload(address, upload("t"), STALE)
    nothing = {"version": 0, "document": None, "updated_at": None, "base": 7}
    assert details(refusal) == (DatasetConflict, nothing)
    saved = store.dataset_writes.upload(address, upload("t"), Precondition())
    with pytest.raises(VersionConflict, match=r"^The data is at version 1\.$") as refusal:
        store.dataset_writes.upload(address, upload("other"), STALE)
    newest = {"version": 1, "document": saved.schema, "updated_at": saved.updated_at, "base": 7}
    assert details(refusal) == (DatasetConflict, newest)


def test_a_stale_analysis_gets_the_newest(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """A stale analysis is refused with the newest one, or without one before the first."""
    dataset = store.dataset_writes.upload(address, upload("t"), Precondition())
    analysis, other = (read_analysis({"analysis": {"of": name}}, SETTINGS) for name in ("t", "other"))
    with pytest.raises(VersionConflict, match=r"^The data is at version 1 with analysis 0\.$") as refusal:
        store.dataset_writes.analyse(address, analysis, STALE)
    known: dict[str, Any] = {
        "version": 1,
        "analysis_version": 0,
        "document": None,
        "updated_at": dataset.updated_at,
        "base": None,
    }
    assert details(refusal) == (AnalysisConflict, known)
    clock.advance(seconds=1)
    analysed = store.dataset_writes.analyse(address, analysis, at(1))
    with pytest.raises(VersionConflict, match=r"^The data is at version 1 with analysis 1\.$") as refusal:
        store.dataset_writes.analyse(address, other, STALE)
    known |= {"analysis_version": 1, "document": {"of": "t"}, "updated_at": analysed.updated_at}
    assert details(refusal) == (AnalysisConflict, known)


@pytest.fixture
def waits(store: Store, monkeypatch: pytest.MonkeyPatch, address: ProjectAddress) -> list[int]:
    """The attempts after which a change waits, in a project with a table where another client is always faster."""
    store.dataset_writes.upload(address, upload("t"), Precondition())
    attempts: list[int] = []
    newest = {**(store.items.get(keys.config(address.config())) or {}), "version": 1, "digest": b"other"}

    def overtaken(*writes: dict[str, Any], **_: Any) -> None:
        raise ConditionFailed([newest, *[None] * (len(writes) - 1)])

    def noted(attempt: int) -> float:
        attempts.append(attempt)
        return 0.001

    monkeypatch.setattr(store.items, "transact", overtaken)
    monkeypatch.setattr(retry, "full_jitter", noted)
    monkeypatch.setattr(retry, "RACE_SECONDS", 0.005)
    return attempts


def test_a_change_that_is_always_overtaken_gives_up(store: Store, waits: list[int], address: ProjectAddress) -> None:
    """A change that is overtaken every time gives up, after a back-off for each attempt, and says why."""
    changes: dict[str, Callable[[], object]] = {
        "There are too many concurrent changes to this config. Try again.": lambda: store.config_saves.change(
            address.config(), lambda _: config(c=1), Precondition(), Origin()
        ),
        "There are too many concurrent changes to this project. Try again.": lambda: store.project_deletion.delete(
            address, Precondition()
        ),
        "There are too many concurrent uploads to this project. Try again.": lambda: store.dataset_writes.upload(
            address, upload("other"), Precondition()
        ),
        "There are too many concurrent changes to this analysis. Try again.": lambda: store.dataset_writes.analyse(
            address, read_analysis({"analysis": {}}, SETTINGS), Precondition()
        ),
    }
    for words, change in changes.items():
        waits.clear()
        with pytest.raises(StorageUnavailable) as refusal:
            change()
        assert str(refusal.value) == words
        assert waits == list(range(1, len(waits) + 1))
        assert len(waits) > 1
    with pytest.raises(StorageUnavailable) as refusal:
        store.projects.change(address, renamed, Precondition())
    assert str(refusal.value) == "There are too many concurrent changes to this project. Try again."
