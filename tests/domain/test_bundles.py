"""What a lesson bundle holds, what it lacks, and how its files are called."""

import unicodedata

import pytest

from repo_server.domain import bundles
from repo_server.domain.bundles import Contents, Part
from repo_server.domain.errors import InvalidValue
from repo_server.domain.files import stem
from repo_server.domain.materials import Kind


def part(role: str | None = None, group: str = "document", name: str = "tep.docx") -> Part:
    return Part(role, group, name)


def test_a_lesson_says_what_is_there_and_what_is_missing() -> None:
    found = bundles.contents([part("slides", "slides"), part("lesson_plan")], "lesson_plan")

    assert found == Contents(("kế hoạch bài dạy", "bài trình chiếu"), ("phiếu học tập",))


def test_a_lesson_plan_alone_is_a_bundle_and_another_single_file_is_none() -> None:
    assert bundles.contents([part()], "lesson_plan") == Contents(
        ("kế hoạch bài dạy",), ("bài trình chiếu", "phiếu học tập")
    )
    for kind in ("worksheet", "video", None):
        assert bundles.contents([part()], kind) is None
    assert bundles.contents([], "lesson_plan") is None


def test_a_test_wants_its_answers_and_nothing_of_a_lesson() -> None:
    parts = [part("test"), part("test")]
    assert bundles.contents(parts, "test") == Contents(("đề kiểm tra",), ("đáp án",))
    assert bundles.contents([part("test"), part("answer_key")], "test") == Contents(
        ("đề kiểm tra", "đáp án"), ()
    )


def test_nothing_is_missing_of_kinds_that_want_nothing() -> None:
    parts = [part("reading"), part("audio", "audio")]
    assert bundles.contents(parts, "reading") == Contents(("âm thanh", "bài đọc"), ())


def test_files_of_which_nothing_is_known_are_no_contents() -> None:
    assert bundles.contents([part(), part()], None) is None
    assert bundles.contents([part("reference"), part("reference")], None) is None


def test_what_nobody_said_is_told_by_the_kind_of_file() -> None:
    parts = [
        part(None, "slides"),
        part(None),
        part(None),
        part(None, "video"),
        part("worksheet", "slides"),
    ]

    assert bundles.understood_roles(parts, "lesson_plan") == (
        Kind.SLIDES,
        Kind.LESSON_PLAN,
        None,
        Kind.VIDEO,
        Kind.WORKSHEET,
    )


def test_only_one_file_becomes_what_the_material_is() -> None:
    parts = [part(None), part("lesson_plan")]
    assert bundles.understood_roles(parts, "lesson_plan") == (None, Kind.LESSON_PLAN)


@pytest.mark.parametrize(
    ("old", "typed", "new"),
    [
        ("Giáo án.docx", "Kế hoạch", "Kế hoạch.docx"),
        ("Giáo án.docx", "Kế hoạch.docx", "Kế hoạch.docx"),
        ("Giáo án.docx", "Kế hoạch.PDF", "Kế hoạch.docx"),
        ("Giáo án.DOCX", "Kế hoạch", "Kế hoạch.DOCX"),
        ("Giáo án.docx", "Bài 1.5", "Bài 1.5.docx"),
        ("Giáo án.docx", "a/b: c?", "b- c-.docx"),
        ("ghi chú", "Ghi chú mới", "Ghi chú mới"),
        ("a.pdf", ".ẩn", "ẩn.pdf"),
        ("a.docx", "tê\u0301n", "tến.docx"),
    ],
)
def test_a_file_that_is_renamed_keeps_its_extension(old: str, typed: str, new: str) -> None:
    assert bundles.renamed(old, typed) == unicodedata.normalize("NFC", new)


@pytest.mark.parametrize("typed", ["", "   ", "...", "\u200b"])
def test_a_name_of_which_nothing_is_left_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue):
        bundles.renamed("Giáo án.docx", typed)


def test_a_name_stays_within_what_file_systems_take() -> None:
    name = bundles.renamed("Giáo án.docx", "ệ" * 5_000)
    assert len(name.encode()) <= 200
    assert name.endswith(".docx")


def test_a_role_is_one_of_the_list_or_none() -> None:
    assert bundles.role_or_none("slides") == "slides"
    assert bundles.role_or_none("") is None
    with pytest.raises(InvalidValue):
        bundles.role_or_none("khong-co")


def test_entries_are_numbered_and_say_their_role_once() -> None:
    parts = [
        part("lesson_plan", name="Phân số.docx"),
        part("worksheet", name="PHIẾU HỌC TẬP số 2.docx"),
        part("reference", name="Phân số.docx"),
        part(None, name="Phân số.docx"),
    ]

    assert bundles.entry_names(parts, None) == (
        "1. Kế hoạch bài dạy – Phân số.docx",
        "2. PHIẾU HỌC TẬP số 2.docx",
        "3. Phân số.docx",
        "4. Phân số.docx",
    )


def test_ten_entries_and_more_keep_their_order_in_a_list_by_name() -> None:
    names = bundles.entry_names([part(name="a.docx")] * 12, None)
    assert names[0] == "01. a.docx"
    assert list(names) == sorted(names)
    assert len(set(names)) == 12


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Bài 24. So sánh phân số", "Bài 24. So sánh phân số.zip"),
        ("Toán 6/7: ôn tập", "Toán 6-7- ôn tập.zip"),
        ("..\\..\\evil", "..-..-evil.zip"),
    ],
)
def test_an_archive_is_named_by_the_title(title: str, name: str) -> None:
    assert bundles.archive_name(title) == name


def test_a_title_of_five_thousand_letters_gives_a_name_that_can_be_saved() -> None:
    name = bundles.archive_name("Phân số ệ " * 500)
    assert name.endswith(".zip")
    assert len(name.encode()) <= 200
    assert name == unicodedata.normalize("NFC", name)


def test_names_of_files_and_roles_are_written_once_for_all() -> None:
    assert stem("Bài 1.5.docx") == "Bài 1.5"
    assert stem("ghi chú") == "ghi chú"
    assert set(bundles.ROLE_LABELS) == set(Kind)
    assert all(name != bundles.ATTRIBUTION_NAME for name in bundles.entry_names([part()], None))
