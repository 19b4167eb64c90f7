"""The journal of a run: one row per attempt, written as it ends, in one SQLite file.

Rows are only ever added.  A row is either there in full or not at all, whatever kills the process, and several
processes may write to the same journal; a run is resumed by skipping what has a final row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from proofloom.proofs import Attempt, Outcome

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    theorem TEXT NOT NULL,
    outcome TEXT NOT NULL,
    seconds REAL NOT NULL,
    cpu_seconds REAL NOT NULL,
    expansions INTEGER NOT NULL,
    tactics INTEGER NOT NULL,
    ended_at REAL NOT NULL,
    record TEXT NOT NULL
) STRICT
"""
_INDEX = "CREATE INDEX IF NOT EXISTS attempts_by_key ON attempts (key)"
_INSERT = """
INSERT INTO attempts (key, theorem, outcome, seconds, cpu_seconds, expansions, tactics, ended_at, record)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
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


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt as it was written: its number in the file, its key, when it ended (seconds since 1970), all of it."""

    number: int
    key: str
    outcome: Outcome
    ended_at: float
    record: dict[str, Any]


def as_record(attempt: Attempt) -> dict[str, Any]:
    """The attempt as a JSON object: `theorem, outcome, spend, proof, scripts, verdict, reason`."""
    return {
        "theorem": attempt.theorem,
        "outcome": attempt.outcome.value,
        "spend": asdict(attempt.spend),
        "proof": None if attempt.proof is None else list(attempt.proof),
        "scripts": list(attempt.scripts),
        "verdict": None if attempt.verdict is None else attempt.verdict.as_json(),
        "reason": attempt.reason,
    }


class Journal:
    """The journal in the file `path`, made if it is missing; raises `JournalError`.

    A write waits at most `lock_seconds` for other processes.
    """

    def __init__(self, path: Path, *, lock_seconds: float = 20.0) -> None:
        self._path = path
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

    def append(self, key: str, attempt: Attempt, ended_at: float) -> None:
        """Write one row and make sure that it is on the disk; `key` names the theorem within the run."""
        record, spend = json.dumps(as_record(attempt)), attempt.spend
        values = (spend.seconds, spend.cpu_seconds, spend.expansions, spend.tactics, ended_at, record)
        try:
            self._database.execute(_INSERT, (_plain(key), _plain(attempt.theorem), attempt.outcome.value, *values))
        except sqlite3.Error as error:
            raise self._error(error) from error

    def finished(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that need no further attempt: some row of theirs is final, that is, not a crash."""
        query = "SELECT DISTINCT key FROM attempts WHERE outcome != ?"
        try:
            final = {row[0] for row in self._database.execute(query, (Outcome.CRASHED.value,))}
        except sqlite3.Error as error:
            raise self._error(error) from error
        return {key for key in keys if _plain(key) in final}

    def rows(self) -> Iterator[Row]:
        """Every row in the order of writing."""
        try:
            for number, key, outcome, ended_at, record in self._database.execute(
                "SELECT number, key, outcome, ended_at, record FROM attempts ORDER BY number"
            ):
                yield Row(number, key, Outcome(outcome), ended_at, json.loads(record))
        except sqlite3.Error as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Close the file; harmless twice."""
        self._database.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        """Make the table in one transaction; two processes may come here at the same time."""
        database = self._database
        database.execute("PRAGMA synchronous = FULL")
        if self._version() == 0:
            database.execute("BEGIN IMMEDIATE")
            database.execute(_SCHEMA)
            database.execute(_INDEX)
            database.execute(f"PRAGMA user_version = {_VERSION}")
            database.execute("COMMIT")
        if self._version() != _VERSION:
            raise JournalError(f"{self._path}: journal of version {self._version()}, this program writes {_VERSION}")
        database.execute("PRAGMA journal_mode = WAL")

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    def _error(self, error: sqlite3.Error) -> JournalError:
        name = getattr(error, "sqlite_errorname", None) or ""
        advice = next((text for code, text in _ADVICE.items() if name.startswith(code)), str(error))
        return JournalError(f"{self._path}: {advice}")


def _plain(text: str) -> str:
    """`text` as SQLite can hold it: bytes that were not UTF-8 are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
