"""What a refusal says. It goes into the answer as it is: what a client shows, and what it needs to go on."""

import io
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.contents import SETTINGS, at

from dashboard_store.documents.config import Config
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import AnnouncementSchema, read_analysis, read_upload
from dashboard_store.documents.project import Project, read_new_project
from dashboard_store.errors import (
    FieldError,
    InvalidConfig,
    InvalidData,
    NotFound,
    ProjectExists,
    StorageUnavailable,
    UploadTooLarge,
    VersionConflict,
)
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.configs import Configs, Origin
from dashboard_store.repository.datasets import Datasets
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.keys import ProjectKey, timestamp
from dashboard_store.repository.projects import Projects
from dashboard_store.repository.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = AnnouncementSchema(fileName="t.csv", contentType="text/csv", bytes=3)
FIRST = at(0)
STALE = at(7)


def config(**members: Any) -> Config:
    return read_config({"chartCustomizations": {"c": {"value": 1, **members}}}, SETTINGS)


@pytest.fixture
def key(user: str) -> ProjectKey:
    return ProjectKey(user, "p")


@pytest.fixture
def uploads(table: Items, objects: Bucket, clock: Clock) -> Uploads:
    return Uploads(table, objects, clock)


@pytest.fixture
def project(projects: Projects, key: ProjectKey) -> dict[str, Any]:
    """The project `p`, as it was answered."""
    return projects.create(key.user, read_new_project({"id": key.project_id, "name": "P"}, SETTINGS))


def renamed(project: Project) -> Project:
    return Project("renamed", project.description, project.settings)


def test_what_is_not_there_is_said_in_the_same_words(
    configs: Configs, projects: Projects, tables: Datasets, uploads: Uploads, key: ProjectKey
) -> None:
    """Whatever is asked of a project that is absent, nothing tells it from one that is somebody else's."""
    saved, origin, upload = config(), Origin(), read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS)
    calls: list[Callable[[], object]] = [
        lambda: configs.head(key.config()),
        lambda: configs.head(key.config("s1")),
        lambda: configs.save(key.config(), saved, FIRST, origin),
        lambda: configs.save(key.config("s1"), saved, FIRST, origin),
        lambda: configs.merge(key.config(), saved, 1, origin, lambda _: saved),
        lambda: configs.change(key.config(), lambda _: saved, Precondition(), origin),
        lambda: configs.at(key.config(), 1),
        lambda: configs.history(key.config(), 10, None),
        lambda: projects.get(key),
        lambda: projects.change(key, renamed, Precondition()),
        lambda: projects.delete(key, Precondition()),
        lambda: projects.restore(key),
        lambda: tables.data(key),
        lambda: tables.upload(key, upload, Precondition()),
        lambda: uploads.announce(key, FILE),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=r"^There is no such project\.$"):
            call()


@pytest.mark.usefixtures("project")
def test_what_history_does_not_hold_is_named(configs: Configs, key: ProjectKey) -> None:
    """A version that history does not hold is named in the refusal."""
    with pytest.raises(NotFound, match=r"^History holds no version 3 of this config\.$"):
        configs.at(key.config(), 3)


@pytest.mark.usefixtures("project")
def test_what_is_not_kept_is_named(tables: Datasets, key: ProjectKey) -> None:
    """An upload that is not kept is named in the refusal, and an analysis of nothing says what is missing."""
    with pytest.raises(NotFound, match=r"^The project keeps no upload 3\.$"):
        tables.version(key, 3)
    with pytest.raises(NotFound, match=r"^There is no such project, or it has no data to analyse\.$"):
        tables.analyse(key, read_analysis({"analysis": {}}, SETTINGS), Precondition())


@pytest.mark.usefixtures("project")
def test_an_upload_that_was_not_announced_is_absent(
    uploads: Uploads, tables: Datasets, clock: Clock, key: ProjectKey
) -> None:
    """An upload is absent where none was announced, and as soon as its time to be completed is over."""
    assert tables.data(key).version == 0
    clock.moment = clock.moment.replace(microsecond=0)
    announced = uploads.announce(key, FILE).upload_id
    clock.advance(days=1, seconds=-1)
    assert uploads.pending(key, announced).completed is None
    clock.advance(seconds=1)
    for upload_id in ("another", announced):
        with pytest.raises(NotFound, match=r"^There is no such upload, or it was not completed in time\.$"):
            uploads.pending(key, upload_id)


