"""Alembic in this process, on a connection whose transaction is the caller's."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from repo_server.database.migrations import FOLDER


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
