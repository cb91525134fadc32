"""A library of any size, made in a process of its own: `python -m bench.scale_build DATA COUNT`.

Prints what it took, as JSON. Three of ten materials bring the text of three pages.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.catalogue import pages_of
from bench.workshop import catalogue_maker, opened
from repo_server.services import indexing, operators
from repo_server.services.cataloguing import CatalogueRecord, add_records
from repo_server.services.library import Library

_WITH_TEXT = 0.3


def records(library: Library, count: int) -> Iterator[CatalogueRecord]:
    """The same ones each time, as a stream."""
    chance = random.Random(count)
    for record in catalogue_maker(library).records(count):
        use = int(chance.paretovariate(1.1))
        if chance.random() < _WITH_TEXT:
            yield replace(record, use=use, text="\n".join(pages_of(record.title, chance)))
        else:
            yield replace(record, use=use)


def main(data: Path, count: int) -> None:
    """Make the library and tell what it took."""
    with opened(data) as library:
        viewer = operators.acting_for(library, None)
        marks = [_now()]
        report = add_records(library, viewer, records(library, count))
        marks.append(_now())
        if report.refusals:
            raise RuntimeError(f"{report.refused[0]}")
        indexing.feed_all(library)
        marks.append(_now())
    began, written, fed = marks
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {
        "database": written[0] - began[0],
        "index": fed[0] - written[0],
        "cpu": fed[1] - began[1],
        "peak_mib": peak,
        "index_mib": _size(data / "index"),
        "database_mib": sum(_size(path) for path in data.glob("kho.sqlite3*")),
    }
    print(json.dumps(told))


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _size(path: Path) -> float:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files) / (1 << 20)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
