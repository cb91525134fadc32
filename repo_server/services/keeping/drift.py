"""The indexes are compared with the database without anybody asking, and what differs is mended.

An index may lose what it was believed to hold: a server that was set up anew, a disk that forgot.
Every few minutes the counts are compared, once a day a sample, once a week everything; what is
wrong is marked as not held, and the relay feeds it again.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Final

import structlog
from sqlalchemy import func, select

from repo_server.database import outbox
from repo_server.database.models import IndexTarget, Material, database_now, utc_now
from repo_server.database.queries.materials import published_count
from repo_server.database.turns import turn
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.errors import Busy, SearchUnavailable
from repo_server.search.base import SearchIndex
from repo_server.services.keeping.indexes import (
    NOWHERE,
    PORTION,
    Difference,
    differences,
    mend,
    wanted_of,
)
from repo_server.services.library import Library

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
PAUSE: Final = 600.0
"""Seconds between two looks at the counts."""

SAMPLE: Final = 4_000
"""Ids of which a sample asks, whatever has become of them."""

LOST: Final = 0.5
"""An index that holds a smaller part than this of what it should has lost its data: it is fed from
the beginning, which costs less than to compare it."""

SLACK: Final = 1_000
"""Materials by which counts may differ while batches are on their way."""

MENDED_AT_ONCE: Final = 10_000
"""Differences from which on everything is fed again."""

log = structlog.get_logger()


def look(library: Library) -> float:
    """One round over every index; returns the seconds to the next."""
    for index in library.indexes:
        try:
            with turn(library.database, f"compare {index.name}"):
                compare(library, index)
        except (Busy, SearchUnavailable) as error:
            # Another process compares it, or it is down: the next round will tell.
            log.info("drift.left", index=index.name, error=error.code)
    return PAUSE


def compare(library: Library, index: SearchIndex) -> int | None:
    """Compare what is due of an index and mend it; how many were wrong, None if nothing was due.

    Raises SearchUnavailable.
    """
    wanted, held = _wanted_count(library, index), index.count()
    if wanted and held <= min(wanted * LOST, wanted - SLACK if held else 0):
        return _fed_anew(library, index, wanted - held)
    whole = abs(held - wanted) > SLACK or _is_due(library, index, WEEK)
    if not whole and not _is_due(library, index, DAY):
        return None
    wrong = list(_everywhere(library, index) if whole else _judged(library, index, _some(library)))
    if len(wrong) >= MENDED_AT_ONCE:
        return _fed_anew(library, index, len(wrong))
    mend(library, index, wrong)
    return _noted(library, index, len(wrong), whole=whole)


def _wanted_count(library: Library, index: SearchIndex) -> int:
    """How many materials an index should hold, those aside that it is still to be fed."""
    with library.database.read() as session:
        owed = outbox.lag(session, index.name)
        return max(0, published_count(session, ANONYMOUS) - owed)


def _is_due(library: Library, index: SearchIndex, age: timedelta) -> bool:
    with library.database.read() as session:
        target = session.get(IndexTarget, index.name)
        now = session.scalar(select(database_now())) or utc_now()
    if target is None:
        return False
    # A new index was never believed to hold anything that it was not seen to take.
    compared = target.compared_at or target.created_at
    sampled = max(compared, target.sampled_at or compared)
    return (compared if age == WEEK else sampled) <= now - age


def _everywhere(library: Library, index: SearchIndex) -> Iterator[Difference]:
    suspects = (found.material_id for found in differences(library, index) if not found.owed)
    yield from _judged(library, index, islice(suspects, MENDED_AT_ONCE))


def _some(library: Library) -> list[int]:
    """Ids of materials anywhere in the library, not all of which need exist."""
    with library.database.read() as session:
        last = session.scalar(select(func.max(Material.id))) or 0
    return random.sample(range(1, last + 1), min(SAMPLE, last))


def _judged(library: Library, index: SearchIndex, ids: Iterable[int]) -> Iterator[Difference]:
    """What is wrong with these for certain: the database wanted the same before and after."""
    waiting = iter(ids)
    while portion := list(islice(waiting, PORTION)):
        with library.database.read() as session:
            before = wanted_of(session, index.name, portion)
        held = {entry.id: entry.rev for entry in index.entries_of(portion)}
        with library.database.read() as session:
            after = wanted_of(session, index.name, portion)
        for material_id in portion:
            wanted = after.get(material_id, NOWHERE)
            found = wanted.judged(material_id, held.get(material_id))
            if found and not found.owed and wanted == before.get(material_id, NOWHERE):
                yield found


def _fed_anew(library: Library, index: SearchIndex, wrong: int) -> int:
    with library.database.write() as session:
        outbox.forget_index(session, index.name)
    return _noted(library, index, wrong, whole=True)


def _noted(library: Library, index: SearchIndex, wrong: int, *, whole: bool) -> int:
    if wrong:
        log.warning("drift.mended", index=index.name, materials=wrong)
    with library.database.write() as session:
        target = session.get_one(IndexTarget, index.name)
        now = session.scalar(select(database_now()))
        target.sampled_at, target.drifted = now, wrong
        if whole:
            target.compared_at = now
    return wrong
