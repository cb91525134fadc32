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
        if not edges:
            return
        top = max(0, int(min(edge[1] for edge in edges)))
        bottom = min(self.height - 1, int(max(edge[3] for edge in edges)))
        ink = bytes.fromhex(color)
        for at in range(top, bottom + 1):
            cover = self._cover(edges, at)
            if cover:
                self._blend(self._rows[at], cover, ink)

    def png(self) -> bytes:
        """The picture as an 8-bit RGB PNG without any metadata."""
        raw = b"".join(b"\x00" + bytes(row) for row in self._rows)
        size = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = (b"IHDR", size), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)

    def _cover(
        self, edges: list[tuple[float, float, float, float, int]], at: int
    ) -> dict[int, float]:
        cover: dict[int, float] = {}
        live = [edge for edge in edges if edge[1] < at + 1 and edge[3] > at]
        for cut in range(_CUTS):
            y = at + (cut + 0.5) / _CUTS
            crossings = sorted(
                (x0 + (y - y0) * (x1 - x0) / (y1 - y0), turn)
                for x0, y0, x1, y1, turn in live
                if y0 <= y < y1
            )
            winding = 0
            for (x, turn), (end, _) in pairwise(crossings):
                winding += turn
                if winding:
                    self._cover_span(cover, max(0.0, x), min(float(self.width), end))
        return cover

    def _cover_span(self, cover: dict[int, float], start: float, end: float) -> None:
        first, last = int(start), int(end)
        share = 1 / _CUTS
        if first == last:
            cover[first] = cover.get(first, 0) + (end - start) * share
            return
        cover[first] = cover.get(first, 0) + (first + 1 - start) * share
        for x in range(first + 1, last):
            cover[x] = cover.get(x, 0) + share
        cover[last] = cover.get(last, 0) + (end - last) * share

    def _blend(self, row: bytearray, cover: dict[int, float], ink: bytes) -> None:
        for x, share in cover.items():
            if x >= self.width or share <= 0:
                continue
            at = x * 3
            if share >= 0.999:
                row[at : at + 3] = ink
                continue
            for channel in range(3):
                under = row[at + channel]
                row[at + channel] = round(under + (ink[channel] - under) * share)


def _edges(outline: Outline) -> list[tuple[float, float, float, float, int]]:
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
