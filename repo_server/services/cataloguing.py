"""Descriptions by the thousand become published materials: another catalogue is taken over.

Records of other catalogues come with an identifier of their own. It finds the material again: what
is the same changes nothing, what differs is edited, so an import may be repeated at any time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Alignment,
    CurriculumItem,
    Framework,
    Material,
    MaterialVersion,
    Placement,
    utc_now,
)
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import Forbidden, InvalidValue, NotFound
from repo_server.domain.materials import ITEMS_LIMIT, Status
from repo_server.services.codes import free_codes
from repo_server.services.library import Library
from repo_server.services.materials import Description, described
from repo_server.services.placement import Choice, codes_of, place, require_known
from repo_server.services.uploads import subject_of
from repo_server.services.versions import SNAPSHOT_FIELDS, keeping_version

BATCH: Final = 1_000
"""Records in one transaction: a commit each would cost more than the rows."""

EXTERNAL_ID_LIMIT: Final = 200
TWICE: Final = "Mã này đã có ở một bản ghi trước."
DELETED: Final = "Học liệu này đã bị xoá khỏi kho."

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """One description of another catalogue.

    `grades`, `subjects` and `books` are codes as in the facets, `items` codes of further items of
    the curriculum. `kind`, `license` and `language` are codes of Kho's own lists.
    """

    external_id: str
    title: str
    description: str = ""
    kind: str | None = None
    grades: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    license: str | None = None
    language: str = "vi"
    keywords: tuple[str, ...] = ()
    author: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that was not taken, and why in Vietnamese."""

    external_id: str
    reason: str


