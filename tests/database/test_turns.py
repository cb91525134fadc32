"""Only one at a time: turns end with their holder, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

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
