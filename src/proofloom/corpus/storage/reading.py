"""Turns rows of the tables into entries, a few thousand at a time.

Steps are streamed: while one chunk of them is used, only that chunk and the texts of its states are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, TextClause, select, text

from proofloom.corpus.entries import StepEntry, TheoremEntry
from proofloom.corpus.records import Repository
from proofloom.corpus.storage.schema import SOURCE, ConstantRow, GoalRow, ProofRow, StateRow, StepPremiseRow
from proofloom.corpus.storage.storing import batches

_CHUNK = 4000


def as_repository(row: Row[Any]) -> Repository:
    """The record of a row of `repository`."""
    return Repository(row.url, row.commit, row.assistant, row.assistant_version, row.traced_on)


def theorem_entry(row: Row[Any], proved_by: Sequence[str]) -> TheoremEntry:
    """The entry of a row of `theorem`; `proved_by` are the provers in the order of their proofs."""
    return TheoremEntry(
        row.id, row.file_id, row.identity_id, row.full_name, row.statement, row.kind, row.start, row.line, row.ending,
        row.admitted, row.human_tactics, row.difficulty,
        tuple(by for by in dict.fromkeys(proved_by) if not (row.admitted and by == SOURCE)),
        row.extra or "",
    )  # fmt: skip


def proofs_by_theorem(connection: Connection, theorems: Sequence[int]) -> dict[int, list[str]]:
    """Who proved each of these theorems, oldest proof first."""
    proved: dict[int, list[str]] = {}
    for batch in batches(theorems, _CHUNK):
        query = select(ProofRow.theorem_id, ProofRow.by).where(ProofRow.theorem_id.in_(batch)).order_by(ProofRow.id)
        for theorem, by in connection.execute(query):
            proved.setdefault(int(theorem or 0), []).append(by)
    return proved


def step_entries(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[StepEntry]:
    """The steps of `query`, whose columns are those of `StepEntry` but for the names of premises, states by number."""
    texts: dict[int, str] = {}
    for rows in connection.execute(query, execution_options={"yield_per": _CHUNK}).partitions():
        wanted = dict.fromkeys(number for row in rows for number in (row[3], row[5]))
        texts = {number: texts[number] for number in wanted if number in texts}
        texts |= _texts(connection, [number for number in wanted if number not in texts])
        names = _names(connection, [row[0] for row in rows])
        for number, theorem, position, before, tactic, after, cut, goals, by, extra in rows:
            used = tuple(names.get(number, ()))
            states = texts[before], tactic, texts[after]
            yield StepEntry(number, theorem, position, *states, used, cut, goals, by, extra or "")


def _texts(connection: Connection, states: Sequence[int]) -> dict[int, str]:
    goals: dict[int, list[int]] = {}
    for batch in batches(states, _CHUNK):
        goals.update(connection.execute(select(StateRow.id, StateRow.goals).where(_among("id", batch))).all())
    wanted = list(dict.fromkeys(goal for numbers in goals.values() for goal in numbers))
    texts: dict[int, str] = {}
    for batch in batches(wanted, _CHUNK):
        texts.update(connection.execute(select(GoalRow.id, GoalRow.text).where(_among("id", batch))).all())
    return {state: "\n\n".join([texts[goal] for goal in numbers]) for state, numbers in goals.items()}


def _among(column: str, numbers: Sequence[int]) -> TextClause:
    """That the column is one of these row numbers, spelled out: a third of the time that as many parameters take."""
    return text(f"{column} IN ({','.join(map(str, numbers)) or 'NULL'})")


def _names(connection: Connection, steps: Sequence[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    query = (
        select(StepPremiseRow.step_id, ConstantRow.full_name)
        .join(ConstantRow, ConstantRow.id == StepPremiseRow.constant_id)
        .where(_among("step_id", steps))
        .order_by(StepPremiseRow.step_id, StepPremiseRow.position)
    )
    for step, name in connection.execute(query):
        names.setdefault(step, []).append(name)
    return names
