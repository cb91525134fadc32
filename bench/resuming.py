"""A drill: a file of 5 GB comes in pieces while the server is killed again and again."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from bench.clients import HOST, Connection, Refused, wanted
from bench.processes import watched
from bench.servers import Server, kho
from bench.tables import Row, not_measured
from bench.workshop import Workshop, token_in
from repo_server.samples.media import find_ffmpeg
from tests.servers.seaweedfs import BUCKET, REGION, SeaweedMissing, own_seaweedfs

MIB: Final = 1 << 20
_KILLS: Final = 5
_PIECE: Final = 64 * MIB
"""Bytes of one request: what a client sends before it wants to hear that they are safe."""

_AT_ONCE: Final = 4
_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Drill:
    """What came of one: seconds in all, how often the server died, most memory, equal bytes."""

    seconds: float
    kills: int
    growth: float
    equal: bool


def measure(workshop: Workshop) -> list[Row]:
    """The drill on a folder, four files at once, and four at once on an S3 server."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return [not_measured("a film that is cut off", "ffmpeg is missing")]
    size = workshop.size(5120, 48) * MIB
    several = workshop.size(1024, 24) * MIB
    film = a_film(ffmpeg, workshop.folder("films") / "whole.mp4", size)
    films = [a_film(ffmpeg, film.with_name(f"{n}.mp4"), several) for n in range(_AT_ONCE)]
    rows = [
        *_rows("5 GB", _drill(workshop.folder("one"), [film], {}), 32),
        *_rows("4 at once", _drill(workshop.folder("four"), films, {}), 96),
    ]
    film.unlink()
    shutil.rmtree(workshop.folder("one"))
    shutil.rmtree(workshop.folder("four"))
    return [*rows, *_on_s3(workshop, films)]


def _on_s3(workshop: Workshop, films: list[Path]) -> Iterator[Row]:
    try:
        with own_seaweedfs() as server:
            settings = {
                "KHO_STORAGE_URL": f"s3://{BUCKET}",
                "KHO_S3_ENDPOINT": server.endpoint,
                "KHO_S3_REGION": REGION,
                "KHO_S3_ACCESS_KEY": server.access_key,
                "KHO_S3_SECRET_KEY": server.secret_key,
            }
            yield from _rows("S3, 1", _drill(workshop.folder("s3-1"), films[:1], settings), 32)
            yield from _rows("S3, 4 at once", _drill(workshop.folder("s3"), films, settings), 96)
    except SeaweedMissing as error:
        yield not_measured("S3", str(error))


def _rows(what: str, drill: _Drill, limit: float) -> Iterator[Row]:
    yield Row(f"{what}: equal bytes in the end", float(drill.equal), at_least=1)
    yield Row(f"{what}: kill -9 survived", drill.kills, at_least=_KILLS)
    yield Row(f"{what}: memory above idle, at most", drill.growth, "MiB", at_most=limit)
    yield Row(f"{what}: from the first byte to the checked file", drill.seconds, "s")


