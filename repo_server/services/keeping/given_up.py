"""Jobs that were given up after their last attempt: administrators try them again or drop them.

Nothing of them is forgotten by itself: what such a job was to do is still undone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import Job, utc_now
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import Conflict, NotFound
from repo_server.services import acceptance, uploads
from repo_server.services.library import Library

SHOWN: Final = 50
"""Given-up jobs that are shown, newest first."""

SETTLING: Final[Mapping[str, Callable[[Session, str], None]]] = {
    uploads.JOB: acceptance.give_up,
}
"""What has to be said, in the same commit, to those who wait for a job that is dropped."""


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up after its last attempt; `error` is for those who run the library."""

    id: int
    kind: str
    key: str
    attempts: int
    error: str
    finished_at: datetime | None


def dead_jobs(session: Session) -> tuple[DeadJob, ...]:
    """The newest of them."""
    dead = select(Job).where(Job.state == "dead").order_by(Job.id.desc()).limit(SHOWN)
    return tuple(
        DeadJob(job.id, job.kind, job.key, job.attempt, job.error or "", job.finished_at)
        for job in session.scalars(dead)
    )


def retry_job(library: Library, viewer: Viewer, job_id: int) -> None:
    """Let a job that was given up be tried again, from its first attempt.

    Raises NotFound for a job that is not among the dead, NotAuthenticated, Forbidden.
    """
    require(viewer, Action.ADMINISTER)
    try:
        with library.database.write() as session:
            job = _dead(session, job_id)
            if _is_asked_for_again(session, job):
                session.execute(delete(Job).where(Job.id == job_id))
            else:
                job.state, job.attempt, job.run_at = "open", 0, utc_now()
                job.finished_at = None
            _record(session, viewer, "job.retry", job)
    except IntegrityError as error:
        # The same work was asked for between our look and the commit.
        raise Conflict from error


def drop_job(library: Library, viewer: Viewer, job_id: int) -> None:
    """Give a job up for good, and tell those who wait for it.

    Raises NotFound for a job that is not among the dead, NotAuthenticated, Forbidden.
    """
    require(viewer, Action.ADMINISTER)
    with library.database.write() as session:
        job = _dead(session, job_id)
        job.state, job.finished_at = "dropped", utc_now()
        settle = SETTLING.get(job.kind)
        if settle is not None and not _is_asked_for_again(session, job):
            settle(session, job.key)
        _record(session, viewer, "job.drop", job)


def _dead(session: Session, job_id: int) -> Job:
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state != "dead":
        raise NotFound
    return job


def _is_asked_for_again(session: Session, job: Job) -> bool:
    unfinished = Job.state.in_(("open", "running"))
    same = select(Job.id).where(Job.kind == job.kind, Job.key == job.key, unfinished)
    return session.scalar(same.limit(1)) is not None


def _record(session: Session, viewer: Viewer, action: str, job: Job) -> None:
    audit.record(session, viewer.account_id, action, "job", f"{job.kind} {job.key}"[:80])
