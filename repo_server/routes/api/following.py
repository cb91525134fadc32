"""Searches that an account keeps, as JSON."""

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from repo_server.domain.access import Action, Viewer
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId
from repo_server.routes.searching import feed_address, query_from, query_string_of, search_address
from repo_server.services import following
from repo_server.services.following import QUERY_STRING_LIMIT, Saved
from repo_server.services.library import Library


class SearchWish(Struct, forbid_unknown_fields=True, frozen=True):
    """The query string of a search ("q=phân+số&grade=6")."""

    query: Annotated[str, Meta(max_length=QUERY_STRING_LIMIT)]


class SavedEntry(Struct, frozen=True):
    """A search that is kept; `url` is its page, `feed_url` its Atom feed."""

    id: int
    name: str
    query_string: str
    url: str
    feed_url: str
    created_at: datetime
    looked_at: datetime


class SavedAnswer(Struct, frozen=True):
    """The searches of one's own, last saved first."""

    items: tuple[SavedEntry, ...]


def _entry(one: Saved) -> SavedEntry:
    query = query_from(one.query_string)
    return SavedEntry(
        id=one.id,
        name=one.name,
        query_string=one.query_string,
        url=search_address(query),
        feed_url=feed_address(query),
        created_at=one.created_at,
        looked_at=one.looked_at,
    )


@get("/api/saved-searches", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def saved_searches(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer]
) -> SavedAnswer:
    """One's own searches."""
    return SavedAnswer(tuple(map(_entry, following.saved(library, viewer))))


@post("/api/saved-searches", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def save_search(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[SearchWish],
) -> SavedEntry:
    """Keep a search; one that is kept already is answered as it is."""
    query = query_from(data.query)
    return _entry(following.save(library, viewer, query, query_string_of(query)))


@delete(
    "/api/saved-searches/{saved_id:int}",
    opt=requires(Action.USE_ACCOUNT),
    status_code=HTTP_204_NO_CONTENT,
    sync_to_thread=True,
)
def forget_search(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], saved_id: PathId
) -> None:
    """Keep a search no longer."""
    following.forget(library, viewer, saved_id)


handlers = (saved_searches, save_search, forget_search)
