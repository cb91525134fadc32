"""Our own reader of tar.gz files, the older form of Moodle's backups, under the rules for ZIP.

A packed tar can only be read from its beginning, so it is read once: every header is judged, what
the reader asked for is kept in memory, the rest is passed over. Layout: POSIX.1-1988 ustar with
the long names of GNU and of POSIX.1-2001 (pax).
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from repo_server.domain.files import (
    ZIP_MAX_ENTRIES,
    ZIP_MAX_RATIO,
    ZIP_MAX_TOTAL,
    ZIP_RATIO_FLOOR,
    readable_size,
)
from repo_server.inspection.archives import check_name, check_names
from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Source

KEPT_LIMIT: Final = 64 << 20
"""Bytes of members that are kept in memory, in all."""

_BLOCK: Final = 512
_PIECE: Final = 65_536
_LONG_NAME_LIMIT: Final = 65_536
_FILE, _FOLDER, _GNU_NAME, _PAX, _PAX_GLOBAL = b"0", b"5", b"L", b"x", b"g"


class _Unpacked:
    """The stream inside the gzip file, read forwards, counted against the limits."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._inflater = zlib.decompressobj(31)
        self._at = 0
        self._ready = bytearray()
        self._total = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes; Refused when there are fewer."""
        while len(self._ready) < size:
            if not self._more():
                raise Refused("damaged", detail="tệp nén bị cắt cụt")
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def skip(self, size: int) -> None:
        """Pass over bytes."""
        while size:
            size -= len(self.take(min(size, _PIECE)))

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return not self._ready and not self._more()

    def finish(self) -> None:
        """Read to the end of the gzip file; Refused for anything but padding in it or behind."""
        while not self.at_end():
            if any(self.take(len(self._ready))):
                raise Refused("damaged", detail="có dữ liệu lạ sau nội dung nén")

    def _more(self) -> bool:
        if self._inflater.eof:
            if self._inflater.unused_data or self._at < self._source.size:
                raise Refused("damaged", detail="có dữ liệu lạ sau nội dung nén")
            return False
        waiting = self._inflater.unconsumed_tail
        if not waiting:
            waiting = self._source.read(self._at, _PIECE)
            self._at += len(waiting)
        if not waiting:
            raise Refused("damaged", detail="tệp nén bị cắt cụt")
        try:
            piece = self._inflater.decompress(waiting, _PIECE)
        except zlib.error as error:
            raise Refused("damaged", detail="không giải nén được") from error
        self._count(len(piece))
        self._ready += piece
        return True

    def _count(self, size: int) -> None:
        self._total += size
        if self._total > ZIP_MAX_TOTAL:
            raise Refused("bomb", detail=f"hơn {readable_size(ZIP_MAX_TOTAL)} khi giải nén")
        if self._total > ZIP_RATIO_FLOOR and self._total > ZIP_MAX_RATIO * self._source.size:
            raise Refused("bomb", detail=f"gấp hơn {ZIP_MAX_RATIO} lần khi giải nén")


class Tarball:
    """A tar.gz that keeps every rule; Refused when it is made from one that does not.

    `wanted` says by name and size which members are kept; no other can be read.
    """

    def __init__(self, source: Source, wanted: Callable[[str, int], bool]) -> None:
        self._sizes: dict[str, int] = {}
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0
        stream = _Unpacked(source)
        names: list[str] = []
        for name, size, is_folder in _headers(stream):
            names.append(name)
            if len(names) > ZIP_MAX_ENTRIES:
                raise Refused("bomb", detail=f"hơn {ZIP_MAX_ENTRIES} mục")
            if is_folder:
                continue
            self._sizes[name] = size
            self._pass(stream, name, size, keep=wanted(name, size))
        stream.finish()
        check_names(names)

    def _pass(self, stream: _Unpacked, name: str, size: int, *, keep: bool) -> None:
        if keep and self._kept_bytes + size <= KEPT_LIMIT:
            self._kept[name] = stream.take(size)
            self._kept_bytes += size
        else:
            stream.skip(size)
        stream.skip(-size % _BLOCK)

    @property
    def names(self) -> list[str]:
        """Every name of a file, in order."""
        return list(self._sizes)

    def has(self, name: str) -> bool:
        """Whether there is such a member and it was kept."""
        return name in self._kept

    def size(self, name: str) -> int:
        """Unpacked size; 0 when there is no such member."""
        return self._sizes.get(name, 0)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a kept member."""
        yield self._kept[name]

    def read(self, name: str, limit: int) -> bytes:
        """One whole member; Refused when it is longer than `limit` bytes or was not kept."""
        if name not in self._kept:
            raise Refused("damaged", detail=f"thiếu phần “{name[:80]}”")
        if len(self._kept[name]) > limit:
            raise Refused("too_complex", detail=f"phần “{name[:80]}” quá lớn")
        return self._kept[name]


