"""The worker: takes what is enqueued, survives what fails, ends when asked."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import Job, utc_now
from repo_server.domain.access import Viewer
from repo_server.domain.errors import (
    DatabaseUnavailable,
    InspectionUnavailable,
    SearchUnavailable,
    StorageUnavailable,
)
from repo_server.domain.questions.base import as_typed
from repo_server.search.base import SearchQuery
from repo_server.services import acceptance, indexing, materials, uploads, working
from repo_server.services.library import Library
from repo_server.services.viewing import material_by_id
from repo_server.services.working import Worker
from tests.libraries import draft, send
from tests.services.indexes import troubled


@pytest.fixture
def working_on() -> Iterator[Callable[[Library], Worker]]:
    """Starts workers, which end with the test."""
    workers: list[Worker] = []

    def start(library: Library) -> Worker:
        workers.append(Worker(library, jobs=2))
        workers[-1].start()
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()


def soon(fact: Callable[[], object], seconds: float = 10) -> None:
    """Wait until `fact` holds."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def job(library: Library) -> Job:
    with library.database.read() as session:
        return session.scalars(select(Job)).one()


def handle(monkeypatch: pytest.MonkeyPatch, handler: Callable[[Library, str], None]) -> None:
    monkeypatch.setattr(working, "HANDLERS", {uploads.JOB: handler})


def test_an_upload_that_is_complete_is_checked_and_a_publication_reaches_the_index(
    library: Library, teacher: Viewer, editor: Viewer, working_on: Callable[[Library], Worker]
) -> None:
    working_on(library)
    view = send(library, teacher, "Bài 1.txt", b"Tap hop")
    soon(lambda: uploads.status(library, teacher, view.id).state == "ready")
    soon(lambda: job(library).state == "done")

    made = draft(library, teacher)
    rev = materials.submit(library, teacher, made.card.id, made.rev).rev
    materials.publish(library, editor, made.card.id, rev)
    soon(lambda: library.indexes[0].search(SearchQuery(as_typed("phân số"))).total == 1)


