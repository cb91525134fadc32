import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from repo_server.database.engine import Database, open_database, sqlite_url
from repo_server.database.migrations import FOLDER, HEAD, current_revision, migrate
from repo_server.database.models import Base
from tests.conftest import ENGINES
from tests.servers.postgresql import shared_postgresql

MIGRATE = """
import sys
from repo_server.database.engine import open_database
from repo_server.database.migrations import migrate

database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
migrate(database)
database.check()
database.close()
"""


@pytest.fixture(params=ENGINES)
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, once for each engine."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "blank.sqlite")
        return
    server, name = shared_postgresql(), f"blank_{uuid4().hex}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
def blank(blank_url: str) -> Iterator[Database]:
    """A database without any table, once for each engine."""
    database = open_database(blank_url)
    yield database
    database.close()


def _revision(database: Database) -> str | None:
    with database.writer.connect() as connection:
        return current_revision(connection)


def test_an_empty_database_gets_every_table(blank: Database) -> None:
    assert _revision(blank) is None
    migrate(blank)
    assert _revision(blank) == HEAD
    tables = set(inspect(blank.writer).get_table_names())
    assert tables == set(Base.metadata.tables) | {"alembic_version"}


def test_migrating_again_does_nothing(database: Database) -> None:
    migrate(database)
    assert _revision(database) == HEAD


def test_models_and_migrations_agree(database: Database) -> None:
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(configuration).get_heads() == [HEAD]


def test_processes_that_start_at_once_migrate_once(blank_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, blank_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    database = open_database(blank_url)
    assert _revision(database) == HEAD
    database.close()
