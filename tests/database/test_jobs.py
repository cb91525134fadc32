from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from repo_server.database import outbox
from repo_server.database.engine import Database
from repo_server.database.models import Job, utc_now
from repo_server.database.outbox import ATTEMPTS, LEASE, Lease

KINDS = ("inspect", "collect")
MOMENT = timedelta(milliseconds=1)


def _enqueue(database: Database, *keys: str, kind: str = "inspect") -> None:
    with database.write() as session:
        for key in keys:
            outbox.enqueue(session, kind, key, {"upload": key})


def _claim(database: Database, *kinds: str) -> Lease:
    with database.write() as session:
        lease = outbox.claim(session, kinds or KINDS)
    assert lease is not None
    return lease


def _nothing_is_due(database: Database) -> bool:
    with database.write() as session:
        due = outbox.has_due(session, KINDS)
        assert due == (outbox.claim(session, KINDS) is not None)
    return not due


def _fail(database: Database, lease: Lease) -> bool:
    with database.write() as session:
        return outbox.fail(session, lease, "PDFium: hỏng")


def _finish(database: Database, lease: Lease) -> bool:
    with database.write() as session:
        return outbox.finish(session, lease)


def _job(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return session.get_one(Job, job_id)


def _let_time_pass(database: Database) -> None:
    """As if every lease had ended and every delay were over."""
    with database.write() as session:
        past = utc_now() - timedelta(days=1)
        session.execute(update(Job).where(Job.state == "running").values(lease_until=past))
        session.execute(update(Job).where(Job.state == "open").values(run_at=past))


def test_a_job_carries_what_it_was_given(database: Database) -> None:
    _enqueue(database, "ä/đ")
    lease = _claim(database)
    assert (lease.kind, lease.key, lease.payload) == ("inspect", "ä/đ", {"upload": "ä/đ"})
    assert lease.attempt == 1


def test_a_job_is_due_as_soon_as_it_is_there(database: Database) -> None:
    for number in range(20):
        _enqueue(database, str(number))
        assert _finish(database, _claim(database))


def test_a_job_of_a_rolled_back_act_never_was(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        outbox.enqueue(session, "inspect", "1")
        raise RuntimeError
    assert _nothing_is_due(database)


def test_a_job_is_not_seen_before_its_act_is_done(database: Database) -> None:
    with database.write() as session:
        outbox.enqueue(session, "inspect", "1")
        with database.read() as other:
            assert not outbox.has_due(other, KINDS)
    assert not _nothing_is_due(database)


def test_one_job_of_a_kind_and_key_is_unfinished_at_a_time(database: Database) -> None:
    _enqueue(database, "1", "1")
    _enqueue(database, "1")
    _enqueue(database, "1", kind="collect")
    lease = _claim(database, "inspect")
    _enqueue(database, "1")
    with database.read() as session:
        assert session.scalars(select(Job.kind).order_by(Job.kind)).all() == ["collect", "inspect"]
    assert _finish(database, lease)
    _enqueue(database, "1")
    assert _claim(database, "inspect").job_id != lease.job_id


def test_acts_that_call_for_the_same_job_at_once_all_succeed(database: Database) -> None:
    together = Barrier(4)

    def act() -> None:
        together.wait()
        for number in range(10):
            _enqueue(database, str(number))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(act) for _ in range(4)]:
            done.result()
    with database.read() as session:
        assert sorted(map(int, session.scalars(select(Job.key)))) == list(range(10))


def test_only_jobs_of_the_kinds_asked_for_are_taken(database: Database) -> None:
    _enqueue(database, "1", kind="collect")
    with database.write() as session:
        assert outbox.claim(session, ["inspect"]) is None
        assert not outbox.has_due(session, ["inspect"])
        assert outbox.has_due(session, ["collect"])


def test_the_oldest_job_comes_first(database: Database) -> None:
    _enqueue(database, "first", "second")
    _enqueue(database, "third")
    assert [_claim(database).key for _ in range(3)] == ["first", "second", "third"]


def test_two_workers_never_get_the_same_job(database: Database) -> None:
    keys = [str(number) for number in range(40)]
    _enqueue(database, *keys)
    together = Barrier(4)

    def work() -> list[str]:
        together.wait()
        taken: list[str] = []
        while True:
            with database.write() as session:
                lease = outbox.claim(session, KINDS)
            if lease is None:
                return taken
            taken.append(lease.key)

    with ThreadPoolExecutor(4) as threads:
        workers = [threads.submit(work) for _ in range(4)]
        taken = [key for worker in workers for key in worker.result()]
    assert sorted(taken) == sorted(keys)


def test_a_worker_that_has_not_committed_does_not_hold_up_another(
    postgresql_database: Database,
) -> None:
    _enqueue(postgresql_database, "first", "second")
    with postgresql_database.write() as session:
        first = outbox.claim(session, KINDS)
        second = _claim(postgresql_database)
    assert first is not None
    assert (first.key, second.key) == ("first", "second")


def test_a_job_whose_worker_went_silent_is_taken_again(database: Database) -> None:
    _enqueue(database, "1")
    lost = _claim(database)
    assert _nothing_is_due(database)
    _let_time_pass(database)
    taken = _claim(database)
    assert (taken.job_id, taken.attempt) == (lost.job_id, 2)
    assert taken.token != lost.token


@pytest.mark.parametrize("close", [_finish, _fail])
def test_a_worker_that_lost_its_job_cannot_close_it(
    close: Callable[[Database, Lease], bool], database: Database
) -> None:
    _enqueue(database, "1")
    lost = _claim(database)
    _let_time_pass(database)
    taken = _claim(database)
    assert not close(database, lost)
    assert _job(database, taken.job_id).state == "running"
    assert _finish(database, taken)
    assert not close(database, lost)
    assert _job(database, taken.job_id).state == "done"


def test_a_lease_ends_by_the_clock_of_the_database(database: Database) -> None:
    _enqueue(database, "1")
    before = utc_now()
    job = _job(database, _claim(database).job_id)
    assert job.lease_until is not None
    assert before + LEASE <= job.lease_until <= utc_now() + LEASE + MOMENT


def test_a_renewed_lease_is_not_taken(database: Database) -> None:
    _enqueue(database, "1", "2")
    kept, lost = _claim(database), _claim(database)
    _let_time_pass(database)
    with database.write() as session:
        outbox.renew(session, [kept])
    assert _claim(database).job_id == lost.job_id
    assert _nothing_is_due(database)
    assert _finish(database, kept)


def test_a_lost_lease_cannot_be_renewed(database: Database) -> None:
    _enqueue(database, "1")
    lost = _claim(database)
    _let_time_pass(database)
    taken = _claim(database)
    _let_time_pass(database)
    with database.write() as session:
        outbox.renew(session, [lost])
        outbox.renew(session, [])
    assert _claim(database).job_id == taken.job_id


def test_a_failed_job_waits_longer_after_each_attempt(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Hours for seconds: no delay is over while a busy machine gets round to looking.
    assert timedelta(seconds=2) == outbox.FIRST_RETRY
    monkeypatch.setattr(outbox, "FIRST_RETRY", timedelta(hours=2))
    _enqueue(database, "1")
    for hours in (2, 8, 32, 128, 512):
        lease, before = _claim(database), utc_now()
        assert _fail(database, lease)
        assert before <= _job(database, lease.job_id).run_at - timedelta(hours=hours) <= utc_now()
        assert _nothing_is_due(database)
        job = _job(database, lease.job_id)
        assert (job.state, job.error, job.lease_token) == ("open", "PDFium: hỏng", None)
        _let_time_pass(database)
    assert _claim(database).attempt == ATTEMPTS


def test_a_job_that_fails_every_time_is_dead_and_leaves_room_for_another(
    database: Database,
) -> None:
    _enqueue(database, "1")
    for _ in range(ATTEMPTS):
        _let_time_pass(database)
        lease = _claim(database)
        assert _fail(database, lease)
    _let_time_pass(database)
    assert _nothing_is_due(database)
    job = _job(database, lease.job_id)
    assert (job.state, job.attempt) == ("dead", ATTEMPTS)
    assert job.finished_at is not None
    _enqueue(database, "1")
    assert _claim(database).attempt == 1


def test_a_job_that_kills_its_workers_is_dead_in_the_end(database: Database) -> None:
    _enqueue(database, "deadly")
    for _ in range(ATTEMPTS):
        lease = _claim(database)
        _let_time_pass(database)
    _enqueue(database, "next")
    assert _claim(database).key == "next"
    job = _job(database, lease.job_id)
    assert (job.state, job.error) == ("dead", "worker died")
    assert not _finish(database, lease)


def test_a_very_long_error_is_cut(database: Database) -> None:
    _enqueue(database, "1")
    lease = _claim(database)
    with database.write() as session:
        assert outbox.fail(session, lease, "lỗi" * 10_000)
    error = _job(database, lease.job_id).error
    assert error is not None
    assert len(error) == 2000
