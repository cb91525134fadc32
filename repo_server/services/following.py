"""Following a search: its newest materials as a feed for everybody, or kept in an account."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from repo_server.database.models import Account, SavedSearch, utc_now
from repo_server.domain.access import ANONYMOUS, Action, Viewer, require
from repo_server.domain.errors import InvalidValue, NotAuthenticated, NotFound, SearchUnavailable
from repo_server.domain.vietnamese import display
from repo_server.search.base import Sort
from repo_server.services import discovery
from repo_server.services.asking import Asked
from repo_server.services.discovery import Found
from repo_server.services.library import Library

FEED_LENGTH: Final = 50
NAME_LIMIT: Final = 200
QUERY_STRING_LIMIT: Final = 8_000
SAVED_LIMIT: Final = 30
"""Searches that one account keeps; each is asked anew when the list is shown."""

NEWS_COUNTED: Final = 20


@dataclass(frozen=True, slots=True)
class Saved:
    """A search that is kept: its name and the query string of the search page."""

    id: int
    name: str
    query_string: str
    created_at: datetime
    looked_at: datetime


def name_of(query: Asked, found: Found) -> str:
    """What people call a search: its words in quotes, then the labels of its filters."""
    labels = {
        (facet, value.value): value.label
        for facet, values in found.facets.items()
        for value in values
    }
    chosen = [
        labels.get((facet, value), value)
        for facet, values in query.filters.items()
        for value in values
    ]
    words = [f"“{display(query.text)}”"] if display(query.text) else []
    return " · ".join((*words, *chosen)) or "Tất cả học liệu"


def newest(library: Library, query: Asked) -> Found:
    """The newest public materials of a search; its facets hold the labels of its filters.

    Raises SearchUnavailable when no engine answers: an answer from titles alone would lack
    materials, and who follows would take them for gone.
    """
    asked = replace(query, sort=Sort.NEWEST, page=1, size=FEED_LENGTH, facets=tuple(query.filters))
    found = discovery.search(library, ANONYMOUS, asked)
    if found.degraded:
        raise SearchUnavailable
    return found


def save(library: Library, viewer: Viewer, query: Asked, query_string: str) -> Saved:
    """Keep the search whose query string is `query_string`; the same one again is the one kept.

    Raises InvalidValue for one search too many and for one that is too long.
    """
    require(viewer, Action.USE_ACCOUNT)
    if len(query_string) > QUERY_STRING_LIMIT:
        raise InvalidValue("query", "Tìm kiếm này dài quá nên không lưu được.")
    named = replace(query, page=1, size=1, facets=tuple(query.filters))
    name = name_of(query, discovery.search(library, viewer, named))
    fingerprint = hashlib.sha256(query_string.encode()).hexdigest()
    with library.database.write() as session:
        account = session.get(Account, viewer.account_id, with_for_update=True)
        if account is None or account.disabled_at is not None:
            raise NotAuthenticated
        row = session.scalar(
            select(SavedSearch).where(
                SavedSearch.account_id == account.id, SavedSearch.fingerprint == fingerprint
            )
        )
        if row is None:
            _require_room(session, account.id)
            row = SavedSearch(
                account_id=account.id,
                name=_shortened(name),
                query_string=query_string,
                fingerprint=fingerprint,
            )
            session.add(row)
            session.flush()
        return _view(row)


def saved(library: Library, viewer: Viewer) -> tuple[Saved, ...]:
    """The viewer's searches, last saved first."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.read() as session:
        rows = session.scalars(
            select(SavedSearch)
            .where(SavedSearch.account_id == viewer.account_id)
            .order_by(SavedSearch.id.desc())
        )
        return tuple(_view(row) for row in rows)


def news(library: Library, viewer: Viewer, query: Asked, since: datetime) -> int | None:
    """How many materials of a search were published after `since`, at most `NEWS_COUNTED`.

    None when no engine answers, or when nothing holds all the words any more: what holds some of
    them is no news.
    """
    asked = replace(query, sort=Sort.NEWEST, page=1, size=NEWS_COUNTED, facets=())
    found = discovery.search(library, viewer, asked)
    if found.degraded or found.relaxed:
        return None
    return _since(since, (card.published_at for card in found.items))


def look(library: Library, viewer: Viewer, saved_id: int) -> Saved:
    """Open one of the viewer's searches: what is published from now on will be new.

    Raises NotFound when it is none of theirs.
    """
    require(viewer, Action.USE_ACCOUNT)
    with library.database.write() as session:
        row = _own(session, viewer, saved_id)
        row.looked_at = utc_now()
        return _view(row)


def forget(library: Library, viewer: Viewer, saved_id: int) -> None:
    """Keep one of the viewer's searches no longer; NotFound when it is none of theirs."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.write() as session:
        session.delete(_own(session, viewer, saved_id))


def _own(session: Session, viewer: Viewer, saved_id: int) -> SavedSearch:
    row = session.get(SavedSearch, saved_id)
    if row is None or row.account_id != viewer.account_id:
        raise NotFound
    return row


def _require_room(session: Session, account_id: int) -> None:
    kept = select(func.count()).select_from(SavedSearch)
    if (session.scalar(kept.where(SavedSearch.account_id == account_id)) or 0) >= SAVED_LIMIT:
        raise InvalidValue(
            "query", f"Mỗi tài khoản lưu tối đa {SAVED_LIMIT} tìm kiếm. Hãy bỏ bớt rồi lưu lại."
        )


def _since(since: datetime, moments: Iterable[datetime | None]) -> int:
    return sum(1 for moment in moments if moment is not None and moment > since)


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_LIMIT else name[: NAME_LIMIT - 1] + "…"


def _view(row: SavedSearch) -> Saved:
    return Saved(row.id, row.name, row.query_string, row.created_at, row.looked_at)
