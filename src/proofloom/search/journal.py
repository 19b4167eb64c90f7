"""The journal of a run: one row per attempt, written as it ends, in one SQLite file.

Rows are only ever added.  A row is either there in full or not at all, whatever kills the process, and several
processes may write to the same journal; a run is resumed by skipping what has a final row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proofloom.proofs import Attempt, Outcome
from proofloom.search.row_file import RowFile, plain

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


class Journal(RowFile):
    """The journal in the file `path`, made if it is missing; raises `JournalError`.

    A write waits at most `lock_seconds` for other processes.
    """

    def __init__(self, path: Path, *, lock_seconds: float = 20.0) -> None:
        super().__init__(path, (_SCHEMA, _INDEX), _VERSION, lock_seconds=lock_seconds)

    def append(self, key: str, attempt: Attempt, ended_at: float) -> None:
        """Write one row and make sure that it is on the disk; `key` names the theorem within the run."""
        record, spend = json.dumps(as_record(attempt)), attempt.spend
        values = (spend.seconds, spend.cpu_seconds, spend.expansions, spend.tactics, ended_at, record)
        self._write(_INSERT, (plain(key), plain(attempt.theorem), attempt.outcome.value, *values))

    def finished(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that need no further attempt: some row of theirs is final, that is, not a crash."""
        query = "SELECT DISTINCT key FROM attempts WHERE outcome != ?"
        final = {row[0] for row in self._read(query, (Outcome.CRASHED.value,))}
        return {key for key in keys if plain(key) in final}

    def rows(self) -> Iterator[Row]:
        """Every row in the order of writing."""
        query = "SELECT number, key, outcome, ended_at, record FROM attempts ORDER BY number"
        for number, key, outcome, ended_at, record in self._read(query):
            yield Row(number, key, Outcome(outcome), ended_at, json.loads(record))
