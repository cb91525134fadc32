"""Walking through the curriculum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.curriculum import ITEM_KIND_LABELS, ItemKind
from repo_server.domain.wording import worded
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.searching import (
    search_address,
)
from repo_server.services import curriculum, discovery
from repo_server.services.asking import Asked
from repo_server.services.curriculum import Branch, item_url
from repo_server.services.library import Library

SHOWN_AT_ITEM: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A step on the way from the root."""

    title: str
    url: str


class ShownItem(Struct, frozen=True):
    """A child in the tree."""

    id: int
    code: str
    kind: str
    kind_label: str
    title: str
    count: int
    url: str
    has_children: bool


class ShownGroup(Struct, frozen=True):
    """Children of one kind."""

    label: str
    children: tuple[ShownItem, ...]


class ShownFramework(Struct, frozen=True):
    """A framework in the list."""

    code: str
    title: str
    publisher: str
    item_count: int
    count: int
    url: str


class OpenFramework(Struct, frozen=True):
    """The framework that a page belongs to."""

    code: str
    title: str
    url: str
    source: str


class OpenItem(Struct, frozen=True):
    """The item that a page is about."""

    id: int
    code: str
    kind: str
    kind_label: str
    title: str
    note: str
    source: str
    page: int | None
    outdated: bool


@get(
    "/chuong-trinh",
    opt=requires(Action.READ_PUBLIC),
    sync_to_thread=True,
)
def frameworks_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """The frameworks that the library is ordered by."""
    frameworks = tuple(
        ShownFramework(
            framework.code,
            framework.title,
            framework.publisher,
            size,
            count,
            item_url(framework.code),
        )
        for framework, size, count in curriculum.frameworks(library, viewer)
    )
    return pages.render(request, viewer, "frameworks.html", frameworks=frameworks)


@get("/chuong-trinh/{framework:str}", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def framework_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    framework: PathCode,
) -> Response[str]:
    """The top of a framework's tree."""
    return _page(
        request, library, viewer, pages, curriculum.branch(library, viewer, framework, None)
    )


@get(
    "/chuong-trinh/{framework:str}/{item:str}",
    opt=requires(Action.READ_PUBLIC),
    sync_to_thread=True,
)
def item_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    framework: PathCode,
    item: PathCode,
) -> Response[str]:
    """A place in the tree: what is below it, and the materials that are about it."""
    return _page(
        request, library, viewer, pages, curriculum.branch(library, viewer, framework, item)
    )


def _page(
    request: HtmlRequest, library: Library, viewer: Viewer, pages: Pages, branch: Branch
) -> Response[str]:
    framework = branch.framework.code
    found = None
    if branch.item is not None:
        found = discovery.materials_at(library, viewer, branch.item.id, SHOWN_AT_ITEM)
    return pages.render(
        request,
        viewer,
        "curriculum.html",
        framework=OpenFramework(
            branch.framework.code,
            branch.framework.title,
            item_url(branch.framework.code),
            branch.framework.source,
        ),
        trail=[Place(step.title, item_url(framework, step.code)) for step in branch.trail],
        item=_open_item(branch),
        children=_children(branch),
        groups=_groups(_children(branch)),
        materials=found.items if found else (),
        materials_total=found.total if found else 0,
        search_url=_search_at(branch),
    )


def _open_item(branch: Branch) -> OpenItem | None:
    item = branch.item
    if item is None:
        return None
    return OpenItem(
        item.id,
        item.code,
        item.kind,
        _kind_label(item.kind),
        item.title,
        item.note,
        item.source,
        item.page,
        item.retired,
    )


def _kind_label(kind: str) -> str:
    return worded("item_kind", kind, ITEM_KIND_LABELS[ItemKind(kind)])


def _children(branch: Branch) -> tuple[ShownItem, ...]:
    return tuple(
        ShownItem(
            child.item.id,
            child.item.code,
            child.item.kind,
            _kind_label(child.item.kind),
            child.item.title,
            child.count,
            item_url(branch.framework.code, child.item.code),
            child.has_children,
        )
        for child in branch.children
    )


def _groups(children: Sequence[ShownItem]) -> tuple[ShownGroup, ...]:
    kinds = dict.fromkeys(child.kind_label for child in children)
    return tuple(
        ShownGroup(label, tuple(child for child in children if child.kind_label == label))
        for label in kinds
    )


_FACET_OF_KIND: Final = {"strand": "strand", "topic": "topic", "outcome": "outcome", "book": "book"}


def _search_at(branch: Branch) -> str:
    """The search that shows everything at this place."""
    item = branch.item
    if item is None:
        return "/tim"
    filters: dict[str, tuple[str, ...]] = {}
    if item.kind in ("grade", "subject") and len(item.grades) == 1:
        filters["grade"] = (str(item.grades[0]),)
    if item.subject is not None:
        filters["subject"] = (item.subject,)
    if item.kind in _FACET_OF_KIND:
        filters[_FACET_OF_KIND[item.kind]] = (item.code,)
    return search_address(Asked(filters=filters))


handlers = (frameworks_page, framework_page, item_page)
