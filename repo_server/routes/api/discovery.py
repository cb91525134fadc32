"""Search, suggestions and the curriculum, as JSON."""

from dataclasses import replace
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from repo_server.database.models import CurriculumItem
from repo_server.domain.access import Action, Viewer
from repo_server.domain.curriculum import ITEM_KIND_LABELS, ItemKind
from repo_server.domain.wording import worded
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode, PathId
from repo_server.routes.errors import AnyRequest
from repo_server.routes.searching import search_query, with_curriculum_facets
from repo_server.services import curriculum, discovery, typing_ahead
from repo_server.services.cards import Card
from repo_server.services.curriculum import Branch
from repo_server.services.discovery import FacetValue, Wider
from repo_server.services.library import Library
from repo_server.services.typing_ahead import Suggestion


class UnderstoodEntry(Struct, frozen=True):
    """A facet that the text names: it is preferred, not required.

    `typed` are the words that said so. The parameter `bo` with the facet takes it off.
    """

    facet: str
    values: tuple[str, ...]
    label: str
    typed: str


class SearchAnswer(Struct, frozen=True):
    """One page of results.

    `degraded`: only titles could be searched, without facets. `relaxed` says in sentences what was
    asked for less strictly. `instead` is the text that was searched in place of the typed one, null
    where it is that one; the parameter `nguyen=1` searches what was typed. `wider` says, for a
    search that finds nothing, without which filters it would find something.
    """

    total: int
    page: int
    size: int
    items: tuple[Card, ...]
    facets: dict[str, tuple[FacetValue, ...]]
    degraded: bool
    relaxed: tuple[str, ...]
    understood: tuple[UnderstoodEntry, ...]
    instead: str | None
    wider: tuple[Wider, ...]


class SuggestedEntry(Struct, frozen=True):
    """Something to complete the typed words with: a word, a title, an item of the curriculum.

    `url` is its page, or a search; `code` is the material's or item's where it is one; `place` says
    grades and subjects.
    """

    label: str
    kind: str
    kind_label: str
    url: str
    code: str | None
    place: str


class SuggestAnswer(Struct, frozen=True):
    """Suggestions, best first."""

    items: tuple[SuggestedEntry, ...]


class FrameworkEntry(Struct, frozen=True):
    """A framework in the list."""

    code: str
    title: str
    language: str
    publisher: str
    version: str
    source: str
    items: int
    count: int
    url: str


class ItemEntry(Struct, frozen=True):
    """An item of a tree; `count` is of published materials at or below it."""

    id: int
    code: str
    kind: str
    kind_label: str
    title: str
    grades: tuple[int, ...]
    subject: str | None
    note: str
    source: str
    page: int | None
    outdated: bool
    count: int | None = None
    has_children: bool | None = None


class BranchAnswer(Struct, frozen=True):
    """A place in a tree: the item (null at the top), the way to it, its children."""

    framework: str
    title: str
    item: ItemEntry | None
    trail: tuple[ItemEntry, ...]
    children: tuple[ItemEntry, ...]


@get("/api/search", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def search(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    q: Annotated[str, QueryParameter(max_length=400)] = "",
) -> SearchAnswer:
    """Published materials. Facets repeat (`grade=6&grade=7`): OR within one, AND across.

    `explain=true` gives each item `whys`: the reasons of its place, the weightiest first.
    """
    query = search_query(request.query_params.dict())
    query = replace(query, facets=with_curriculum_facets(query))
    found = discovery.search(library, viewer, query)
    discovery.note_unanswered(library, query, found)
    return SearchAnswer(
        total=found.total,
        page=query.page,
        size=query.size,
        items=found.items,
        facets=dict(found.facets),
        degraded=found.degraded,
        relaxed=found.relaxed,
        understood=tuple(
            UnderstoodEntry(one.facet, one.values, one.label, one.typed) for one in found.understood
        ),
        instead=found.instead or None,
        wider=found.wider,
    )


@get("/api/suggest", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def suggest(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    q: Annotated[str, QueryParameter(max_length=400)] = "",
) -> SuggestAnswer:
    """Words, lessons and curriculum items for what is typed so far, the closest first."""
    return SuggestAnswer(tuple(map(_suggested, typing_ahead.suggest(library, viewer, q))))


def _suggested(found: Suggestion) -> SuggestedEntry:
    grades = [worded("grade", str(grade), f"Lớp {grade}") for grade in found.grades]
    return SuggestedEntry(
        label=found.label,
        kind=found.kind,
        kind_label=suggestion_label(found.kind),
        url=found.url,
        code=found.code,
        place=" · ".join((*grades[:3], *found.subjects)),
    )


def suggestion_label(kind: str) -> str:
    """What a suggestion is, as people read it."""
    if kind in _SUGGESTION_LABELS:
        return worded("suggestion", kind, _SUGGESTION_LABELS[kind])
    return worded("item_kind", kind, ITEM_KIND_LABELS[ItemKind(kind)])


_SUGGESTION_LABELS: Final = {typing_ahead.TITLE: "Học liệu", typing_ahead.WORD: "Từ khoá"}


@get("/api/curriculum", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def frameworks(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer]
) -> tuple[FrameworkEntry, ...]:
    """The curriculum frameworks."""
    return tuple(
        FrameworkEntry(
            framework.code,
            framework.title,
            framework.language,
            framework.publisher,
            framework.version,
            framework.source,
            size,
            count,
            f"/api/curriculum/{framework.code}",
        )
        for framework, size, count in curriculum.frameworks(library, viewer)
    )


@get("/api/curriculum/{framework:str}", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def framework_tree(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], framework: PathCode
) -> BranchAnswer:
    """The top of a framework's tree, with counts."""
    return _branch(curriculum.branch(library, viewer, framework, None))


@get("/api/curriculum/items/{item_id:int}", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def curriculum_item(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], item_id: PathId
) -> BranchAnswer:
    """An item with its children and their counts."""
    return _branch(curriculum.branch_at(library, viewer, item_id))


def _branch(branch: Branch) -> BranchAnswer:
    return BranchAnswer(
        framework=branch.framework.code,
        title=branch.framework.title,
        item=item_entry(branch.item) if branch.item else None,
        trail=tuple(item_entry(item) for item in branch.trail),
        children=tuple(
            item_entry(child.item, child.count, has_children=child.has_children)
            for child in branch.children
        ),
    )


def item_entry(
    item: CurriculumItem, count: int | None = None, *, has_children: bool | None = None
) -> ItemEntry:
    """An item as the API shows it."""
    return ItemEntry(
        id=item.id,
        code=item.code,
        kind=item.kind,
        kind_label=worded("item_kind", item.kind, ITEM_KIND_LABELS[ItemKind(item.kind)]),
        title=item.title,
        grades=tuple(item.grades),
        subject=item.subject,
        note=item.note,
        source=item.source,
        page=item.page,
        outdated=item.retired,
        count=count,
        has_children=has_children,
    )


handlers = (search, suggest, frameworks, framework_tree, curriculum_item)
