"""Objects as files in a folder: the store of one machine."""

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from repo_server.domain.errors import StorageUnavailable
from repo_server.failpoints import reached
from repo_server.storage.base import (
    BUFFER_SIZE,
    CorruptObject,
    ObjectInfo,
    ObjectKey,
    ObjectMissing,
    ObjectReader,
    check_promise,
    check_range,
    checked_prefix,
)
from repo_server.storage.checked import CheckedReader
from repo_server.storage.durable import (
    free_bytes,
    make_folder,
    our_errors,
    sync_folder,
    write_all,
)

# Why a hard link may not be possible: another file system, one without links, too many links, or
# the kernel's protection of files of other users. Then the bytes are copied.
_NO_LINK: Final = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES}
)

# Nobody changes an object: not even we, by accident.
_OBJECT_MODE: Final = 0o440

# Another process may remove an empty folder between making it and renaming into it.
_RENAME_TRIES: Final = 10


class _FileReader:
    """A part of an open file."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file = file
        self._left = left

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(BUFFER_SIZE), b""))
        wanted = min(size, self._left)
        with our_errors():
            data = self._file.read(wanted)
        if wanted and not data:  # somebody has cut the file while it was read
            raise StorageUnavailable
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class LocalStorage:
    """An `ObjectStorage` below `root`; several processes may share the folder.

    A new object is written under a name in ``incoming/``, synced, renamed to its key, and the
    folder synced: a crash at any point leaves the object whole or not there. `prepare` makes
    `root`; nothing else does, so that a disk that is not mounted is an error and not an empty
    store.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def prepare(self) -> None:
        with our_errors():
            self._root.mkdir(0o750, parents=True, exist_ok=True)
            make_folder(self._root, self._incoming)
        self.check()

    def check(self) -> None:
        with our_errors():
            usable = self._root.is_dir() and os.access(self._root, os.R_OK | os.W_OK | os.X_OK)
        if not usable:
            raise StorageUnavailable

    def put(self, key: ObjectKey, source: BinaryIO, size: int, sha256: str) -> None:
        check_promise(key, sha256)
        if not self._keep(key, size):
            self._copy(key, source, size, sha256)

    def adopt(self, key: ObjectKey, path: Path, size: int, sha256: str) -> None:
        check_promise(key, sha256)
        if self._keep(key, size):
            return
        with our_errors(), self._temporary() as temporary:
            if _link(path, temporary):
                reached("C8")
                _seal_link(temporary, size)
                self._publish(temporary, key)
                return
        with our_errors(), path.open("rb") as source:
            self._copy(key, source, size, sha256)

    def open(self, key: ObjectKey, start: int = 0, length: int | None = None) -> ObjectReader:
        check_range(start, length)
        with our_errors():
            try:
                descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                self._require_root()
                raise ObjectMissing(key) from None
            file = os.fdopen(descriptor, "rb", buffering=0)
            left = max(0, os.fstat(descriptor).st_size - start)
            file.seek(start)
        return _FileReader(file, left if length is None else min(left, length))

    def stat(self, key: ObjectKey) -> ObjectInfo | None:
        with our_errors():
            info = _info(key, self._path(key))
            if info is None:
                self._require_root()
        return info

    def delete(self, key: ObjectKey) -> None:
        path = self._path(key)
        with our_errors():
            try:
                path.unlink()
                sync_folder(path.parent)
            except FileNotFoundError:
                self._require_root()
            if not key.is_blob:
                _remove_empty(path.parent)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._walk(self._root / checked_prefix(prefix))

    def tidy(self, older_than: timedelta) -> int:
        limit = time.time() - older_than.total_seconds()
        removed = 0
        with our_errors():
            make_folder(self._root, self._incoming)
            for path in list(self._incoming.iterdir()):
                # The time of the last change of the entry: a link keeps the file's other times.
                if path.lstat().st_ctime <= limit:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def presigned_get(
        self, key: ObjectKey, *, seconds: int, filename: str, media_type: str, attachment: bool
    ) -> str | None:
        return None

    def local_path(self, key: ObjectKey) -> Path | None:
        return self._path(key) if self.stat(key) else None

    def free_bytes(self) -> int | None:
        return free_bytes(self._root)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _path(self, key: ObjectKey) -> Path:
        return self._root / str(key)

    def _require_root(self) -> None:
        """Tell "no such object" from "the whole store is not there"."""
        if not self._root.is_dir():
            raise StorageUnavailable

    def _keep(self, key: ObjectKey, size: int) -> bool:
        """Whether the blob is there already; if so, it is recent and durable from now on."""
        if not key.is_blob:
            return False
        path = self._path(key)
        with our_errors():
            info = _info(key, path)
            if info is None or info.size != size:
                return False
            try:
                os.utime(path, follow_symlinks=False)
                # Who renamed it there may not have come as far as syncing the folder.
                make_folder(self._root, path.parent)
                sync_folder(path.parent)
            except FileNotFoundError:  # collected this moment
                return False
        return True

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A free name in the same file system; whatever is there in the end is removed."""
        if not self._incoming.is_dir():
            make_folder(self._root, self._incoming)
        path = self._incoming / secrets.token_hex(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _copy(self, key: ObjectKey, source: BinaryIO, size: int, sha256: str) -> None:
        checked = CheckedReader(source, size, sha256)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with our_errors(), self._temporary() as temporary:
            descriptor = os.open(temporary, flags, 0o600)
            try:
                while data := checked.read(BUFFER_SIZE):
                    write_all(descriptor, data)
                os.fchmod(descriptor, _OBJECT_MODE)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._publish(temporary, key)

    def _publish(self, temporary: Path, key: ObjectKey) -> None:
        path = self._path(key)
        for tries_left in reversed(range(_RENAME_TRIES)):
            try:
                make_folder(self._root, path.parent)
                temporary.replace(path)
            except FileNotFoundError:
                if not tries_left:
                    raise
            else:
                break
        reached("C9")
        sync_folder(path.parent)
        reached("C10")

    def _walk(self, top: Path) -> Iterator[ObjectInfo]:
        with our_errors():
            self._require_root()
            for folder, _, names in os.walk(top, onerror=_unless_missing):
                for name in names:
                    path = Path(folder, name)
                    info = self._listed(path)
                    if info is not None:
                        yield info

    def _listed(self, path: Path) -> ObjectInfo | None:
        try:
            key = ObjectKey.parse(path.relative_to(self._root).as_posix())
        except ValueError:  # not ours
            return None
        return _info(key, path)


def _info(key: ObjectKey, path: Path) -> ObjectInfo | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return ObjectInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _link(path: Path, temporary: Path) -> bool:
    """Give the file a second name; False where that is not possible and a copy would be."""
    try:
        os.link(path, temporary, follow_symlinks=False)
    except FileNotFoundError:
        raise ObjectMissing(path) from None
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return True


def _seal_link(temporary: Path, size: int) -> None:
    """Check, sync and close for writing a file that was linked to its temporary name.

    Its time of change becomes now: it may have waited for days, and a collector of old bytes that
    no row names must not take it for such.
    """
    descriptor = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            raise CorruptObject(f"the file holds {status.st_size} bytes, not {size}")
        os.utime(descriptor)
        os.fchmod(descriptor, _OBJECT_MODE)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
            raise


def _unless_missing(error: OSError) -> None:
    """A folder that is not there holds nothing; one that cannot be read is an error."""
    if not isinstance(error, FileNotFoundError):
        raise error
