"""Jobs that were given up: dropped for good, with a word to whoever waits."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry, Job, Upload, utc_now
from repo_server.domain.access import Viewer
from repo_server.domain.errors import Forbidden, NotFound
from repo_server.services import acceptance, upkeep, uploads
from repo_server.services.keeping import given_up
from repo_server.services.library import Library
from tests.libraries import send


def dead(library: Library, teacher: Viewer) -> tuple[int, str]:
    """(job, upload) of a check that failed at every attempt."""
    view = send(library, teacher, "Bài.txt", b"Mot hai")
    with library.database.write() as session:
        job = session.scalars(select(Job).where(Job.key == view.id)).one()
        job.state, job.attempt, job.finished_at, job.error = "dead", 6, utc_now(), "OSError: x"
    return job.id, view.id


def test_the_sender_of_a_dropped_file_is_told_and_its_bytes_go(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    job_id, upload_id = dead(library, teacher)
    assert uploads.status(library, teacher, upload_id).reason == uploads.STUCK
    given_up.drop_job(library, admin, job_id)

    told = uploads.status(library, teacher, upload_id)
    assert (told.state, told.verdict, told.reason) == (
        "rejected", "dropped", acceptance.DROPPED_REASON,
    )  # fmt: skip
    with library.database.read() as session:
        assert given_up.dead_jobs(session) == ()
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "job.drop"
    with library.database.write() as session:
        session.get_one(Upload, upload_id).updated_at = utc_now() - timedelta(hours=1)
    upkeep.tidy(library)
    assert list(library.staging.entries()) == []
    with library.database.read() as session:
        assert session.scalars(select(Job.state)).all() == ["dropped"]


def test_a_job_that_was_asked_for_again_settles_nothing(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    job_id, upload_id = dead(library, teacher)
    with library.database.write() as session:
        upkeep.outbox.enqueue(session, uploads.JOB, upload_id)
    given_up.drop_job(library, admin, job_id)
    acceptance.accept_upload(library, upload_id)
    assert uploads.status(library, teacher, upload_id).state == "ready"


def test_only_the_dead_are_dropped_and_only_by_administrators(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    job_id, _ = dead(library, teacher)
    with pytest.raises(Forbidden):
        given_up.drop_job(library, editor, job_id)
    given_up.drop_job(library, admin, job_id)
    for act in (given_up.drop_job, given_up.retry_job):
        with pytest.raises(NotFound):
            act(library, admin, job_id)
