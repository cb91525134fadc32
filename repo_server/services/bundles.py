"""The files of a material together: their roles, names and order, and all of them as one ZIP."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import update

from repo_server.database import audit
from repo_server.database.models import Blob, Material, MaterialFile
from repo_server.database.queries import files as file_queries
from repo_server.database.queries import materials as queries
from repo_server.database.queries.files import StoredFile
from repo_server.database.queries.materials import ListedMaterial
from repo_server.domain.access import Action, Viewer
from repo_server.domain.bundles import (
    ATTRIBUTION_NAME,
    Part,
    archive_name,
    entry_names,
    renamed,
    role_or_none,
)
from repo_server.domain.errors import (
    FileDamaged,
    FileQuarantined,
    InvalidValue,
    KhoError,
    NotFound,
    StorageUnavailable,
)
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.licenses import LICENSES
from repo_server.exchange.attribution import AttributedFile, Attribution, attribution_text
from repo_server.exchange.zip_archive import Entry, archive, archive_size
from repo_server.services.keeping import reading
from repo_server.services.library import Library
from repo_server.services.materials import open_material
from repo_server.services.versions import keeping_version, present_files
from repo_server.storage.base import ObjectKey, ObjectMissing


@dataclass(frozen=True, slots=True)
class FileChange:
    """What is said anew of a file; None leaves it. `role` "" takes the role away.

    `position` counts the material's files from 1; the others make room.
    """

    name: str | None = None
    role: str | None = None
    position: int | None = None


def change_file(
    library: Library,
    viewer: Viewer,
    material_id: int,
    rev: int | None,
    file_id: int,
    change: FileChange,
) -> Material:
    """Rename a file, say its role, move it; the extension of its name stays.

    Raises NotFound, PreconditionRequired, EditConflict, InvalidValue, Forbidden, and WrongState to
    a teacher whose material is published: what was reviewed stays what is served.
    """
    with library.database.write() as session:
        material = open_material(session, viewer, material_id, rev, Action.EDIT_FILES)
        files = present_files(material)
        file = next((file for file in files if file.id == file_id), None)
        if file is None:
            raise NotFound
        before = _said(file, files)
        with keeping_version(session, material, viewer.account_id):
            files = _changed(files, file, change)
        after = _said(file, files)
        if after != before:
            audit.record(
                session,
                viewer.account_id,
                "file.change",
                "file",
                file.id,
                before=before,
                after=after,
            )
    return material


def _changed(
    files: list[MaterialFile], file: MaterialFile, change: FileChange
) -> list[MaterialFile]:
    """Apply the change; the files in their new order."""
    if change.name is not None:
        file.name = renamed(file.name, change.name)
    if change.role is not None:
        file.role = role_or_none(change.role)
    return files if change.position is None else _moved(files, file, change.position)


def _moved(files: list[MaterialFile], file: MaterialFile, position: int) -> list[MaterialFile]:
    if not 1 <= position <= len(files):
        raise InvalidValue("position", f"Vị trí phải từ 1 đến {len(files)}.")
    order = [other for other in files if other is not file]
    order.insert(position - 1, file)
    if order != files:
        for number, moved in enumerate(order, start=1):
            moved.position = number
    return order


def _said(file: MaterialFile, order: Sequence[MaterialFile]) -> dict[str, object]:
    return {"name": file.name, "role": file.role, "position": order.index(file) + 1}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A material's files as an archive: `size` in bytes, `etag` the same for the same bytes.

    `objects` are the stored objects that it is made from, with their sizes; `damaged`,
    `quarantined`: one of them was found so, or a threat in it; `is_used`: whether to take it shows
    that the material is used.
    """

    material_id: int
    is_used: bool
    filename: str
    size: int
    etag: str
    entries: tuple[Entry, ...]
    objects: tuple[tuple[ObjectKey, int], ...]
    damaged: bool
    quarantined: bool

    def chunks(self, span: tuple[int, int] | None = None) -> Iterator[bytes]:
        """The archive's bytes, or those from the first to the last byte of `span`.

        StorageUnavailable and FileDamaged break it off, never ended.
        """
        return archive(self.entries, *(span or ()))


def bundle(library: Library, viewer: Viewer, material_id: int, origin: str) -> Bundle:
    """Everything of a material as one ZIP, with a page on licence and authors.

    `origin` ("https://kho.example.vn") makes the addresses on that page absolute. Raises NotFound
    for what the viewer may not see and for a material without files.
    """
    with library.database.read() as session:
        listed = queries.listed(session, viewer, [material_id]).get(material_id)
        files = file_queries.files_of_material(session, viewer, material_id)
    if listed is None or not files:
        raise NotFound
    names = entry_names([_part(stored.file) for stored in files], listed.material.kind)
    named = tuple(zip(names, files, strict=True))
    page = _attribution(listed, named, origin).encode("utf-8-sig")
    entries = (
        *(_entry(library, name, stored) for name, stored in named),
        Entry(
            ATTRIBUTION_NAME,
            len(page),
            listed.material.created_at,
            lambda start: iter((page[start:],)),
        ),
    )
    return Bundle(
        material_id=material_id,
        is_used=files[0].is_used_by(viewer),
        filename=archive_name(listed.material.title),
        size=archive_size(entries),
        etag=_digest(page, entries),
        entries=entries,
        objects=tuple((_key(stored), stored.file.size) for stored in files),
        damaged=any(map(reading.is_unsound, files)),
        quarantined=any(stored.quarantined for stored in files),
    )


def require_stored(library: Library, bundle: Bundle) -> None:
    """Look whether all objects are there, so that a loss is told before the answer has begun.

    Raises ObjectMissing, FileDamaged, FileQuarantined, or StorageUnavailable for an object of
    another size.
    """
    if bundle.quarantined:
        raise FileQuarantined
    if bundle.damaged:
        raise FileDamaged
    for key, size in bundle.objects:
        info = library.storage.stat(key)
        if info is None:
            raise ObjectMissing(key)
        if info.size != size:
            raise StorageUnavailable


def _attribution(
    listed: ListedMaterial, named: Sequence[tuple[str, StoredFile]], origin: str
) -> str:
    material = listed.material
    return attribution_text(
        Attribution(
            title=material.title,
            author=material.author or listed.owner_name,
            organization=listed.organization_name,
            license=LICENSES.get(material.license or ""),
            url=f"{origin}/c/{material.code}",
            moment=material.published_at or material.created_at,
            files=[
                AttributedFile(name, stored.file.size, stored.file.sha256) for name, stored in named
            ],
        )
    )


def _part(file: MaterialFile) -> Part:
    return Part(file.role, FILE_KINDS[file.kind].group, file.name)


def _digest(page: bytes, entries: Sequence[Entry]) -> str:
    """Of everything that the bytes depend on: the page names every file with its SHA-256."""
    digest = hashlib.sha256(page)
    for entry in entries:
        digest.update(f"\n{entry.name}\n{entry.moment.timestamp():.3f}".encode())
    return digest.hexdigest()[:32]


def _entry(library: Library, name: str, stored: StoredFile) -> Entry:
    file = stored.file

    def learned(crc: int) -> None:
        # The next one who asks for a part of an archive need not wait until all is read.
        with suppress(KhoError), library.database.write() as session:
            session.execute(update(Blob).where(Blob.sha256 == file.sha256).values(crc32=crc))

    chunks = partial(reading.from_byte, library, stored)
    return Entry(name, file.size, file.created_at, chunks, stored.crc32, learned)


def _key(stored: StoredFile) -> ObjectKey:
    return ObjectKey.blob(stored.file.sha256, stored.generation)
