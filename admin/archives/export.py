"""Write all that a user stores into an archive: their projects with history and tables, and their memberships."""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from admin import CannotRunError, report, stores
from admin.archives.contents import Contents, project_ids, read_contents
from admin.archives.file import ArchiveWriter
from admin.archives.memberships import memberships, write_memberships
from admin.archives.projects import write_project
from admin.report import Report
from admin.stacks import add_options as add_stack_options
from dashboard_store.errors import StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.store import Store


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the archive to write, which must not exist yet")
    parser.add_argument("--user", metavar="ID", required=True, help="the user, as the claim of their token names them")
    parser.add_argument("--dry-run", action="store_true", help="write no archive, only report")
    report.add_option(parser)
    add_stack_options(parser)


def run(options: argparse.Namespace) -> int:
    """Export a user; return 1 if something of theirs was lost. Raises CannotRunError."""
    if not options.user:
        raise CannotRunError("The user's id is empty.")
    store, _ = stores.opened(options)
    try:
        return export(store, options.user, options.file, options.report, is_dry_run=options.dry_run)
    except StorageUnavailable as exc:
        raise CannotRunError(f"{exc} Repeat the command; no archive was written.") from exc


def export(store: Store, user: str, file: Path, report_file: Path | None, *, is_dry_run: bool = False) -> int:
    """Write a user's archive; return 1 if something of theirs was lost. Raises CannotRunError or StorageUnavailable."""
    ids = project_ids(store, user)
    if not ids and next(memberships(store, user), None) is None:
        raise CannotRunError(f"The user {user} stores nothing here and is not a member of any project.")
    archive = ArchiveWriter(file, store.now())
    with Report(report_file, store, "projects", len(ids)) as reported:
        if is_dry_run:
            _list(store, user, ids, reported)
        else:
            with archive:
                _write(archive, store, user, ids, reported)
        print("\n".join(outcomes(reported)))
    return int(any(outcome.startswith("incomplete") for outcome in reported.counts))


def outcomes(reported: Report) -> Iterator[str]:
    """Say how often each outcome was reported, line by line."""
    summary = reported.summary()
    yield from (f"{count} {outcome}" for outcome, count in summary["counts"].items())
    yield f"{summary['seconds']} seconds, {summary['units']:g} units of the database"


def _list(store: Store, user: str, ids: list[str], reported: Report) -> None:
    for project_id in ids:
        contents = read_contents(store, ProjectAddress(user, project_id))
        if contents:
            reported.add("would-export", **_named(contents), tables=len(contents.with_tables))
        reported.step()
    for membership in memberships(store, user):
        reported.add("would-export", membership=membership.address.text)


def _write(archive: ArchiveWriter, store: Store, user: str, ids: list[str], reported: Report) -> None:
    moment = store.now()
    written: list[str] = []
    total = Counter[str]()
    for project_id in ids:
        contents = read_contents(store, ProjectAddress(user, project_id))
        if contents is None:
            reported.add("left-out", project=project_id, reason="gone", detail="It is deleted for good.")
        else:
            counts = write_project(archive, contents)
            _report(reported, contents, counts)
            written.append(project_id)
            total.update(counts)
        reported.step()
    count = write_memberships(archive, store, user)
    manifest = {
        "user": user,
        "exportedAt": keys.timestamp(moment),
        "limits": store.settings.limits(),
        "counts": {"projects": len(written), "memberships": count, **total},
        "projects": written,
    }
    archive.finish(manifest)


def _report(reported: Report, contents: Contents, counts: dict[str, int]) -> None:
    """Say what was written of a project, and what of it is gone."""
    lost = counts["lostTables"] or contents.missing
    if not lost:
        reported.add("exported", **_named(contents), **counts)
        return
    detail = (
        f"The rows of {counts['lostTables']} tables were lost, and {len(contents.missing)} earlier uploads are gone."
    )
    reported.add("incomplete", **_named(contents), **counts, reason="lost-tables", detail=detail)


def _named(contents: Contents) -> dict[str, object]:
    return {"project": contents.address.project_id, "isDeleted": contents.is_deleted}
