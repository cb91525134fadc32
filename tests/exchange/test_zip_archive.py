"""The archive: readable by others, of the promised length, the same for the same entries."""

import io
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zlib import crc32

import pytest

from repo_server.domain.errors import StorageUnavailable
from repo_server.exchange.zip_archive import Entry, archive, archive_size

MOMENT = datetime(2026, 9, 5, 1, 30, 11, tzinfo=UTC)
NAMES = ("1. Kế hoạch bài dạy – Phân số.docx", "2. plain.pdf", "GIẤY PHÉP VÀ GHI CÔNG.txt")


def entry(
    name: str,
    content: bytes,
    *,
    size: int | None = None,
    crc: int | None = None,
    read: Callable[[int], None] = lambda _: None,
    learned: Callable[[int], None] = lambda _: None,
) -> Entry:
    """`read` is told how many bytes each piece has."""

    def chunks(start: int) -> Iterator[bytes]:
        for at in range(start, len(content), 7):
            piece = content[at : at + 7]
            read(len(piece))
            yield piece

    length = len(content) if size is None else size
    return Entry(name, length, MOMENT, chunks, crc, learned)


def entries() -> list[Entry]:
    return [entry(name, name.encode() * 100) for name in NAMES] + [entry("rỗng.txt", b"")]


@pytest.mark.parametrize("limit", [0xFFFFFFFF, 3_000, 1], ids=["plain", "mixed", "zip64"])
def test_others_read_what_was_packed(limit: int) -> None:
    packed = b"".join(archive(entries(), limit=limit))

    assert len(packed) == archive_size(entries(), limit=limit)
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [*NAMES, "rỗng.txt"]
        for info in opened.infolist():
            assert info.flag_bits & 0x800, "the name is not marked as UTF-8"
            assert info.date_time == (2026, 9, 5, 8, 30, 10)
            assert info.compress_type == zipfile.ZIP_STORED
        assert opened.read(NAMES[0]) == NAMES[0].encode() * 100


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
@pytest.mark.parametrize("limit", [0xFFFFFFFF, 1], ids=["plain", "zip64"])
def test_unzip_finds_nothing_to_complain_about(tmp_path: Path, limit: int) -> None:
    file = tmp_path / "goi.zip"
    file.write_bytes(b"".join(archive(entries(), limit=limit)))

    ran = subprocess.run(
        ["unzip", "-t", file], capture_output=True, text=True, errors="replace", check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No errors detected" in ran.stdout


def test_the_same_entries_give_the_same_bytes() -> None:
    assert b"".join(archive(entries())) == b"".join(archive(entries()))


def test_no_entries_are_an_empty_archive() -> None:
    packed = b"".join(archive([]))
    assert len(packed) == archive_size([]) == 22
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist() == []


@pytest.mark.parametrize("size", [99, 101], ids=["longer", "shorter"])
def test_an_entry_that_is_not_as_long_as_promised_ends_in_an_error(size: int) -> None:
    packed = archive([entry("a.txt", b"x" * 100, size=size), entry("b.txt", b"y")])
    given = bytearray()

    with pytest.raises(StorageUnavailable):
        for piece in packed:
            given += piece
    assert not zipfile.is_zipfile(io.BytesIO(given))


def test_an_entry_is_opened_only_when_its_turn_has_come() -> None:
    opened: list[str] = []

    def chunks(name: str, _: int) -> Iterator[bytes]:
        opened.append(name)
        yield b"1"

    packed = archive([Entry(name, 1, MOMENT, partial(chunks, name)) for name in "ab"])
    next(packed)
    assert opened == []
    next(packed)
    assert opened == ["a"]


def test_a_large_entry_is_never_whole_in_memory() -> None:
    size, piece = 64 << 20, bytes(1 << 20)
    large = Entry("phim.mp4", size, MOMENT, lambda _: (piece for _ in range(64)))
    tracemalloc.start()
    try:
        total = sum(map(len, archive([large])))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == archive_size([large])
    assert peak < 1 << 20


def test_a_moment_before_the_format_begins_is_its_first_year() -> None:
    old = Entry("cu.txt", 0, datetime(1970, 1, 1, tzinfo=UTC), lambda _: iter(()))
    with zipfile.ZipFile(io.BytesIO(b"".join(archive([old])))) as opened:
        assert opened.infolist()[0].date_time[0] == 1980


@pytest.mark.parametrize("limit", [0xFFFFFFFF, 3_000, 1], ids=["plain", "mixed", "zip64"])
@pytest.mark.parametrize("known", [True, False])
def test_every_part_is_that_part_of_the_whole(limit: int, known: bool) -> None:
    contents = {name: name.encode() * 3 for name in ("a.txt", "b.txt", "c.txt")} | {"d.txt": b""}

    def packed() -> list[Entry]:
        return [
            entry(name, content, crc=crc32(content) if known else None)
            for name, content in contents.items()
        ]

    whole = b"".join(archive(packed(), limit=limit))
    for first in range(len(whole)):
        assert b"".join(archive(packed(), first, limit=limit)) == whole[first:]
        last = (first + 31) % len(whole)
        part = b"".join(archive(packed(), first, max(first, last), limit=limit))
        assert part == whole[first : max(first, last) + 1]


def test_a_part_reads_only_what_it_needs() -> None:
    read: list[int] = []
    contents = (b"a" * 70_000, b"b" * 70_000)

    def packed(*, known: bool) -> list[Entry]:
        read.clear()
        return [
            entry(f"{at}.txt", content, crc=crc32(content) if known else None, read=read.append)
            for at, content in enumerate(contents)
        ]

    size = archive_size(packed(known=True))
    b"".join(archive(packed(known=True), size - 30_000))
    assert sum(read) < 30_000
    b"".join(archive(packed(known=True), size - 10))
    assert read == []
    # The checksums stand at the end, where all must be known.
    b"".join(archive(packed(known=False), size - 10))
    assert sum(read) == 140_000
    b"".join(archive(packed(known=False), 70_100, 70_200))
    assert sum(read) < 1_000


def test_a_checksum_is_learned_once_all_has_been_read() -> None:
    learned: list[int] = []
    packed = [entry("a.txt", b"a" * 100, learned=learned.append)]
    b"".join(archive(packed, 0, 60))
    assert learned == []
    b"".join(archive(packed, 60))
    assert learned == [crc32(b"a" * 100)]
