"""What every test may ask for. Factories for rows are in `tests/factories.py`."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from repo_server.database.engine import Database, open_database, sqlite_url
from repo_server.database.migrations import migrate
from tests.network import forbid_network
from tests.servers.clamd import stop_shared_clamd
from tests.servers.postgresql import MIGRATED, shared_postgresql, stop_shared_postgresql
from tests.servers.seaweedfs import stop_shared_seaweedfs
from tests.servers.shared import close_run, locked, open_run
from tests.syncing import with_syncing, without_syncing

ENGINES = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        open_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_shared_postgresql()
        stop_shared_seaweedfs()
        stop_shared_clamd()
        close_run()


@pytest.fixture(scope="session", autouse=True)
def no_network() -> None:
    forbid_network()


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    with without_syncing():
        yield


@pytest.fixture
def synced() -> Iterator[None]:
    """For tests of what is synced; ask for it before the database."""
    with with_syncing():
        yield


@pytest.fixture(scope="session")
def migrated_sqlite_file() -> Path:
    """A SQLite file at the present schema, without rows: copy it, never open it."""
    with locked("migrated.sqlite") as file:
        if not file.exists():
            growing = file.with_suffix(".growing")
            database = open_database(sqlite_url(growing))
            migrate(database)
            database.close()
            growing.rename(file)
        return file


@pytest.fixture
def sqlite_database_url(migrated_sqlite_file: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite database of this test alone."""
    file = tmp_path / "kho.sqlite"
    shutil.copy(migrated_sqlite_file, file)
    return sqlite_url(file)


@pytest.fixture
def postgresql_database_url() -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database of this test alone."""
    server, name = shared_postgresql(), f"test_{uuid4().hex}"
    yield server.create_database(name, MIGRATED)
    server.drop_database(name)


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database of this test alone, once for each engine."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """`open_database` whose databases are closed after the test."""
    databases: list[Database] = []

    def opening(url: str) -> Database:
        databases.append(open_database(url))
        return databases[-1]

    yield opening
    for database in databases:
        database.close()


@pytest.fixture
def database(database_url: str, opened: Callable[[str], Database]) -> Database:
    """A migrated, empty database, once for each engine."""
    return opened(database_url)


@pytest.fixture
def sqlite_database(sqlite_database_url: str, opened: Callable[[str], Database]) -> Database:
    """A migrated, empty SQLite database, for tests where one engine is enough."""
    return opened(sqlite_database_url)


@pytest.fixture
def postgresql_database(
    postgresql_database_url: str, opened: Callable[[str], Database]
) -> Database:
    """A migrated, empty PostgreSQL database, for what only PostgreSQL does."""
    return opened(postgresql_database_url)
