"""The first schema: repositories, files, theorems, proofs, steps, states, premises and splits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "constant",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_constant"),
        sa.UniqueConstraint("full_name", name="uq_constant_full_name"),
    )
    op.create_table(
        "goal",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_goal"),
        sa.UniqueConstraint("digest", name="uq_goal_digest"),
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("digest", name="uq_identity_digest"),
    )
    op.create_table(
        "repository",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("commit", sa.String(), nullable=False),
        sa.Column("assistant", sa.String(), nullable=False),
        sa.Column("assistant_version", sa.String(), nullable=False),
        sa.Column("traced_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repository"),
        sa.UniqueConstraint(
            "url",
            "commit",
            "assistant",
            "assistant_version",
            name="uq_repository_url_commit_assistant_assistant_version",
        ),
    )
    op.create_table(
        "split",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_split"),
        sa.UniqueConstraint("name", "version", name="uq_split_name_version"),
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("goals", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_state"),
        sa.UniqueConstraint("digest", name="uq_state_digest"),
    )
    op.create_table(
        "file",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("logical_name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("extra", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name="fk_file_repository_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_file"),
        sa.UniqueConstraint("repository_id", "logical_name", name="uq_file_repository_id_logical_name"),
    )
    op.create_index("ix_file_logical_name", "file", ["logical_name"], unique=False)
    op.create_table(
        "import",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("logical_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_import_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "position", name="pk_import"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "premise",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("constant_id", sa.Integer(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("extra", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["constant_id"], ["constant.id"], name="fk_premise_constant_id"),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_premise_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_premise"),
    )
    op.create_index("ix_premise_constant_id", "premise", ["constant_id"], unique=False)
    op.create_index("ix_premise_file_id", "premise", ["file_id"], unique=False)
    op.create_table(
        "theorem",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("ending", sa.String(), nullable=False),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("human_tactics", sa.Integer(), nullable=False),
        sa.Column("difficulty", sa.Double(), nullable=True),
        sa.Column("extra", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_theorem_file_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name="fk_theorem_identity_id"),
        sa.PrimaryKeyConstraint("id", name="pk_theorem"),
        sa.UniqueConstraint("file_id", "position", name="uq_theorem_file_id_position"),
    )
    op.create_index("ix_theorem_full_name", "theorem", ["full_name"], unique=False)
    op.create_index("ix_theorem_identity_id", "theorem", ["identity_id"], unique=False)
    op.create_table(
        "proof",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("theorem_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=True),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name="fk_proof_identity_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["theorem_id"], ["theorem.id"], name="fk_proof_theorem_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_proof"),
    )
    op.create_index("ix_proof_identity_id", "proof", ["identity_id"], unique=False)
    op.create_index("ix_proof_theorem_id", "proof", ["theorem_id"], unique=False)
    op.create_table(
        "split_theorem",
        sa.Column("split_id", sa.Integer(), nullable=False),
        sa.Column("theorem_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["split_id"], ["split.id"], name="fk_split_theorem_split_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["theorem_id"], ["theorem.id"], name="fk_split_theorem_theorem_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("split_id", "theorem_id", name="pk_split_theorem"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_split_theorem_theorem_id", "split_theorem", ["theorem_id"], unique=False)
    op.create_table(
        "step",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=False),
        sa.Column("tactic", sa.String(), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column("goals", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.Column("extra", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["after_id"], ["state.id"], name="fk_step_after_id"),
        sa.ForeignKeyConstraint(["before_id"], ["state.id"], name="fk_step_before_id"),
        sa.ForeignKeyConstraint(["proof_id"], ["proof.id"], name="fk_step_proof_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
        sa.UniqueConstraint("proof_id", "position", name="uq_step_proof_id_position"),
    )
    op.create_index("ix_step_after_id", "step", ["after_id"], unique=False)
    op.create_index("ix_step_before_id", "step", ["before_id"], unique=False)
    op.create_table(
        "split_step",
        sa.Column("split_id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["split_id"], ["split.id"], name="fk_split_step_split_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_split_step_step_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("split_id", "step_id", name="pk_split_step"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_split_step_step_id", "split_step", ["step_id"], unique=False)
    op.create_table(
        "step_premise",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("constant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["constant_id"], ["constant.id"], name="fk_step_premise_constant_id"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_step_premise_step_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("step_id", "position", name="pk_step_premise"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_step_premise_constant_id", "step_premise", ["constant_id"], unique=False)
