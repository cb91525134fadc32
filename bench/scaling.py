"""The same pages from one process and from two, on one machine."""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from bench.clients import load
from bench.questions import questions
from bench.servers import Server, kho
from bench.tables import Row
from bench.workshop import Workshop

_CLIENTS: Final = 8
_ROUNDS: Final = 3


def measure(workshop: Workshop) -> list[Row]:
    """Answers a second of one and of two processes by turns, and the ratio."""
    asked = questions(workshop.records, workshop.size(60, 2))
    paths = [f"/tim?{query}" for queries in asked.values() for query in queries]
    settings = {"KHO_WORKER_JOBS": "0"}
    rates: dict[int, list[float]] = {1: [], 2: []}
    with ExitStack() as stack:
        servers = [stack.enter_context(kho(workshop.library, settings)) for _ in range(2)]
        for server in servers:
            load(server.port, paths[:20], 2)
        for _ in range(workshop.size(_ROUNDS, 1)):
            for count in (1, 2):
                rates[count].append(_rate(servers[:count], paths))
    one, two = max(rates[1]), max(rates[2])
    return [
        Row("one process", one, "pages/s", note=f"{len(paths)} searches, {_CLIENTS} clients"),
        Row("two processes", two, "pages/s"),
        Row("two / one", two / one, "×", note="clients and servers share the processors"),
    ]


def _rate(servers: Sequence[Server], paths: Sequence[str]) -> float:
    """All paths, dealt out to the servers; as many clients in sum, however many servers."""
    shares = [paths[number :: len(servers)] for number in range(len(servers))]
    threads = [
        threading.Thread(target=load, args=(server.port, share, _CLIENTS // len(servers)))
        for server, share in zip(servers, shares, strict=True)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(paths) / (time.perf_counter() - began)
