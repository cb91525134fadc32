"""Collections, and what stands in them for the viewer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from repo_server.database.models import (
    Account,
    Collection,
    CollectionItem,
    CollectionSection,
    Derivative,
    Material,
    MaterialFile,
    Organization,
)
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import CURATORS, Viewer
from repo_server.domain.materials import Status


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A collection for lists; `count` is of its published materials, `cover` one seen by all."""

    collection: Collection
    owner_name: str
    organization_name: str | None
    count: int
    cover: int | None


@dataclass(frozen=True, slots=True)
class PlacedMaterial:
    """What a place shows of a material that the viewer may see."""

    id: int
    code: str
    title: str
    kind: str | None
    license: str | None
    status: str


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """A place in a collection; `material` is None where the viewer may not see it any more."""

    id: int
    section_id: int | None
    note: str
    material_id: int
    material: PlacedMaterial | None


def visible_collections(viewer: Viewer) -> ColumnElement[bool]:
    """The VIEW row of `domain.access.COLLECTIONS` as SQL; deleted ones are nobody's."""
    allowed = [Collection.status == Status.PUBLISHED, _in_scope(viewer)]
    if viewer.signed_in:
        allowed.append(Collection.owner_id == viewer.account_id)
    return and_(Collection.deleted_at.is_(None), or_(*allowed))


def curated(viewer: Viewer) -> ColumnElement[bool]:
    """The CURATE row of the same table: collections that the viewer may change."""
    if not viewer.roles & set(CURATORS):
        return false()
    own = Collection.owner_id == viewer.account_id
    return and_(Collection.deleted_at.is_(None), or_(own, _in_scope(viewer)))


def _in_scope(viewer: Viewer) -> ColumnElement[bool]:
    if not viewer.roles & set(CURATORS):
        return false()
    scope = sorted(viewer.scope_of(*CURATORS))
    return or_(Collection.organization_id.is_(None), Collection.organization_id.in_(scope))


def collection_to_change(session: Session, viewer: Viewer, collection_id: int) -> Collection | None:
    """The collection, if the viewer may see it, locked until the commit.

    Of two who change it at once the second reads what the first has written.
    """
    statement = select(Collection).where(
        Collection.id == collection_id, visible_collections(viewer)
    )
    return session.scalar(statement.with_for_update())


def collection_by_id(
    session: Session, viewer: Viewer, collection_id: int
) -> ListedCollection | None:
    """The collection, if the viewer may see it."""
    return _one(session, viewer, Collection.id == collection_id)


def collection_by_code(session: Session, viewer: Viewer, code: str) -> ListedCollection | None:
    """The collection, if the viewer may see it."""
    return _one(session, viewer, Collection.code == code)


def _one(session: Session, viewer: Viewer, which: ColumnElement[bool]) -> ListedCollection | None:
    found = _listed(session, viewer, which, offset=0, limit=1)
    return found[0] if found else None


def collections_titled(
    session: Session, viewer: Viewer, words: Sequence[str], status: str, *, offset: int, limit: int
) -> tuple[int, list[ListedCollection]]:
    """(total, a page): those in `status` whose folded title holds every word, newest first.

    Drafts are those that the viewer may change.
    """
    seen = visible_collections(viewer) if status == Status.PUBLISHED else curated(viewer)
    holds = (Collection.folded_title.contains(word, autoescape=True) for word in words)
    which = and_(Collection.status == status, seen, *holds)
    total = session.scalar(select(func.count()).select_from(Collection).where(which)) or 0
    return total, _listed(session, viewer, which, offset=offset, limit=limit)


def _listed(
    session: Session, viewer: Viewer, which: ColumnElement[bool], *, offset: int, limit: int
) -> list[ListedCollection]:
    rows = session.execute(
        select(Collection, Account.name, Organization.name, _count(), _cover())
        .join(Account, Account.id == Collection.owner_id)
        .join(Organization, Organization.id == Collection.organization_id, isouter=True)
        .where(which, visible_collections(viewer))
        .order_by(Collection.published_at.desc(), Collection.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [ListedCollection(*row) for row in rows]


def _count() -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(CollectionItem)
        .join(Material, Material.id == CollectionItem.material_id)
        .where(CollectionItem.collection_id == Collection.id, _is_public())
        .correlate(Collection)
        .scalar_subquery()
    )


def _cover() -> ScalarSelect[int]:
    return (
        select(MaterialFile.id)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(MaterialFile.id == Collection.cover_file_id, _is_pictured(), _is_public())
        .correlate(Collection)
        .scalar_subquery()
    )


def _is_public() -> ColumnElement[bool]:
    return and_(Material.status == Status.PUBLISHED, Material.deleted_at.is_(None))


def _is_pictured() -> ColumnElement[bool]:
    thumbnail = exists().where(
        Derivative.sha256 == MaterialFile.sha256, Derivative.name == "thumbnail.webp"
    )
    return and_(MaterialFile.removed_at.is_(None), thumbnail)


def pictured_files(session: Session, viewer: Viewer, material_ids: Sequence[int]) -> list[int]:
    """Ids of the files with a thumbnail of those materials that are public, in their order."""
    statement = (
        select(MaterialFile.id)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(MaterialFile.material_id.in_(material_ids), _is_pictured(), _is_public())
        .order_by(MaterialFile.material_id, MaterialFile.position)
    )
    return list(session.scalars(statement))


def sections(session: Session, viewer: Viewer, collection_id: int) -> list[CollectionSection]:
    """The headings, in order; ask first whether the viewer may see the collection."""
    statement = select(CollectionSection).where(CollectionSection.collection_id == collection_id)
    order = statement.order_by(CollectionSection.position, CollectionSection.id)
    return list(session.scalars(order))


def placed_items(session: Session, viewer: Viewer, collection_id: int) -> list[PlacedItem]:
    """Every place, in order; ask first whether the viewer may see the collection."""
    rows = session.execute(
        select(
            CollectionItem.id,
            CollectionItem.section_id,
            CollectionItem.note,
            CollectionItem.material_id,
            Material.id,
            Material.code,
            Material.title,
            Material.kind,
            Material.license,
            Material.status,
        )
        .join(
            Material,
            and_(Material.id == CollectionItem.material_id, visible(viewer)),
            isouter=True,
        )
        .where(CollectionItem.collection_id == collection_id)
        .order_by(CollectionItem.position, CollectionItem.id)
    )
    return [PlacedItem(*row[:4], _placed_material(row[4:])) for row in rows]


def _placed_material(columns: Sequence[Any]) -> PlacedMaterial | None:
    return None if columns[0] is None else PlacedMaterial(*columns)


def public_materials(session: Session, viewer: Viewer, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that are published."""
    return set(session.scalars(select(Material.id).where(Material.id.in_(ids), _is_public())))


def curated_collections(
    session: Session, viewer: Viewer, limit: int
) -> list[tuple[int, str, str, int]]:
    """(id, code, title, number of items) of what the viewer may change, last changed first."""
    size = (
        select(func.count())
        .where(CollectionItem.collection_id == Collection.id)
        .correlate(Collection)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Collection.id, Collection.code, Collection.title, size)
        .where(curated(viewer))
        .order_by(Collection.updated_at.desc(), Collection.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
