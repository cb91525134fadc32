"""Deleted materials: the list of them, bringing one back, and the end after thirty days.

A tombstone hides a material from everybody and takes nothing away. A purge takes away what the
material held; its code, its places in collections and the audit trail stay, so that a printed
address still says that something was taken down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from repo_server.database import audit, holdings, outbox
from repo_server.database.models import (
    Alignment,
    CatalogueEntry,
    CataloguePassage,
    Collection,
    Material,
    MaterialFile,
    MaterialVersion,
    Placement,
    Upload,
    Variant,
    database_now,
    utc_now,
)
from repo_server.database.queries import tombstones as queries
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import NotFound
from repo_server.domain.materials import RESTORABLE_DAYS, Status
from repo_server.failpoints import reached
from repo_server.services.cards import status_label
from repo_server.services.keeping import disposal
from repo_server.services.library import Library
from repo_server.services.placement import place
from repo_server.services.uploads import subject_of

KEPT: Final = timedelta(days=RESTORABLE_DAYS)
ROUND: Final = 200
"""Materials that one round purges at most, each in a commit of its own."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A deleted material; `until` is when it is purged, `status_label` the state it was in."""

    id: int
    code: str
    title: str
    owner_name: str
    status_label: str
    deleted_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Graveyard:
    """A page of tombstones and how many there are in all."""

    items: tuple[Tombstone, ...]
    total: int


def tombstones(library: Library, viewer: Viewer, *, page: int, size: int) -> Graveyard:
    """What the viewer may bring back, last deleted first. Raises NotAuthenticated."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.read() as session:
        found = queries.deleted_materials(session, viewer, offset=(page - 1) * size, limit=size)
        total = queries.deleted_count(session, viewer)
    return Graveyard(tuple(map(_tombstone, found)), total)


def _tombstone(found: queries.DeletedMaterial) -> Tombstone:
    material = found.material
    deleted_at = material.deleted_at or utc_now()
    return Tombstone(
        id=material.id,
        code=material.code,
        title=material.title,
        owner_name=found.owner_name,
        status_label=status_label(material.status),
        deleted_at=deleted_at,
        until=deleted_at + KEPT,
    )


def restore(library: Library, viewer: Viewer, material_id: int) -> Material:
    """Take the tombstone away; what was public comes back withdrawn, for an editor to decide.

    Raises NotFound for what is not deleted, is purged, or is not the viewer's to bring back.
    """
    require(viewer, Action.USE_ACCOUNT)
    with library.database.write() as session:
        material = queries.deleted_material(session, viewer, material_id)
        if material is None:
            raise NotFound
        require(viewer, Action.RESTORE, subject_of(material))
        before = {"status": material.status, "deleted_at": str(material.deleted_at)}
        if material.status == Status.PUBLISHED:
            material.status, material.withdrawn_at = Status.WITHDRAWN, utc_now()
        material.deleted_at = None
        place(session, material)
        audit.record(
            session,
            viewer.account_id,
            "material.restore",
            "material",
            material.id,
            before=before,
            after={"status": material.status},
        )
    return material


def purge(library: Library) -> int:
    """Purge what was deleted thirty days ago; returns how many materials that was."""
    with library.database.read() as session:
        found = session.scalars(_due(session).limit(ROUND)).all()
    return sum(_purge(library, material_id) for material_id in found)


def _due(session: Session) -> Any:
    now = session.scalar(select(database_now())) or utc_now()
    return (
        select(Material.id)
        .where(Material.deleted_at <= now - KEPT, Material.purged_at.is_(None))
        .order_by(Material.deleted_at)
    )


def _purge(library: Library, material_id: int) -> bool:
    with library.database.write() as session:
        material = session.get(Material, material_id, with_for_update=True)
        # Somebody may have brought it back, or purged it, since it was looked for.
        if material is None or material.deleted_at is None or material.purged_at is not None:
            return False
        held = session.execute(
            select(MaterialFile.id, MaterialFile.sha256).where(
                MaterialFile.material_id == material_id
            )
        ).all()
        # Before the blobs are touched, as acceptance does it: both hold one row each otherwise.
        holdings.take_away(session, material)
        _empty(session, material, [file_id for file_id, _ in held])
        disposal.release(session, {sha256 for _, sha256 in held})
        after = {"files": len(held)}
        audit.record(session, None, "material.purge", "material", material_id, after=after)
        reached("C27")
    reached("C28")
    return True


_HELD: Final = (
    MaterialFile,
    MaterialVersion,
    Alignment,
    Placement,
    CatalogueEntry,
    CataloguePassage,
)


def _empty(session: Session, material: Material, files: list[int]) -> None:
    """Take away all that a material held but its code, its owner and its dates."""
    for column in (Upload.file_id, Collection.cover_file_id):
        session.execute(update(column.class_).where(column.in_(files)).values({column: None}))
    for model in _HELD:
        session.execute(delete(model).where(model.material_id == material.id))
    said = or_(Variant.material_id == material.id, Variant.of_id == material.id)
    session.execute(delete(Variant).where(said))
    session.expire(material, ["files", "items"])
    material.title = material.folded_title = material.description = material.author = ""
    material.keywords, material.return_reason = [], None
    material.external_id = material.imported = material.personal_acknowledged = None
    material.purged_at = utc_now()
    outbox.touch(material)
