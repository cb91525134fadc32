"""Uploads that wait in a folder: one growing file per upload, for the processes of one machine.

The size of the file is the offset at which the client goes on, so it must not promise more than the
disk holds: bytes are synced before `append` ends. The first process that appends locks the file,
the next one is `Busy`.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from repo_server.domain.errors import Busy, Conflict, WrongOffset
from repo_server.storage.base import ObjectMissing
from repo_server.storage.durable import free_bytes, our_errors, storage_error, sync_folder
from repo_server.storage.staging import UPLOAD_ID, StagedFile, StagingWriter, unnamed_file

_SAFE: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

# A file can be discarded between opening and locking it; then it is opened anew.
_LOCK_TRIES: Final = 5


class _FileWriter:
    """Writes on from where an upload stands; valid inside `append` only."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self.offset = offset
        """Where the next byte goes."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data`; `StorageFull` after as much of it as found room.

        Unbuffered and not synced: hand over big pieces.
        """
        rest = memoryview(data)
        with our_errors():
            while len(rest):
                written = os.pwrite(self._descriptor, rest, self.offset)
                self.offset += written
                rest = rest[written:]


class LocalStaging:
    """A `StagingArea` below `root`, shared by every process of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self) -> None:
        with our_errors():
            self._root.mkdir(0o700, parents=True, exist_ok=True)

    @contextmanager
    def append(self, upload_id: str, offset: int) -> Iterator[StagingWriter]:
        descriptor = self._open_locked(upload_id, offset)
        try:
            yield _FileWriter(descriptor, offset)
        finally:
            try:
                _settle(descriptor, offset)
            finally:
                os.close(descriptor)

    def size(self, upload_id: str) -> int:
        path = self._file(upload_id)
        with our_errors():
            try:
                descriptor = os.open(path, os.O_RDONLY | _SAFE)
            except FileNotFoundError:
                return 0
            try:
                # Bytes that a killed process has written may still wait in memory.
                size = os.fstat(descriptor).st_size
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return size

    def path(self, upload_id: str) -> Path:
        """The file itself, there until `discard`; `ObjectMissing` when nothing has arrived."""
        path = self._file(upload_id)
        with our_errors():
            if not path.is_file() or path.is_symlink():
                raise ObjectMissing(upload_id)
        return path

    @contextmanager
    def whole(self, upload_id: str) -> Iterator[Path]:
        yield self.path(upload_id)

    def discard(self, upload_id: str) -> None:
        path = self._file(upload_id)
        with our_errors():
            try:
                descriptor = os.open(path, os.O_RDONLY | _SAFE)
            except FileNotFoundError:
                return
            try:
                _lock(descriptor)
                # Not synced: a file that comes back after a power cut has no row and is swept.
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def entries(self) -> Iterator[StagedFile]:
        with our_errors():
            for path in list(self._root.iterdir()):
                if not UPLOAD_ID.fullmatch(path.name):
                    continue
                try:
                    status = path.lstat()
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
                    yield StagedFile(path.name, status.st_size, modified_at)

    def spool(self) -> BinaryIO:
        return unnamed_file(self._root)

    def free_bytes(self) -> int:
        return free_bytes(self._root)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _file(self, upload_id: str) -> Path:
        if not UPLOAD_ID.fullmatch(upload_id):
            raise ObjectMissing(upload_id)
        return self._root / upload_id

    def _open_locked(self, upload_id: str, offset: int) -> int:
        path = self._file(upload_id)
        for _ in range(_LOCK_TRIES):
            descriptor = self._open(path, offset)
            try:
                if _ready(descriptor, offset):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise Busy

    def _open(self, path: Path, offset: int) -> int:
        try:
            # Only the first append makes the file: a late one must not leave an empty file behind.
            if offset == 0:
                self._create(path)
            return os.open(path, os.O_WRONLY | _SAFE)
        except FileNotFoundError as error:
            if offset and self._root.is_dir():
                raise WrongOffset(size=0) from None
            raise storage_error(error) from error
        except OSError as error:
            if isinstance(error, PermissionError) and _is_sealed(path):
                raise Conflict from None
            raise storage_error(error) from error

    def _create(self, path: Path) -> None:
        """Make the empty file, its name durable, unless it is there."""
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600))
        except FileExistsError:
            return
        sync_folder(self._root)


def _is_sealed(path: Path) -> bool:
    """Whether the store has made the file read-only because an object shares its bytes."""
    with our_errors():
        return not path.lstat().st_mode & stat.S_IWUSR


def _ready(descriptor: int, offset: int) -> bool:
    """Lock the file and check that it may grow; False when it was discarded in between."""
    with our_errors():
        _lock(descriptor)
        status = os.fstat(descriptor)
    if status.st_nlink == 0:
        return False
    if status.st_nlink > 1 or not status.st_mode & stat.S_IWUSR:
        raise Conflict
    if status.st_size != offset:
        raise WrongOffset(size=status.st_size)
    return True


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy from None


def _settle(descriptor: int, offset: int) -> None:
    """Make the new bytes durable, or drop them.

    After a failed fsync the kernel has marked the lost pages as clean: the file looks whole and is
    not. Only what was there before is certain.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        with our_errors():
            os.ftruncate(descriptor, offset)
        raise storage_error(error) from error
