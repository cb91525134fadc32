"""Taking turns: a piece of work that only one thread of one process may do at a time.

The turn is held by a lock that ends with its holder, however that dies: nobody has to wait for a
lease to run out. On SQLite it is a lock file beside the database (all its processes are on one
machine), on PostgreSQL an advisory lock of a connection of its own.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from repo_server.database.engine import Database
from repo_server.domain.errors import Busy, DatabaseUnavailable


@contextmanager
def turn(database: Database, name: str) -> Iterator[None]:
    """Hold the turn called `name` for the length of the block; Busy when somebody else has it."""
    held = _file_turn if database.is_sqlite else _advisory_turn
    with held(database, name):
        yield


@contextmanager
def _file_turn(database: Database, name: str) -> Iterator[None]:
    file = Path(f"{database.writer.url.database}.{_digest(name)[:16]}.lock")
    try:
        lock = file.open("w")
    except OSError as error:
        raise DatabaseUnavailable from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        yield


@contextmanager
def _advisory_turn(database: Database, name: str) -> Iterator[None]:
    number = {"number": int(_digest(name)[:15], 16)}
    with database.connection() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), number):
            raise Busy
        try:
            yield
        finally:
            _unlock(connection, number)


def _unlock(connection: Connection, number: dict[str, int]) -> None:
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:number)"), number)
    except DBAPIError:
        # The lock went with the connection; the pool must not hand that out again.
        connection.invalidate()


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
