"""Nothing that a test writes has to survive a power cut, so this process waits for no disk.

What is killed loses nothing by that: the system keeps what was written. Servers that tests start as
processes of their own sync as ever, and `synced` gives a test what the program does.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from repo_server.database import engine

_SYNC, _PRAGMAS = os.fsync, engine._writer_pragmas


def _unsynced_pragmas(connection: sqlite3.Connection) -> None:
    _PRAGMAS(connection)
    connection.execute("PRAGMA synchronous = OFF")


@contextmanager
def without_syncing() -> Iterator[None]:
    """Files and SQLite databases that are opened inside are written without waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(engine, "_writer_pragmas", _unsynced_pragmas)
        yield


@contextmanager
def with_syncing() -> Iterator[None]:
    """The same, as the program does it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _SYNC)
        patch.setattr(engine, "_writer_pragmas", _PRAGMAS)
        yield
