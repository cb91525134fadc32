"""Drawings from rows of a lesson: shapes of the trade (axis, bars, boxes), lettered in Vietnamese.

Rows, all lengths in pixels: ``rect x y w h color`` · ``line x1 y1 x2 y2 thickness color`` ·
``arrow`` (as line) · ``circle x y radius color`` · ``polygon color [[x, y] …]`` ·
``text x y size color anchor words`` (anchor: l, c, r; B after it is bold; y is the baseline) ·
``box x y w h color textcolor size words`` (centered, several lines) ·
``axis x1 y x2 from to step color`` (a number line) · ``bars x y w h color [[label, value] …]``.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from repo_server.domain.errors import InvalidValue
from repo_server.samples.canvas import Canvas, Point
from repo_server.samples.lesson import Figure
from repo_server.samples.lettering import typeface
from repo_server.samples.manuscript import FontFiles

_INK: Final = "222B33"


def draw(figure: Figure, fonts: FontFiles) -> bytes:
    """The figure as PNG; InvalidValue for a shape that is not in the list above."""
    canvas = Canvas(figure.width, figure.height)
    pen = _Pen(canvas, fonts)
    for name, *values in figure.shapes:
        shape: Callable[..., None] | None = getattr(pen, str(name), None)
        if shape is None or str(name).startswith("_"):
            raise InvalidValue("figure", f"không vẽ được hình “{name}”.")
        shape(*values)
    return canvas.png()


class _Pen:
    def __init__(self, canvas: Canvas, fonts: FontFiles) -> None:
        self._canvas = canvas
        self._fonts = fonts

    def rect(self, x: int, y: int, width: int, height: int, color: str) -> None:
        self._canvas.rectangle(x, y, width, height, color)

    def line(self, x1: float, y1: float, x2: float, y2: float, thick: float, color: str) -> None:
        length = math.hypot(x2 - x1, y2 - y1)
        dx, dy = (x2 - x1) / length * thick / 2, (y2 - y1) / length * thick / 2
        corners = [(x1 - dy, y1 + dx), (x2 - dy, y2 + dx), (x2 + dy, y2 - dx), (x1 + dy, y1 - dx)]
        self._canvas.fill([corners], color)

    def arrow(self, x1: float, y1: float, x2: float, y2: float, thick: float, color: str) -> None:
        length = math.hypot(x2 - x1, y2 - y1)
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        head = 4 * thick + 6
        bx, by = x2 - ux * head, y2 - uy * head
        self.line(x1, y1, bx, by, thick, color)
        side = head * 0.5
        tip = [(x2, y2), (bx - uy * side, by + ux * side), (bx + uy * side, by - ux * side)]
        self._canvas.fill([tip], color)

    def circle(self, x: float, y: float, radius: float, color: str) -> None:
        turns = [2 * math.pi * step / 72 for step in range(72)]
        ring = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in turns]
        self._canvas.fill([ring], color)

    def polygon(self, color: str, points: Sequence[Sequence[float]]) -> None:
        corners: list[Point] = [(point[0], point[1]) for point in points]
        self._canvas.fill([corners], color)

    def text(self, x: float, y: float, size: float, color: str, anchor: str, words: str) -> None:
        face = typeface(self._fonts.bold if anchor.endswith("B") else self._fonts.regular)
        share = {"l": 0.0, "c": 0.5, "r": 1.0}[anchor[0]]
        start = x - face.width(words, size) * share
        self._canvas.fill(face.outlines(words, start, y, size), color)

    def box(
        self, x: int, y: int, w: int, h: int, color: str, ink: str, size: int, words: str
    ) -> None:
        self.rect(x, y, w, h, color)
        lines = words.split("\n")
        first = y + h / 2 + size * 0.35 - (len(lines) - 1) * size * 0.65
        for at, line in enumerate(lines):
            self.text(x + w / 2, first + at * size * 1.3, size, ink, "cB" if at == 0 else "c", line)

    def axis(self, x1: int, y: int, x2: int, start: int, stop: int, step: int, color: str) -> None:
        self.arrow(x1 - 40, y, x2 + 60, y, 4, color)
        for value in range(start, stop + 1, step):
            x = x1 + (x2 - x1) * (value - start) / (stop - start)
            self.line(x, y - 12, x, y + 12, 4, color)
            self.text(x, y + 56, 32, _INK, "c", str(value).replace("-", "−"))

    def bars(self, x: int, y: int, w: int, h: int, color: str, rows: Sequence[Any]) -> None:
        most = max(value for _, value in rows)
        slot = w / len(rows)
        for at, (label, value) in enumerate(rows):
            tall = round(h * value / most)
            left = round(x + slot * at + slot * 0.18)
            self.rect(left, y + h - tall, round(slot * 0.64), tall, color)
            middle = x + slot * (at + 0.5)
            self.text(middle, y + h - tall - 12, 28, _INK, "cB", str(value).replace(".", ","))
            self.text(middle, y + h + 42, 26, _INK, "c", label)
        self.line(x, y + h, x + w, y + h, 4, _INK)
