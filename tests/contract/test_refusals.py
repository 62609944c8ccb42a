"""What a refusal says. It goes into the response as it is: what a client shows, and what it needs to go on."""

import io
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.storage.contents import SETTINGS, at

from dashboard_store import retry
from dashboard_store.app import Store
from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import FileType, read_analysis, read_upload
from dashboard_store.documents.project import Project, read_new_project
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

if TYPE_CHECKING:
    from collections.abc import Callable

FILE: tuple[str, FileType, int] = ("t.csv", "text/csv", 3)
FIRST = at(0)
STALE = at(7)


def config(**members: Any) -> Config:
    return read_config({"chartCustomizations": {"c": {"value": 1, **members}}}, SETTINGS)


@pytest.fixture
def address(user: str) -> ProjectAddress:
    return ProjectAddress(user, "p")


@pytest.fixture
def project(store: Store, address: ProjectAddress) -> dict[str, Any]:
    """The project `p`, as its creation returned it."""
    return store.projects.create(address.owner, read_new_project({"id": address.project_id, "name": "P"}, SETTINGS))


def renamed(project: Project) -> Project:
    return Project("renamed", project.description, project.settings)


def said(refusal: pytest.ExceptionInfo[VersionConflict]) -> tuple[type[VersionConflict], dict[str, Any]]:
    """Which conflict it is, and all that it brings."""
    return type(refusal.value), vars(refusal.value)


def test_what_is_not_there_is_said_in_the_same_words(store: Store, address: ProjectAddress) -> None:
    """Whatever is asked of a project that is absent, nothing tells it from one that is somebody else's."""
    saved, origin, upload = config(), Origin(), read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS)
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
        lambda: store.dataset_writes.upload(address, upload, Precondition()),
        lambda: store.uploads.announce(address, *FILE),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=r"^There is no such project\.$"):
            call()


@pytest.mark.usefixtures("project")
def test_what_history_does_not_hold_is_named(store: Store, address: ProjectAddress) -> None:
    """A version that history does not hold is named in the refusal."""
    with pytest.raises(NotFound, match=r"^History holds no version 3 of this config\.$"):
        store.configs.versions(address.config(), 3)


@pytest.mark.usefixtures("project")
def test_what_is_not_kept_is_named(store: Store, address: ProjectAddress) -> None:
    """An upload that is not kept is named in the refusal, and an analysis of nothing says what is missing."""
    with pytest.raises(NotFound, match=r"^The project keeps no upload 3\.$"):
        store.datasets.version(address, 3)
    with pytest.raises(NotFound, match=r"^There is no such project, or it has no data to analyse\.$"):
        store.dataset_writes.analyse(address, read_analysis({"analysis": {}}, SETTINGS), Precondition())


