"""The janitor: what crashes and time leave behind. Nothing else deletes bytes."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import Job, Upload, utc_now
from repo_server.domain.errors import Busy, Conflict, WrongOffset
from repo_server.failpoints import reached
from repo_server.services import catalogue_words, sign_ins
from repo_server.services.keeping import disposal, quarantine, tombstones
from repo_server.services.library import Library
from repo_server.services.uploads import JOB, Receiver

INTERVAL: Final = 60.0
"""Seconds between two rounds."""

GRACE: Final = timedelta(hours=24)
"""Age from which staged bytes without an upload, and unfinished writes, are nobody's."""

WANTED: Final = ("receiving", "received", "quarantined")
"""States of an upload whose staged bytes are needed."""

KEEP_JOBS: Final = timedelta(days=7)


def tidy(library: Library) -> None:
    """One round; repeatable at any moment, by any number of processes."""
    with library.database.write() as session:
        _expire_uploads(session)
        quarantine.expire(session)
        _resume_received(session)
        _forget_done_jobs(session)
    reached("C39")
    sign_ins.forget_expired(library)
    _complete_whole(library)
    _discard_staging(library)
    library.storage.tidy(GRACE)
    tombstones.purge(library)
    disposal.collect(library)
    reached("C40")
    catalogue_words.ask_if_due(library)


def _expire_uploads(session: Session) -> None:
    session.execute(
        update(Upload)
        .where(Upload.state == "receiving", Upload.expires_at < utc_now())
        .values(state="expired", updated_at=utc_now())
    )


def _complete_whole(library: Library) -> None:
    """An upload all of whose bytes are there, though whoever received the last one died at once.

    Its client learns from the offset that there is nothing more to send, and sends nothing.
    """
    sizes = {entry.upload_id: entry.size for entry in library.staging.entries()}
    with library.database.read() as session:
        receiving = session.scalars(select(Upload).where(Upload.state == "receiving")).all()
    for upload in receiving:
        if sizes.get(upload.id) == upload.size:
            with suppress(Busy, Conflict, WrongOffset), Receiver(library, upload, upload.size):
                pass


def _resume_received(session: Session) -> None:
    """An upload that is complete but has no job lost it with a process that died."""
    unfinished = exists().where(
        Job.kind == JOB, Job.key == Upload.id, Job.state.in_(("open", "running", "dead"))
    )
    settled = utc_now() - timedelta(minutes=5)
    waiting = select(Upload.id).where(
        Upload.state == "received", Upload.updated_at < settled, ~unfinished
    )
    for upload_id in session.scalars(waiting).all():
        outbox.enqueue(session, JOB, upload_id)


def _forget_done_jobs(session: Session) -> None:
    over = Job.state.in_(("done", "dropped"))
    session.execute(delete(Job).where(over, Job.finished_at < utc_now() - KEEP_JOBS))


def stale_staging(library: Library) -> list[str]:
    """Ids of staged bytes that no upload will need: finished, given up, expired or unknown."""
    old = utc_now() - GRACE
    staged = {entry.upload_id: entry.modified_at for entry in library.staging.entries()}
    with library.database.read() as session:
        wanted = set(session.scalars(select(Upload.id).where(Upload.state.in_(WANTED))))
        known = set(session.scalars(select(Upload.id).where(Upload.id.in_(list(staged)))))
    # Bytes whose upload is unknown may belong to a transaction that is not visible yet.
    return [
        upload_id
        for upload_id, modified_at in staged.items()
        if upload_id not in wanted and (upload_id in known or modified_at < old)
    ]


def _discard_staging(library: Library) -> None:
    for upload_id in stale_staging(library):
        try:
            library.staging.discard(upload_id)
        except Busy:
            continue
