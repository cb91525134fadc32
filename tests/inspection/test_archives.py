"""Every rule for ZIP files, each with a neighbor that is fine."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from repo_server.inspection.archives import Archive
from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Source
from tests.inspection.samples import Member, raw_zip, zipped

MIB = 1 << 20


@pytest.fixture
def open_bytes(tmp_path: Path):
    handles = []

    def open_archive(data: bytes) -> Archive:
        path = tmp_path / "a.zip"
        path.write_bytes(data)
        handles.append(path.open("rb"))
        return Archive(Source(handles[-1].fileno()))

    yield open_archive
    for handle in handles:
        handle.close()


def refused(open_bytes, data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        open_bytes(data)
    return caught.value.verdict


def test_an_honest_archive_is_read_back(open_bytes):
    archive = open_bytes(zipped({"a.txt": "một", "thư mục/b.txt": "hai" * 50_000}))
    assert archive.names == ["a.txt", "thư mục/b.txt"]
    assert archive.read("thư mục/b.txt", MIB).decode() == "hai" * 50_000


def test_an_empty_archive_is_read(open_bytes):
    assert open_bytes(raw_zip()).names == []


def test_ten_thousand_entries_are_taken_and_one_more_is_not(open_bytes):
    members = [Member(name=b"%d" % n, data=b"", method=0) for n in range(10_001)]
    assert len(open_bytes(raw_zip(*members[:10_000])).names) == 10_000
    assert refused(open_bytes, raw_zip(*members)) == "bomb"


def test_more_than_a_gigabyte_in_all_is_refused(open_bytes):
    packed = bytes(25 * MIB)
    fine = [Member(name=b"a", data=packed, method=0), Member(name=b"b", size=999 * MIB)]
    assert refused(open_bytes, raw_zip(*fine)) == "bomb"


def test_a_ratio_above_fifty_is_refused_only_above_64_megabytes(open_bytes):
    assert open_bytes(raw_zip(Member(data=bytes(64 * MIB)))).size("bai.txt") == 64 * MIB
    assert refused(open_bytes, raw_zip(Member(data=bytes(64 * MIB + 1)))) == "bomb"


def test_many_small_bombs_are_one_large_bomb(open_bytes):
    members = [Member(name=b"%d" % n, data=bytes(MIB)) for n in range(70)]
    assert refused(open_bytes, raw_zip(*members)) == "bomb"


def test_entries_that_share_bytes_are_refused(open_bytes):
    first = Member(name=b"a", data=b"x" * 100_000)
    again = Member(name=b"b", data=b"x" * 100_000, header_at=0)
    assert refused(open_bytes, raw_zip(first, again)) in ("bomb", "damaged")


def test_an_entry_quoted_inside_another_is_refused(open_bytes):
    # The overlap bomb of David Fifield: one entry's data holds the next one's header.
    inner = raw_zip(Member(name=b"b", data=b"y" * 50))[: 31 + 4 + 1]
    outer = Member(name=b"a", data=inner + bytes(60), method=0)
    quoted = Member(name=b"b", data=b"y" * 50, header_at=31)
    assert refused(open_bytes, raw_zip(outer, quoted)) == "bomb"


@pytest.mark.parametrize(
    "name",
    [b"../a", b"a/../../b", b"/etc/passwd", b"a\\..\\b", b"C:/a", b"a\0b", b".."],
)
def test_a_name_that_leads_elsewhere_is_refused(open_bytes, name):
    assert refused(open_bytes, raw_zip(Member(name=name))) == "traversal"


def test_a_name_is_shown_without_what_would_disturb_the_sentence(open_bytes):
    with pytest.raises(Refused) as caught:
        open_bytes(raw_zip(Member(name="../\u202efdp\x07\0".encode())))
    assert "“../fdp�”" in caught.value.reason


@pytest.mark.parametrize("name", [b"a..b", b"...", b"a/.b/c", "Đề số 1: lớp 6.txt".encode()])
def test_a_name_with_dots_that_leads_nowhere_else_is_taken(open_bytes, name):
    assert open_bytes(raw_zip(Member(name=name))).names == [name.decode()]


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(open_bytes, mode):
    assert refused(open_bytes, raw_zip(Member(made_by=3, mode=mode | 0o777))) == "traversal"


def test_a_plain_unix_file_is_taken(open_bytes):
    assert open_bytes(raw_zip(Member(made_by=3, mode=stat.S_IFREG | 0o644))).has("bai.txt")


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.txt", "a.txt"), ("Bài.txt", "bÀI.TXT"), ("Tế bào", "Tê\u0301 bào"), ("a", "a/")],
)
def test_two_entries_of_one_name_are_refused(open_bytes, one, other):
    data = raw_zip(Member(name=one.encode()), Member(name=other.encode(), data=b""))
    assert refused(open_bytes, data) == "duplicate_names"


def test_two_names_that_differ_in_an_accent_are_taken(open_bytes):
    data = raw_zip(Member(name="bài".encode()), Member(name="bái".encode()))
    assert open_bytes(data).names == ["bài", "bái"]


@pytest.mark.parametrize("method", [9, 12, 14, 93, 99])
def test_other_ways_of_packing_are_refused(open_bytes, method):
    assert refused(open_bytes, raw_zip(Member(method=method))) == "unsupported_compression"


@pytest.mark.parametrize("flags", [1, 1 << 6, 1 << 13])
def test_encrypted_entries_are_refused(open_bytes, flags):
    assert refused(open_bytes, raw_zip(Member(flags=flags))) == "encrypted"


def test_a_directory_that_tells_another_name_than_the_entry_is_refused(open_bytes):
    assert refused(open_bytes, raw_zip(Member(local_name=b"xxx.txt"))) == "damaged"


def test_a_directory_that_tells_another_method_than_the_entry_is_refused(open_bytes):
    assert refused(open_bytes, raw_zip(Member(local_method=0))) == "damaged"


def test_bytes_before_the_first_entry_are_refused(open_bytes):
    assert refused(open_bytes, raw_zip(Member(), prefix=b"MZ" + bytes(20))) == "damaged"


def test_an_archive_in_several_volumes_is_refused(open_bytes):
    assert refused(open_bytes, raw_zip(Member(), disks=1)) == "damaged"


def test_a_cut_off_archive_is_refused(open_bytes):
    assert refused(open_bytes, zipped({"a": "b" * 1000})[:-30]) == "damaged"


def test_an_entry_that_unpacks_to_more_than_it_says_is_stopped(open_bytes):
    archive = open_bytes(raw_zip(Member(data=bytes(5 * MIB), size=1000)))
    with pytest.raises(Refused) as caught:
        archive.read("bai.txt", MIB)
    assert caught.value.verdict == "bomb"


def test_an_entry_with_another_checksum_is_damaged(open_bytes):
    archive = open_bytes(raw_zip(Member(crc=1)))
    with pytest.raises(Refused) as caught:
        archive.read("bai.txt", MIB)
    assert caught.value.verdict == "damaged"


def test_an_entry_larger_than_the_reader_wants_is_not_unpacked(open_bytes):
    archive = open_bytes(raw_zip(Member(data=bytes(2000))))
    with pytest.raises(Refused) as caught:
        archive.read("bai.txt", 1999)
    assert caught.value.verdict == "too_complex"


def test_an_archive_with_the_wide_directory_is_read(open_bytes):
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w") as archive,
        archive.open("a.txt", "w", force_zip64=True) as entry,
    ):
        entry.write(b"rong")
    data = out.getvalue()
    end = data.rindex(b"PK\5\6")
    rows, at = struct.unpack_from("<LL", data, end + 12)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, rows, at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    short = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert open_bytes(data[:end] + wide + locator + short).read("a.txt", 10) == b"rong"