def _headers(stream: _Unpacked) -> Iterator[tuple[str, int, bool]]:
    """(name, size, whether a folder) of each member; the consumer passes over its bytes."""
    long_name = ""
    while not stream.at_end():
        block = stream.take(_BLOCK)
        if not any(block):
            return
        size = _checked_size(block)
        kind = block[156:157]
        if kind in (_GNU_NAME, _PAX, _PAX_GLOBAL):
            long_name = _read_long_name(stream, kind, size) or long_name
            continue
        name = (long_name or _short_name(block)).removeprefix("./")
        long_name = ""
        if kind not in (_FILE, b"\0", _FOLDER):
            # Links, devices, pipes: nothing that a lesson needs.
            raise Refused("traversal", detail=name[:80])
        is_folder = kind == _FOLDER or name.endswith("/")
        if is_folder and size:
            raise Refused("damaged", detail="tệp nén khai báo sai kích thước")
        if name not in ("", "."):
            check_name(name)
            yield name, size, is_folder


def _checked_size(block: bytes) -> int:
    """The size in a header; Refused when its checksum or numbers are wrong."""
    expected = sum(block) - sum(block[148:156]) + 8 * 0x20
    if _octal(block[148:156]) != expected:
        raise Refused("damaged", detail="tệp nén có phần đầu mục hỏng")
    return _octal(block[124:136])


def _octal(field: bytes) -> int:
    digits = field.rstrip(b"\0 ").lstrip(b" ")
    if not digits or digits.strip(b"01234567"):
        raise Refused("damaged", detail="tệp nén có phần đầu mục hỏng")
    return int(digits, 8)


def _short_name(block: bytes) -> str:
    name, prefix = block[:100].split(b"\0")[0], block[345:500].split(b"\0")[0]
    if block[257:262] == b"ustar" and block[262:263] == b"\0" and prefix:
        name = prefix + b"/" + name
    return _decoded(name)


def _decoded(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _read_long_name(stream: _Unpacked, kind: bytes, size: int) -> str:
    if size > _LONG_NAME_LIMIT:
        raise Refused("damaged", detail="tên trong tệp nén quá dài")
    data = stream.take(size)
    stream.skip(-size % _BLOCK)
    if kind == _GNU_NAME:
        return _decoded(data.split(b"\0")[0])
    return _pax_path(data) if kind == _PAX else ""


def _pax_path(data: bytes) -> str:
    """The path among records "length key=value\\n"; another size than the header's is refused."""
    path = ""
    while data:
        length = data.split(b" ", 1)[0]
        if not length.isdigit() or len(length) > 6 or not 0 < int(length) <= len(data):
            raise Refused("damaged", detail="tệp nén có phần đầu mục hỏng")
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        if key == b"path":
            path = _decoded(value)
        elif key in (b"size", b"linkpath") or key.startswith(b"GNU.sparse"):
            raise Refused("damaged", detail="tệp nén dùng kiểu mục không được nhận")
        data = data[int(length) :]
    return path
