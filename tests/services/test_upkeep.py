"""What the janitor takes away, what it picks up again, and what it leaves alone."""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from repo_server.database.models import Job, Upload, utc_now
from repo_server.domain.access import Viewer
from repo_server.services import upkeep, uploads
from repo_server.services.acceptance import accept_upload
from repo_server.services.library import Library
from repo_server.services.uploads import Declaration
from tests.libraries import send, upload

TEN = b"0123456789"


def change(library: Library, upload_id: str, act: Callable[[Upload], None]) -> None:
    with library.database.write() as session:
        act(session.get_one(Upload, upload_id))


def half(library: Library, teacher: Viewer) -> str:
    """An upload of which half has arrived."""
    view, _ = uploads.declare(library, teacher, Declaration("Bài 1.txt", 10), None)
    with uploads.receive(library, teacher, view.id, 0) as receiver:
        receiver.write(TEN[:5])
    return view.id


def stray(library: Library, upload_id: str, *, days: float) -> None:
    """Staged bytes without an upload, of that age."""
    with library.staging.append(upload_id, 0) as writer:
        writer.write(TEN)
    then = (utc_now() - timedelta(days=days)).timestamp()
    os.utime(library.staging.path(upload_id), (then, then))


def staged(library: Library) -> set[str]:
    return {entry.upload_id for entry in library.staging.entries()}


def jobs(library: Library) -> int:
    with library.database.read() as session:
        return session.scalar(select(func.count(Job.id))) or 0


def test_an_upload_past_its_time_expires_and_its_bytes_go(
    library: Library, teacher: Viewer
) -> None:
    old, young = half(library, teacher), half(library, teacher)
    change(library, old, lambda row: setattr(row, "expires_at", utc_now() - timedelta(hours=1)))
    upkeep.tidy(library)

    assert uploads.status(library, teacher, old).state == "expired"
    assert uploads.status(library, teacher, young).state == "receiving"
    assert uploads.status(library, teacher, young).offset == 5
    assert staged(library) == {young}


def test_a_complete_upload_does_not_expire(library: Library, teacher: Viewer) -> None:
    view = send(library, teacher, "Bài 1.txt", TEN)
    change(library, view.id, lambda row: setattr(row, "expires_at", utc_now() - timedelta(days=1)))
    upkeep.tidy(library)

    assert uploads.status(library, teacher, view.id).state == "received"
    accept_upload(library, view.id)
    assert uploads.status(library, teacher, view.id).state == "ready"


def test_bytes_that_no_upload_needs_go_and_young_unknown_ones_stay(
    library: Library, teacher: Viewer
) -> None:
    done = upload(library, teacher, "Bài 1.txt", TEN)
    stray(library, done.id, days=0)
    stray(library, "a" * 32, days=2)
    stray(library, "b" * 32, days=0.5)
    needed = half(library, teacher)
    waiting = send(library, teacher, "Bài 2.txt", TEN)
    upkeep.tidy(library)

    assert staged(library) == {"b" * 32, needed, waiting.id}


def test_bytes_that_are_in_use_are_left_for_another_round(
    library: Library, teacher: Viewer
) -> None:
    view, _ = uploads.declare(library, teacher, Declaration("Bài 1.txt", 10), None)
    with uploads.receive(library, teacher, view.id, 0) as receiver:
        uploads.cancel(library, teacher, view.id)
        upkeep.tidy(library)
        receiver.write(TEN[:3])
    assert staged(library) == {view.id}

    upkeep.tidy(library)
    assert staged(library) == set()


def test_a_received_upload_whose_job_was_lost_gets_another(
    library: Library, teacher: Viewer
) -> None:
    view = send(library, teacher, "Bài 1.txt", TEN)
    with library.database.write() as session:
        session.delete(session.scalars(select(Job)).one())
    upkeep.tidy(library)
    assert jobs(library) == 0

    change(library, view.id, lambda row: setattr(row, "updated_at", utc_now() - timedelta(hours=1)))
    upkeep.tidy(library)
    upkeep.tidy(library)
    assert jobs(library) == 1


@pytest.mark.parametrize(("state", "count"), [("running", 1), ("dead", 1), ("done", 2)])
def test_a_job_that_is_worked_on_or_was_given_up_is_not_doubled(
    library: Library, teacher: Viewer, state: str, count: int
) -> None:
    view = send(library, teacher, "Bài 1.txt", TEN)
    with library.database.write() as session:
        job = session.scalars(select(Job)).one()
        job.state, job.finished_at = state, utc_now()
    change(library, view.id, lambda row: setattr(row, "updated_at", utc_now() - timedelta(hours=1)))
    upkeep.tidy(library)

    assert jobs(library) == count


def test_an_upload_whose_receiver_died_after_the_last_byte_is_completed(
    library: Library, teacher: Viewer
) -> None:
    view, _ = uploads.declare(library, teacher, Declaration("Bài 1.txt", 10), None)
    with library.staging.append(view.id, 0) as writer:
        writer.write(TEN)
    assert uploads.status(library, teacher, view.id).state == "receiving"
    unfinished = half(library, teacher)
    upkeep.tidy(library)

    assert uploads.status(library, teacher, view.id).state == "received"
    assert uploads.status(library, teacher, unfinished).state == "receiving"
    assert jobs(library) == 1
    accept_upload(library, view.id)
    assert uploads.status(library, teacher, view.id).state == "ready"


def test_an_upload_whose_last_byte_is_arriving_is_left_to_its_receiver(
    library: Library, teacher: Viewer
) -> None:
    view, _ = uploads.declare(library, teacher, Declaration("Bài 1.txt", 10), None)
    with uploads.receive(library, teacher, view.id, 0) as receiver:
        receiver.write(TEN)
        upkeep.tidy(library)
        assert uploads.status(library, teacher, view.id).state == "receiving"
    assert uploads.status(library, teacher, view.id).state == "received"


def test_old_finished_jobs_are_forgotten(library: Library, teacher: Viewer) -> None:
    for age, state in ((8, "done"), (6, "done"), (8, "dead")):
        send(library, teacher, f"{age} {state}.txt", TEN)
        with library.database.write() as session:
            job = session.scalars(select(Job).order_by(Job.id.desc())).first()
            assert job is not None
            job.state, job.finished_at = state, utc_now() - timedelta(days=age)
    upkeep.tidy(library)

    with library.database.read() as session:
        left = session.execute(select(Job.state, Job.finished_at)).all()
    assert sorted(state for state, _ in left) == ["dead", "done"]


def test_a_round_may_be_repeated_at_any_moment(library: Library, teacher: Viewer) -> None:
    upload(library, teacher, "Bài 1.txt", TEN)
    for _ in range(3):
        upkeep.tidy(library)
    assert len(list(library.storage.list("blobs/"))) == 1
