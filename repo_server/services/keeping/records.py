"""F9 to F12: do the rows agree with each other? Only what is counted (F12) can be mended."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from repo_server.database import audit, holdings
from repo_server.database.models import (
    Blob,
    Job,
    Material,
    MaterialFile,
    MaterialVersion,
    Upload,
)
from repo_server.services.keeping.findings import Finding
from repo_server.services.library import Library

_Column = InstrumentedAttribute[Any]

UNIQUE: Final[Sequence[tuple[str, tuple[_Column, ...], tuple[ColumnElement[bool], ...]]]] = (
    ("upload", (Upload.owner_id, Upload.idempotency_key), ()),
    # Two uploads that made one file, or one that made it twice: a retry was not recognized.
    ("upload of a file", (Upload.file_id,), (Upload.file_id.is_not(None),)),
    ("material", (Material.code,), ()),
    ("version", (MaterialVersion.material_id, MaterialVersion.number), ()),
    ("job", (Job.kind, Job.key), (Job.state.in_(("open", "running")),)),
)
"""What there is once: a name, the columns that tell, and among which rows.

The database holds most of it by its own indexes; one that was restored from a broken file may not.
"""


def duplicate_keys(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F9: rows that share what only one of them may have."""
    with library.database.read() as session:
        for name, columns, among in UNIQUE:
            twice = select(*columns).where(*among).group_by(*columns).having(func.count() > 1)
            for row in session.execute(twice):
                yield Finding("F9", " ".join(map(str, (name, *row))))


def audit_chain(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F10: entries that do not continue their predecessor."""
    with library.database.read() as session:
        for seq in audit.broken_links(session):
            yield Finding("F10", f"audit {seq}")


def versions(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F11: versions and files whose blob has no row, or a doomed one."""
    with library.database.read() as session:
        for version in session.scalars(select(MaterialVersion)):
            for file in version.snapshot.get("files", ()):
                if not session.scalar(select(exists().where(Blob.sha256 == file["sha256"]))):
                    yield Finding("F11", f"material {version.material_id} version {version.number}")
        live = exists().where(Blob.sha256 == MaterialFile.sha256, Blob.state == "live")
        for file_id in session.scalars(select(MaterialFile.id).where(~live)):
            yield Finding("F11", f"file {file_id}")


def storage_use(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F12: counters of used bytes that are not the sum of the files that they count."""
    with library.database.read() as session:
        wrong = holdings.miscounted(session)
    for holder in wrong:
        if repair:
            with library.database.write() as session:
                holdings.count_again(session, holder)
        yield Finding("F12", f"{holder.kind} {holder.id}", repaired=repair)
