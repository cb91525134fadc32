"""Rebuilds that are killed at any step, while another process searches without a pause.

No search is refused or comes back empty, and afterwards the index holds just what it should.
"""

import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from repo_server.app import open_library
from repo_server.database.engine import sqlite_url
from repo_server.domain.access import ANONYMOUS, Role
from repo_server.failpoints import POINTS
from repo_server.services import cataloguing, discovery, indexing
from repo_server.services.asking import Asked
from repo_server.services.cataloguing import CatalogueRecord
from repo_server.services.library import Library
from repo_server.settings import from_environment
from tests.faults.crash_house import PATIENCE, Nursery
from tests.libraries import person
from tests.services.indexes import drift

MATERIALS = 40
KILLED = -9
STEPS = [name for name in POINTS if 33 <= int(name[1:]) <= 38]
SEARCHES = 1_000


class Readers:
    """Threads that search until they are stopped; every answer must hold what there is."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._over = threading.Event()
        self.wrong: list[object] = []
        self.answered = 0
        self._threads = [threading.Thread(target=self._search) for _ in range(2)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _search(self) -> None:
        while not self._over.is_set():
            try:
                found = discovery.search(self._library, ANONYMOUS, Asked("phân số", size=1))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test has to hear of it
                self.wrong.append(error)
                return
            self.answered += 1
            if found.degraded or found.total != MATERIALS:
                self.wrong.append((found.total, found.degraded))


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def settings(curriculum_sqlite_file: Path, tmp_path: Path) -> dict[str, str]:
    shutil.copy(curriculum_sqlite_file, tmp_path / "kho.sqlite3")
    url = sqlite_url(tmp_path / "kho.sqlite3")
    return {"KHO_DATA": str(tmp_path), "KHO_DATABASE_URL": url, "KHO_WORKER_JOBS": "0"}


@pytest.fixture
def library(settings: dict[str, str]) -> Iterator[Library]:
    library = open_library(from_environment(settings))
    admin = person(library, Role.ADMIN)
    records = [CatalogueRecord(str(n), f"Phân số, bài {n}") for n in range(MATERIALS)]
    cataloguing.add_records(library, admin, records)
    indexing.feed_all(library)
    yield library
    library.close()


def killed(nursery: Nursery, settings: dict[str, str], folder: Path, plan: str) -> int:
    """How a rebuild ended that was to die at a step."""
    task = {"log": str(folder / "log"), "settings": {**settings, "KHO_FAILPOINT": plan}}
    pid = nursery.tell("reindex", **task)["pid"]
    return int(nursery.tell("wait", pid=pid, seconds=PATIENCE)["status"])


def test_searches_never_notice_a_rebuild_that_is_killed_at_any_step(
    nursery: Nursery, settings: dict[str, str], library: Library, tmp_path: Path
) -> None:
    with Readers(library) as readers:
        for step in STEPS:
            assert killed(nursery, settings, tmp_path, step) == KILLED, step
            indexing.feed_all(library)
            assert drift(library) == {}, step
        assert killed(nursery, settings, tmp_path, "") == 0
    assert readers.wrong == []
    assert readers.answered > 0
    assert drift(library) == {}
    # What dead rebuilds left behind is gone with the next one.
    assert len(list((tmp_path / "index").glob("schema-*/gen-*"))) == 1


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_nor_one_of_many_that_are_killed_while_a_thousand_searches_run(
    nursery: Nursery, settings: dict[str, str], library: Library, tmp_path: Path
) -> None:
    chance = random.Random(5)
    kills = 0
    with Readers(library) as readers:
        while readers.answered < SEARCHES or kills < len(STEPS) * 3:
            assert killed(nursery, settings, tmp_path, chance.choice(STEPS)) == KILLED
            kills += 1
            indexing.feed_all(library)
            assert drift(library) == {}
    assert readers.wrong == []
