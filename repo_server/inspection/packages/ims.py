"""Packages around an `imsmanifest.xml`: SCORM 1.2 and 2004, Common Cartridge, IMS CP, QTI.

IMS Content Packaging 1.1.4, ADL SCORM 1.2 and 2004, IMS Common Cartridge 1.0 to 1.3. The tree of
items is what learners see; each item's page is read under the item's title.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from repo_server.domain.materials import TITLE_LIMIT
from repo_server.inspection.archives import Members
from repo_server.inspection.base import Launch, Launches, Part, Refused
from repo_server.inspection.documents.texts import decode_text
from repo_server.inspection.findings import Findings, one_line
from repo_server.inspection.packages.lom import declare_lom
from repo_server.inspection.packages.parts import (
    MANIFEST_LIMIT,
    PAGE_ENDINGS,
    bad_package,
    inside,
    is_address,
    manifest_tree,
    page_of,
    prose_of_markup,
)
from repo_server.inspection.packages.questions import questions_of
from repo_server.inspection.xml_tree import Node, read_tree

MANIFEST: Final = "imsmanifest.xml"
_MAX_DEPTH: Final = 50
_SHOWN: Final = (".svg", ".png", ".jpg", ".jpeg", ".gif", ".mp4", ".webm", ".mp3", ".txt")
"""What a browser shows beside pages."""

_SCHEMAS: Final = (".xsd", ".dtd", "/")
_NOTES: Final = (
    ("imsqti", "Bộ câu hỏi"),
    ("imsdt", "Thảo luận"),
    ("imswl", "Liên kết"),
    ("imsbasiclti", "Công cụ ngoài"),
    ("associatedcontent", "Tệp kèm theo"),
)


@dataclass(frozen=True, slots=True)
class _Item:
    title: str
    depth: int
    resource: str
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class _Resource:
    kind: str
    href: str
    files: tuple[str, ...]
    query: str = ""


def ims_kind(archive: Members) -> str:
    """The kind of package that the manifest makes it; Refused when the manifest cannot be read."""
    root = _root(archive)
    schema = root.text("metadata", "schema").lower()
    version = root.text("metadata", "schemaversion").lower()
    head = archive.read(MANIFEST, MANIFEST_LIMIT)[:8192]
    resources = [*root.all("resources", "resource")]
    if b"/imsccv" in head or "common cartridge" in schema:
        return "imscc"
    if "scorm" in schema or any("scormtype" in node.attributes for node in resources):
        new = "2004" in version or version.startswith("cam") or b"adlcp_v1p3" in head
        return "scorm2004" if new else "scorm12"
    questions = any(node.get("type").lower().startswith("imsqti") for node in resources)
    return "qti" if questions or schema.startswith("qti") else "imscp"


def _root(archive: Members) -> Node:
    root = manifest_tree([archive.read(MANIFEST, MANIFEST_LIMIT)], MANIFEST, "imscp")
    if root.name != "manifest":
        raise bad_package("imscp", f"“{MANIFEST}” không phải mục lục của gói")
    return root


def read_ims(archive: Members, findings: Findings) -> None:
    """Metadata, the tree of items as parts, and one segment per item that holds text."""
    root = _root(archive)
    base = posixpath.join(root.get("base"), "")
    resources = _resources(root, base)
    items = [*_items(root)]
    if not items and not resources:
        raise bad_package(findings.kind, "mục lục không nêu bài học nào")
    _declare(archive, root, findings)
    if not items:
        if findings.kind != "qti":
            findings.warn("Gói không có mục lục bài học: người xem chỉ thấy tên các tệp.")
        items = [_Item("", 0, key) for key in resources]
    _warn_of_missing(archive, resources, findings)
    _read_items(archive, items, resources, findings)


def ims_launches(archive: Members) -> Launches:
    """The items that lead to a page of the package, under the headings that stand above them."""
    root = _root(archive)
    resources = _resources(root, posixpath.join(root.get("base"), ""))
    items = [*_items(root)] or [_Item("", 0, key) for key in resources]
    found = [_launch(item, resources.get(item.resource)) for item in items]
    organization = _organization(root)
    title = one_line(organization.text("title"), TITLE_LIMIT) if organization else ""
    return Launches(title, tuple(launch for launch in found if launch is not None))


def _launch(item: _Item, resource: _Resource | None) -> Launch | None:
    if resource is None:
        return Launch(item.title, "", item.depth) if item.title and not item.resource else None
    if not _is_page(resource.href):
        return None
    # SCORM CAM 3.4.1.2: parameters come behind those that the address has.
    query = "&".join(filter(None, (resource.query, item.parameters.lstrip("?&"))))
    address = f"{resource.href}?{query}" if query else resource.href
    return Launch(item.title or _file_title(resource), address, item.depth)


def _is_page(place: str) -> bool:
    return place.lower().endswith((*PAGE_ENDINGS, *_SHOWN)) and not is_address(place)


def _declare(archive: Members, root: Node, findings: Findings) -> None:
    for lom in root.all("metadata", "lom"):
        declare_lom(findings, lom)
    place = inside("", root.text("metadata", "location"))
    if place and archive.has(place):
        described = read_tree([archive.read(place, MANIFEST_LIMIT)])
        if described.name == "lom":
            declare_lom(findings, described)
    organization = _organization(root)
    if organization is not None and findings.declared.title is None:
        findings.declare(title=organization.text("title"))


def _organization(root: Node) -> Node | None:
    """The tree that is shown first."""
    organizations = root.first("organizations")
    if organizations is None:
        return None
    trees = [*organizations.all("organization")]
    wanted = organizations.get("default")
    return next(
        (tree for tree in trees if tree.get("identifier") == wanted), next(iter(trees), None)
    )


def _items(root: Node) -> Iterator[_Item]:
    """Items of the tree that is shown first, then of the others; hidden wrappers add no depth."""
    first = _organization(root)
    trees = [*root.all("organizations", "organization")]
    for tree in sorted(trees, key=lambda tree: tree is not first):
        yield from _below(tree, 0)


def _below(node: Node, depth: int) -> Iterator[_Item]:
    if depth > _MAX_DEPTH:
        raise Refused("too_complex", detail="mục lục lồng quá sâu")
    for child in node.all("item"):
        title = one_line(child.text("title"), 300)
        if title or child.get("identifierref"):
            yield _Item(title, depth, child.get("identifierref"), child.get("parameters"))
        # Common Cartridge wraps its items in one that has neither title nor content.
        yield from _below(child, depth + 1 if title else depth)


def _resources(root: Node, base: str) -> dict[str, _Resource]:
    found: dict[str, _Resource] = {}
    for group in root.all("resources"):
        for node in group.all("resource"):
            folder = posixpath.join(base, group.get("base"), node.get("base"))
            files = tuple(inside(folder, file.get("href")) for file in node.all("file"))
            href = node.get("href")
            place = href if is_address(href) else inside(folder, href)
            kind = node.get("type").lower()
            query = href.partition("#")[0].partition("?")[2]
            named = tuple(filter(None, files))
            found[node.get("identifier")] = _Resource(kind, place, named, query)
    return found


def _warn_of_missing(archive: Members, resources: dict[str, _Resource], findings: Findings) -> None:
    named = {place for found in resources.values() for place in (found.href, *found.files)}
    missing = sorted(place for place in named if place and _is_missing(archive, place))
    if missing:
        findings.warn(
            f"Gói thiếu {len(missing)} tệp mà mục lục nhắc đến (như “{missing[0][:80]}”): "
            "có thể không mở được đủ bài."
        )
    if any(is_address(found.href) for found in resources.values()):
        findings.warn("Gói có bài dẫn ra trang web khác: bài đó cần mạng và có thể không mở được.")


def _is_missing(archive: Members, place: str) -> bool:
    """Whether a named file is not there; schemas are named by habit and nobody misses them."""
    return not is_address(place) and not archive.has(place) and not place.endswith(_SCHEMAS)


def _read_items(
    archive: Members, items: list[_Item], resources: dict[str, _Resource], findings: Findings
) -> None:
    parts: list[Part] = []
    read: set[str] = set()
    for number, item in enumerate(items, 1):
        resource = resources.get(item.resource)
        within: list[Part] = []
        if resource is not None and not findings.enough():
            label = item.title or _file_title(resource) or f"Mục {number}"
            within = _read_resource(archive, resource, label, findings, read)
        title = item.title or (_file_title(resource) if resource else "")
        if item.title or not within:
            parts.append(Part(title, item.depth, _note(resource)))
            within = [replace(part, depth=item.depth + 1) for part in within]
        parts += within
    findings.list_parts(parts)
    if not findings.segments:
        _read_unlisted(archive, findings)


def _read_unlisted(archive: Members, findings: Findings) -> None:
    """Pages that no item leads to, where the items lead to none (the list may be unfinished)."""
    for place in archive.names:
        if place.lower().endswith(PAGE_ENDINGS) and not findings.enough():
            page = page_of(archive, place, findings)
            findings.add(one_line(page.title, 120) or posixpath.basename(place), page.text)


def _file_title(resource: _Resource) -> str:
    """What an item without title is called: its file's name."""
    return posixpath.basename(resource.href or next(iter(resource.files), ""))


