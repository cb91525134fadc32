"""Downloads are counted in sum, and never change a material's revision."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.engine import Database
from repo_server.database.models import IndexState, Material
from repo_server.domain.errors import DatabaseUnavailable
from repo_server.services.usage import Usage
from tests import factories


@pytest.fixture
def material(database: Database) -> int:
    with database.write() as session:
        outbox.register_target(session, "embedded", "1")
        owner = factories.account(session)
        found = factories.material(session, owner)
        session.flush()
        outbox.acknowledge(session, "embedded", [outbox.Behind(found.id, found.rev)])
        return found.id


def _use(session: Session, material: int) -> tuple[int, int]:
    row = session.execute(select(Material.use, Material.rev).where(Material.id == material)).one()
    return row[0], row[1]


def test_downloads_add_up_without_a_new_revision(database: Database, material: int) -> None:
    usage = Usage()
    with database.read() as session:
        _, rev = _use(session, material)
    for _ in range(3):
        usage.count(material)
    usage.write_down(database)
    usage.count(material)
    usage.write_down(database)
    with database.read() as session:
        assert _use(session, material) == (4, rev)


def test_an_index_hears_of_each_doubling(database: Database, material: int) -> None:
    usage = Usage()
    usage.count(material)
    usage.write_down(database)
    with database.write() as session:
        state = session.scalars(select(IndexState)).one()
        assert state.have_rev == 0
        state.have_rev = state.want_rev
    for _ in range(2):
        usage.count(material)
    usage.write_down(database)  # 1 to 3: a doubling
    with database.write() as session:
        state = session.scalars(select(IndexState)).one()
        assert state.have_rev == 0
        state.have_rev = state.want_rev
    for _ in range(4):
        usage.count(material)
    usage.write_down(database)  # 3 to 7: another one
    usage.write_down(database)
    with database.write() as session:
        state = session.scalars(select(IndexState)).one()
        state.have_rev = state.want_rev
    usage.count(material)
    usage.write_down(database)  # 7 to 8 again; 8 to 9 is none
    with database.write() as session:
        state = session.scalars(select(IndexState)).one()
        state.have_rev = state.want_rev
    usage.count(material)
    usage.write_down(database)
    with database.read() as session:
        state = session.scalars(select(IndexState)).one()
        assert state.have_rev == state.want_rev


def test_counts_wait_while_the_database_is_down(
    database: Database, material: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = Usage()
    usage.count(material)

    def down() -> None:
        raise DatabaseUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", down)
        with pytest.raises(DatabaseUnavailable):
            usage.write_down(database)
    usage.write_down(database)
    with database.read() as session:
        assert _use(session, material)[0] == 1
