"""The history of the schema: numbered alembic scripts, run by `Database` when it opens an older or empty database.

All scripts run in the caller's transaction, so that a migration is there in full or not at all.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

KNOWN = ("0001",)
"""Every version that this program can read or migrate, oldest first."""


def upgrade(connection: Connection) -> None:
    """Bring the database behind `connection` to the newest version, inside its open transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
