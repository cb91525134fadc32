"""Members of a ZIP file that was taken, read one at a time from wherever it lies.

`archives.Archive` judges a stranger's file as a whole and looks at each of its headers. What is
read here has passed that and never changes, so only the directory is read, and of the headers the
one that is asked for: a storage across the network is asked three times, not ten thousand times.
"""

import struct
import unicodedata
import zlib
from collections.abc import Iterator
from typing import Final

from repo_server.inspection.archives import (
    Bytes,
    Listed,
    find_directory,
    parse_directory,
    read_local,
)
from repo_server.inspection.base import Refused

PIECE: Final = 1 << 18
DEFLATED: Final = 8
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952: deflated, no name, no time, an unknown system."""

GZIP_EXTRA: Final = len(_GZIP_HEAD) + 8
"""Bytes that gzip has more than the packed member."""


class Directory:
    """What a ZIP file holds, by name: kept in memory, so that many members cost one look."""

    def __init__(self, source: Bytes) -> None:
        directory, _, count = find_directory(source)
        rows = parse_directory(directory, count)
        self._rows = {row.entry.name: row for row in rows}
        # No two names fold to the same: `archives.check_names`. Windows made many a wrong case.
        self._folded = {_folded(row.entry.name): row for row in rows}

    @property
    def names(self) -> list[str]:
        """Every name, in order."""
        return list(self._rows)

    def find(self, name: str) -> Listed | None:
        """The file of that name, in whatever case; None for folders and what is not there."""
        found = self._rows.get(name) or self._folded.get(_folded(name))
        return None if found is None or found.entry.is_folder else found

    def has(self, name: str) -> bool:
        """Whether there is such a file, in whatever case."""
        return self.find(name) is not None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def unpacked(source: Bytes, row: Listed, start: int = 0) -> Iterator[bytes]:
    """A member's bytes from `start` on, in pieces.

    Raises Refused in place of the last piece where they are not those that the directory promises;
    with a `start` inside, only their number is looked at.
    """
    entry = row.entry
    if entry.method != DEFLATED:
        pieces = _range(source, read_local(source, row) + start, entry.size - start)
        yield from pieces if start else _proven(pieces, row)
        return
    left = start
    for piece in _proven(_inflated(_packed(source, row), row), row):
        if left < len(piece):
            yield piece[left:]
        left = max(0, left - len(piece))


def as_gzip(source: Bytes, row: Listed) -> Iterator[bytes]:
    """A deflated member as it lies, in the clothes of gzip: nothing is unpacked."""
    yield _GZIP_HEAD
    yield from _packed(source, row)
    yield struct.pack("<LL", row.entry.crc, row.entry.size & 0xFFFFFFFF)


def _packed(source: Bytes, row: Listed) -> Iterator[bytes]:
    yield from _range(source, read_local(source, row), row.entry.packed)


def _range(source: Bytes, offset: int, size: int) -> Iterator[bytes]:
    for at in range(0, size, PIECE):
        yield source.read(offset + at, min(PIECE, size - at))


def _inflated(packed: Iterator[bytes], row: Listed) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-15)
    try:
        for piece in packed:
            waiting = piece
            while waiting and not inflater.eof:
                yield inflater.decompress(waiting, PIECE)
                waiting = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise _damaged(row) from error


def _proven(pieces: Iterator[bytes], row: Listed) -> Iterator[bytes]:
    """The pieces, each given away only when the next is there: the last when all were right."""
    crc, size, held = 0, 0, b""
    for piece in filter(None, pieces):
        size += len(piece)
        if size > row.entry.size:
            raise _damaged(row)
        crc = zlib.crc32(piece, crc)
        if held:
            yield held
        held = piece
    if size != row.entry.size or crc != row.entry.crc:
        raise _damaged(row)
    if held:
        yield held


def _damaged(row: Listed) -> Refused:
    return Refused("damaged", detail=f"mục “{row.entry.name[:80]}” không toàn vẹn")
