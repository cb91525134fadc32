"""What a PDF of three pages costs, from its first byte until people find it with its picture."""

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench.catalogue import sentences
from bench.clients import Connection, wanted
from bench.processes import idle_share
from bench.servers import Server, kho
from bench.tables import Row, not_measured
from bench.workshop import Workshop, token_in
from repo_server.app import WEB
from repo_server.samples.manuscript import FontFiles, Manuscript
from repo_server.samples.markup import read_blocks
from repo_server.samples.paper import write_pdf
from repo_server.samples.writer import find_fonts

_IDLE_SECONDS: Final = 3
_FIELDS: Final = {
    "kind": "worksheet",
    "license": "cc-by-4.0",
    "grades": [6],
    "subjects": ["toan"],
}


def measure(workshop: Workshop) -> list[Row]:
    """Processor milliseconds of all of Kho's processes for each file, less what it uses idle."""
    fonts = find_fonts(WEB / "node_modules")
    if fonts is None:
        return [not_measured("a PDF of three pages", "the print typeface is not installed")]
    papers = [paper(fonts, number) for number in range(workshop.size(60, 3))]
    data = workshop.folder("papers")
    token = token_in(data)
    with kho(data) as server, Connection(server.port, _headers(token)) as connection:
        _publish(connection, _send(connection, papers[:2], "warm"))
        _wait_until_found(connection, 2)
        idle = idle_share(server.family, workshop.size(_IDLE_SECONDS, 1))
        return list(_rows(server, connection, papers[2:], idle))


def _rows(
    server: Server, connection: Connection, papers: Sequence[bytes], idle: float
) -> Iterator[Row]:
    began, before = time.monotonic(), server.family.cpu_seconds()
    uploads = _send(connection, papers, "paper")
    checked_at, checked = time.monotonic(), server.family.cpu_seconds()
    _publish(connection, uploads)
    _wait_until_found(connection, len(papers) + 2)
    found_at, found = time.monotonic(), server.family.cpu_seconds()
    count = len(papers)
    kilobytes = sum(map(len, papers)) / count / 1000
    to_checked = 1000 * (checked - before - idle * (checked_at - began)) / count
    in_all = 1000 * (found - before - idle * (found_at - began)) / count
    note = f"{count} files of {kilobytes:.0f} kB, {count / (checked_at - began):.1f}/s"
    yield Row("sent, checked, text and picture kept", to_checked, "ms", note=note)
    yield Row("described, published, in the index, too", in_all, "ms", at_most=60)
    yield Row("idle", 1000 * idle, "ms/s", note="left out of the figures above")


def _headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def _send(connection: Connection, papers: Sequence[bytes], name: str) -> list[dict[str, Any]]:
    """Upload all, one after the other; returns their uploads once the last one is checked."""
    urls = []
    for number, content in enumerate(papers):
        declaration = f'{{"name": "{name} {number}.pdf", "size": {len(content)}}}'
        declared = connection.ask("POST", "/api/uploads", body=declaration.encode())
        urls.append(wanted(declared, 201).json()["url"])
        sent = connection.ask("PATCH", urls[-1], headers={"upload-offset": "0"}, body=content)
        wanted(sent, 204)
    return [_checked(connection, url) for url in urls]


def _checked(connection: Connection, url: str) -> dict[str, Any]:
    while True:
        upload: dict[str, Any] = connection.ask("GET", url).json()
        if upload["state"] == "ready":
            return upload
        if upload["state"] == "rejected":
            raise RuntimeError(upload["reason"])
        time.sleep(0.1)


def _publish(connection: Connection, uploads: Sequence[dict[str, Any]]) -> None:
    fields = str(_FIELDS).replace("'", '"').encode()
    for upload in uploads:
        url = f"/api/materials/{upload['material']['id']}"
        tag = wanted(connection.ask("GET", url), 200).headers["etag"]
        changed = connection.ask("PATCH", url, headers={"if-match": tag}, body=fields)
        tag = wanted(changed, 200).headers["etag"]
        wanted(connection.ask("POST", f"{url}/publish", headers={"if-match": tag}), 200)


def _wait_until_found(connection: Connection, count: int) -> None:
    while connection.ask("GET", "/api/search?size=1").json()["total"] < count:
        time.sleep(0.1)


def paper(fonts: FontFiles, number: int, parts: int = 4) -> bytes:
    """A worksheet with a typeface of its own, unlike every other one; three pages of four parts."""
    chance = random.Random(f"paper {number}")
    texts = [
        f"## Phần {part}\n\n" + "\n\n".join(sentences(chance, 16)) for part in range(1, parts + 1)
    ]
    return write_pdf(
        Manuscript(
            title=f"Phiếu học tập số {number}",
            subject_name="Toán",
            grade_label="Lớp 6",
            author="Nguyễn Thị Lan",
            organization="Trường THCS Hòa Bình",
            keywords=("phân số",),
            language="vi",
            color="1f6f5c",
            blocks=read_blocks("\n\n".join(texts)),
            pictures={},
            fonts=fonts,
        )
    )
