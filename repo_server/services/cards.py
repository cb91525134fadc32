"""Materials as lists show them: a card each, with a constant number of queries for any number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from repo_server.database.models import Material
from repo_server.database.queries import materials as queries
from repo_server.database.queries.materials import AlignedItem, ListedFile, ListedMaterial
from repo_server.domain.access import Viewer
from repo_server.domain.bundles import Contents, Part, contents
from repo_server.domain.curriculum import ItemKind
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, STATUS_LABELS, Kind, Status
from repo_server.domain.wording import worded
from repo_server.services.reasons import Why
from repo_server.services.vocabulary import Names


@dataclass(frozen=True, slots=True)
class Label:
    """A value with the name that people read."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a snippet; `marked` where it answers the query."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A material in a list. Sizes in bytes.

    `snippet`, `page_label` and `place_url` (where the snippet is from, opened) only in search
    results, `whys` where they were asked for.

    `contents` says what is there of a lesson bundle, for materials that are one.
    """

    id: int
    code: str
    url: str
    title: str
    description: str
    kind: str | None
    kind_label: str | None
    grades: tuple[int, ...]
    subjects: tuple[Label, ...]
    books: tuple[Label, ...]
    license: Label | None
    language: str
    status: str
    status_label: str
    thumbnail_url: str | None
    formats: tuple[str, ...]
    file_count: int
    size: int
    published_at: datetime | None
    updated_at: datetime
    owner_name: str
    organization_name: str | None
    use: int
    external_id: str | None
    contents: Contents | None
    snippet: tuple[Fragment, ...] = ()
    page_label: str | None = None
    place_url: str | None = None
    whys: tuple[Why, ...] = ()

    def with_snippet(
        self, snippet: tuple[Fragment, ...], page_label: str | None, place_url: str | None
    ) -> "Card":
        """The same card in a search result."""
        return replace(self, snippet=snippet, page_label=page_label, place_url=place_url)


def cards(session: Session, viewer: Viewer, names: Names, ids: Sequence[int]) -> list[Card]:
    """Cards of those of `ids` that the viewer may see, in the order of `ids`."""
    if not ids:
        return []
    found = queries.listed(session, viewer, ids)
    files: dict[int, list[ListedFile]] = {}
    for file in queries.listed_files(session, viewer, ids):
        files.setdefault(file.material_id, []).append(file)
    items: dict[int, list[AlignedItem]] = {}
    for item in queries.aligned_items(session, viewer, ids):
        items.setdefault(item.material_id, []).append(item)
    return [
        _card(found[id_], files.get(id_, []), items.get(id_, []), names)
        for id_ in ids
        if id_ in found
    ]


def card_of(session: Session, viewer: Viewer, names: Names, material: Material) -> Card:
    """The card of one material that the viewer may see, loaded with its items."""
    owner, organization = queries.names_beside(session, material)
    files = queries.listed_files(session, viewer, [material.id])
    items = [
        AlignedItem(
            material.id,
            item.id,
            item.kind,
            item.code,
            item.title,
            tuple(item.grades),
            item.subject,
        )
        for item in sorted(material.items, key=lambda item: item.id)
    ]
    return _card(ListedMaterial(material, owner, organization), files, items, names)


def _card(
    row: ListedMaterial, files: Sequence[ListedFile], items: Sequence[AlignedItem], names: Names
) -> Card:
    material = row.material
    thumbnail = next((file.id for file in files if file.has_thumbnail), None)
    return Card(
        id=material.id,
        code=material.code,
        url=material_url(material.code),
        title=material.title,
        description=material.description,
        kind=material.kind,
        kind_label=kind_label(material.kind),
        grades=card_grades(items),
        subjects=subject_labels(items, names),
        books=book_labels(items, names),
        license=license_label(material.license),
        language=material.language,
        status=material.status,
        status_label=status_label(material.status),
        thumbnail_url=thumbnail_url(thumbnail) if thumbnail is not None else None,
        formats=tuple(dict.fromkeys(FILE_KINDS[file.kind].mark for file in files)),
        file_count=len(files),
        size=sum(file.size for file in files),
        published_at=material.published_at,
        updated_at=material.updated_at,
        owner_name=material.author or row.owner_name,
        organization_name=row.organization_name,
        use=material.use,
        external_id=material.external_id,
        contents=contents(
            [Part(file.role, FILE_KINDS[file.kind].group, file.name) for file in files],
            material.kind,
        ),
    )


def material_url(code: str) -> str:
    """The page of a material."""
    return f"/hoc-lieu/{code}"


def thumbnail_url(file_id: int) -> str:
    """The thumbnail of a file."""
    return f"/api/files/{file_id}/thumbnail"


def card_grades(items: Sequence[AlignedItem]) -> tuple[int, ...]:
    """Grades of the items that are not textbook sets."""
    return tuple(sorted({g for item in items if item.kind != ItemKind.BOOK for g in item.grades}))


def subject_labels(items: Sequence[AlignedItem], names: Names) -> tuple[Label, ...]:
    """The subjects of the items, each once."""
    codes = dict.fromkeys(item.subject for item in items if item.subject)
    return tuple(Label(code, label_of(names.subjects, code)) for code in codes)


def book_labels(items: Sequence[AlignedItem], names: Names) -> tuple[Label, ...]:
    """The textbook sets among the items."""
    codes = dict.fromkeys(item.code for item in items if item.kind == ItemKind.BOOK)
    return tuple(Label(code, label_of(names.books, code)) for code in codes)


def label_of(names: Mapping[str, object], code: str) -> str:
    """The name of a subject or book; its code where the curriculum no longer knows it."""
    return getattr(names.get(code), "label", code)


def license_label(code: str | None) -> Label | None:
    """The licence as people read it."""
    return None if code is None else Label(code, worded("license", code, LICENSES[code].label))


def kind_label(kind: str | None) -> str | None:
    """The kind of a material as people read it."""
    return None if not kind else worded("kind", kind, KIND_LABELS[Kind(kind)])


def status_label(status: str) -> str:
    """The state of a material or collection as people read it."""
    return worded("status", status, STATUS_LABELS[Status(status)])
