"""Materials and what is shown beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from repo_server.database.models import (
    Account,
    Alignment,
    CurriculumItem,
    Derivative,
    Material,
    MaterialFile,
    Organization,
    Placement,
)
from repo_server.database.queries.visibility import (
    Sight,
    reviewable,
    seen_by,
    shown_to,
    sight_of,
    visible,
)
from repo_server.domain.access import Viewer
from repo_server.domain.materials import Status

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True)
class ListedMaterial:
    """A material with its owner's and organization's names, for lists."""

    material: Material
    owner_name: str
    organization_name: str | None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What a list shows of a file."""

    id: int
    material_id: int
    role: str | None
    name: str
    kind: str
    size: int
    has_thumbnail: bool


@dataclass(frozen=True, slots=True)
class AlignedItem:
    """An item that a material is aligned to."""

    material_id: int
    id: int
    kind: str
    code: str
    title: str
    grades: tuple[int, ...]
    subject: str | None


def material_by_id(session: Session, viewer: Viewer, material_id: int) -> Material | None:
    """The material with its files and items, if the viewer may see it."""
    statement = _with_parts(sight_of(viewer), Material.id)
    return session.scalar(statement, {"key": material_id, **shown_to(viewer)})


def material_by_code(session: Session, viewer: Viewer, code: str) -> Material | None:
    """The material with its files and items, if the viewer may see it."""
    statement = _with_parts(sight_of(viewer), Material.code)
    return session.scalar(statement, {"key": code, **shown_to(viewer)})


@cache
def _with_parts(sight: Sight, key: InstrumentedAttribute[Any]) -> Select[Material]:
    return (
        select(Material)
        .where(key == bindparam("key"), seen_by(sight))
        .options(selectinload(Material.files), selectinload(Material.items))
    )


def listed(session: Session, viewer: Viewer, ids: Sequence[int]) -> dict[int, ListedMaterial]:
    """Those of `ids` that the viewer may see."""
    rows = session.execute(_listed(sight_of(viewer)), {"ids": ids, **shown_to(viewer)})
    return {row[0].id: ListedMaterial(row[0], row[1], row[2]) for row in rows}


@cache
def _listed(sight: Sight) -> Select[Material, str, str]:
    return (
        select(Material, Account.name, Organization.name)
        .join(Account, Account.id == Material.owner_id)
        .join(Organization, Organization.id == Material.organization_id, isouter=True)
        .where(Material.id.in_(_IDS), seen_by(sight))
    )


_NAMES_BESIDE: Final = (
    select(Account.name, Organization.name)
    .join(Organization, Organization.id == bindparam("organization_id"), isouter=True)
    .where(Account.id == bindparam("owner_id"))
)


def names_beside(session: Session, material: Material) -> tuple[str, str | None]:
    """The names of a material's owner and of its organization."""
    ids = {"owner_id": material.owner_id, "organization_id": material.organization_id}
    row = session.execute(_NAMES_BESIDE, ids).one()
    return row[0], row[1]


def listed_files(session: Session, viewer: Viewer, ids: Sequence[int]) -> list[ListedFile]:
    """The present files of the visible materials among `ids`, in their order."""
    rows = session.execute(_listed_files(sight_of(viewer)), {"ids": ids, **shown_to(viewer)})
    return [ListedFile(*row) for row in rows]


@cache
def _listed_files(sight: Sight) -> Select[int, int, str | None, str, str, int, bool]:
    thumbnail = (Derivative.sha256 == MaterialFile.sha256) & (Derivative.name == "thumbnail.webp")
    return (
        select(
            MaterialFile.id,
            MaterialFile.material_id,
            MaterialFile.role,
            MaterialFile.name,
            MaterialFile.kind,
            MaterialFile.size,
            Derivative.name.is_not(None),
        )
        .join(Material, Material.id == MaterialFile.material_id)
        .join(Derivative, thumbnail, isouter=True)
        .where(
            MaterialFile.material_id.in_(_IDS), MaterialFile.removed_at.is_(None), seen_by(sight)
        )
        .order_by(MaterialFile.material_id, MaterialFile.position)
    )


def aligned_items(session: Session, viewer: Viewer, ids: Sequence[int]) -> list[AlignedItem]:
    """The items of the visible materials among `ids`."""
    rows = session.execute(_aligned_items(sight_of(viewer)), {"ids": ids, **shown_to(viewer)})
    return [AlignedItem(*row[:5], tuple(row[5]), row[6]) for row in rows]


@cache
def _aligned_items(sight: Sight) -> Select[int, int, str, str, str, list[int], str | None]:
    return (
        select(
            Alignment.material_id,
            CurriculumItem.id,
            CurriculumItem.kind,
            CurriculumItem.code,
            CurriculumItem.title,
            CurriculumItem.grades,
            CurriculumItem.subject,
        )
        .join(CurriculumItem, CurriculumItem.id == Alignment.item_id)
        .join(Material, Material.id == Alignment.material_id)
        .where(Alignment.material_id.in_(_IDS), seen_by(sight))
        .order_by(Alignment.material_id, CurriculumItem.id)
    )


