"""Materials beside one another: about the same item, or about the one that follows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from repo_server.database.models import CurriculumItem, Material, Placement
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import Viewer
from repo_server.domain.materials import Status


@dataclass(frozen=True, slots=True)
class Sibling:
    """An item of a row."""

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


def material_with_items(session: Session, viewer: Viewer, material_id: int) -> Material | None:
    """The material with its items, if the viewer may see it."""
    return session.scalar(
        select(Material)
        .where(Material.id == material_id, visible(viewer))
        .options(selectinload(Material.items))
    )


def row_of_items(
    session: Session, path: Collection[int], kinds: Collection[str], except_for: int
) -> list[Sibling]:
    """The items of `path`, and those beside them where other materials are published."""
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
        ).where(
            CurriculumItem.parent_id.in_(path),
            CurriculumItem.kind.in_(kinds),
            or_(
                CurriculumItem.id.in_(path),
                and_(CurriculumItem.retired.is_(False), occupied),
            ),
        )
    )
    return [Sibling(*row) for row in rows]


def first_choices(
    session: Session, viewer: Viewer, material: Material, item_ids: Sequence[int]
) -> dict[int, int]:
    """By item the other published material there: of the same owner before others', then by use."""
    order = (Material.owner_id != material.owner_id, Material.use.desc(), Material.id)
    ranked = (
        select(
            Placement.item_id,
            Material.id,
            func.row_number().over(partition_by=Placement.item_id, order_by=order).label("rank"),
        )
        .join(Placement, Placement.material_id == Material.id)
        .where(
            Placement.item_id.in_(item_ids),
            Material.id != material.id,
            Material.status == Status.PUBLISHED,
            visible(viewer),
        )
        .subquery()
    )
    rows = session.execute(select(ranked.c.item_id, ranked.c.id).where(ranked.c.rank == 1))
    return dict(rows.all())
