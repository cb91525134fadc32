"""Text of web pages: what a reader sees, without scripts, styles and hidden templates."""

from html.parser import HTMLParser
from typing import Final

from repo_server.inspection.documents.texts import READ_LIMIT, decode_text
from repo_server.inspection.findings import Findings, Source, sensible_title

_META: Final = frozenset({"description", "author", "keywords"})
_PIECE: Final = 65_536
_HIDDEN: Final = frozenset({"script", "style", "template", "noscript", "svg", "head", "object"})
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "table"}
    | {"tr", "ul"}
)


class PageText(HTMLParser):
    """Gathers a page's text, title and language; never raises on bad markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.characters = 0
        self.title = ""
        self.heading = ""
        self.language = ""
        self.meta: dict[str, str] = {}
        self.licenses: list[str] = []
        self.scripts = False
        self._hidden: str = ""
        self._place = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag in ("html", "meta", "a", "link"):
            self._note(tag, {key: value or "" for key, value in attrs})
        self.scripts = self.scripts or tag == "script"
        if tag == "title" or (tag == "h1" and not self.heading.strip()):
            self._place = tag
        elif not self._hidden and tag in _HIDDEN - {"head"}:
            self._hidden = tag
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append("\t")

    def _note(self, tag: str, attributes: dict[str, str]) -> None:
        """What the page says about itself."""
        if tag == "html":
            self.language = attributes.get("lang") or attributes.get("xml:lang") or ""
        elif tag == "meta" and attributes.get("name", "").lower() in _META:
            self.meta.setdefault(attributes["name"].lower(), attributes.get("content", "")[:2000])
        elif "license" in attributes.get("rel", "").lower().split() and len(self.licenses) < 5:
            self.licenses.append(attributes.get("href", "")[:200])

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if tag == self._hidden:
            self._hidden = ""
        if tag == self._place:
            self._place = ""
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<script/>` hides nothing in XHTML and everything in HTML; readers want the text."""
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if self._hidden:
            return
        if self._place == "title":
            self.title += data[:500]
            return
        if self._place == "h1" and len(self.heading) < 500:
            self.heading += data[:500]
        self.characters += len(data)
        self.parts.append(data)

    @property
    def text(self) -> str:
        """What was gathered so far."""
        return "".join(self.parts)


def read_page_text(text: str, findings: Findings) -> PageText:
    """Parse a whole page, or as much as patience allows."""
    page = PageText()
    for start in range(0, len(text), _PIECE):
        if findings.enough(page.characters):
            break
        page.feed(text[start : start + _PIECE])
    page.close()
    return page


def read_web_page(source: Source, findings: Findings) -> None:
    """One segment with the page's text; the title is the page's own, else its first heading."""
    text, sure = decode_text(source.whole(READ_LIMIT))
    if not sure:
        findings.warn("Không chắc bảng mã của văn bản: nên lưu lại bằng UTF-8 (Unicode).")
    page = read_page_text(text, findings)
    findings.declare(
        title=page.title,
        description=page.meta.get("description", ""),
        language=page.language,
        rights=" ".join(page.licenses),
        creator=page.meta.get("author", ""),
        keywords=page.meta.get("keywords", "").split(","),
    )
    findings.title = findings.title or sensible_title(page.heading)
    if page.scripts:
        findings.warn("Trang web có mã lệnh: người xem chỉ tải về được, không mở ngay trong Kho.")
    findings.add("", page.text)
