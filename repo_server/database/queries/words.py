"""What is published, as words: only what everybody may read is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from repo_server.database.models import CataloguePassage, Material, MaterialFile
from repo_server.database.queries import files as file_queries
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.materials import Status

_PUBLIC: Final = (Material.status == Status.PUBLISHED, visible(ANONYMOUS))


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A material's own words."""

    id: int
    title: str
    description: str
    keywords: tuple[str, ...]


def published(session: Session) -> int:
    """How many materials everybody may read."""
    statement = select(func.count()).select_from(Material)
    return session.scalar(statement.where(*_PUBLIC)) or 0


def published_after(session: Session, material_id: int, limit: int) -> list[PublishedText]:
    """The next published materials by id."""
    rows = session.execute(
        select(Material.id, Material.title, Material.description, Material.keywords)
        .where(Material.id > material_id, *_PUBLIC)
        .order_by(Material.id)
        .limit(limit)
    )
    return [PublishedText(*row[:3], tuple(row.keywords)) for row in rows]


def beginnings(session: Session, ids: Sequence[int], *, pages: int, length: int) -> list[str]:
    """The first pages of what these materials say, from their files and from their catalogue."""
    hashes = session.scalars(
        select(MaterialFile.sha256)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(MaterialFile.material_id.in_(ids), MaterialFile.removed_at.is_(None), *_PUBLIC)
        .distinct()
    ).all()
    found = file_queries.beginnings(session, ANONYMOUS, hashes, pages=pages, length=length)
    passages = session.scalars(
        select(func.substr(CataloguePassage.text, 1, length))
        .join(Material, Material.id == CataloguePassage.material_id)
        .where(CataloguePassage.material_id.in_(ids), CataloguePassage.position <= pages, *_PUBLIC)
    )
    return [*(text for texts in found.values() for text in texts), *passages]
