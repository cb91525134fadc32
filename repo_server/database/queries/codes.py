"""What a short code names."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database.models import Collection, Material
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import Viewer


def ids_by_codes(session: Session, viewer: Viewer, codes: Sequence[str]) -> dict[str, int]:
    """The visible materials among these codes, by code."""
    statement = select(Material.code, Material.id).where(Material.code.in_(codes), visible(viewer))
    return dict(session.execute(statement).all())


def code_by_id(session: Session, viewer: Viewer, material_id: int) -> str | None:
    """The code of a material, if it is visible."""
    return session.scalar(select(Material.code).where(Material.id == material_id, visible(viewer)))


def codes_by_ids(session: Session, viewer: Viewer, ids: Sequence[int]) -> dict[int, str]:
    """The codes of the visible materials among these, by id."""
    statement = select(Material.id, Material.code).where(Material.id.in_(ids), visible(viewer))
    return dict(session.execute(statement).all())


def was_published(session: Session, code: str) -> bool:
    """Whether a material of this code has ever been public, whatever has become of it."""
    statement = select(Material.id).where(Material.code == code, Material.version > 0)
    return session.scalar(statement) is not None


def collection_by_code(session: Session, code: str) -> Collection | None:
    """The collection of this code, deleted ones too: whose it is to see its page decides."""
    return session.scalar(select(Collection).where(Collection.code == code))
