"""Bytes that count only when their checksum is right (tus: the extension "checksum").

They are kept aside until all of a request are there. An interrupted request leaves none of them: a
client that wants checksums and has a bad line sends smaller pieces.
"""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, Final

from repo_server.domain.access import Viewer
from repo_server.domain.errors import ChecksumMismatch
from repo_server.services import uploads
from repo_server.services.library import Library
from repo_server.services.uploads import Receiver
from repo_server.storage.durable import our_errors

ALGORITHMS: Final = ("sha1", "sha256", "md5")
"""Against accidents on the way, not against forgers: the declared SHA-256 of the whole is that."""

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a client says of the bytes of one request; `algorithm` is one of `ALGORITHMS`."""

    algorithm: str
    digest: bytes


class CheckedReceiver:
    """A `Receiver` whose bytes are appended by `prove`, all of them or none."""

    def __init__(self, library: Library, receiver: Receiver, checksum: Checksum) -> None:
        self._library = library
        self._receiver = receiver
        self._checksum = checksum
        self._digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
        self._stack = ExitStack()
        self._aside: BinaryIO
        self._count = 0

    def __enter__(self) -> "CheckedReceiver":
        with ExitStack() as stack:
            self._aside = stack.enter_context(self._library.staging.spool())
            stack.enter_context(self._receiver)
            self._stack = stack.pop_all()
        return self

    @property
    def receiver(self) -> Receiver:
        """Who appends."""
        return self._receiver

    def is_wanted(self) -> bool:
        """Whether somebody has asked to go on in this one's stead."""
        return self._receiver.is_wanted()

    def require_room(self, count: int) -> None:
        """Raise TooLarge when `count` more bytes are more than were declared."""
        self._receiver.require_room(self._count + count)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep aside; raises TooLarge past the declared size, StorageFull."""
        self.require_room(len(data))
        self._digest.update(data)
        self._count += len(data)
        with our_errors():
            self._aside.write(data)

    def prove(self) -> None:
        """All bytes of the request are here: append them, or raise ChecksumMismatch."""
        if self._digest.digest() != self._checksum.digest:
            raise ChecksumMismatch
        with our_errors():
            self._aside.seek(0)
            while data := self._aside.read(_CHUNK):
                self._receiver.write(data)

    def __exit__(self, *failure: object) -> None:
        self._stack.__exit__(None, None, None)


def receive(
    library: Library, viewer: Viewer, upload_id: str, offset: int, checksum: Checksum
) -> CheckedReceiver:
    """Like `uploads.receive`, for one request with a checksum."""
    receiver = uploads.receive(library, viewer, upload_id, offset)
    return CheckedReceiver(library, receiver, checksum)
