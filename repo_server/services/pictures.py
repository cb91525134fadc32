"""Thumbnails and page images: made once, kept as derivatives, made again when lost."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select

from repo_server.database import outbox
from repo_server.database.models import Blob, Derivative, MaterialFile
from repo_server.database.queries import files as file_queries
from repo_server.domain.access import Viewer
from repo_server.domain.errors import FileRejected, NotFound
from repo_server.domain.files import drawn_pages
from repo_server.domain.readers import LIGHT, LIGHT_NAMES
from repo_server.failpoints import reached
from repo_server.inspection.base import RenderedImage
from repo_server.services import readings
from repo_server.services.acceptance import THUMBNAIL, save_derivative, store_derivative
from repo_server.services.films import local_copy
from repo_server.services.library import Library
from repo_server.services.viewing import PREVIEW_PAGES, stored_file
from repo_server.storage.base import ObjectKey

PAGE: Final = "page-{}.webp"
_PAGE: Final = re.compile(r"page-([0-9]+)\.webp")

PAGE_WIDTH: Final = 1200
"""Pixels: sharp on a phone and readable on a classroom's projector."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in the storage; `public` when anybody may keep a copy of it."""

    key: ObjectKey
    media_type: str
    size: int
    digest: str
    public: bool


def thumbnail(library: Library, viewer: Viewer, file_id: int) -> Picture:
    """The thumbnail of a file. Raises NotFound when there is none."""
    stored = stored_file(library, viewer, file_id)
    with library.database.read() as session:
        found = file_queries.derivative(session, viewer, stored.file.sha256, THUMBNAIL)
    if found is None:
        raise NotFound
    return _picture(found, public=stored.published)


def page_image(library: Library, viewer: Viewer, file_id: int, page: int) -> Picture:
    """The image of a page (from 1), rendered when it is first looked at.

    Raises NotFound for a page that the file does not have, and for files without page images.
    """
    stored = stored_file(library, viewer, file_id)
    file = stored.file
    if not 1 <= page <= min(drawn_pages(file.kind, file.page_count), PREVIEW_PAGES):
        raise NotFound
    name = PAGE.format(page)
    with library.database.read() as session:
        found = file_queries.derivative(session, viewer, file.sha256, name)
    if found is None:
        found = _render(library, stored, page, name)
    return _picture(found, public=stored.published)


def _render(library: Library, stored: file_queries.StoredFile, page: int, name: str) -> Derivative:
    key = ObjectKey.blob(stored.file.sha256, stored.generation)
    with local_copy(library, key) as path:
        image = library.inspector.render_page(path, stored.file.kind, page, PAGE_WIDTH)
    return _keep(library, stored.file.sha256, name, image)


def _keep(library: Library, sha256: str, name: str, image: RenderedImage) -> Derivative:
    derivative = store_derivative(library, sha256, name, image)
    with library.database.write() as session:
        save_derivative(session, derivative)
    reached("C22")
    return derivative


def make_again(library: Library, sha256: str, name: str) -> bool:
    """Make a lost image of a blob again; False when that cannot be done, as without the blob.

    The promise of an image that its file no longer gives is taken back, as is that of a light copy
    until a job has made it again.
    """
    with library.database.read() as session:
        found = session.execute(
            select(MaterialFile.name, MaterialFile.kind, Blob.generation)
            .join(Blob, Blob.sha256 == MaterialFile.sha256)
            .where(Blob.sha256 == sha256)
            .limit(1)
        ).one_or_none()
    if found is None:
        return False
    try:
        with local_copy(library, ObjectKey.blob(sha256, found.generation)) as path:
            image = _drawn(library, path, found.name, found.kind, name)
    except (NotFound, FileRejected):
        return False
    if image is not None:
        _keep(library, sha256, name, image)
        return True
    _take_back(library, sha256, name)
    return True


def _take_back(library: Library, sha256: str, name: str) -> None:
    with library.database.write() as session:
        lost = (Derivative.sha256 == sha256) & (Derivative.name == name)
        session.execute(delete(Derivative).where(lost))
        if name in LIGHT_NAMES:
            # It takes minutes: a job makes it.
            readings.forget(session, sha256, LIGHT)
            outbox.enqueue(session, readings.JOB, sha256)


def _drawn(
    library: Library, path: Path, filename: str, kind: str, name: str
) -> RenderedImage | None:
    if name == THUMBNAIL:
        return library.inspector.inspect(path, filename).thumbnail
    page = _PAGE.fullmatch(name)
    return library.inspector.render_page(path, kind, int(page[1]), PAGE_WIDTH) if page else None


def _picture(found: Derivative, *, public: bool) -> Picture:
    key = ObjectKey.derivative(found.sha256, found.name)
    return Picture(key, found.media_type, found.size, found.digest, public)
