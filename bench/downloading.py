"""A file of 100 MB is downloaded, whole and in part, beside nginx."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from typing import Final

from bench.clients import load, one, wanted
from bench.servers import Server, kho, nginx
from bench.tables import Row, not_measured
from bench.uploading import sound_file
from bench.workshop import Workshop, opened
from repo_server.services import importing, operators

_ROUNDS: Final = 15
_PATH: Final = "/api/files/1/content"


def measure(workshop: Workshop) -> list[Row]:
    """MB a second of each server by turns, the medians set in relation."""
    size = workshop.size(100_000_000, 2_000_000)
    source = sound_file(workshop.folder("to-import") / "sound.wav", size)
    data, files = workshop.folder("download"), workshop.folder("nginx-download")
    with opened(data) as library:
        viewer = operators.acting_for(library, None)
        importing.import_folder(library, viewer, source.parent, publish=True)
    middle = f"bytes={size // 4}-{size // 4 + size // 2 - 1}"
    rows: list[Row] = []
    with ExitStack() as stack:
        server = stack.enter_context(kho(data))
        other = stack.enter_context(nginx(workshop.nginx, files)) if workshop.nginx else None
        if other:
            shutil.copy(source, files / "files" / "sound.wav")
        load(server.port, [_PATH], 1)
        for what, part, amount in (("whole", None, size), ("the middle half", middle, size // 2)):
            rows += _compared(server, other, what, part, amount, workshop.size(_ROUNDS, 2))
    return rows


def _compared(
    server: Server, other: Server | None, what: str, part: str | None, amount: int, rounds: int
) -> Iterator[Row]:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_fetch(server, _PATH, part))
        theirs += [_fetch(other, "/sound.wav", part)] if other else []
    seconds = median(ours)
    note = f"{amount / 1e6:.0f} MB in {1000 * seconds:.0f} ms"
    yield Row(f"Kho, {what}", amount / 1e6 / seconds, "MB/s", note=note)
    if theirs:
        yield Row(f"nginx, {what}", amount / 1e6 / median(theirs), "MB/s")
        yield Row(f"Kho / nginx, {what}", median(theirs) / seconds, "×", at_least=0.7)
    else:
        yield not_measured(f"Kho / nginx, {what}", "nginx is missing")


def _fetch(server: Server, path: str, part: str | None) -> float:
    headers = {"range": part} if part else {}
    answer = one(server.port, "GET", path, headers=headers, keep=False)
    return wanted(answer, 206 if part else 200).seconds
