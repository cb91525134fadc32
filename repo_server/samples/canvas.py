"""A small picture made of filled outlines, and its PNG form. Colors are six hexadecimal digits.

Outlines are filled by the non-zero rule with soft edges: each pixel row is cut into four lines, and
each line covers the pixels at its ends in part.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

Point = tuple[float, float]
Outline = Sequence[Point]
Edge = tuple[float, float, float, float, int]  # x and y above, x and y below, direction

_CUTS: Final = 4


class Canvas:
    """`width` × `height` pixels, white at first."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(b"\xff" * (width * 3)) for _ in range(height)]

    def rectangle(self, left: int, top: int, width: int, height: int, color: str) -> None:
        """Fill whole pixels; what lies outside the picture is left out."""
        start, stop = max(0, left), min(self.width, left + width)
        if stop <= start:
            return
        line = bytes.fromhex(color) * (stop - start)
        for row in self._rows[max(0, top) : max(0, top + height)]:
            row[start * 3 : stop * 3] = line

    def fill(self, outlines: Iterable[Outline], color: str) -> None:
        """Fill closed outlines (holes run the other way round)."""
        edges = [edge for outline in outlines for edge in _edges(outline)]
        rows: dict[int, list[Edge]] = {}
        for edge in edges:
            for at in range(max(0, int(edge[1])), min(self.height, int(edge[3]) + 1)):
                rows.setdefault(at, []).append(edge)
        ink = bytes.fromhex(color)
        for at, crossing in rows.items():
            self._blend(self._rows[at], self._changes(crossing, at), ink)

    def png(self) -> bytes:
        """The picture as an 8-bit RGB PNG without any metadata."""
        raw = b"".join(b"\x00" + bytes(row) for row in self._rows)
        size = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = (b"IHDR", size), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)

    def _changes(self, edges: list[Edge], at: int) -> dict[int, float]:
        """Where along the row the share of covered area changes, and by how much."""
        changes: dict[int, float] = {}
        for cut in range(_CUTS):
            y = at + (cut + 0.5) / _CUTS
            crossings = sorted(
                (x0 + (y - y0) * (x1 - x0) / (y1 - y0), turn)
                for x0, y0, x1, y1, turn in edges
                if y0 <= y < y1
            )
            winding = 0
            for (x, turn), (end, _) in pairwise(crossings):
                winding += turn
                start, stop = max(0.0, x), min(float(self.width), end)
                if winding and start < stop:
                    _add_span(changes, start, stop)
        return changes

    def _blend(self, row: bytearray, changes: dict[int, float], ink: bytes) -> None:
        share = 0.0
        for start, stop in pairwise([*sorted(changes), self.width]):
            share += changes[start]
            if share < 0.001 or stop <= start:
                continue
            if share > 0.999:
                row[start * 3 : stop * 3] = ink * (stop - start)
                continue
            for at in range(start * 3, stop * 3):
                under = row[at]
                row[at] = round(under + (ink[at % 3] - under) * share)


def _add_span(changes: dict[int, float], start: float, stop: float) -> None:
    first, last = int(start), int(stop)
    share = 1 / _CUTS
    if first == last:
        steps = [(first, (stop - start) * share), (first + 1, (start - stop) * share)]
    else:
        head, tail = (first + 1 - start) * share, (stop - last) * share
        steps = [(first, head), (first + 1, share - head), (last, tail - share), (last + 1, -tail)]
    for x, step in steps:
        changes[x] = changes.get(x, 0.0) + step


def _edges(outline: Outline) -> list[Edge]:
    """Edges that go down the picture, with the way they were drawn."""
    found = []
    for (x0, y0), (x1, y1) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if y0 < y1:
            found.append((x0, y0, x1, y1, 1))
        elif y0 > y1:
            found.append((x1, y1, x0, y0, -1))
    return found


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
