"""The search page."""

from dataclasses import replace
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.routes.auth import requires
from repo_server.routes.pages.paging import Pager, pager
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.searching import (
    feed_address,
    query_string_of,
    search_address,
    search_query,
    toggled,
    with_curriculum_facets,
)
from repo_server.search.base import Sort
from repo_server.services import discovery
from repo_server.services.asking import Asked
from repo_server.services.discovery import FacetValue, Found
from repo_server.services.library import Library

_FACET_ORDER: Final = (
    "grade",
    "subject",
    "strand",
    "topic",
    "kind",
    "book",
    "format",
    "language",
    "license",
    "outcome",
)


class ShownValue(Struct, frozen=True):
    """A facet's value; `url` switches it over."""

    value: str
    label: str
    count: int
    selected: bool
    url: str


class ShownFacet(Struct, frozen=True):
    """A facet with its values."""

    name: str
    label: str
    values: tuple[ShownValue, ...]


class Chip(Struct, frozen=True):
    """A filter that is on, or what was understood of the text."""

    label: str
    remove_url: str


class WiderChoice(Struct, frozen=True):
    """A filter without which the search finds something."""

    label: str
    count: int
    url: str


class SortChoice(Struct, frozen=True):
    """A way to sort."""

    value: str
    label: str
    selected: bool
    url: str


@get("/tim", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def search_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Search with facets; htmx asks for the results alone."""
    query = search_query(request.query_params.dict())
    query = replace(query, facets=with_curriculum_facets(query), explain=True)
    found = discovery.search(library, viewer, query)
    live = "hx-request" in request.headers
    if not live:
        # Words that are still being typed are no question.
        discovery.note_unanswered(library, query, found)
    return pages.render(
        request,
        viewer,
        "search_results.html" if live else "search.html",
        headers={"vary": "Cookie, HX-Request"},
        query=query,
        total=found.total,
        items=found.items,
        facets=_facets(request, pages, query, found),
        chips=_chips(query, found),
        understood=_understood(query, found),
        instead=found.instead,
        literal_url=search_address(query, literal=True) if found.instead else "",
        wider=_wider(query, found),
        again_url=search_address(query, literal=False, ignored=frozenset()),
        clear_url=search_address(query, filters={}),
        sorts=_sorts(request, pages, query),
        pager=_pager(query, found.total),
        degraded=found.degraded,
        relaxed=found.relaxed,
        query_string=query_string_of(query),
        feed_url=feed_address(query),
    )


def _pager(query: Asked, total: int) -> Pager:
    return pager(total, query.page, query.size, lambda page: search_address(query, page=page))


def _facets(
    request: HtmlRequest, pages: Pages, query: Asked, found: Found
) -> tuple[ShownFacet, ...]:
    return tuple(
        ShownFacet(
            name,
            pages.message(request, f"facet.{name}"),
            tuple(_value(query, name, value) for value in found.facets[name]),
        )
        for name in _FACET_ORDER
        if name in found.facets
    )


def _value(query: Asked, facet: str, value: FacetValue) -> ShownValue:
    return ShownValue(
        value.value,
        value.label,
        value.count,
        value.value in query.filters.get(facet, ()),
        search_address(query, filters=toggled(query.filters, facet, value.value)),
    )


def _chips(query: Asked, found: Found) -> tuple[Chip, ...]:
    labels = {
        (name, value.value): value.label
        for name, values in found.facets.items()
        for value in values
    }
    return tuple(
        Chip(
            labels.get((name, value), value),
            search_address(query, filters=toggled(query.filters, name, value)),
        )
        for name, values in query.filters.items()
        for value in values
    )


def _understood(query: Asked, found: Found) -> tuple[Chip, ...]:
    """What the text names; a chip taken off is not understood so any more."""
    return tuple(
        Chip(one.label, search_address(query, ignored=query.ignored | {one.facet}))
        for one in found.understood
    )


def _wider(query: Asked, found: Found) -> tuple[WiderChoice, ...]:
    return tuple(
        WiderChoice(one.label, one.count, search_address(query, filters=_but(query, one.facet)))
        for one in found.wider
    )


def _but(query: Asked, facet: str) -> dict[str, tuple[str, ...]]:
    return {name: values for name, values in query.filters.items() if name != facet}


def _sorts(request: HtmlRequest, pages: Pages, query: Asked) -> tuple[SortChoice, ...]:
    return tuple(
        SortChoice(
            sort,
            pages.message(request, f"sort.{sort}"),
            sort == query.sort,
            search_address(query, sort=sort),
        )
        for sort in Sort
    )


handlers = (search_page,)
