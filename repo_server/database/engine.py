"""One database, two ways in: `write()` for an act, `read()` for a look.

SQLite by default (a file in WAL mode), PostgreSQL by URL; the rest of the house cannot tell which.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from repo_server.database import holdings, outbox
from repo_server.domain.errors import DatabaseUnavailable, EditConflict, StorageFull

# How long a statement waits for another process's write before it gives up.
SQLITE_BUSY_MILLISECONDS: Final = 10_000
PATIENCE: Final = 30.0
"""Seconds that a statement may take on PostgreSQL."""

SILENCE: Final = 5.0
"""Seconds beyond that after which a server that says nothing counts as gone."""

LOCK_PATIENCE: Final = 10.0
CONNECT_SECONDS: Final = 3


class Database:
    """A database that is open; made by `open_database`."""

    def __init__(self, writer: Engine, reader: Engine) -> None:
        self.writer = writer
        self.reader = reader
        self._write_session = sessionmaker(writer, expire_on_commit=False)
        self._read_session = sessionmaker(reader, expire_on_commit=False, autoflush=False)
        outbox.watch(self._write_session)
        holdings.watch(self._write_session)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may change things: committed at the end, rolled back on any error.

        Raises DatabaseUnavailable when the database does not answer, StorageFull when its disk is
        full, EditConflict when a row was changed by somebody else since it was read.
        """
        with our_errors(), self._write_session.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look, read-only, never waiting for writers."""
        with our_errors(), self._read_session() as session:
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection outside any transaction, for locks that belong to a connection."""
        with our_errors(), self.writer.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def check(self) -> None:
        """Raise DatabaseUnavailable unless the database answers a trivial question."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.writer.dispose()
        self.reader.dispose()


@contextmanager
def our_errors() -> Iterator[None]:
    """Let the block raise our errors for what befell the database, as `Database.write` does."""
    try:
        yield
    except StaleDataError as error:
        raise EditConflict from error
    except PoolTimeout as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if _is_full(error.orig):
            raise StorageFull from error
        if _is_unavailable(error):
            raise DatabaseUnavailable from error
        raise


def _is_full(reason: BaseException | None) -> bool:
    if isinstance(reason, sqlite3.Error):
        return getattr(reason, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(reason, psycopg.errors.DiskFull)


def _is_unavailable(error: DBAPIError) -> bool:
    # sqlite3 says DatabaseError itself, and none of its kinds, when the file is no database.
    return (
        isinstance(error, OperationalError | InterfaceError)
        or type(error) is DatabaseError
        or error.connection_invalidated
    )


def open_database(url: str, patience: float = PATIENCE) -> Database:
    """Open the database at `url` ("sqlite:///FILE", "postgresql+psycopg://…"); creates nothing.

    The folder of a SQLite file must exist. `patience`: seconds that a statement may take on
    PostgreSQL before DatabaseUnavailable.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _open_sqlite(url)
    return _open_postgresql(url, patience)


class _PatientConnection(psycopg.Connection[Any]):
    """Waits for an answer only so long.

    PostgreSQL ends a statement that takes too long by itself, but a server or a network that has
    fallen silent ends nothing, and the driver alone would wait for ever.
    """

    patience: ClassVar[float] = PATIENCE + SILENCE

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            # What would still arrive would be taken for the answer to the next statement.
            self.pgconn.finish()
            raise psycopg.OperationalError("the server has fallen silent") from error


def _open_postgresql(url: str, patience: float) -> Database:
    class Connection(_PatientConnection):
        pass

    Connection.patience = patience + SILENCE
    limits = {
        "statement_timeout": int(patience * 1000),
        "lock_timeout": int(min(patience, LOCK_PATIENCE) * 1000),
        "timezone": "UTC",
    }
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=20,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )

    @event.listens_for(engine, "do_connect")
    def on_connect(_: Any, __: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return Connection.connect(*arguments, **options)

    # Repeatable read: every statement of a look sees the same moment, as on SQLite.
    reader = engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    return Database(engine, reader)


def _open_sqlite(url: str) -> Database:
    # One writing connection a process: writers queue here, in order, instead of polling the
    # file's lock; readers have connections of their own and see a snapshot.
    writer = _sqlite_engine(url, pool_size=1, begin="BEGIN IMMEDIATE", pragmas=_writer_pragmas)
    reader = _sqlite_engine(url, pool_size=40, begin="BEGIN", pragmas=_reader_pragmas)
    return Database(writer, reader)


def _sqlite_engine(
    url: str, *, pool_size: int, begin: str, pragmas: Callable[[sqlite3.Connection], None]
) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"timeout": SQLITE_BUSY_MILLISECONDS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _: Any) -> None:
        # The driver must not begin transactions by itself: it starts none at SELECT, so that a
        # read followed by a write loses updates without an error.
        connection.isolation_level = None
        pragmas(connection)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # Past the library's own way of executing, which costs many times what beginning costs.
        driver = cast(sqlite3.Connection, connection.connection.driver_connection)
        try:
            driver.execute(begin)
        except sqlite3.Error as error:
            raise DBAPIError.instance(begin, None, error, sqlite3.Error) from error

    return engine


def _writer_pragmas(connection: sqlite3.Connection) -> None:
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -16000")


def _log_ahead(connection: sqlite3.Connection) -> None:
    # Of several processes that open a new file at once all but one are refused here without
    # waiting: the time-out does not hold for this statement.
    deadline = time.monotonic() + SQLITE_BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _reader_pragmas(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA mmap_size = 268435456")
    connection.execute("PRAGMA cache_size = -4000")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite database in the file `path`."""
    return f"sqlite:///{path}"
