"""The lists of those who work here: one's own materials, and the queue of an editor."""

from dataclasses import dataclass

from repo_server.database.queries import materials as queries
from repo_server.domain.access import Action, Viewer, require
from repo_server.services.cards import Card, cards
from repo_server.services.library import Library


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of one's own materials, and how many are in each state."""

    items: tuple[Card, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of submitted materials, and how many wait in all."""

    items: tuple[Card, ...]
    total: int


def own(library: Library, viewer: Viewer, status: str | None, *, page: int, size: int) -> Shelf:
    """The viewer's own materials in `status` (None: all), last changed first."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.read() as session:
        ids = queries.own_materials(session, viewer, status, offset=(page - 1) * size, limit=size)
        names = library.vocabulary.names(session)
        found = cards(session, viewer, names, ids)
        return Shelf(tuple(found), queries.own_counts(session, viewer))


def queue(
    library: Library,
    viewer: Viewer,
    *,
    subject: str | None = None,
    grade: int | None = None,
    page: int,
    size: int,
) -> Queue:
    """Submitted materials in the viewer's scope, the longest waiting first."""
    require(viewer, Action.REVIEW)
    with library.database.read() as session:
        only = queries.QueueFilter(subject, grade)
        ids = queries.review_queue(session, viewer, only, offset=(page - 1) * size, limit=size)
        names = library.vocabulary.names(session)
        found = cards(session, viewer, names, ids)
        return Queue(tuple(found), queries.review_count(session, viewer, only))
