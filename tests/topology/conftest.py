"""Towns of two processes that serve and two that work, on PostgreSQL and S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from repo_server.domain.access import Role
from repo_server.search.meilisearch import MeilisearchIndex
from tests.libraries import curriculum_postgresql_template
from tests.servers.postgresql import shared_postgresql
from tests.servers.seaweedfs import shared_seaweedfs
from tests.topology.sending import Program
from tests.topology.town import Town, ready, s3_settings

__all__ = ["curriculum_postgresql_template"]

MEILI_URL = os.environ.get("KHO_TEST_MEILI_URL", "")
MEILI_KEY = os.environ.get("KHO_TEST_MEILI_KEY", "")


@contextmanager
def town_in(folder: Path, template: str) -> Iterator[Town]:
    """A town in which nothing runs yet; it searches with Meilisearch where there is one."""
    server, name = shared_postgresql(), f"town_{uuid4().hex[:20]}"
    search = _index_of(name.replace("_", "-")) if MEILI_URL else {}
    settings = {
        "KHO_DATA": str(folder / "data"),
        "KHO_DATABASE_URL": server.create_database(name, template),
        **s3_settings(shared_seaweedfs(), name.replace("_", "-")),
        **search,
    }
    town = Town(folder, settings)
    yield town
    town.end()
    server.drop_database(name)
    if search:
        index = MeilisearchIndex(MEILI_URL, MEILI_KEY, search["KHO_SEARCH_INDEX"])
        index.drop()
        index.close()


def _index_of(name: str) -> dict[str, str]:
    """Settings for an index of this town's own on the server that all runs share."""
    return {"KHO_SEARCH_URL": MEILI_URL, "KHO_SEARCH_KEY": MEILI_KEY, "KHO_SEARCH_INDEX": name}


@pytest.fixture
def empty_town(curriculum_postgresql_template: str, tmp_path: Path) -> Iterator[Town]:
    """A town of this test alone, in which nothing runs yet."""
    with town_in(tmp_path, curriculum_postgresql_template) as town:
        yield town


@pytest.fixture
def town(empty_town: Town) -> Town:
    """A town of this test alone, for those who kill and restart."""
    return populated(empty_town)


@pytest.fixture(scope="module")
def lasting_town(
    curriculum_postgresql_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A town for all tests of a module that let everybody live."""
    with town_in(tmp_path_factory.mktemp("town"), curriculum_postgresql_template) as town:
        yield populated(town)


def populated(town: Town) -> Town:
    """Two processes that serve, and two that work beside them."""
    both = town.serve("first"), town.serve("second")
    town.work("worker-1")
    town.work("worker-2")
    ready(*both)
    return town


def program_in(town: Town) -> Program:
    """A program of an administrator, which asks every process in turn."""
    admin = town.person(f"{uuid4().hex}@so.edu.vn", Role.ADMIN)
    return Program(town.servers, town.token(admin))
