"""The archive: readable by others, of the promised length, the same for the same entries."""

import io
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repo_server.domain.errors import StorageUnavailable
from repo_server.exchange.zip_archive import Entry, archive, archive_size

MOMENT = datetime(2026, 9, 5, 1, 30, 11, tzinfo=UTC)
NAMES = ("1. Kế hoạch bài dạy – Phân số.docx", "2. plain.pdf", "GIẤY PHÉP VÀ GHI CÔNG.txt")


def entry(name: str, content: bytes, *, size: int | None = None, piece: int = 7) -> Entry:
    def chunks() -> Iterator[bytes]:
        yield from (content[at : at + piece] for at in range(0, len(content), piece))

    return Entry(name, len(content) if size is None else size, MOMENT, chunks)


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

    def chunks(name: str) -> Iterator[bytes]:
        opened.append(name)
        yield b"1"

    packed = archive([Entry(name, 1, MOMENT, lambda name=name: chunks(name)) for name in "ab"])
    next(packed)
    assert opened == []
    next(packed)
    assert opened == ["a"]


def test_a_large_entry_is_never_whole_in_memory() -> None:
    size, piece = 64 << 20, bytes(1 << 20)
    large = Entry("phim.mp4", size, MOMENT, lambda: (piece for _ in range(64)))
    tracemalloc.start()
    try:
        total = sum(map(len, archive([large])))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == archive_size([large])
    assert peak < 1 << 20


def test_a_moment_before_the_format_begins_is_its_first_year() -> None:
    old = Entry("cu.txt", 0, datetime(1970, 1, 1, tzinfo=UTC), lambda: iter(()))
    with zipfile.ZipFile(io.BytesIO(b"".join(archive([old])))) as opened:
        assert opened.infolist()[0].date_time[0] == 1980
