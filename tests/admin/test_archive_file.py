"""Archives that are damaged, foreign or too large: nothing of them is half-imported."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from conftest import TABLE, Clock
from support.storage.clients import Tapped
from support.storage.contents import SETTINGS, config, upload

from admin import CannotRunError
from admin.archives.export import export
from admin.archives.file import ArchiveReader, ArchiveWriter
from admin.archives.importing import bring_in
from dashboard_store.documents.config import Origin
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.formats import READABLE
from dashboard_store.repository.items import Items
from dashboard_store.store import Store

type Entries = dict[str, bytes]

MOMENT = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def store(database: Tapped, bucket: Bucket, clock: Clock) -> Store:
    return Store(SETTINGS, Items(database, TABLE), bucket, clock)


@pytest.fixture
def file(store: Store, user: str, tmp_path: Path) -> Path:
    """The archive of a user with two projects, `p` and `q`."""
    for name in ("p", "q"):
        store.projects.create(user, read_new_project({"id": name, "name": name}, SETTINGS))
        address = ProjectAddress(user, name)
        store.config_saves.save(address.config(), config(a=1), Precondition(), Origin())
        store.config_saves.save(address.config(), config(a=2), Precondition(), Origin())
        store.config_saves.save(address.config("tab"), config(draft=1), Precondition(), Origin())
        store.dataset_writes.upload(address, upload("first", analysis={"a": 1}), Precondition())
        store.dataset_writes.upload(address, upload("second", analysis={"b": 1}), Precondition())
    made = tmp_path / "user.zip"
    assert export(store, user, made, None) == 0
    return made


def entries(file: Path) -> Entries:
    with ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(file: Path, changed: Entries) -> None:
    """Write an archive of other entries, with a manifest that names them."""
    manifest = json.loads(changed.pop("manifest.json"))
    manifest["entries"] = {name: len(content) for name, content in changed.items()}
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in {**changed, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, content)


def there(store: Store, user: str) -> list[str]:
    """List all that there is of a user."""
    return [item["sk"] for item in store.items.query(keys.partition(user))]


def outcomes(report: Path) -> dict[str, str]:
    lines = [json.loads(line) for line in report.read_text().splitlines()][:-1]
    return {line["project"]: line.get("reason", line["outcome"]) for line in lines}


def test_an_archive_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Until an archive is complete there is no file of its name, and what was written is removed if it fails."""
    file = tmp_path / "user.zip"
    with pytest.raises(KeyError), ArchiveWriter(file, MOMENT) as archive:
        archive.document("a.json", {"files": [*map(str, tmp_path.iterdir())]}[str(file)])
    assert list(tmp_path.iterdir()) == []
    with ArchiveWriter(file, MOMENT) as archive:
        archive.document("a.json", {"b": 1})
        archive.finish({"user": "u"})
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o077 == 0, "others of the machine may not read it"
    with ArchiveReader.opened(file) as read:
        assert (read.document("a.json"), read.manifest["user"]) == ({"b": 1}, "u")
    with pytest.raises(CannotRunError, match="exists already"):
        ArchiveWriter(file, MOMENT)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_a_damaged_archive_changes_nothing(store: Store, user: str, file: Path, part: float) -> None:
    """Wherever a byte of an entry was changed, the entry is named, and nothing was imported."""
    with ZipFile(file) as archive:
        infos = archive.infolist()
        damaged = infos[int(len(infos) * part)]
    content = bytearray(file.read_bytes())
    # The header of an entry has 30 bytes, its name, and 20 for sizes; then comes what it holds.
    content[damaged.header_offset + 30 + len(damaged.filename) + 20 + damaged.compress_size // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(CannotRunError, match=re.escape(damaged.filename)):
        bring_in(store, file, f"new-{user}", None)
    assert there(store, f"new-{user}") == []


def test_a_truncated_archive_changes_nothing(store: Store, user: str, file: Path) -> None:
    """An archive that was not copied whole is refused."""
    content = file.read_bytes()
    for length in (0, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(CannotRunError, match=r"user\.zip"):
            bring_in(store, file, f"new-{user}", None)
    assert there(store, f"new-{user}") == []


def with_manifest(**changes: Any) -> Callable[[Entries], None]:
    """Return a change of the manifest's members."""

    def change(found: Entries) -> None:
        found["manifest.json"] = json.dumps({**json.loads(found["manifest.json"]), **changes}).encode()

    return change


def _replaced(found: Entries, name: str, document: Any) -> None:
    """Replace an entry, and name it in the manifest."""
    found[name] = json.dumps(document).encode()
    sizes = {name: len(content) for name, content in found.items() if name != "manifest.json"}
    with_manifest(entries=sizes)(found)


FOREIGN: dict[str, tuple[Callable[[Entries], object], str]] = {
    "another entry": (lambda found: found.update({"../../outside": b"x"}), "../../outside"),
    "a missing entry": (lambda found: found.pop("projects/p/data.json"), "projects/p/data.json"),
    "a longer entry": (lambda found: found.update({"projects/p/data.json": b"{}"}), "projects/p/data.json"),
    "no manifest": (lambda found: found.pop("manifest.json"), "manifest.json"),
    "not JSON": (lambda found: found.update({"manifest.json": b"{"}), "manifest.json"),
    "another kind": (with_manifest(archive="other"), "manifest.json"),
    "a newer format": (with_manifest(format=2), "newer release"),
    "no projects": (with_manifest(projects=None), "manifest.json"),
    "no memberships": (lambda found: _replaced(found, "memberships.json", {"memberships": [1]}), "memberships.json"),
    "no time": (with_manifest(exportedAt="yesterday"), "manifest.json"),
    "no entries": (with_manifest(entries={}), "memberships.json"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_archive_changes_nothing(store: Store, user: str, file: Path, name: str) -> None:
    """An archive with other entries than its manifest names, or of another kind or format, is refused by name."""
    change, named = FOREIGN[name]
    found = entries(file)
    change(found)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for entry, content in found.items():
            archive.writestr(entry, content)
    with pytest.raises(CannotRunError, match=re.escape(named)):
        bring_in(store, file, f"new-{user}", None)
    assert there(store, f"new-{user}") == []
    assert not (file.parent.parent / "outside").exists()


def test_an_archive_with_two_entries_of_a_name_changes_nothing(store: Store, user: str, file: Path) -> None:
    """Which of two entries would be read is not left to chance."""
    with ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("projects/p/data.json", b"{}")
    with pytest.raises(CannotRunError, match="two entries"):
        bring_in(store, file, f"new-{user}", None)
    assert there(store, f"new-{user}") == []


def line(content: bytes, change: Callable[[dict[str, Any]], object], number: int = 0) -> bytes:
    """Change an item of an entry that has one a line."""
    lines = content.splitlines(keepends=True)
    document = json.loads(lines[number])
    change(document)
    lines[number] = json.dumps(document).encode() + b"\n"
    return b"".join(lines)


def set_in(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: Any) -> None:
        for name in path[:-1]:
            document = document[name]
        document[path[-1]] = to

    return change


SCRIPT = "<img src=x onerror=alert(1)>"


def replaced_by(**attributes: Any) -> Callable[[dict[str, Any]], object]:
    """Return what makes another item of one."""

    def change(item: dict[str, Any]) -> None:
        item.clear()
        item.update(attributes)

    return change


def deleted_as(listed: str) -> Callable[[dict[str, Any]], object]:
    """Return what makes a project one that was deleted, and is in the list of those by a key."""
    return lambda document: document["project"].update(restorableUntil=UNTIL, listKey=listed)


UNTIL = 1_890_000_000
# No moment, one that no calendar has, one in another form, one with another end, and another project's.
NOT_DELETED = [
    f"DELETED#PROJECT#{listed}"
    for listed in (
        "soon#p",
        "9999-12-31T00:00:00.000Z#p",
        "2029-10-23T00:00:00Z#p",
        "2029-10-23T00:00:01.000Z#p",
        "2029-10-23T00:00:00.000Z#q",
    )
]
_GRANT = {"since": "2026-01-01T00:00:00.000Z", "incarnation": "x"}
_LINK = {"sk": "SHARE#p#LINK#1", "id": "1", "createdAt": "2026-01-01T00:00:00.000Z", "incarnation": "x"}
ADDRESS = ProjectAddress("u", "p")
SHARES: list[tuple[str, dict[str, Any]]] = [
    ("members", {"sk": "SHARE#p#MEMBER#of-somebody-else", "user": "u", "role": "editor", **_GRANT}),
    ("members", {"sk": keys.member(ADDRESS, "u")["sk"], "user": "u", "role": "owner", **_GRANT}),
    ("members", {"sk": keys.member(ADDRESS, "u")["sk"], "role": "editor", **_GRANT}),
    ("teams", {"sk": "SHARE#p#TEAM#x", "team": "t", "tenant": "", "role": "editor", **_GRANT}),
    ("links", {**_LINK, "token": "USER#u"}),
    ("links", {**_LINK, "token": f"TOKEN#{'x' * 43}", "id": "2"}),
    ("roster", {"sk": "SHARE#p#ROSTER#more"}),
    ("others", {"sk": "SHARE#p#LATER#x"}),
]
OF_DRAFT = "CONFIGVERSION#p#other#000000000001"
TWICE = "CONFIGVERSION#p##000000000002"
REFUSED: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("config.jsonl", set_in("answer", "config", "chartCustomizations", "a", "value", to=3), "digest"),
    ("config.jsonl", set_in("digest", to="00"), "digest"),
    ("config.jsonl", set_in("sk", to="CONFIGVERSION#q##000000000001"), "malformed"),
    ("config.jsonl", set_in("sk", to="RATE"), "malformed"),
    ("config.jsonl", set_in("sk", to="PROJECT#p#x"), "malformed"),
    ("config.jsonl", set_in("format", to=READABLE + 1), "newer-format"),
    ("config.jsonl", set_in("extra", to=1.5), "malformed"),
    ("config.jsonl", set_in("version", to=7), "malformed"),
    ("config.jsonl", lambda item: item.update(version=2, sk=TWICE, listKey=TWICE), "malformed"),
    ("config.jsonl", set_in("extra", to=10**38), "malformed"),
    ("config.jsonl", set_in("extra", to="x" * 409_600), "too-large"),
    ("data.json", set_in("newest", "extra", to="x" * 409_600), "too-large"),
    ("config.jsonl", set_in("listKey", to="PROJECT#x"), "malformed"),
    *(("project.json", deleted_as(listed), "malformed") for listed in NOT_DELETED),
    ("drafts.jsonl", set_in("answer", "config", to=None), "digest"),
    ("project.json", set_in("config", "answer", "config", "filters", to=[]), "digest"),
    ("project.json", set_in("project", "settings", to={"tags": [SCRIPT]}), "unsafe-text"),
    ("project.json", set_in("project", "summary", "name", to=SCRIPT), "unsafe-text"),
    ("project.json", set_in("project", "summary", "name", to="NUL \0"), "malformed"),
    ("project.json", set_in("project", "settings:text", to='{"fileInfo":1e400}'), "malformed"),
    ("config.jsonl", set_in("summary", "message", to=SCRIPT), "unsafe-text"),
    ("config.jsonl", set_in("summary", "name", to=SCRIPT), "unsafe-text"),
    ("data.json", set_in("kept", 0, "analysis", to=[SCRIPT]), "unsafe-text"),
    ("data.json", set_in("newest", "schema", "rowCount", to=2), "malformed"),
    ("project.json", set_in("config", to=None), "malformed"),
    ("project.json", set_in("project", "summary", to={}), "malformed"),
    ("project.json", set_in("people", to=[]), "malformed"),
    ("data.json", set_in("analysis", "answer", to={"b": 2}), "digest"),
    ("data.json", set_in("newest", "table", "sha256", to="0" * 64), "digest"),
    ("data.json", set_in("kept", 0, "table", to={}), "malformed"),
    ("data.json", set_in("kept", 0, "version", to=7), "malformed"),
    ("config.jsonl", lambda item: item.update(sk=OF_DRAFT, listKey=OF_DRAFT), "malformed"),
    ("drafts.jsonl", replaced_by(sk="SHARE#p#ROSTER"), "malformed"),
    ("drafts.jsonl", set_in("sk", to="CONFIG#p#"), "malformed"),
    ("drafts.jsonl", set_in("sk", to="DATA#p"), "malformed"),
    ("data.json", set_in("analysis", to=None), "malformed"),
    *(("sharing.json", set_in(kind, to=[item]), "malformed") for kind, item in SHARES),
    ("sharing.json", set_in("members", to=[{"sk": "SHARE#q#MEMBER#x"}]), "malformed"),
]


@pytest.mark.parametrize(
    ("entry", "change", "reason"), REFUSED, ids=[f"{each[0]} {n}" for n, each in enumerate(REFUSED)]
)
def test_a_project_that_is_not_as_exported_is_refused_whole(  # noqa: PLR0917 - fixtures
    store: Store, user: str, file: Path, entry: str, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    """A project with a content that its digest is not of, or with items that are not its own, leaves nothing behind."""
    found = entries(file)
    found[f"projects/p/{entry}"] = line(found[f"projects/p/{entry}"], change)
    written(file, found)
    report = file.parent / "report"
    assert bring_in(store, file, f"new-{user}", report) == 1
    assert outcomes(report) == {"p": reason, "q": "imported"}
    assert not [sk for sk in there(store, f"new-{user}") if "#p" in sk]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            b'{"text":true,"names":["a"],"shapes":[[0]],"rows":1,"columns":[["<img src=x onerror=alert(1)>"]]}',
            "unsafe-text",
        ),
        (b'{"names":["a"],"shapes":[[0]],"rows":7,"columns":[[1]]}', "malformed"),
        (b"not JSON", "malformed"),
        (b'["' + b"x" * 3_000 + b'"]', "too-large"),
        (b"[]", "malformed"),
    ],
)
def test_a_table_that_no_upload_would_make_is_refused(
    store: Store, user: str, file: Path, lines: bytes, reason: str
) -> None:
    """A table whose rows cannot be read, are not those of its schema, or would run script leaves nothing behind."""
    found, stored = entries(file), gzip.compress(lines + b"\n")
    found["projects/p/data/2.stored"] = stored
    digest = set_in("newest", "table", "sha256", to=hashlib.sha256(stored).hexdigest())
    found["projects/p/data.json"] = line(found["projects/p/data.json"], digest)
    written(file, found)
    report = file.parent / "report"
    assert bring_in(limited(store, max_upload_bytes=1_000), file, f"new-{user}", report) == 1
    assert outcomes(report) == {"p": reason, "q": "imported"}
    assert not [sk for sk in there(store, f"new-{user}") if "#p" in sk]


@pytest.mark.parametrize(("entry", "size"), [("config.jsonl", 2_000_000), ("data.json", 130_000_000)])
def test_what_is_larger_than_the_deployment_allows_is_not_read(
    store: Store, user: str, file: Path, entry: str, size: int
) -> None:
    """A line or a document beyond what the limits allow is refused before it is in memory."""
    found = entries(file)
    found[f"projects/p/{entry}"] = b'"' + b"x" * size + b'"\n'
    written(file, found)
    report, small = file.parent / "report", limited(store, max_config_bytes=1_000, max_analysis_bytes=1_000)
    assert bring_in(small, file, f"new-{user}", report) == 1
    assert outcomes(report) == {"p": "too-large", "q": "imported"}


@pytest.mark.parametrize("limit", ["max_config_bytes", "max_upload_bytes"])
def test_smaller_limits_hold(store: Store, user: str, file: Path, limit: str) -> None:
    """A config or a table that the deployment itself would not accept is refused."""
    report = file.parent / "report"
    assert bring_in(limited(store, **{limit: 20}), file, f"new-{user}", report) == 1
    reason = "config-too-large" if limit == "max_config_bytes" else "too-large"
    assert outcomes(report) == {"p": reason, "q": reason}


def limited(store: Store, **limits: Any) -> Store:
    """Return the deployment with other limits."""
    return Store(replace(SETTINGS, **limits), store.items, store.bucket, store.now)
