"""Plain ZIP files: folders of web pages with a first page, and archives of any files."""

import posixpath
from collections.abc import Iterable
from typing import Final

from repo_server.domain.files import readable_size
from repo_server.inspection.archives import Archive, Members
from repo_server.inspection.base import CONTENTS_LIMIT, Part
from repo_server.inspection.findings import Findings, one_line, sensible_title
from repo_server.inspection.packages.parts import PAGE_ENDINGS, nested_archives, page_of

_FIRST_PAGES: Final = ("index.html", "index.htm")
_MANIFESTS: Final = {
    "imsmanifest.xml": "SCORM hoặc IMS",
    "cmi5.xml": "cmi5",
    "h5p.json": "H5P",
    "moodle_backup.xml": "Moodle",
}
_MACHINERY: Final = ("idevices/", "libs/", "theme/")
"""Folders of eXeLearning whose pages are templates."""

_SYSTEM: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def first_page(names: Iterable[str]) -> str:
    """The page that opens a folder of web pages, at the top or in the only folder there; or ""."""
    files = {name for name in names if not _is_litter(name)}
    tops = {name.partition("/")[0] for name in files}
    folders = ("", f"{next(iter(tops))}/") if len(tops) == 1 else ("",)
    places = (folder + page for folder in folders for page in _FIRST_PAGES)
    return next((place for place in places if place in files), "")


def _is_litter(name: str) -> bool:
    """What operating systems leave in archives."""
    return name.startswith(_SYSTEM) or posixpath.basename(name) in _SYSTEM


def read_site(archive: Members, findings: Findings) -> None:
    """One segment and one part per page, the first page first; its title is the package's."""
    opening = first_page(archive.names)
    pages = [name for name in archive.names if name.lower().endswith(PAGE_ENDINGS)]
    pages = [name for name in pages if not _is_litter(name) and not name.startswith(_MACHINERY)]
    parts: list[Part] = []
    for name in sorted(pages, key=lambda name: (name != opening, name)):
        if findings.enough():
            break
        page = page_of(archive, name, findings)
        own = sensible_title(page.title) or sensible_title(page.heading)
        if name == opening:
            findings.declare(
                title=own or "",
                description=page.meta.get("description", ""),
                language=page.language,
                rights=" ".join(page.licenses),
                creator=page.meta.get("author", ""),
                keywords=page.meta.get("keywords", "").split(","),
            )
        if name != opening and own == findings.title:
            own = sensible_title(page.heading)
        label = own or posixpath.basename(name)
        findings.add(label, page.text)
        parts.append(Part(one_line(label, 200), 0, "Trang web"))
    findings.list_parts(parts)


def read_zip(archive: Archive, findings: Findings) -> None:
    """Names and sizes of what is inside; nothing is opened."""
    files = [name for name in archive.names if not name.endswith("/") and not _is_litter(name)]
    findings.list_parts(Part(name, 0, readable_size(archive.size(name))) for name in files)
    findings.add("Bên trong tệp nén", "\n".join(files[: 10 * CONTENTS_LIMIT]))
    nested = nested_archives(files)
    if not files:
        findings.warn("Tệp nén trống: không có tệp nào bên trong.")
    if nested:
        findings.warn(
            f"Bên trong còn {len(nested)} tệp nén (như “{posixpath.basename(nested[0])[:80]}”): "
            "Kho không mở tệp nén lồng nhau, nên gửi riêng từng tệp."
        )
    for name in files:
        folder, _, file = name.rpartition("/")
        if folder and file in _MANIFESTS:
            findings.warn(
                f"Có vẻ là gói {_MANIFESTS[file]} nhưng “{file}” nằm trong thư mục "
                f"“{folder[:80]}”: muốn mở được trong Kho, hãy nén lại từ bên trong thư mục đó."
            )
            break
