"""How soon a server with 10,000 materials serves, and the memory that it takes."""

import time
from statistics import median
from typing import Final

from bench.clients import load
from bench.questions import questions
from bench.servers import kho
from bench.tables import Row
from bench.workshop import Workshop

_ROUNDS: Final = 5
_SETTLED: Final = 1.0


def measure(workshop: Workshop) -> list[Row]:
    """Seconds from the command to the first 200 of /health/ready; memory before and after load."""
    data = workshop.library
    seconds = []
    for _ in range(workshop.size(_ROUNDS, 1)):
        with kho(data) as server:
            seconds.append(server.start_seconds)
    asked = questions(workshop.records, workshop.size(40, 2))
    paths = [f"/tim?{query}" for queries in asked.values() for query in queries]
    with kho(data) as server:
        time.sleep(_SETTLED)
        idle, idle_rss = server.family.proportional_mib(), server.family.resident_mib()
        load(server.port, paths, 8)
        time.sleep(_SETTLED)
        after, after_rss = server.family.proportional_mib(), server.family.resident_mib()
    return [
        Row("start, from the command to ready", median(seconds), "s", at_most=2),
        Row("memory, idle (PSS)", idle, "MiB", note=f"RSS {idle_rss:.0f} MiB"),
        Row(f"memory after {len(paths)} searches", after, "MiB", note=f"RSS {after_rss:.0f} MiB"),
    ]
