"""Reading a source while holding it to what was promised of it."""

import hashlib
from typing import BinaryIO

from repo_server.storage.base import CorruptObject


class CheckedReader:
    """Reads `source` and raises `CorruptObject` as soon as it breaks its promise.

    The last bytes are handed out only after size and hash were found right, and an empty answer
    only at a right end: a consumer that needs the last byte to finish its work can therefore never
    finish it with wrong content. What `source` itself raises passes through.
    """

    def __init__(self, source: BinaryIO, size: int, sha256: str) -> None:
        self._source = source
        self._size = size
        self._left = size
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self._proven = False

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, or all that is left when that is less."""
        data = self._gather(min(size, self._left))
        self._digest.update(data)
        self._left -= len(data)
        if self._left == 0 and not self._proven:
            self._prove()
        return data

    def _gather(self, size: int) -> bytes:
        pieces: list[bytes] = []
        missing = size
        while missing:
            piece = self._source.read(missing)
            if not piece:
                raise CorruptObject(f"ended {self._left - size + missing} bytes early")
            pieces.append(piece)
            missing -= len(piece)
        # One piece is the rule; joining would copy it and double the memory of an upload.
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _prove(self) -> None:
        if self._source.read(1):
            raise CorruptObject(f"holds more than {self._size} bytes")
        found = self._digest.hexdigest()
        if found != self._sha256:
            raise CorruptObject(f"SHA-256 is {found}, not {self._sha256}")
        self._proven = True
