"""Text of EPUB books (W3C EPUB 3.3): chapters in reading order, title, language, cover."""

import contextlib
import posixpath
import re
from typing import Final
from urllib.parse import unquote

from repo_server.domain.materials import KEYWORDS_LIMIT, TITLE_LIMIT
from repo_server.inspection.archives import Archive
from repo_server.inspection.base import Launch, Launches, Part, Refused
from repo_server.inspection.documents.texts import decode_text
from repo_server.inspection.documents.webpages import read_page_text
from repo_server.inspection.findings import Findings, one_line
from repo_server.inspection.xml_events import Attributes, XmlEvents, read_xml
from repo_server.inspection.xml_tree import read_tree

_CHAPTER_LIMIT: Final = 32 << 20
_TAGS: Final = re.compile(r"<[^<>]{1,200}>")
_MAX_CHAPTERS: Final = 5_000
_FONT_SCRAMBLING: Final = (
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
)
_PAGES: Final = ("application/xhtml+xml", "text/html", "application/html+xml")


class _Container(XmlEvents):
    """META-INF/container.xml: where the package document is."""

    def __init__(self) -> None:
        self.path = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """The first root file counts."""
        if name == "rootfile" and not self.path:
            self.path = attributes.get("full-path", "")


class _Encryption(XmlEvents):
    """META-INF/encryption.xml: methods other than scrambled fonts are real protection."""

    def __init__(self) -> None:
        self.protected = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Look at the method."""
        if name == "EncryptionMethod":
            method = attributes.get("Algorithm", "")
            self.protected = self.protected or method not in _FONT_SCRAMBLING


class _PackageDocument(XmlEvents):
    """The .opf: metadata, files by id, reading order."""

    kept = frozenset({"title", "language", "description", "rights", "creator", "subject"})

    def __init__(self) -> None:
        self.said: dict[str, list[str]] = {name: [] for name in self.kept}
        self.files: dict[str, tuple[str, str]] = {}
        self.spine: list[str] = []
        self.cover = ""
        self._name = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """Keep files and their order."""
        self._name = name
        if name in self.kept and len(self.said[name]) < KEYWORDS_LIMIT:
            self.said[name].append("")
        if name == "item":
            key = attributes.get("id", "")
            self.files[key] = (attributes.get("href", ""), attributes.get("media-type", ""))
            if "cover-image" in attributes.get("properties", "").split():
                self.cover = key
        elif name == "itemref":
            self.spine.append(attributes.get("idref", ""))
        elif name == "meta" and attributes.get("name") == "cover" and not self.cover:
            self.cover = attributes.get("content", "")

    def end(self, name: str) -> None:
        """Nothing is open between elements."""
        self._name = ""

    def text(self, data: str) -> None:
        """Keep what the book says about itself."""
        if self._name in self.kept:
            self.said[self._name][-1] += data[:2000]


def read_epub(archive: Archive, findings: Findings) -> None:
    """One segment per chapter that holds text, in reading order."""
    folder, package = _open_package(archive)
    _declare(package, findings)
    findings.page_count = len(package.spine)
    chapters: list[Part] = []
    for number, key in enumerate(package.spine[:_MAX_CHAPTERS], 1):
        href, media_type = package.files.get(key, ("", ""))
        name = _inside(folder, href) if href else ""
        if findings.enough():
            break
        if media_type in _PAGES and archive.has(name):
            page = read_page_text(decode_text(archive.read(name, _CHAPTER_LIMIT))[0], findings)
            findings.add(f"Chương {number}", page.text, number)
            chapters.append(Part(page.heading.strip() or page.title.strip() or f"Chương {number}"))
    findings.list_parts(chapters)


def epub_launches(archive: Archive) -> Launches:
    """The chapters in reading order, named as the table of contents names them."""
    folder, package = _open_package(archive)
    names = _contents(archive)
    pages: list[Launch] = []
    for key in package.spine[:_MAX_CHAPTERS]:
        href, media_type = package.files.get(key, ("", ""))
        place = _inside(folder, href) if href else ""
        if place and media_type in _PAGES:
            pages.append(Launch(names.get(place) or f"Chương {len(pages) + 1}", place))
    title = next(iter(package.said["title"]), "")
    return Launches(one_line(title, TITLE_LIMIT), tuple(pages))


def _contents(archive: Archive) -> dict[str, str]:
    """Page → its title, from toc.ncx (EPUB 2) and the navigation document (EPUB 3)."""
    found: dict[str, str] = {}
    for place in archive.names:
        if not place.lower().endswith((".ncx", "nav.xhtml", "toc.xhtml")):
            continue
        with contextlib.suppress(Refused):
            root = read_tree([archive.read(place, 4 << 20)])
            for node in root.walk():
                href = node.get("href") if node.name == "a" else ""
                title = node.prose() if href else ""
                if node.name == "navpoint":
                    source = node.first("content")
                    href = source.get("src") if source else ""
                    title = node.text("navlabel", "text")
                if href:
                    page = _inside(posixpath.dirname(place), href)
                    found.setdefault(page, one_line(title, TITLE_LIMIT))
    return found


def _declare(package: _PackageDocument, findings: Findings) -> None:
    said = {name: next(iter(values), "") for name, values in package.said.items()}
    findings.declare(
        title=said["title"],
        description=_TAGS.sub(" ", said["description"]),
        language=said["language"],
        rights=said["rights"],
        creator=said["creator"],
        keywords=package.said["subject"],
    )


def _open_package(archive: Archive) -> tuple[str, _PackageDocument]:
    if archive.has("META-INF/encryption.xml"):
        encryption = _Encryption()
        read_xml(archive.pieces("META-INF/encryption.xml"), encryption)
        if encryption.protected:
            raise Refused("encrypted")
    container = _Container()
    read_xml([archive.read("META-INF/container.xml", 1 << 20)], container)
    path = _inside("", container.path)
    package = _PackageDocument()
    read_xml([archive.read(path, 32 << 20)], package, doctype=True)
    return posixpath.dirname(path), package


def _inside(folder: str, href: str) -> str:
    """A file named in the book as an entry's name; Refused when it points out of the book."""
    if "://" in href:
        return ""
    joined = posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))
    if joined.startswith(("..", "/")):
        raise Refused("traversal", detail=href[:80])
    return joined


def epub_cover(archive: Archive) -> bytes | None:
    """The cover picture's bytes, or None."""
    folder, package = _open_package(archive)
    href = package.files.get(package.cover, ("", ""))[0]
    name = _inside(folder, href) if href else ""
    return archive.read(name, 16 << 20) if 0 < archive.size(name) <= 16 << 20 else None
