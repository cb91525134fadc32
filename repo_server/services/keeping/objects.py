"""F1 to F4, F8 and F13: has every row its bytes, and do any bytes have no row?"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import exists, select

from repo_server.database import outbox
from repo_server.database.models import Blob, Derivative, MaterialFile, Upload, utc_now
from repo_server.domain.errors import Busy
from repo_server.services.keeping import disposal, scrub
from repo_server.services.keeping.findings import Finding
from repo_server.services.keeping.scrub import Look, Stored
from repo_server.services.library import Library
from repo_server.services.pictures import make_again
from repo_server.services.upkeep import stale_staging
from repo_server.storage.base import ObjectInfo, ObjectKey

YOUNG: Final = timedelta(hours=24)
"""Objects younger than this may belong to an upload that is about to commit."""

_CODES: Final = {"missing": "F1", "wrong": "F2"}
_NOTED_AT_ONCE: Final = 200


def looks_at_blobs(library: Library) -> Iterator[Look]:
    """Every live blob, read back; what was seen is noted on its row for those who serve it."""
    with library.database.read() as session:
        rows = session.execute(
            select(Blob.sha256, Blob.generation, Blob.size).where(Blob.state == "live")
        ).all()
    seen: list[Look] = []
    for row in rows:
        seen.append(scrub.look(library, Stored(*row)))
        yield seen[-1]
        if len(seen) == _NOTED_AT_ONCE:
            scrub.note(library, seen)
            seen = []
    if seen:
        scrub.note(library, seen)


def damage(found: Look) -> Finding | None:
    """F1 or F2, unless the blob is right."""
    code = _CODES.get(found.verdict)
    return None if code is None else Finding(code, found.stored.sha256)


def unused_blobs(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F3 for rows: blobs that no file refers to and that nobody marked for collection."""
    with library.database.read() as session:
        found = session.scalars(
            select(Blob.sha256).where(
                Blob.state == "live", Blob.unused_since.is_(None), ~disposal.refers_to_blob()
            )
        ).all()
    if found and repair:
        with library.database.write() as session:
            disposal.release(session, found)
    for sha256 in found:
        yield Finding("F3", sha256, repaired=repair)


def objects(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F3 for objects without a row; F8 for rows of images without an object."""
    with library.database.read() as session:
        known = {
            str(ObjectKey.blob(sha256, generation))
            for sha256, generation in session.execute(
                select(Blob.sha256, Blob.generation).where(Blob.state == "live")
            )
        }
        pictures = {
            str(ObjectKey.derivative(sha256, name)): (sha256, name)
            for sha256, name in session.execute(select(Derivative.sha256, Derivative.name))
        }
        # Their rows are wrong, but files still refer to these bytes.
        live = exists().where(Blob.sha256 == MaterialFile.sha256, Blob.state == "live")
        needed = set(session.scalars(select(MaterialFile.sha256).where(~live)))
    old = utc_now() - YOUNG
    seen = set()
    for prefix in ("blobs/", "derivatives/"):
        for info in library.storage.list(prefix):
            name = str(info.key)
            seen.add(name)
            wanted = name in known or name in pictures or info.key.sha256 in needed
            if not wanted and info.modified_at < old:
                yield Finding("F3", name, repaired=repair and collect_orphan(library, info))
    for name in sorted(pictures.keys() - seen):
        yield Finding("F8", name, repaired=repair and make_again(library, *pictures[name]))


def collect_orphan(library: Library, info: ObjectInfo) -> bool:
    """Delete an object that no row knows; False when one has come to know it meanwhile.

    The blob is doomed first: whoever brings the same bytes at this moment stores them under the
    next generation, where this deletion cannot hit them.
    """
    key = info.key
    if not key.is_blob:
        library.storage.delete(key)
        return True
    with library.database.write() as session:
        row = {"sha256": key.sha256, "size": info.size, "generation": key.generation}
        outbox.upsert(session, Blob, [{**row, "state": "doomed"}], changing=())
        blob = session.get_one(Blob, key.sha256, with_for_update=True)
        if (blob.state, blob.generation) == ("live", key.generation):
            return False
        if blob.generation != key.generation:
            # Of another generation than the one that is served: nobody will ever come to know it.
            library.storage.delete(key)
            return True
    disposal.finish(library, key.sha256)
    return True


def staging(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F4: staged bytes that no upload will need."""
    for upload_id in stale_staging(library):
        if repair:
            with suppress(Busy):
                library.staging.discard(upload_id)
        yield Finding("F4", upload_id, repaired=repair)


def quarantined(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F13: uploads in quarantine whose bytes are not all there, so that none can be let pass."""
    with library.database.read() as session:
        apart = session.execute(
            select(Upload.id, Upload.size).where(Upload.state == "quarantined")
        ).all()
    for upload_id, size in apart:
        if library.staging.size(upload_id) != size:
            yield Finding("F13", upload_id)
