"""The same pages from one process and from two, on one machine.

Clients and servers share the processors, so the ratio of the rates says how much of the machine a
second process can still get; pages a processor second say whether two cost each other anything.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from bench.clients import load
from bench.processes import ProcessorClock
from bench.questions import questions
from bench.servers import Server, kho
from bench.tables import Row
from bench.workshop import Workshop

_CLIENTS: Final = 8
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Round:
    """What it took to answer all pages: seconds by the clock, and of the processors."""

    pages: int
    seconds: float
    served: tuple[float, ...]
    asked: float

    @property
    def rate(self) -> float:
        """Pages a second."""
        return self.pages / self.seconds

    @property
    def thrift(self) -> float:
        """Pages a second of processor that the servers spent."""
        return self.pages / sum(self.served)

    def busy(self, spent: float) -> float:
        """How many processors that spending has kept busy."""
        return spent / self.seconds

    def said(self) -> str:
        """Who has used the processors."""
        each = ", ".join(f"{self.busy(spent):.2f}" for spent in self.served)
        return f"processors used: {each}; by the clients {self.busy(self.asked):.2f}"


def measure(workshop: Workshop) -> list[Row]:
    """Answers a second of one and of two processes by turns, the ratio, and what each page cost."""
    asked = questions(workshop.records, workshop.size(60, 2))
    paths = [f"/tim?{query}" for queries in asked.values() for query in queries]
    settings = {"KHO_WORKER_JOBS": "0"}
    rounds: dict[int, list[Round]] = {1: [], 2: []}
    with ExitStack() as stack:
        servers = [stack.enter_context(kho(workshop.library, settings)) for _ in range(2)]
        for server in servers:
            load(server.port, paths[:20], 2)
        for _ in range(workshop.size(_ROUNDS, 1)):
            for count in (1, 2):
                rounds[count].append(_round(servers[:count], paths))
    one, two = (max(rounds[count], key=lambda one: one.rate) for count in (1, 2))
    note = f"{len(paths)} searches, {_CLIENTS} clients; "
    return [
        Row("one process", one.rate, "pages/s", note=note + one.said()),
        Row("two processes", two.rate, "pages/s", note=two.said()),
        Row("two / one", two.rate / one.rate, "×", note="best rounds; other work counts, too"),
        Row("one, by processor", one.thrift, "pages/s", note="a second of processor, not of time"),
        Row("two, by processor", two.thrift, "pages/s"),
        Row("two / one, by processor", two.thrift / one.thrift, "×", note="1 if neither slows"),
    ]


def _round(servers: Sequence[Server], paths: Sequence[str]) -> Round:
    """All paths, dealt out to the servers; as many clients in sum, however many servers."""
    shares = [paths[number :: len(servers)] for number in range(len(servers))]
    threads = [
        threading.Thread(target=load, args=(server.port, share, _CLIENTS // len(servers)))
        for server, share in zip(servers, shares, strict=True)
    ]
    clocks = [ProcessorClock(server.family) for server in servers]
    before, own = [clock.read() for clock in clocks], time.process_time()
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    served = tuple(clock.read() - then for clock, then in zip(clocks, before, strict=True))
    return Round(len(paths), seconds, served, time.process_time() - own)
