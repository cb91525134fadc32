"""Text of Word, PowerPoint and Excel files (ECMA-376), read from their XML without any library.

The order and place of text is what people see: paragraphs and tables as they come, slides as they
are shown with the speaker's notes after each, sheets by their names.
"""

import posixpath
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from repo_server.domain.files import macro_advice
from repo_server.inspection.archives import Archive
from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Findings
from repo_server.inspection.xml_events import Attributes, TextGatherer, XmlEvents, read_xml

_PART_LIMIT: Final = 256 << 20
_REMOTE_HARM: Final = frozenset({"attachedTemplate", "oleObject", "frame", "subDocument"})
_REMOTE_FIELD: Final = re.compile(
    r"^\s*(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|RD)\s+\"?(?:https?:|ftp:|\\\\)", re.IGNORECASE
)
_KEYWORDS: Final = re.compile(r"[,;\n]")
_MAIN_TYPES: Final = {
    "wordprocessingml": "docx",
    "ms-word": "docx",
    "presentationml": "pptx",
    "ms-powerpoint": "pptx",
    "spreadsheetml": "xlsx",
    "ms-excel": "xlsx",
}


class _Types(XmlEvents):
    """[Content_Types].xml: part name → content type."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        """Keep overrides."""
        if name == "Override":
            self.types[attributes.get("PartName", "").lstrip("/")] = attributes.get(
                "ContentType", ""
            )


class _Relations(XmlEvents):
    """A .rels part: id → (last word of the type, target, external or not)."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str, bool]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        """Keep relationships."""
        if name == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            external = attributes.get("TargetMode", "") == "External"
            self.rows[attributes.get("Id", "")] = (kind, attributes.get("Target", ""), external)


class _Properties(XmlEvents):
    """docProps/core.xml: what the file says about itself."""

    kept = frozenset({"title", "language", "creator", "description", "subject", "keywords"})

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._name = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """Remember where we are."""
        self._name = name

    def end(self, name: str) -> None:
        """Nothing is open between elements."""
        self._name = ""

    def text(self, data: str) -> None:
        """Keep what is asked for."""
        if self._name in self.kept:
            self.values[self._name] = self.values.get(self._name, "") + data[:2000]


class Package:
    """An Office file as parts and relations between them."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def relations(self, part: str) -> dict[str, tuple[str, str, bool]]:
        """Relations of a part; internal targets are resolved to part names."""
        folder, _, file = part.rpartition("/")
        name = f"{folder}/_rels/{file}.rels".lstrip("/")
        if not self.archive.has(name):
            return {}
        events = _Relations()
        read_xml([self.archive.read(name, 16 << 20)], events)
        return {
            key: (kind, target if external else _resolve(folder, target), external)
            for key, (kind, target, external) in events.rows.items()
        }

    def related(self, part: str, kind: str) -> list[str]:
        """Parts that `part` names by a relation of this kind and that are there."""
        rows = self.relations(part).values()
        return [t for k, t, external in rows if k == kind and not external and self.archive.has(t)]

    def main_part(self) -> str:
        """The part that holds the document; Refused when there is none."""
        found = self.related("", "officeDocument")
        if not found:
            raise Refused("damaged", detail="thiếu phần nội dung chính")
        return found[0]

    def gather(self, part: str, gatherer: XmlEvents) -> None:
        """Stream one part through a reader."""
        if self.archive.size(part) > _PART_LIMIT:
            raise Refused("too_complex", detail=f"phần “{part}” quá lớn")
        read_xml(self.archive.pieces(part), gatherer)


def _resolve(folder: str, target: str) -> str:
    joined = posixpath.normpath(posixpath.join("/" + folder, unquote(target)))
    return joined.lstrip("/")


def office_kind(archive: Archive) -> str:
    """ "docx", "pptx" or "xlsx", or "" when it is another package of parts.

    Raises Refused for macros, whatever the extension says.
    """
    types = _Types()
    read_xml([archive.read("[Content_Types].xml", 4 << 20)], types)
    package = Package(archive)
    mains = package.related("", "officeDocument")
    if not mains:
        return ""
    content_type = types.types.get(mains[0], "")
    kind = next((kind for word, kind in _MAIN_TYPES.items() if word in content_type), "")
    if "macroEnabled" in content_type or _has_macros(archive):
        raise Refused("macro", advice=macro_advice(kind))
    return kind


def _has_macros(archive: Archive) -> bool:
    return any(
        name.lower().endswith("vbaproject.bin") or "/macrosheets/" in name.lower()
        for name in archive.names
    )


def _check_relations(package: Package, findings: Findings) -> None:
    """Refuse what programs would load from elsewhere by themselves; mention the rest."""
    for name in package.archive.names:
        if not name.endswith(".rels"):
            continue
        events = _Relations()
        read_xml([package.archive.read(name, 16 << 20)], events)
        for kind, target, external in events.rows.values():
            if not external or not _is_remote(target):
                continue
            if kind in _REMOTE_HARM:
                raise Refused("active_content", detail="tự tải nội dung từ máy khác khi mở")
            if kind == "image":
                findings.warn("Có hình lấy từ mạng: hình có thể không hiện khi mở ngoại tuyến.")


def _is_remote(target: str) -> bool:
    lowered = target.strip().lower()
    return lowered.startswith(("http:", "https:", "ftp:", "\\\\", "file:////", "file://\\\\"))


