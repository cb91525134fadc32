"""Markdown and notebooks as they are read on a material's page, made by a confined child."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from repo_server.domain.access import Viewer
from repo_server.domain.errors import FileRejected, InspectionUnavailable, StorageUnavailable
from repo_server.services.films import local_copy
from repo_server.services.library import Library
from repo_server.services.viewing import FileView, stored_file
from repo_server.storage.base import ObjectKey, ObjectMissing

KINDS: Final = frozenset({"md", "ipynb"})
SOURCE_LIMIT: Final = 4 << 20
"""Bytes of a file that is shown so; a longer one is shown as text."""
_ON_A_PAGE: Final = 5
"""Views that one page holds; the files behind them are shown as text."""


def reading_views(library: Library, viewer: Viewer, files: Sequence[FileView]) -> dict[int, str]:
    """File → HTML that may stand in a page of ours; a file that has none is left out.

    Raises NotFound where the viewer may not see a file any more.
    """
    fitting = [file for file in files if file.kind in KINDS and file.size <= SOURCE_LIMIT]
    found = {file.id: _view(library, viewer, file) for file in fitting[:_ON_A_PAGE]}
    return {id_: markup for id_, markup in found.items() if markup}


def _view(library: Library, viewer: Viewer, file: FileView) -> str:
    make = partial(_made, library, viewer, file)
    try:
        return library.views.get(f"{file.kind} {file.sha256}", make)
    except (InspectionUnavailable, StorageUnavailable, ObjectMissing):
        # The text of the file stands in the database.
        return ""


def _made(library: Library, viewer: Viewer, file: FileView) -> str:
    stored = stored_file(library, viewer, file.id)
    key = ObjectKey.blob(file.sha256, stored.generation)
    try:
        with local_copy(library, key) as path:
            return library.inspector.reading_view(path, file.kind)
    except FileRejected:
        return ""
