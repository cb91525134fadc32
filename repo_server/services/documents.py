"""The one mapping from rows to what an index holds of a material."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from repo_server.database.models import (
    CataloguePassage,
    CurriculumItem,
    Material,
    TextSegment,
)
from repo_server.database.queries.curriculum import ancestors
from repo_server.domain.curriculum import ItemKind
from repo_server.domain.materials import KIND_KEYWORDS, KIND_LABELS, Kind, Status
from repo_server.search.base import MaterialDocument
from repo_server.services.placement import grades_of, subjects_of

BODY_LIMIT: Final = 120_000
"""Characters of page text that one material adds to an index: about forty full pages."""

_FACET_OF_KIND: Final = {
    ItemKind.STRAND: "strand",
    ItemKind.TOPIC: "topic",
    ItemKind.OUTCOME: "outcome",
    ItemKind.BOOK: "book",
}


def material_documents(session: Session, ids: Sequence[int]) -> dict[int, MaterialDocument]:
    """What an index should hold of these materials; those it should not hold are left out."""
    materials = session.scalars(
        select(Material)
        .where(
            Material.id.in_(ids),
            Material.status == Status.PUBLISHED,
            Material.deleted_at.is_(None),
        )
        .options(selectinload(Material.files), selectinload(Material.items))
    ).all()
    above = ancestors(session, [item for material in materials for item in material.items])
    bodies = _bodies(session, materials)
    return {
        material.id: _document(material, above, bodies.get(material.id, ""))
        for material in materials
    }


def _document(
    material: Material, above: dict[int, list[CurriculumItem]], body: str
) -> MaterialDocument:
    items = [item for own in material.items for item in (*above[own.id], own)]
    return MaterialDocument(
        id=material.id,
        rev=material.rev,
        code=material.code,
        title=material.title,
        description=material.description,
        keywords=_keywords(material, items),
        body=body,
        facets=_facets(material, items),
        scopes=("public",),
        published_at=_seconds(material.published_at),
        updated_at=_seconds(material.updated_at),
        use=material.use,
    )


def _keywords(material: Material, items: Sequence[CurriculumItem]) -> tuple[str, ...]:
    """Words by which people look for it, though its title need not hold them."""
    words = [*material.keywords, material.author]
    for item in items:
        words += [item.title, *item.abbreviations] if item.kind != ItemKind.OUTCOME else []
    if material.kind is not None:
        kind = Kind(material.kind)
        words += [KIND_LABELS[kind], *KIND_KEYWORDS[kind]]
    return tuple(dict.fromkeys(filter(None, words)))


def _facets(material: Material, items: Sequence[CurriculumItem]) -> dict[str, tuple[str, ...]]:
    values: dict[str, list[str]] = {
        "grade": [str(grade) for grade in grades_of(material.items)],
        "subject": list(subjects_of(material.items)),
        "kind": [material.kind] if material.kind else [],
        "license": [material.license] if material.license else [],
        "language": [material.language],
        "format": [file.kind for file in material.files if file.removed_at is None],
    }
    for item in items:
        facet = _FACET_OF_KIND.get(ItemKind(item.kind))
        if facet is not None:
            values.setdefault(facet, []).append(item.code)
    return {facet: tuple(dict.fromkeys(found)) for facet, found in values.items() if found}


def _bodies(session: Session, materials: Sequence[Material]) -> dict[int, str]:
    """The text of each material's files, in order, then what a catalogue gave, up to the limit."""
    present = {
        material.id: [file.sha256 for file in material.files if file.removed_at is None]
        for material in materials
    }
    wanted = sorted({sha256 for hashes in present.values() for sha256 in hashes})
    texts: dict[str, list[str]] = {}
    lengths: dict[str, int] = {}
    rows = session.execute(
        select(TextSegment.sha256, TextSegment.text)
        .where(TextSegment.sha256.in_(wanted))
        .order_by(TextSegment.sha256, TextSegment.position)
    )
    for sha256, text in rows:
        if lengths.get(sha256, 0) < BODY_LIMIT:
            texts.setdefault(sha256, []).append(text)
            lengths[sha256] = lengths.get(sha256, 0) + len(text)
    passages = _passages(session, list(present))
    return {
        material_id: "\n".join(
            (
                *(part for sha256 in hashes for part in texts.get(sha256, ())),
                *passages.get(material_id, ()),
            )
        )[:BODY_LIMIT]
        for material_id, hashes in present.items()
    }


def _passages(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """The text that came with records of other catalogues, in order."""
    found: dict[int, list[str]] = {}
    rows = session.execute(
        select(CataloguePassage.material_id, CataloguePassage.text)
        .where(CataloguePassage.material_id.in_(ids))
        .order_by(CataloguePassage.material_id, CataloguePassage.position)
    )
    for material_id, text in rows:
        found.setdefault(material_id, []).append(text)
    return found


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
