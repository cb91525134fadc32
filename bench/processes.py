"""What a server costs: processor time and memory of a process with all that it started."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil  # type: ignore[import-untyped]

MIB = 1 << 20

# CPUCLOCK_SCHED of the kernel's posix-timers.h: what clock_getcpuclockid(3) makes of a process.
_SCHEDULED = 2


class Family:
    """A process and all that descends from it."""

    def __init__(self, pid: int) -> None:
        self._head = psutil.Process(pid)

    def cpu_seconds(self) -> float:
        """Processor time so far, that of children who have ended and were waited for included."""
        total = 0.0
        for process in self.members():
            try:
                spent = process.cpu_times()
            except psutil.Error:
                continue
            total += spent.user + spent.system + spent.children_user + spent.children_system
        return total

    def resident_mib(self) -> float:
        """RSS in MiB, shared pages counted for each process."""
        return self._sum(lambda process: process.memory_info().rss)

    def proportional_mib(self) -> float:
        """PSS in MiB: each shared page counted once in sum."""
        return self._sum(lambda process: process.memory_full_info().pss)

    def clocks(self) -> list[int]:
        """The processor clocks of those who live now, as the kernel numbers them."""
        return [(~process.pid << 3) | _SCHEDULED for process in self.members()]

    def members(self) -> list[psutil.Process]:
        """All of them who live now."""
        return [self._head, *self._head.children(recursive=True)]

    def _sum(self, measure: Callable[[psutil.Process], int]) -> float:
        total = 0
        for process in self.members():
            try:
                total += measure(process)
            except psutil.Error:
                continue
        return total / MIB


class ProcessorClock:
    """What present processes of families have spent, exact enough for a single answer."""

    def __init__(self, *families: Family) -> None:
        self._clocks = [clock for family in families for clock in family.clocks()]

    def read(self) -> float:
        """Processor seconds so far, of all threads."""
        return sum(map(time.clock_gettime, self._clocks))


class Peak:
    """The most memory that was seen, beyond what there was at first; in MiB."""

    def __init__(self, first: float) -> None:
        self.first = self.most = first

    @property
    def growth(self) -> float:
        return self.most - self.first


@contextmanager
def watched(family: Family, every: float = 0.02, *, of: str = "resident") -> Iterator[Peak]:
    """Look at the family's memory while the block runs: "resident" (RSS) or "proportional" (PSS).

    A family that dies meanwhile has no memory any more.
    """
    measure = family.resident_mib if of == "resident" else family.proportional_mib
    peak, over = Peak(measure()), threading.Event()

    def look() -> None:
        while not over.wait(every):
            with suppress(psutil.Error):
                peak.most = max(peak.most, measure())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def idle_share(family: Family, seconds: float) -> float:
    """Processor seconds that the family uses in a second without work."""
    before = family.cpu_seconds()
    time.sleep(seconds)
    return (family.cpu_seconds() - before) / seconds
