"""Taking turns: a piece of work that only one thread of one process may do at a time.

The turn is held by a lock that ends with its holder, however that dies: nobody has to wait for a
lease to run out. On SQLite it is a lock file beside the database (all its processes are on one
machine), on PostgreSQL an advisory lock. However many turns a process holds there, they cost it one
connection.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from repo_server.database.engine import Database, our_errors
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
    descriptor = _open_locked(file)
    try:
        yield
    finally:
        # Away before it is unlocked: there may be a turn for every upload.
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _open_locked(file: Path) -> int:
    """The file, locked. One that its last holder took away in between is made anew."""
    while True:
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseUnavailable from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Busy from None
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


class _Keeper:
    """The turns that this process holds on PostgreSQL, and the connection that holds them.

    The connection is taken from the pool with the first turn and given back with the last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[int] = set()
        self._connection: Connection | None = None
        self._stack = ExitStack()

    def take(self, database: Database, number: int) -> None:
        with self._lock, our_errors():
            # The server would let the connection that has a lock have it once more.
            if number in self._held:
                raise Busy
            try:
                if not self._has_locked(database, number):
                    raise Busy
                self._held.add(number)
            finally:
                self._rest()

    def give_back(self, number: int) -> None:
        with self._lock:
            self._held.discard(number)
            try:
                if self._connection is not None:
                    _ask(self._connection, "SELECT pg_advisory_unlock(:number)", number)
            except DBAPIError:
                # The locks went with the connection; the pool must not hand that out again.
                self._drop()
            finally:
                self._rest()

    def _has_locked(self, database: Database, number: int) -> bool:
        if self._connection is not None:
            try:
                return _try_lock(self._connection, number)
            except DBAPIError:
                self._drop()
        self._connection = self._stack.enter_context(database.connection())
        for held in self._held:  # lost with the connection before
            _try_lock(self._connection, held)
        return _try_lock(self._connection, number)

    def _rest(self) -> None:
        if not self._held:
            self._connection = None
            self._stack.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
        self._connection = None
        self._stack.close()


_KEEPERS: WeakKeyDictionary[Database, _Keeper] = WeakKeyDictionary()
_KEEPERS_LOCK = threading.Lock()


@contextmanager
def _advisory_turn(database: Database, name: str) -> Iterator[None]:
    with _KEEPERS_LOCK:
        keeper = _KEEPERS.setdefault(database, _Keeper())
    number = int(_digest(name)[:15], 16)
    keeper.take(database, number)
    try:
        yield
    finally:
        keeper.give_back(number)


def _try_lock(connection: Connection, number: int) -> bool:
    return bool(_ask(connection, "SELECT pg_try_advisory_lock(:number)", number))


def _ask(connection: Connection, question: str, number: int) -> object:
    return connection.scalar(text(question), {"number": number})


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
