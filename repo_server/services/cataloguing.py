"""Descriptions by the thousand become published materials: another catalogue is taken over.

Records of other catalogues come with an identifier of their own. It finds the material again: what
is the same changes nothing, what differs is edited, so an import may be repeated at any time. A
field that a person has changed in the library since the last import stays as it is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Alignment,
    CatalogueEntry,
    CataloguePassage,
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
from repo_server.services.catalogue_entries import (
    SOURCE_LIMIT,
    TEXT_LIMIT,
    URL_LIMIT,
    changed_by_person,
    digests,
    passage_rows,
    replace_text,
    stored,
)
from repo_server.services.codes import free_codes
from repo_server.services.library import Library
from repo_server.services.materials import Description, bounded, described
from repo_server.services.placement import Choice, codes_of, place, require_known
from repo_server.services.uploads import subject_of
from repo_server.services.versions import SNAPSHOT_FIELDS, keeping_version

BATCH: Final = 1_000
"""Records in one transaction: a commit each would cost more than the rows."""

NAMED: Final = 1_000
"""Records that a report names: it must not grow with a file that is wrong all over."""

EXTERNAL_ID_LIMIT: Final = 200
TWICE: Final = "Mã này đã có ở một bản ghi trước."
DELETED: Final = "Học liệu này đã bị xoá khỏi kho."

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """One description of another catalogue.

    `grades`, `subjects` and `books` are codes as in the facets, `items` codes of further items of
    the curriculum. `kind`, `license` and `language` are codes of Kho's own lists. `text` is what
    the material holds, to be found by its words; `source` and `url` say where it came from, `use`
    how often it was used there and `published` since when. `row`: where it stands in its file.
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
    text: str = ""
    source: str = ""
    url: str | None = None
    use: int = 0
    published: datetime | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that was not taken, and why in Vietnamese."""

    external_id: str
    reason: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A record whose material was changed by a person since: `fields` stay as they are there."""

    external_id: str
    fields: tuple[str, ...]
    row: int = 0


