"""How often materials are downloaded, in sum: no person, no time, no address.

Counts gather in memory and are added to the rows now and then: a download costs no write, and a
server that dies loses seconds of statistics.
"""

from collections import Counter
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import Material
from repo_server.services.tallies import Tally

INTERVAL: Final = 10.0
"""Seconds between two times that counts are written down."""


class Usage(Tally[int]):
    """Downloads by the id of the material."""

    def __init__(self) -> None:
        super().__init__(_add)


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
