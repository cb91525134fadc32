"""Collections as lists, their page, the API and their curators see them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.queries import collections as queries
from repo_server.database.queries import materials as material_queries
from repo_server.database.queries.collections import ListedCollection, PlacedItem
from repo_server.domain.access import Action, Viewer, permits_collection, require
from repo_server.domain.errors import NotFound
from repo_server.domain.materials import Status
from repo_server.domain.vietnamese import fold
from repo_server.services.cards import (
    Card,
    Label,
    cards,
    kind_label,
    license_label,
    material_url,
    status_label,
    thumbnail_url,
)
from repo_server.services.curating import subject_of
from repo_server.services.library import Library

CHOICES: Final = 100
"""How many collections are offered when a material is added to one."""


@dataclass(frozen=True, slots=True)
class CollectionCard:
    """A collection in a list; `count` is of what everybody can open in it."""

    id: int
    code: str
    url: str
    title: str
    description: str
    status: str
    status_label: str
    count: int
    cover_url: str | None
    owner_name: str
    organization_name: str | None
    published_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A material's place: `place` counts through the collection, `position` in the section.

    `available` when everybody may open the material. What stands here is described only to those
    who may see it; for everybody else the place says that it is gone, and keeps its number.
    """

    id: int
    place: int
    position: int
    note: str
    available: bool
    material_id: int
    code: str | None = None
    url: str | None = None
    title: str | None = None
    kind: str | None = None
    kind_label: str | None = None
    license: Label | None = None


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading with what stands under it; `id` is None before the first heading."""

    id: int | None
    title: str
    note: str
    items: tuple[PlaceView, ...]


@dataclass(frozen=True, slots=True)
class LicenseShare:
    """How many of the available materials come under a licence."""

    license: Label | None
    count: int


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A whole collection in order; the first section is what stands before the first heading."""

    card: CollectionCard
    rev: int
    can_edit: bool
    cover_id: int | None
    sections: tuple[SectionView, ...]
    licenses: tuple[LicenseShare, ...]

    @property
    def places(self) -> tuple[PlaceView, ...]:
        """Every place, in order."""
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, slots=True)
class CollectionChoice:
    """A collection that a material may be added to."""

    id: int
    code: str
    title: str
    count: int


def collection_by_code(library: Library, viewer: Viewer, code: str) -> CollectionView:
    """The collection of that code. Raises NotFound for what the viewer may not see."""
    with library.database.read() as session:
        return _view(session, viewer, queries.collection_by_code(session, viewer, code))


def collection_by_id(library: Library, viewer: Viewer, collection_id: int) -> CollectionView:
    """The collection of that id. Raises NotFound for what the viewer may not see."""
    with library.database.read() as session:
        return _view(session, viewer, queries.collection_by_id(session, viewer, collection_id))


def with_cards(
    library: Library, viewer: Viewer, code: str, *, page: int, size: int
) -> tuple[CollectionView, dict[int, Card]]:
    """The collection, and cards of the available materials on one page of it, by material id."""
    with library.database.read() as session:
        view = _view(session, viewer, queries.collection_by_code(session, viewer, code))
        shown = view.places[(page - 1) * size : page * size]
        ids = [place.material_id for place in shown if place.available]
        found = cards(session, viewer, library.vocabulary.names(session), ids)
    return view, {card.id: card for card in found}


def collections(
    library: Library,
    viewer: Viewer,
    text: str,
    *,
    page: int,
    size: int,
    status: Status = Status.PUBLISHED,
) -> tuple[int, tuple[CollectionCard, ...]]:
    """(total, a page) of those whose title holds every word, marks aside, newest first.

    With `status` draft those that the viewer may change: nothing for who curates none.
    """
    words = fold(text).split()
    with library.database.read() as session:
        total, found = queries.collections_titled(
            session, viewer, words, status, offset=(page - 1) * size, limit=size
        )
    return total, tuple(map(_card, found))


