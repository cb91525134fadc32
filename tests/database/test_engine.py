import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from repo_server.database.engine import Database, open_database, sqlite_url
from repo_server.database.migrations import migrate
from repo_server.database.models import AttemptCount, Base, IndexTarget, Material
from repo_server.domain.errors import DatabaseUnavailable, EditConflict, StorageFull
from tests import factories
from tests.servers.postgresql import own_postgresql

THREADS, INCREMENTS = 8, 100


def _add_target(database: Database, name: str = "embedded") -> None:
    with database.write() as session:
        session.add(IndexTarget(name=name))


def _target_count(database: Database) -> int | None:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(IndexTarget))


def _in_threads(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work) for _ in range(THREADS)]:
            done.result()


def test_an_open_database_answers(database: Database) -> None:
    database.check()


def test_what_a_write_did_is_there_after_it(database: Database) -> None:
    _add_target(database)
    assert _target_count(database) == 1


def test_an_error_inside_a_write_undoes_all_of_it(database: Database) -> None:
    with pytest.raises(RuntimeError, match="halfway"), database.write() as session:
        session.add(IndexTarget(name="embedded"))
        session.flush()
        raise RuntimeError("halfway")
    assert _target_count(database) == 0


def test_an_error_at_the_commit_undoes_all_of_it(database: Database) -> None:
    _add_target(database)
    with pytest.raises(DBAPIError), database.write() as session:
        session.add(IndexTarget(name="second"))
        session.add(IndexTarget(name="embedded"))
    assert _target_count(database) == 1


def test_a_read_session_cannot_write(database: Database) -> None:
    with pytest.raises((DatabaseUnavailable, DBAPIError)), database.read() as session:
        session.add(IndexTarget(name="embedded"))
        session.commit()
    assert _target_count(database) == 0


def test_writing_works_after_a_read_session(database: Database) -> None:
    for number in range(3):
        _target_count(database)
        _add_target(database, str(number))
    assert _target_count(database) == 3


def test_increments_under_a_row_lock_are_never_lost(database: Database) -> None:
    with database.write() as session:
        session.add(AttemptCount(key="login", window_start=0, tries=0))

    def increment() -> None:
        for _ in range(INCREMENTS):
            with database.write() as session:
                row = session.get_one(AttemptCount, ("login", 0), with_for_update=True)
                row.tries = row.tries + 1

    _in_threads(increment)
    with database.read() as session:
        assert session.get_one(AttemptCount, ("login", 0)).tries == THREADS * INCREMENTS


def test_increments_of_a_versioned_row_are_never_lost(database: Database) -> None:
    each = INCREMENTS // 4  # most tries meet another's change and are made again
    with database.write() as session:
        material_id = factories.material(session, factories.account(session)).id

    def increment() -> None:
        done = 0
        while done < each:
            try:
                with database.write() as session:
                    session.get_one(Material, material_id).use += 1
                done += 1
            except EditConflict:
                continue

    _in_threads(increment)
    with database.read() as session:
        material = session.get_one(Material, material_id)
        assert material.use == THREADS * each
        assert material.rev == THREADS * each + 1


