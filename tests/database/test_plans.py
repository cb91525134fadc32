"""How SQLite finds rows: a look at some of them must not walk through all that is published."""

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from repo_server.database.engine import Database
from repo_server.database.queries import curriculum, files, materials
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from tests import factories


@pytest.mark.parametrize("role", [None, *Role])
def test_what_is_looked_at_by_id_is_found_by_id(
    sqlite_database: Database, role: Role | None
) -> None:
    viewer = ANONYMOUS if role is None else _somebody(sqlite_database, role)
    plans: list[str] = []
    _explain(sqlite_database, plans)
    with sqlite_database.read() as session:
        materials.listed(session, viewer, [1, 2])
        materials.listed_files(session, viewer, [1, 2])
        materials.aligned_items(session, viewer, [1, 2])
        files.best_segments(session, viewer, [1, 2], ["phan", "so"])
        files.file_by_id(session, viewer, 1)
        materials.material_by_code(session, viewer, "bcdfghj")
        curriculum.placed_materials(session, viewer, 1, offset=0, limit=20)
    assert len(plans) > 7
    by_state = ("ix_material_status", "ix_material_deleted", "SCAN material")
    assert [step for step in plans if any(part in step for part in by_state)] == []


def _somebody(database: Database, role: Role) -> Viewer:
    with database.write() as session:
        place = factories.organization(session)
        return factories.viewer(factories.account(session, role=role, organization=place))


def _explain(database: Database, plans: list[str]) -> None:
    @event.listens_for(database.reader, "before_cursor_execute")
    def explain(
        connection: Connection, cursor: object, statement: str, parameters: object, *_: object
    ) -> None:
        if statement.startswith("SELECT"):
            raw = connection.connection.driver_connection
            assert raw is not None
            rows = raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in rows)
