"""Text of OpenDocument files (OASIS ODF 1.3): text, slides with notes, sheets, drawings."""

from collections.abc import Callable
from typing import Final

from repo_server.domain.files import FILE_KINDS
from repo_server.domain.materials import KEYWORDS_LIMIT
from repo_server.inspection.archives import Archive
from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Findings
from repo_server.inspection.xml_events import Attributes, TextGatherer, XmlEvents, read_xml

_PART_LIMIT: Final = 256 << 20
_MAX_SPACES: Final = 100
_PLACES: Final = {"odp": ("page", "Trang chiếu"), "odg": ("page", "Trang"), "ods": ("table", "")}


class _Body(TextGatherer):
    """content.xml: paragraphs and headings; `place` elements (pages, sheets) begin new segments.

    The notes of a slide stand inside its page, behind the slide's own text in the file; they are
    handed over apart from it.
    """

    inside = frozenset({"p", "h"})
    skipping = frozenset({"tracked-changes", "settings", "sequence-decls"})
    after = {"p": "\n", "h": "\n", "table-row": "\n"}  # noqa: RUF012

    def __init__(
        self, stop: Callable[[int], bool], place: str, finish: Callable[[str, str, str], None]
    ) -> None:
        super().__init__(stop)
        self._place = place
        self._finish = finish
        self._name = ""
        self._depth = 0
        self._shown = ""
        self._notes = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """Open places; turn coded blanks into blanks; refuse what acts by itself."""
        super().start(name, attributes)
        script = attributes.get("href", "").startswith("vnd.sun.star.script:")
        if name == "dde-source" or (name == "event-listener" and script):
            raise Refused("active_content", detail="lệnh gọi chương trình khác khi mở")
        if name == self._place:
            self._depth += 1
            if self._depth == 1:
                self._name = attributes.get("name", "")
                self.take()
                self._notes = self._shown = ""
        elif name == "notes":
            self._shown += self.take()
        elif name == "s":
            count = attributes.get("c", "1")
            self.parts.append(" " * (min(int(count), _MAX_SPACES) if count.isdecimal() else 1))
        elif name in ("tab", "line-break"):
            self.parts.append("\t" if name == "tab" else "\n")

    def end(self, name: str) -> None:
        """Close a place and hand it over."""
        super().end(name)
        if name == "notes":
            self._notes += self.take()
        elif name == self._place:
            self._depth -= 1
            if self._depth == 0:
                self._finish(self._name, self._shown + self.take(), self._notes)


class _SheetBody(_Body):
    """Sheets: paragraphs inside a cell stay in its row."""

    after = {"table-cell": "\t", "table-row": "\n"}  # noqa: RUF012


class _SideText(TextGatherer):
    """styles.xml: headers and footers of text documents."""

    inside = frozenset({"p", "h"})

    def __init__(self, stop: Callable[[int], bool]) -> None:
        super().__init__(stop)
        self._side = 0

    def start(self, name: str, attributes: Attributes) -> None:
        """Enter a header or footer."""
        self._side += name in ("header", "footer")
        if self._side:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        """Leave it."""
        if self._side:
            super().end(name)
        self._side -= name in ("header", "footer")


class _Meta(XmlEvents):
    """meta.xml: what the file says about itself, and statistics."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.keywords: list[str] = []
        self.pages = ""
        self._name = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """Statistics are attributes."""
        self._name = name
        if name == "document-statistic":
            self.pages = attributes.get("page-count", "")

    def end(self, name: str) -> None:
        """Nothing is open between elements."""
        self._name = ""

    def text(self, data: str) -> None:
        """Keep what is asked for."""
        if self._name == "keyword" and len(self.keywords) < KEYWORDS_LIMIT:
            self.keywords.append(data[:500])
        elif self._name in ("title", "language", "description", "subject", "initial-creator"):
            self.values[self._name] = self.values.get(self._name, "") + data[:2000]


class _Manifest(XmlEvents):
    """META-INF/manifest.xml: whether any part is encrypted."""

    def __init__(self) -> None:
        self.encrypted = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Encrypted parts say how."""
        self.encrypted = self.encrypted or name == "encryption-data"


def read_open_document(archive: Archive, findings: Findings) -> None:
    """Segments by slide, page or sheet; one segment for text documents."""
    _check(archive)
    _read_meta(archive, findings)
    place, word = _PLACES.get(findings.kind, ("", ""))
    notes: list[tuple[int, str]] = []
    numbers = iter(range(1, 1_000_000))

    def finish(name: str, text: str, spoken: str) -> None:
        number = next(numbers)
        label = f"{word} {number}" if word else f"Trang tính {name[:80]}"
        findings.add(label, text, number)
        notes.append((number, spoken))

    reader = (_SheetBody if findings.kind == "ods" else _Body)(findings.enough, place, finish)
    _gather(archive, "content.xml", reader)
    if place:
        findings.page_count = next(numbers) - 1
        for number, spoken in notes:
            findings.add(f"{word} {number}, ghi chú", spoken, findings.page_count + number)
    else:
        findings.add("", reader.take())
        _add_side_text(archive, findings)


def _check(archive: Archive) -> None:
    manifest = _Manifest()
    if archive.has("META-INF/manifest.xml"):
        _gather(archive, "META-INF/manifest.xml", manifest)
    if manifest.encrypted:
        raise Refused("encrypted")
    # LibreOffice writes these folders only when there is a macro in them.
    if any(name.startswith(("Basic/", "Scripts/")) for name in archive.names):
        raise Refused("macro", advice="tài liệu không có macro (hoặc .docx, .pptx, .xlsx)")


def _read_meta(archive: Archive, findings: Findings) -> None:
    if not archive.has("meta.xml"):
        return
    meta = _Meta()
    _gather(archive, "meta.xml", meta)
    findings.declare(
        title=meta.values.get("title", ""),
        description=meta.values.get("description", "") or meta.values.get("subject", ""),
        language=meta.values.get("language", ""),
        creator=meta.values.get("initial-creator", ""),
        keywords=meta.keywords,
    )
    if meta.pages.isdecimal() and len(meta.pages) < 6:
        findings.page_count = int(meta.pages)


def _add_side_text(archive: Archive, findings: Findings) -> None:
    if archive.has("styles.xml"):
        reader = _SideText(findings.enough)
        _gather(archive, "styles.xml", reader)
        lines = dict.fromkeys(reader.take().splitlines())
        findings.add("Đầu và chân trang", "\n".join(lines))


def _gather(archive: Archive, part: str, events: XmlEvents) -> None:
    if not archive.has(part):
        raise Refused("damaged", detail=f"thiếu phần “{part}”")
    if archive.size(part) > _PART_LIMIT:
        raise Refused("too_complex", detail=f"phần “{part}” quá lớn")
    # ODF 1.0 of OpenOffice declared a document type without entities.
    read_xml(archive.pieces(part), events, doctype=True)


def open_document_thumbnail(archive: Archive) -> bytes | None:
    """The picture of the first page that the writing program kept, or None."""
    name = "Thumbnails/thumbnail.png"
    return archive.read(name, 4 << 20) if 0 < archive.size(name) <= 4 << 20 else None


OPEN_DOCUMENT_KINDS: Final = frozenset(
    code for code, kind in FILE_KINDS.items() if ".oasis.opendocument." in kind.media_type
)
