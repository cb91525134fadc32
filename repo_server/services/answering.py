"""A question to the search engines: the first that can answers it."""

from collections.abc import Callable
from typing import TypeVar

from repo_server.database import outbox
from repo_server.domain.errors import KhoError, SearchUnavailable
from repo_server.search.base import SearchIndex
from repo_server.services.balancing import FAR_BEHIND
from repo_server.services.library import Library

Answer = TypeVar("Answer")


def first_answer(library: Library, question: Callable[[SearchIndex], Answer]) -> Answer | None:
    """What an engine that is well and current answers, else another; None when none does."""
    if len(library.indexes) > 1:
        _look_at_lag(library)
    for index in library.balancer.order(library.indexes):
        try:
            with library.balancer.asking(index):
                return question(index)
        except SearchUnavailable as error:
            library.incidents.note(error.code)
    return None


def _look_at_lag(library: Library) -> None:
    if not library.balancer.look_due():
        return
    try:
        with library.database.read() as session:
            owed = {
                index.name: outbox.lag(session, index.name, FAR_BEHIND) for index in library.indexes
            }
    except KhoError:
        # What was last known still serves.
        return
    library.balancer.note_lag(owed)
