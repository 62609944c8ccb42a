"""Reading the source: in pages by id, each in a statement of its own, so that no transaction stays open.

Nothing is ever written, which the database itself refuses: each statement is in a transaction that may only read. The
session is not changed, because a pooler such as PgBouncer passes it on to the application. Values come as they are in
the database: texts that are not valid UTF-8 as lone surrogates, which every check refuses.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Executable, create_engine, event, func, inspect, select, types
from sqlalchemy import cast as sql_cast
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.sql.expression import TableClause

from admin import CannotRunError
from admin.sql import Finding
from admin.sql.columns import CONFIGS, DATA, OPTIONAL, PROJECTS, REQUIRED, Columns

type Row = Mapping[str, Any]
"""A row by our names of its columns; columns that the source lacks are None."""

PAGE: Final = 50
"""How many projects are read at once, with the rows of their configs and without those of their tables."""

_CONTENT: Final = "compressedData"
_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite",
}
# Prisma's URLs have parameters of its own, which the drivers do not know.
_PARAMETERS: Final = {
    "postgresql": {
        *("host", "sslmode", "sslcert", "sslkey", "sslrootcert", "channel_binding"),
        *("connect_timeout", "application_name", "options", "target_session_attrs"),
    },
    "mysql": {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "connect_timeout", "read_timeout"},
    "mariadb": {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "connect_timeout", "read_timeout"},
    "sqlite": set[str](),
}
_BEGIN: Final = "START TRANSACTION READ ONLY"
_PREPARATIONS: Final = {"mysql": "SET SESSION time_zone = '+00:00'", "sqlite": "PRAGMA query_only = ON"}


class ProjectRows(NamedTuple):
    """The rows with an id of a project, usually one, and what belongs to it; `data` is without the tables' content."""

    id: Any
    projects: Sequence[Row]
    configs: Sequence[Row]
    data: Sequence[Row]


