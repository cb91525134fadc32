"""The empty folder that a forking process stands in.

A server that is killed cannot take its folder away, so whoever makes one sweeps first. A folder is
in use as long as its maker holds its lock, which ends with that process however it ends.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "kho-inspection-"


class Workplace:
    """An empty folder of this process; `remove` it when the forking process is gone."""

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        self.path, lock = _made_and_locked()
        self._lock: int | None = lock

    def remove(self) -> None:
        """Take the folder away; harmless when it is gone."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _made_and_locked() -> tuple[str, int]:
    while True:
        path = tempfile.mkdtemp(prefix=PREFIX)
        # Until it is locked, another process may sweep it away: then it takes another one.
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if Path(path).exists():
                return path, lock
            os.close(lock)


def _sweep(folder: Path) -> None:
    """Remove folders of this kind whose maker is gone; those of other accounts are not ours."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(lock).st_uid == os.getuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.rmdir()
    finally:
        os.close(lock)
