"""Pages a second: a material's page, the search page, the home page."""

import random
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from sqlalchemy import select

from bench.clients import load
from bench.questions import questions
from bench.servers import Server, kho
from bench.tables import Row, p50, p95
from bench.workshop import Workshop, opened
from repo_server.database.models import Material

_CLIENTS: Final = 8
_SEED: Final = 11


def measure(workshop: Workshop) -> list[Row]:
    """Answers a second with eight clients, and the processor time of each."""
    count = workshop.size(400, 8)
    asked = questions(workshop.records, workshop.size(70, 2))
    searches = [
        f"/tim?{query}" for query in chain.from_iterable(zip(*asked.values(), strict=False))
    ]
    materials = _materials(workshop, count)
    with kho(workshop.library) as server:
        load(server.port, ["/", *materials[:8], *searches[:4]], 1)
        return [
            *_rates(server, "material page", materials),
            *_rates(server, "search page", searches[:count]),
            *_rates(server, "home page", ["/"] * (count // 2)),
            *_rates(server, "no page at all (/health/live)", ["/health/live"] * count),
        ]


def _rates(server: Server, name: str, paths: Sequence[str]) -> Iterator[Row]:
    before = server.family.cpu_seconds()
    found = load(server.port, paths, _CLIENTS)
    spent = 1000 * (server.family.cpu_seconds() - before) / len(paths)
    times = f"p50 {1000 * p50(found.each):.0f} ms, p95 {1000 * p95(found.each):.0f} ms"
    yield Row(name, found.rate, "answers/s", note=f"{times}; {spent:.1f} ms of processor each")


def _materials(workshop: Workshop, count: int) -> list[str]:
    with opened(workshop.library) as library, library.database.read() as session:
        codes = list(session.scalars(select(Material.code).order_by(Material.external_id)))
    return [
        f"/hoc-lieu/{code}" for code in random.Random(_SEED).sample(codes, min(count, len(codes)))
    ]
