"""Curricula as CSV."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.domain.curriculum import (
    AssociationKind,
    AssociationRecord,
    Curriculum,
    CurriculumInvalid,
    FrameworkRecord,
    ItemKind,
    ItemRecord,
    check,
)
from repo_server.exchange.curriculum_csv import (
    COLUMNS,
    read_curriculum_csv,
    write_curriculum_csv,
)

SMALL = """\
code,parent,kind,title,grades,subject,abbreviations,page
ct,,framework,Chương trình thử,,,,
lop-6,,grade,Lớp 6,6,,Khối 6,
lop-6.khtn,lop-6,subject,Khoa học tự nhiên,,khtn,KHTN|Khoa học,
lop-6.khtn.1,lop-6.khtn,topic,"Chất, hỗn hợp",,,,12
"""


def told(data: str | bytes) -> str:
    with pytest.raises(CurriculumInvalid) as caught:
        read_curriculum_csv(data.encode() if isinstance(data, str) else data)
    return " ".join(str(problem) for problem in caught.value.problems)


def test_a_small_table_is_read() -> None:
    read = check(read_curriculum_csv(SMALL.encode()))
    assert read.framework == FrameworkRecord("ct", "Chương trình thử")
    assert read.items[1].abbreviations == ("KHTN", "Khoa học")
    last = read.items[2]
    assert (last.title, last.page, last.grades) == ("Chất, hỗn hợp", 12, (6,))
    assert last.kind is ItemKind.TOPIC


def test_a_text_stream_is_read_like_bytes() -> None:
    assert read_curriculum_csv(io.StringIO(SMALL)) == read_curriculum_csv(SMALL.encode())


@pytest.mark.parametrize(
    "spoiled",
    [
        "\ufeff" + SMALL,
        SMALL.replace("\n", "\r\n"),
        unicodedata.normalize("NFD", SMALL),
        SMALL.replace('"Chất, hỗn hợp"', "Chất@ hỗn hợp").replace(",", ";").replace("@", ","),
        "sep=,\n" + SMALL,
        SMALL.replace('"Chất, hỗn hợp"', "Chất@ hỗn hợp").replace(",", "\t").replace("@", ","),
        SMALL.replace("\n", "\n,,,,,,,\n"),
        SMALL.replace("code,", " CODE ,"),
        SMALL.replace("ct,,framework,", "ct,,framework,  ").replace(
            "Chương trình", "Chương  trình"
        ),
        SMALL.replace("\n", ",,\n"),
    ],
    ids=["bom", "crlf", "nfd", "semicolons", "sep", "tabs", "blank", "header", "spaces", "surplus"],
)
def test_what_spreadsheets_do_to_a_file_is_forgiven(spoiled: str) -> None:
    assert read_curriculum_csv(spoiled.encode()) == read_curriculum_csv(SMALL.encode())


@pytest.mark.parametrize(
    ("cell", "grades"),
    [("6", (6,)), ("6|7", (6, 7)), ("6-9", (6, 7, 8, 9)), ("6–7|9", (6, 7, 9)), ("9;6", (6, 9))],
)
def test_grades_are_read_as_people_write_them(cell: str, grades: tuple[int, ...]) -> None:
    read = read_curriculum_csv(SMALL.replace("Lớp 6,6,", f"Lớp 6,{cell},").encode())
    assert read.items[0].grades == grades


def test_windows_1258_is_refused_with_the_way_out() -> None:
    reason = told(SMALL.encode() + "Lơ\u0301p".encode("cp1258"))
    assert "Windows-1258" in reason
    assert "CSV UTF-8" in reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (SMALL.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "bảng tính"),
        (b"", "không có dòng nào"),
        (b"\n\n", "không có dòng nào"),
        (SMALL.encode() + b"\x00", "byte 0"),
        (SMALL.encode() + b'x,,grade,"open', "ngoặc kép"),
        (SMALL.encode() + b"x,,grade," + b"y" * 200_000, "quá dài"),
        (b"Rank,Code,Title,UUID\n1,2,3,4\n", "Thiếu cột kind"),
        (SMALL.replace("abbreviations", "abbrevations").encode(), "abbrevations"),
        (SMALL.replace("subject,abb", "grades,abb").encode(), "Cột lạ hoặc lặp lại: grades"),
        (SMALL.replace("ct,,framework", "ct,,grade").encode(), "“framework”"),
        (b"code,kind,title\n", "“framework”"),
        (SMALL.encode() + b"c2,,framework,Hai,,,,\n", "một dòng “framework”"),
    ],
)
def test_what_is_no_such_table_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert reason in told(data)


def test_every_row_that_cannot_be_read_is_told_with_its_number() -> None:
    wrong = SMALL + (
        "a,,Lớp,A,,,,\nb,,grade,B,sáu,,,\nc,,topic,C,,,,mười\n,,topic,D,,,,\ne,,topic,E,,,,,thừa\n"
    )
    reason = told(wrong)
    for row, word in ((6, "Loại “Lớp”"), (7, "sáu"), (8, "mười"), (9, "mã"), (10, "nhiều ô")):
        assert f"Dòng {row}: " in reason
        assert word in reason


def test_an_association_that_makes_no_sense_is_told() -> None:
    table = "code,kind,title,associations\nct,framework,CT,\na,group,A,same_as b|precedes\n"
    assert told(table).count("Không hiểu liên kết") == 2


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repo_server.exchange.curriculum_csv.SIZE_LIMIT", 10)
    assert "quá lớn" in told(SMALL)
    with pytest.raises(CurriculumInvalid):
        read_curriculum_csv(io.StringIO(SMALL))


FULL = Curriculum(
    FrameworkRecord("ct", "Chương trình", "vi", "Bộ", "2018", "Thông tư", "https://example.org/ct"),
    (
        ItemRecord("lop-6", None, ItemKind.GRADE, "Lớp 6", 1, (6,), None, ("Khối 6", "L6")),
        ItemRecord("a", "lop-6", ItemKind.SUBJECT, 'Tin, "học"', 1, (6,), "tin-hoc", (), "CT", 3),
        ItemRecord("b", "lop-6", ItemKind.SUBJECT, "Sử", 2, (6,), "lich-su", note="x;y", uri="u:1"),
    ),
    (
        AssociationRecord("a", AssociationKind.REPLACED_BY, "b"),
        AssociationRecord("a", AssociationKind.EXACT_MATCH, "urn:uuid:7"),
    ),
)


def test_writing_and_reading_gives_the_same_curriculum() -> None:
    assert read_curriculum_csv(write_curriculum_csv(FULL).encode()) == FULL


def test_a_table_holds_only_the_columns_that_are_used() -> None:
    header = write_curriculum_csv(read_curriculum_csv(SMALL.encode())).splitlines()[0].split(",")
    assert header == [*COLUMNS[:10], "language"]
    assert write_curriculum_csv(FULL).splitlines()[0].split(",") == list(COLUMNS)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)))
def test_any_titles_come_back_with_their_blanks_collapsed(titles: list[str]) -> None:
    items = tuple(
        ItemRecord(f"i{number}", None, ItemKind.GROUP, title, number)
        for number, title in enumerate(titles, start=1)
    )
    read = read_curriculum_csv(
        write_curriculum_csv(Curriculum(FrameworkRecord("c", "C"), items)).encode()
    )
    expected = [" ".join(unicodedata.normalize("NFC", title).split()) for title in titles]
    assert [item.title for item in read.items] == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_but_never_crash(data: bytes) -> None:
    try:
        read_curriculum_csv(b"code,kind,title\nc,framework,C\n" + data)
    except CurriculumInvalid as refused:
        assert refused.problems
