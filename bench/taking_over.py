"""Descriptions are imported in bulk, into the database and into the index."""

import time

from bench.tables import Row
from bench.workshop import Workshop, opened
from repo_server.services import indexing, operators
from repo_server.services.cataloguing import add_records


def measure(workshop: Workshop) -> list[Row]:
    """Records a second, first time and repeated."""
    records = workshop.records
    count = len(records)
    with opened(workshop.folder("taking-over")) as library:
        viewer = operators.acting_for(library, None)
        spent = time.process_time()
        began = time.perf_counter()
        report = add_records(library, viewer, records)
        written = time.perf_counter()
        indexing.feed_all(library)
        fed = time.perf_counter()
        spent = time.process_time() - spent
        again = add_records(library, viewer, records)
        repeated = time.perf_counter()
        held = library.indexes[0].count()
    if report.added != count or again.unchanged != count or held != count:
        raise RuntimeError(f"{report}, {again}, {held} in the index")
    return [
        Row("into the database", count / (written - began), "records/s", note=f"{count} records"),
        Row("into the index", count / (fed - written), "records/s"),
        Row(
            "into both",
            count / (fed - began),
            "records/s",
            at_least=1000,
            note=f"{count / spent:.0f} in a second of processor time",
        ),
        Row("repeated, nothing changed", count / (repeated - fed), "records/s"),
    ]
