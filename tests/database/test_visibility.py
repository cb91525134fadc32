"""The rule of `domain.access` and its SQL must be one rule."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from repo_server.database.engine import Database
from repo_server.database.models import Material
from repo_server.database.queries import files, materials
from repo_server.database.queries.visibility import reviewable, visible
from repo_server.domain.access import (
    ANONYMOUS,
    Action,
    Membership,
    Role,
    Standing,
    Subject,
    Viewer,
    permits,
    standings,
)
from repo_server.domain.materials import Status
from tests import factories


@dataclass(frozen=True, slots=True)
class World:
    """Every kind of material, and viewers of every standing to at least one of them."""

    database: Database
    materials: tuple[Material, ...]
    viewers: dict[str, Viewer]


def _member(account_id: int, *memberships: tuple[Role, int, set[int]]) -> Viewer:
    rows = tuple(Membership(role, at, frozenset(scope)) for role, at, scope in memberships)
    return Viewer(account_id=account_id, memberships=rows)


@pytest.fixture
def world(database: Database) -> World:
    """Two clusters with a school each; every state in every organization, and in none."""
    with database.write() as session:
        cluster, other_cluster, school, other_school = (
            factories.organization(session, name) for name in ("Cụm 1", "Cụm 2", "THCS A", "THCS B")
        )
        owner, somebody = factories.account(session), factories.account(session)
        made = tuple(
            factories.material(
                session, person, status=status, organization=organization, deleted=deleted
            )
            for person in (owner, somebody)
            for organization in (school, other_school, cluster, None)
            for status in Status
            for deleted in (False, True)
        )
    below, all_of_it = {cluster.id, school.id}, {cluster.id, school.id, other_cluster.id}
    elsewhere = {other_cluster.id}
    teacher = (Role.TEACHER, school.id, {school.id})
    viewers = {
        "anonymous": ANONYMOUS,
        "owner without role": _member(owner.id),
        "owner": _member(owner.id, teacher),
        "teacher": _member(900, teacher),
        "stranger": _member(901),
        "editor": _member(902, (Role.EDITOR, cluster.id, below)),
        "manager": _member(903, (Role.MANAGER, cluster.id, below)),
        "admin": _member(904, (Role.ADMIN, cluster.id, below)),
        "admin elsewhere": _member(905, (Role.ADMIN, other_cluster.id, elsewhere)),
        "editor elsewhere": _member(906, (Role.EDITOR, other_cluster.id, elsewhere)),
        "editor here, admin elsewhere": _member(
            907, (Role.EDITOR, cluster.id, below), (Role.ADMIN, other_cluster.id, elsewhere)
        ),
        "owner who edits": _member(owner.id, teacher, (Role.EDITOR, cluster.id, all_of_it)),
        "editor of nothing": _member(908, (Role.EDITOR, cluster.id, set())),
    }
    return World(database, made, viewers)


def _subject(material: Material) -> Subject:
    return Subject(material.owner_id, material.organization_id, Status(material.status))


def _expected(world: World, viewer: Viewer, action: Action) -> set[int]:
    return {
        material.id
        for material in world.materials
        if material.deleted_at is None and permits(viewer, action, _subject(material))
    }


def test_every_standing_and_state_occurs(world: World) -> None:
    met = {
        (standing, material.status)
        for viewer in world.viewers.values()
        for material in world.materials
        for standing in standings(viewer, _subject(material))
    }
    assert met == {(standing, status) for standing in Standing for status in Status}


def test_sql_shows_exactly_what_the_table_lets_see(world: World) -> None:
    with world.database.read() as session:
        for name, viewer in world.viewers.items():
            shown = set(session.scalars(select(Material.id).where(visible(viewer))))
            assert shown == _expected(world, viewer, Action.VIEW), name


def test_the_queue_holds_exactly_what_the_table_lets_decide(world: World) -> None:
    with world.database.read() as session:
        for name, viewer in world.viewers.items():
            waiting = set(session.scalars(select(Material.id).where(reviewable(viewer))))
            assert waiting == _expected(world, viewer, Action.RETURN), name
            assert materials.review_count(session, viewer) == len(waiting), name
            queue = materials.review_queue(session, viewer, offset=0, limit=100)
            assert set(queue) == waiting, name
            assert len(queue) == len(waiting), name


def test_a_material_is_found_by_those_alone_who_may_see_it(world: World) -> None:
    ids = [material.id for material in world.materials]
    with world.database.read() as session:
        for name, viewer in world.viewers.items():
            expected = _expected(world, viewer, Action.VIEW)
            assert set(materials.listed(session, viewer, ids)) == expected, name
            for material in world.materials[:16]:
                by_id = materials.material_by_id(session, viewer, material.id)
                by_code = materials.material_by_code(session, viewer, material.code)
                assert by_id is by_code
                assert (by_id is not None) == (material.id in expected), name


def test_files_pages_and_items_show_no_more_than_their_material(world: World) -> None:
    with world.database.write() as session:
        topic = factories.branch(session).topic
        rows = session.scalars(select(Material)).all()
        file_of = {
            row.id: factories.file(session, row, pages=["Cộng hai phân số"]).id for row in rows
        }
        for row in rows:
            row.items.append(topic)
    ids = list(file_of)
    with world.database.read() as session:
        for name, viewer in world.viewers.items():
            expected = _expected(world, viewer, Action.VIEW)
            shown = materials.listed_files(session, viewer, ids)
            assert {file.material_id for file in shown} == expected, name
            aligned = materials.aligned_items(session, viewer, ids)
            assert {item.material_id for item in aligned} == expected, name
            pages = files.best_segments(session, viewer, ids, ["phan"])
            assert set(pages) == expected, name
            opened = {
                material_id
                for material_id, file_id in file_of.items()
                if files.file_by_id(session, viewer, file_id) is not None
            }
            assert opened == expected, name
