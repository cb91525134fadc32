"""Files, their text and the images made from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, Row, Select, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from repo_server.database.models import (
    Blob,
    CataloguePassage,
    Derivative,
    Material,
    MaterialFile,
    TextSegment,
)
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import Role, Viewer
from repo_server.domain.materials import Status
from repo_server.domain.readers import LIGHT_NAMES


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with where its bytes are and which material it belongs to.

    `damaged`: its bytes were found wrong or gone when they were last looked at, `quarantined`: a
    threat was found in them.
    """

    file: MaterialFile
    generation: int
    crc32: int | None
    material_id: int
    owner_id: int
    published: bool
    damaged: bool = False
    quarantined: bool = False

    def is_used_by(self, viewer: Viewer) -> bool:
        """Whether a download by this viewer shows that others use the material."""
        staff = viewer.roles - {Role.TEACHER}
        return self.published and viewer.account_id != self.owner_id and not staff


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """The page of a material that answers a query best."""

    material_id: int
    label: str
    text: str


def file_by_id(session: Session, viewer: Viewer, file_id: int) -> StoredFile | None:
    """The file, if it is present and its material is visible to the viewer."""
    row = session.execute(
        _present_files().where(MaterialFile.id == file_id, visible(viewer))
    ).one_or_none()
    return None if row is None else _stored(row)


def files_of_material(session: Session, viewer: Viewer, material_id: int) -> list[StoredFile]:
    """The present files of a material in their order, if the viewer may see it."""
    rows = session.execute(
        _present_files()
        .where(Material.id == material_id, visible(viewer))
        .order_by(MaterialFile.position, MaterialFile.id)
    )
    return [_stored(row) for row in rows]


_FileRow = tuple[MaterialFile, int, int | None, int, int, str, datetime | None, datetime | None]


def _present_files() -> Select[*_FileRow]:
    return (
        select(
            MaterialFile,
            Blob.generation,
            Blob.crc32,
            Material.id,
            Material.owner_id,
            Material.status,
            Blob.damaged_at,
            Blob.quarantined_at,
        )
        .join(Material, Material.id == MaterialFile.material_id)
        .join(Blob, Blob.sha256 == MaterialFile.sha256)
        .where(MaterialFile.removed_at.is_(None))
    )


def _stored(row: Row[*_FileRow]) -> StoredFile:
    file, generation, crc32, material_id, owner_id, status, damaged_at, quarantined_at = row
    return StoredFile(
        file,
        generation,
        crc32,
        material_id,
        owner_id,
        published=status == Status.PUBLISHED,
        damaged=damaged_at is not None,
        quarantined=quarantined_at is not None,
    )


def quarantined(session: Session, viewer: Viewer, sha256s: Sequence[str]) -> frozenset[str]:
    """Those of the blobs in which a threat was found; ask for the material first."""
    held = Blob.sha256.in_(sha256s) & Blob.quarantined_at.is_not(None)
    return frozenset(session.scalars(select(Blob.sha256).where(held)))


def derivative(session: Session, viewer: Viewer, sha256: str, name: str) -> Derivative | None:
    """The image `name` of a blob; ask `file_by_id` first whether the viewer may see the file."""
    return session.get(Derivative, (sha256, name))


def light_copy(session: Session, viewer: Viewer, sha256: str) -> Derivative | None:
    """The light copy of a film; ask `file_by_id` first."""
    light = (Derivative.sha256 == sha256) & Derivative.name.in_(LIGHT_NAMES)
    return session.scalar(select(Derivative).where(light).order_by(Derivative.name).limit(1))


def segments(session: Session, viewer: Viewer, sha256: str, limit: int) -> list[TextSegment]:
    """The first pages of text of a blob; ask `file_by_id` first."""
    statement = select(TextSegment).where(TextSegment.sha256 == sha256)
    return list(session.scalars(statement.order_by(TextSegment.position).limit(limit)))


def beginnings(
    session: Session, viewer: Viewer, sha256s: Sequence[str], *, pages: int, length: int
) -> dict[str, list[str]]:
    """The first pages of text of each blob, each cut to `length`; ask `file_by_id` first."""
    statement = (
        select(TextSegment.sha256, func.substr(TextSegment.text, 1, length))
        .where(TextSegment.sha256.in_(sha256s), TextSegment.position <= pages)
        .order_by(TextSegment.sha256, TextSegment.position)
    )
    found: dict[str, list[str]] = {}
    for sha256, text in session.execute(statement):
        found.setdefault(sha256, []).append(text)
    return found


def best_segments(
    session: Session, viewer: Viewer, ids: Sequence[int], words: Sequence[str]
) -> dict[int, FoundSegment]:
    """For each visible material the page that holds most of the folded `words`, the first of those.

    Where no page of its files does, a passage of the text that its catalogue gave, which has no
    label. Materials none of whose texts holds any word are left out.
    """
    pages = _best_pages(session, viewer, ids, words)
    others = [material_id for material_id in ids if material_id not in pages]
    return pages | _best_passages(session, viewer, others, words) if others else pages


def _best_pages(
    session: Session, viewer: Viewer, ids: Sequence[int], words: Sequence[str]
) -> dict[int, FoundSegment]:
    score = _held(TextSegment.folded, words)
    order = (score.desc(), MaterialFile.position, TextSegment.position)
    ranked = (
        select(
            MaterialFile.material_id,
            TextSegment.sha256,
            TextSegment.position,
            score.label("score"),
            func.row_number()
            .over(partition_by=MaterialFile.material_id, order_by=order)
            .label("rank"),
        )
        .join(MaterialFile, MaterialFile.sha256 == TextSegment.sha256)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(
            MaterialFile.material_id.in_(ids), MaterialFile.removed_at.is_(None), visible(viewer)
        )
        .subquery()
    )
    rows = session.execute(
        select(ranked.c.material_id, TextSegment.label, func.substr(TextSegment.text, 1, 20_000))
        .join(
            TextSegment,
            (TextSegment.sha256 == ranked.c.sha256) & (TextSegment.position == ranked.c.position),
        )
        .where(ranked.c.rank == 1, ranked.c.score > 0)
    )
    return {row[0]: FoundSegment(*row) for row in rows}


def _best_passages(
    session: Session, viewer: Viewer, ids: Sequence[int], words: Sequence[str]
) -> dict[int, FoundSegment]:
    score = _held(CataloguePassage.folded, words)
    rows = session.execute(
        select(CataloguePassage.material_id, literal(""), CataloguePassage.text, score)
        .join(Material, Material.id == CataloguePassage.material_id)
        .where(CataloguePassage.material_id.in_(ids), score > 0, visible(viewer))
        .order_by(CataloguePassage.material_id, score.desc(), CataloguePassage.position)
    )
    found: dict[int, FoundSegment] = {}
    for material_id, label, text, _ in rows:
        found.setdefault(material_id, FoundSegment(material_id, label, text))
    return found


def _held(folded: InstrumentedAttribute[str], words: Sequence[str]) -> ColumnElement[int]:
    """How many of the words a text holds."""
    return sum(
        (cast(folded.contains(word, autoescape=True), Integer) for word in words),
        start=cast(0, Integer),
    )
