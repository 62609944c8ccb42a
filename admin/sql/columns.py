"""The tables and columns of the source: by default as Prisma names them, else as a file says.

The file is TOML. For each table that differs, it names the table and those columns that have other names:

    [projects]
    table = "Project"
    userId = "ownerId"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from admin import CannotRunError

PROJECTS: Final = "projects"
DATA: Final = "project_data"
CONFIGS: Final = "dashboard_configs"

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    PROJECTS: ("id", "name", "description", "settings", "userId"),
    DATA: ("id", "projectId", "version", "originalFileName", "compressedData", "columnNames", "columnTypes"),
    CONFIGS: (
        "id",
        "createdAt",
        "updatedAt",
        "userId",
        "sessionId",
        "projectId",
        "chartCustomizations",
        "currentTheme",
        "currentLayout",
        "dashboardFilters",
        "version",
    ),
}
OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    PROJECTS: ("createdAt", "updatedAt"),
    DATA: ("rowCount", "columnCount", "analysisData", "analysisCreatedAt", "chartCustomizations"),
    CONFIGS: (),
}
_TABLE: Final = "table"


@dataclass(frozen=True)
class Columns:
    """The names in the source: `tables` by ours, and of each table its columns by ours."""

    tables: Mapping[str, str] = field(default_factory=lambda: {name: name for name in REQUIRED})
    names: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {table: {name: name for name in _known(table)} for table in REQUIRED}
    )

    @classmethod
    def read(cls, file: Path | None) -> "Columns":
        """Read the names that differ from a file, if one is given. Raises CannotRunError."""
        default = cls()
        if file is None:
            return default
        try:
            given = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as exc:
            raise CannotRunError(f"{file} cannot be read: {exc}") from exc
        for table, names in given.items():
            _require_known(file, table, names)
        return cls(
            {table: given.get(table, {}).get(_TABLE, name) for table, name in default.tables.items()},
            {
                table: {name: given.get(table, {}).get(name, name) for name in names}
                for table, names in default.names.items()
            },
        )


def _known(table: str) -> tuple[str, ...]:
    return REQUIRED[table] + OPTIONAL[table]


def _require_known(file: Path, table: str, names: object) -> None:
    if table not in REQUIRED or not isinstance(names, dict):
        raise CannotRunError(f"{file} names a table {table}; there are {', '.join(REQUIRED)}.")
    for name, value in names.items():
        if name != _TABLE and name not in _known(table):
            raise CannotRunError(f"{file} names a column {table}.{name}; there are {', '.join(_known(table))}.")
        if not isinstance(value, str) or not value:
            raise CannotRunError(f"In {file}, {table}.{name} must be a name.")
