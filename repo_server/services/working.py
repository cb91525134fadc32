"""The worker: does what commits asked for, in threads beside the server or in a process alone.

Any number of workers may run on one database. Each job is held by a lease that its worker renews;
a worker that dies loses its leases, and its jobs are taken by another.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.outbox import LEASE, Lease
from repo_server.domain.errors import Busy, KhoError, ScannerUnavailable
from repo_server.search.base import SearchIndex
from repo_server.services import (
    acceptance,
    catalogue_words,
    indexing,
    readings,
    reinspecting,
    upkeep,
    uploads,
    usage,
)
from repo_server.services.keeping import disposal, drift, scrub
from repo_server.services.keeping.rescan import Rescanner
from repo_server.services.keeping.scrub import Scrubber
from repo_server.services.library import Library

PAUSE: Final = 0.25
"""Seconds between two looks for work: how late a publication may reach the index when idle."""

GATHERING: Final = 0.5
GATHERED: Final = 1.0
"""Seconds, at least and at most, that publications wait for others once one has reached the index:
one commit of the engine takes them all."""

FINISHING: Final = 5.0
"""Seconds for which a job may still end itself when its process was asked to stop."""

BACKOFF: Final = 2.0
"""Seconds before an engine that failed is asked again; recovery is due within 5 seconds."""

SCANNER_LONGEST: Final = timedelta(minutes=1)
"""The longest that an upload waits between two looks whether the virus scanner is back."""

HANDLERS: Final[dict[str, Callable[[Library, str], None]]] = {
    uploads.JOB: acceptance.accept_upload,
    disposal.JOB: disposal.delete_generation,
}

HEAVY: Final[dict[str, Callable[[Library, str], None]]] = {
    readings.JOB: reinspecting.catch_up,
    catalogue_words.JOB: catalogue_words.count_again,
}
"""Jobs that may take minutes: each process does one of them at a time, beside all others."""

LOOKING: Final = 600.0
"""Seconds between two looks for files that a reader has yet to look at."""

log = structlog.get_logger()


class Worker:
    """Threads that work until `stop`; every loop survives any error of an engine."""

    def __init__(self, library: Library, *, jobs: int = 2) -> None:
        self._library = library
        self._stopping = threading.Event()
        self._held: dict[str, Lease] = {}
        self._unclosed: list[Lease] = []
        self._scrubber = Scrubber(library, self._stopping.wait)
        self._rescanner = Rescanner(library, self._stopping.wait)
        self._lock = threading.Lock()
        self._looked = 0.0
        loops: list[Callable[[], float]] = [self._work] * jobs + [self._work_hard] * (jobs > 0)
        loops += [self._relay(index) for index in library.indexes]
        loops += [self._renew, self._tidy, self._count, self._scrub]
        loops += [self._rescan, self._compare]
        self._threads = [
            threading.Thread(target=self._repeat, args=(loop,), name=f"kho-worker-{number}")
            for number, loop in enumerate(loops)
        ]

    def start(self) -> None:
        """Begin; returns at once."""
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        """Let every thread end after what it is doing now; returns at once."""
        self._stopping.set()
        # What takes minutes is given up and done again by whoever comes next.
        self._library.converter.stop()
        if self._library.scanner is not None:
            self._library.scanner.stop()

    def join(self) -> None:
        """Wait until every thread has ended; what takes long is given back for others meanwhile."""
        deadline = time.monotonic() + FINISHING
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._give_back()
        for thread in self._threads:
            thread.join()
        try:
            self._count()
        except KhoError as error:
            log.warning("worker.counts_lost", error=error.code)

    def _give_back(self) -> None:
        """Release what is still under way: who ends us now will not have others wait for it.

        Doing a job twice is harmless, and our own end of it is told by its token.
        """
        with self._lock:
            held = [*self._held.values(), *self._unclosed]
        if held:
            with suppress(KhoError), self._library.database.write() as session:
                outbox.give_back(session, held)

    def stop(self) -> None:
        """Finish what is under way and end; waits for it."""
        self.ask_to_stop()
        self.join()

    def _repeat(self, loop: Callable[[], float]) -> None:
        while not self._stopping.is_set():
            try:
                pause = loop()
            except Busy:
                pause = PAUSE
            except KhoError as error:
                self._library.incidents.note(error.code)
                log.warning("worker.engine_failed", error=error.code, loop=loop.__name__)
                pause = BACKOFF
            except Exception:
                # A mistake of ours is told in the log; the other work of this loop goes on.
                log.exception("worker.failed", loop=loop.__name__)
                pause = BACKOFF
            if pause:
                self._stopping.wait(pause)

    def _work(self) -> float:
        return self._work_at(list(HANDLERS))

    def _work_hard(self) -> float:
        pause = self._work_at(list(HEAVY))
        # Before the next look, what the last one asked for is done.
        if pause and time.monotonic() >= self._looked:
            more = reinspecting.ask_for_due(self._library) == reinspecting.ROUND
            self._looked = time.monotonic() + (0 if more else LOOKING)
        return pause

    def _work_at(self, kinds: list[str]) -> float:
        self._return_unclosed()
        with self._library.database.read() as session:
            if not outbox.has_due(session, kinds):
                return PAUSE
        with self._library.database.write() as session:
            lease = outbox.claim(session, kinds)
        while lease is not None:
            lease = self._do(lease, kinds)
        return PAUSE

    def _return_unclosed(self) -> None:
        """Free the jobs whose end could not be written, as soon as the database answers again.

        Of those whose end was written though nobody heard of it, nothing changes.
        """
        with self._lock:
            unclosed = list(self._unclosed)
        if not unclosed:
            return
        with self._library.database.write() as session:
            outbox.give_back(session, unclosed)
        with self._lock:
            self._unclosed = [lease for lease in self._unclosed if lease not in unclosed]

    def _do(self, lease: Lease, kinds: list[str]) -> Lease | None:
        """Do a job; one commit closes it and takes the next one, which is returned."""
        with self._lock:
            self._held[lease.token] = lease
        try:
            close = self._done(lease)
            with self._library.database.write() as session:
                close(session)
                return None if self._stopping.is_set() else outbox.claim(session, kinds)
        except KhoError:
            with self._lock:
                self._unclosed.append(lease)
            raise
        finally:
            with self._lock:
                del self._held[lease.token]

    def _done(self, lease: Lease) -> Callable[[Session], object]:
        """Do a job and say how it is closed."""
        try:
            (HANDLERS | HEAVY)[lease.kind](self._library, lease.key)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must be put back
            return self._putting_back(lease, error)
        return partial(outbox.finish, lease=lease)

    def _putting_back(self, lease: Lease, error: Exception) -> Callable[[Session], object]:
        # An engine that is down is no fault of the job: it waits, however long.
        is_down = isinstance(error, KhoError) and error.status >= 500
        if isinstance(error, KhoError):
            self._library.incidents.note(error.code)
        longest = SCANNER_LONGEST if isinstance(error, ScannerUnavailable) else outbox.POSTPONED
        postpone = partial(outbox.postpone, longest=longest)
        again = postpone if is_down else outbox.fail
        log.warning("job.failed", kind=lease.kind, attempt=lease.attempt, exc_info=error)
        return partial(again, lease=lease, error=f"{type(error).__name__}: {error}")

    def _relay(self, index: SearchIndex) -> Callable[[], float]:
        def relay() -> float:
            began = time.monotonic()
            fed = indexing.feed(self._library, index)
            if fed in (0, indexing.BATCH):
                return 0 if fed else PAUSE
            # A commit of the engine costs as much as many materials: the longer one takes, the
            # more are let come together for the next. The first after a pause never waits.
            return max(GATHERING, min(GATHERED, 4 * (time.monotonic() - began)))

        return relay

    def _renew(self) -> float:
        with self._lock:
            held = list(self._held.values())
        if held:
            with self._library.database.write() as session:
                outbox.renew(session, held)
        return LEASE.total_seconds() / 3

    def _count(self) -> float:
        self._library.usage.write_down(self._library.database)
        self._library.unanswered.write_down(self._library.database)
        return usage.INTERVAL

    def _scrub(self) -> float:
        try:
            return self._scrubber.round()
        except Busy:
            return scrub.PAUSE

    def _rescan(self) -> float:
        try:
            return self._rescanner.round()
        except Busy:
            return scrub.PAUSE
        except ScannerUnavailable as error:
            self._library.incidents.note(error.code)
            return scrub.PAUSE

    def _compare(self) -> float:
        return drift.look(self._library)

    def _tidy(self) -> float:
        upkeep.tidy(self._library)
        return upkeep.INTERVAL
