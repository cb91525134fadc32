"""Which of several search engines is asked: reads are spread over those that are well and current.

Each process keeps its own book. An engine that failed is left alone for a moment, twice as long
each time, and then tried with one question; while all are failing one of them is asked all the
same. An engine that has fallen behind is asked only where none is current.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from repo_server.domain.errors import SearchUnavailable
from repo_server.search.base import SearchIndex

FIRST_REST: Final = 0.5
LONGEST_REST: Final = 15.0
"""Seconds that an engine is left alone after its first failure, and at most."""

LATE: Final = 5.0
"""Seconds that an engine may owe the database something before others are asked instead."""

FAR_BEHIND: Final = 500
"""Materials that an engine may owe, however shortly: a whole batch of the relay."""

LOOK: Final = 1.0
"""Seconds between two looks at what the engines owe."""


@dataclass(slots=True)
class _Engine:
    """What is known of one engine. `turn`: when it was last asked, counted in questions."""

    asking: int = 0
    turn: int = 0
    failures: int = 0
    resting_until: float = 0.0
    behind: int = 0
    current_at: float = 0.0


class Balancer:
    """Orders engines for the next question; safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._engines: dict[str, _Engine] = {}
        self._turns = 0
        self._looked = float("-inf")

    def look_due(self) -> bool:
        """Whether somebody should tell what the engines owe; only one is asked to."""
        with self._lock:
            now = self._clock()
            if now - self._looked < LOOK:
                return False
            self._looked = now
            return True

    def note_lag(self, lag: Mapping[str, int]) -> None:
        """What each engine owes the database now, in materials."""
        with self._lock:
            now = self._clock()
            for name, behind in lag.items():
                engine = self._engine(name)
                engine.behind = behind
                if not behind:
                    engine.current_at = now

    def order(self, indexes: Sequence[SearchIndex]) -> list[SearchIndex]:
        """The engines to ask, one after the other until one answers."""
        with self._lock:
            now = self._clock()
            known = {index.name: self._engine(index.name) for index in indexes}
            well = [index for index in indexes if not _rests(known[index.name], now)]
            if not well:
                well = sorted(indexes, key=lambda one: known[one.name].resting_until)[:1]
            return sorted(well, key=lambda one: _preference(known[one.name], now))

    @contextmanager
    def asking(self, index: SearchIndex) -> Iterator[None]:
        """Around one question to an engine: counts it, and learns from how it ends."""
        with self._lock:
            engine = self._engine(index.name)
            engine.asking += 1
            self._turns += 1
            engine.turn = self._turns
        try:
            yield
        except SearchUnavailable:
            with self._lock:
                engine.failures += 1
                rest = min(FIRST_REST * 2 ** min(engine.failures - 1, 10), LONGEST_REST)
                engine.resting_until = self._clock() + rest
            raise
        else:
            engine.failures = 0
        finally:
            with self._lock:
                engine.asking -= 1

    def _engine(self, name: str) -> _Engine:
        known = self._engines.get(name)
        if known is None:
            known = self._engines[name] = _Engine(current_at=self._clock())
        return known


def _rests(engine: _Engine, now: float) -> bool:
    """Whether to leave it alone; when its rest is over, one question at a time finds out."""
    return bool(engine.failures) and (now < engine.resting_until or engine.asking > 0)


def _preference(engine: _Engine, now: float) -> tuple[int, int, int]:
    """Least first: what it owes if that is too much, how busy it is, how lately it was asked."""
    late = engine.behind >= FAR_BEHIND or (engine.behind > 0 and now - engine.current_at > LATE)
    return engine.behind if late else 0, engine.asking, engine.turn
