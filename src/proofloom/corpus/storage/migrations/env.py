"""What alembic runs to reach the database: the connection that `upgrade` was given, within its transaction."""

from __future__ import annotations

from alembic import context

from proofloom.corpus.storage.database import VERSION_TABLE
from proofloom.corpus.storage.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=False,
)
context.run_migrations()
