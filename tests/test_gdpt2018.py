"""The programme and the textbook sets that Kho ships."""

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache

import pytest

from repo_server.domain.curriculum import Curriculum, ItemKind, ItemRecord, check, merge
from repo_server.exchange.curriculum_csv import read_curriculum_csv, write_curriculum_csv
from repo_server.gdpt2018 import framework_files


@cache
def frameworks() -> dict[str, Curriculum]:
    parts = defaultdict(list)
    for path in framework_files():
        part = read_curriculum_csv(path.read_bytes())
        parts[part.framework.code].append(part)
    return {code: check(merge(*files)) for code, files in parts.items()}


def items(kind: ItemKind) -> list[ItemRecord]:
    return [item for item in frameworks()["gdpt2018"].items if item.kind is kind]


def subjects_of(grade: int) -> list[str]:
    return [str(item.subject) for item in items(ItemKind.SUBJECT) if item.grades == (grade,)]


def test_every_file_is_there_and_says_the_same_of_its_framework() -> None:
    read = [read_curriculum_csv(path.read_bytes()).framework for path in framework_files()]
    assert {framework.code for framework in read} == {"gdpt2018", "sgk"}
    assert len(set(read)) == 2


def test_every_file_is_what_our_own_writer_would_write() -> None:
    for path in framework_files():
        text = path.read_text(encoding="utf-8")
        assert write_curriculum_csv(read_curriculum_csv(text.encode())) == text, path.name


def test_an_addition_can_be_imported_alone_once_the_grades_are_known() -> None:
    base, *additions = (
        read_curriculum_csv(path.read_bytes())
        for path in framework_files()
        if path.name != "sgk.csv"
    )
    for addition in additions:
        assert check(addition, base.items).items


def test_there_are_twelve_grades_in_order() -> None:
    assert [item.title for item in items(ItemKind.GRADE)] == [f"Lớp {n}" for n in range(1, 13)]
    assert [item.code for item in items(ItemKind.GRADE)] == [f"lop-{n}" for n in range(1, 13)]


@pytest.mark.parametrize(
    ("subject", "grades"),
    [
        ("tieng-viet", range(1, 6)),
        ("ngu-van", range(6, 13)),
        ("toan", range(1, 13)),
        ("dao-duc", range(1, 6)),
        ("tnxh", range(1, 4)),
        ("khoa-hoc", range(4, 6)),
        ("lsdl", range(4, 10)),
        ("khtn", range(6, 10)),
        ("gdcd", range(6, 10)),
        ("tin-hoc", range(3, 13)),
        ("cong-nghe", range(3, 13)),
        ("lich-su", range(10, 13)),
        ("dia-li", range(10, 13)),
        ("gdktpl", range(10, 13)),
        ("vat-li", range(10, 13)),
        ("hoa-hoc", range(10, 13)),
        ("sinh-hoc", range(10, 13)),
        ("gdqpan", range(10, 13)),
        ("gdtc", range(1, 13)),
        ("am-nhac", range(1, 13)),
        ("mi-thuat", range(1, 13)),
        ("hdtn", range(1, 6)),
        ("hdtn-hn", range(6, 13)),
        ("gd-dia-phuong", range(6, 13)),
        ("ngoai-ngu-1", range(1, 13)),
        ("ngoai-ngu-2", range(6, 13)),
        ("tieng-dtts", range(1, 13)),
    ],
)
def test_each_subject_is_taught_in_the_grades_of_the_programme(subject: str, grades: range) -> None:
    assert [grade for grade in range(1, 13) if subject in subjects_of(grade)] == list(grades)


def test_a_subject_has_one_name_in_all_grades_and_no_other_subject_exists() -> None:
    names = defaultdict(set)
    for item in items(ItemKind.SUBJECT):
        names[item.subject].add(item.title)
    assert all(len(titles) == 1 for titles in names.values())
    assert len(names) == 27


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("KHTN", "khtn"),
        ("GDCD", "gdcd"),
        ("GDKT&PL", "gdktpl"),
        ("LS&ĐL", "lsdl"),
        ("HĐTN", "hdtn"),
        ("GDTC", "gdtc"),
        ("TNXH", "tnxh"),
        ("GDQP&AN", "gdqpan"),
        ("GDĐP", "gd-dia-phuong"),
        ("Hóa học", "hoa-hoc"),
        ("Vật lý", "vat-li"),
        ("Địa lý", "dia-li"),
        ("Mỹ thuật", "mi-thuat"),
        ("Tiếng Anh", "ngoai-ngu-1"),
        ("Tin học và Công nghệ", "cong-nghe"),
        ("Nghệ thuật", "am-nhac"),
    ],
)
def test_subjects_are_known_by_their_abbreviations_and_spellings(name: str, subject: str) -> None:
    found = {i.subject for i in items(ItemKind.SUBJECT) if name in i.abbreviations}
    assert subject in found


def test_the_programmes_have_all_their_statements() -> None:
    counted = Counter(item.subject for item in items(ItemKind.OUTCOME))
    assert counted == {"toan": 798, "khtn": 593, "cong-nghe": 530, "tin-hoc": 405, "lsdl": 171}


def test_every_grade_of_the_shipped_programmes_has_statements() -> None:
    taught = {
        "toan": range(1, 13),
        "khtn": range(6, 10),
        "tin-hoc": range(3, 13),
        "cong-nghe": range(3, 13),
        "lsdl": range(4, 6),
    }
    counted = Counter((item.subject, item.grades[0]) for item in items(ItemKind.OUTCOME))
    for subject, grades in taught.items():
        assert {grade for name, grade in counted if name == subject} == set(grades)


def test_every_statement_is_a_sentence_without_remains_of_the_printed_page() -> None:
    for item in items(ItemKind.OUTCOME):
        assert re.search(r"[.:]$", item.title), item.code
        assert item.title[0].isupper(), item.code
        assert not re.search(r"[\ue000-\uf8ff\u00ad…]|  |được được|\d \d$| [,;)]", item.title), (
            item.code
        )
        assert item.page, item.code
        assert item.source, item.code


def test_no_heading_is_shouted_or_cut_off() -> None:
    for item in frameworks()["gdpt2018"].items:
        if item.kind in (ItemKind.STRAND, ItemKind.TOPIC):
            assert not item.title.isupper(), item.code
            assert not re.search(r"[.,;:]$", item.title), item.code
            assert item.title[0].isupper(), item.code


def test_codes_are_plain_and_tell_grade_and_subject() -> None:
    for item in frameworks()["gdpt2018"].items:
        assert re.fullmatch(r"lop-\d+(\.[a-z0-9-]+)*", item.code), item.code
        if item.kind is not ItemKind.GRADE:
            assert item.code.startswith(f"lop-{item.grades[0]}.{item.subject}"), item.code


def test_all_text_is_composed_unicode() -> None:
    for path in framework_files():
        assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8")), path.name


def test_the_national_textbook_set_comes_first_and_says_why() -> None:
    books = frameworks()["sgk"].items
    assert [book.code for book in books] == ["kntt", "ctst", "cd", "chpt", "vsbd"]
    assert "3588/QĐ-BGDĐT" in books[0].note
    assert "KNTT" in books[0].abbreviations
