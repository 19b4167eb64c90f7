"""Reads theorems as splits see them: names, places, digests of normal forms, and the premises that their proofs name.

Only the proofs of the sources count, so that a split does not change when provers add proofs; each distinct goal is
brought into normal form once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, select

from proofloom.corpus.splits.leaks import Member
from proofloom.corpus.splits.normal_form import goal_form, statement_form
from proofloom.corpus.storage.schema import (
    SOURCE,
    ConstantRow,
    FileRow,
    GoalRow,
    ProofRow,
    RepositoryRow,
    StateRow,
    StepPremiseRow,
    StepRow,
    TheoremRow,
)


def read_members(connection: Connection, repositories: Sequence[int]) -> list[Member]:
    """Every theorem of these repositories, by number."""
    steps, states = _steps(connection, repositories)
    premises = _premises(connection, repositories)
    query = (
        select(
            TheoremRow.id, TheoremRow.full_name, TheoremRow.statement, TheoremRow.identity_id, TheoremRow.admitted,
            TheoremRow.position, TheoremRow.start, FileRow.logical_name, RepositoryRow.url, RepositoryRow.commit,
        )
        .join(FileRow, FileRow.id == TheoremRow.file_id)
        .join(RepositoryRow, RepositoryRow.id == FileRow.repository_id)
        .where(RepositoryRow.id.in_(repositories))
        .order_by(TheoremRow.id)
    )  # fmt: skip
    return [
        Member(
            id=row.id,
            key=f"{row.url} {row.commit} {row.logical_name} {row.position:06} {row.full_name}",
            full_name=row.full_name,
            library=library_of(row.logical_name),
            file=row.logical_name,
            start=row.start,
            identity=row.identity_id,
            proved=not row.admitted,
            statement=_number(statement_form(row.statement)),
            steps=tuple(steps.get(row.id, ())),
            states=tuple(states.get(row.id, ())),
            premises=frozenset(premises.get(row.id, ())),
        )
        for row in connection.execute(query)
    ]


def library_of(logical_name: str) -> str:
    """The top folder of a file: `ZArith` of `Coq.ZArith.BinInt`, `Ltac2` of `Ltac2.Array`."""
    parts = logical_name.split(".")
    return parts[1] if len(parts) > 2 else parts[0]


def _steps(connection: Connection, repositories: Sequence[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """For each theorem the numbers of its source steps, and the forms of the goals that they act on."""
    first = {number: goals[0] for number, goals in connection.execute(select(StateRow.id, StateRow.goals))}
    steps: dict[int, list[int]] = {}
    goals: dict[int, list[int]] = {}
    query = (
        select(ProofRow.theorem_id, StepRow.id, StepRow.before_id)
        .join(ProofRow, ProofRow.id == StepRow.proof_id)
        .join(TheoremRow, TheoremRow.id == ProofRow.theorem_id)
        .join(FileRow, FileRow.id == TheoremRow.file_id)
        .where(FileRow.repository_id.in_(repositories), ProofRow.by == SOURCE)
        .order_by(StepRow.proof_id, StepRow.position)
    )
    for theorem, step, before in connection.execute(query):
        steps.setdefault(int(theorem or 0), []).append(step)
        goals.setdefault(int(theorem or 0), []).append(first[before])
    wanted = {goal for numbers in goals.values() for goal in numbers}
    texts = connection.execute(select(GoalRow.id, GoalRow.text), execution_options={"yield_per": 4000})
    forms = {number: _number(goal_form(text)) for number, text in texts if number in wanted}
    return steps, {theorem: [forms[goal] for goal in numbers] for theorem, numbers in goals.items()}


def _premises(connection: Connection, repositories: Sequence[int]) -> dict[int, set[str]]:
    query = (
        select(ProofRow.theorem_id, ConstantRow.full_name)
        .join(StepRow, StepRow.proof_id == ProofRow.id)
        .join(StepPremiseRow, StepPremiseRow.step_id == StepRow.id)
        .join(ConstantRow, ConstantRow.id == StepPremiseRow.constant_id)
        .join(TheoremRow, TheoremRow.id == ProofRow.theorem_id)
        .join(FileRow, FileRow.id == TheoremRow.file_id)
        .where(FileRow.repository_id.in_(repositories), ProofRow.by == SOURCE)
    )
    names: dict[int, set[str]] = {}
    for theorem, name in connection.execute(query):
        names.setdefault(int(theorem or 0), set()).add(name)
    return names


def _number(form: str) -> int:
    return int.from_bytes(hashlib.blake2b(form.encode(), digest_size=8).digest(), "big")
