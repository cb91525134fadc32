"""A file of 1 GiB is uploaded: beside the least handler that does the work, and beside nginx."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.clients import Connection, one, wanted
from bench.processes import Peak, watched
from bench.servers import Server, bare, kho, nginx
from bench.tables import Row, not_measured
from bench.workshop import Workshop, token_in

MIB: Final = 1 << 20
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class _Taken:
    """One upload: seconds that passed, seconds of processor time that its server used."""

    seconds: float
    spent: float


def measure(workshop: Workshop) -> list[Row]:
    """Seconds of each server by turns, the medians set in relation."""
    size = workshop.size(1024, 16) * MIB
    source = sound_file(workshop.folder("source") / "sound.wav", size)
    data, files = workshop.folder("upload"), workshop.folder("nginx-upload")
    token = token_in(data)
    ours, least, theirs = [], [], []
    with ExitStack() as stack:
        server = stack.enter_context(kho(data))
        handler = stack.enter_context(bare(workshop.folder("bare")))
        other = stack.enter_context(nginx(workshop.nginx, files)) if workshop.nginx else None
        upload(server, token, "sound.wav", source, key="warm it up")
        with watched(server.family) as peak:
            upload(server, token, "sound.wav", source, key="while watched")
        for number in range(workshop.size(_ROUNDS, 1)):
            least.append(_put(handler, source))
            theirs += [_put(other, source)] if other else []
            ours.append(upload(server, token, "sound.wav", source, key=f"round number {number}"))
            (workshop.folder("bare") / "body").unlink()
    return list(_rows(size / MIB, ours, least, theirs, peak))


def _rows(
    mib: float, ours: list[_Taken], least: list[_Taken], theirs: list[_Taken], peak: Peak
) -> Iterator[Row]:
    yield _rate("Kho: declare, send, durable", mib, ours)
    yield _rate("bare ASGI handler", mib, least)
    yield Row("Kho / bare handler", _median(least) / _median(ours), "×", at_least=0.8)
    if theirs:
        yield _rate("nginx PUT, which neither hashes nor syncs", mib, theirs)
        yield Row("Kho / nginx", _median(theirs) / _median(ours), "×", at_least=0.45)
    else:
        yield not_measured("Kho / nginx", "nginx with its dav module is missing")
    yield Row("memory above idle, at most", peak.growth, "MiB", at_most=32)


def _rate(what: str, mib: float, taken: list[_Taken]) -> Row:
    spent = median(one.spent for one in taken)
    note = f"{_median(taken):.2f} s, {spent:.2f} s of processor time"
    return Row(what, mib / _median(taken), "MiB/s", note=note)


def _median(taken: list[_Taken]) -> float:
    return median(one.seconds for one in taken)


def upload(server: Server, token: str, name: str, source: Path, *, key: str) -> _Taken:
    """Seconds until all bytes are durable; waits for the check, which is not counted."""
    headers = {"authorization": f"Bearer {token}"}
    declaration = f'{{"name": "{name}", "size": {source.stat().st_size}}}'.encode()
    with Connection(server.port, headers) as connection:
        before, began = server.family.cpu_seconds(), time.perf_counter()
        declared = connection.ask(
            "POST",
            "/api/uploads",
            headers={"content-type": "application/json", "idempotency-key": key},
            body=declaration,
        )
        url = wanted(declared, 201).json()["url"]
        sent = connection.ask("PATCH", url, headers={"upload-offset": "0"}, body=source)
        wanted(sent, 204)
        taken = _Taken(time.perf_counter() - began, server.family.cpu_seconds() - before)
        while connection.ask("GET", url).json()["state"] in ("received", "checking"):
            time.sleep(0.05)
    return taken


def _put(server: Server, source: Path) -> _Taken:
    before = server.family.cpu_seconds()
    answer = wanted(one(server.port, "PUT", "/body", body=source), 200, 201, 204)
    return _Taken(answer.seconds, server.family.cpu_seconds() - before)


def sound_file(path: Path, size: int) -> Path:
    """A WAV file of exactly `size` bytes of noise, in the page cache and on the disk."""
    rest = size - 44
    rate = 44_100
    head = b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    form = (1, 2), (1, 2), (rate, 4), (2 * rate, 4), (2, 2), (16, 2)
    head += b"".join(value.to_bytes(width, "little") for value, width in form)
    head += b"data" + rest.to_bytes(4, "little")
    noise = os.urandom(MIB)
    with path.open("wb") as file:
        file.write(head)
        while rest:
            rest -= file.write(noise[:rest])
        file.flush()
        os.fsync(file.fileno())
    return path
