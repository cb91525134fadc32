"""Bytes that no file refers to any more go in two phases, so that nobody can lose what comes back.

A blob without a file is marked unused in the commit that takes its last file away. After a day it
is doomed, in a commit of its own; then its object is deleted, and at last the row. Whoever brings
the same bytes at any of these moments stores them under the next generation (see
`services.acceptance`): a deletion that comes late cannot hit them. Whoever dies between two steps
leaves a doomed row, with which the next round goes on.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import (
    Blob,
    Derivative,
    MaterialFile,
    Reading,
    TextSegment,
    database_now,
    utc_now,
)
from repo_server.database.turns import turn
from repo_server.domain.errors import Busy
from repo_server.failpoints import reached
from repo_server.services import fingerprints
from repo_server.services.library import Library
from repo_server.storage.base import ObjectKey

UNUSED: Final = timedelta(hours=24)
"""How long a blob stays after its last file went: an undo costs nothing until then."""

BATCH: Final = 100
JOB: Final = "delete_generation"

ROUND: Final = 2_000
"""Blobs that one round collects at most: a round must not keep the janitor from its other work."""


def release(session: Session, hashes: Collection[str]) -> None:
    """Mark those of the blobs unused that no file refers to any more; call after the files went."""
    session.flush()
    session.execute(
        update(Blob)
        .where(
            Blob.sha256.in_(hashes),
            Blob.state == "live",
            Blob.unused_since.is_(None),
            ~refers_to_blob(),
        )
        .values(unused_since=database_now())
    )


def refers_to_blob() -> ColumnElement[bool]:
    """Whether a file refers to the row of `Blob` that a statement looks at."""
    return exists().where(MaterialFile.sha256 == Blob.sha256)


def collect(library: Library) -> int:
    """Doom what has been unused for a day, and finish what is doomed; returns how many went.

    One collects at a time: Busy is no error, somebody else does it.
    """
    try:
        with turn(library.database, "collect"):
            while _doom_some(library) == BATCH:
                continue
            return _finish_doomed(library)
    except Busy:
        return 0


def _doom_some(library: Library) -> int:
    with library.database.write() as session:
        due = _now(session) - UNUSED
        found = session.scalars(
            select(Blob.sha256)
            .where(Blob.unused_since <= due, Blob.state == "live")
            .order_by(Blob.unused_since)
            .limit(BATCH)
        ).all()
        for sha256 in found:
            _doom(session, sha256)
        if found:
            reached("C29")
    if found:
        reached("C30")
    return len(found)


def _doom(session: Session, sha256: str) -> None:
    """Doom a blob, or learn that a file has come to refer to it."""
    # Locked first and asked afterwards: whoever adds a file holds the same row until its commit.
    blob = session.get(Blob, sha256, with_for_update=True, populate_existing=True)
    if blob is None or blob.state != "live":
        return
    if _is_used(session, sha256):
        blob.unused_since = None
    else:
        blob.state = "doomed"


def _is_used(session: Session, sha256: str) -> bool:
    return bool(session.scalar(select(exists().where(MaterialFile.sha256 == sha256))))


def _finish_doomed(library: Library) -> int:
    with library.database.read() as session:
        doomed = session.scalars(
            select(Blob.sha256).where(Blob.state == "doomed").limit(ROUND)
        ).all()
    return sum(finish(library, sha256) for sha256 in doomed)


def finish(library: Library, sha256: str) -> bool:
    """Delete the bytes of a doomed blob and then its row; False when it is not doomed any more.

    The row is locked from the look to the commit, so that nobody can bring the same generation
    back in between. Raises StorageUnavailable: the row stays doomed, another round goes on.
    """
    with library.database.write() as session:
        blob = session.get(Blob, sha256, with_for_update=True)
        if blob is None or blob.state != "doomed":
            return False
        if _is_used(session, sha256):
            blob.state, blob.unused_since = "live", None
            return False
        library.storage.delete(ObjectKey.blob(sha256, blob.generation))
        reached("C31")
        _delete_images(library, sha256, _now(session) - UNUSED / 2)
        for model in (TextSegment, Derivative, Reading):
            session.execute(delete(model).where(model.sha256 == sha256))
        fingerprints.forget(session, sha256)
        session.delete(blob)
    reached("C32")
    return True


def supersede(session: Session, sha256: str, generation: int) -> None:
    """Have the object of a generation deleted that a newer one takes the place of."""
    outbox.enqueue(session, JOB, f"{sha256}.{generation}")


def delete_generation(library: Library, key: str) -> None:
    """The job of `supersede`; harmless when it is repeated."""
    sha256, _, generation = key.partition(".")
    with library.database.write() as session:
        blob = session.get(Blob, sha256, with_for_update=True)
        # Without a row somebody may be storing the same bytes under this very name.
        if blob is not None and blob.generation > int(generation):
            library.storage.delete(ObjectKey.blob(sha256, int(generation)))


def _delete_images(library: Library, sha256: str, old: datetime) -> None:
    # Younger ones were drawn by somebody who is bringing the same bytes back at this moment.
    folder = str(ObjectKey.derivative(sha256, "x")).removesuffix("x")
    for info in list(library.storage.list(folder)):
        if info.modified_at < old:
            library.storage.delete(info.key)


def _now(session: Session) -> datetime:
    return session.scalar(select(database_now())) or utc_now()