def _drill(data: Path, films: list[Path], settings: Mapping[str, str]) -> _Drill:
    """Send the films at once, kill the server at even distances, look at what it has in the end."""
    token, began, growth, kills = token_in(data), time.perf_counter(), 0.0, 0
    sendings = [_Sending(film, token) for film in films]
    size = sum(film.stat().st_size for film in films)
    for number in range(1, _KILLS + 2):
        last = number > _KILLS
        with kho(data, settings) as server:
            _declare_missing(server, sendings)
            with watched(server.family, of="proportional") as peak:
                kills += _send(server, sendings, None if last else size * number // (_KILLS + 1))
            growth = max(growth, peak.growth)
            if last:
                equal = all(sending.is_whole(server) for sending in sendings)
    return _Drill(time.perf_counter() - began, kills, growth, equal)


def _declare_missing(server: Server, sendings: list["_Sending"]) -> None:
    for sending in sendings:
        sending.declare(server)


def _send(server: Server, sendings: list["_Sending"], until: int | None) -> bool:
    """Send all of them; when `until` bytes have left in sum, everything of the server is killed.

    Whether it was.
    """
    killed = False
    threads = [threading.Thread(target=sending.run, args=(server.port,)) for sending in sendings]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if until is not None and sum(sending.sent for sending in sendings) >= until:
            killed = True
            _kill(server)
            break
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    return killed


def _kill(server: Server) -> None:
    for process in server.family.members():
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


class _Sending:
    """One film on its way, by a client that asks how far it is and goes on from there."""

    def __init__(self, film: Path, token: str) -> None:
        self._film = film
        self._size = film.stat().st_size
        self._headers = {"authorization": f"Bearer {token}", "tus-resumable": "1.0.0"}
        self._url = ""
        self.sent = 0
        """Bytes that are certain, and those of the request under way."""

    def declare(self, server: Server) -> None:
        """Create the upload, if that has not been done."""
        if self._url:
            return
        said = {"upload-length": str(self._size), "upload-metadata": "filename ZmlsbS5tcDQ="}
        with Connection(server.port, self._headers) as connection:
            created = wanted(connection.ask("POST", "/api/uploads", headers=said), 201)
            self._url = created.headers["location"]

    def run(self, port: int) -> None:
        """Send until all is there or the server is gone."""
        with suppress(OSError, Refused), Connection(port, self._headers) as connection:
            asked = wanted(connection.ask("HEAD", self._url), 200)
            self.sent = int(asked.headers["upload-offset"])
            while self.sent < self._size:
                self._patch(port)

    def _patch(self, port: int) -> None:
        offset = self.sent
        count = min(_PIECE, self._size - offset)
        lines = {
            **self._headers,
            "host": HOST,
            "content-type": "application/offset+octet-stream",
            "upload-offset": str(offset),
            "content-length": str(count),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        with (
            socket.create_connection((HOST, port), _SECONDS) as line,
            self._film.open("rb") as film,
        ):
            line.setblocking(True)
            line.sendall(f"PATCH {self._url} HTTP/1.1\r\n{head}\r\n".encode())
            while self.sent < offset + count:
                rest = min(MIB, offset + count - self.sent)
                self.sent += os.sendfile(line.fileno(), film.fileno(), self.sent, rest)
            if b" 204 " not in line.recv(65_536)[:20]:
                raise Refused("no 204")

    def is_whole(self, server: Server) -> bool:
        """Whether the checked file holds the bytes of the film."""
        with Connection(server.port, self._headers) as connection:
            deadline = time.monotonic() + _SECONDS
            while (upload := connection.ask("GET", self._url).json())["state"] != "ready":
                if upload["state"] == "rejected" or time.monotonic() > deadline:
                    raise RuntimeError(f"{upload['state']}: {upload['reason']}")
                time.sleep(0.1)
            return self._same_as(connection, f"/api/files/{upload['file']}/content")

    def _same_as(self, connection: Connection, url: str) -> bool:
        digest = hashlib.sha256()
        for start in range(0, self._size, _PIECE):
            asked = {"range": f"bytes={start}-{min(start + _PIECE, self._size) - 1}"}
            digest.update(_fetched(connection, url, asked))
        with self._film.open("rb") as film:
            return digest.digest() == hashlib.file_digest(film, "sha256").digest()


def _fetched(connection: Connection, url: str, headers: dict[str, str]) -> bytes:
    answer = connection.ask("GET", url, headers=headers)
    if answer.status != 302:
        return wanted(answer, 206).body
    # A large file on S3 comes from there.
    place = answer.headers["location"].removeprefix("http://")
    host, _, path = place.partition("/")
    with Connection(int(host.rpartition(":")[2])) as elsewhere:
        return wanted(elsewhere.ask("GET", f"/{path}", headers=headers), 206).body


def a_film(ffmpeg: str, path: Path, size: int) -> Path:
    """An MP4 of exactly `size` bytes: a second of a test picture, then a box of noise."""
    picture = "testsrc=size=320x180:rate=5:duration=1"
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    noise = os.urandom(16 * MIB)
    with path.open("ab") as file:
        rest = size - file.tell()
        # A box whose length has 64 bits, of the kind that players skip.
        file.write(b"\0\0\0\1free" + rest.to_bytes(8, "big"))
        rest -= 16
        while rest:
            # No two pieces alike: what is put together wrongly is another file.
            file.write(rest.to_bytes(8, "big")[: min(8, rest)])
            rest -= min(8, rest)
            rest -= file.write(noise[: min(rest, len(noise))])
        file.flush()
        os.fsync(file.fileno())
    return path
