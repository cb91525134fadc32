"""Blobs that were found damaged, and the materials that they are part of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from repo_server.database.models import Blob, Material, MaterialFile


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """A file whose stored bytes are wrong or gone, for those who run the library."""

    sha256: str
    name: str
    code: str
    title: str
    damaged_at: datetime


def damaged_files(session: Session, limit: int) -> Sequence[DamagedFile]:
    """The files that refer to damaged blobs, last found first."""
    rows = session.execute(
        select(Blob.sha256, MaterialFile.name, Material.code, Material.title, Blob.damaged_at)
        .join(MaterialFile, MaterialFile.sha256 == Blob.sha256)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(Blob.damaged_at.is_not(None))
        .order_by(Blob.damaged_at.desc(), Blob.sha256, MaterialFile.id)
        .limit(limit)
    )
    return [DamagedFile(*row[:4], damaged_at) for row in rows if (damaged_at := row[4]) is not None]


def damaged_count(session: Session) -> int:
    """How many blobs are damaged."""
    statement = select(func.count()).select_from(Blob).where(Blob.damaged_at.is_not(None))
    return session.scalar(statement) or 0


def quarantined_count(session: Session) -> int:
    """In how many blobs a threat was found."""
    statement = select(func.count()).select_from(Blob).where(Blob.quarantined_at.is_not(None))
    return session.scalar(statement) or 0


def longest_unverified(session: Session) -> datetime | None:
    """When the blob was hashed that was looked at longest ago."""
    return session.scalar(select(func.min(Blob.verified_at)).where(Blob.state == "live"))
