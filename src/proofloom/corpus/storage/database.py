"""Opens the file or server that holds a library: connections, the writer's lock, migrations, errors in one line.

One idea: there is one writer at a time, on SQLite by `BEGIN IMMEDIATE` and on PostgreSQL by an advisory lock, and every
wait for it is bounded.  Whatever goes wrong below comes out as `LibraryError` with the place and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from proofloom.corpus.storage.schema import VERSION, Table

VERSION_TABLE = "proofloom_schema"
_ADVISORY_LOCK = 0x70726F6F666C6F6F  # "proofloo"
_WRITES = "proofloom_writes"
_FULL = "the disk is full; free some space and run again, what was written is safe"
_BUSY = "another process holds it for longer than {seconds:g} s; wait for that process and run again"
_ADVICE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": "the disk cannot be read or written; check it and the free space, then run again",
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": "it cannot be written; check the permissions of the file and of its folder",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the folder exists and can be written",
    "SQLITE_NOTADB": "it is not a library; move it away or name another place",
    "SQLITE_CORRUPT": "it is damaged; move it away and trace again",
    "53100": _FULL,
    "55P03": _BUSY,
    "3D000": "there is no such database; make it with createdb",
}


class LibraryError(Exception):
    """The library cannot do what was asked; one line that names the place and what to do."""


class Database:
    """The database at `location`, a path or a URL, brought to the present schema; raises `LibraryError`.

    `create` allows a new file or new tables; a write waits at most `lock_seconds` for other writers.
    """

    def __init__(self, location: str | Path, *, create: bool = True, lock_seconds: float = 20.0) -> None:
        url = _url(location)
        local = url.get_backend_name() == "sqlite"
        self.place = str(url.database) if local else url.render_as_string(hide_password=True)
        self._lock_seconds = lock_seconds
        if local:
            self._prepare_place(Path(url.database or ""), create)
        self._engine = self._make_engine(url)
        try:
            self._migrate(create)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the library."""
        with self._errors(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that holds the writer's lock; all or nothing of what is done in it is kept."""
        with self._errors(), self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITES: True})
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(self._lock_seconds * 1000)}")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
                yield connection

    def close(self) -> None:
        """Close every connection; harmless twice."""
        self._engine.dispose()

    def _prepare_place(self, path: Path, create: bool) -> None:
        if not path.exists() and not create:
            raise LibraryError(f"{path}: there is no library; make one with `proofloom trace`")
        if path.is_dir():
            raise LibraryError(f"{path}: is a folder; name a file, such as {path / 'library.sqlite'}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"{path.parent}: cannot be made ({error.strerror})") from error

    def _make_engine(self, url: URL) -> Engine:
        arguments = {"timeout": self._lock_seconds} if url.get_backend_name() == "sqlite" else {"connect_timeout": 10}
        try:
            engine = sqlalchemy.create_engine(url, connect_args=arguments)
        except ModuleNotFoundError as error:
            raise LibraryError(f"{self.place}: needs {error.name}; install proofloom[scale]") from error
        except (ArgumentError, NoSuchModuleError) as error:
            raise LibraryError(
                f"{self.place}: this kind of database is not supported; use SQLite or PostgreSQL"
            ) from error
        if url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_connection)
            event.listen(engine, "begin", _begin)
        return engine

    def _migrate(self, create: bool) -> None:
        with self.reading() as connection:
            if self._version(connection, create) == VERSION:
                return
        from proofloom.corpus.storage.migrations import upgrade  # alembic takes as long to load as everything else

        with self.writing() as connection:
            if self._version(connection, create) != VERSION:
                upgrade(connection)
        if self._engine.dialect.name == "sqlite":
            with self._errors(), self._engine.connect() as connection:
                driver = connection.connection.dbapi_connection
                assert driver is not None
                driver.cursor().execute("PRAGMA journal_mode = WAL")

    def _version(self, connection: Connection, create: bool) -> str | None:
        """The version that the database has; None if it is empty.  Raises `LibraryError` if it is not a library's."""
        from proofloom.corpus.storage.migrations import KNOWN

        present = set(sqlalchemy.inspect(connection).get_table_names())
        if VERSION_TABLE not in present:
            foreign = present if connection.dialect.name == "sqlite" else present & set(Table.metadata.tables)
            if foreign:
                raise LibraryError(f"{self.place}: it holds other tables ({min(foreign)}); name another place")
            if not create:
                raise LibraryError(f"{self.place}: there is no library; make one with `proofloom trace`")
            return None
        version = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
        if version is not None and version not in KNOWN:
            raise LibraryError(
                f"{self.place}: written by a newer Proofloom (schema {version}, this one knows {VERSION}); update it"
            )
        return version

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise LibraryError(f"{self.place}: {self._advice(error)}") from error

    def _advice(self, error: DBAPIError) -> str:
        cause = error.orig
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
        advice = next((text for start, text in _ADVICE.items() if code.startswith(start)), None)
        if advice is None:
            return " ".join(str(cause).split())
        return advice.format(seconds=self._lock_seconds)


def _url(location: str | Path) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(location))
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise LibraryError(f"{location}: is neither a path nor a database URL") from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def _prepare_connection(connection: Any, entry: ConnectionPoolEntry) -> None:
    """Leave transactions to SQLAlchemy, and have SQLite keep what the tables promise."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA cache_size = -65536")
    cursor.execute("PRAGMA wal_autocheckpoint = 8192")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")
