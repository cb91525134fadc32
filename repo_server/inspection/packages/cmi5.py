"""cmi5 packages (AICC cmi5, Course Structure 1.0): the tree of blocks and assignable units."""

import re
from collections.abc import Iterator
from typing import Final

from repo_server.domain.materials import TITLE_LIMIT
from repo_server.inspection.archives import Members
from repo_server.inspection.base import Launch, Launches, Part, Refused
from repo_server.inspection.findings import Findings, Source, one_line
from repo_server.inspection.packages.lom import best_string
from repo_server.inspection.packages.parts import (
    MANIFEST_LIMIT,
    PAGE_ENDINGS,
    bad_package,
    inside,
    is_address,
    manifest_tree,
    page_of,
)
from repo_server.inspection.xml_tree import Node

STRUCTURE: Final = "cmi5.xml"
ROOT: Final = "coursestructure"
_IRI: Final = re.compile(r"^[a-z][a-z0-9+.-]*:[^\s<>\"]+$", re.IGNORECASE)
_URL: Final = re.compile(r"^[^\s<>\"]+$")
_RESERVED: Final = re.compile(r"[?&](endpoint|fetch|actor|activityid|registration)=", re.IGNORECASE)


def read_cmi5(archive: Members, findings: Findings) -> None:
    """Title and description of the course, its tree as parts, and the text of each unit's page."""
    root = read_structure([archive.read(STRUCTURE, MANIFEST_LIMIT)])
    course = root.first("course") or Node("course", {})
    title = course.first("title")
    findings.declare(
        title=best_string(title),
        description=best_string(course.first("description")),
        language=_language(title),
    )
    parts: list[Part] = []
    missing = 0
    for node, depth in _tree(root, 0):
        label = one_line(best_string(node.first("title")), 120)
        parts.append(Part(label, depth, "Bài học" if node.name == "au" else "Phần"))
        place = inside("", node.text("url")) if node.name == "au" else ""
        missing += bool(place) and not archive.has(place)
        described = best_string(node.first("description"))
        page = archive.has(place) and place.lower().endswith(PAGE_ENDINGS)
        text = page_of(archive, place, findings).text if page and not findings.enough() else ""
        findings.add(label, f"{described}\n{text}")
    findings.list_parts(parts)
    if missing:
        findings.warn(f"Gói thiếu trang mở đầu của {missing} bài: các bài đó không mở được.")


def cmi5_launches(archive: Members) -> Launches:
    """The units that are pages of the package, under the titles of their blocks."""
    root = read_structure([archive.read(STRUCTURE, MANIFEST_LIMIT)])
    course = root.first("course") or Node("course", {})
    pages = []
    for node, depth in _tree(root, 0):
        title = one_line(best_string(node.first("title")), TITLE_LIMIT)
        url = node.text("url") if node.name == "au" else ""
        if node.name == "au" and is_address(url):
            continue
        query = url.partition("#")[0].partition("?")[2]
        place = inside("", url)
        pages.append(Launch(title, f"{place}?{query}" if query else place, depth))
    return Launches(one_line(best_string(course.first("title")), TITLE_LIMIT), tuple(pages))


def _language(title: Node | None) -> str:
    return next((s.get("lang") for s in title.all("langstring")), "") if title else ""


def refuse_bare_structure(source: Source) -> Refused:
    """Why a `cmi5.xml` that came alone is not taken; the first mistake in it, when there is one."""
    read_structure([source.whole(MANIFEST_LIMIT)], alone=True)
    return bad_package("cmi5", "tệp chỉ có bản mô tả khoá học mà không kèm bài")


def read_structure(pieces: list[bytes], *, alone: bool = False) -> Node:
    """The course structure; Refused with what is wrong in it. `alone` is one without a package."""
    root = manifest_tree(pieces, STRUCTURE, "cmi5")
    if root.name != ROOT:
        raise bad_package("cmi5", f"“{STRUCTURE}” không phải bản mô tả khoá học")
    course = root.first("course")
    if course is None or not course.get("id"):
        raise bad_package("cmi5", "thiếu phần mô tả khoá học (course)")
    if next(root.all("au"), None) is None and not any(n.name == "au" for n in root.walk()):
        raise bad_package("cmi5", "không có bài học nào (au)")
    _check_identifiers(root)
    for unit in (node for node in root.walk() if node.name == "au"):
        _check_unit(unit, alone=alone)
    return root


def _check_identifiers(root: Node) -> None:
    """Every identifier is a full address, and no two units, blocks or objectives share one."""
    seen: set[tuple[str, str]] = set()
    for node in root.walk():
        identifier = node.get("id")
        if node.name not in ("course", "block", "au", "objective") or not identifier:
            continue
        if not _IRI.match(identifier):
            raise bad_package("cmi5", f"mã “{identifier[:80]}” không phải một địa chỉ đầy đủ")
        if (node.name, identifier) in seen:
            raise bad_package("cmi5", f"mã “{identifier[:80]}” dùng hai lần")
        seen.add((node.name, identifier))


def _check_unit(unit: Node, *, alone: bool) -> None:
    url = unit.text("url")
    names = [child.name for child in unit.children]
    if not unit.get("id") or not url or "title" not in names:
        raise bad_package("cmi5", "có bài thiếu mã, tên hoặc địa chỉ")
    if not _URL.match(url) or names.index("url") < names.index("title"):
        raise bad_package("cmi5", f"bài có địa chỉ “{url[:80]}” viết sai cách")
    reserved = _RESERVED.search(url)
    if reserved:
        raise bad_package("cmi5", f"địa chỉ của bài dùng tham số “{reserved[1]}” dành riêng")
    if alone and not is_address(url):
        raise bad_package("cmi5", f"tệp không kèm bài “{url[:80]}”")
    inside("", url)


def _tree(node: Node, depth: int) -> Iterator[tuple[Node, int]]:
    for child in node.children:
        if child.name in ("block", "au"):
            yield child, depth
            yield from _tree(child, depth + 1)
