"""A ZIP archive as a stream of exactly known length, the same bytes for the same entries.

Entries are stored, not compressed: teaching files are compressed already, and only so is the length
known beforehand. Checksums follow the bytes in data descriptors. Rules: APPNOTE.TXT 6.3 (names in
UTF-8 with the flag that says so, ZIP64 only where a number does not fit).
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Final
from zlib import crc32

from repo_server.domain.errors import StorageUnavailable

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_DESCRIPTOR: Final = struct.Struct("<4s3L")
_DESCRIPTOR_64: Final = struct.Struct("<4sL2Q")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")

_FLAGS: Final = 1 << 3 | 1 << 11  # sizes follow in a descriptor; the name is UTF-8
_VERSION, _VERSION_64 = 20, 45
_UNIX: Final = 3 << 8
_REGULAR_FILE: Final = 0o100644 << 16
_MAX_16: Final = 0xFFFF
MAX_32: Final = 0xFFFFFFFF
"""Numbers from here on need ZIP64."""

# The format keeps local time; Vietnam has one zone without summer time.
_VIETNAM: Final = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to be packed: `name` in NFC, `size` in bytes, `moment` aware.

    `chunks` opens it and gives its bytes from an offset on when their turn has come. `crc` is its
    CRC-32 where that is known; where it is not, `learned` is told once all bytes have been read.
    """

    name: str
    size: int
    moment: datetime
    chunks: Callable[[int], Iterator[bytes]]
    crc: int | None = None
    learned: Callable[[int], None] = lambda _: None


def archive_size(entries: Sequence[Entry], *, limit: int = MAX_32) -> int:
    """How many bytes `archive` will give; `limit` is where ZIP64 begins."""
    return sum(part.size for part in _parts(entries, limit))


def archive(
    entries: Sequence[Entry], first: int = 0, last: int | None = None, *, limit: int = MAX_32
) -> Iterator[bytes]:
    """The archive from its byte `first` to its byte `last` (both included), piece by piece.

    What comes before `first` is passed over without being read, except for an entry whose CRC is
    not known: that number stands at the end of the archive. Raises StorageUnavailable when an entry
    gives another number of bytes than promised: what was sent so far is then no archive, and must
    not be ended as if it were one.
    """
    left = archive_size(entries, limit=limit) if last is None else last + 1 - first
    for piece in _from(first, _parts(entries, limit)):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the archive; `begin` gives its bytes from an offset within it."""

    size: int
    begin: Callable[[int], Iterator[bytes]]


def _from(first: int, parts: Iterable[_Part]) -> Iterator[bytes]:
    for part in parts:
        if first < part.size:
            yield from part.begin(first)
        first = max(0, first - part.size)


def _parts(entries: Sequence[Entry], limit: int) -> Iterator[_Part]:
    at, contents = 0, [_Content(entry) for entry in entries]
    places = []
    for content in contents:
        entry = content.entry
        places.append(at)
        header = _local_header(entry, limit)
        length = (_DESCRIPTOR_64 if entry.size >= limit else _DESCRIPTOR).size
        yield _made(len(header), partial(bytes, header))
        yield _Part(entry.size, content.begin)
        yield _made(length, partial(content.descriptor, limit))
        at += len(header) + entry.size + length
    directory = sum(
        _CENTRAL.size + len(entry.name.encode()) + len(_central_extra(entry, place, limit))
        for entry, place in zip(entries, places, strict=True)
    )
    end = _end(len(entries), directory, at, limit)

    def closing() -> bytes:
        placed = zip(contents, places, strict=True)
        return b"".join(content.central_header(at, limit) for content, at in placed) + end

    yield _made(directory + len(end), closing)


def _made(size: int, make: Callable[[], bytes]) -> _Part:
    return _Part(size, lambda start: iter((make()[start:],)))


class _Content:
    """The bytes of an entry, and what their CRC is once it is needed."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._crc = entry.crc

    def begin(self, start: int) -> Iterator[bytes]:
        """The bytes from `start` on; without a CRC those before it are read as well."""
        if self._crc is None:
            return _without(start, self._learning())
        return _exactly(self.entry, start)

    def crc(self) -> int:
        """The CRC; reads the entry where nobody knows it."""
        if self._crc is None:
            for _ in self._learning():
                pass
        assert self._crc is not None  # noqa: S101 - learned by reading to the end
        return self._crc

    def descriptor(self, limit: int) -> bytes:
        """What follows the bytes."""
        return _descriptor(self.entry, self.crc(), limit)

    def central_header(self, at: int, limit: int) -> bytes:
        """What the directory says of the entry that begins `at` that byte."""
        return _central_header(self.entry, self.crc(), at, limit)

    def _learning(self) -> Iterator[bytes]:
        crc = 0
        for chunk in _exactly(self.entry, 0):
            crc = crc32(chunk, crc)
            yield chunk
        self._crc = crc
        self.entry.learned(crc)