@pytest.mark.usefixtures("project")
def test_an_upload_that_was_not_announced_is_absent(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """An upload is absent where none was announced, and as soon as its time to be completed is over."""
    assert store.datasets.current(address).version == 0
    clock.moment = clock.moment.replace(microsecond=0)
    announced = store.uploads.announce(address, *FILE).upload_id
    clock.advance(days=1, seconds=-1)
    assert store.uploads.pending(address, announced).completed is None
    clock.advance(seconds=1)
    for upload_id in ("another", announced):
        with pytest.raises(NotFound, match=r"^There is no such upload, or it was not completed in time\.$"):
            store.uploads.pending(address, upload_id)


@pytest.mark.usefixtures("project")
def test_a_file_that_is_not_what_was_announced_is_refused(store: Store, address: ProjectAddress) -> None:
    """Where no file was sent the refusal says what to do; one that is larger than was announced is not read."""
    announced = store.uploads.announce(address, *FILE)
    pending, file = store.uploads.pending(address, announced.upload_id), io.BytesIO()
    with pytest.raises(InvalidData, match=r"^Nothing was sent to the bucket yet\.$") as missing:
        store.uploads.fetch(address, pending, file)
    message = "send the file to the upload's url first, in a form with its fields"
    assert missing.value.field_errors == (FieldError("", message),)
    store.bucket.put(announced.fields["key"], b"four", "text/csv")
    with pytest.raises(UploadTooLarge, match=r"^The file is 4 bytes; 3 were announced\.$") as large:
        store.uploads.fetch(address, pending, file)
    assert (large.value.limit_bytes, large.value.actual_bytes, file.getvalue()) == (3, 4, b"")
    store.bucket.put(announced.fields["key"], b"123", "text/csv")
    store.uploads.fetch(address, pending, file)
    assert file.getvalue() == b"123"


@pytest.mark.usefixtures("project")
def test_an_upload_is_announced_for_an_hour(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """The announcement says until when the file can be sent."""
    announced = store.uploads.announce(address, *FILE)
    assert BUCKET in announced.url
    sent_by = clock.moment
    clock.advance(hours=-1)
    assert announced.expires_at > keys.timestamp(sent_by)
    clock.advance(hours=2)
    assert announced.expires_at == keys.timestamp(clock.moment)


@pytest.mark.usefixtures("project")
def test_an_upload_is_announced_under_a_name_of_its_own(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """Where a name comes twice nothing of the first upload is written over; a made name cannot be guessed."""
    uploads = Uploads(store.items, store.bucket, clock, new_id=lambda: "once")
    uploads.announce(address, *FILE)
    with pytest.raises(NotFound):
        uploads.announce(address, "other.csv", "text/csv", 4)
    assert uploads.pending(address, "once").file_name == "t.csv"
    assert len(bytes.fromhex(store.uploads.announce(address, *FILE).upload_id)) >= 16


@pytest.mark.usefixtures("project")
def test_a_taken_id_is_named(store: Store, address: ProjectAddress) -> None:
    """Who creates a project with an id that one has is told whether that one is there or was deleted."""
    again = read_new_project({"id": address.project_id, "name": "Again"}, SETTINGS)
    with pytest.raises(ProjectExists, match=r"^A project has the id p\.$"):
        store.projects.create(address.owner, again)
    store.project_deletion.delete(address, Precondition())
    with pytest.raises(ProjectExists, match=r"^A project was deleted and still has the id p\.$"):
        store.projects.create(address.owner, again)


def test_a_stale_change_of_a_project_brings_the_project(
    store: Store, project: dict[str, Any], address: ProjectAddress
) -> None:
    """A change or delete of another version than the newest brings the project as it is, and the version named."""
    for refused in (
        lambda: store.projects.change(address, renamed, STALE),
        lambda: store.project_deletion.delete(address, STALE),
    ):
        with pytest.raises(VersionConflict, match=r"^The project is at version 1\.$") as refusal:
            refused()
        assert said(refusal) == (VersionConflict, {"version": 1, "document": project, "base": 7})


@pytest.mark.usefixtures("project")
def test_a_stale_save_brings_all_that_is_known(store: Store, address: ProjectAddress) -> None:
    """A save of another version brings the newest, when and how it came, and the places that clash with it."""
    first = store.config_saves.save(address.config(), config(), FIRST, Origin()).newest
    newest = store.config_saves.change(address.config(), lambda _: config(value=2), Precondition(), Origin("ai")).newest
    known = {
        "version": 2,
        "document": newest.config(),
        "updated_at": newest.updated_at,
        "source": "ai",
    }
    mine = config(value=3)
    with pytest.raises(VersionConflict, match=r"^The config is at version 2\.$") as refusal:
        store.config_saves.save(address.config(), mine, at(first.version), Origin())
    clash = ("/chartCustomizations/c/value",)
    assert said(refusal) == (ConfigConflict, {**known, "base": 1, "conflicts": clash})
    with pytest.raises(VersionConflict) as refusal:
        store.config_saves.merge(address.config(), mine, 1, Origin(), lambda _: mine)
    assert said(refusal) == (ConfigConflict, {**known, "base": 1, "conflicts": clash})
    # Of a base that history does not hold nothing can be compared.
    stales: list[Callable[[], object]] = [
        lambda: store.config_saves.save(address.config(), mine, STALE, Origin()),
        lambda: store.config_saves.merge(address.config(), mine, 7, Origin(), lambda _: mine),
    ]
    for stale in stales:
        with pytest.raises(VersionConflict) as refusal:
            stale()
        assert said(refusal) == (ConfigConflict, {**known, "base": 7, "conflicts": None})


@pytest.mark.usefixtures("project")
def test_an_edit_that_fits_neither_version_is_no_comparison(store: Store, address: ProjectAddress) -> None:
    """A stale edit that makes no config of its base is a conflict without places; a current one is the edit's fault."""

    def misfit(_: Any) -> Config:
        raise InvalidConfig("It does not fit.")

    store.config_saves.save(address.config(), config(), FIRST, Origin())
    store.config_saves.change(address.config(), lambda _: config(value=2), Precondition(), Origin())
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.change(address.config(), misfit, at(1), Origin())
    assert (refusal.value.base, refusal.value.conflicts) == (1, None)
    assert refusal.value.version == 2
    with pytest.raises(InvalidConfig):
        store.config_saves.change(address.config(), misfit, at(2), Origin())


@pytest.mark.usefixtures("project")
def test_a_stale_upload_brings_what_is_there(store: Store, address: ProjectAddress) -> None:
    """An upload in place of another version than the newest brings the newest table's schema, or nothing."""
    upload, other = (read_upload({"fileName": name, "rawData": [{"a": 1}]}, SETTINGS) for name in ("t", "other"))
    with pytest.raises(VersionConflict, match=r"^The data is at version 0\.$") as refusal:
        store.dataset_writes.upload(address, upload, STALE)
    nothing = {"version": 0, "document": None, "updated_at": None, "base": 7}
    assert said(refusal) == (DatasetConflict, nothing)
    saved = store.dataset_writes.upload(address, upload, Precondition())
    with pytest.raises(VersionConflict, match=r"^The data is at version 1\.$") as refusal:
        store.dataset_writes.upload(address, other, STALE)
    newest = {"version": 1, "document": saved.schema, "updated_at": saved.updated_at, "base": 7}
    assert said(refusal) == (DatasetConflict, newest)


@pytest.mark.usefixtures("project")
def test_a_stale_analysis_brings_the_newest(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """An analysis in place of another one than the newest brings the newest, or nothing where there is none."""
    dataset = store.dataset_writes.upload(
        address, read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS), Precondition()
    )
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
    assert said(refusal) == (AnalysisConflict, known)
    clock.advance(seconds=1)
    analysed = store.dataset_writes.analyse(address, analysis, at(1))
    with pytest.raises(VersionConflict, match=r"^The data is at version 1 with analysis 1\.$") as refusal:
        store.dataset_writes.analyse(address, other, STALE)
    known |= {"analysis_version": 1, "document": {"of": "t"}, "updated_at": analysed.updated_at}
    assert said(refusal) == (AnalysisConflict, known)


@pytest.fixture
def waits(store: Store, monkeypatch: pytest.MonkeyPatch, address: ProjectAddress) -> list[int]:
    """The project with a table, where somebody else is always faster; returns after which attempts a change waited."""
    store.dataset_writes.upload(
        address, read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS), Precondition()
    )
    attempts: list[int] = []
    newest = {**(store.items.get(keys.config(address.config())) or {}), "version": 1, "digest": b"other"}

    def overtaken(*writes: dict[str, Any], **_: Any) -> None:
        raise ConditionFailed([newest, *[None] * (len(writes) - 1)])

    def noted(attempt: int) -> float:
        attempts.append(attempt)
        return 0.0

    monkeypatch.setattr(store.items, "transact", overtaken)
    monkeypatch.setattr(retry, "full_jitter", noted)
    return attempts


@pytest.mark.usefixtures("project")
def test_who_is_always_overtaken_gives_up(store: Store, waits: list[int], address: ProjectAddress) -> None:
    """Where somebody else is faster every time, a change ends, having waited the longer the oftener, and says why."""
    upload = read_upload({"fileName": "other", "rawData": [{"a": 1}]}, SETTINGS)
    changes: dict[str, Callable[[], object]] = {
        "Too many changes to the same config at once.": lambda: store.config_saves.change(
            address.config(), lambda _: config(), Precondition(), Origin()
        ),
        "Too many changes to the same project at once.": lambda: store.project_deletion.delete(address, Precondition()),
        "Too many uploads to the same project at once.": lambda: store.dataset_writes.upload(
            address, upload, Precondition()
        ),
        "Too many changes to the same analysis at once.": lambda: store.dataset_writes.analyse(
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
    assert str(refusal.value) == "Too many changes to the same project at once."
