"""GeoGebra files: `geogebra.xml` describes the construction, a thumbnail shows it."""

import re
from typing import Final

from repo_server.inspection.archives import Archive, Members
from repo_server.inspection.base import Part
from repo_server.inspection.findings import Findings
from repo_server.inspection.packages.parts import MANIFEST_LIMIT, bad_package, manifest_tree
from repo_server.inspection.xml_tree import Node

_MAIN: Final = "geogebra.xml"
_PICTURE: Final = "geogebra_thumbnail.png"
_SCRIPT: Final = "geogebra_javascript.js"
_EMPTY_SCRIPT: Final = re.compile(rb"\s*function ggbOnInit\(\)\s*\{\s*\}\s*")
_QUOTED: Final = re.compile(r'"([^"]{2,})"')
_MARKUP: Final = re.compile(r"\\[a-zA-Z]+|[{}$\\]")
_NOTES: Final = {
    "point": "Điểm",
    "line": "Đường thẳng",
    "segment": "Đoạn thẳng",
    "polygon": "Đa giác",
    "conic": "Đường tròn, cô-nic",
    "function": "Hàm số",
    "numeric": "Số",
    "slider": "Thanh trượt",
    "angle": "Góc",
    "text": "Chữ",
    "button": "Nút bấm",
    "image": "Hình ảnh",
    "textfield": "Ô nhập",
    "boolean": "Hộp chọn",
    "vector": "Vectơ",
    "list": "Danh sách",
}


def read_geogebra(archive: Members, findings: Findings) -> None:
    """Title and author, named objects as parts, and the text that the figure shows."""
    root = manifest_tree([archive.read(_MAIN, MANIFEST_LIMIT)], _MAIN, "ggb")
    construction = root.first("construction")
    if root.name != "geogebra":
        raise bad_package("ggb", f"“{_MAIN}” không phải mô tả của hình GeoGebra")
    if construction is not None:
        _read_construction(construction, findings)
    if archive.has(_SCRIPT) and archive.size(_SCRIPT) <= MANIFEST_LIMIT:
        script = archive.read(_SCRIPT, MANIFEST_LIMIT)
        if script.strip() and not _EMPTY_SCRIPT.fullmatch(script):
            findings.warn("Hình GeoGebra có mã lệnh riêng (JavaScript).")


def _read_construction(construction: Node, findings: Findings) -> None:
    findings.declare(title=construction.get("title"), creator=construction.get("author"))
    texts = [construction.get("title")]
    parts: list[Part] = []
    for node in construction.children:
        if node.name == "expression":
            texts += _QUOTED.findall(node.get("exp"))
        elif node.name == "element":
            caption = node.first("caption")
            texts.append(caption.get("val") if caption else "")
            kind = node.get("type")
            parts.append(Part(node.get("label"), 0, _NOTES.get(kind, kind[:60])))
        elif node.name == "worksheettext":
            texts += [node.get("above"), node.get("below")]
    shown = (_MARKUP.sub(" ", text).strip() for text in texts)
    findings.add("", "\n".join(dict.fromkeys(text for text in shown if text)))
    findings.list_parts(parts)


def geogebra_picture(archive: Archive) -> bytes | None:
    """The picture that GeoGebra kept of the figure, or None."""
    fits = 0 < archive.size(_PICTURE) <= 4 << 20
    return archive.read(_PICTURE, 4 << 20) if fits else None
