"""Collections to read: the list, the page of one, and the ways to start and fill one."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import EditConflict, InvalidValue, NotFound
from repo_server.domain.materials import Status
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathCode
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.preconditions import etag
from repo_server.services import collection_contents as contents
from repo_server.services import collection_views as views
from repo_server.services import collections, viewing
from repo_server.services.cards import Card
from repo_server.services.collection_contents import Placed
from repo_server.services.collection_views import CollectionView, PlaceView, SectionView
from repo_server.services.collections import CollectionFields
from repo_server.services.library import Library

ROOT: Final = "/bo-suu-tap"
LIST_SIZE: Final = 24
PAGE_SIZE: Final = 60
"""Materials on one page of a collection: on a cheap phone 500 cards would take minutes."""

Question = Annotated[str, QueryParameter(max_length=200)]


class ShownPlace(Struct, frozen=True):
    """A place with what stands there: a card, or only that it is gone."""

    place: PlaceView
    card: Card | None


class ShownSection(Struct, frozen=True):
    """The part of a section that is on this page; `continued` when it began on an earlier one."""

    anchor: str
    title: str
    note: str
    continued: bool
    items: tuple[ShownPlace, ...]


class ContentsLine(Struct, frozen=True):
    """A line of the table of contents."""

    title: str
    count: int
    url: str


@get(ROOT, opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def collections_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    q: Question = "",
    page: PageNumber = 1,
    status: Annotated[str, QueryParameter(max_length=20)] = "",
) -> Response[str]:
    """Published collections, newest first; for curators their drafts, too."""
    drafts = status == Status.DRAFT
    total, items = views.collections(
        library,
        viewer,
        q,
        page=page,
        size=LIST_SIZE,
        status=Status.DRAFT if drafts else Status.PUBLISHED,
    )
    asked = {"q": q, "status": status if drafts else ""}
    return pages.render(
        request,
        viewer,
        "collections.html",
        items=items,
        total=total,
        question=q,
        drafts=drafts,
        pager=pager(total, page, LIST_SIZE, lambda number: _address(asked, number)),
    )


def _address(asked: Mapping[str, str], page: int) -> str:
    pairs = [(name, value) for name, value in asked.items() if value]
    return f"{ROOT}?{urlencode([*pairs, ('page', page)])}"


@get(f"{ROOT}/{{code:str}}", opt=requires(Action.VIEW), sync_to_thread=True)
def collection_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
    page: PageNumber = 1,
) -> Response[str]:
    """A collection: its materials in order, with the curator's notes."""
    view, found = views.with_cards(library, viewer, code, page=page, size=PAGE_SIZE)
    total = len(view.places)
    if page > 1 and (page - 1) * PAGE_SIZE >= total:
        raise NotFound
    return pages.render(
        request,
        viewer,
        "collection.html",
        headers={"etag": etag(view.rev)} if not viewer.signed_in else None,
        collection=view.card,
        paragraphs=_paragraphs(view.card.description) if page == 1 else (),
        total=total,
        rev=view.rev,
        sections=_sections(view, found, page),
        table=_table(view),
        licenses=view.licenses,
        edit_url=f"{view.card.url}/sua" if view.can_edit else None,
        pager=pager(total, page, PAGE_SIZE, lambda number: _page_address(view, number)),
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (line.strip() for line in text.splitlines())))


def _page_address(view: CollectionView, page: int) -> str:
    return view.card.url if page == 1 else f"{view.card.url}?page={page}"


def _sections(
    view: CollectionView, found: Mapping[int, Card], page: int
) -> tuple[ShownSection, ...]:
    first, last = (page - 1) * PAGE_SIZE + 1, page * PAGE_SIZE
    shown = []
    for section in view.sections:
        here = [item for item in section.items if first <= item.place <= last]
        if here:
            items = tuple(ShownPlace(item, found.get(item.material_id)) for item in here)
            continued = here[0].position > 1
            shown.append(
                ShownSection(_anchor(section), section.title, section.note, continued, items)
            )
    return tuple(shown)


def _anchor(section: SectionView) -> str:
    return f"muc-{section.id or 0}"


def _table(view: CollectionView) -> tuple[ContentsLine, ...]:
    """The sections that hold something, each with the way to its first material."""
    lines = []
    for section in view.sections:
        if section.id is not None and section.items:
            page = (section.items[0].place - 1) // PAGE_SIZE + 1
            url = f"{_page_address(view, page)}#{_anchor(section)}"
            lines.append(ContentsLine(section.title, len(section.items), url))
    return tuple(lines)


@get(f"{ROOT}/moi", opt=requires(Action.CURATE), sync_to_thread=False)
def start_page(
    request: HtmlRequest, viewer: NamedDependency[Viewer], pages: NamedDependency[Pages]
) -> Response[str]:
    """The form of a new collection."""
    return _start(request, viewer, pages, CollectionFields("", ""), {})


def _start(
    request: HtmlRequest,
    viewer: Viewer,
    pages: Pages,
    fields: CollectionFields,
    errors: dict[str, str],
) -> Response[str]:
    status = 422 if errors else 200
    return pages.render(
        request, viewer, "collection_new.html", status=status, values=fields, errors=errors
    )


@post(f"{ROOT}/moi", opt=requires(Action.CURATE), sync_to_thread=True)
def start(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[str] | Redirect:
    """Start a draft and go on to its form."""
    fields = CollectionFields(form.one("title"), form.one("description"))
    try:
        made = collections.create_collection(library, viewer, fields)
    except InvalidValue as error:
        return _start(request, viewer, pages, fields, reason_by_field(error))
    return see(f"{views.collection_url(made.code)}/sua", "collection_started")


def reason_by_field(error: InvalidValue | EditConflict) -> dict[str, str]:
    """What is wrong, by the field that it is said beside; "conflict" is beside none."""
    if isinstance(error, EditConflict):
        return {"conflict": error.sentence()}
    return {str(error.details["field"]): str(error.details["reason"])}


@get(f"{ROOT}/them", opt=requires(Action.CURATE), sync_to_thread=True)
def add_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    material: Annotated[str, QueryParameter(max_length=20)] = "",
) -> Response[str]:
    """The form that puts a material into a collection."""
    return _add(request, library, viewer, pages, material, {})


def _add(
    request: HtmlRequest,
    library: Library,
    viewer: Viewer,
    pages: Pages,
    code: str,
    errors: dict[str, str],
    title: str = "",
) -> Response[str]:
    return pages.render(
        request,
        viewer,
        "collection_add.html",
        status=422 if errors else 200,
        material=viewing.material_by_code(library, viewer, code).card,
        choices=views.collections_to_add_to(library, viewer),
        errors=errors,
        new_title=title,
    )


@post(f"{ROOT}/them", opt=requires(Action.CURATE), sync_to_thread=True)
def add(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
) -> Response[str] | Redirect:
    """Put a material at the end of a collection, or of a new one where a title is given."""
    code, title, chosen = form.one("material"), form.one("title"), form.number("collection")
    placed = Placed(views.material_of_code(library, viewer, code), form.one("note"))
    try:
        if chosen is None:
            fields = CollectionFields(title)
            chosen = collections.create_collection(library, viewer, fields).id
        item = contents.add_item(library, viewer, chosen, None, placed)
    except InvalidValue as error:
        return _add(request, library, viewer, pages, code, reason_by_field(error), title)
    view = views.collection_by_id(library, viewer, chosen)
    return see(f"{view.card.url}/sua#cho-{item}", "collection_added")


handlers = (collections_page, start_page, start, add_page, add, collection_page)
