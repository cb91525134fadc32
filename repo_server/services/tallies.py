"""Counts that gather in memory, so that what happens often costs no commit each time."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from repo_server.database.engine import Database

Counted = TypeVar("Counted")


class Tally(Generic[Counted]):
    """Counts that are not written down yet; at most `most` different things wait (None: any)."""

    def __init__(
        self, add: Callable[[Session, Counter[Counted]], None], *, most: int | None = None
    ) -> None:
        self._add = add
        self._most = most
        self._lock = threading.Lock()
        self._counts: Counter[Counted] = Counter()

    def count(self, thing: Counted) -> None:
        """One more."""
        with self._lock:
            if self._most is None or thing in self._counts or len(self._counts) < self._most:
                self._counts[thing] += 1

    def write_down(self, database: Database) -> None:
        """Add what has gathered to the rows; kept for the next time when the database is down."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with database.write() as session:
                self._add(session, counts)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise
