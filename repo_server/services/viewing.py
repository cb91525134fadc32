"""One material as its page and the API show it, and its bytes after the check of rights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.models import CurriculumItem, Material, MaterialFile
from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import files as file_queries
from repo_server.database.queries import materials as queries
from repo_server.domain.access import Action, Viewer, allowed, permits
from repo_server.domain.curriculum import ITEM_KIND_LABELS, ItemKind
from repo_server.domain.errors import FileQuarantined, NotFound
from repo_server.domain.files import DRAWN_KINDS, FILE_KINDS, drawn_pages
from repo_server.domain.licenses import LICENSES, License
from repo_server.domain.materials import LANGUAGES
from repo_server.domain.readers import FILMS
from repo_server.domain.wording import worded
from repo_server.services import personal
from repo_server.services.cards import Card, card_of, kind_label
from repo_server.services.curriculum import item_url
from repo_server.services.library import Library
from repo_server.services.materials import missing
from repo_server.services.personal import PersonalNote
from repo_server.services.placement import Choice, choice_of
from repo_server.services.uploads import subject_of
from repo_server.services.versions import present_files

PREVIEW_PAGES: Final = 50
PREVIEW_TEXT: Final = 5_000
_STEPS: Final = (
    Action.SUBMIT,
    Action.PUBLISH,
    Action.RETURN,
    Action.WITHDRAW,
    Action.DELETE,
)


@dataclass(frozen=True, slots=True)
class AlignmentView:
    """An item that the material is about, with the way to it from the root."""

    id: int
    title: str
    kind: str
    kind_label: str
    trail: tuple[str, ...]
    url: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part of a package as its maker named it: `depth` is 0 at the top, `note` what it is."""

    title: str
    depth: int
    note: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a material. `preview` is pages, image, video, audio, text or none.

    `light_size` is what a light copy of a film has, in bytes; None where there is no such copy.
    """

    id: int
    name: str
    role: str | None
    role_label: str | None
    size: int
    kind: str
    kind_label: str
    group: str
    extension: str
    media_type: str
    sha256: str
    page_count: int | None
    duration: float | None
    width: int | None
    height: int | None
    has_text: bool
    text_expected: bool
    text_truncated: bool
    warnings: tuple[str, ...]
    parts: tuple[FilePart, ...]
    preview: str
    preview_text: str | None
    light_size: int | None

    @property
    def preview_pages(self) -> range:
        """Numbers of the pages that have an image."""
        last = min(drawn_pages(self.kind, self.page_count), PREVIEW_PAGES)
        return range(1, last + 1)


@dataclass(frozen=True, slots=True)
class MaterialView:
    """Everything that a material's page needs."""

    card: Card
    rev: int
    version: int
    license: License | None
    language_label: str
    keywords: tuple[str, ...]
    author: str
    alignments: tuple[AlignmentView, ...]
    choice: Choice
    files: tuple[FileView, ...]
    return_reason: str | None
    created_at: datetime
    actions: tuple[Action, ...]
    can_edit: bool
    can_edit_files: bool
    problems: tuple[str, ...]
    personal: tuple[PersonalNote, ...]
    personal_acknowledged: bool


def material_by_code(library: Library, viewer: Viewer, code: str) -> MaterialView:
    """The material of that code. Raises NotFound for what the viewer may not see."""
    with library.database.read() as session:
        return _view(library, session, viewer, queries.material_by_code(session, viewer, code))


def material_by_id(library: Library, viewer: Viewer, material_id: int) -> MaterialView:
    """The material of that id. Raises NotFound for what the viewer may not see."""
    with library.database.read() as session:
        return _view(library, session, viewer, queries.material_by_id(session, viewer, material_id))


def material_after(library: Library, viewer: Viewer, material: Material) -> MaterialView:
    """The material as this viewer's own act left it, with the revision that the act made.

    `material` comes from `services.materials`, loaded with files and items. Raises NotFound where
    the act took it out of the viewer's sight.
    """
    if not permits(viewer, Action.VIEW, subject_of(material)):
        raise NotFound
    with library.database.read() as session:
        return _view(library, session, viewer, material)


def _view(
    library: Library, session: Session, viewer: Viewer, material: Material | None
) -> MaterialView:
    if material is None:
        raise NotFound
    names = library.vocabulary.names(session)
    subject = subject_of(material)
    can_edit = permits(viewer, Action.EDIT, subject)
    files = present_files(material)
    closed = file_queries.quarantined(session, viewer, [file.sha256 for file in files])
    return MaterialView(
        card=card_of(session, viewer, names, material),
        rev=material.rev,
        version=material.version,
        license=_license(material.license),
        language_label=worded(
            "language", material.language, LANGUAGES.get(material.language, material.language)
        ),
        keywords=tuple(material.keywords),
        author=material.author,
        alignments=alignments(session, material.items),
        choice=choice_of(material.items, names.items),
        files=tuple(
            _closed(file) if file.sha256 in closed else file
            for file in (_file(session, viewer, file) for file in files)
        ),
        return_reason=material.return_reason if can_edit else None,
        created_at=material.created_at,
        actions=allowed(viewer, subject, _STEPS),
        can_edit=can_edit,
        can_edit_files=permits(viewer, Action.EDIT_FILES, subject),
        problems=tuple(missing(material).values()) if can_edit else (),
        personal=personal.notes(material) if can_edit else (),
        personal_acknowledged=personal.is_acknowledged(material),
    )


def _license(code: str | None) -> License | None:
    if not code:
        return None
    found = LICENSES[code]
    return replace(
        found,
        label=worded("license", code, found.label),
        summary=worded("license_summary", code, found.summary),
    )


def alignments(session: Session, items: Sequence[CurriculumItem]) -> tuple[AlignmentView, ...]:
    """The items with the titles on the way to each."""
    if not items:
        return ()
    above = curriculum_queries.ancestors(session, items)
    codes = curriculum_queries.framework_codes(session)
    return tuple(
        AlignmentView(
            id=item.id,
            title=item.title,
            kind=item.kind,
            kind_label=worded("item_kind", item.kind, ITEM_KIND_LABELS[ItemKind(item.kind)]),
            trail=tuple(ancestor.title for ancestor in above[item.id]),
            url=item_url(codes[item.framework_id], item.code),
        )
        for item in items
    )


def _file(session: Session, viewer: Viewer, file: MaterialFile) -> FileView:
    kind = FILE_KINDS[file.kind]
    preview = _preview(file)
    return FileView(
        id=file.id,
        name=file.name,
        role=file.role,
        role_label=kind_label(file.role),
        size=file.size,
        kind=file.kind,
        kind_label=worded("format", file.kind, kind.label),
        group=kind.group,
        extension=kind.extensions[0],
        media_type=file.media_type,
        sha256=file.sha256,
        page_count=file.page_count,
        duration=file.duration,
        width=file.width,
        height=file.height,
        has_text=file.has_text,
        text_expected=kind.text,
        text_truncated=file.text_truncated,
        warnings=tuple(file.warnings),
        parts=tuple(FilePart(*row) for row in file.declared.get("parts", ())),
        preview=preview,
        preview_text=_text(session, viewer, file) if preview == "text" else None,
        light_size=_light_size(session, viewer, file),
    )


def _closed(file: FileView) -> FileView:
    """A file in which a threat was found: named, and nothing of it is shown."""
    said = FileQuarantined().sentence()
    return replace(file, preview="none", preview_text=None, light_size=None, warnings=(said,))


def _preview(file: MaterialFile) -> str:
    kind = FILE_KINDS[file.kind]
    if file.kind == "pdf":
        return "pages"
    if file.kind in DRAWN_KINDS:
        return "image"
    if kind.inline and kind.group in ("image", "audio", "video"):
        return kind.group
    return "text" if file.has_text else "none"


def _light_size(session: Session, viewer: Viewer, file: MaterialFile) -> int | None:
    if file.kind not in FILMS:
        return None
    light = file_queries.light_copy(session, viewer, file.sha256)
    return None if light is None else light.size


def _text(session: Session, viewer: Viewer, file: MaterialFile) -> str:
    pages = file_queries.segments(session, viewer, file.sha256, 20)
    return "\n\n".join(f"{page.label}\n{page.text}".strip() for page in pages)[:PREVIEW_TEXT]


def stored_file(library: Library, viewer: Viewer, file_id: int) -> file_queries.StoredFile:
    """A file whose bytes the viewer may have. Raises NotFound, FileQuarantined."""
    with library.database.read() as session:
        stored = file_queries.file_by_id(session, viewer, file_id)
    if stored is None:
        raise NotFound
    if stored.quarantined:
        raise FileQuarantined
    return stored
