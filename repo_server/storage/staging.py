"""Where uploads wait until they are whole and inspected; what every such place promises.

`local_staging` is a folder of one machine, `s3_staging` any number of machines on one S3 store.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, cast, runtime_checkable

from repo_server.storage.durable import our_errors

UPLOAD_ID: Final = re.compile(r"[0-9a-f]{32}")

Turn = Callable[[str], AbstractContextManager[None]]
"""Lets one thread of one process at a time do what the text names; `Busy` for everybody else."""


class StagedFile(NamedTuple):
    """One upload that waits: its id, bytes so far, time of the last one (UTC, aware)."""

    upload_id: str
    size: int
    modified_at: datetime


class StagingWriter(Protocol):
    """Writes on from where an upload stands; valid inside `StagingArea.append` only."""

    offset: int
    """Where the next byte goes."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data`; `StorageFull` after as much of it as found room.

        Not durable before `append` ends: hand over big pieces.
        """


@runtime_checkable
class StagingArea(Protocol):
    """The waiting uploads, shared by every process that receives or checks files.

    An upload id is 32 hexadecimal digits; any other text is an upload that does not exist
    (`ObjectMissing`). Every method may raise `StorageUnavailable`.
    """

    def prepare(self) -> None:
        """Make what is missing on this machine. Called once at start; repeatable."""

    def append(self, upload_id: str, offset: int) -> AbstractContextManager[StagingWriter]:
        """Go on writing at `offset`, which must be where the upload stands (`WrongOffset`, size).

        What was written is durable when the block ends, also when it ends with an error, such as a
        client that went away. `Busy` while somebody else appends; `Conflict` when the bytes have
        already become an object that shares them.
        """

    def size(self, upload_id: str) -> int:
        """How many bytes are durable; 0 when none has arrived."""

    def whole(self, upload_id: str) -> AbstractContextManager[Path]:
        """A local file with all bytes so far, for reading only, there until the block ends.

        `ObjectMissing` when nothing has arrived, `StorageFull` when there is no room for a copy.
        """

    def discard(self, upload_id: str) -> None:
        """Forget the bytes; when there are none, that is fine. `Busy` while somebody appends."""

    def entries(self) -> Iterator[StagedFile]:
        """Every waiting upload, in any order; what belongs to others is left out."""

    def spool(self) -> BinaryIO:
        """An empty file on this machine for bytes that are not to count yet; gone when closed."""

    def free_bytes(self) -> int:
        """How many bytes this machine can still hold for uploads."""

    def close(self) -> None:
        """Release connections; the area is not used afterwards."""


def unnamed_file(folder: Path) -> BinaryIO:
    """A file without a name: nothing is left of it when it is closed or its process is killed."""
    with our_errors():
        return cast("BinaryIO", tempfile.TemporaryFile(dir=folder))