@pytest.mark.usefixtures("project")
def test_a_file_that_is_not_what_was_announced_is_refused(uploads: Uploads, objects: Bucket, key: ProjectKey) -> None:
    """Where no file was sent the refusal says what to do; one that is larger than was announced is not read."""
    announced = uploads.announce(key, FILE)
    pending, file = uploads.pending(key, announced.upload_id), io.BytesIO()
    with pytest.raises(InvalidData, match=r"^Nothing was sent to the bucket yet\.$") as missing:
        uploads.fetch(key, pending, file)
    message = "send the file to the upload's url first, in a form with its fields"
    assert missing.value.faults == (FieldError("", message),)
    objects.put(announced.fields["key"], b"four", "text/csv")
    with pytest.raises(UploadTooLarge, match=r"^The file is 4 bytes; 3 were announced\.$") as large:
        uploads.fetch(key, pending, file)
    assert (large.value.limit_bytes, large.value.actual_bytes, file.getvalue()) == (3, 4, b"")
    objects.put(announced.fields["key"], b"123", "text/csv")
    uploads.fetch(key, pending, file)
    assert file.getvalue() == b"123"


@pytest.mark.usefixtures("project")
def test_an_upload_is_announced_for_an_hour(uploads: Uploads, clock: Clock, key: ProjectKey) -> None:
    """The answer says until when the file can be sent."""
    announced = uploads.announce(key, FILE)
    assert BUCKET in announced.url
    sent_by = clock.moment
    clock.advance(hours=-1)
    assert announced.expires_at > timestamp(sent_by)
    clock.advance(hours=2)
    assert announced.expires_at == timestamp(clock.moment)


@pytest.mark.usefixtures("project")
def test_an_upload_is_announced_under_a_name_of_its_own(
    table: Items, objects: Bucket, clock: Clock, key: ProjectKey
) -> None:
    """Where a name comes twice nothing of the first upload is written over; a made name cannot be guessed."""
    uploads = Uploads(table, objects, clock, new_id=lambda: "once")
    uploads.announce(key, FILE)
    with pytest.raises(NotFound):
        uploads.announce(key, AnnouncementSchema(fileName="other.csv", contentType="text/csv", bytes=4))
    assert uploads.pending(key, "once").file_name == "t.csv"
    assert len(bytes.fromhex(Uploads(table, objects, clock).announce(key, FILE).upload_id)) >= 16


@pytest.mark.usefixtures("project")
def test_a_taken_id_is_named(projects: Projects, key: ProjectKey) -> None:
    """Who creates a project with an id that one has is told whether that one is there or was deleted."""
    again = read_new_project({"id": key.project_id, "name": "Again"}, SETTINGS)
    with pytest.raises(ProjectExists, match=r"^A project has the id p\.$"):
        projects.create(key.user, again)
    projects.delete(key, Precondition())
    with pytest.raises(ProjectExists, match=r"^A project was deleted and still has the id p\.$"):
        projects.create(key.user, again)


def test_a_stale_change_of_a_project_brings_the_project(
    projects: Projects, project: dict[str, Any], key: ProjectKey
) -> None:
    """A change or delete of another version than the newest brings the project as it is, and the version named."""
    for refused in (lambda: projects.change(key, renamed, STALE), lambda: projects.delete(key, STALE)):
        with pytest.raises(VersionConflict, match=r"^The project is at version 1\.$") as refusal:
            refused()
        assert refusal.value.current == {"currentVersion": 1, "current": project, "baseVersion": 7}


@pytest.mark.usefixtures("project")
def test_a_stale_save_brings_all_that_is_known(configs: Configs, key: ProjectKey) -> None:
    """A save of another version brings the newest, when and how it came, and the places that clash with it."""
    first = configs.save(key.config(), config(), FIRST, Origin()).head
    newest = configs.change(key.config(), lambda _: config(value=2), Precondition(), Origin("ai")).head
    known = {
        "currentVersion": 2,
        "current": newest.config(),
        "updatedAt": newest.updated_at,
        "source": "ai",
    }
    mine = config(value=3)
    with pytest.raises(VersionConflict, match=r"^The config is at version 2\.$") as refusal:
        configs.save(key.config(), mine, at(first.version), Origin())
    clash = ["/chartCustomizations/c/value"]
    assert refusal.value.current == {**known, "baseVersion": 1, "conflicts": clash}
    with pytest.raises(VersionConflict) as refusal:
        configs.merge(key.config(), mine, 1, Origin(), lambda _: mine)
    assert refusal.value.current == {**known, "baseVersion": 1, "conflicts": clash}
    # Of a base that history does not hold nothing can be compared.
    stales: list[Callable[[], object]] = [
        lambda: configs.save(key.config(), mine, STALE, Origin()),
        lambda: configs.merge(key.config(), mine, 7, Origin(), lambda _: mine),
    ]
    for stale in stales:
        with pytest.raises(VersionConflict) as refusal:
            stale()
        assert refusal.value.current == {**known, "baseVersion": 7}


