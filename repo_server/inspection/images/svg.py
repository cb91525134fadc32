"""SVG drawings: text and size are read, anything that acts is refused; people see pixels only.

resvg draws them (static SVG: no script, no animation, no network). Drawings that name a picture
outside themselves are not drawn: what lies on this machine must not get into them.
"""

import io
import re
from typing import Final

import resvg_py
from PIL import Image

from repo_server.inspection.base import Refused, RenderedImage
from repo_server.inspection.documents.texts import decode_text
from repo_server.inspection.findings import Findings, Source, sensible_title
from repo_server.inspection.images.pictures import BOX, check_pixels, encode
from repo_server.inspection.xml_events import Attributes, TextGatherer, read_xml

_NUMBER: Final = re.compile(r"^\s*(\d{1,7})(?:\.\d+)?(?:px)?\s*$")
_BOX: Final = re.compile(r"[\s,]+")
_INSIDE: Final = ("#", "data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp")
_PIECE: Final = 65_536


class _Drawing(TextGatherer):
    inside = frozenset({"text", "title", "desc"})
    skipping = frozenset({"style", "metadata"})
    after = {"text": "\n", "title": "\n", "desc": "\n"}  # noqa: RUF012

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings.enough)
        self.outside = False
        self.box: tuple[float, float] | None = None
        self._findings = findings
        self._first = True

    def start(self, name: str, attributes: Attributes) -> None:
        """Refuse scripts, event handlers and script links; note the size."""
        super().start(name, attributes)
        if name in ("script", "handler", "iframe", "embed", "object"):
            raise Refused("active_content", detail=f"hình SVG chứa “{name}”")
        if name == "foreignObject":
            self._findings.warn("Hình SVG có phần HTML: hình có thể hiện không đúng.")
        for key, value in attributes.items():
            link = "".join(value.split()).lower()
            if name != "a" and key == "href" and link and not link.startswith(_INSIDE):
                self.outside = True
                self._findings.warn("Hình SVG lấy ảnh từ nơi khác: ảnh có thể không hiện.")
            if key.lower().startswith("on") or link.startswith(("javascript:", "data:text/html")):
                raise Refused("active_content", detail=f"hình SVG có mã lệnh ở “{key[:40]}”")
        if self._first:
            self._first = False
            self._read_size(attributes)
            self._read_box(attributes)

    def _read_size(self, attributes: Attributes) -> None:
        width = _NUMBER.match(attributes.get("width", ""))
        height = _NUMBER.match(attributes.get("height", ""))
        if width and height:
            self._findings.width, self._findings.height = int(width[1]), int(height[1])

    def _read_box(self, attributes: Attributes) -> None:
        """Width and height of the view box, else of the drawing, for the shape of its picture."""
        numbers = _BOX.split(attributes.get("viewBox", "").strip())[2:4]
        try:
            width, height = (float(number) for number in numbers)
        except ValueError:
            width, height = float(self._findings.width or 0), float(self._findings.height or 0)
        if 0 < width < 1e9 and 0 < height < 1e9:
            self.box = (width, height)

    def end(self, name: str) -> None:
        """The first title names the drawing."""
        if name == "title" and self._findings.title is None:
            self._findings.title = sensible_title("".join(self.parts))
        super().end(name)


def read_svg(source: Source, findings: Findings) -> None:
    """Text of the drawing; Refused when it holds anything that acts or entities."""
    drawing = _read(source, findings)
    findings.add("", drawing.take())


def _read(source: Source, findings: Findings) -> _Drawing:
    drawing = _Drawing(findings)
    pieces = (source.read(at, _PIECE) for at in range(0, source.size, _PIECE))
    read_xml(pieces, drawing, doctype=True)
    return drawing


def draw_svg(source: Source, findings: Findings) -> RenderedImage | None:
    """A thumbnail of the drawing, or None when it cannot or must not be drawn."""
    drawing = _read(source, Findings("svg"))
    try:
        return _drawn(source, drawing, *BOX)
    except Refused as refused:
        findings.warn(refused.reason)
        return None


def render_svg(source: Source, width: int) -> RenderedImage:
    """The drawing, `width` pixels wide; Refused when it cannot or must not be drawn."""
    return _drawn(source, _read(source, Findings("svg")), width, width * 4)


def _drawn(source: Source, drawing: _Drawing, width: int, height: int) -> RenderedImage:
    if drawing.outside:
        raise Refused("damaged", detail="hình SVG lấy ảnh từ nơi khác nên không vẽ ra được")
    across, down = drawing.box or (4.0, 3.0)
    scale = min(width / across, height / down)
    across, down = across * scale, down * scale
    check_pixels(max(1, round(across)), max(1, round(down)), 1)
    try:
        data = resvg_py.svg_to_bytes(
            svg_string=decode_text(source.whole(source.size))[0],
            width=max(1, round(across)),
            height=max(1, round(down)),
            dpi=96,
            languages=["vi", "en"],
            background="white",  # most drawings mean the paper they were made on
        )
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            check_pixels(*image.size, 1)
            return encode(image.convert("RGB"))
    except MemoryError:
        raise
    except BaseException as error:  # a panic inside resvg is no Exception to Python
        raise Refused("damaged", detail="không vẽ được hình SVG") from error
