"""`kho backup`: everything that cannot be made again, in a folder that any Kho can restore.

The folder:

    manifest.json           what the backup holds; written last: without it there is no backup
    database-<time>.jsonl.gz   every row, as it was at one moment
    files/                  blobs and images, named by their content as in the storage

The database is read first, in one look, and the bytes afterwards. Nothing holds writers off: what
arrives meanwhile belongs to the next backup, blobs never change, and no collector takes a blob that
a row names. A blob that is gone all the same is reported and named in the manifest.
"""

import fcntl
import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedWriter
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from repo_server.database import audit, dumping
from repo_server.database.migrations import HEAD
from repo_server.database.models import utc_now
from repo_server.domain.errors import BackupRefused
from repo_server.services.library import Library
from repo_server.storage.base import CorruptObject, ObjectKey, ObjectMissing, ObjectStorage
from repo_server.storage.durable import our_errors, sync_folder
from repo_server.storage.local import LocalStorage

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ACTION: Final = "library.backup"
"""The audit entry that says when a backup was completed."""

AT_ONCE: Final = 4
"""Objects that are copied at the same time."""

Progress = Callable[[str, int, int], None]
"""(step, how many are done, of how many)."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. `blobs`, `images`: how many; `lost`: blobs that could not be copied."""

    format: int
    schema: str
    made_at: str
    database: str
    database_sha256: str
    rows: dict[str, int]
    blobs: int
    blob_bytes: int
    images: int
    lost: tuple[str, ...]


class _Sealed(msgspec.Struct, frozen=True):
    manifest: Manifest
    sha256: str


@dataclass(frozen=True, slots=True, order=True)
class Original:
    """An object that a backup holds: its key in the library, and what its bytes are."""

    key: ObjectKey
    size: int
    digest: str

    @property
    def kept_as(self) -> ObjectKey:
        """Its key in the backup, where bytes have no generations."""
        return ObjectKey.blob(self.key.sha256) if self.key.is_blob else self.key


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was done. `copied` objects of `objects`; the rest was there from an earlier backup.

    `lost`: SHA-256 of blobs that the storage does not hold, or holds wrongly; `images_lost`: images
    that will have to be made again.
    """

    rows: int
    objects: int
    copied: int
    bytes_copied: int
    lost: tuple[str, ...]
    images_lost: int


def back_up(library: Library, folder: Path, progress: Progress = lambda *_: None) -> BackupReport:
    """Write a backup into `folder`; one that was interrupted is continued, an older one replaced.

    Raises BackupRefused for a folder with other things in it, or with another backup under way.
    """
    with our_errors():
        _prepare(folder)
    with _alone(folder):
        library.storage.check()
        store = LocalStorage(folder / "files")
        store.prepare()
        name, counts = _dump(library, folder, progress)
        originals = originals_in(folder / name)
        outcomes = copy_all(originals, partial(_keep, library.storage, store), progress)
        if any(state == "lost" for state in outcomes):
            # A store that is down says "not there" to some questions, too.
            library.storage.check()
        report = _report(originals, outcomes, sum(counts.values()))
        _seal(folder, _manifest(folder / name, counts, originals, report))
        with library.database.write() as session:
            after = {"blobs": report.objects, "lost": len(report.lost)}
            audit.record(session, None, ACTION, "library", "all", after=after)
    return report


def _prepare(folder: Path) -> None:
    folder.mkdir(0o700, parents=True, exist_ok=True)
    strangers = [path.name for path in folder.iterdir() if not _is_ours(path.name)]
    if strangers:
        raise BackupRefused(f"Thư mục đã có thứ khác ({strangers[0]}); hãy chọn thư mục trống.")


def _is_ours(name: str) -> bool:
    known = ("files", "lock", "lost+found", MANIFEST, f"{MANIFEST}.new")
    return name in known or name.startswith("database-")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with our_errors(), (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused("Một lệnh khác đang dùng thư mục sao lưu này.") from None
        yield


def _dump(library: Library, folder: Path, progress: Progress) -> tuple[str, Counter[str]]:
    """Write every row; returns the file's name and the rows of each table."""
    name = f"database-{utc_now():%Y%m%dT%H%M%S%f}.jsonl.gz"
    counts: Counter[str] = Counter()
    tables = dumping.tables()
    with (
        our_errors(),
        (folder / name).open("xb") as file,
        library.database.read() as session,
    ):
        dumping.no_time_limit(session)
        packed = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=5, mtime=0)
        with packed, BufferedWriter(packed, 1 << 16) as out:
            for number, table in enumerate(tables, start=1):
                _write_line(out, {"table": table, "columns": dumping.columns_of(table)})
                for row in dumping.rows_of(session, table):
                    _write_line(out, row)
                    counts[table] += 1
                progress("database", number, len(tables))
        file.flush()
        os.fsync(file.fileno())
        sync_folder(folder)
    return name, counts


def _write_line(out: IO[bytes], value: object) -> None:
    out.write(msgspec.json.encode(value) + b"\n")


def read_dump(file: Path) -> Iterator[tuple[str, list[str], Iterator[list[Any]]]]:
    """(table, columns, its rows) of a dump, in order; the rows must be taken before going on."""
    try:
        with our_errors(), gzip.open(file, "rb") as lines:
            yield from _tables_in(lines)
    except (EOFError, gzip.BadGzipFile, msgspec.DecodeError) as error:
        raise BackupRefused("Không đọc được phần cơ sở dữ liệu của bản sao.") from error


