"""`kho restore`: an empty library becomes what a backup holds.

Bytes first, rows in one transaction afterwards: whoever dies before its commit leaves a database
without a row, and the same command goes on where it was. The indexes know nothing then and are fed
anew; uploads that were under way have to be sent again.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from repo_server.database import audit, dumping
from repo_server.database.models import Account, Blob, Collection, Job, Material, Upload, utc_now
from repo_server.domain.errors import BackupRefused, SearchUnavailable
from repo_server.search.base import SearchIndex
from repo_server.services import indexing
from repo_server.services.backup import (
    Manifest,
    Original,
    Progress,
    copied,
    copy_all,
    manifest_of,
    originals_in,
    read_dump,
)
from repo_server.services.library import Library
from repo_server.services.uploads import JOB
from repo_server.storage.base import BUFFER_SIZE, ObjectKey, ObjectStorage
from repo_server.storage.local import LocalStorage

ACTION: Final = "library.restore"
"""The audit entry that says when the library was restored."""

_PEOPLES: Final = (Account, Material, Upload, Blob, Collection)
"""What an empty library has none of; the curriculum that Kho brings along does not count."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was done; `lost`: SHA-256 of blobs whose bytes are not in the backup, or wrong.

    `stale_indexes`: those that could not be emptied and need `kho reindex`.
    """

    made_at: str
    rows: int
    objects: int
    bytes_copied: int
    lost: tuple[str, ...]
    images_lost: int
    stale_indexes: tuple[str, ...]


def restore(library: Library, folder: Path, progress: Progress = lambda *_: None) -> RestoreReport:
    """Bring back what `folder` holds into an empty library; every byte is checked on the way.

    Raises BackupRefused when the backup is not whole, or the library not empty: objects in the
    storage are allowed only if the backup names them, as after a restore that was interrupted.
    """
    manifest = manifest_of(folder)
    dump = folder / manifest.database
    originals = originals_in(dump)
    with library.database.read() as session:
        _require_empty_database(session)
    library.storage.check()
    _require_empty_storage(library.storage, originals)
    store = LocalStorage(folder / "files")
    outcomes = copy_all(originals, partial(_bring_back, store, library.storage), progress)
    lost = [
        original.key
        for original, outcome in zip(originals, outcomes, strict=True)
        if outcome == "lost"
    ]
    _load(library, dump, manifest, progress)
    return RestoreReport(
        made_at=manifest.made_at,
        rows=sum(manifest.rows.values()),
        objects=len(originals) - len(lost),
        bytes_copied=sum(original.size for original in originals if original.key not in set(lost)),
        lost=tuple(key.sha256 for key in lost if key.is_blob),
        images_lost=sum(not key.is_blob for key in lost),
        stale_indexes=_forget_indexes(library),
    )


def _require_empty_database(session: Session) -> None:
    for model in _PEOPLES:
        if session.scalar(select(func.count()).select_from(model)):
            raise BackupRefused(
                "Cơ sở dữ liệu đã có dữ liệu; chỉ khôi phục được vào một kho còn trống."
            )


def _require_empty_storage(storage: ObjectStorage, originals: Sequence[Original]) -> None:
    named = {original.key for original in originals}
    for prefix in ("blobs/", "derivatives/"):
        for info in storage.list(prefix):
            if info.key not in named:
                raise BackupRefused(
                    "Kho tệp đã có tệp ngoài bản sao; chỉ khôi phục được vào một kho còn trống."
                )


def _bring_back(store: LocalStorage, storage: ObjectStorage, original: Original) -> str:
    """Copy one object into the storage; one that an earlier try left there is read back."""
    there = storage.stat(original.key)
    if there is not None and there.size == original.size:
        if _digest(storage, original.key) == original.digest:
            return "kept"
        storage.delete(original.key)
    return copied(store, original.kept_as, storage, original.key, original)


def _digest(storage: ObjectStorage, key: ObjectKey) -> str:
    digest = hashlib.sha256()
    with storage.open(key) as reader:
        while chunk := reader.read(BUFFER_SIZE):
            digest.update(chunk)
    return digest.hexdigest()


def _load(library: Library, dump: Path, manifest: Manifest, progress: Progress) -> None:
    """Every row in one transaction."""
    counts: Counter[str] = Counter()
    total = sum(manifest.rows.values())
    with library.database.write() as session:
        dumping.no_time_limit(session)
        dumping.keep_others_out(session)
        _require_empty_database(session)
        dumping.clear(session)
        for table, columns, rows in read_dump(dump):
            if table not in dumping.tables() or columns != dumping.columns_of(table):
                raise BackupRefused(f"Bảng {table} của bản sao không hợp với phiên bản này.")
            while batch := list(islice(rows, dumping.BATCH)):
                dumping.insert_rows(session, table, batch)
                counts[table] += len(batch)
                progress("database", counts.total(), total)
        if dict(counts) != manifest.rows:
            raise BackupRefused("Phần cơ sở dữ liệu của bản sao thiếu dữ liệu.")
        dumping.renumber(session)
        _settle(session, manifest)


def _settle(session: Session, manifest: Manifest) -> None:
    """Give up what was under way when the backup was made: its bytes were in no storage yet."""
    session.execute(
        update(Upload)
        .where(Upload.state.in_(("receiving", "received", "quarantined")))
        .values(state="expired", updated_at=utc_now())
    )
    session.execute(delete(Job).where(Job.kind == JOB, Job.state.in_(("open", "running"))))
    after = {"made_at": manifest.made_at}
    audit.record(session, None, ACTION, "library", "all", after=after)


def _forget_indexes(library: Library) -> tuple[str, ...]:
    """Have every index learn everything anew; those that are down and may hold other things."""
    indexing.register_indexes(library)
    return tuple(index.name for index in library.indexes if not _emptied(index))


def _emptied(index: SearchIndex) -> bool:
    try:
        held = [entry.id for entry in index.entries()]
        for start in range(0, len(held), dumping.BATCH):
            index.delete_many(held[start : start + dumping.BATCH])
    except SearchUnavailable:
        return False
    return True