def test_stop_waits_for_what_is_under_way(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(library: Library, upload_id: str) -> None:
        begun.set()
        go_on.wait(10)
        acceptance.accept_upload(library, upload_id)

    handle(monkeypatch, slow)
    worker = Worker(library, jobs=1)
    worker.start()
    view = send(library, teacher, "Bài 1.txt", b"Tap hop")
    assert begun.wait(10)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    stopping.join(0.2)
    assert stopping.is_alive()
    go_on.set()
    stopping.join(10)

    assert not stopping.is_alive()
    assert uploads.status(library, teacher, view.id).state == "ready"
    assert job(library).state == "done"
    assert not [thread for thread in threading.enumerate() if "kho-worker" in thread.name]


def test_what_is_not_done_in_time_is_given_back_when_a_worker_stops(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(library: Library, upload_id: str) -> None:
        begun.set()
        go_on.wait(10)

    handle(monkeypatch, slow)
    monkeypatch.setattr(working, "FINISHING", 0.0)
    worker = Worker(library, jobs=1)
    worker.start()
    send(library, teacher, "Bài 1.txt", b"Tap hop")
    assert begun.wait(10)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    soon(lambda: job(library).state == "open")
    assert (job(library).attempt, job(library).lease_token) == (0, None)
    with library.database.write() as session:
        taken = outbox.claim(session, ["accept_upload"])
    go_on.set()
    stopping.join(10)
    assert not stopping.is_alive()
    # Whoever has it now keeps it, though its first worker has come to an end with it.
    assert taken is not None
    assert (job(library).state, job(library).lease_token) == ("running", taken.token)


def test_a_worker_that_was_asked_to_stop_takes_nothing_new(
    library: Library, teacher: Viewer
) -> None:
    worker = Worker(library, jobs=1)
    worker.ask_to_stop()
    worker.start()
    worker.join()
    send(library, teacher, "Bài 1.txt", b"Tap hop")

    assert job(library).state == "open"


def test_a_job_that_fails_is_put_back_and_succeeds_later(
    library: Library,
    teacher: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    working_on: Callable[[Library], Worker],
) -> None:
    tries: list[str] = []

    def fail_once(library: Library, upload_id: str) -> None:
        tries.append(upload_id)
        if len(tries) == 1:
            raise ValueError("no luck")
        acceptance.accept_upload(library, upload_id)

    handle(monkeypatch, fail_once)
    monkeypatch.setattr(outbox, "FIRST_RETRY", outbox.FIRST_RETRY / 20)
    view = send(library, teacher, "Bài 1.txt", b"Tap hop")
    working_on(library)
    soon(lambda: job(library).state == "done")

    assert tries == [view.id, view.id]
    assert job(library).attempt == 2
    assert uploads.status(library, teacher, view.id).state == "ready"


def test_a_job_whose_end_could_not_be_written_is_free_as_soon_as_the_database_answers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before its lease is over: nobody would do it until then."""
    tries: list[str] = []
    handle(monkeypatch, lambda _, key: tries.append(key))
    with library.database.write() as session:
        outbox.enqueue(session, uploads.JOB, "a")
    worker = Worker(library, jobs=1)

    def cut_off(session: Session, lease: outbox.Lease) -> bool:
        raise DatabaseUnavailable

    with monkeypatch.context() as broken, pytest.raises(DatabaseUnavailable):
        broken.setattr(outbox, "finish", cut_off)
        worker._work()
    assert job(library).state == "running"
    worker._work()
    assert (job(library).state, job(library).attempt) == ("done", 1)
    assert tries == ["a", "a"]


def test_a_job_waits_for_an_engine_however_often_it_is_down(
    library: Library,
    teacher: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    working_on: Callable[[Library], Worker],
) -> None:
    tries: list[str] = []

    def down_for_long(library: Library, upload_id: str) -> None:
        tries.append(upload_id)
        if len(tries) <= outbox.ATTEMPTS + 2:
            raise StorageUnavailable
        acceptance.accept_upload(library, upload_id)

    handle(monkeypatch, down_for_long)
    monkeypatch.setattr(outbox, "POSTPONED", outbox.POSTPONED / 500)
    view = send(library, teacher, "Bài 1.txt", b"Tap hop")
    working_on(library)
    soon(lambda: job(library).state == "done")

    assert job(library).attempt == 1
    assert uploads.status(library, teacher, view.id).state == "ready"


def test_a_job_that_always_fails_is_given_up_and_says_why(
    library: Library,
    teacher: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    working_on: Callable[[Library], Worker],
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("no luck")

    handle(monkeypatch, fail)
    monkeypatch.setattr(outbox, "FIRST_RETRY", outbox.FIRST_RETRY / 1_000_000)
    view = send(library, teacher, "Bài 1.txt", b"Tap hop")
    working_on(library)
    soon(lambda: job(library).state == "dead")
    assert uploads.status(library, teacher, view.id).reason == uploads.STUCK

    assert job(library).attempt == outbox.ATTEMPTS
    assert job(library).error == "ValueError: no luck"


def test_the_job_of_a_worker_that_died_is_taken_by_another(
    library: Library, teacher: Viewer, working_on: Callable[[Library], Worker]
) -> None:
    view = send(library, teacher, "Bài 1.txt", b"Tap hop")
    with library.database.write() as session:
        assert outbox.claim(session, [uploads.JOB]) is not None
        session.scalars(select(Job)).one().lease_until = utc_now()
    working_on(library)
    soon(lambda: uploads.status(library, teacher, view.id).state == "ready")

    soon(lambda: job(library).state == "done")
    assert job(library).attempt == 2


def test_a_long_job_keeps_its_lease(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEASE", outbox.LEASE / 100)
    monkeypatch.setattr(working, "LEASE", working.LEASE / 100)
    tries: list[str] = []

    def slow(_: Library, upload_id: str) -> None:
        tries.append(upload_id)
        time.sleep(1.5)

    handle(monkeypatch, slow)
    send(library, teacher, "Bài 1.txt", b"Tap hop")
    first, second = Worker(library, jobs=1), Worker(library, jobs=1)
    first.start()
    second.start()
    try:
        soon(lambda: job(library).state == "done")
    finally:
        first.stop()
        second.stop()
    assert len(tries) == 1


def test_two_workers_do_each_job_once(
    library: Library,
    teacher: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    working_on: Callable[[Library], Worker],
) -> None:
    done: list[str] = []

    def accept(library: Library, upload_id: str) -> None:
        done.append(upload_id)
        acceptance.accept_upload(library, upload_id)

    handle(monkeypatch, accept)
    views = [send(library, teacher, f"Bài {n}.txt", b"Bai %d" % n) for n in range(10)]
    working_on(library)
    working_on(library)

    def all_ready() -> bool:
        return all(uploads.status(library, teacher, view.id).state == "ready" for view in views)

    soon(all_ready, 20)
    assert sorted(done) == sorted(view.id for view in views)


def test_an_engine_that_comes_back_is_fed_within_seconds(
    library: Library,
    teacher: Viewer,
    editor: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    working_on: Callable[[Library], Worker],
) -> None:
    monkeypatch.setattr(working, "BACKOFF", 0.1)
    library, index = troubled(library)
    index.down = True
    working_on(library)
    made = draft(library, teacher)
    rev = materials.submit(library, teacher, made.card.id, made.rev).rev
    materials.publish(library, editor, made.card.id, rev)
    time.sleep(0.5)
    index.down = False

    soon(lambda: index.search(SearchQuery(as_typed("phân số"))).total == 1)
    assert material_by_id(library, teacher, made.card.id).card.status == "published"


def test_one_job_after_the_other_is_done_until_the_worker_is_asked_to_stop(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, done = Worker(sqlite_library, jobs=1), list[str]()

    def act(_: Library, key: str) -> None:
        done.append(key)
        if key == "b":
            worker.ask_to_stop()

    handle(monkeypatch, act)
    with sqlite_library.database.write() as session:
        for key in "abc":
            outbox.enqueue(session, uploads.JOB, key)
    worker._work()
    with sqlite_library.database.read() as session:
        states = dict(session.execute(select(Job.key, Job.state)).all())
    assert done == ["a", "b"]
    assert states == {"a": "done", "b": "done", "c": "open"}


def test_a_loop_survives_any_error(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BACKOFF", 0.01)
    worker = Worker(sqlite_library, jobs=0)
    errors: list[Exception] = [SearchUnavailable(), ValueError("unforeseen"), working.Busy()]
    raised: list[Exception] = []

    def loop() -> float:
        if not errors:
            worker.ask_to_stop()
            return 0
        raised.append(errors.pop())
        raise raised[-1]

    worker._repeat(loop)
    assert len(raised) == 3


@pytest.mark.parametrize(
    ("seconds", "fed", "rest"),
    [
        (0.0, 0, working.PAUSE),
        (0.01, 3, working.GATHERING),
        (0.2, 3, 0.8),
        (0.4, 3, working.GATHERED),
        (0.4, indexing.BATCH, 0),
    ],
)
def test_the_longer_an_index_takes_the_more_publications_come_together_for_it(
    library: Library, monkeypatch: pytest.MonkeyPatch, seconds: float, fed: int, rest: float
) -> None:
    clock = [100.0]

    def feed(*_: Any) -> int:
        clock[0] += seconds
        return fed

    monkeypatch.setattr(indexing, "feed", feed)
    monkeypatch.setattr(working, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    relay = Worker(library)._relay(library.indexes[0])

    assert relay() == pytest.approx(rest)


def test_what_takes_minutes_keeps_no_upload_waiting_and_is_given_up_at_the_end(
    library: Library,
    teacher: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    working_on: Callable[[Library], Worker],
) -> None:
    begun, stopped = threading.Semaphore(0), threading.Event()

    def convert(library: Library, sha256: str) -> None:
        begun.release()
        stopped.wait(20)
        raise InspectionUnavailable

    monkeypatch.setattr(working, "HEAVY", {"reinspect": convert})
    monkeypatch.setattr(library.converter, "stop", stopped.set)
    with library.database.write() as session:
        for sha256 in ("a" * 64, "b" * 64):
            outbox.enqueue(session, "reinspect", sha256)
    worker = working_on(library)
    assert begun.acquire(timeout=10)
    sent = send(library, teacher, "Phân số.txt", "Một phần hai".encode())
    soon(lambda: uploads.status(library, teacher, sent.id).state == "ready")
    assert not begun.acquire(blocking=False), "two that take minutes at once"
    worker.stop()
    with library.database.read() as session:
        left = session.scalars(select(Job).where(Job.kind == "reinspect")).all()
    assert [(job.state, job.attempt) for job in left] == [("open", 0), ("open", 0)]
