"""The tables of the library database, as typed SQLAlchemy models that hold on SQLite and on PostgreSQL.

Two ideas: a proof state is a row of goals, and each distinct goal is stored once, because most steps change one goal
and repeat the others; and a theorem has an *identity* (full name and statement) that outlives commits and positions,
so that what was once proved about it can be found again.  Row numbers are handed out under the writer's lock.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION = "0001"
"""The migration that the models below describe."""

SOURCE = "source"
"""Who proved a theorem whose proof stands in its file."""


class Table(DeclarativeBase):
    """What all tables share: constraints have names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON(none_as_null=True),
        list[int]: JSON(),
        bytes: LargeBinary,
        str: String,
    }


def _number() -> Mapped[int]:
    return mapped_column(primary_key=True, autoincrement=False)


class RepositoryRow(Table):
    """One library at one commit, read by one version of an assistant."""

    __tablename__ = "repository"
    __table_args__ = (UniqueConstraint("url", "commit", "assistant", "assistant_version"),)
    id: Mapped[int] = _number()
    url: Mapped[str]
    commit: Mapped[str]
    assistant: Mapped[str]
    assistant_version: Mapped[str]
    traced_on: Mapped[date]


class FileRow(Table):
    """One source file; `digest` is the SHA-256 of its bytes.

    `extra`, here and below, is a JSON object of what a foreign format said beside the columns.
    """

    __tablename__ = "file"
    __table_args__ = (UniqueConstraint("repository_id", "logical_name"),)
    id: Mapped[int] = _number()
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id", ondelete="CASCADE"))
    logical_name: Mapped[str] = mapped_column(index=True)
    path: Mapped[str]
    digest: Mapped[str]
    extra: Mapped[str | None]


class ImportRow(Table):
    """A direct import, by logical name: the imported file may come later, or belong to another repository."""

    __tablename__ = "import"
    __table_args__ = ({"sqlite_with_rowid": False},)
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    logical_name: Mapped[str]


class IdentityRow(Table):
    """A theorem as such: `digest` is over assistant, full name and statement with white space folded."""

    __tablename__ = "identity"
    id: Mapped[int] = _number()
    digest: Mapped[bytes] = mapped_column(unique=True)
    full_name: Mapped[str]


class TheoremRow(Table):
    """A theorem at its place in one file.  `difficulty` is e^S for S source steps, NULL without a proof or steps."""

    __tablename__ = "theorem"
    __table_args__ = (UniqueConstraint("file_id", "position"),)
    id: Mapped[int] = _number()
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id", ondelete="CASCADE"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"), index=True)
    position: Mapped[int]
    full_name: Mapped[str] = mapped_column(index=True)
    statement: Mapped[str]
    kind: Mapped[str]
    start: Mapped[int]
    line: Mapped[int]
    ending: Mapped[str]
    admitted: Mapped[bool]
    human_tactics: Mapped[int]
    difficulty: Mapped[float | None]
    extra: Mapped[str | None]


class ProofRow(Table):
    """One proof of a theorem: the one in its file (`by` is "source"), or one that was found, with its verdict.

    A found proof outlives its theorem's row when the file is replaced: then only the identity still holds it.
    """

    __tablename__ = "proof"
    id: Mapped[int] = _number()
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    theorem_id: Mapped[int | None] = mapped_column(ForeignKey("theorem.id", ondelete="SET NULL"), index=True)
    by: Mapped[str]
    found_on: Mapped[date | None]
    found: Mapped[dict[str, Any] | None]


class StepRow(Table):
    """One tactic of a proof, with the states before and after it."""

    __tablename__ = "step"
    __table_args__ = (UniqueConstraint("proof_id", "position"),)
    id: Mapped[int] = _number()
    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id", ondelete="CASCADE"))
    position: Mapped[int]
    before_id: Mapped[int] = mapped_column(ForeignKey("state.id"), index=True)
    tactic: Mapped[str]
    after_id: Mapped[int] = mapped_column(ForeignKey("state.id"), index=True)
    goals: Mapped[int]
    cut: Mapped[bool]
    extra: Mapped[str | None]


class StateRow(Table):
    """A proof state: the numbers of its goals in order; its text is theirs with an empty line between them.

    A list in the row, not a table of links: states are read and written whole, and it halves the time of both.
    """

    __tablename__ = "state"
    id: Mapped[int] = _number()
    digest: Mapped[bytes] = mapped_column(unique=True)
    goals: Mapped[list[int]]


class GoalRow(Table):
    """The text of one goal, stored once for all states."""

    __tablename__ = "goal"
    id: Mapped[int] = _number()
    digest: Mapped[bytes] = mapped_column(unique=True)
    text: Mapped[str]


class ConstantRow(Table):
    """A full name that a tactic may mention, whether or not the file that defines it is in the library."""

    __tablename__ = "constant"
    id: Mapped[int] = _number()
    full_name: Mapped[str] = mapped_column(unique=True)


class PremiseRow(Table):
    """A constant at the place where a file defines it."""

    __tablename__ = "premise"
    id: Mapped[int] = _number()
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id", ondelete="CASCADE"), index=True)
    constant_id: Mapped[int] = mapped_column(ForeignKey("constant.id"), index=True)
    statement: Mapped[str]
    kind: Mapped[str]
    start: Mapped[int]
    extra: Mapped[str | None]


class StepPremiseRow(Table):
    """The constants that occur in a step's tactic, in order of appearance."""

    __tablename__ = "step_premise"
    __table_args__ = ({"sqlite_with_rowid": False},)
    step_id: Mapped[int] = mapped_column(ForeignKey("step.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    constant_id: Mapped[int] = mapped_column(ForeignKey("constant.id"), index=True)


class SplitRow(Table):
    """A named division into training, validation and test; `digest` is over its members, `settings` remakes it."""

    __tablename__ = "split"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = _number()
    name: Mapped[str]
    version: Mapped[int]
    kind: Mapped[str]
    digest: Mapped[str]
    made_on: Mapped[date]
    settings: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]


class SplitTheoremRow(Table):
    """The part of a split that a theorem belongs to: train, val, test, or excluded for a reason."""

    __tablename__ = "split_theorem"
    __table_args__ = (Index(None, "theorem_id"), {"sqlite_with_rowid": False})
    split_id: Mapped[int] = mapped_column(ForeignKey("split.id", ondelete="CASCADE"), primary_key=True)
    theorem_id: Mapped[int] = mapped_column(ForeignKey("theorem.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str]
    reason: Mapped[str]


class SplitStepRow(Table):
    """A step of a training theorem that the split leaves out, and why."""

    __tablename__ = "split_step"
    __table_args__ = (Index(None, "step_id"), {"sqlite_with_rowid": False})
    split_id: Mapped[int] = mapped_column(ForeignKey("split.id", ondelete="CASCADE"), primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("step.id", ondelete="CASCADE"), primary_key=True)
    reason: Mapped[str]