@pytest.mark.usefixtures("project")
def test_an_edit_that_fits_neither_version_is_no_comparison(configs: Configs, key: ProjectKey) -> None:
    """A stale edit that makes no config of its base is a conflict without places; a current one is the edit's fault."""

    def misfit(_: Any) -> Config:
        raise InvalidConfig("It does not fit.")

    configs.save(key.config(), config(), FIRST, Origin())
    configs.change(key.config(), lambda _: config(value=2), Precondition(), Origin())
    with pytest.raises(VersionConflict) as refusal:
        configs.change(key.config(), misfit, at(1), Origin())
    assert (refusal.value.current["baseVersion"], "conflicts" in refusal.value.current) == (1, False)
    assert refusal.value.current["currentVersion"] == 2
    with pytest.raises(InvalidConfig):
        configs.change(key.config(), misfit, at(2), Origin())


@pytest.mark.usefixtures("project")
def test_a_stale_upload_brings_what_is_there(tables: Datasets, key: ProjectKey) -> None:
    """An upload in place of another version than the newest brings the newest table's schema, or nothing."""
    upload, other = (read_upload({"fileName": name, "rawData": [{"a": 1}]}, SETTINGS) for name in ("t", "other"))
    with pytest.raises(VersionConflict, match=r"^The data is at version 0\.$") as refusal:
        tables.upload(key, upload, STALE)
    assert refusal.value.current == {"currentVersion": 0, "current": None, "updatedAt": None, "baseVersion": 7}
    saved = tables.upload(key, upload, Precondition())
    with pytest.raises(VersionConflict, match=r"^The data is at version 1\.$") as refusal:
        tables.upload(key, other, STALE)
    assert refusal.value.current == {
        "currentVersion": 1,
        "current": saved.schema,
        "updatedAt": saved.updated_at,
        "baseVersion": 7,
    }


@pytest.mark.usefixtures("project")
def test_a_stale_analysis_brings_the_newest(tables: Datasets, clock: Clock, key: ProjectKey) -> None:
    """An analysis in place of another one than the newest brings the newest, or nothing where there is none."""
    table = tables.upload(key, read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS), Precondition())
    analysis, other = (read_analysis({"analysis": {"of": name}}, SETTINGS) for name in ("t", "other"))
    with pytest.raises(VersionConflict, match=r"^The data is at version 1 with analysis 0\.$") as refusal:
        tables.analyse(key, analysis, STALE)
    known: dict[str, Any] = {
        "currentVersion": 1,
        "currentAnalysisVersion": 0,
        "current": None,
        "updatedAt": table.updated_at,
    }
    assert refusal.value.current == known
    clock.advance(seconds=1)
    analysed = tables.analyse(key, analysis, at(1))
    with pytest.raises(VersionConflict, match=r"^The data is at version 1 with analysis 1\.$") as refusal:
        tables.analyse(key, other, STALE)
    known |= {"currentAnalysisVersion": 1, "current": {"of": "t"}, "updatedAt": analysed.updated_at}
    assert refusal.value.current == known


@pytest.fixture
def waits(tables: Datasets, table: Items, monkeypatch: pytest.MonkeyPatch, key: ProjectKey) -> list[int]:
    """The project with a table, where somebody else is always faster; returns after which attempts a change waited."""
    tables.upload(key, read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS), Precondition())
    attempts: list[int] = []
    head = {**(table.get(key.config().head) or {}), "version": 1, "digest": b"other"}

    def overtaken(*writes: dict[str, Any], **_: Any) -> None:
        raise ConditionFailed([head, *[None] * (len(writes) - 1)])

    monkeypatch.setattr(table, "transact", overtaken)
    monkeypatch.setattr(table, "back_off", attempts.append)
    return attempts


@pytest.mark.usefixtures("project")
def test_who_is_always_overtaken_gives_up(
    configs: Configs, projects: Projects, tables: Datasets, waits: list[int], key: ProjectKey
) -> None:
    """Where somebody else is faster every time, a change ends, having waited the longer the oftener, and says why."""
    upload = read_upload({"fileName": "other", "rawData": [{"a": 1}]}, SETTINGS)
    changes: dict[str, Callable[[], object]] = {
        "Too many changes to the same config at once.": lambda: configs.change(
            key.config(), lambda _: config(), Precondition(), Origin()
        ),
        "Too many changes to the same project at once.": lambda: projects.delete(key, Precondition()),
        "Too many uploads to the same project at once.": lambda: tables.upload(key, upload, Precondition()),
        "Too many changes to the same analysis at once.": lambda: tables.analyse(
            key, read_analysis({"analysis": {}}, SETTINGS), Precondition()
        ),
    }
    for words, change in changes.items():
        waits.clear()
        with pytest.raises(StorageUnavailable) as refusal:
            change()
        assert str(refusal.value) == words
        assert waits == list(range(len(waits)))
        assert len(waits) > 1
    with pytest.raises(StorageUnavailable) as refusal:
        projects.change(key, renamed, Precondition())
    assert str(refusal.value) == "Too many changes to the same project at once."
