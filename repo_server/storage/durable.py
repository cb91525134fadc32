"""Writing to a local folder so that it survives a power cut, and what its errors mean for us."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from repo_server.domain.errors import KhoError, StorageFull, StorageUnavailable

# EFBIG: the file system or a limit of the process takes no larger file.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# The kernel writes folders back on its own well within this time (ext4: 5 s, XFS: 30 s).
_SETTLED_SECONDS: Final = 120.0

# One system call moves at most this much on Linux; larger writes come back short.
_MAX_WRITE: Final = 0x7FFFF000


def storage_error(error: OSError) -> KhoError:
    """Our error for one of the operating system."""
    return StorageFull() if error.errno in _FULL else StorageUnavailable()


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn an `OSError` of the block into `StorageFull` or `StorageUnavailable`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error) from error


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`; one call of the system may take only a part of it."""
    rest = memoryview(data)
    while len(rest):
        rest = rest[os.write(descriptor, rest[:_MAX_WRITE]) :]


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(root: Path, folder: Path, mode: int = 0o750) -> None:
    """Make `folder` below an existing `root`, with its parents, durably.

    `root` itself is never made here: when a disk is not mounted, writing into the empty mount
    point would hide every object. A folder that another process has only just made is made
    durable as well, because that process may be killed before it does so.
    """
    if folder == root:
        return
    make_folder(root, folder.parent, mode)
    try:
        folder.mkdir(mode)
    except FileExistsError:
        if time.time() - folder.stat().st_mtime > _SETTLED_SECONDS:
            return
    sync_folder(folder.parent)


def free_bytes(folder: Path) -> int:
    """Bytes that this process may still write to the file system of `folder`."""
    with our_errors():
        status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
