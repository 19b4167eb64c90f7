"""The rows of a contest: one for each contestant and theorem as it was scored, one for each attempt as it ended.

They are the result; every table is a function of them.  They lie in one SQLite file in the run folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proofloom.proofs import Outcome
from proofloom.search.row_file import JournalError, RowFile, plain

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    contestant TEXT NOT NULL,
    theorem TEXT NOT NULL,
    ended_at REAL NOT NULL,
    record TEXT NOT NULL
) STRICT
"""
_INSERT = "INSERT INTO rows (kind, contestant, theorem, ended_at, record) VALUES (?, ?, ?, ?, ?)"
_STEPS, _ATTEMPT, _ENTERED = "steps", "attempt", "entered"


FOUND = "found"
"""The outcome of a script that was closed and that no gate has seen."""


@dataclass(frozen=True, slots=True)
class StepScore:
    """Of one tactic with its end: the natural log-probability, its tokens, and whether greedy decoding writes it."""

    logprob: float
    tokens: int
    exact: bool


@dataclass(frozen=True, slots=True)
class StepsRow:
    """The scores of the steps of one theorem by one contestant, in order, and the CPU seconds that they took.

    None stands for a tactic that is too long for the model.
    """

    contestant: str
    theorem: str
    scores: tuple[StepScore | None, ...]
    cpu_seconds: float = 0.0

    @property
    def key(self) -> tuple[str, str]:
        """What the row is about."""
        return self.contestant, self.theorem


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """What came of one theorem with one contestant, by one strategy with so many `candidates`.

    For best-first search these are candidates of a state, for single-pass sampling roll-outs, and then `found_at` is
    the number of the one that found the proof (0 where there is none).  `outcome` is one of `Outcome`, or `FOUND` for a
    script that the assistant closed in a contest without the gate.  `cpu_seconds` are those of model, assistant and
    search together, `model_seconds` those of the model; the gate comes on top.  `verdict` is the gate's own record.
    """

    contestant: str
    theorem: str
    strategy: str
    candidates: int
    outcome: str
    found_at: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    model_seconds: float = 0.0
    expansions: int = 0
    tactics: int = 0
    tokens_read: int = 0
    tokens_written: int = 0
    proof: tuple[str, ...] = ()
    verdict: Mapping[str, Any] | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What the row is about."""
        return self.contestant, self.theorem, self.strategy, self.candidates

    @property
    def solved(self) -> bool:
        """True if the gate accepted, or, in a contest without it, if the assistant closed the proof."""
        return self.outcome in (Outcome.PROVED, FOUND)


class ContestRows(RowFile):
    """The rows in the file `path`, made if it is missing; raises `JournalError`."""

    def __init__(self, path: Path, *, lock_seconds: float = 20.0) -> None:
        super().__init__(path, (_SCHEMA,), _VERSION, lock_seconds=lock_seconds)

    def enter(self, digests: Mapping[str, str], now: float) -> None:
        """Note the digest of the weights of each contestant; raises `JournalError` if an earlier one was another."""
        known = {contestant: record["digest"] for contestant, _, record in self._records(_ENTERED)}
        for name, digest in digests.items():
            if name not in known:
                self._add(_ENTERED, name, "", now, {"digest": digest})
            elif known[name] != digest:
                raise JournalError(
                    f"{self._path}: its rows of {name} are of other weights ({known[name][:12]}, now {digest[:12]}); "
                    "use another name or another run"
                )

    def add_steps(self, row: StepsRow, ended_at: float) -> None:
        """Keep the scores of a theorem."""
        scores = [None if one is None else asdict(one) for one in row.scores]
        self._add(_STEPS, row.contestant, row.theorem, ended_at, {"scores": scores, "cpu_seconds": row.cpu_seconds})

    def steps(self) -> list[StepsRow]:
        """Every row of scores, in the order of writing."""
        return [
            StepsRow(
                contestant,
                theorem,
                tuple(None if one is None else StepScore(**one) for one in record["scores"]),
                record["cpu_seconds"],
            )
            for contestant, theorem, record in self._records(_STEPS)
        ]

    def add_attempt(self, row: AttemptRow, ended_at: float) -> None:
        """Keep an attempt."""
        record = asdict(row)
        contestant, theorem = record.pop("contestant"), record.pop("theorem")
        self._add(_ATTEMPT, contestant, theorem, ended_at, record)

    def attempts(self) -> list[AttemptRow]:
        """Every attempt, in the order of writing."""
        return [
            AttemptRow(contestant, theorem, **{**record, "proof": tuple(record["proof"])})
            for contestant, theorem, record in self._records(_ATTEMPT)
        ]

    def _add(self, kind: str, contestant: str, theorem: str, ended_at: float, record: Mapping[str, Any]) -> None:
        self._write(_INSERT, (kind, plain(contestant), plain(theorem), ended_at, json.dumps(record)))

    def _records(self, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        query = "SELECT contestant, theorem, record FROM rows WHERE kind = ? ORDER BY number"
        for contestant, theorem, record in self._read(query, (kind,)):
            yield contestant, theorem, json.loads(record)
