"""What every reader of packages needs: refusals in one form, JSON and pages out of an archive."""

import json
import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from repo_server.domain.files import FILE_KINDS
from repo_server.inspection.archives import Members
from repo_server.inspection.base import Refused
from repo_server.inspection.documents.texts import decode_text
from repo_server.inspection.documents.webpages import PageText, read_page_text
from repo_server.inspection.findings import Findings
from repo_server.inspection.xml_tree import Node, read_tree

MANIFEST_LIMIT: Final = 16 << 20
_PAGE_LIMIT: Final = 16 << 20
PAGE_ENDINGS: Final = (".html", ".htm", ".xhtml")
_PROGRAMS: Final = frozenset(
    (
        "exe", "scr", "bat", "cmd", "pif", "msi", "vbs", "vbe", "wsf", "wsh", "ps1", "hta", "lnk",
        "jar", "cpl", "reg", "scf", "apk", "dmg", "deb", "rpm",
    )
)  # fmt: skip
_ARCHIVES: Final = frozenset(["zip", "rar", "7z", "gz", "tgz", "bz2", "xz", "tar", "iso", "cab"])

Json = Any
"""What JSON of strangers turns into; every use looks at the type first."""


def bad_package(kind: str, detail: str) -> Refused:
    """The refusal of a package that says what is wrong with it."""
    return Refused("bad_package", label=FILE_KINDS[kind].label, detail=detail)


def check_programs(names: Iterable[str]) -> None:
    """Refused when a package carries a program: alone it would not be taken either."""
    for name in names:
        if PurePosixPath(name).suffix.lower().removeprefix(".") in _PROGRAMS:
            raise Refused("program_inside", detail=PurePosixPath(name).name[:80])


def nested_archives(names: Iterable[str]) -> list[str]:
    """Archives inside an archive; they stay closed."""
    return [n for n in names if PurePosixPath(n).suffix.lower().removeprefix(".") in _ARCHIVES]


def manifest_tree(pieces: list[bytes], name: str, kind: str) -> Node:
    """The tree of a package's manifest; Refused with the package's name when it is no XML."""
    try:
        return read_tree(pieces)
    except Refused as refused:
        if refused.verdict != "damaged":
            raise
        raise bad_package(kind, f"không đọc được mục lục “{name}”") from None


def read_json(archive: Members, name: str, kind: str) -> Json:
    """A JSON document out of a package; Refused with the package's name when it is none."""
    data = archive.read(name, MANIFEST_LIMIT)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise
    except ValueError as error:
        raise bad_package(kind, f"tệp “{name[:80]}” không phải JSON hợp lệ") from error


def text_of(value: Json) -> str:
    """The value when it is text, else ""."""
    return value if isinstance(value, str) else ""


def mapping_of(value: Json) -> dict[str, Json]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Json) -> list[Json]:
    """The value when it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def inside(folder: str, href: str) -> str:
    """A file that a manifest names as an entry's name; "" for an address outside the package.

    Raises Refused when it leads out of the package.
    """
    path = href.partition("#")[0].partition("?")[0].strip()
    if not path or is_address(path):
        return ""
    joined = posixpath.normpath(posixpath.join(folder, unquote(path).replace("\\", "/")))
    if joined.startswith(("..", "/")):
        raise Refused("traversal", detail=href[:80])
    return joined


def is_address(href: str) -> bool:
    """Whether this leads to the web rather than into the package."""
    scheme, colon, _ = href.partition(":")
    return href.startswith("//") or bool(colon and scheme.isalnum() and len(scheme) > 1)


def page_of(archive: Members, name: str, findings: Findings) -> PageText:
    """A web page of the package, read as far as patience allows."""
    if archive.size(name) > _PAGE_LIMIT:
        findings.truncated = True
        return PageText()
    return read_page_text(decode_text(archive.read(name, _PAGE_LIMIT))[0], findings)


def prose_of_markup(markup: str, findings: Findings) -> str:
    """What a reader sees of a piece of HTML that stands in a field."""
    marked = "<" in markup or "&" in markup
    return read_page_text(markup, findings).text.strip() if marked else markup.strip()