def _tables_in(lines: Any) -> Iterator[tuple[str, list[str], Iterator[list[Any]]]]:
    waiting: list[dict[str, Any]] = []

    def rows() -> Iterator[list[Any]]:
        for line in lines:
            value = msgspec.json.decode(line)
            if isinstance(value, dict):
                waiting.append(value)
                return
            yield value

    for _ in rows():
        raise BackupRefused("Không đọc được phần cơ sở dữ liệu của bản sao.")
    while waiting:
        head = waiting.pop()
        yield head["table"], head["columns"], rows()


def originals_in(dump: Path) -> list[Original]:
    """Every object that the rows of a dump name, in the order of their keys."""
    found = []
    for table, columns, rows in read_dump(dump):
        for row in rows:
            if table == "blob" or table == "derivative":
                values = dict(zip(columns, row, strict=True))
                if values.get("state") != "doomed":
                    found.append(_original(values))
    return sorted(found)


def _original(values: dict[str, Any]) -> Original:
    sha256 = values["sha256"]
    if "name" in values:
        key = ObjectKey.derivative(sha256, values["name"])
        return Original(key, values["size"], values["digest"])
    return Original(ObjectKey.blob(sha256, values["generation"]), values["size"], sha256)


def copy_all(
    originals: Sequence[Original], copy: Callable[[Original], str], progress: Progress
) -> list[str]:
    """Copy every object, several at a time; what each copy answered, in the same order."""
    outcomes = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            for number, outcome in enumerate(threads.map(copy, originals), start=1):
                outcomes.append(outcome)
                progress("files", number, len(originals))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return outcomes


def _keep(source: ObjectStorage, store: LocalStorage, original: Original) -> str:
    """Copy one object into the backup: "copied", "kept" when it was there, or "lost"."""
    there = original.key.is_blob and store.stat(original.kept_as)
    if there and there.size == original.size:
        return "kept"
    return copied(source, original.key, store, original.kept_as, original)


def copied(
    source: ObjectStorage,
    read_as: ObjectKey,
    target: ObjectStorage,
    write_as: ObjectKey,
    original: Original,
) -> str:
    """Copy bytes and check them on the way: "copied", or "lost" when they are gone or wrong."""
    try:
        with source.open(read_as) as reader:
            target.put(write_as, reader, original.size, original.digest)  # type: ignore[arg-type]
    except (ObjectMissing, CorruptObject):
        return "lost"
    return "copied"


def _report(originals: Sequence[Original], outcomes: Sequence[str], rows: int) -> BackupReport:
    both = list(zip(originals, outcomes, strict=True))
    lost = [original.key for original, outcome in both if outcome == "lost"]
    new = [original for original, outcome in both if outcome == "copied"]
    return BackupReport(
        rows=rows,
        objects=len(originals),
        copied=len(new),
        bytes_copied=sum(original.size for original in new),
        lost=tuple(key.sha256 for key in lost if key.is_blob),
        images_lost=sum(not key.is_blob for key in lost),
    )


def _manifest(
    dump: Path, counts: Counter[str], originals: Sequence[Original], report: BackupReport
) -> Manifest:
    blobs = [original for original in originals if original.key.is_blob]
    return Manifest(
        format=FORMAT,
        schema=HEAD,
        made_at=utc_now().isoformat(),
        database=dump.name,
        database_sha256=file_sha256(dump),
        rows=dict(sorted(counts.items())),
        blobs=len(blobs),
        blob_bytes=sum(original.size for original in blobs),
        images=len(originals) - len(blobs),
        lost=report.lost,
    )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with our_errors(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(folder: Path, manifest: Manifest) -> None:
    """Make the backup one: from here on it is whole, and dumps of earlier ones are dropped."""
    content = msgspec.json.encode(_Sealed(manifest, _manifest_sha256(manifest)))
    growing = folder / f"{MANIFEST}.new"
    with our_errors():
        with growing.open("wb") as file:
            file.write(msgspec.json.format(content, indent=1))
            _settle(file)
        growing.replace(folder / MANIFEST)
        sync_folder(folder)
        for dump in folder.glob("database-*"):
            if dump.name != manifest.database:
                dump.unlink()


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _manifest_sha256(manifest: Manifest) -> str:
    text = json.dumps(msgspec.to_builtins(manifest), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def manifest_of(folder: Path) -> Manifest:
    """What the backup in `folder` holds, after a look at the manifest and the rows themselves.

    Raises BackupRefused for a backup that is not complete, was altered, or is of another version.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise BackupRefused("Thư mục này không có bản sao hoàn tất (thiếu manifest.json).")
    try:
        with our_errors():
            sealed = msgspec.json.decode(file.read_bytes(), type=_Sealed)
    except msgspec.MsgspecError as error:
        raise BackupRefused("Tệp manifest.json bị hỏng.") from error
    manifest = sealed.manifest
    if sealed.sha256 != _manifest_sha256(manifest):
        raise BackupRefused("Tệp manifest.json đã bị sửa.")
    if manifest.format != FORMAT or manifest.schema != HEAD:
        raise BackupRefused(
            f"Bản sao thuộc phiên bản dữ liệu {manifest.schema}, máy này là {HEAD}: hãy khôi phục "
            "bằng đúng phiên bản Kho đã sao lưu, rồi nâng cấp."
        )
    dump = folder / manifest.database
    if not dump.is_file() or file_sha256(dump) != manifest.database_sha256:
        raise BackupRefused("Phần cơ sở dữ liệu của bản sao bị mất hoặc bị hỏng.")
    return manifest
