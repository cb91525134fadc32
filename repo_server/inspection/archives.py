"""Our own reader of ZIP files: the whole directory is judged before any content is read.

The rules (limits in `domain.files`) are stricter than the format, because two programs that read
one archive differently are how harm is smuggled: one name one entry, one byte one entry, the
local headers agree with the directory, nothing before the first entry. Layout of the bytes: PKWARE
APPNOTE 6.3.10.
"""

import hashlib
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from repo_server.domain.files import (
    ZIP_MAX_ENTRIES,
    ZIP_MAX_RATIO,
    ZIP_MAX_TOTAL,
    ZIP_RATIO_FLOOR,
    readable_size,
)
from repo_server.inspection.base import Refused

_END: Final = struct.Struct("<4s4H2LH")
_END64_LOCATOR: Final = struct.Struct("<4sLQL")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_PROPERTIES: Final = ("docProps/", "meta.xml", "META-INF/")
_DIRECTORY_LIMIT: Final = 16 << 20
_PIECE: Final = 65_536
_STORED: Final = 0
_DEFLATED: Final = 8
_ENCRYPTED_BITS: Final = 1 | 1 << 6 | 1 << 13
_UTF8_BIT: Final = 1 << 11
_UNIX: Final = 3
_DRIVE: Final = re.compile(r"^[A-Za-z]:")
_METHODS: Final = {9: "Deflate64", 12: "BZip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an archive; `start` is where its packed bytes begin."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    start: int

    @property
    def is_folder(self) -> bool:
        """Whether it only names a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the central directory, before its local header was compared."""

    entry: Entry
    raw_name: bytes
    header: int


class Bytes(Protocol):
    """Bytes that can be read by place: an open file, or an object in a storage."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end."""
        ...


class Members(Protocol):
    """What readers of packages ask of an archive, whatever it is packed with."""

    @property
    def names(self) -> list[str]:
        """Every name, in order."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is such an entry."""
        ...

    def size(self, name: str) -> int:
        """Unpacked size; 0 when there is no such entry."""
        ...

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpacked bytes, piece by piece."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """One whole entry; Refused when it is longer than `limit` bytes or not there."""
        ...


class Archive:
    """A ZIP file that keeps every rule; raises Refused when it is made from one that does not."""

    def __init__(self, source: Bytes) -> None:
        self._source = source
        directory, offset, count = find_directory(source)
        listed = parse_directory(directory, count)
        _check_totals([row.entry for row in listed], source.size)
        check_names([row.entry.name for row in listed])
        entries = _check_layout(source, listed, offset)
        self._entries = {entry.name: entry for entry in entries}

    @property
    def names(self) -> list[str]:
        """Every name, in the order of the directory."""
        return list(self._entries)

    def has(self, name: str) -> bool:
        """Whether there is such an entry."""
        return name in self._entries

    def size(self, name: str) -> int:
        """Unpacked size that the directory declares; 0 when there is no such entry."""
        return self._entries[name].size if name in self._entries else 0

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpacked bytes in pieces of at most 64 KiB.

        Raises Refused when there are more or other bytes than the directory declares.
        """
        entry = self._entries[name]
        unpacked = self._stored(entry) if entry.method == _STORED else self._inflated(entry)
        crc, size = 0, 0
        for piece in unpacked:
            size += len(piece)
            if size > entry.size:
                raise Refused("bomb", detail=f"mục “{entry.name}” lớn hơn khai báo")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != entry.size or crc != entry.crc:
            raise Refused("damaged", detail=f"mục “{entry.name}” không toàn vẹn")

    def read(self, name: str, limit: int) -> bytes:
        """One whole entry; Refused when it is longer than `limit` bytes or not there."""
        if name not in self._entries:
            raise Refused("damaged", detail=f"thiếu phần “{name}”")
        if self._entries[name].size > limit:
            raise Refused("too_complex", detail=f"phần “{name}” quá lớn")
        return b"".join(self.pieces(name))

    def content_digest(self) -> str:
        """The same for archives with the same members, in whatever order and however packed.

        Office programs write a new date into the properties whenever they save: those are left out.
        """
        members = sorted(
            f"{unicodedata.normalize('NFC', entry.name)}\0{entry.size}\0{entry.crc}\n"
            for entry in self._entries.values()
            if not entry.is_folder and not entry.name.startswith(_PROPERTIES)
        )
        return hashlib.sha256("".join(members).encode()).hexdigest()

    def _stored(self, entry: Entry) -> Iterator[bytes]:
        for offset in range(0, entry.packed, _PIECE):
            yield self._source.read(entry.start + offset, min(_PIECE, entry.packed - offset))

    def _inflated(self, entry: Entry) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-15)
        try:
            for piece in self._stored(entry):
                waiting = piece
                while waiting and not inflater.eof:
                    yield inflater.decompress(waiting, _PIECE)
                    waiting = inflater.unconsumed_tail
            yield inflater.flush()
        except zlib.error as error:
            raise Refused("damaged", detail=f"mục “{entry.name}” không giải nén được") from error


