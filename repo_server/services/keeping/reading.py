"""Stored bytes on their way to somebody: what is small is hashed first, so that no wrong byte goes.

What is larger is streamed as it lies; for that there is `scrub`, and the mark that it leaves.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final, cast

from repo_server.database.queries.files import StoredFile
from repo_server.domain.errors import FileDamaged
from repo_server.services.keeping import scrub
from repo_server.services.keeping.scrub import Look, Stored
from repo_server.services.library import Library
from repo_server.services.pictures import Picture, make_again
from repo_server.storage.base import BUFFER_SIZE, CorruptObject, ObjectMissing
from repo_server.storage.checked import CheckedReader

CHECKED: Final = 1 << 20
"""Files up to this many bytes are hashed before their first byte is handed out (1 ms at most)."""


def is_checked(size: int) -> bool:
    """Whether a file of this size is hashed before it is handed out."""
    return size <= CHECKED


def is_unsound(stored: StoredFile) -> bool:
    """Whether a file is known to be damaged and too large to be looked at now.

    A small one is looked at each time: whether somebody has put the right bytes back shows itself.
    """
    return stored.damaged and not is_checked(stored.file.size)


def require_sound(stored: StoredFile) -> None:
    """Raise FileDamaged for a file that `is_unsound`."""
    if is_unsound(stored):
        raise FileDamaged


def small_file(library: Library, stored: StoredFile) -> bytes:
    """All bytes of a file that `is_checked`, proven right.

    Raises FileDamaged, with the damage noted, and StorageUnavailable.
    """
    return b"".join(proven(library, stored))


def from_byte(library: Library, stored: StoredFile, start: int) -> Iterator[bytes]:
    """A file's bytes from `start` on, proven right where it begins at the start or is small.

    Raises FileDamaged, with the damage noted, and StorageUnavailable.
    """
    if start == 0:
        return proven(library, stored)
    if is_checked(stored.file.size):
        return iter((small_file(library, stored)[start:],))
    return _as_it_lies(library, stored, start)


def _as_it_lies(library: Library, stored: StoredFile, start: int) -> Iterator[bytes]:
    key = Stored(stored.file.sha256, stored.generation, stored.file.size).key
    with library.storage.open(key, start) as reader:
        while piece := reader.read(BUFFER_SIZE):
            yield piece


def proven(library: Library, stored: StoredFile) -> Iterator[bytes]:
    """A file's bytes in pieces; the last piece comes only when all of them were right.

    Raises FileDamaged in its place, with the damage noted.
    """
    file = stored.file
    blob = Stored(file.sha256, stored.generation, file.size)
    try:
        with library.storage.open(blob.key) as reader:
            checked = CheckedReader(cast("BinaryIO", reader), file.size, file.sha256)
            while piece := checked.read(BUFFER_SIZE):
                yield piece
    except (CorruptObject, ObjectMissing) as error:
        # A store that is not there itself may answer so: ask before believing it.
        library.storage.check()
        verdict = "wrong" if isinstance(error, CorruptObject) else "missing"
        scrub.note(library, [Look(blob, verdict, 0)])
        raise FileDamaged from error
    if stored.damaged:
        scrub.note(library, [Look(blob, "right", file.size)])


def picture(library: Library, found: Picture) -> bytes:
    """An image that was made from a file, proven right; a damaged one is drawn anew.

    Raises FileDamaged for one that has to be asked for again, and StorageUnavailable.
    """
    out = BytesIO()
    try:
        with library.storage.open(found.key) as reader:
            checked = CheckedReader(cast("BinaryIO", reader), found.size, found.digest)
            while piece := checked.read(BUFFER_SIZE):
                out.write(piece)
    except (CorruptObject, ObjectMissing) as error:
        library.storage.check()
        make_again(library, found.key.sha256, found.key.name)
        raise FileDamaged from error
    return out.getvalue()