def newest_published(session: Session, viewer: Viewer, limit: int) -> list[int]:
    """Ids of the materials published last."""
    statement = (
        select(Material.id)
        .where(Material.status == Status.PUBLISHED, visible(viewer))
        .order_by(Material.published_at.desc(), Material.id.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def own_materials(
    session: Session, viewer: Viewer, status: str | None, *, offset: int, limit: int
) -> list[int]:
    """Ids of the viewer's own materials, last changed first."""
    statement = select(Material.id).where(
        Material.owner_id == viewer.account_id, Material.deleted_at.is_(None)
    )
    if status is not None:
        statement = statement.where(Material.status == status)
    order = statement.order_by(Material.updated_at.desc(), Material.id.desc())
    return list(session.scalars(order.offset(offset).limit(limit)))


def own_counts(session: Session, viewer: Viewer) -> dict[str, int]:
    """How many of the viewer's own materials are in each state."""
    rows = session.execute(
        select(Material.status, func.count())
        .where(Material.owner_id == viewer.account_id, Material.deleted_at.is_(None))
        .group_by(Material.status)
    )
    return dict(rows.all())


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which of the waiting materials are asked for: of a subject, of a grade, of both."""

    subject: str | None = None
    grade: int | None = None


def review_queue(
    session: Session,
    viewer: Viewer,
    only: QueueFilter = QueueFilter(),
    *,
    offset: int,
    limit: int,
) -> list[int]:
    """Ids of submitted materials in the viewer's scope, longest waiting first."""
    statement = (
        select(Material.id)
        .where(reviewable(viewer), *_aligned(session, only))
        .order_by(Material.submitted_at, Material.id)
        .offset(offset)
        .limit(limit)
    )
    return list(session.scalars(statement))


def review_count(
    session: Session,
    viewer: Viewer,
    only: QueueFilter = QueueFilter(),
) -> int:
    """How many materials wait for the viewer."""
    statement = select(func.count()).select_from(Material)
    return session.scalar(statement.where(reviewable(viewer), *_aligned(session, only))) or 0


def _aligned(session: Session, only: QueueFilter) -> list[ColumnElement[bool]]:
    """Aligned to an item of the subject; to one at or below the grade."""
    asked: list[ColumnElement[bool]] = []
    if only.subject is not None:
        asked.append(CurriculumItem.subject == only.subject)
    if only.grade is not None:
        root = select(CurriculumItem.path).where(
            CurriculumItem.kind == "grade", CurriculumItem.code == f"lop-{only.grade}"
        )
        paths = session.scalars(root).all()
        asked.append(or_(false(), *(CurriculumItem.path.startswith(path) for path in paths)))
    return [
        exists().where(
            Alignment.material_id == Material.id, Alignment.item_id == CurriculumItem.id, one
        )
        for one in asked
    ]


def published_count(session: Session, viewer: Viewer) -> int:
    """How many published materials there are."""
    statement = select(func.count()).select_from(Material)
    return (
        session.scalar(statement.where(Material.status == Status.PUBLISHED, visible(viewer))) or 0
    )


_COLUMNS: Final[Mapping[str, InstrumentedAttribute[Any]]] = {
    "kind": Material.kind,
    "license": Material.license,
    "language": Material.language,
}


def titles_containing(
    session: Session,
    viewer: Viewer,
    words: Sequence[str],
    filters: Mapping[str, Sequence[str]] = MappingProxyType({}),
    *,
    offset: int,
    limit: int,
) -> tuple[int, list[int]]:
    """(total, ids): published materials whose folded title holds every word.

    What remains of search while every engine is down: slow at size, but never wrong. `filters` are
    those of a search: OR within a facet, AND across facets.
    """
    found = select(Material.id).where(Material.status == Status.PUBLISHED, visible(viewer))
    for word in words:
        found = found.where(Material.folded_title.contains(word, autoescape=True))
    for facet, values in filters.items():
        found = found.where(_has(facet, values))
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    page = found.order_by(Material.published_at.desc(), Material.id.desc())
    return total, list(session.scalars(page.offset(offset).limit(limit)))


def _has(facet: str, values: Sequence[str]) -> ColumnElement[bool]:
    """Materials that a search would count under one of these values of a facet."""
    if facet in _COLUMNS:
        return _COLUMNS[facet].in_(values)
    if facet == "format":
        return exists().where(
            MaterialFile.material_id == Material.id,
            MaterialFile.removed_at.is_(None),
            MaterialFile.kind.in_(values),
        )
    if facet == "grade":
        item = CurriculumItem.code.in_([f"lop-{value}" for value in values])
    elif facet == "subject":
        item = CurriculumItem.subject.in_(values)
    else:
        item = CurriculumItem.code.in_(values)
    return exists().where(
        Placement.material_id == Material.id, Placement.item_id == CurriculumItem.id, item
    )
