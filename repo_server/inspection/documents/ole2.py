"""Old Office files (MS-CFB containers): which program's, encrypted or with macros. No text.

Their formats are too wide for a small safe reader, so they are kept for download only.
"""

import struct
from typing import Final

from repo_server.domain.files import macro_advice
from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Findings, Source

_ENTRY: Final = 128
_MAX_SECTORS: Final = 4_096
_LAST: Final = 0xFFFFFFFA
_MARKS: Final = (
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("PP40", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
)
_MACROS: Final = frozenset({"Macros", "_VBA_PROJECT_CUR", "VBA", "_VBA_PROJECT"})
_NEWER: Final = {"doc": ".docx", "ppt": ".pptx", "xls": ".xlsx"}


class _Container:
    def __init__(self, source: Source) -> None:
        self._source = source
        header = source.read(0, 512)
        if len(header) < 512:
            raise Refused("damaged", detail="thiếu phần đầu tệp")
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in (9, 12):
            raise Refused("damaged", detail="phần đầu tệp sai")
        self._size = 1 << shift
        self._first = struct.unpack_from("<I", header, 48)[0]
        self._table = self._table_sectors(header)

    def _sector(self, number: int) -> bytes:
        return self._source.read((number + 1) * self._size, self._size)

    def _table_sectors(self, header: bytes) -> list[int]:
        sectors = list(struct.unpack_from("<109I", header, 76))
        following = struct.unpack_from("<I", header, 68)[0]
        for _ in range(_MAX_SECTORS):
            data = self._sector(following) if following < _LAST else b""
            if len(data) < self._size:
                break
            numbers = struct.unpack(f"<{self._size // 4}I", data)
            sectors += numbers[:-1]
            following = numbers[-1]
        return sectors

    def _next(self, number: int) -> int:
        place, inside = divmod(number, self._size // 4)
        if place >= len(self._table) or self._table[place] >= _LAST:
            return _LAST
        data = self._sector(self._table[place])
        if len(data) < self._size:
            return _LAST
        return int(struct.unpack_from("<I", data, inside * 4)[0])

    def _entries(self) -> list[tuple[str, int, int, int]]:
        """Name, left sibling, right sibling and first child of each directory entry."""
        found: list[tuple[str, int, int, int]] = []
        number = self._first
        for _ in range(_MAX_SECTORS):
            if number >= _LAST:
                break
            data = self._sector(number)
            for at in range(0, len(data) - _ENTRY + 1, _ENTRY):
                length = min(struct.unpack_from("<H", data, at + 64)[0], 64)
                name = data[at : at + max(0, length - 2)].decode("utf-16-le", "replace")
                found.append((name, *struct.unpack_from("<3I", data, at + 68)))
            number = self._next(number)
        return found

    def names(self) -> set[str]:
        """Names of the streams and folders at the top: embedded documents have their own below."""
        entries = self._entries()
        if not entries:
            raise Refused("damaged", detail="thiếu mục lục bên trong")
        found: dict[int, str] = {}
        waiting = [entries[0][3]]
        while waiting:
            number = waiting.pop()
            if number < len(entries) and number not in found:
                name, left, right, _ = entries[number]
                found[number] = name
                waiting += [left, right]
        return set(found.values())


def structure_of_ole2(source: Source) -> str:
    """ "doc", "ppt", "xls" or ""; Refused for encrypted new files and for macros."""
    names = _Container(source).names()
    if "EncryptedPackage" in names:
        raise Refused("encrypted")
    kind = next((kind for mark, kind in _MARKS if mark in names), "")
    if kind and names & _MACROS:
        raise Refused("macro", advice=macro_advice(kind))
    return kind


def read_old_office(source: Source, findings: Findings) -> None:
    """Nothing but the advice to save in the newer format."""
    newer = _NEWER[findings.kind]
    findings.warn(
        f"Định dạng cũ: chỉ tải về được và không tìm được theo nội dung. Nên lưu lại thành {newer}."
    )
