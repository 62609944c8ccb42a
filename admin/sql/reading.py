"""Reading a project's tables from the source, one at a time, the newest first."""

from collections.abc import Sequence

from admin.sql import Finding, Refused
from admin.sql.columns import DATA
from admin.sql.conversion import ConvertedProject
from admin.sql.source import Row, Source, text_of
from admin.sql.tables import SqlTable, mark_of, read_table, refused_parts
from dashboard_store.settings import Settings


class TableReader:
    """Reads the tables of a project. `refused` and `decisions` grow with each table that was read."""

    def __init__(self, source: Source, settings: Settings, found: ConvertedProject) -> None:
        self._source = source
        self._settings = settings
        self._rows = found.tables
        # A table may be read again, after another writer was faster.
        self._refused: dict[Finding, None] = {}
        self._decisions: dict[Finding, None] = {}

    @property
    def refused(self) -> Sequence[Finding]:
        return list(self._refused)

    @property
    def decisions(self) -> Sequence[Finding]:
        return list(self._decisions)

    def newer_than(self, mark: bytes | None) -> list[SqlTable]:
        """Read the tables that are newer than the one with a mark, the newest first, as many as are kept.

        Without a mark, these are all; if no row has the mark, because its own was changed, it is the newest alone.
        """
        tables: list[SqlTable] = []
        for index, row in enumerate(self._rows):
            if len(tables) == self._settings.data_versions_kept:
                self._leave_out(self._rows[index:])
                break
            try:
                content = self._content(row)
                if mark is not None and mark_of(row, content) == mark:
                    self._refused |= dict.fromkeys(refused_parts(row, self._settings))
                    return tables
                tables.append(self._read(row, content))
            except Refused as refused:
                self._refused[Finding(DATA, text_of(row["id"]) or "", refused.reason, refused.detail)] = None
        return tables if mark is None else tables[:1]

    def _content(self, row: Row) -> bytes | str:
        most = self._settings.max_upload_bytes
        content = self._source.content(row, most)
        if content is None:
            raise Refused("too-large", f"compressedData is absent, or larger than {most} bytes.")
        return content

    def _read(self, row: Row, content: bytes | str) -> SqlTable:
        table = read_table(row, content, self._settings)
        self._refused |= dict.fromkeys(table.refused)
        self._decisions |= dict.fromkeys(table.decisions)
        return table

    def _leave_out(self, rows: Sequence[Row]) -> None:
        detail = f"A project keeps {self._settings.data_versions_kept} tables; newer rows have them."
        for row in rows:
            self._decisions[Finding(DATA, text_of(row["id"]) or "", "not-kept", detail)] = None