class Source:
    """The source, which `opened` opens."""

    def __init__(self, engine: Engine, columns: Columns, schema: str | None) -> None:
        self._engine = engine
        self._names = columns.names
        self._unmatched: list[Finding] = []
        self._tables: dict[str, TableClause] = {}
        self._present: dict[str, Sequence[str]] = {}
        for table, name in columns.tables.items():
            self._tables[table], self._present[table] = self._inspected(table, name, schema)

    def count(self, user: str | None) -> int:
        """Count the projects, of one user if one is given."""
        (counted,) = self._rows(select(func.count()).select_from(self._tables[PROJECTS]).where(*self._of(user)))
        number: int = counted[0]
        return number

    def projects(self, user: str | None) -> Iterator[ProjectRows]:
        """Yield every project in the order of ids, with what belongs to it."""
        key = self._column(PROJECTS, "id")
        last: Any = None
        while True:
            after = [key > last] if last is not None else [key.is_not(None)]
            page = select(key).where(*after, *self._of(user)).group_by(key).order_by(key).limit(PAGE)
            ids = [row[0] for row in self._rows(page)]
            if not ids:
                return
            # Not ORDER BY: the order in which a text column sorts may differ from that of its bytes.
            found = {table: self._grouped(table, name, ids) for table, name in _NAMED_BY.items()}
            for text, mine in found[PROJECTS].items():
                project = ProjectRows(text, mine, found[CONFIGS].pop(text, []), found[DATA].pop(text, []))
                if user is None or any(row["userId"] == user for row in mine):
                    yield project
            # To the database these ids are equal, and to nobody else, such as those of other letters' case.
            self._unmatched += [
                Finding(table, text_of(row["id"]) or "", *_no_such_project(row["projectId"]))
                for table in (CONFIGS, DATA)
                for rows in found[table].values()
                for row in rows
            ]
            last = ids[-1]

    def content(self, row: Row, most_bytes: int) -> bytes | str | None:
        """Read the content of a row of `project_data`; None if it is gone or has more bytes than allowed."""
        column, key = self._column(DATA, _CONTENT), self._column(DATA, "id")
        is_small = func.length(column) <= most_bytes
        found = self._rows(select(column).where(key == row["key"], is_small).limit(1))
        return None if not found else _plain(found[0][0])

    def strays(self, user: str | None) -> Iterator[Finding]:
        """Yield the rows that belong to no project, once the projects were read."""
        yield from self._unmatched
        for table in (CONFIGS, DATA):
            if user is not None and table == DATA:
                continue
            yield from self._strays_of(table, user)
        if user is None:
            for _ in self._rows(
                select(sql_column("1", is_literal=True))
                .select_from(self._tables[PROJECTS])
                .where(self._column(PROJECTS, "id").is_(None))
            ):
                yield Finding(PROJECTS, "", "no-id", "The row has no id.")

    def _strays_of(self, table: str, user: str | None) -> Iterator[Finding]:
        key, of = self._column(table, "id"), self._column(table, "projectId")
        projects = self._tables[PROJECTS]
        is_there = select(projects).where(self._column(PROJECTS, "id") == of).exists()
        mine = [self._column(table, "userId") == user] if user is not None else []
        last: Any = None
        while True:
            after = [key > last] if last is not None else []
            page = select(key, of).where(*after, *mine, ~is_there).order_by(key).limit(1000)
            rows = self._rows(page)
            for each, project in rows:
                if project is None:
                    yield Finding(table, text_of(each) or "", "no-project", "The row belongs to no project.")
                else:
                    yield Finding(table, text_of(each) or "", *_no_such_project(project))
            if not rows:
                return
            last = rows[-1][0]

    def _inspected(self, table: str, name: str, schema: str | None) -> tuple[TableClause, Sequence[str]]:
        """Find which columns a table has. Raises CannotRunError if one that is required is missing."""
        try:
            found = {each["name"]: each["type"] for each in inspect(self._engine).get_columns(name, schema)}
        except NoSuchTableError as exc:
            raise CannotRunError(
                f"There is no table {name}. If it has another name, write it to a file, for the option --columns: "
                f'[{table}] table = "…"'
            ) from exc
        names = self._names[table]
        for ours in REQUIRED[table]:
            if names[ours] not in found:
                raise CannotRunError(
                    f"The table {name} has no column {names[ours]}. If it has another name, write it to a file, for "
                    f'the option --columns: [{table}] {ours} = "…"'
                )
        present = [ours for ours in REQUIRED[table] + OPTIONAL[table] if names[ours] in found]
        columns = [sql_column(names[ours], _read_as(found[names[ours]])) for ours in present]
        return sql_table(name, *columns, schema=schema), present

    def _column(self, table: str, ours: str) -> ColumnElement[Any]:
        return self._tables[table].c[self._names[table][ours]]

    def _of(self, user: str | None) -> list[ColumnElement[bool]]:
        return [] if user is None else [self._column(PROJECTS, "userId") == user]

    def _grouped(self, table: str, by: str, ids: Sequence[Any]) -> dict[str, list[Row]]:
        """Read the rows that name some projects, by project."""
        present = [name for name in self._present[table] if name != _CONTENT]
        wanted = [self._as_text(self._column(table, name)) for name in present]
        query = select(self._column(table, "id"), *wanted).where(self._column(table, by).in_(ids))
        grouped = defaultdict[str, list[Row]](list)
        for key, *values in self._rows(query):
            row = dict.fromkeys(OPTIONAL[table]) | dict(zip(present, map(_plain, values), strict=True)) | {"key": key}
            grouped[text_of(row[by]) or ""].append(row)
        return grouped

    def _as_text(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Read what PostgreSQL's driver would convert, and refuse at the limits of Python's types, as text."""
        is_plain = isinstance(column.type, types.Integer | types.Boolean | types.LargeBinary)
        return column if is_plain or self._engine.dialect.name != "postgresql" else sql_cast(column, types.Text)

    def _rows(self, query: Executable) -> Sequence[Sequence[Any]]:
        try:
            with self._engine.connect() as connection:
                if self._engine.dialect.name == "sqlite":
                    return connection.execute(query).all()
                connection.exec_driver_sql(_BEGIN)
                rows = connection.execute(query).all()
                connection.exec_driver_sql("ROLLBACK")
                return rows
        except SQLAlchemyError as exc:
            raise CannotRunError(f"The database cannot be read: {_cause(exc)}") from exc


# By which column the rows of each table name a project.
_NAMED_BY: Final = {PROJECTS: "id", CONFIGS: "projectId", DATA: "projectId"}


@contextmanager
def opened(url: str, columns: Columns) -> Iterator[Source]:
    """Open a database by its URL, as SQLAlchemy or Prisma writes it. Raises CannotRunError."""
    place, schema = _place(url)
    # A pooler would look for a prepared statement in another session.
    unprepared = {"prepare_threshold": None} if place.drivername.startswith("postgresql") else {}
    engine = create_engine(place, isolation_level="AUTOCOMMIT", pool_pre_ping=True, connect_args=unprepared)
    dialect = "mysql" if engine.dialect.name == "mariadb" else engine.dialect.name

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a connection of any driver
        if dialect == "sqlite":
            connection.text_factory = _decoded
        if statement := _PREPARATIONS.get(dialect):
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()

    try:
        yield Source(engine, columns, schema)
    except DBAPIError as exc:
        raise CannotRunError(f"The database {place.render_as_string()} cannot be read: {_cause(exc)}") from exc
    finally:
        engine.dispose()


def _place(url: str) -> tuple[URL, str | None]:
    """Read a URL: what SQLAlchemy opens, and the schema that Prisma's names."""
    if url.startswith("file:"):
        url = f"sqlite:///{url.removeprefix('file:').partition('?')[0]}"
    try:
        given = make_url(url)
    except ArgumentError as exc:
        raise CannotRunError("The URL of the database cannot be read; it begins with a scheme and ://") from exc
    scheme = given.drivername.partition("+")[0]
    if scheme not in _DRIVERS:
        raise CannotRunError(f"{scheme} is not known; the schemes are {', '.join(_DRIVERS)}.")
    driver = _DRIVERS[scheme]
    name = driver.partition("+")[0]
    kept = {key: value for key, value in given.query.items() if key in _PARAMETERS[name]}
    if name == "sqlite":
        if not given.database or not Path(given.database).is_file():
            raise CannotRunError(f"There is no file {given.database}.")
        kept = {"mode": "ro", "uri": "true"}
        given = given.set(database=Path(given.database).resolve().as_uri())
    elif name != "postgresql":
        kept["charset"] = "utf8mb4"
    schema = given.query.get("schema") if name == "postgresql" else None
    return given.set(drivername=driver, query=kept), schema if isinstance(schema, str) else None


def _read_as(kind: types.TypeEngine[Any]) -> types.TypeEngine[Any]:
    """Return the type with which a column is compared and read: without conversions wherever possible."""
    if isinstance(kind, types.Uuid):
        return types.Uuid(as_uuid=False)
    for plain in (types.Integer, types.Boolean, types.LargeBinary):
        if isinstance(kind, plain):
            return types.NullType() if plain is types.Boolean else plain()
    return types.NullType()


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of any type
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def text_of(value: Any) -> str | None:  # noqa: ANN401
    """Return a value as text."""
    return _decoded(value) if isinstance(value, bytes) else None if value is None else str(value)


def _no_such_project(project: Any) -> tuple[str, str]:  # noqa: ANN401
    """Return why a row is of no project: the reason and its sentence."""
    shown = (text_of(project) or "").encode("utf-8", "backslashreplace").decode()[:200]
    return "no-such-project", f"There is no project with the id {shown}."


def _cause(error: SQLAlchemyError) -> str:
    """Say what the driver said, without the statement and its values."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)
