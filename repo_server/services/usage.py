"""How often materials are downloaded, in sum: no person, no time, no address.

Counts gather in memory and are added to the rows now and then: a download costs no write, and a
server that dies loses seconds of statistics.
"""

import threading
from collections import Counter
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.engine import Database
from repo_server.database.models import Material

INTERVAL: Final = 10.0
"""Seconds between two times that counts are written down."""


class Usage:
    """Downloads that are not written down yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()

    def count(self, material_id: int) -> None:
        """One more download of a material."""
        with self._lock:
            self._counts[material_id] += 1

    def write_down(self, database: Database) -> None:
        """Add what has gathered to the rows; kept for the next time when the database is down."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with database.write() as session:
                _add(session, counts)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise


def _add(session: Session, counts: Counter[int]) -> None:
    before = dict(
        session.execute(select(Material.id, Material.use).where(Material.id.in_(counts))).all()
    )
    for material_id, use in before.items():
        # Not a change of the material: its revision, and what an editor holds, stay as they are.
        session.execute(
            update(Material)
            .where(Material.id == material_id)
            .values(use=Material.use + counts[material_id], rev=Material.rev)
        )
        if use.bit_length() != (use + counts[material_id]).bit_length():
            # The order by use needs magnitudes only: an index hears of each doubling.
            outbox.feed_again(session, material_id)
