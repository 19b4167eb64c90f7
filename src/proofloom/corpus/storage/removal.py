"""Deletes from the library, inside a transaction that the caller holds: files, and what nothing refers to any more."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, select

from proofloom.corpus.storage.schema import (
    SOURCE,
    ConstantRow,
    FileRow,
    GoalRow,
    IdentityRow,
    PremiseRow,
    ProofRow,
    StateRow,
    StepPremiseRow,
    StepRow,
    TheoremRow,
)
from proofloom.corpus.storage.storing import batches


def delete_files(connection: Connection, wanted: ColumnElement[bool]) -> None:
    """Delete files and the proofs that stand in them; found proofs lose their theorem and keep their identity."""
    theorems = select(TheoremRow.id).join(FileRow, FileRow.id == TheoremRow.file_id).where(wanted)
    connection.execute(delete(ProofRow).where(ProofRow.theorem_id.in_(theorems), ProofRow.by == SOURCE))
    connection.execute(delete(FileRow).where(wanted))


def delete_unused(connection: Connection) -> None:
    """Delete identities without a theorem, with proofs that were found for them, and texts that nothing mentions."""
    connection.execute(delete(IdentityRow).where(IdentityRow.id.not_in(select(TheoremRow.identity_id))))
    used = select(StepRow.before_id).union(select(StepRow.after_id))
    connection.execute(delete(StateRow).where(StateRow.id.not_in(used)))
    kept = {goal for goals in connection.execute(select(StateRow.goals)).scalars() for goal in goals}
    unused = [goal for goal in connection.execute(select(GoalRow.id)).scalars() if goal not in kept]
    for batch in batches(unused, 5000):
        connection.execute(delete(GoalRow).where(GoalRow.id.in_(batch)))
    named = select(StepPremiseRow.constant_id).union(select(PremiseRow.constant_id))
    connection.execute(delete(ConstantRow).where(ConstantRow.id.not_in(named)))
