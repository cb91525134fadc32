"""The whole application, once for each database or on SQLite alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from repo_server.domain.access import Viewer
from tests.libraries import (
    curriculum_postgresql_template,
    curriculum_postgresql_url,
    curriculum_sqlite_file,
    curriculum_sqlite_url,
    inspector,
)
from tests.routes.houses import House, house_in, house_of_one_test
from tests.servers.postgresql import shared_postgresql
from tests.services.signing import hash_cheaply

__all__ = [
    "curriculum_postgresql_template",
    "curriculum_postgresql_url",
    "curriculum_sqlite_file",
    "curriculum_sqlite_url",
    "inspector",
]


@pytest.fixture(params=["sqlite", "postgresql"])
def each_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """The application on SQLite and on PostgreSQL, of this test alone."""
    if request.param == "sqlite":
        file: Path = request.getfixturevalue("curriculum_sqlite_file")
        shutil.copy(file, tmp_path / "kho.sqlite3")
        house = house_of_one_test(tmp_path)
    else:
        house = house_of_one_test(tmp_path, request.getfixturevalue("curriculum_postgresql_url"))
    yield house
    house.library.close()


@pytest.fixture(scope="module")
def lasting_house(
    curriculum_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The application on SQLite, for all tests of a module that leave things as they were."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(curriculum_sqlite_file, folder / "kho.sqlite3")
    house = house_in(folder)
    yield house
    house.library.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Like `lasting_house`, on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("house")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("curriculum_sqlite_file"), folder / "kho.sqlite3")
        house = house_in(folder)
        yield house
        house.library.close()
        return
    server, name = shared_postgresql(), f"house_{uuid4().hex}"
    template = request.getfixturevalue("curriculum_postgresql_template")
    house = house_in(folder, database_url=server.create_database(name, template))
    yield house
    house.library.close()
    server.drop_database(name)


@pytest.fixture
def house(curriculum_sqlite_file: Path, tmp_path: Path) -> Iterator[House]:
    """The application on SQLite, where one database is enough."""
    shutil.copy(curriculum_sqlite_file, tmp_path / "kho.sqlite3")
    house = house_of_one_test(tmp_path)
    yield house
    house.library.close()


@pytest.fixture
def teacher(house: House) -> Viewer:
    """A teacher of the department."""
    return house.person()


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that are hashed in milliseconds."""
    hash_cheaply(monkeypatch)
