"""Files, their text and the images made from them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from repo_server.database.models import (
    Blob,
    CataloguePassage,
    Derivative,
    Material,
    MaterialFile,
    TextSegment,
)
from repo_server.database.queries.visibility import Sight, seen_by, shown_to, sight_of, visible
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
    """The page of a material that answers a query best; of which file and which place in it,
    counted from 1, where it is one of a file's."""

    material_id: int
    label: str
    text: str
    file_id: int | None = None
    file_kind: str = ""
    position: int = 0


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
    asked = {f"word{n}": f"%{_LIKE.sub(_ESCAPED, word)}%" for n, word in enumerate(words)}
    asked |= shown_to(viewer)
    sight, count = sight_of(viewer), len(words)
    pages = session.execute(_best_pages(sight, count), {"ids": ids, **asked})
    found = {row[0]: FoundSegment(*row) for row in pages}
    others = [material_id for material_id in ids if material_id not in found]
    if others:
        passages = session.execute(_best_passages(sight, count), {"ids": others, **asked})
        for material_id, text, _ in passages:
            found.setdefault(material_id, FoundSegment(material_id, "", text))
    return found


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_LIKE: Final = re.compile(r"[/%_]")
_ESCAPED: Final = r"/\g<0>"


@lru_cache(maxsize=64)
def _best_pages(sight: Sight, count: int) -> Select[int, str, str, int, str, int]:
    score = _held(TextSegment.folded, count)
    order = (score.desc(), MaterialFile.position, TextSegment.position)
    ranked = (
        select(
            MaterialFile.material_id,
            MaterialFile.id.label("file_id"),
            MaterialFile.kind,
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
            MaterialFile.material_id.in_(_IDS), MaterialFile.removed_at.is_(None), seen_by(sight)
        )
        .subquery()
    )
    return (
        select(
            ranked.c.material_id,
            TextSegment.label,
            func.substr(TextSegment.text, 1, 20_000),
            ranked.c.file_id,
            ranked.c.kind,
            ranked.c.position,
        )
        .join(
            TextSegment,
            (TextSegment.sha256 == ranked.c.sha256) & (TextSegment.position == ranked.c.position),
        )
        .where(ranked.c.rank == 1, ranked.c.score > 0)
    )


@lru_cache(maxsize=64)
def _best_passages(sight: Sight, count: int) -> Select[int, str, int]:
    score = _held(CataloguePassage.folded, count)
    return (
        select(CataloguePassage.material_id, CataloguePassage.text, score)
        .join(Material, Material.id == CataloguePassage.material_id)
        .where(CataloguePassage.material_id.in_(_IDS), score > 0, seen_by(sight))
        .order_by(CataloguePassage.material_id, score.desc(), CataloguePassage.position)
    )


def _held(folded: InstrumentedAttribute[str], count: int) -> ColumnElement[int]:
    """How many of the words `word0`, `word1` … a text holds."""
    return sum(
        (
            cast(folded.like(bindparam(f"word{n}", type_=Text()), escape="/"), Integer)
            for n in range(count)
        ),
        start=cast(0, Integer),
    )
