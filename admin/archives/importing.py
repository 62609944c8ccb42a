"""Bring what a user's archive holds into a deployment: under the same user or another one, where it is absent."""

import argparse
from pathlib import Path

from tqdm import tqdm

from admin import CannotRunError, report, stores
from admin.archives.checks import RefusedError, checked
from admin.archives.contents import Contents
from admin.archives.export import outcomes
from admin.archives.file import ArchiveReader
from admin.archives.memberships import MembershipImport
from admin.archives.projects import read_project
from admin.archives.relocation import Relocation
from admin.arrivals import Arrivals
from admin.erasing.notes import erased_among
from admin.report import Report
from admin.stacks import add_options as add_stack_options
from dashboard_store.dynamodb.protocol import Refused
from dashboard_store.errors import NoProject, ProjectExists, QuotaExceeded, StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.store import Store


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="an archive that export wrote")
    parser.add_argument("--user", metavar="ID", required=True, help="the user to whom all of it is to belong")
    parser.add_argument("--dry-run", action="store_true", help="check the archive and change nothing, only report")
    parser.add_argument("--although-erased", action="store_true", help="import for a user who was erased here")
    report.add_option(parser)
    add_stack_options(parser)


def run(options: argparse.Namespace) -> int:
    """Import an archive; return 1 if something was refused. Raises CannotRunError."""
    if not options.user:
        raise CannotRunError("The user's id is empty.")
    store, _ = stores.opened(options)
    if not options.although_erased and erased_among([options.user], store.items.query(keys.ERASED)):
        detail = "This user was erased here, and would be erased again from a table that is restored."
        raise CannotRunError(f"{detail} To import for them nevertheless, add --although-erased.")
    try:
        return bring_in(store, options.file, options.user, options.report, is_dry_run=options.dry_run)
    except StorageUnavailable as exc:
        raise CannotRunError(f"{exc} Repeat the command; what was imported stays.") from exc


def bring_in(store: Store, file: Path, user: str, report_file: Path | None, *, is_dry_run: bool = False) -> int:
    """Import an archive for a user; return 1 if something was refused. Raises CannotRunError or StorageUnavailable."""
    with ArchiveReader.opened(file) as archive:
        run_of = _Import(archive, store, user, is_dry_run=is_dry_run)
        # A damaged archive changes nothing.
        with tqdm(desc="Checking", total=archive.size, unit="B", unit_scale=True, disable=None) as bar:
            for count in archive.check():
                bar.update(count)
        with Report(report_file, store, "projects", len(run_of.ids)) as reported:
            for project_id in run_of.ids:
                run_of.project(project_id, reported)
                reported.step()
            run_of.memberships(reported)
            print(f"Exported at {archive.manifest['exportedAt']} from {archive.manifest['user']}, imported for {user}:")
            print("\n".join(outcomes(reported)))
    return int(any(outcome.startswith("refused") for outcome in reported.counts))


class _Import:
    """The import of one archive for one user."""

    def __init__(self, archive: ArchiveReader, store: Store, user: str, *, is_dry_run: bool) -> None:
        self._archive = archive
        self._store = store
        self._user = user
        self._is_dry_run = is_dry_run
        usage = store.items.get(keys.usage(user)) or {}
        self._projects, self._bytes = usage.get("projects", 0), usage.get("storedBytes", 0)
        manifest = archive.manifest
        try:
            self._exporter, self.ids = str(manifest["user"]), [str(each) for each in manifest["projects"]]
            self._members = MembershipImport(archive, store, user)
        except (KeyError, TypeError, ValueError) as exc:
            detail = f"Its manifest.json or memberships.json is not complete: {exc!r}."
            raise CannotRunError(f"This archive cannot be imported. {detail}") from exc

    def project(self, project_id: str, reported: Report) -> None:
        """Import a project and report the outcome. Raises CannotRunError or StorageUnavailable."""
        try:
            address = ProjectAddress(self._user, project_id)
            Arrivals(self._store).require_absent(address)
            contents = read_project(self._archive, self._exporter, project_id, self._store.settings)
            size = checked(contents, self._store.settings)
            self._arrive(address, contents, size, reported)
        except ProjectExists:
            reported.add("present", project=project_id)
        except NoProject:
            reported.add("refused", project=project_id, reason="malformed", detail="This is not the id of a project.")
        except QuotaExceeded as exc:
            reported.add("refused", project=project_id, reason="quota", detail=str(exc))
        except Refused as exc:
            reported.add("refused", project=project_id, reason="database", detail=str(exc))
        except RefusedError as exc:
            reported.add("refused", project=project_id, reason=exc.reason, detail=str(exc))

    def memberships(self, reported: Report) -> None:
        """Import the memberships and report the outcomes. Raises CannotRunError or StorageUnavailable."""
        for described in self._members.described:
            address = described.get("address")
            try:
                outcome = self._members.bring_back(described, is_dry_run=self._is_dry_run)
                reported.add(outcome, membership=address)
            except RefusedError as exc:
                reported.add("refused", membership=address, reason=exc.reason, detail=str(exc))

    def _arrive(self, address: ProjectAddress, contents: Contents, size: int, reported: Report) -> None:
        relocation = Relocation(self._store, contents, address)
        named = {"project": address.project_id, "bytes": size}
        if relocation.is_over:
            reported.add("left-out", **named, reason="expired", detail="It can no longer be restored.")
            return
        self._require_room(size)
        if self._is_dry_run:
            reported.add("would-import", **named)
        else:
            relocation.arrive()
            reported.add("imported", **named, **_left_out(relocation))
        self._projects, self._bytes = self._projects + 1, self._bytes + size

    def _require_room(self, size: int) -> None:
        """Raise QuotaExceeded if the user may not have another project of this size in bytes.

        The table's stream counts what was imported only later, so the import counts along.
        """
        settings = self._store.settings
        if self._projects >= settings.max_projects:
            detail = f"The user has {self._projects} projects, and the limit is {settings.max_projects}."
            raise QuotaExceeded(detail, used=self._projects, limit=settings.max_projects)
        if self._bytes + size > settings.max_stored_bytes:
            detail = f"The user stores {self._bytes} bytes, and the project has {size}."
            detail += f" The limit is {settings.max_stored_bytes}."
            raise QuotaExceeded(detail, used=self._bytes, limit=settings.max_stored_bytes)


def _left_out(relocation: Relocation) -> dict[str, int]:
    """Say what of a project did not come along, if anything did not."""
    counts = {
        "expired": relocation.expired,
        "secretsInUse": relocation.taken,
        "draftsLeftOut": relocation.doubled,
        "erasedPeople": relocation.erased,
    }
    return {name: count for name, count in counts.items() if count}
