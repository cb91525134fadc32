"""What was looked for and not found, in sum: words and how often, by day; no person, no address.

Counts gather in memory and are added to the rows now and then, as those of downloads are. Words
that look as if they named a person (a number of a telephone, an address of mail) are not kept, and
nobody is shown what was asked only once or twice.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from repo_server.database.engine import Database
from repo_server.database.models import UnansweredSearch, utc_now
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.vietnamese import fold
from repo_server.services.tallies import Tally

SHOWN_FROM: Final = 3
"""Times that words were asked for before anybody is shown them."""

SHOWN: Final = 30
SHOWN_DAYS: Final = 30
KEPT_DAYS: Final = 90

_LONGEST: Final = 120
_MOST_A_DAY: Final = 1_000
_MOST_WAITING: Final = 1_000
_PRIVATE: Final = re.compile(r"@|\d{6}|(?:\d[\s.-]?){9}")


@dataclass(frozen=True, slots=True)
class AskedInVain:
    """Folded words that found nothing, and how often they were asked for."""

    words: str
    count: int


class Unanswered(Tally[str]):
    """Searches without an answer, by their folded words."""

    def __init__(self) -> None:
        super().__init__(_add, most=_MOST_WAITING)

    def count(self, thing: str) -> None:
        """One more search in vain for this text; what may be somebody's data is not counted."""
        words = fold(thing)
        if words and len(words) <= _LONGEST and not _PRIVATE.search(thing):
            super().count(words)


def most_asked(database: Database, viewer: Viewer) -> tuple[AskedInVain, ...]:
    """What was asked for most often in the last `SHOWN_DAYS` days and not found."""
    require(viewer, Action.ADMINISTER)
    times = func.sum(UnansweredSearch.count)
    with database.read() as session:
        rows = session.execute(
            select(UnansweredSearch.words, times)
            .where(UnansweredSearch.day > _day(SHOWN_DAYS))
            .group_by(UnansweredSearch.words)
            .having(times >= SHOWN_FROM)
            .order_by(times.desc(), UnansweredSearch.words)
            .limit(SHOWN)
        ).all()
    return tuple(AskedInVain(words, int(count)) for words, count in rows)


def _add(session: Session, counts: Counter[str]) -> None:
    today = _day(0)
    rows = session.scalars(select(UnansweredSearch).where(UnansweredSearch.day == today)).all()
    known = {row.words: row for row in rows}
    for words, count in counts.items():
        if words in known:
            known[words].count += count
        elif len(known) < _MOST_A_DAY:
            known[words] = UnansweredSearch(day=today, words=words, count=count)
            session.add(known[words])
    session.execute(delete(UnansweredSearch).where(UnansweredSearch.day <= _day(KEPT_DAYS)))


def _day(ago: int) -> str:
    return (utc_now() - timedelta(days=ago)).date().isoformat()
