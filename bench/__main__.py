"""`python -m bench [--small] [--json FILE] [names]`: run benchmarks, print a table for each."""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench import (
    alike,
    arriving,
    curating,
    describing,
    downloading,
    papers,
    privacy,
    quality,
    restore,
    resuming,
    scale,
    scaling,
    searching,
    serving,
    starting,
    taking_over,
    understanding,
    uploading,
)
from bench.tables import Row, table
from bench.workshop import Workshop

BENCHMARKS: Final[dict[str, tuple[str, Callable[[Workshop], list[Row]]]]] = {
    "upload": ("Upload of 1 GiB", uploading.measure),
    "resume": ("5 GB in pieces, the server killed five times", resuming.measure),
    "arrive": ("From the last byte to the search; files of 1 MB", arriving.measure),
    "download": ("Download of 100 MB", downloading.measure),
    "import": ("Bulk import of descriptions", taking_over.measure),
    "quality": ("Answers to judged questions", quality.measure),
    "search": ("Search and browse, 10,000 materials", searching.measure),
    "understanding": ("Mistyped questions", understanding.measure),
    "pages": ("Pages, 8 clients", serving.measure),
    "desk": ("Collections and the editors' desk", curating.measure),
    "pdf": ("A PDF of 3 pages, processor time", papers.measure),
    "form": ("A form that fills itself, 2,000 made-up files", describing.measure),
    "alike": ("What the library has already, 300,000 files", alike.measure),
    "privacy": ("Data of pupils noticed in made-up files", privacy.measure),
    "start": ("Start and memory, 10,000 materials", starting.measure),
    "restore": ("Restore drill, 1,000 materials", restore.measure),
    "scale": ("Search at size; see bench/scale.py", scale.measure),
    "processes": ("Pages from one process and from two", scaling.measure),
}


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; the exit status is 0 whatever the figures are."""
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--small", action="store_true", help="a smoke test: figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    names = asked.names or list(BENCHMARKS)
    # Ended from outside it still stops its servers and takes its folder away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    figures = {}
    print(_machine(small=asked.small), flush=True)
    with tempfile.TemporaryDirectory(prefix="kho-bench-") as root:
        workshop = Workshop(Path(root), small=asked.small)
        for name in names:
            title, measure = BENCHMARKS[name]
            rows = measure(workshop)
            figures[name] = [row.as_json() for row in rows]
            print(table(title, rows, judged=not asked.small), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    return 0


def _machine(*, small: bool) -> str:
    load = os.getloadavg()[0]
    said = f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load:.1f}"
    return f"{said}{', small: these figures mean nothing' if small else ''}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
