"""Materials beside one another: about the same item, or about the one that follows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from repo_server.database.models import CurriculumItem, Material, Placement
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import Viewer
from repo_server.domain.materials import Status


@dataclass(frozen=True, slots=True)
class Sibling:
    """An item beside another one, with published materials at or below it."""

    id: int
    parent_id: int | None
    kind: str
    sequence: int
    title: str


@dataclass(frozen=True, slots=True)
class Titled:
    """A material that may be about the same: by its title."""

    id: int
    folded_title: str
    owner_id: int
    use: int


def sharing_items(
    session: Session, viewer: Viewer, material: Material, item_ids: Sequence[int], limit: int
) -> list[int]:
    """Ids of other published materials at these items: others' first, then what shares most."""
    shared = func.count(Placement.item_id)
    statement = (
        select(Material.id)
        .join(Placement, Placement.material_id == Material.id)
        .where(
            Placement.item_id.in_(item_ids),
            Material.id != material.id,
            Material.status == Status.PUBLISHED,
            visible(viewer),
        )
        .group_by(Material.id)
        .order_by(
            Material.owner_id == material.owner_id, shared.desc(), Material.use.desc(), Material.id
        )
        .limit(limit)
    )
    return list(session.scalars(statement))


def newest_at(
    session: Session, viewer: Viewer, item_ids: Sequence[int], limit: int
) -> list[Titled]:
    """The published materials that came last to these items (grade and subject)."""
    last = (
        select(Placement.material_id)
        .where(Placement.item_id.in_(item_ids))
        .order_by(Placement.material_id.desc())
        .limit(limit)
    )
    rows = session.execute(
        select(Material.id, Material.folded_title, Material.owner_id, Material.use).where(
            Material.id.in_(last), Material.status == Status.PUBLISHED, visible(viewer)
        )
    )
    return [Titled(*row) for row in rows]


def siblings(
    session: Session, parent_ids: Collection[int], kinds: Collection[str], except_for: int
) -> list[Sibling]:
    """Items below these parents at which other materials than `except_for` are published."""
    occupied = exists().where(
        Placement.item_id == CurriculumItem.id, Placement.material_id != except_for
    )
    rows = session.execute(
        select(
            CurriculumItem.id,
            CurriculumItem.parent_id,
            CurriculumItem.kind,
            CurriculumItem.sequence,
            CurriculumItem.title,
        )
        .where(
            CurriculumItem.parent_id.in_(parent_ids),
            CurriculumItem.kind.in_(kinds),
            CurriculumItem.retired.is_(False),
            occupied,
        )
        .order_by(CurriculumItem.parent_id, CurriculumItem.sequence, CurriculumItem.id)
    )
    return [Sibling(*row) for row in rows]


def first_choice_at(
    session: Session, viewer: Viewer, material: Material, item_id: int
) -> int | None:
    """The other published material at an item: of the same owner before others', then by use."""
    statement = (
        select(Material.id)
        .join(Placement, Placement.material_id == Material.id)
        .where(
            Placement.item_id == item_id,
            Material.id != material.id,
            Material.status == Status.PUBLISHED,
            visible(viewer),
        )
        .order_by(Material.owner_id != material.owner_id, Material.use.desc(), Material.id)
        .limit(1)
    )
    return session.scalar(statement)