def collections_to_add_to(library: Library, viewer: Viewer) -> tuple[CollectionChoice, ...]:
    """What the viewer may add a material to, last changed first. Raises Forbidden."""
    require(viewer, Action.CURATE)
    with library.database.read() as session:
        found = queries.curated_collections(session, viewer, CHOICES)
    return tuple(CollectionChoice(*row) for row in found)


def thumbnail_of(library: Library, viewer: Viewer, material_id: int) -> int | None:
    """The file whose thumbnail stands for a public material; None when it has none."""
    with library.database.read() as session:
        pictured = queries.pictured_files(session, viewer, [material_id])
    return pictured[0] if pictured else None


def material_of_code(library: Library, viewer: Viewer, code: str) -> int:
    """The id of a material that the viewer may see. Raises NotFound."""
    with library.database.read() as session:
        material = material_queries.material_by_code(session, viewer, code)
    if material is None:
        raise NotFound
    return material.id


def collection_url(code: str) -> str:
    """The page of a collection."""
    return f"/bo-suu-tap/{code}"


def _card(row: ListedCollection) -> CollectionCard:
    one = row.collection
    return CollectionCard(
        id=one.id,
        code=one.code,
        url=collection_url(one.code),
        title=one.title,
        description=one.description,
        status=one.status,
        status_label=status_label(one.status),
        count=row.count,
        cover_url=None if row.cover is None else thumbnail_url(row.cover),
        owner_name=row.owner_name,
        organization_name=row.organization_name,
        published_at=one.published_at,
        updated_at=one.updated_at,
    )


def _view(session: Session, viewer: Viewer, row: ListedCollection | None) -> CollectionView:
    if row is None:
        raise NotFound
    one = row.collection
    can_edit = permits_collection(viewer, Action.CURATE, subject_of(one))
    headings = queries.sections(session, viewer, one.id)
    items = queries.placed_items(session, viewer, one.id)
    shelves = [(None, "", "")] + [(row.id, row.title, row.note) for row in headings]
    return CollectionView(
        card=_card(row),
        rev=one.rev,
        can_edit=can_edit,
        cover_id=one.cover_file_id,
        sections=_sections(shelves, items, can_edit=can_edit),
        licenses=_licenses(items),
    )


def _sections(
    shelves: Sequence[tuple[int | None, str, str]], items: Sequence[PlacedItem], *, can_edit: bool
) -> tuple[SectionView, ...]:
    under: dict[int | None, list[PlacedItem]] = {}
    for item in items:
        under.setdefault(item.section_id, []).append(item)
    place, sections = 0, []
    for id_, title, note in shelves:
        views = []
        for position, item in enumerate(under.get(id_, ()), start=1):
            place += 1
            views.append(_place(item, place, position, can_edit=can_edit))
        sections.append(SectionView(id_, title, note, tuple(views)))
    return tuple(sections)


def _place(item: PlacedItem, place: int, position: int, *, can_edit: bool) -> PlaceView:
    material = item.material
    available = _is_available(item)
    # A note speaks of what stands here: without it, it is the curators' alone.
    note = item.note if available or can_edit else ""
    if material is None:
        return PlaceView(item.id, place, position, note, available, item.material_id)
    return PlaceView(
        id=item.id,
        place=place,
        position=position,
        note=note,
        available=available,
        material_id=item.material_id,
        code=material.code,
        url=material_url(material.code),
        title=material.title,
        kind=material.kind,
        kind_label=kind_label(material.kind),
        license=license_label(material.license),
    )


def _is_available(item: PlacedItem) -> bool:
    return item.material is not None and item.material.status == Status.PUBLISHED


def _licenses(items: Sequence[PlacedItem]) -> tuple[LicenseShare, ...]:
    counts = Counter(
        item.material.license for item in items if item.material and _is_available(item)
    )
    return tuple(LicenseShare(license_label(code), count) for code, count in counts.most_common())
