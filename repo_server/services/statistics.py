"""What those who run the library watch: how much there is, what waits, what was given up.

Numbers only, and the errors of jobs; nothing of a person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Account,
    AccountMembership,
    AuditEntry,
    Blob,
    Job,
    Material,
    Upload,
    utc_now,
)
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import Conflict, KhoError, NotFound
from repo_server.services import backup, restoring
from repo_server.services.library import Library

DEAD_SHOWN: Final = 50
"""Given-up jobs that are shown, newest first."""

JOB_STATES: Final = ("open", "running", "dead")
UPLOAD_STATES: Final = ("receiving", "received", "ready", "rejected", "cancelled", "expired")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are, by state; `oldest_job` is when the job was due that waits longest."""

    materials: Mapping[str, int]
    uploads: Mapping[str, int]
    jobs: Mapping[str, int]
    index_lag: Mapping[str, int]
    oldest_job: datetime | None


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up after its last attempt; `error` is for those who run the library."""

    id: int
    kind: str
    key: str
    attempts: int
    error: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The library at a glance; free bytes are None where nobody can say."""

    counts: Counts
    accounts: Mapping[str, int]
    blobs: int
    blob_bytes: int
    dead_jobs: tuple[DeadJob, ...]
    free_here: int | None
    free_in_storage: int | None
    last_backup: datetime | None
    last_restore: datetime | None


def counts(library: Library) -> Counts:
    """What a monitor asks for every few seconds: a handful of counts."""
    with library.database.read() as session:
        return _counts(library, session)


def _counts(library: Library, session: Session) -> Counts:
    jobs = _by(session, Job.state, Job.state.in_(JOB_STATES))
    uploads = _by(session, Upload.state)
    return Counts(
        materials=_by(session, Material.status, Material.deleted_at.is_(None)),
        uploads={state: uploads.get(state, 0) for state in UPLOAD_STATES},
        jobs={state: jobs.get(state, 0) for state in JOB_STATES},
        index_lag={index.name: outbox.lag(session, index.name) for index in library.indexes},
        oldest_job=session.scalar(
            select(func.min(Job.run_at)).where(Job.state == "open", Job.run_at <= utc_now())
        ),
    )


def _by(
    session: Session, state: "InstrumentedAttribute[str]", *where: ColumnElement[bool]
) -> dict[str, int]:
    statement = select(state, func.count()).where(*where).group_by(state).order_by(state)
    return dict(session.execute(statement).all())


def overview(library: Library, viewer: Viewer) -> Overview:
    """Everything for the administrators' page. Raises NotAuthenticated, Forbidden."""
    require(viewer, Action.ADMINISTER)
    with library.database.read() as session:
        held, size = session.execute(
            select(func.count(), func.coalesce(func.sum(Blob.size), 0)).where(Blob.state == "live")
        ).one()
        return Overview(
            counts=_counts(library, session),
            accounts=_accounts(session),
            blobs=held,
            blob_bytes=int(size),
            dead_jobs=_dead_jobs(session),
            free_here=_free(library.staging.free_bytes),
            free_in_storage=_free(library.storage.free_bytes),
            last_backup=session.scalar(_last(backup.ACTION)),
            last_restore=session.scalar(_last(restoring.ACTION)),
        )


def _accounts(session: Session) -> dict[str, int]:
    """People by role; whoever has two roles counts twice, whoever is locked out not at all."""
    people = func.count(AccountMembership.account_id.distinct())
    statement = (
        select(AccountMembership.role, people)
        .join(Account, Account.id == AccountMembership.account_id)
        .where(Account.disabled_at.is_(None))
        .group_by(AccountMembership.role)
    )
    return dict(session.execute(statement).all())


def _dead_jobs(session: Session) -> tuple[DeadJob, ...]:
    dead = select(Job).where(Job.state == "dead").order_by(Job.id.desc()).limit(DEAD_SHOWN)
    return tuple(
        DeadJob(job.id, job.kind, job.key, job.attempt, job.error or "", job.finished_at)
        for job in session.scalars(dead)
    )


def _last(action: str) -> Select[datetime]:
    # By number: the newest entry of an action is found from the end of the chain.
    newest = select(func.max(AuditEntry.seq)).where(AuditEntry.action == action)
    return select(AuditEntry.at).where(AuditEntry.seq == newest.scalar_subquery())


def _free(ask: Callable[[], int | None]) -> int | None:
    try:
        return ask()
    except KhoError:
        return None


def retry_job(library: Library, viewer: Viewer, job_id: int) -> None:
    """Let a job that was given up be tried again, from its first attempt.

    Raises NotFound for a job that is not among the dead, NotAuthenticated, Forbidden.
    """
    require(viewer, Action.ADMINISTER)
    try:
        with library.database.write() as session:
            job = session.get(Job, job_id, with_for_update=True)
            if job is None or job.state != "dead":
                raise NotFound
            if _is_asked_for_again(session, job):
                session.execute(delete(Job).where(Job.id == job_id))
            else:
                job.state, job.attempt, job.run_at = "open", 0, utc_now()
                job.finished_at = None
            audit.record(session, viewer.account_id, "job.retry", "job", f"{job.kind} {job.key}")
    except IntegrityError as error:
        # The same work was asked for between our look and the commit.
        raise Conflict from error


def _is_asked_for_again(session: Session, job: Job) -> bool:
    unfinished = Job.state.in_(("open", "running"))
    same = select(Job.id).where(Job.kind == job.kind, Job.key == job.key, unfinished)
    return session.scalar(same.limit(1)) is not None
