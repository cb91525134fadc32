"""Only one at a time: turns end with their holder, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import QueuePool, text

from repo_server.database.engine import Database
from repo_server.database.turns import turn
from repo_server.domain.errors import Busy, DatabaseUnavailable, EditConflict

HOLDER = """
import sys, time
from repo_server.database.engine import open_database
from repo_server.database.turns import turn
with turn(open_database(sys.argv[1]), "feed"):
    print("held", flush=True)
    time.sleep(60)
"""


# Ends every connection that holds a turn in this database.
CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def is_free(database: Database, name: str = "feed") -> bool:
    try:
        with turn(database, name):
            return True
    except Busy:
        return False


def test_a_turn_is_held_by_one_at_a_time_and_given_back(
    database_url: str, opened: Callable[[str], Database]
) -> None:
    mine, theirs = opened(database_url), opened(database_url)
    with turn(mine, "feed"):
        assert not is_free(theirs)
        assert not is_free(mine)
        assert is_free(theirs, "another")
    assert is_free(theirs)
    assert is_free(mine)


def test_an_error_gives_the_turn_back_and_passes_through(database: Database) -> None:
    with pytest.raises(EditConflict), turn(database, "feed"):
        raise EditConflict
    assert is_free(database)


def test_the_turn_of_a_process_that_is_killed_is_free_at_once(
    database_url: str, opened: Callable[[str], Database]
) -> None:
    database = opened(database_url)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database_url], stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert not is_free(database)
        os.kill(holder.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while not is_free(database) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_free(database)


def test_a_folder_that_is_gone_is_a_database_that_does_not_answer(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_database.writer.url.set(database="/nowhere/kho.sqlite3")
    monkeypatch.setattr(sqlite_database.writer, "url", url)
    with pytest.raises(DatabaseUnavailable), turn(sqlite_database, "feed"):
        pass


def test_turns_of_a_file_leave_no_files(sqlite_database: Database) -> None:
    for number in range(3):
        with turn(sqlite_database, f"upload {number}"):
            pass
    database = Path(str(sqlite_database.writer.url.database))
    assert not list(database.parent.glob("*.lock"))


def test_a_lock_file_that_is_taken_away_at_the_last_moment_is_made_anew(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_by_os, first = os.open, [True]

    def opened_too_early(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = opened_by_os(path, flags, mode)
        if first and str(path).endswith(".lock"):
            first.clear()
            Path(path).unlink()
        return descriptor

    monkeypatch.setattr(os, "open", opened_too_early)
    with turn(sqlite_database, "feed"):
        assert not is_free(sqlite_database)
    assert not first


def test_many_turns_cost_one_connection(postgresql_database: Database) -> None:
    pool = cast("QueuePool", postgresql_database.writer.pool)
    with ExitStack() as turns:
        for number in range(60):
            turns.enter_context(turn(postgresql_database, f"upload {number}"))
        assert pool.checkedout() == 1
        assert not is_free(postgresql_database, "upload 59")
    assert pool.checkedout() == 0
    assert is_free(postgresql_database, "upload 59")


def test_turns_outlive_the_connection_that_held_them(
    postgresql_database: Database, opened: Callable[[str], Database]
) -> None:
    mine = postgresql_database
    theirs = opened(mine.writer.url.render_as_string(hide_password=False))
    with turn(mine, "feed"):
        with theirs.connection() as connection:
            connection.execute(text(CUT_OFF))
        with turn(mine, "another"):
            assert not is_free(theirs)
        assert not is_free(mine)
    assert is_free(theirs)


def test_a_turn_whose_connection_died_is_given_back(
    postgresql_database: Database, opened: Callable[[str], Database]
) -> None:
    mine = postgresql_database
    theirs = opened(mine.writer.url.render_as_string(hide_password=False))
    with turn(mine, "feed"), theirs.connection() as connection:
        connection.execute(text(CUT_OFF))
    assert is_free(mine)
    assert is_free(theirs)