@dataclass(slots=True)
class CatalogueReport:
    """What became of the records; every one is counted once."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.added + self.changed + self.unchanged + len(self.refused)

    def _take(self, batch: "CatalogueReport") -> None:
        self.added += batch.added
        self.changed += batch.changed
        self.unchanged += batch.unchanged
        self.refused += batch.refused


@dataclass(frozen=True, slots=True)
class _Settled:
    """A record that may be written: its columns, and the ids of its items in order."""

    external_id: str
    values: dict[str, Any]
    items: tuple[int, ...]


def add_records(
    library: Library,
    viewer: Viewer,
    records: Iterable[CatalogueRecord],
    progress: Callable[[int], None] = lambda _: None,
) -> CatalogueReport:
    """Publish what is new and edit what differs; `progress` hears how many records are done.

    A record that cannot be taken is refused by itself. A batch is one transaction with one entry in
    the audit trail; the indexes learn of it through the index state. What was withdrawn stays
    withdrawn. Raises Forbidden for those who do not administer the library.
    """
    require(viewer, Action.ADMINISTER)
    report = CatalogueReport()
    seen: set[str] = set()
    for batch in _batches(records):
        first = []
        for record in batch:
            if record.external_id in seen:
                report.refused.append(Refusal(record.external_id[:EXTERNAL_ID_LIMIT], TWICE))
            else:
                first.append(record)
                seen.add(record.external_id)
        report._take(_patiently_written(library, viewer, first))
        progress(report.total)
    return report


def _batches(records: Iterable[CatalogueRecord]) -> Iterator[list[CatalogueRecord]]:
    waiting = iter(records)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _patiently_written(
    library: Library, viewer: Viewer, batch: Sequence[CatalogueRecord]
) -> CatalogueReport:
    tries = _TRIES
    while True:
        try:
            with library.database.write() as session:
                return _write(session, viewer, batch)
        except IntegrityError:
            # PostgreSQL: another import was faster with a record, or an item was removed; the next
            # try sees what it did.
            tries -= 1
            if not tries:
                raise


def _write(session: Session, viewer: Viewer, batch: Sequence[CatalogueRecord]) -> CatalogueReport:
    report, new, changed = CatalogueReport(), [], []
    curriculum = _Curriculum(session)
    known = _known(session, batch)
    for record in batch:
        try:
            settled = _settled(curriculum, record)
            material = known.get(settled.external_id)
            if material is None:
                new.append(settled)
            elif _change(session, viewer, material, settled):
                changed.append(material.id)
            else:
                report.unchanged += 1
        except (InvalidValue, NotFound, Forbidden) as error:
            refusal = Refusal(record.external_id[:EXTERNAL_ID_LIMIT], error.sentence())
            report.refused.append(refusal)
    added = _insert(session, viewer, curriculum, new) if new else []
    report.added, report.changed = len(added), len(changed)
    if added or changed:
        after = {"added": added, "changed": changed}
        audit.record(
            session, viewer.account_id, "catalogue.import", "catalogue", "materials", after=after
        )
    return report


def _known(session: Session, batch: Sequence[CatalogueRecord]) -> dict[str, Material]:
    wanted = [record.external_id for record in batch]
    found = session.scalars(
        select(Material)
        .where(Material.external_id.in_(wanted))
        .options(selectinload(Material.items))
        .with_for_update()
    )
    return {str(material.external_id): material for material in found}


class _Curriculum:
    """Items by code as one transaction sees them: read once for a batch."""

    def __init__(self, session: Session) -> None:
        self._ids: dict[str, int] = {}
        self.codes: dict[int, str] = {}
        self._paths: dict[int, str] = {}
        rows = session.execute(
            select(CurriculumItem.id, CurriculumItem.code, CurriculumItem.path)
            .join(Framework, Framework.id == CurriculumItem.framework_id)
            .order_by(Framework.position, Framework.id)
        )
        for item_id, code, path in rows:
            # Another framework may use the same codes: the one that is presented first is meant.
            self._ids.setdefault(code, item_id)
            self.codes[item_id], self._paths[item_id] = code, path

    def items_of(self, record: CatalogueRecord) -> tuple[int, ...]:
        """Ids of the items that a record is about, in order; InvalidValue for unknown ones."""
        choice = Choice(record.grades, record.subjects, record.books)
        require_known(choice, self._ids)
        unknown = [code for code in record.items if code not in self._ids]
        if unknown:
            raise InvalidValue("items", f"Chương trình không có mục “{unknown[0][:120]}”.")
        chosen = (code for code in codes_of(choice) if code in self._ids)
        ids = {self._ids[code] for code in (*chosen, *record.items)}
        if len(ids) > ITEMS_LIMIT:
            raise InvalidValue("items", f"Chỉ gắn tối đa {ITEMS_LIMIT} mục của chương trình.")
        return tuple(sorted(ids))

    def places_of(self, items: Iterable[int]) -> set[int]:
        """The items and all that they hang below."""
        return {int(step) for item in items for step in self._paths[item].strip("/").split("/")}


def _settled(curriculum: _Curriculum, record: CatalogueRecord) -> _Settled:
    if not record.external_id.strip() or "\x00" in record.external_id:
        raise InvalidValue("external_id", "Bản ghi không có mã.")
    if len(record.external_id) > EXTERNAL_ID_LIMIT:
        raise InvalidValue("external_id", f"Mã dài quá {EXTERNAL_ID_LIMIT} kí tự.")
    description = Description(
        title=record.title,
        description=record.description,
        kind=record.kind,
        language=record.language,
        license=record.license,
        keywords=record.keywords,
        author=record.author,
    )
    values = {"kind": None, "license": None, **described(description)}
    return _Settled(record.external_id, values, curriculum.items_of(record))


def _change(session: Session, viewer: Viewer, material: Material, settled: _Settled) -> bool:
    """Bring a material to what its record says; False when it says that already."""
    if material.deleted_at is not None:
        raise InvalidValue("external_id", DELETED)
    different = {
        name: value for name, value in settled.values.items() if getattr(material, name) != value
    }
    moved = {item.id for item in material.items} != set(settled.items)
    if not different and not moved:
        return False
    require(viewer, Action.EDIT, subject_of(material))
    # Looked up before anything is set: a question to the database would write half of the change.
    items = [session.get_one(CurriculumItem, item) for item in settled.items] if moved else []
    with keeping_version(session, material, viewer.account_id):
        for name, value in different.items():
            setattr(material, name, value)
        if moved:
            material.items = items
    place(session, material)
    return True


def _insert(
    session: Session, viewer: Viewer, curriculum: _Curriculum, new: Sequence[_Settled]
) -> list[int]:
    """Write published materials with all that belongs to them; returns their ids."""
    now = utc_now()
    common = {
        "rev": 1,
        "status": Status.PUBLISHED.value,
        "version": 1,
        "owner_id": viewer.account_id,
        "organization_id": viewer.home_organization_id,
        "published_at": now,
    }
    codes = free_codes(session, len(new))
    rows = [
        {**common, **one.values, "external_id": one.external_id, "code": code}
        for one, code in zip(new, codes, strict=True)
    ]
    made = session.execute(insert(Material).returning(Material.external_id, Material.id), rows)
    ids = {str(external_id): material_id for external_id, material_id in made}
    by_id = sorted((ids[one.external_id], one) for one in new)
    _insert_versions(session, viewer, curriculum, by_id)
    _insert_places(session, curriculum, by_id)
    outbox.want(session, dict.fromkeys((material_id for material_id, _ in by_id), 1))
    return [material_id for material_id, _ in by_id]


def _insert_versions(
    session: Session,
    viewer: Viewer,
    curriculum: _Curriculum,
    by_id: Sequence[tuple[int, _Settled]],
) -> None:
    rows = [
        {
            "material_id": material_id,
            "number": 1,
            "created_by": viewer.account_id,
            "snapshot": {
                **{name: one.values[name] for name in SNAPSHOT_FIELDS},
                "keywords": one.values["keywords"],
                "items": [curriculum.codes[item] for item in one.items],
                "files": [],
            },
        }
        for material_id, one in by_id
    ]
    session.execute(insert(MaterialVersion), rows)


def _insert_places(
    session: Session, curriculum: _Curriculum, by_id: Sequence[tuple[int, _Settled]]
) -> None:
    aligned = [
        {"material_id": material_id, "item_id": item}
        for material_id, one in by_id
        for item in one.items
    ]
    placed = [
        {"item_id": item, "material_id": material_id}
        for material_id, one in by_id
        for item in curriculum.places_of(one.items)
    ]
    # In the order of the key: each page of the table is written once.
    placed.sort(key=lambda row: (row["item_id"], row["material_id"]))
    for model, rows in ((Alignment, aligned), (Placement, placed)):
        if rows:
            session.execute(insert(model), rows)
