"""Search at 10,000, 100,000 and 1,000,000 materials, three of ten with the text of pages.

`KHO_BENCH_SIZES` says how many (by commas; 10,000 if nothing is said). `KHO_BENCH_FOLDER` names a
folder in which libraries stay between runs: to make one of a million takes half an hour. Caches
are cold, no question is asked twice, facets are counted, and what may be found is in the query.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote

from bench.clients import Load, load, one
from bench.questions import questions
from bench.scale_beside import bare_tantivy, fts5
from bench.scale_build import records
from bench.servers import ROOT, Server, kho
from bench.tables import Row, p50, p95
from bench.workshop import Workshop, opened
from repo_server.services import operators
from repo_server.services.cataloguing import CatalogueRecord, add_records

_CLIENTS: Final = 8
_OF_EACH_KIND: Final = 100
_SAMPLED: Final = 20_000
_PUBLISHED: Final = 10
_FOUND_SECONDS: Final = 30.0
_SINGLE: Final = "words without accents"
_GOALS: Final[Mapping[int, float]] = {100_000: 25, 300_000: 200, 1_000_000: 120}
"""Milliseconds that one of twenty searches may exceed, by the size of the library."""


def measure(workshop: Workshop) -> list[Row]:
    """Build where nothing is kept, then ask."""
    sizes = os.environ.get("KHO_BENCH_SIZES", str(workshop.size(10_000, 200)))
    kept = os.environ.get("KHO_BENCH_FOLDER")
    root = Path(kept) if kept else workshop.folder("scale")
    rows: list[Row] = []
    for size in map(int, sizes.split(",")):
        rows += _at(workshop, root / str(size), size)
    return rows


def _at(workshop: Workshop, data: Path, size: int) -> Iterator[Row]:
    name = f"{size:,}"
    told = data / "build.json"
    if not told.exists():
        told.write_text(_built(data, size))
    yield from _build_rows(name, size, json.loads(told.read_text()))
    with opened(data) as library:
        sampled = list(islice(records(library, size), _SAMPLED))
    asked = questions(sampled, workshop.size(_OF_EACH_KIND, 3))
    _forget(data)
    with kho(data, {"KHO_WORKER_JOBS": "1"}) as server:
        yield from _asked(name, server, asked, _GOALS.get(size))
        yield from _while_publishing(name, data, server, asked, workshop.size(_PUBLISHED, 1))
    yield from _beside(workshop, name, data, asked[_SINGLE])


def _built(data: Path, size: int) -> str:
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bench.scale_build", str(data), str(size)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _build_rows(name: str, size: int, told: Mapping[str, Any]) -> Iterator[Row]:
    both = told["database"] + told["index"]
    note = f"{told['cpu']:.0f} s of processor; {size / told['database']:.0f} into the database"
    yield Row(f"{name}: build", size / both, "materials/s", at_least=1000, note=note)
    sizes = f"index {told['index_mib']:.0f} MiB, database {told['database_mib']:.0f} MiB"
    yield Row(f"{name}: peak memory of the build", told["peak_mib"], "MiB", note=sizes)


def _forget(data: Path) -> None:
    """Let the system drop what it holds of the library's files."""
    for path in filter(Path.is_file, data.rglob("*")):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _asked(
    name: str, server: Server, asked: Mapping[str, Sequence[str]], goal: float | None
) -> Iterator[Row]:
    for kind, queries in asked.items():
        before = server.family.cpu_seconds()
        found = load(server.port, [f"/api/search?{query}" for query in queries], 1)
        cost = 1000 * (server.family.cpu_seconds() - before) / len(queries)
        yield _times(f"{name}: {kind}", found, goal, f"{cost:.1f} ms of processor each")
    beginnings = [f"/api/suggest?{query}" for query in asked["unfinished word"]]
    yield _times(f"{name}: suggestions", load(server.port, beginnings, 1), 20, "")


def _times(what: str, found: Load, goal: float | None, note: str) -> Row:
    times = [1000 * each for each in found.each]
    said = f"p50 {p50(times):.1f}, longest {max(times):.0f} ms of {len(times)}; {note}"
    return Row(f"{what}, p95", p95(times), "ms", at_most=goal, note=said)


def _while_publishing(
    name: str, data: Path, server: Server, asked: Mapping[str, Sequence[str]], count: int
) -> Iterator[Row]:
    """Eight clients search, while a material a second is published and looked for."""
    mixed = list(chain.from_iterable(zip(*asked.values(), strict=False)))
    paths = [f"/api/search?{query}&size=19" for query in mixed]
    waits: list[float] = []
    over = threading.Event()
    publishing = threading.Thread(target=_publish, args=(data, server.port, count, waits, over))
    publishing.start()
    before = server.family.cpu_seconds()
    found = load(server.port, paths, _CLIENTS)
    spent = server.family.cpu_seconds() - before
    over.set()
    publishing.join()
    cost = f"{1000 * spent / len(paths):.1f} ms of processor each"
    yield Row(f"{name}: {_CLIENTS} clients", found.rate, "searches/s", at_least=40, note=cost)
    yield _times(f"{name}: {_CLIENTS} clients", found, 200, "")
    latest = max(waits, default=0.0)
    note = f"{len(waits)} materials, one a second"
    yield Row(f"{name}: published until found, longest", latest, "s", at_most=2, note=note)
    yield Row(f"{name}: memory of the server", server.family.proportional_mib(), "MiB")


def _publish(data: Path, port: int, count: int, waits: list[float], over: threading.Event) -> None:
    with opened(data) as library:
        viewer = operators.acting_for(library, None)
        for number in range(count):
            began = time.perf_counter()
            word = f"zq{time.time_ns() % 10**12}"
            add_records(library, viewer, [CatalogueRecord(f"new:{word}", f"Học liệu {word}")])
            while not one(port, "GET", f"/api/search?q={quote(word)}").json()["total"]:
                if time.perf_counter() - began > _FOUND_SECONDS:
                    break
                time.sleep(0.02)
            waits.append(time.perf_counter() - began)
            if over.wait(max(0.0, 1 - (time.perf_counter() - began))) and number:
                return


def _beside(workshop: Workshop, name: str, data: Path, asked: Sequence[str]) -> Iterator[Row]:
    """How much longer ours takes than engines that only look for words."""
    words = [parse_qs(query)["q"][0] for query in asked]
    folder = workshop.folder(f"beside-{data.name}")
    with opened(data) as library:
        others = {"FTS5": fts5(library, folder, words)}
        others["bare tantivy"] = bare_tantivy(library, folder, words)
    with kho(data, {"KHO_WORKER_JOBS": "0"}) as server:
        paths = [f"/api/search?{query}" for query in asked]
        ours = p50([1000 * each for each in load(server.port, paths, 1).each])
    for other, (middle, slow) in others.items():
        note = f"{other} p50 {middle:.2f}, p95 {slow:.2f} ms; ours answers over HTTP, with facets"
        yield Row(f"{name}: ours / {other}, p50", ours / middle, "×", note=note)
