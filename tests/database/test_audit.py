from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.engine import Database
from repo_server.database.models import AuditEntry, AuditHead, Material
from tests import factories

ENTRIES = 5


def _broken(database: Database) -> list[int]:
    with database.read() as session:
        return list(audit.broken_links(session))


@pytest.fixture
def chain(database: Database) -> Database:
    """A database with a chain of five entries, each of its own act."""
    with database.write() as session:
        actor = factories.account(session).id
    for number in range(1, ENTRIES + 1):
        with database.write() as session:
            before, after = {"title": "Cũ", "rev": number}, {"title": "Mới", "items": [1, 2]}
            audit.record(
                session, actor, "material.edit", "material", number, before=before, after=after
            )
    return database


def test_the_acts_of_one_transaction_move_the_head_once(chain: Database) -> None:
    said: list[str] = []
    event.listen(chain.writer, "before_cursor_execute", lambda *how: said.append(how[2]))
    with chain.write() as session:
        for number in (8, 9):
            audit.record(session, None, "material.edit", "material", number)
    with chain.write() as session:
        audit.record(session, None, "material.edit", "material", 10)

    assert sum("UPDATE audit_head" in statement for statement in said) == 2
    assert sum("FROM audit_head" in statement for statement in said) == 2
    assert _broken(chain) == []
    with chain.read() as session:
        assert session.get_one(AuditHead, 1).seq == ENTRIES + 3


def test_acts_after_a_rollback_lock_the_head_anew(chain: Database) -> None:
    with Session(chain.writer) as session:
        audit.record(session, None, "material.edit", "material", 8)
        session.flush()
        session.rollback()
        audit.record(session, None, "material.edit", "material", 9)
        session.commit()

    assert _broken(chain) == []
    with chain.read() as session:
        assert session.get_one(AuditHead, 1).seq == ENTRIES + 1


def test_a_database_without_entries_has_no_broken_links(database: Database) -> None:
    assert _broken(database) == []


def test_entries_continue_each_other(chain: Database) -> None:
    assert _broken(chain) == []
    with chain.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [entry.seq for entry in entries] == list(range(1, ENTRIES + 1))
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert entries[0].previous_hash == audit.ROOT
    assert entries[2].before == {"title": "Cũ", "rev": 3}
    assert entries[2].object_id == "3"


def test_several_entries_of_one_act_continue_each_other(database: Database) -> None:
    with database.write() as session:
        for action in ("material.create", "file.add", "material.submit"):
            audit.record(session, None, action, "material", 1)
    assert _broken(database) == []
    with database.read() as session:
        assert session.get_one(AuditHead, 1).seq == 3


def test_an_act_that_failed_leaves_no_entry(chain: Database) -> None:
    with pytest.raises(RuntimeError), chain.write() as session:
        audit.record(session, None, "material.edit", "material", 1)
        session.flush()
        raise RuntimeError
    assert _broken(chain) == []
    with chain.read() as session:
        assert session.get_one(AuditHead, 1).seq == ENTRIES


def test_many_writers_make_one_chain_from_the_first_entry_on(database: Database) -> None:
    together, threads, each = Barrier(6), 6, 10

    def write() -> None:
        together.wait()
        for number in range(each):
            with database.write() as session:
                audit.record(session, None, "material.edit", "material", number)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(write) for _ in range(threads)]:
            done.result()
    assert _broken(database) == []
    with database.read() as session:
        assert session.get_one(AuditHead, 1).seq == threads * each


def test_acts_on_the_same_material_do_not_wait_for_each_other_for_ever(database: Database) -> None:
    with database.write() as session:
        material_id = factories.material(session, factories.account(session)).id
    together = Barrier(2)

    def act(record_first: bool) -> None:
        with database.write() as session:
            material = session.get_one(Material, material_id, with_for_update=True)
            material.use += 1
            if not record_first:
                session.flush()
            audit.record(session, None, "material.use", "material", material_id)

    def acts(record_first: bool) -> None:
        together.wait()
        for _ in range(10):
            act(record_first)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(acts, record_first) for record_first in (True, False)]:
            done.result()
    assert _broken(database) == []
    with database.read() as session:
        assert session.get_one(Material, material_id).use == 20


def _alter_the_action(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.seq == 3).values(action="material.view"))


def _alter_the_actor(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.seq == 3).values(actor_id=None))


def _alter_the_object(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.seq == 3).values(object_id="9"))


def _alter_what_was_before(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.seq == 3).values(before={"title": "?"}))


def _alter_the_time(session: Session) -> None:
    entry = session.get_one(AuditEntry, 3)
    entry.at += timedelta(milliseconds=1)


def _remove_one(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.seq == 3))


def _remove_the_first(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.seq == 1))


def _remove_the_last(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.seq == ENTRIES))


def _remove_all(session: Session) -> None:
    session.execute(delete(AuditEntry))


def _remove_the_head(session: Session) -> None:
    session.execute(delete(AuditHead))


def _forge_one(session: Session, previous: AuditEntry, seq: int) -> None:
    forged = AuditEntry(
        seq=seq,
        at=previous.at,
        action="material.edit",
        object_kind="material",
        object_id="1",
        before={},
        after={},
        previous_hash=previous.hash,
    )
    forged.hash = audit.entry_hash(forged)
    session.add(forged)


def _insert_one(session: Session) -> None:
    for seq in range(ENTRIES, 3, -1):
        session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(seq=seq + 1))
    _forge_one(session, session.get_one(AuditEntry, 3), 4)


def _append_one(session: Session) -> None:
    _forge_one(session, session.get_one(AuditEntry, ENTRIES), ENTRIES + 1)


def _replace_one_with_its_own_hash(session: Session) -> None:
    entry = session.get_one(AuditEntry, 3)
    entry.action = "material.view"
    entry.hash = audit.entry_hash(entry)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_alter_the_action, [3]),
        (_alter_the_actor, [3]),
        (_alter_the_object, [3]),
        (_alter_what_was_before, [3]),
        (_alter_the_time, [3]),
        (_replace_one_with_its_own_hash, [4]),
        (_remove_one, [4]),
        (_remove_the_first, [2]),
        (_remove_the_last, [5]),
        (_remove_all, [5]),
        (_remove_the_head, [5]),
        (_insert_one, [5, 6, 6]),
        (_append_one, [6]),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_chain_that_was_tampered_with_shows_where(
    tamper: Callable[[Session], None], found: list[int], chain: Database
) -> None:
    with chain.write() as session:
        tamper(session)
    assert _broken(chain) == found
