"""From the last byte to the search: what a teacher waits for; and how fast small files come in."""

import json
import os
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from bench.catalogue import sentences
from bench.clients import Connection, wanted
from bench.papers import paper
from bench.servers import Server, kho
from bench.tables import Row, not_measured
from bench.uploading import sound_file
from bench.workshop import Workshop, token_in
from repo_server.app import WEB
from repo_server.samples.manuscript import FontFiles, Manuscript
from repo_server.samples.markup import read_blocks
from repo_server.samples.media import find_ffmpeg
from repo_server.samples.slides import write_pptx
from repo_server.samples.writer import find_fonts

MIB: Final = 1 << 20
_CLIENTS: Final = 8
_PUBLIC: Final = {"kind": "worksheet", "license": "cc-by-4.0", "grades": [6], "subjects": ["toan"]}


def measure(workshop: Workshop) -> list[Row]:
    """Seconds to the search for three files, then files a second beside the disk alone."""
    return [*_waits(workshop), *_rates(workshop)]


# From the last byte to the search


def _waits(workshop: Workshop) -> Iterator[Row]:
    fonts, ffmpeg = find_fonts(WEB / "node_modules"), find_ffmpeg()
    files: list[tuple[str, str, bytes | None, str]] = [
        ("a PDF of 20 pages", "giay.pdf", fonts and _pages(fonts, 20), "the typeface is missing"),
        ("a PPTX of 40 slides", "chieu.pptx", fonts and _slides(fonts, 40), "the typeface"),
        ("a video of 10 minutes", "phim.mp4", ffmpeg and _film(ffmpeg, workshop), "ffmpeg"),
    ]
    data = workshop.folder("arriving")
    token = token_in(data)
    with kho(data) as server, Connection(server.port, _headers(token)) as connection:
        _wait_for(connection, "am-len.pdf", b"%PDF-1.4 none")
        for what, name, content, lacking in files:
            if not content:
                yield not_measured(what, f"{lacking} is missing")
                continue
            checked, found = _wait_for(connection, name, content)
            note = f"{len(content) / MIB:.1f} MiB, checked after {checked:.2f} s"
            yield Row(f"{what}: from the last byte to the search", found, "s", note=note)


def _headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def _wait_for(connection: Connection, name: str, content: bytes) -> tuple[float, float]:
    """Seconds from the last byte until the file is checked, and until a search finds it.

    In between a program describes and publishes the material, as fast as it can.
    """
    url = _sent(connection, name, content)
    began = time.perf_counter()
    upload: dict[str, Any] = {"state": ""}
    while upload["state"] not in ("ready", "rejected"):
        upload = connection.ask("GET", url).json()
        time.sleep(0.01)
    checked = time.perf_counter() - began
    if upload["state"] == "rejected":
        return checked, checked
    title = f"Bài đến sớm {name}"
    _published(connection, upload["material"]["id"], title)
    asked = f"/api/search?q={quote(title)}"
    while not connection.ask("GET", asked).json()["total"]:
        time.sleep(0.01)
    return checked, time.perf_counter() - began


def _sent(connection: Connection, name: str, content: bytes) -> str:
    declaration = json.dumps({"name": name, "size": len(content)}).encode()
    url: str = wanted(connection.ask("POST", "/api/uploads", body=declaration), 201).json()["url"]
    wanted(connection.ask("PATCH", url, headers={"upload-offset": "0"}, body=content), 204)
    return url


def _published(connection: Connection, material: int, title: str) -> None:
    url = f"/api/materials/{material}"
    tag = wanted(connection.ask("GET", url), 200).headers["etag"]
    fields = json.dumps({**_PUBLIC, "title": title}).encode()
    changed = connection.ask("PATCH", url, headers={"if-match": tag}, body=fields)
    tag = wanted(changed, 200).headers["etag"]
    wanted(connection.ask("POST", f"{url}/publish", headers={"if-match": tag}), 200)


def _pages(fonts: FontFiles, pages: int) -> bytes:
    """A PDF of about that many pages of text."""
    return paper(fonts, 1, parts=pages * 4 // 3)


def _slides(fonts: FontFiles, slides: int) -> bytes:
    chance = random.Random("slides")
    text = "\n\n".join(
        f"## Trang {number}\n\n" + "\n\n".join(sentences(chance, 5))
        for number in range(2, slides + 1)
    )
    cover = Manuscript(
        title="Bài trình chiếu dài",
        subject_name="Toán",
        grade_label="Lớp 6",
        author="Nguyễn Thị Lan",
        organization="Trường THCS Hòa Bình",
        keywords=(),
        language="vi",
        color="1f6f5c",
        blocks=(),
        pictures={},
        fonts=fonts,
    )
    return write_pptx(replace(cover, blocks=read_blocks(text)))


def _film(ffmpeg: str, workshop: Workshop) -> bytes:
    """Ten minutes of a moving test picture with a tone."""
    path = workshop.folder("film") / "film.mp4"
    seconds = workshop.size(600, 2)
    inputs = [
        "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=10:duration={seconds}",
        "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}",
    ]  # fmt: skip
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-y", *inputs, *coding, str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


# Files a second


def _rates(workshop: Workshop) -> Iterator[Row]:
    count = workshop.size(400, 8)
    folder = workshop.folder("small-files")
    files = [
        sound_file(folder / f"{number}.wav", 1_000_000).read_bytes() for number in range(count)
    ]
    data = workshop.folder("small-uploads")
    token = token_in(data)
    plain = _plain(data, files)
    yield Row("1 MB files written and synced, one after the other", plain, "files/s")
    for what, jobs in (("received, durable", "0"), ("received and checked", "2")):
        with kho(data, {"KHO_WORKER_JOBS": jobs}) as server:
            seconds, spent = _received(server, token, files, checked=jobs != "0")
        note = f"{_CLIENTS} clients, {1000 * spent / count:.1f} ms of processor time each"
        yield Row(f"1 MB uploads {what}", count / seconds, "files/s", note=note)
        yield Row("… for each core that is busy with them", count / spent, "files/s")
        yield Row("… / written and synced", count / seconds / plain, "×")
        # Other bytes: a file that is known already would cost less.
        files = [file[:-8] + os.urandom(8) for file in files]


def _plain(data: Path, files: Sequence[bytes]) -> float:
    """Files a second that the same disk takes from a loop that does nothing else."""
    folder = data / "plain"
    folder.mkdir()
    began = time.perf_counter()
    for number, content in enumerate(files):
        with (folder / str(number)).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return len(files) / (time.perf_counter() - began)


def _received(
    server: Server, token: str, files: Sequence[bytes], *, checked: bool
) -> tuple[float, float]:
    """Seconds and processor seconds for all of them, sent by several clients."""

    def send(share: Sequence[bytes]) -> list[str]:
        with Connection(server.port, _headers(token)) as connection:
            return [_sent(connection, "am.wav", content) for content in share]

    before, began = server.family.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(_CLIENTS) as clients:
        shares = [files[first::_CLIENTS] for first in range(_CLIENTS)]
        urls = [url for sent in clients.map(send, shares) for url in sent]
    if checked:
        with Connection(server.port, _headers(token)) as connection:
            for url in urls:
                while connection.ask("GET", url).json()["state"] in ("received", "checking"):
                    time.sleep(0.02)
    return time.perf_counter() - began, server.family.cpu_seconds() - before
