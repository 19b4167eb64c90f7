"""A file of rows: one SQLite file with one table, to which rows are only ever added.

A row is either there in full or not at all, whatever kills the process, and several processes may write to the same
file.  What goes wrong comes out as one line that names the file and says what to do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ADVICE = {
    "SQLITE_FULL": "the disk is full; free some space and run again, what was written is safe",
    "SQLITE_BUSY": "another process holds it for too long; wait for that process and run again",
    "SQLITE_READONLY": "it cannot be written; check the permissions of the file and of its folder",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the folder exists and can be written",
    "SQLITE_NOTADB": "it is not a journal; move it away or name another run",
    "SQLITE_CORRUPT": "it is damaged; move it away or name another run",
}


class JournalError(Exception):
    """The journal cannot be read or written; one line that names the file and what to do."""


class RowFile:
    """The file `path`, made by the statements of `schema` if it is missing; raises `JournalError`.

    `version` is that of the schema; a file of another one is refused.  A write waits at most `lock_seconds` for other
    processes.
    """

    def __init__(self, path: Path, schema: Sequence[str], version: int, *, lock_seconds: float = 20.0) -> None:
        self._path = path
        self._schema = schema
        self._wanted = version
        try:
            self._database = sqlite3.connect(path, timeout=lock_seconds, isolation_level=None)
        except sqlite3.Error as error:
            raise self._error(error) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            raise self._error(error) from error
        except JournalError:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file; harmless twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        """Add one row and make sure that it is on the disk."""
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _read(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._database.execute(query, values)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _prepare(self) -> None:
        """Make the table in one transaction; two processes may come here at the same time."""
        database = self._database
        database.execute("PRAGMA synchronous = FULL")
        if self._version() == 0:
            database.execute("BEGIN IMMEDIATE")
            for statement in self._schema:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {self._wanted}")
            database.execute("COMMIT")
        if self._version() != self._wanted:
            raise JournalError(
                f"{self._path}: journal of version {self._version()}, this program writes {self._wanted}"
            )
        database.execute("PRAGMA journal_mode = WAL")

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    def _error(self, error: sqlite3.Error) -> JournalError:
        name = getattr(error, "sqlite_errorname", None) or ""
        advice = next((text for code, text in _ADVICE.items() if name.startswith(code)), str(error))
        return JournalError(f"{self._path}: {advice}")


def plain(text: str) -> str:
    """`text` as SQLite can hold it: bytes that were not UTF-8 are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
