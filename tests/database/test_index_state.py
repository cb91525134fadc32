from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.engine import Database
from repo_server.database.models import (
    Alignment,
    Blob,
    IndexState,
    IndexTarget,
    Material,
    MaterialFile,
    utc_now,
)
from repo_server.database.outbox import Behind
from repo_server.domain.codes import new_code
from tests import factories

TARGETS = ("embedded", "meilisearch")


@pytest.fixture
def material_id(database: Database) -> int:
    """A material with a file and an item that both targets already hold."""
    with database.write() as session:
        for target in TARGETS:
            outbox.register_target(session, target, "1")
        branch = factories.branch(session)
        material = factories.material(session, factories.account(session), items=[branch.topic])
        factories.file(session, material)
    with database.write() as session:
        for target in TARGETS:
            outbox.acknowledge(session, target, outbox.behind(session, target, 10))
    return material.id


def _wanted(session: Session, material_id: int) -> dict[str, int]:
    rows = session.execute(
        select(IndexState.target, IndexState.want_rev).where(IndexState.material_id == material_id)
    )
    return dict(rows.all())


def _assert_every_target_wants_the_present(database: Database, material_id: int) -> None:
    with database.read() as session:
        rev = session.scalar(select(Material.rev).where(Material.id == material_id))
        assert _wanted(session, material_id) == dict.fromkeys(TARGETS, rev)
        for target in TARGETS:
            assert outbox.behind(session, target, 10) == (Behind(material_id, rev or 0),)
            assert outbox.lag(session, target) == 1


def _edit_the_title(session: Session, material: Material) -> None:
    material.title = "Trừ hai phân số"


def _edit_it_twice(session: Session, material: Material) -> None:
    material.title = "Trừ hai phân số"
    session.flush()
    material.description = "Ba ví dụ có lời giải."


def _withdraw(session: Session, material: Material) -> None:
    material.status = "withdrawn"


def _delete(session: Session, material: Material) -> None:
    material.deleted_at = utc_now()


def _align_to_another_item(session: Session, material: Material) -> None:
    material.items = [factories.branch(session).topic]


def _align_to_one_more_item(session: Session, material: Material) -> None:
    material.items.append(factories.branch(session).topic)


def _align_to_nothing(session: Session, material: Material) -> None:
    material.items.clear()


def _add_a_row_of_alignment(session: Session, material: Material) -> None:
    topic = factories.branch(session).topic
    session.add(Alignment(material_id=material.id, item_id=topic.id))


def _delete_a_row_of_alignment(session: Session, material: Material) -> None:
    session.delete(session.get_one(Alignment, (material.id, material.items[0].id)))


def _add_a_file(session: Session, material: Material) -> None:
    factories.file(session, material, name="Phiếu học tập.pdf")


def _add_a_file_by_the_id_of_the_material(session: Session, material: Material) -> None:
    blob = factories.blob(session, b"%PDF-1.7 by id")
    session.add(
        MaterialFile(
            material_id=material.id,
            position=9,
            name="Đề.pdf",
            sha256=blob.sha256,
            size=blob.size,
            kind="pdf",
            media_type="application/pdf",
        )
    )


def _remove_a_file(session: Session, material: Material) -> None:
    material.files[0].removed_at = utc_now()


def _rename_a_file_that_stands_alone(session: Session, material: Material) -> None:
    file_id = session.scalar(select(MaterialFile.id).where(MaterialFile.material_id == material.id))
    session.expunge(material)
    session.get_one(MaterialFile, file_id).name = "Bài giảng.pdf"


def _purge_a_file(session: Session, material: Material) -> None:
    session.delete(material.files[0])


def _touch(session: Session, material: Material) -> None:
    outbox.touch(material)


