"""The curriculum: importing a framework and walking through its tree."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Alignment,
    CurriculumItem,
    Framework,
    Material,
    Placement,
)
from repo_server.database.queries import curriculum as queries
from repo_server.database.queries.curriculum import CountedItem
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.curriculum import Curriculum, ItemKind, ItemRecord, check, merge
from repo_server.domain.errors import NotFound
from repo_server.domain.vietnamese import fold
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.gdpt2018 import framework_files
from repo_server.services.associations import forget_item, join_awaited, write_associations
from repo_server.services.library import Library
from repo_server.services.placement import place

# Kho's own frameworks are presented first, in this order.
PRESENTED_FIRST: Final = ("gdpt2018", "sgk")

IMPORTED: Final = "imported"
"""Origin of a framework that somebody brought in; what Kho ships never replaces it."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; `retired` items are kept because materials are aligned to them.

    `awaiting` associations point to items that no framework here holds yet; `joined` ones are those
    of other frameworks that waited for items of this one.
    """

    framework: str
    added: int
    changed: int
    removed: int
    retired: int
    awaiting: int = 0
    joined: int = 0

    @property
    def unchanged(self) -> bool:
        return not (self.added or self.changed or self.removed or self.retired or self.joined)


@dataclass(frozen=True, slots=True)
class Branch:
    """One place in a tree: where it is, what stands below it."""

    framework: Framework
    item: CurriculumItem | None
    trail: tuple[CurriculumItem, ...]
    children: tuple[CountedItem, ...]


def item_url(framework: str, code: str | None = None) -> str:
    """The page of a framework or of one of its items."""
    return f"/chuong-trinh/{framework}" + (f"/{code}" if code is not None else "")


def frameworks(library: Library, viewer: Viewer) -> list[tuple[Framework, int, int]]:
    """(framework, its items, published materials aligned to it), in order of presentation."""
    with library.database.read() as session:
        placed = queries.materials_in_frameworks(session, viewer)
        return [
            (framework, size, placed.get(framework.id, 0))
            for framework, size in queries.frameworks(session, viewer)
        ]


def branch(library: Library, viewer: Viewer, framework_code: str, item_code: str | None) -> Branch:
    """The tree at an item (None: the roots). Raises NotFound."""
    with library.database.read() as session:
        framework = queries.framework_by_code(session, viewer, framework_code)
        if framework is None:
            raise NotFound
        if item_code is None:
            children = queries.children(session, viewer, framework.id, None)
            return Branch(framework, None, (), tuple(children))
        item = queries.item_by_code(session, viewer, framework.id, item_code)
        if item is None:
            raise NotFound
        return _branch_at(session, viewer, framework, item)


def branch_at(library: Library, viewer: Viewer, item_id: int) -> Branch:
    """The tree at the item of that id. Raises NotFound."""
    with library.database.read() as session:
        item = queries.item_by_id(session, viewer, item_id)
        framework = session.get(Framework, item.framework_id) if item else None
        if item is None or framework is None:
            raise NotFound
        return _branch_at(session, viewer, framework, item)


def _branch_at(
    session: Session, viewer: Viewer, framework: Framework, item: CurriculumItem
) -> Branch:
    return Branch(
        framework,
        item,
        tuple(queries.trail(session, viewer, item)),
        tuple(queries.children(session, viewer, framework.id, item.id)),
    )


def materials_at(
    library: Library, viewer: Viewer, item_id: int, *, offset: int, limit: int
) -> list[int]:
    """Ids of the published materials at or below an item, newest first."""
    with library.database.read() as session:
        return queries.placed_materials(session, viewer, item_id, offset=offset, limit=limit)


def install_shipped(library: Library) -> list[ImportReport]:
    """Import the curriculum that Kho ships where it is missing or was shipped in an older form.

    A framework that was imported by hand afterwards is left alone.
    """
    files = [path.read_bytes() for path in framework_files()]
    origin = "shipped:" + hashlib.sha256(b"".join(files)).hexdigest()[:48]
    with library.database.read() as session:
        known = dict(session.execute(select(Framework.code, Framework.origin)).all())
    if known and all(found in (origin, IMPORTED) for found in known.values()):
        return []
    parts: dict[str, list[Curriculum]] = {}
    for content in files:
        part = read_curriculum_csv(content)
        parts.setdefault(part.framework.code, []).append(part)
    return [
        import_curriculum(library, ANONYMOUS, merge(*group), origin=origin)
        for code, group in parts.items()
        if known.get(code) != IMPORTED
    ]


def import_curriculum(
    library: Library, viewer: Viewer, curriculum: Curriculum, *, origin: str = IMPORTED
) -> ImportReport:
    """Bring the framework in the database to what `curriculum` says, by the codes of its items.

    Items keep their id, so alignments survive; an item that is gone is removed, or kept as retired
    where materials are aligned to it. A file whose items hang below items that it does not hold
    is an addition: nothing is removed then. Repeating an import changes nothing. Raises
    CurriculumInvalid with every problem found.
    """
    with library.database.write() as session:
        framework = _framework(session, curriculum, origin)
        known = {
            item.code: item
            for item in session.scalars(
                select(CurriculumItem).where(CurriculumItem.framework_id == framework.id)
            )
        }
        is_addition = _hangs_below_others(curriculum)
        curriculum = check(curriculum, _records(known) if is_addition else ())
        added, changed = _write_items(session, framework, curriculum.items, known)
        removed, retired = (0, 0) if is_addition else _remove_items(session, curriculum, known)
        awaiting = write_associations(session, framework, curriculum)
        joined = join_awaited(session, framework)
        _touch_aligned(session, changed)
        report = ImportReport(
            framework.code, added, len(changed), removed, retired, awaiting, joined
        )
        if not report.unchanged:
            after = {"added": added, "changed": len(changed), "removed": removed}
            audit.record(
                session,
                viewer.account_id,
                "curriculum.import",
                "framework",
                framework.code,
                after=after,
            )
    library.vocabulary.forget()
    return report


def _hangs_below_others(curriculum: Curriculum) -> bool:
    own = {item.code for item in curriculum.items}
    return any(item.parent is not None and item.parent not in own for item in curriculum.items)


def _records(known: dict[str, CurriculumItem]) -> list[ItemRecord]:
    """Stored items, as far as the check of an addition below them looks."""
    codes = {item.id: code for code, item in known.items()}
    return [
        ItemRecord(
            code=code,
            parent=codes[item.parent_id] if item.parent_id else None,
            kind=ItemKind(item.kind),
            title=item.title,
            grades=tuple(item.grades),
            subject=item.subject,
        )
        for code, item in known.items()
    ]


def _framework(session: Session, curriculum: Curriculum, origin: str) -> Framework:
    record = curriculum.framework
    framework = session.scalar(select(Framework).where(Framework.code == record.code))
    if framework is None:
        position = PRESENTED_FIRST.index(record.code) if record.code in PRESENTED_FIRST else 100
        framework = Framework(code=record.code, position=position)
        session.add(framework)
    framework.title, framework.language = record.title, record.language
    framework.publisher, framework.version = record.publisher, record.version
    framework.source, framework.uri = record.source, record.uri or None
    framework.origin = origin
    session.flush()
    return framework


def _write_items(
    session: Session,
    framework: Framework,
    records: Sequence[ItemRecord],
    known: dict[str, CurriculumItem],
) -> tuple[int, list[int]]:
    """Add and update, a level of the tree at a time; returns (added, ids of changed items)."""
    by_code = dict(known)
    changed: list[int] = []
    for depth, level in _levels(records, known):
        for record in level:
            item = by_code.get(record.code)
            if item is None:
                item = CurriculumItem(framework_id=framework.id, code=record.code, path="")
                by_code[record.code] = item
                session.add(item)
            values = _values(record, by_code[record.parent] if record.parent else None, depth)
            if _apply(item, values) and item.id is not None:
                changed.append(item.id)
        session.flush()
        for record in level:
            parent = by_code[record.parent] if record.parent else None
            _apply(by_code[record.code], {"path": _path(by_code[record.code], parent)})
        session.flush()
    return len(by_code) - len(known), changed


def _levels(
    records: Sequence[ItemRecord], known: dict[str, CurriculumItem]
) -> list[tuple[int, list[ItemRecord]]]:
    """The records by depth, the highest first; they come parents before children."""
    depths = {code: item.depth for code, item in known.items()}
    levels: dict[int, list[ItemRecord]] = {}
    for record in records:
        depth = depths[record.parent] + 1 if record.parent else 0
        depths[record.code] = depth
        levels.setdefault(depth, []).append(record)
    return sorted(levels.items())


def _path(item: CurriculumItem, parent: CurriculumItem | None) -> str:
    return f"{parent.path if parent else '/'}{item.id}/"


def _values(record: ItemRecord, parent: CurriculumItem | None, depth: int) -> dict[str, Any]:
    return {
        "parent_id": parent.id if parent else None,
        "kind": str(record.kind),
        "title": record.title,
        "folded": fold(" ".join((record.title, *record.abbreviations))),
        "sequence": record.sequence,
        "depth": depth,
        "grades": list(record.grades),
        "subject": record.subject,
        "abbreviations": list(record.abbreviations),
        "source": record.source,
        "page": record.page,
        "note": record.note,
        "identifier": record.uri or None,
        "retired": False,
    }


def _apply(item: CurriculumItem, values: dict[str, Any]) -> bool:
    """Set what differs; returns whether anything did."""
    different = {name: value for name, value in values.items() if getattr(item, name) != value}
    for name, value in different.items():
        setattr(item, name, value)
    return bool(different)


def _remove_items(
    session: Session, curriculum: Curriculum, known: dict[str, CurriculumItem]
) -> tuple[int, int]:
    """Drop items that are gone; returns (removed, retired)."""
    kept = {record.code for record in curriculum.items}
    gone = [item for code, item in known.items() if code not in kept]
    if not gone:
        return 0, 0
    ids = [item.id for item in gone]
    used = set(session.scalars(select(Alignment.item_id).where(Alignment.item_id.in_(ids))))
    # An ancestor of an item that stays has to stay, too.
    needed = {
        int(step) for item in gone if item.id in used for step in item.path.strip("/").split("/")
    }
    retired = 0
    for item in sorted(gone, key=lambda item: -item.depth):
        if item.id in needed:
            retired += not item.retired
            item.retired = True
        else:
            _delete_item(session, item)
    return len(gone) - len(needed.intersection(ids)), retired


def _delete_item(session: Session, item: CurriculumItem) -> None:
    session.execute(delete(Placement).where(Placement.item_id == item.id))
    forget_item(session, item)
    session.delete(item)
    session.flush()


def _touch_aligned(session: Session, changed: Sequence[int]) -> None:
    """Materials aligned to a changed item are to be indexed again: its names are in there."""
    aligned: set[int] = set()
    for part in _parts(changed):
        placed = select(Placement.material_id).where(Placement.item_id.in_(part)).distinct()
        aligned.update(session.scalars(placed))
    for part in _parts(sorted(aligned)):
        for material in session.scalars(select(Material).where(Material.id.in_(part))).all():
            outbox.touch(material)
            place(session, material)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Pieces that fit into one statement."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
