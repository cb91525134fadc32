"""Following a search: the feed of what is new, what an account keeps, what a device keeps."""

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.exchange import atom
from repo_server.routes.addresses import site_origin
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId
from repo_server.routes.bytes import unless_known
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import SITE_NAME, HtmlRequest, Pages
from repo_server.routes.searching import (
    FEED,
    feed_address,
    query_from,
    query_string_of,
    search_address,
    search_query,
)
from repo_server.services import following
from repo_server.services.cards import Card
from repo_server.services.following import NEWS_COUNTED, Saved
from repo_server.services.library import Library

ADDRESS: Final = "/da-luu"
_SEARCHES: Final = f"{ADDRESS}/tim-kiem"


class SavedLine(Struct, frozen=True):
    """A search that is kept; `news` counts what is new ("20+" for more), "" for nothing."""

    name: str
    url: str
    feed_url: str
    forget_url: str
    news: str


@get(FEED, opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def feed(request: HtmlRequest, library: NamedDependency[Library]) -> Response[bytes]:
    """The newest materials of a search, as everybody sees them."""
    query = search_query(request.query_params.dict())
    found = following.newest(library, query)
    origin = site_origin(request)
    written = atom.written(
        atom.Feed(
            url=origin + feed_address(query),
            page_url=origin + search_address(query, sort="newest"),
            title=f"{SITE_NAME}: {following.name_of(query, found)}",
            author=SITE_NAME,
            entries=[_entry(origin, card) for card in found.items],
        )
    )
    cache = "public, max-age=300"
    media_type = f"{atom.MEDIA_TYPE}; charset=utf-8"
    return unless_known(request.headers, written, media_type, cache_control=cache)


def _entry(origin: str, card: Card) -> atom.Entry:
    places = (*card.subjects, *card.books)
    return atom.Entry(
        url=origin + card.url,
        title=card.title,
        summary=card.description,
        author=card.owner_name,
        published=card.published_at or card.updated_at,
        updated=card.updated_at,
        rights=card.license.label if card.license else "",
        categories=(
            *((str(grade), f"Lớp {grade}") for grade in card.grades),
            *((place.code, place.label) for place in places),
        ),
    )


@get(ADDRESS, opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def saved_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Searches kept in the account; what this device has saved and opened is added by script."""
    kept = following.saved(library, viewer) if viewer.signed_in else ()
    lines = tuple(_line(library, viewer, one) for one in kept)
    return pages.render(request, viewer, "saved.html", searches=lines)


def _line(library: Library, viewer: Viewer, one: Saved) -> SavedLine:
    query = query_from(one.query_string)
    count = following.news(library, viewer, query, one.looked_at) or 0
    return SavedLine(
        name=one.name,
        url=f"{_SEARCHES}/{one.id}",
        feed_url=feed_address(query),
        forget_url=f"{_SEARCHES}/{one.id}/bo",
        news="" if not count else f"{count}+" if count >= NEWS_COUNTED else str(count),
    )


@post(_SEARCHES, opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def save_search(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
) -> Redirect:
    """Keep a search, named by the field `query`: the query string of its page."""
    query = query_from(form.one("query"))
    following.save(library, viewer, query, query_string_of(query))
    return see(ADDRESS, "search_saved")


@get(f"{_SEARCHES}/{{saved_id:int}}", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def open_search(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], saved_id: PathId
) -> Redirect:
    """Go to the search, its newest first; what is published from now on will be new."""
    one = following.look(library, viewer, saved_id)
    return see(search_address(query_from(one.query_string), sort="newest"))


@post(f"{_SEARCHES}/{{saved_id:int}}/bo", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def forget_search(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], saved_id: PathId
) -> Redirect:
    """Keep a search no longer."""
    following.forget(library, viewer, saved_id)
    return see(ADDRESS, "search_forgotten")


handlers = (feed, saved_page, save_search, open_search, forget_search)
