"""Which readers have looked at which bytes, in which version, and what is still due.

A reading is about bytes, not about names: files with the same bytes share it. It is written in the
commit that keeps what the reader found, so that whoever dies in between has simply not read.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import Blob, Job, MaterialFile, Reading, utc_now
from repo_server.domain.readers import CONTENTS, POSTER, READERS, WORDS, Reader, able
from repo_server.inspection.base import Inspection

JOB: Final = "reinspect"
"""The job that lets every reader that is due look at the bytes of its key."""

DONE: Final = "done"
NOTHING: Final = "nothing"
REFUSED: Final = "refused"
OUTCOMES: Final = (DONE, NOTHING, REFUSED)
"""Something was found and kept; there is nothing to add; the reader could not read the file."""


def note(session: Session, sha256: str, reader: Reader, outcome: str) -> None:
    """Write down that a reader of the present version has looked at a blob; never lowers one."""
    _note(session, sha256, {reader: outcome}, _versions(session, sha256))


def _note(
    session: Session, sha256: str, outcomes: Mapping[Reader, str], known: Mapping[str, int]
) -> None:
    rows = [
        {
            "sha256": sha256,
            "reader": reader.code,
            "version": reader.version,
            "outcome": outcome,
            "at": utc_now(),
        }
        for reader, outcome in outcomes.items()
        if known.get(reader.code, 0) <= reader.version
    ]
    if rows:
        outbox.upsert(session, Reading, rows, changing=("version", "outcome", "at"))


def note_acceptance(
    session: Session, sha256: str, found: Inspection, engines: Collection[str]
) -> None:
    """What the look at an upload has done already, and a job for the readers that are left."""
    kind, readers = found.kind, able(engines)
    outcomes = {
        reader: DONE
        for reader in readers
        if kind in reader.kinds and reader.code in (CONTENTS, POSTER)
    }
    if kind == "pdf" and len(found.segments) >= (found.page_count or 1):
        # Every page has letters of its own: nothing is left to be recognized.
        outcomes[READERS[WORDS]] = NOTHING
    known = _versions(session, sha256)
    _note(session, sha256, outcomes, known)
    if _due({**known, **{reader.code: reader.version for reader in outcomes}}, {kind}, readers):
        outbox.enqueue(session, JOB, sha256)


def due_readers(
    session: Session, sha256: str, kinds: Collection[str], readers: Iterable[Reader]
) -> tuple[Reader, ...]:
    """Those of the readers that have not looked at this blob in their present version."""
    return _due(_versions(session, sha256), kinds, readers)


def _due(
    versions: Mapping[str, int], kinds: Collection[str], readers: Iterable[Reader]
) -> tuple[Reader, ...]:
    return tuple(
        reader
        for reader in readers
        if reader.kinds.intersection(kinds) and versions.get(reader.code, 0) < reader.version
    )


_VERSIONS: Final = select(Reading.reader, Reading.version).where(
    Reading.sha256 == bindparam("sha256")
)


def _versions(session: Session, sha256: str) -> dict[str, int]:
    """The version in which each reader has looked at a blob."""
    return dict(session.execute(_VERSIONS, {"sha256": sha256}).all())


def forget(session: Session, sha256: str, reader: str | None = None) -> None:
    """Treat a blob as not read by this reader, or by any."""
    statement = delete(Reading).where(Reading.sha256 == sha256)
    session.execute(statement if reader is None else statement.where(Reading.reader == reader))


def candidates(
    readers: Collection[Reader], *, kinds: Collection[str] = (), missing: bool
) -> Select[str]:
    """Hashes of the blobs of present files that these readers can look at, in order.

    `kinds` narrows them; with `missing` only those that one of the readers has yet to look at.
    """
    chosen = [_looked_at_by(reader, missing=missing) for reader in readers]
    statement = (
        select(MaterialFile.sha256)
        .join(Blob, Blob.sha256 == MaterialFile.sha256)
        .where(MaterialFile.removed_at.is_(None), Blob.state == "live", or_(*chosen))
        .distinct()
        .order_by(MaterialFile.sha256)
    )
    return statement.where(MaterialFile.kind.in_(kinds)) if kinds else statement


def _looked_at_by(reader: Reader, *, missing: bool) -> ColumnElement[bool]:
    fits = MaterialFile.kind.in_(sorted(reader.kinds))
    if not missing:
        return fits
    read = exists().where(
        Reading.sha256 == MaterialFile.sha256,
        Reading.reader == reader.code,
        Reading.version >= reader.version,
    )
    return and_(fits, ~read)


def unasked(statement: Select[str]) -> Select[str]:
    """Of these blobs those for which no job waits, and none was given up."""
    asked = exists().where(
        Job.kind == JOB,
        Job.key == MaterialFile.sha256,
        Job.state.in_(("open", "running", "dead")),
    )
    return statement.where(~asked)


def waiting_files(session: Session, readers: Iterable[Reader]) -> dict[str, int]:
    """For each reader the number of blobs that it has yet to look at."""
    return {
        reader.code: session.scalar(
            select(func.count()).select_from(candidates((reader,), missing=True).subquery())
        )
        or 0
        for reader in readers
    }