@dataclass(slots=True)
class CatalogueReport:
    """What became of the records; every one is counted once.

    `refused` and `kept` name the first `NAMED` of theirs; `refusals` counts all.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refusals: int = 0
    refused: list[Refusal] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.added + self.changed + self.unchanged + self.refusals

    def refuse(self, record: CatalogueRecord, reason: str) -> None:
        """Count a record that is not taken."""
        self.refusals += 1
        if len(self.refused) < NAMED:
            named = record.external_id[:EXTERNAL_ID_LIMIT]
            self.refused.append(Refusal(named, reason, record.row))

    def _take(self, batch: "CatalogueReport") -> None:
        self.added += batch.added
        self.changed += batch.changed
        self.unchanged += batch.unchanged
        self.refusals += batch.refusals
        self.refused += batch.refused[: NAMED - len(self.refused)]
        self.kept += batch.kept[: NAMED - len(self.kept)]


@dataclass(frozen=True, slots=True)
class _Settled:
    """A record that may be written: its columns, the ids of its items in order, and its digests."""

    record: CatalogueRecord
    values: dict[str, Any]
    items: tuple[int, ...]
    digests: dict[str, str]


def add_records(
    library: Library,
    viewer: Viewer,
    records: Iterable[CatalogueRecord],
    progress: Callable[[int], None] = lambda _: None,
    *,
    dry_run: bool = False,
) -> CatalogueReport:
    """Publish what is new and edit what differs; `progress` hears how many records are done.

    A record that cannot be taken is refused by itself. A batch is one transaction with one entry in
    the audit trail; the indexes learn of it through the index state. What was withdrawn stays
    withdrawn. `dry_run`: everything is tried and nothing stays. Raises Forbidden for those who do
    not administer the library.
    """
    require(viewer, Action.ADMINISTER)
    report = CatalogueReport()
    seen: set[str] = set()
    for batch in _batches(records):
        first = []
        for record in batch:
            if record.external_id in seen:
                report.refuse(record, TWICE)
            else:
                first.append(record)
                seen.add(record.external_id)
        report._take(_patiently_written(library, viewer, first, dry_run=dry_run))
        progress(report.total)
    return report


def _batches(records: Iterable[CatalogueRecord]) -> Iterator[list[CatalogueRecord]]:
    waiting = iter(records)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _patiently_written(
    library: Library, viewer: Viewer, batch: Sequence[CatalogueRecord], *, dry_run: bool
) -> CatalogueReport:
    tries = _TRIES
    while True:
        try:
            with library.database.write() as session:
                report = _write(session, viewer, batch)
                if dry_run:
                    session.rollback()
                return report
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
            found = known.get(record.external_id)
            if found is None:
                new.append(settled)
            elif _change(session, viewer, curriculum, found, settled, report):
                changed.append(found.material.id)
            else:
                report.unchanged += 1
        except (InvalidValue, NotFound, Forbidden) as error:
            report.refuse(record, error.sentence())
    added = _insert(session, viewer, curriculum, new) if new else []
    report.added, report.changed = len(added), len(changed)
    if added or changed:
        after = {"added": added, "changed": changed}
        audit.record(
            session, viewer.account_id, "catalogue.import", "catalogue", "materials", after=after
        )
    return report


@dataclass(frozen=True, slots=True)
class _Known:
    """A material that a record became earlier; no `entry` where that was not an import."""

    material: Material
    entry: CatalogueEntry | None


def _known(session: Session, batch: Sequence[CatalogueRecord]) -> dict[str, _Known]:
    wanted = [record.external_id for record in batch]
    found = session.execute(
        select(Material, CatalogueEntry)
        .join(CatalogueEntry, CatalogueEntry.material_id == Material.id, isouter=True)
        .where(Material.external_id.in_(wanted))
        .with_for_update(of=Material)
    )
    return {str(material.external_id): _Known(material, entry) for material, entry in found}


class _Curriculum:
    """Items by code as one transaction sees them: read once for a batch."""

    def __init__(self, session: Session) -> None:
        self._ids: dict[str, int] = {}
        self._codes: dict[int, str] = {}
        self._paths: dict[int, str] = {}
        rows = session.execute(
            select(CurriculumItem.id, CurriculumItem.code, CurriculumItem.path)
            .join(Framework, Framework.id == CurriculumItem.framework_id)
            .order_by(Framework.position, Framework.id)
        )
        for item_id, code, path in rows:
            # Another framework may use the same codes: the one that is presented first is meant.
            self._ids.setdefault(code, item_id)
            self._codes[item_id], self._paths[item_id] = code, path

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

    def codes_of(self, items: Iterable[int]) -> list[str]:
        """The codes of items, in order."""
        return [self._codes[item] for item in items]

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
    for name, limit in (("text", TEXT_LIMIT), ("source", SOURCE_LIMIT), ("url", URL_LIMIT)):
        bounded(name, getattr(record, name) or "", limit)
    items = curriculum.items_of(record)
    beside = {name: getattr(record, name) for name in ("text", "source", "url", "use")}
    dated = {"published_at": stored(record.published)} if record.published is not None else {}
    said = digests(values | beside | dated, curriculum.codes_of(items))
    return _Settled(record, values | dated, items, said)


def _change(
    session: Session,
    viewer: Viewer,
    curriculum: _Curriculum,
    found: _Known,
    settled: _Settled,
    report: CatalogueReport,
) -> bool:
    """Bring a material to what its record says; False when it says that already."""
    material = found.material
    if material.deleted_at is not None:
        raise InvalidValue("external_id", DELETED)
    entry = found.entry or CatalogueEntry(material_id=material.id, imported={}, use=0)
    told = [name for name, value in settled.digests.items() if entry.imported.get(name) != value]
    if not told:
        return False
    codes = curriculum.codes_of(item.id for item in material.items)
    kept = tuple(name for name in told if changed_by_person(entry, material, name, codes))
    if kept and len(report.kept) < NAMED:
        report.kept.append(Kept(settled.record.external_id, kept, settled.record.row))
    names = [name for name in told if name not in kept]
    if not names:
        return False
    require(viewer, Action.EDIT, subject_of(material))
    _apply(session, viewer, material, settled, names)
    _remember(session, entry, settled, names)
    place(session, material)
    return True


def _apply(
    session: Session, viewer: Viewer, material: Material, settled: _Settled, names: Sequence[str]
) -> None:
    # Looked up before anything is set: a question to the database would write half of the change.
    moved = "items" in names
    if "text" in names:
        replace_text(session, material.id, settled.record.text)
    items = [session.get_one(CurriculumItem, item) for item in settled.items] if moved else []
    with keeping_version(session, material, viewer.account_id):
        for name in names:
            if name in settled.values:
                setattr(material, name, settled.values[name])
        if "title" in names:
            material.folded_title = settled.values["folded_title"]
        if moved:
            material.items = items
    # What is said beside the columns makes it another one for the indexes, too.
    outbox.touch(material)


def _remember(
    session: Session, entry: CatalogueEntry, settled: _Settled, names: Sequence[str]
) -> None:
    """Note what the import has left; uses that were counted elsewhere since are added to ours."""
    record = settled.record
    if "use" in names:
        more = max(0, record.use - entry.use)
        material = session.get_one(Material, entry.material_id)
        material.use, entry.use = material.use + more, record.use
    entry.source, entry.url = record.source, record.url
    entry.imported = entry.imported | {name: settled.digests[name] for name in names}
    session.add(entry)


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
        {
            **common,
            **one.values,
            "external_id": one.record.external_id,
            "use": one.record.use,
            "code": code,
        }
        for one, code in zip(new, codes, strict=True)
    ]
    made = session.execute(insert(Material).returning(Material.external_id, Material.id), rows)
    ids = {str(external_id): material_id for external_id, material_id in made}
    by_id = sorted((ids[one.record.external_id], one) for one in new)
    _insert_versions(session, viewer, curriculum, by_id)
    _insert_places(session, curriculum, by_id)
    _insert_entries(session, by_id)
    outbox.want(session, dict.fromkeys((material_id for material_id, _ in by_id), 1))
    return [material_id for material_id, _ in by_id]


def _insert_entries(session: Session, by_id: Sequence[tuple[int, _Settled]]) -> None:
    entries = [
        {
            "material_id": material_id,
            "source": one.record.source,
            "url": one.record.url,
            "use": one.record.use,
            "imported": one.digests,
        }
        for material_id, one in by_id
    ]
    session.execute(insert(CatalogueEntry), entries)
    texts = [
        row for material_id, one in by_id for row in passage_rows(material_id, one.record.text)
    ]
    if texts:
        session.execute(insert(CataloguePassage), texts)


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
                "items": curriculum.codes_of(one.items),
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