def find_directory(source: Bytes) -> tuple[bytes, int, int]:
    """The central directory's bytes, its offset and its number of entries.

    Raises Refused where there is none, or one beyond the limits.
    """
    tail_at = max(0, source.size - _END.size - 65_535)
    tail = source.read(tail_at, source.size - tail_at)
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if len(tail) - place >= _END.size:
            end = _END.unpack_from(tail, place)
            if place + _END.size + end[7] == len(tail):
                return _read_directory(source, end, tail_at + place)
        place = tail.rfind(b"PK\x05\x06", 0, place)
    raise Refused("damaged", detail="không tìm thấy mục lục của tệp nén")


def _read_directory(source: Bytes, end: tuple[int, ...], end_at: int) -> tuple[bytes, int, int]:
    disk, start_disk, here, count, size, offset = end[1:7]
    if 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset):
        disk, start_disk, here, count, size, offset, end_at = _read_end64(source, end_at)
    if disk or start_disk or here != count:
        raise Refused("damaged", detail="tệp nén chia thành nhiều phần")
    if count > ZIP_MAX_ENTRIES or size > _DIRECTORY_LIMIT:
        raise Refused("bomb", detail=f"{count} mục")
    if offset + size != end_at:
        raise Refused("damaged", detail="mục lục của tệp nén đặt sai chỗ")
    return source.read(offset, size), offset, count


def _read_end64(source: Bytes, end_at: int) -> tuple[int, int, int, int, int, int, int]:
    locator_at = end_at - _END64_LOCATOR.size
    locator = source.read(locator_at, _END64_LOCATOR.size)
    if locator[:4] != b"PK\x06\x07":
        raise Refused("damaged", detail="thiếu phần ZIP64")
    at = _END64_LOCATOR.unpack(locator)[2]
    data = source.read(at, _END64.size)
    if len(data) < _END64.size or data[:4] != b"PK\x06\x06":
        raise Refused("damaged", detail="thiếu phần ZIP64")
    end = _END64.unpack(data)
    if at + 12 + end[1] != locator_at:
        raise Refused("damaged", detail="phần ZIP64 đặt sai chỗ")
    return end[4], end[5], end[6], end[7], end[8], end[9], at


def parse_directory(directory: bytes, count: int) -> list[Listed]:
    """The rows of a central directory; raises Refused for one that breaks a rule."""
    listed: list[Listed] = []
    at = 0
    while at < len(directory):
        row, at = _parse_row(directory, at)
        listed.append(row)
        if len(listed) > count:
            break
    if len(listed) != count:
        raise Refused("damaged", detail="mục lục của tệp nén đếm sai")
    return listed


def _parse_row(directory: bytes, at: int) -> tuple[Listed, int]:
    if len(directory) - at < _CENTRAL.size or directory[at : at + 4] != b"PK\x01\x02":
        raise Refused("damaged", detail="mục lục của tệp nén hỏng")
    row = _CENTRAL.unpack_from(directory, at)
    made_by, flags, method = row[1], row[3], row[4]
    name_at = at + _CENTRAL.size
    extra_at = name_at + row[10]
    end = extra_at + row[11] + row[12]
    raw_name = directory[name_at:extra_at]
    packed, size, header = _wide_sizes(
        directory[extra_at : extra_at + row[11]], (row[8], row[9], row[16])
    )
    name = _decode_name(raw_name, utf8=bool(flags & _UTF8_BIT))
    _check_row(name, flags, method, packed, size)
    if made_by >> 8 == _UNIX:
        _check_mode(name, row[15] >> 16)
    return Listed(Entry(name, method, row[7], packed, size, 0), raw_name, header), end


