"""Light copies of films: what a phone that pays by the megabyte can watch of them."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from repo_server.database.models import Derivative, utc_now
from repo_server.database.queries import files as file_queries
from repo_server.domain.access import Viewer
from repo_server.domain.errors import NotFound
from repo_server.domain.readers import LIGHT
from repo_server.failpoints import reached
from repo_server.inspection.base import Inspection
from repo_server.services.library import Library
from repo_server.services.viewing import stored_file
from repo_server.storage.base import ObjectKey

_RATE: Final = 50_000
"""Bytes a second that a light copy has at most: 400 kbit/s."""

_HEIGHT: Final = 480


@dataclass(frozen=True, slots=True)
class LightCopy:
    """A smaller film made from a file: where it is, and what it costs to watch."""

    key: ObjectKey
    media_type: str
    size: int
    digest: str


def light_copy(library: Library, viewer: Viewer, file_id: int) -> LightCopy:
    """The light copy of a film. Raises NotFound where there is none (yet)."""
    stored = stored_file(library, viewer, file_id)
    with library.database.read() as session:
        found = file_queries.light_copy(session, viewer, stored.file.sha256)
    if found is None:
        raise NotFound
    key = ObjectKey.derivative(found.sha256, found.name)
    return LightCopy(key, found.media_type, found.size, found.digest)


def make_light(library: Library, path: Path, sha256: str, kind: str) -> Derivative | None:
    """Convert the film at `path` and store the copy; the row is returned, not yet saved.

    None where there is nothing to gain: the film is small already, or no copy could be made.
    Raises InspectionUnavailable and StorageUnavailable.
    """
    original = library.inspector.inspect(path, f"x.{kind}", thumbnail=False)
    if not original.width or _is_light(original, path.stat().st_size):
        return None
    with NamedTemporaryFile(prefix="kho-light-") as out:
        made = Path(out.name)
        variant = library.converter.lighten(path, kind, made)
        size = made.stat().st_size
        if not variant or size >= path.stat().st_size:
            return None
        seen = library.inspector.inspect(made, f"x.{variant}", thumbnail=False)
        if not seen.accepted or not _is_whole(original, seen):
            return None
        return _stored(library, made, sha256, f"{LIGHT}.{variant}", seen)


def _is_light(film: Inspection, size: int) -> bool:
    low = min(film.width or 0, film.height or 0) <= _HEIGHT
    return low and film.duration is not None and size <= film.duration * _RATE


def _is_whole(original: Inspection, copy: Inspection) -> bool:
    """Whether the copy has a picture and is about as long: one that broke off is no copy."""
    if original.duration is None or copy.duration is None:
        return bool(copy.width)
    return bool(copy.width) and copy.duration >= 0.95 * original.duration - 1


def _stored(library: Library, made: Path, sha256: str, name: str, seen: Inspection) -> Derivative:
    size = made.stat().st_size
    with made.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        reached("C20")
        library.storage.put(ObjectKey.derivative(sha256, name), stream, size, digest)
        reached("C21")
    return Derivative(
        sha256=sha256,
        name=name,
        media_type=seen.media_type,
        width=seen.width or 0,
        height=seen.height or 0,
        size=size,
        digest=digest,
        created_at=utc_now(),
    )


@contextmanager
def local_copy(library: Library, key: ObjectKey) -> Iterator[Path]:
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
