"""Searching and browsing a library of 10,000 materials."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from sqlalchemy import select

from bench.clients import Load, load
from bench.questions import questions
from bench.servers import Server, kho
from bench.tables import Row, p50, p95
from bench.workshop import Workshop, opened
from repo_server.database.models import CurriculumItem, Framework

_CLIENTS: Final = 8
_WARM: Final = ("/api/search?q=toan", "/api/search", "/chuong-trinh", "/api/suggest?q=toan")


def measure(workshop: Workshop) -> list[Row]:
    """Milliseconds of each kind of question, then of all of them by eight clients at once."""
    asked = questions(workshop.records, workshop.size(60, 4))
    pages, items = _places(workshop, workshop.size(200, 4))
    with kho(workshop.library) as server:
        load(server.port, _WARM, 1)
        return list(_rows(server, asked, pages, items))


def _rows(
    server: Server, asked: dict[str, list[str]], pages: list[str], items: list[str]
) -> Iterator[Row]:
    everything = []
    for name, queries in asked.items():
        paths = [f"/api/search?{query}" for query in queries]
        everything.append(paths)
        yield from _times(f"search, {name}", load(server.port, paths, 1))
    suggested = [path.replace("/api/search", "/api/suggest") for path in everything[3]]
    yield from _times("suggestions", load(server.port, suggested, 1))
    yield from _times("curriculum page", load(server.port, pages, 1))
    yield from _times("curriculum item, API", load(server.port, items, 1))
    mixed = list(chain.from_iterable(zip(*everything, strict=False)))
    yield from _together(server, "search", mixed)
    yield from _together(server, "browse", [*pages, *items])


def _together(server: Server, name: str, paths: Sequence[str]) -> Iterator[Row]:
    before = server.family.cpu_seconds()
    found = load(server.port, paths, _CLIENTS)
    spent = server.family.cpu_seconds() - before
    yield from _times(f"{name}, {_CLIENTS} clients", found)
    cost = f"{1000 * spent / len(paths):.1f} ms of processor each"
    yield Row(f"{name}, {_CLIENTS} clients", found.rate, "answers/s", note=cost)


def _times(name: str, found: Load) -> Iterator[Row]:
    note = f"p95 {1000 * p95(found.each):.1f} ms of {len(found.each)}"
    yield Row(name, 1000 * p50(found.each), "ms", note=note)


def _places(workshop: Workshop, count: int) -> tuple[list[str], list[str]]:
    """Addresses of the curriculum's pages and of its items in the API, spread over the tree."""
    with opened(workshop.library) as library, library.database.read() as session:
        rows = session.execute(
            select(Framework.code, CurriculumItem.code, CurriculumItem.id)
            .join(Framework, Framework.id == CurriculumItem.framework_id)
            .where(CurriculumItem.kind != "outcome")
            .order_by(CurriculumItem.id)
        ).all()
    chosen = rows[:: max(1, len(rows) // count)][:count]
    pages = [f"/chuong-trinh/{framework}/{code}" for framework, code, _ in chosen]
    return pages, [f"/api/curriculum/items/{item_id}" for _, _, item_id in chosen]
