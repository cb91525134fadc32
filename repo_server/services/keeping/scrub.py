"""Stored bytes are read again, before somebody needs them: disks forget without saying so.

Each blob is hashed at most once a week, the one that was looked at longest ago first, at a bounded
rate. What is found wrong or gone is noted on its row: it is not handed out any more, it shows on
the administrators' page, and the same bytes, sent again, take its place.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import func, or_, select, update

from repo_server.database.models import Blob, database_now, utc_now
from repo_server.database.turns import turn
from repo_server.domain.errors import FileDamaged
from repo_server.services.library import Library
from repo_server.storage.base import BUFFER_SIZE, ObjectKey, ObjectMissing

WEEK: Final = timedelta(days=7)
"""How long what was found right is believed."""

HOUR: Final = timedelta(hours=1)
"""How long what was found wrong is believed: somebody may have put the right bytes back."""

PORTION: Final = 50
PAUSE: Final = 60.0
"""Seconds between two looks for what is due."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob and the object that should hold it."""

    sha256: str
    generation: int
    size: int

    @property
    def key(self) -> ObjectKey:
        return ObjectKey.blob(self.sha256, self.generation)


@dataclass(frozen=True, slots=True)
class Look:
    """What a blob was found to be: "right", "missing" or "wrong"; `count` is how much was read."""

    stored: Stored
    verdict: str
    count: int


def look(library: Library, stored: Stored, between: Callable[[int], None] = lambda _: None) -> Look:
    """Read a blob back; `between` is told the size of each piece. Raises StorageUnavailable."""
    digest, count = hashlib.sha256(), 0
    try:
        with library.storage.open(stored.key) as reader:
            while piece := reader.read(BUFFER_SIZE):
                digest.update(piece)
                count += len(piece)
                between(len(piece))
    except ObjectMissing:
        # A store that is not there itself may answer so: ask before believing it.
        library.storage.check()
        return Look(stored, "missing", count)
    right = (digest.hexdigest(), count) == (stored.sha256, stored.size)
    return Look(stored, "right" if right else "wrong", count)


def note(library: Library, looks: Iterable[Look]) -> None:
    """Write down when these blobs were looked at, and which are damaged."""
    with library.database.write() as session:
        for found in looks:
            right = found.verdict == "right"
            damaged_at = None if right else func.coalesce(Blob.damaged_at, database_now())
            # Of another generation something else is true: it is looked at in its turn.
            same = (Blob.sha256 == found.stored.sha256, Blob.generation == found.stored.generation)
            session.execute(
                update(Blob)
                .where(*same, Blob.state == "live")
                .values(verified_at=database_now(), damaged_at=damaged_at)
            )
            if not right:
                library.incidents.note(FileDamaged.code)
                log.error("scrub.damaged", sha256=found.stored.sha256, found=found.verdict)


class Stopped(Exception):
    """The process ends; what was not read to its end is read another time."""


def pace(rate: int, wait: Callable[[float], bool]) -> Callable[[int], None]:
    """What is told of each piece and waits, so that no more than `rate` bytes a second are read.

    `wait(seconds)` waits and tells whether to stop: then Stopped is raised.
    """
    began, count = time.monotonic(), 0

    def between(size: int) -> None:
        nonlocal count
        count += size
        ahead = began + count / rate - time.monotonic()
        if wait(max(0.0, ahead)):
            raise Stopped

    return between


class Scrubber:
    """Reads what is due, at `library.scrub_rate` bytes a second.

    `wait(seconds)` waits and tells whether to stop.
    """

    def __init__(self, library: Library, wait: Callable[[float], bool]) -> None:
        self._library = library
        self._wait = wait

    def round(self) -> float:
        """Read one portion; returns the seconds to the next. Busy while another process scrubs."""
        if not self._library.scrub_rate:
            return PAUSE
        with turn(self._library.database, "scrub"):
            portion = due(self._library)
            looks = list(self._looks(portion))
            note(self._library, [found for found in looks if found.verdict == "right"])
        return 0 if portion else PAUSE

    def _looks(self, portion: Iterable[Stored]) -> Iterator[Look]:
        for stored in portion:
            try:
                found = look(self._library, stored, pace(self._library.scrub_rate, self._wait))
            except Stopped:
                return
            if found.verdict != "right":
                # Not with the rest of the portion: nobody shall be handed these bytes meanwhile.
                note(self._library, [found])
            yield found


def due(library: Library) -> list[Stored]:
    """Up to a portion of the blobs that should be read again, longest ago first."""
    with library.database.read() as session:
        now = session.scalar(select(database_now())) or utc_now()
        rows = session.execute(
            select(Blob.sha256, Blob.generation, Blob.size)
            .where(
                Blob.state == "live",
                or_(
                    Blob.verified_at < now - WEEK,
                    Blob.damaged_at.is_not(None) & (Blob.verified_at < now - HOUR),
                ),
            )
            .order_by(Blob.verified_at, Blob.sha256)
            .limit(PORTION)
        )
        return [Stored(*row) for row in rows]