def _read_properties(package: Package, findings: Findings) -> None:
    for part in package.related("", "core-properties"):
        events = _Properties()
        read_xml([package.archive.read(part, 1 << 20)], events)
        said = events.values
        findings.declare(
            title=said.get("title", ""),
            description=said.get("description", "") or said.get("subject", ""),
            language=said.get("language", ""),
            creator=said.get("creator", ""),
            keywords=_KEYWORDS.split(said.get("keywords", "")),
        )


def open_package(archive: Archive, findings: Findings) -> Package:
    """The package after its relations were judged and its properties read."""
    package = Package(archive)
    _check_relations(package, findings)
    _read_properties(package, findings)
    return package


def check_field(code: str) -> None:
    """Refuse a field that starts another program when the document is opened (DDE)."""
    if code.strip().upper().startswith(("DDE ", "DDEAUTO ")):
        raise Refused("active_content", detail="lệnh gọi chương trình khác (DDE)")


class _WordText(TextGatherer):
    """Body text; a page break that the author set starts a new part."""

    skipping = frozenset({"Fallback", "del", "moveFrom"})
    after = {"p": "\n", "tab": "\t", "br": "\n", "cr": "\n", "tc": "\t", "tr": "\n"}  # noqa: RUF012

    def __init__(self, stop: Callable[[int], bool], page: Callable[[str], None]) -> None:
        super().__init__(stop)
        self._page = page
        self.remote = False
        self._code = ""
        self._in_code = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Hand the page over at an explicit break; begin a field's code."""
        super().start(name, attributes)
        if name == "br" and attributes.get("type") == "page":
            self._page(self.take())
        elif name == "fldChar" and attributes.get("fldCharType") == "begin":
            self._code = ""
        elif name == "fldSimple":
            check_field(attributes.get("instr", ""))
        self._in_code = name == "instrText"

    def text(self, data: str) -> None:
        """A field's code may come in pieces, to hide what it is."""
        super().text(data)
        if self._in_code:
            self._code = (self._code + data)[:1000]
            check_field(self._code)
            self.remote = self.remote or _REMOTE_FIELD.search(self._code) is not None


def read_word(archive: Archive, findings: Findings) -> None:
    """Paragraphs, tables and text boxes, then notes, then headers and footers."""
    package = open_package(archive, findings)
    main = package.main_part()
    pages: list[str] = []
    reader = _WordText(findings.enough, pages.append)
    package.gather(main, reader)
    pages.append(reader.take())
    if reader.remote:
        findings.warn("Có phần lấy từ mạng: phần đó có thể không hiện khi mở ngoại tuyến.")
    pages = [page for page in pages if page.strip()]
    for number, page in enumerate(pages, 1):
        findings.add(f"Phần {number}" if len(pages) > 1 else "", page, number)
    _add_side_text(package, main, findings)


def _add_side_text(package: Package, main: str, findings: Findings) -> None:
    for label, kinds in (
        ("Chú thích", ("footnotes", "endnotes", "comments")),
        ("Đầu và chân trang", ("header", "footer")),
    ):
        texts: dict[str, None] = {}
        for kind in kinds:
            for part in package.related(main, kind):
                reader = _WordText(findings.enough, lambda _: None)
                package.gather(part, reader)
                texts[reader.take().strip()] = None
        findings.add(label, "\n".join(texts))


class _SlideIds(XmlEvents):
    """presentation.xml: relation ids of slides, in the order in which they are shown."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        """Keep the relation's id."""
        if name == "sldId":
            self.ids.append(attributes.get("r:id", ""))


class _SlideText(TextGatherer):
    """Text of one slide; automatic fields (slide number, date) are left out."""

    skipping = frozenset({"Fallback", "fld"})
    after = {"p": "\n", "br": "\n", "tab": "\t"}  # noqa: RUF012


def read_slides(archive: Archive, findings: Findings) -> None:
    """One segment per slide in the order shown, then one for the speaker's notes of each."""
    package = open_package(archive, findings)
    main = package.main_part()
    order = _SlideIds()
    package.gather(main, order)
    relations = package.relations(main)
    slides = [relations[key][1] for key in order.ids if key in relations]
    findings.page_count = len(slides)
    for number, slide in enumerate(slides, 1):
        if findings.enough():
            break
        if archive.has(slide):
            drawn = [
                slide,
                *package.related(slide, "diagramData"),
                *package.related(slide, "chart"),
            ]
            notes = package.related(slide, "notesSlide")
            findings.add(f"Trang chiếu {number}", _parts_text(package, drawn, findings), number)
            findings.add(
                f"Trang chiếu {number}, ghi chú",
                _parts_text(package, notes, findings),
                len(slides) + number,
            )


def _parts_text(package: Package, parts: list[str], findings: Findings) -> str:
    texts = []
    for part in parts[:50]:
        reader = _SlideText(findings.enough)
        package.gather(part, reader)
        texts.append(reader.take().strip())
    return "\n\n".join(text for text in texts if text)


def embedded_thumbnail(archive: Archive) -> bytes | None:
    """The picture of the first page that the writing program kept, or None."""
    for part in Package(archive).related("", "thumbnail"):
        if archive.size(part) <= 4 << 20 and part.lower().endswith((".jpeg", ".jpg", ".png")):
            return archive.read(part, 4 << 20)
    return None