def test_on_sqlite_a_plain_read_then_write_of_several_processes_loses_nothing(
    sqlite_database_url: str, opened: Callable[[str], Database]
) -> None:
    # Each with its own connections, as processes have them.
    databases = [opened(sqlite_database_url) for _ in range(4)]
    with databases[0].write() as session:
        session.add(AttemptCount(key="login", window_start=0, tries=0))

    def increment(database: Database) -> None:
        for _ in range(INCREMENTS // 4):
            with database.write() as session:
                tries = session.scalar(select(AttemptCount.tries)) or 0
                session.execute(update(AttemptCount).values(tries=tries + 1))

    with ThreadPoolExecutor(len(databases)) as threads:
        list(threads.map(increment, databases))
    with databases[0].read() as session:
        assert session.scalar(select(AttemptCount.tries)) == INCREMENTS


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    _add_target(database)
    with database.write() as session:
        session.execute(update(IndexTarget).values(schema_version="new"))
        session.add(IndexTarget(name="second"))
        session.flush()
        started = time.monotonic()
        assert _target_count(database) == 1
        assert time.monotonic() - started < 5  # a lock would have been waited for 10 seconds
    assert _target_count(database) == 2


def test_a_look_sees_one_moment_however_many_statements_it_takes(database: Database) -> None:
    with database.read() as session:
        count = select(func.count()).select_from(IndexTarget)
        assert session.scalar(count) == 0
        _add_target(database)
        assert session.scalar(count) == 0
    assert _target_count(database) == 1


def test_of_two_people_who_edit_at_once_the_second_is_told(
    database: Database, database_url: str, opened: Callable[[str], Database]
) -> None:
    with database.write() as session:
        material_id = factories.material(session, factories.account(session)).id
    with database.read() as session:
        seen = session.get_one(Material, material_id)
    with database.write() as session:
        session.get_one(Material, material_id).title = "Người thứ nhất sửa"
    with pytest.raises(EditConflict), opened(database_url).write() as session:
        session.add(seen)
        seen.title = "Người thứ hai sửa"
    with database.read() as session:
        assert session.get_one(Material, material_id).title == "Người thứ nhất sửa"


def test_foreign_keys_are_held(database: Database) -> None:
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(
            text(
                "INSERT INTO index_state (target, material_id, want_rev, have_rev)"
                " VALUES ('missing', 1, 1, 0)"
            )
        )


def test_tables_made_in_a_failed_transaction_are_gone(sqlite_database: Database) -> None:
    with pytest.raises(RuntimeError), sqlite_database.write() as session:
        session.execute(text("CREATE TABLE half_way (id INTEGER)"))
        session.execute(text("ALTER TABLE blob ADD COLUMN colour TEXT"))
        raise RuntimeError
    with sqlite_database.read() as session:
        made = "SELECT count(*) FROM sqlite_master WHERE name = 'half_way'"
        assert session.scalar(text(made)) == 0
        columns = session.scalars(text("SELECT name FROM pragma_table_info('blob')")).all()
        assert "colour" not in columns


@pytest.mark.usefixtures("synced")
def test_sqlite_syncs_every_commit_and_logs_ahead(sqlite_database: Database) -> None:
    full = 2
    with sqlite_database.write() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == full


def test_a_missing_folder_is_an_unavailable_database_until_it_is_there(
    tmp_path: Path, opened: Callable[[str], Database]
) -> None:
    file = tmp_path / "later" / "kho.sqlite"
    database = opened(sqlite_url(file))
    for use in (database.check, lambda: _add_target(database)):
        with pytest.raises(DatabaseUnavailable):
            use()
    file.parent.mkdir()
    migrate(database)
    _add_target(database)
    assert _target_count(database) == 1


def test_opening_a_new_file_waits_for_another_process_that_is_writing_it(
    tmp_path: Path, opened: Callable[[str], Database]
) -> None:
    file = tmp_path / "kho.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE half_made (id INTEGER)")
        with ThreadPoolExecutor(1) as threads:
            migrated = threads.submit(migrate, opened(sqlite_url(file)))
            with pytest.raises(TimeoutError):
                migrated.result(timeout=0.2)
            other.execute("ROLLBACK")
            migrated.result()


def test_a_file_that_is_no_database_is_an_unavailable_database(
    tmp_path: Path, opened: Callable[[str], Database]
) -> None:
    file = tmp_path / "kho.sqlite"
    file.write_bytes("Đây không phải là cơ sở dữ liệu. ".encode() * 200)
    database = opened(sqlite_url(file))
    for use in (database.check, lambda: _add_target(database)):
        with pytest.raises(DatabaseUnavailable):
            use()


def test_a_full_disk_is_told_apart_on_sqlite(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageFull), sqlite_database.write() as session:
        for number in range(2000):
            session.add(IndexTarget(name=f"{number:080}"))
            session.flush()
    sqlite_database.check()


def test_a_full_disk_is_told_apart_on_postgresql(postgresql_database: Database) -> None:
    refused = "could not extend file: No space left on device"
    statement = f"DO $$ BEGIN RAISE EXCEPTION '{refused}' USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(StorageFull), postgresql_database.write() as session:
        session.execute(text(statement))


def test_a_stopped_server_is_an_unavailable_database_until_it_is_back() -> None:
    with own_postgresql() as server:
        database = open_database(server.create_database("kho"))
        try:
            migrate(database)
            _add_target(database)
            with pytest.raises(DatabaseUnavailable), database.write() as session:
                session.add(IndexTarget(name="lost"))
                session.flush()
                server.stop()
            with pytest.raises(DatabaseUnavailable):
                database.check()
            server.start()
            started = time.monotonic()
            assert _target_count(database) == 1
            _add_target(database, "second")
            assert time.monotonic() - started < 5
        finally:
            database.close()


def test_every_table_has_a_primary_key() -> None:
    assert [table.name for table in Base.metadata.tables.values() if not table.primary_key] == []
