"""SVG drawings: text and size are read, anything that acts is refused, nothing is drawn."""

import re
from typing import Final

from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Findings, Source, sensible_title
from repo_server.inspection.xml_events import Attributes, TextGatherer, read_xml

_NUMBER: Final = re.compile(r"^\s*(\d{1,7})(?:\.\d+)?(?:px)?\s*$")
_PIECE: Final = 65_536


class _Drawing(TextGatherer):
    inside = frozenset({"text", "title", "desc"})
    skipping = frozenset({"style", "metadata"})
    after = {"text": "\n", "title": "\n", "desc": "\n"}  # noqa: RUF012

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings.enough)
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
            if name == "image" and link.startswith(("http:", "https:", "//")):
                self._findings.warn("Hình SVG lấy ảnh từ nơi khác: ảnh có thể không hiện.")
            if key.lower().startswith("on") or link.startswith(("javascript:", "data:text/html")):
                raise Refused("active_content", detail=f"hình SVG có mã lệnh ở “{key[:40]}”")
        if self._first:
            self._first = False
            self._read_size(attributes)

    def _read_size(self, attributes: Attributes) -> None:
        width = _NUMBER.match(attributes.get("width", ""))
        height = _NUMBER.match(attributes.get("height", ""))
        if width and height:
            self._findings.width, self._findings.height = int(width[1]), int(height[1])

    def end(self, name: str) -> None:
        """The first title names the drawing."""
        if name == "title" and self._findings.title is None:
            self._findings.title = sensible_title("".join(self.parts))
        super().end(name)


def read_svg(source: Source, findings: Findings) -> None:
    """Text of the drawing; Refused when it holds anything that acts or entities."""
    drawing = _Drawing(findings)
    pieces = (source.read(at, _PIECE) for at in range(0, source.size, _PIECE))
    read_xml(pieces, drawing, doctype=True)
    findings.add("", drawing.take())
