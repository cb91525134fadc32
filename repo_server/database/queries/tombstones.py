"""Materials that were deleted and can still be brought back."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from repo_server.database.models import Account, Material
from repo_server.database.queries.visibility import restorable
from repo_server.domain.access import Viewer


@dataclass(frozen=True, slots=True)
class DeletedMaterial:
    """A material under its tombstone, with its owner's name."""

    material: Material
    owner_name: str


def deleted_materials(
    session: Session, viewer: Viewer, *, offset: int, limit: int
) -> Sequence[DeletedMaterial]:
    """Those that the viewer may bring back, last deleted first."""
    rows = session.execute(
        select(Material, Account.name)
        .join(Account, Account.id == Material.owner_id)
        .where(restorable(viewer))
        .order_by(Material.deleted_at.desc(), Material.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [DeletedMaterial(*row) for row in rows]


def deleted_count(session: Session, viewer: Viewer) -> int:
    """How many the viewer may bring back."""
    statement = select(func.count()).select_from(Material).where(restorable(viewer))
    return session.scalar(statement) or 0


def deleted_material(session: Session, viewer: Viewer, material_id: int) -> Material | None:
    """One of them, locked until the commit: it is brought back or purged, not both."""
    wanted = select(Material).where(Material.id == material_id, restorable(viewer))
    return session.scalar(wanted.with_for_update())
