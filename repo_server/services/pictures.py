"""Thumbnails and page images: made once, kept as derivatives, made again when lost."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from repo_server.database.models import Derivative
from repo_server.database.queries import files as file_queries
from repo_server.domain.access import Viewer
from repo_server.domain.errors import NotFound
from repo_server.services.acceptance import THUMBNAIL, store_derivative
from repo_server.services.library import Library
from repo_server.services.viewing import PREVIEW_PAGES, stored_file
from repo_server.storage.base import ObjectKey

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
    pages = min(file.page_count or 0, PREVIEW_PAGES)
    if file.kind != "pdf" or not 1 <= page <= pages:
        raise NotFound
    name = f"page-{page}.webp"
    with library.database.read() as session:
        found = file_queries.derivative(session, viewer, file.sha256, name)
    if found is None:
        found = _render(library, stored, page, name)
    return _picture(found, public=stored.published)


def _render(library: Library, stored: file_queries.StoredFile, page: int, name: str) -> Derivative:
    key = ObjectKey.blob(stored.file.sha256, stored.generation)
    with _local_copy(library, key) as path:
        image = library.inspector.render_page(path, stored.file.kind, page, PAGE_WIDTH)
    derivative = store_derivative(library, stored.file.sha256, name, image)
    with library.database.write() as session:
        session.merge(derivative)
    return derivative


@contextmanager
def _local_copy(library: Library, key: ObjectKey) -> Iterator[Path]:
    """The object as a file of this machine, for as long as the block lasts."""
    path = library.storage.local_path(key)
    if path is not None:
        yield path
        return
    with NamedTemporaryFile(prefix="kho-") as copy:
        with library.storage.open(key) as reader:
            shutil.copyfileobj(reader, copy, 1 << 20)
        copy.flush()
        yield Path(copy.name)


def _picture(found: Derivative, *, public: bool) -> Picture:
    key = ObjectKey.derivative(found.sha256, found.name)
    return Picture(key, found.media_type, found.size, found.digest, public)