def _wide_sizes(extra: bytes, sizes: tuple[int, int, int]) -> tuple[int, int, int]:
    """Packed size, size and header offset, from the ZIP64 field where the short ones are full."""
    packed, size, header = sizes
    if 0xFFFFFFFF not in sizes:
        return sizes
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            wide = iter(
                struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4)
            )
            size = next(wide, size) if size == 0xFFFFFFFF else size
            packed = next(wide, packed) if packed == 0xFFFFFFFF else packed
            header = next(wide, header) if header == 0xFFFFFFFF else header
            return packed, size, header
        at += 4 + length
    return sizes


def _decode_name(raw: bytes, *, utf8: bool) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if utf8:
            raise Refused("damaged", detail="tên trong tệp nén sai bảng mã") from None
        return raw.decode("cp437")


def _check_row(name: str, flags: int, method: int, packed: int, size: int) -> None:
    if flags & _ENCRYPTED_BITS:
        raise Refused("encrypted")
    if method not in (_STORED, _DEFLATED):
        raise Refused("unsupported_compression", detail=_METHODS.get(method, str(method)))
    if method == _STORED and packed != size:
        raise Refused("damaged", detail=f"mục “{name[:80]}” khai báo sai kích thước")
    check_name(name)


def check_name(name: str) -> None:
    """Refused when unpacking this name could write anywhere but below the chosen folder."""
    bad = "\0" in name or "\\" in name or name.startswith("/") or _DRIVE.match(name)
    if not name or bad or ".." in name.split("/"):
        raise Refused("traversal", detail=name[:80].replace("\0", "�"))


def _check_mode(name: str, mode: int) -> None:
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused("traversal", detail=name[:80])


def _check_totals(entries: list[Entry], file_size: int) -> None:
    total = sum(entry.size for entry in entries)
    if total > ZIP_MAX_TOTAL:
        raise Refused("bomb", detail=f"{readable_size(total)} khi giải nén")
    if total > ZIP_RATIO_FLOOR and total > ZIP_MAX_RATIO * file_size:
        raise Refused("bomb", detail=f"gấp {total // max(1, file_size)} lần khi giải nén")
    for entry in entries:
        if entry.size > ZIP_RATIO_FLOOR and entry.size > ZIP_MAX_RATIO * entry.packed:
            raise Refused("bomb", detail=f"mục “{entry.name[:80]}” bung quá lớn")


def check_names(names: list[str]) -> None:
    """One name, one entry, also for file systems that fold case or normalise."""
    seen: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFC", name.casefold()).rstrip("/")
        if folded in seen:
            raise Refused("duplicate_names", detail=name[:80])
        seen.add(folded)


def _check_layout(source: Bytes, listed: list[Listed], directory_at: int) -> list[Entry]:
    """Entries with their start; Refused when any two share a byte or a header disagrees."""
    starts: dict[str, int] = {}
    free_from = 0
    for row in sorted(listed, key=lambda row: row.header):
        start = read_local(source, row)
        if row.header < free_from or start + row.entry.packed > directory_at:
            raise Refused("bomb", detail="các mục chồng lên nhau")
        free_from = start + row.entry.packed
        starts[row.entry.name] = start
    if listed and min(row.header for row in listed) != 0:
        raise Refused("damaged", detail="có dữ liệu lạ trước nội dung nén")
    return [
        Entry(e.name, e.method, e.crc, e.packed, e.size, starts[e.name])
        for e in (row.entry for row in listed)
    ]


def read_local(source: Bytes, row: Listed) -> int:
    """Where the packed bytes start; Refused when the local header tells another story."""
    data = source.read(row.header, _LOCAL.size + len(row.raw_name))
    if len(data) < _LOCAL.size or data[:4] != b"PK\x03\x04":
        raise Refused("damaged", detail="mục lục trỏ sai chỗ")
    local = _LOCAL.unpack_from(data)
    same = local[3] == row.entry.method and data[_LOCAL.size :] == row.raw_name
    # Without the "sizes follow" bit the header must repeat the directory's sizes.
    sized = not local[2] & 8 and 0xFFFFFFFF not in (local[7], local[8])
    if not same or (sized and (local[7], local[8]) != (row.entry.packed, row.entry.size)):
        raise Refused("damaged", detail="mục lục và nội dung nén không khớp")
    return row.header + _LOCAL.size + int(local[9]) + int(local[10])
