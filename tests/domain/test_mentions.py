"""Names of subjects, grades, kinds and sets in the words of teachers."""

import pytest

from repo_server.domain.materials import Kind
from repo_server.domain.mentions import Topic, words_of
from repo_server.domain.school_words import (
    NO_KIND_NAMES,
    NOT_BOOK_BEFORE,
    NOT_KIND_AFTER,
    NOT_SUBJECT_AFTER,
    NOT_SUBJECT_BEFORE,
    SHORT_BOOK_NAMES,
    SHORT_SUBJECT_NAMES,
    WEAK_KIND_NAMES,
    kind_names,
)
from repo_server.domain.vietnamese import fold
from tests.domain.lexicons import LEXICON


def named(text: str, topic: Topic) -> list[str]:
    return [one.codes[0] for one in LEXICON.mentions(words_of(text)) if one.topic is topic]


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("GA Toan6 Bai24", ["toan"]),
        ("toán 9 ctst", ["toan"]),
        ("KHTN6", ["khtn"]),
        ("TV2 tuần 5", ["tieng-viet"]),
        ("Văn 9", ["ngu-van"]),
        ("môn Văn", ["ngu-van"]),
        ("Lớp 6 Văn Thánh Gióng", ["ngu-van"]),
        ("L12 Sử", ["lich-su"]),
        ("LS&ĐL 6", ["lsdl"]),
        ("Hóa học 10", ["hoa-hoc"]),  # the old place of the tone mark
        ("HÓA HỌC", ["hoa-hoc"]),
        # What only looks like a subject.
        ("hoa học trò", []),
        ("an toàn giao thông lớp 3", []),
        ("an toan giao thong lop 3", []),
        ("Bài văn tả cảnh", []),
        ("lớp 9 sử dụng mạng", []),
        ("Thông tin và quyết định", []),
        ("sinh hoạt lớp 6", []),
        ("Toán 6 tin nhắn", ["toan"]),
    ],
)
def test_subjects_are_known_by_their_many_names(text: str, subjects: list[str]) -> None:
    assert named(text, Topic.SUBJECT) == subjects


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("lớp 6", ["6"]),
        ("lop 6A1", ["6"]),
        ("Lớp sáu", ["6"]),
        ("khối 6, 7, 8", ["6", "7", "8"]),
        ("lớp 6-7", ["6", "7"]),
        ("toan6", ["6"]),
        ("Toán_6", ["6"]),
        ("L6 Toan HK1", ["6"]),
        ("KNTT 6", ["6"]),
        ("Tin học 10 bài 5", ["10"]),
        # An examination into another grade is taken at the end of this one.
        ("đề thi vào lớp 10 môn Toán", ["9"]),
        ("TS10", ["9"]),
        ("ôn thi tốt nghiệp THPT", ["12"]),
        # Numbers of other things.
        ("Bài 6", []),
        ("tuần 5 tiết 3", []),
        ("GK1 Toan", []),
        ("Toán 10 phút", []),
        ("phiếu số 3 KHTN", []),
        ("lớp 6 - 12 câu trắc nghiệm", ["6"]),
        ("lớp 6 12/10", ["6"]),
        ("KHTN 12", []),  # not taught there, nor under another name
        ("lớp 13", []),
        ("Công nghệ in 3D", []),
        ("Toán 99999999999999999999", []),
    ],
)
def test_a_number_is_a_grade_only_where_it_stands_for_one(text: str, grades: list[str]) -> None:
    assert named(text, Topic.GRADE) == grades


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KHBD Toán", Kind.LESSON_PLAN),
        ("Giáo án 5512", Kind.LESSON_PLAN),
        ("PHT số 2", Kind.WORKSHEET),
        ("phieu bai tap", Kind.WORKSHEET),
        ("KTGK1", Kind.TEST),
        ("De thi HK2", Kind.TEST),
        ("Đề cương ôn tập", Kind.REFERENCE),
        ("HDC Toán", Kind.ANSWER_KEY),
        ("BGĐT Địa", Kind.SLIDES),
        ("sơ đồ tư duy", Kind.MIND_MAP),
        ("chủ đề 3", None),
        ("vấn đề", None),
        ("để dành", None),
        ("Chuyên đề 11.1 Hàm số", None),
        ("tiếng anh", None),
    ],
)
def test_kinds_are_known_by_their_many_names(text: str, kind: Kind | None) -> None:
    assert named(text, Topic.KIND)[:1] == ([kind.value] if kind else [])


@pytest.mark.parametrize(
    ("text", "books"),
    [
        ("KNTT", ["kntt"]),
        ("Kết nối tri thức với cuộc sống", ["kntt"]),
        ("Toán 6 CD", ["cd"]),
        ("chân trời sáng tạo", ["ctst"]),
        ("Cánh diều tuổi thơ", []),
        ("kết nối mạng máy tính", []),
        ("CĐ ôn thi", []),  # chuyên đề
    ],
)
def test_textbook_sets_are_known_by_their_many_names(text: str, books: list[str]) -> None:
    assert named(text, Topic.BOOK) == books


def test_a_subject_is_taught_under_another_name_in_other_grades() -> None:
    assert LEXICON.taught("vat-li", 8) == "khtn"
    assert LEXICON.taught("vat-li", 11) == "vat-li"
    assert LEXICON.taught("dia-li", 5) == "lsdl"
    assert LEXICON.taught("gdktpl", 3) is None


def test_words_and_numbers_written_together_are_parted_with_their_places() -> None:
    words = words_of("KHTN8_bài 12")
    assert [(word.raw, word.start, word.end) for word in words] == [
        ("KHTN", 0, 4), ("8", 4, 5), ("bài", 6, 9), ("12", 10, 12),
    ]  # fmt: skip
    assert [word.marked for word in words] == [False, False, True, False]


def test_every_exception_is_written_as_the_normalizer_folds_it() -> None:
    """An exception that is spelled otherwise would never be met."""
    tables = (NOT_SUBJECT_AFTER, NOT_SUBJECT_BEFORE, NOT_BOOK_BEFORE, NOT_KIND_AFTER)
    phrases = {*SHORT_SUBJECT_NAMES, *SHORT_BOOK_NAMES, *WEAK_KIND_NAMES, *NO_KIND_NAMES}
    for table in tables:
        phrases |= set(table) | {word for words in table.values() for word in words}
    assert [phrase for phrase in phrases if fold(phrase) != phrase] == []


def test_no_two_kinds_share_a_name() -> None:
    owners: dict[str, Kind] = {}
    for kind in Kind:
        for name in kind_names(kind):
            assert owners.setdefault(fold(name), kind) is kind, name


@pytest.mark.parametrize("text", ["", " ", "…", "\x00", "6" * 5000, "lớp", "Toán " * 2000])
def test_nothing_is_mentioned_by_junk_and_nothing_fails(text: str) -> None:
    assert named(text, Topic.GRADE) == []