def _note(resource: _Resource | None) -> str:
    kind = resource.kind if resource else ""
    return next((note for start, note in _NOTES if kind.startswith(start)), "")


def _read_resource(
    archive: Members, resource: _Resource, title: str, findings: Findings, read: set[str]
) -> list[Part]:
    """Text of an item's main file under the item's title, then of the pages that belong to it."""
    parts: list[Part] = []
    for place in dict.fromkeys((resource.href, *resource.files)):
        if place in read or not archive.has(place) or findings.enough():
            continue
        read.add(place)
        label = title if place == resource.href or not resource.href else ""
        if place.lower().endswith(PAGE_ENDINGS):
            page = page_of(archive, place, findings)
            own = one_line(page.title or page.heading or posixpath.basename(place), 120)
            findings.add(label or f"{title} – {own}", page.text)
        elif place.lower().endswith(".xml"):
            parts += _read_xml(archive, place, title, findings)
        elif _is_text(archive, place) and not resource.kind.startswith("associatedcontent"):
            findings.add(title, decode_text(archive.read(place, MANIFEST_LIMIT))[0])
    return parts


def _is_text(archive: Members, place: str) -> bool:
    return place.lower().endswith(".txt") and archive.size(place) <= MANIFEST_LIMIT


def _read_xml(archive: Members, place: str, title: str, findings: Findings) -> list[Part]:
    """A test, a discussion topic or a link of a cartridge; other XML is none of ours."""
    if archive.size(place) > MANIFEST_LIMIT:
        findings.truncated = True
        return []
    data = archive.read(place, MANIFEST_LIMIT)
    head = data[:4096].lower()
    if b"questestinterop" in head or b"assessment" in head:
        return questions_of(data, findings, "" if title.endswith(".xml") else title)
    if b"imsdt" in head or b"imswl" in head:
        root = read_tree([data])
        url = root.first("url")
        text = [prose_of_markup(root.text("text"), findings), url.get("href") if url else ""]
        findings.add(title, "\n".join([root.text("title"), *filter(None, text)]))
    return []
