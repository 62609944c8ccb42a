"""Databases of an application as Prisma makes them, on PostgreSQL, MariaDB or SQLite, and their rows."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    column,
    create_engine,
    func,
    table,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeEngine, UserDefinedType

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite"}
# As in Prisma's migrations.
_TEXTS: dict[str, Any] = {"mysql_default_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}

type Row = dict[str, Any]
type Rows = Mapping[str, Sequence[Row]]
"""The rows of each table."""


class _Moment(UserDefinedType[datetime]):
    """Prisma's DateTime."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "DATETIME"


def _text() -> TypeEngine[str]:
    return Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def _id() -> TypeEngine[str]:
    return Text().with_variant(String(191), "mysql", "mariadb")


def _moment() -> TypeEngine[datetime]:
    return (
        _Moment()
        .with_variant(postgresql.TIMESTAMP(precision=3), "postgresql")
        .with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    )


def _bytes() -> TypeEngine[bytes]:
    return LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def schema(*, keys: bool = True) -> MetaData:
    """Return the three tables. Without `keys`, a database accepts duplicates and rows of no project."""
    found = MetaData()

    def project() -> list[Any]:
        return [ForeignKey("projects.id")] if keys else []

    Table(
        "projects",
        found,
        Column("id", _id(), primary_key=keys, autoincrement=False),
        Column("name", _text(), nullable=False),
        Column("description", _text()),
        Column("settings", _text()),
        Column("userId", _id(), nullable=not keys),
        Column("createdAt", _moment()),
        **_TEXTS,
    )
    Table(
        "project_data",
        found,
        Column("id", _id(), primary_key=True),
        Column("projectId", _id(), *project(), nullable=False),
        Column("version", Integer, nullable=False, default=1),
        Column("originalFileName", _text(), nullable=False),
        Column("compressedData", _bytes(), nullable=False),
        Column("rowCount", Integer, nullable=False),
        Column("columnCount", Integer, nullable=False),
        Column("columnNames", _text(), nullable=False),
        Column("columnTypes", _text(), nullable=False),
        Column("analysisData", _text()),
        Column("hasAnalysis", Boolean(create_constraint=False), nullable=False, default=False),
        Column("analysisVersion", Integer, nullable=False, default=1),
        Column("analysisCreatedAt", _moment()),
        Column("chartCustomizations", _text()),
        **_TEXTS,
    )
    configs = Table(
        "dashboard_configs",
        found,
        Column("id", _id(), primary_key=True),
        Column("createdAt", _moment(), nullable=False, server_default=func.current_timestamp()),
        Column("updatedAt", _moment(), nullable=False),
        Column("userId", _id(), nullable=not keys),
        Column("sessionId", _id()),
        Column("projectId", _id(), *project()),
        Column("chartCustomizations", _text(), nullable=False),
        Column("currentTheme", _text()),
        Column("currentLayout", _text()),
        Column("dashboardFilters", _text()),
        Column("version", Integer, nullable=False, default=1),
        **_TEXTS,
    )
    if keys:
        # NULLs are distinct: there may be many rows without a session.
        Index("dashboard_configs_key", configs.c.userId, configs.c.sessionId, configs.c.projectId, unique=True)
    return found


class Database:
    """A database that tests fill and change, by the URL that the commands read it by, too."""

    def __init__(self, url: str, *, keys: bool = True) -> None:
        self.url = url
        given = make_url(url)
        # The driver does not know Prisma's parameters.
        self.engine: Engine = create_engine(given.set(drivername=_DRIVERS[given.drivername], query={}))
        self._schema = schema(keys=keys)
        self._schema.create_all(self.engine)

    def close(self) -> None:
        self.engine.dispose()

    def fill(self, rows: Rows) -> None:
        """Add rows as they are: what SQLAlchemy would convert or refuse is written like anything else."""
        with self.engine.begin() as connection:
            for name in self._schema.tables:
                columns = self._schema.tables[name].columns.keys()
                for row in rows.get(name, ()):
                    known = {key: self._stored(value) for key, value in row.items() if key in columns}
                    connection.execute(table(name, *map(column, known)).insert().values(known))

    def change(self, table_name: str, row_id: str, **values: Any) -> None:
        """Change a row."""
        stored = {key: self._stored(value) for key, value in values.items()}
        changed = table(table_name, column("id"), *map(column, stored))
        self._execute(changed.update().where(changed.c.id == row_id).values(stored))

    def remove(self, name: str, row_id: str) -> None:
        removed = table(name, column("id"))
        self._execute(removed.delete().where(removed.c.id == row_id))

    def raw(self, statement: str, *values: Any) -> None:
        """Run a statement of SQLite's own, with values of any type."""
        with closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute(statement, values)
            connection.commit()

    def _execute(self, statement: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(statement)

    def _stored(self, value: Any) -> Any:
        """Write a time as Prisma does: SQLite has epoch milliseconds, the others times without a zone, in UTC."""
        if not isinstance(value, datetime):
            return value
        if self.engine.dialect.name == "sqlite":
            return round(value.timestamp() * 1000)
        return value.astimezone(UTC).replace(tzinfo=None)
