"""Texts as outlines, from the typeface's own curves: pictures spell Vietnamese rightly."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from fontTools.pens.recordingPen import (  # type: ignore[import-untyped]
    DecomposingRecordingPen,
)
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from repo_server.samples.canvas import Point

_STEPS: Final = 5  # straight pieces in one curve: enough at the sizes drawn here


class Typeface:
    """One face of a TrueType typeface."""

    def __init__(self, path: Path) -> None:
        font = TTFont(BytesIO(path.read_bytes()), lazy=True)
        self._glyphs = font.getGlyphSet()
        self._names = font.getBestCmap()
        self._unit: int = font["head"].unitsPerEm
        self._known: dict[str, tuple[list[list[Point]], float]] = {}

    def width(self, text: str, size: float) -> float:
        """How wide the text is, in pixels, at `size` pixels to the em."""
        return sum(self._glyph(letter)[1] for letter in text) * size / self._unit

    def outlines(self, text: str, x: float, baseline: float, size: float) -> list[list[Point]]:
        """Closed outlines of the text, starting at `x` on the baseline."""
        scale = size / self._unit
        found = []
        for letter in text:
            shapes, advance = self._glyph(letter)
            found += [[(x + a * scale, baseline - b * scale) for a, b in shape] for shape in shapes]
            x += advance * scale
        return found

    def _glyph(self, letter: str) -> tuple[list[list[Point]], float]:
        if letter not in self._known:
            name = self._names.get(ord(letter), ".notdef")
            pen = DecomposingRecordingPen(self._glyphs)
            self._glyphs[name].draw(pen)
            self._known[letter] = _flatten(pen.value), float(self._glyphs[name].width)
        return self._known[letter]


@lru_cache(maxsize=8)
def typeface(path: Path) -> Typeface:
    """The face in this file, read once."""
    return Typeface(path)


def _flatten(commands: list[tuple[str, tuple[Point, ...]]]) -> list[list[Point]]:
    shapes: list[list[Point]] = []
    for command, points in commands:
        if command == "moveTo":
            shapes.append([points[0]])
        elif command == "lineTo":
            shapes[-1].append(points[0])
        elif command == "qCurveTo":
            _curve(shapes, points)
    return shapes


def _curve(shapes: list[list[Point]], points: tuple[Point, ...]) -> None:
    """Quadratic pieces: between two control points, TrueType implies a point halfway."""
    controls, end = points[:-1], points[-1]
    for at, control in enumerate(controls):
        if at + 1 < len(controls):
            after = controls[at + 1]
            target = ((control[0] + after[0]) / 2, (control[1] + after[1]) / 2)
        else:
            target = end
        start = shapes[-1][-1]
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
            x = a * start[0] + b * control[0] + c * target[0]
            y = a * start[1] + b * control[1] + c * target[1]
            shapes[-1].append((x, y))
