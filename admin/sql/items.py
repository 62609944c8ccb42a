"""The items of what the import writes. Each that is the newest of its kind has the mark IMPORTED."""

from datetime import datetime

from admin.sql import IMPORTED
from admin.sql.candidates import Candidate
from admin.sql.conversion import ConvertedProject
from admin.sql.tables import SqlTable
from dashboard_store.documents.config import Origin
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.config_items import ConfigChange, history_item, version_items
from dashboard_store.repository.dataset_writes import Table, analysis_item
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.project_items import project_item, settings_text
from dashboard_store.store import Store

_CONTENT = "content"
_VERSION = "version"


def config_items(store: Store, address: ConfigAddress, candidate: Candidate, version: int) -> tuple[Item, Item]:
    """Build a version of a config, and its copy in history. Its time is the row's; its days begin now."""
    lifetimes = store.configs.lifetimes
    origin = Origin("import", by=store.member_id(address.project))
    newest, _ = version_items(address, ConfigChange(candidate.config, origin), version, candidate.moment, lifetimes)
    kept = history_item(address, newest, store.now(), lifetimes)
    expiry = {"expiresAt": kept["expiresAt"]} if address.session else {}
    return {**newest, **expiry, IMPORTED: candidate.config.digest}, kept


def new_project_item(found: ConvertedProject, config: Item | None, data: Item | None) -> Item:
    """Build the item of a project that is absent, with what it shows of its config and its table."""
    item = project_item(found.address, found.project, config, found.created_at)
    updated_at = keys.timestamp(found.updated_at)
    return {
        **item,
        "listKey": keys.listed(found.address, updated_at),
        "summary": {**item["summary"], "updatedAt": updated_at, "data": data},
        IMPORTED: project_mark(found, 1),
    }


def project_mark(found: ConvertedProject, version: int) -> Item:
    """Build the mark of a project, whose own fields are changed in place: it counts at this version alone."""
    project = found.project
    return {_CONTENT: keys.fingerprint(project.name, project.description, settings_text(project)), _VERSION: version}


def is_unsaved(project: Item) -> bool:
    """Whether nobody has changed a project's own fields since the import wrote them."""
    mark = project.get(IMPORTED)
    return mark is not None and mark[_VERSION] == project["summary"]["version"]


def marked_table(table: SqlTable, place: Item) -> Table:
    upload = table.upload
    return Table(upload.schema, upload.digest, upload.content.raw_bytes, {**place, IMPORTED: table.mark})


def marked_analysis(address: ProjectAddress, table: SqlTable, version: int, moment: datetime) -> Item:
    """Build the item of a table's analysis; one that a user writes replaces it, and so takes the mark away."""
    analysis = table.upload.analysis
    updated_at = keys.timestamp(table.analysed_at or moment)
    return {**analysis_item(address, version, int(analysis is not None), updated_at, analysis), IMPORTED: table.mark}
