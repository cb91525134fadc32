"""What those who run the library watch: how much there is, what waits, what was given up.

Numbers only, and the errors of jobs; nothing of a person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from repo_server.database import outbox
from repo_server.database.models import (
    Account,
    AccountMembership,
    AuditEntry,
    Blob,
    IndexTarget,
    Job,
    Material,
    Upload,
    utc_now,
)
from repo_server.database.queries import damage
from repo_server.database.queries.damage import DamagedFile
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import KhoError
from repo_server.services import backup, restoring
from repo_server.services.keeping import given_up, verdicts
from repo_server.services.keeping.given_up import DeadJob
from repo_server.services.keeping.verdicts import Verdict
from repo_server.services.library import Library

DAMAGED_SHOWN: Final = 50
"""Damaged files that are shown, last found first."""

JOB_STATES: Final = ("open", "running", "dead")
UPLOAD_STATES: Final = (
    "receiving", "received", "ready", "rejected", "quarantined", "cancelled", "expired",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """When some and all of an index was last compared with the database, by the library itself.

    `drifted`: how many materials were found wrong then, and were fed again; None before the first.
    """

    sampled_at: datetime | None
    compared_at: datetime | None
    drifted: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are, by state.

    `damaged` and `quarantined` count stored files that are not handed out.
    `oldest_job` is when the job was due that waits longest, `longest_unverified` when the file was
    read again that was looked at longest ago.
    """

    materials: Mapping[str, int]
    uploads: Mapping[str, int]
    jobs: Mapping[str, int]
    index_lag: Mapping[str, int]
    comparisons: Mapping[str, Comparison]
    oldest_job: datetime | None
    damaged: int
    quarantined: int
    longest_unverified: datetime | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The library at a glance; free bytes are None where nobody can say."""

    counts: Counts
    accounts: Mapping[str, int]
    blobs: int
    blob_bytes: int
    dead_jobs: tuple[DeadJob, ...]
    damaged: tuple[DamagedFile, ...]
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
        materials=_materials(session),
        uploads={state: uploads.get(state, 0) for state in UPLOAD_STATES},
        jobs={state: jobs.get(state, 0) for state in JOB_STATES},
        index_lag={index.name: outbox.lag(session, index.name) for index in library.indexes},
        comparisons=_comparisons(library, session),
        oldest_job=session.scalar(
            select(func.min(Job.run_at)).where(Job.state == "open", Job.run_at <= utc_now())
        ),
        damaged=damage.damaged_count(session),
        quarantined=damage.quarantined_count(session),
        longest_unverified=damage.longest_unverified(session),
        verdict=verdicts.last_verdict(session),
    )


def _materials(session: Session) -> dict[str, int]:
    """Materials by state, deleted ones aside: two walks through indexes, none through the rows."""
    deleted = _by(session, Material.status, Material.deleted_at.is_not(None))
    found = {
        state: count - deleted.get(state, 0)
        for state, count in _by(session, Material.status).items()
    }
    return {state: count for state, count in found.items() if count}


def _comparisons(library: Library, session: Session) -> dict[str, Comparison]:
    names = [index.name for index in library.indexes]
    targets = session.scalars(select(IndexTarget).where(IndexTarget.name.in_(names)))
    return {one.name: Comparison(one.sampled_at, one.compared_at, one.drifted) for one in targets}


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
            dead_jobs=given_up.dead_jobs(session),
            damaged=tuple(damage.damaged_files(session, DAMAGED_SHOWN)),
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


def _last(action: str) -> Select[datetime]:
    # By number: the newest entry of an action is found from the end of the chain.
    newest = select(func.max(AuditEntry.seq)).where(AuditEntry.action == action)
    return select(AuditEntry.at).where(AuditEntry.seq == newest.scalar_subquery())


def _free(ask: Callable[[], int | None]) -> int | None:
    try:
        return ask()
    except KhoError:
        return None