CHANGES = (
    _edit_the_title,
    _edit_it_twice,
    _withdraw,
    _delete,
    _align_to_another_item,
    _align_to_one_more_item,
    _align_to_nothing,
    _add_a_row_of_alignment,
    _delete_a_row_of_alignment,
    _add_a_file,
    _add_a_file_by_the_id_of_the_material,
    _remove_a_file,
    _rename_a_file_that_stands_alone,
    _purge_a_file,
    _touch,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_every_target_wants_a_material_again_after(
    change: Callable[[Session, Material], None], database: Database, material_id: int
) -> None:
    with database.write() as session:
        change(session, session.get_one(Material, material_id))
    _assert_every_target_wants_the_present(database, material_id)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_no_target_wants_anything_after_a_rolled_back(
    change: Callable[[Session, Material], None], database: Database, material_id: int
) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        change(session, session.get_one(Material, material_id))
        session.flush()
        raise RuntimeError
    with database.read() as session:
        assert [outbox.lag(session, target) for target in TARGETS] == [0, 0]


def test_a_new_material_is_wanted_by_every_target(database: Database) -> None:
    with database.write() as session:
        for target in TARGETS:
            outbox.register_target(session, target, "1")
        material = factories.material(session, factories.account(session))
    _assert_every_target_wants_the_present(database, material.id)


def test_a_new_material_may_come_with_its_files_and_items_in_one_step(database: Database) -> None:
    with database.write() as session:
        for target in TARGETS:
            outbox.register_target(session, target, "1")
        owner, topic = factories.account(session), factories.branch(session).topic
        material = Material(
            code=new_code(), status="draft", title="Mới", folded_title="moi", owner_id=owner.id
        )
        material.items = [topic]
        blob = Blob(sha256="a" * 64, size=1)
        session.add_all((material, blob))
        material.files.append(
            MaterialFile(
                position=1,
                name="a.pdf",
                sha256=blob.sha256,
                size=1,
                kind="pdf",
                media_type="application/pdf",
            )
        )
    _assert_every_target_wants_the_present(database, material.id)


def test_a_material_that_nothing_changed_keeps_its_revision(
    database: Database, material_id: int
) -> None:
    with database.write() as session:
        material = session.get_one(Material, material_id)
        before = material.rev
        material.title = str(material.title)
        assert material.files
    with database.read() as session:
        assert session.get_one(Material, material_id).rev == before
        assert [outbox.lag(session, target) for target in TARGETS] == [0, 0]


def test_two_changes_within_a_millisecond_are_two_revisions(
    database: Database, material_id: int
) -> None:
    with database.write() as session:
        material = session.get_one(Material, material_id)
        before, moment = material.rev, material.updated_at
        for _ in range(3):
            outbox.touch(material)
            session.flush()
        assert material.rev == before + 3
        assert material.updated_at > moment


def test_a_new_target_wants_every_material(database: Database, material_id: int) -> None:
    with database.write() as session:
        other = factories.material(session, factories.account(session))
        outbox.register_target(session, "third", "1")
    with database.read() as session:
        behind = {entry.material_id: entry.want_rev for entry in outbox.behind(session, "third", 9)}
        assert behind == {row.id: row.rev for row in session.scalars(select(Material)).all()}
        assert behind.keys() == {material_id, other.id}


def test_a_target_that_is_known_wants_nothing_new(database: Database, material_id: int) -> None:
    with database.write() as session:
        outbox.register_target(session, "embedded", "1")
    with database.read() as session:
        assert outbox.lag(session, "embedded") == 0


def test_a_target_with_another_schema_wants_every_material_again(
    database: Database, material_id: int
) -> None:
    with database.write() as session:
        outbox.register_target(session, "embedded", "2")
    with database.read() as session:
        assert session.get_one(IndexTarget, "embedded").schema_version == "2"
        assert outbox.lag(session, "embedded") == 1
        assert outbox.lag(session, "meilisearch") == 0


def test_a_forgotten_index_wants_every_material_again(database: Database, material_id: int) -> None:
    with database.write() as session:
        outbox.forget_index(session, "meilisearch")
    with database.read() as session:
        assert outbox.lag(session, "embedded") == 0
        assert outbox.lag(session, "meilisearch") == 1


def test_processes_that_register_a_target_at_once_all_succeed(database: Database) -> None:
    together = Barrier(4)

    def register() -> None:
        together.wait()
        with database.write() as session:
            outbox.register_target(session, "embedded", "1")

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(register) for _ in range(4)]:
            done.result()
    with database.read() as session:
        assert session.scalars(select(IndexTarget.name)).all() == ["embedded"]


def test_a_material_written_while_a_target_is_registered_is_not_missed(
    postgresql_database: Database,
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with postgresql_database.write() as session:
            material = factories.material(session, factories.account(session))

            def register() -> None:
                with postgresql_database.write() as other:
                    outbox.register_target(other, "embedded", "1")

            registered = threads.submit(register)
            with pytest.raises(TimeoutError):
                registered.result(timeout=0.3)
        registered.result()
    with postgresql_database.read() as session:
        assert outbox.behind(session, "embedded", 9) == (Behind(material.id, material.rev),)


def test_a_late_acknowledgement_never_lowers_what_is_known(
    database: Database, material_id: int
) -> None:
    with database.write() as session:
        session.get_one(Material, material_id).title = "Mới"
    with database.write() as session:
        (present,) = outbox.behind(session, "embedded", 9)
        outbox.acknowledge(session, "embedded", [present])
        outbox.acknowledge(session, "embedded", [Behind(material_id, present.want_rev - 1)])
        outbox.acknowledge(session, "embedded", [])
    with database.read() as session:
        state = session.get_one(IndexState, ("embedded", material_id))
        assert state.have_rev == present.want_rev
        assert outbox.lag(session, "embedded") == 0
        assert outbox.lag(session, "meilisearch") == 1


def test_a_change_during_feeding_is_fed_again(database: Database, material_id: int) -> None:
    with database.write() as session:
        session.get_one(Material, material_id).title = "Mới"
    with database.read() as session:
        fed = outbox.behind(session, "embedded", 9)
    with database.write() as session:
        session.get_one(Material, material_id).title = "Mới hơn"
    with database.write() as session:
        outbox.acknowledge(session, "embedded", fed)
        assert outbox.lag(session, "embedded") == 1


def test_what_an_index_has_yet_to_learn_comes_in_portions(database: Database) -> None:
    with database.write() as session:
        owner = factories.account(session)
        ids = [factories.material(session, owner).id for _ in range(5)]
        outbox.register_target(session, "embedded", "1")
    learned: list[int] = []
    with database.write() as session:
        while portion := outbox.behind(session, "embedded", 2):
            learned += [entry.material_id for entry in portion]
            outbox.acknowledge(session, "embedded", portion)
    assert learned == ids


def test_a_row_is_new_only_once(database: Database) -> None:
    with database.write() as session:
        assert outbox.insert_new(session, Blob, {"sha256": "a" * 64, "size": 1})
        assert not outbox.insert_new(session, Blob, {"sha256": "a" * 64, "size": 2})
        assert session.get_one(Blob, "a" * 64).size == 1
