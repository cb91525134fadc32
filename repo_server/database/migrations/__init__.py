"""Bringing a database to the present schema.

Alembic in this process, one transaction, behind a lock, so that several processes may start at
once: each waits for the first and then finds nothing to do.
"""

from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from repo_server.database.engine import Database, our_errors

FOLDER: Final = Path(__file__).parent
HEAD: Final = "0002"
_LOCK: Final = 0x6B686F  # "kho": any number that nothing else on the server locks


def migrate(database: Database) -> None:
    """Create or upgrade the schema; does nothing when it is current.

    Raises DatabaseUnavailable when there is no database.
    """
    with our_errors(), database.writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Changing large tables may take longer than any request ever should.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if current_revision(connection) != HEAD:
            # Loaded when there is something to do, which is once in the life of a library.
            import_module("repo_server.database.migrations.upgrading").upgrade(connection)


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