def _exactly(entry: Entry, start: int) -> Iterator[bytes]:
    given = start
    for chunk in entry.chunks(start):
        given += len(chunk)
        if given > entry.size:
            break
        yield chunk
    if given != entry.size:
        raise StorageUnavailable


def _without(start: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks without the first `start` bytes."""
    for chunk in chunks:
        if start < len(chunk):
            yield chunk[start:]
        start = max(0, start - len(chunk))


def _local_header(entry: Entry, limit: int) -> bytes:
    name, big = entry.name.encode(), entry.size >= limit
    extra = struct.pack("<2H2Q", 1, 16, 0, 0) if big else b""
    sizes = (MAX_32, MAX_32) if big else (0, 0)
    version = _VERSION_64 if big else _VERSION
    fields = (b"PK\x03\x04", version, _FLAGS, 0, *_dos_time(entry.moment), 0, *sizes)
    return _LOCAL.pack(*fields, len(name), len(extra)) + name + extra


def _descriptor(entry: Entry, crc: int, limit: int) -> bytes:
    shape = _DESCRIPTOR_64 if entry.size >= limit else _DESCRIPTOR
    return shape.pack(b"PK\x07\x08", crc, entry.size, entry.size)


def _central_header(entry: Entry, crc: int, at: int, limit: int) -> bytes:
    name, extra = entry.name.encode(), _central_extra(entry, at, limit)
    version = _VERSION_64 if extra else _VERSION
    size = MAX_32 if entry.size >= limit else entry.size
    fields = (b"PK\x01\x02", _UNIX | version, version, _FLAGS, 0, *_dos_time(entry.moment))
    lengths = (crc, size, size, len(name), len(extra), 0, 0, 0, _REGULAR_FILE)
    return _CENTRAL.pack(*fields, *lengths, MAX_32 if at >= limit else at) + name + extra


def _central_extra(entry: Entry, at: int, limit: int) -> bytes:
    numbers = [entry.size, entry.size] if entry.size >= limit else []
    if at >= limit:
        numbers.append(at)
    if not numbers:
        return b""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def _end(count: int, directory: int, at: int, limit: int) -> bytes:
    big = count >= _MAX_16 or directory >= limit or at >= limit
    before = b""
    if big:
        numbers = (count, count, directory, at)
        before = _END_64.pack(b"PK\x06\x06", 44, _VERSION_64, _VERSION_64, 0, 0, *numbers)
        before += _LOCATOR_64.pack(b"PK\x06\x07", 0, at + directory, 1)
        count, directory, at = _MAX_16, MAX_32, MAX_32
    return before + _END.pack(b"PK\x05\x06", 0, 0, count, count, directory, at, 0)


def _dos_time(moment: datetime) -> tuple[int, int]:
    """(time, date) as the format packs them, in steps of two seconds, from 1980 on."""
    local = moment.astimezone(_VIETNAM)
    year = min(max(local.year, 1980), 2107)
    time = local.hour << 11 | local.minute << 5 | local.second // 2
    return time, (year - 1980) << 9 | local.month << 5 | local.day
