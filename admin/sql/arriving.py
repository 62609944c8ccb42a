"""Writing a project that is absent: all of it at once, or nothing."""

from collections.abc import Iterator, Sequence

from admin.arrivals import Arrivals
from admin.sql.candidates import Candidate
from admin.sql.conversion import ConvertedProject
from admin.sql.items import config_items, marked_analysis, marked_table, new_project_item
from admin.sql.tables import SqlTable
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository import keys
from dashboard_store.repository.config_items import never_saved_item, shown_in_project
from dashboard_store.repository.datasets import DatasetVersion, newest_of
from dashboard_store.repository.expressions import Item, Write
from dashboard_store.store import Store


def arrive(store: Store, found: ConvertedProject, tables: Sequence[SqlTable]) -> None:
    """Create a project with its config, history, drafts and `tables`, the newest first.

    Raises ProjectExists or QuotaExceeded.
    """
    arrivals = Arrivals(store)
    # Before any object is stored for it.
    arrivals.require_absent(found.address)
    drafts = [
        item
        for session, draft in found.drafts.items()
        for item in config_items(store, found.address.config(session), draft, 1)
    ]
    config, history = _config(store, found.address.config(), found.configs)
    stored = list(_tables(store, found, tables))
    # Each item has the name of its object before any other loses it.
    kept = [version.kept_item(found.address) for version, _ in stored[:-1]]
    data, shown = [], None
    if stored:
        newest = stored[-1][0]
        data, shown = [newest.item, _analysis(found, tables[0], newest.version)], newest.summary
    shown_config = shown_in_project(config["summary"]) if found.configs else None
    heads = [new_project_item(found, shown_config, shown), config, *data]
    takeovers = [write for _, writes in stored for write in writes]
    arrivals.create(found.address, heads, [*drafts, *history, *kept], takeovers)


def _config(store: Store, address: ConfigAddress, configs: Sequence[Candidate]) -> tuple[Item, list[Item]]:
    """Return the item of the config, and those of its history."""
    newest = never_saved_item(address)
    history = []
    for version, candidate in enumerate(configs, 1):
        newest, kept = config_items(store, address, candidate, version)
        history.append(kept)
    return newest, history


def _tables(
    store: Store, found: ConvertedProject, tables: Sequence[SqlTable]
) -> Iterator[tuple[DatasetVersion, list[Write]]]:
    """Store tables; yield each version, the newest last, with the writes that take its object over."""
    summaries: list[Item] = []
    for version, table in enumerate(reversed(tables), 1):
        place, takeover = store.dataset_writes.placed_for(found.address, table.upload.content.stored)
        updated_at = keys.timestamp(found.created_at)
        item = marked_table(table, place).item(found.address, version, updated_at, summaries[:])
        stored = newest_of(item, _analysis(found, table, version))
        if stored is None:
            raise AssertionError("a table has both items")
        summaries.insert(0, stored.summary)
        yield stored, takeover


def _analysis(found: ConvertedProject, table: SqlTable, version: int) -> Item:
    return marked_analysis(found.address, table, version, found.created_at)
