"""What files say together: fields that fill themselves, and those that are only offered."""

import pytest

from repo_server.domain.guessing.base import Field, FileEvidence, Manifest, Source
from repo_server.domain.guessing.drafting import Drafted, drafted, likely_title
from repo_server.domain.guessing.kinds import kind_of_name
from repo_server.domain.materials import Kind
from tests.domain.guessing.test_outline import PLAN
from tests.domain.lexicons import LEXICON


def said(name: str, group: str = "document", text: str = "", **manifest: str) -> Drafted:
    return drafted([FileEvidence(name, group, text, Manifest(**manifest))], LEXICON)


@pytest.mark.parametrize(
    ("name", "group", "kind", "grades", "subjects", "books"),
    [
        ("GA_Toan6_Bai24_KNTT.docx", "document", "lesson_plan", ["6"], ["toan"], ["kntt"]),
        ("phieu hoc tap so 3 KHTN 8 bai 12.docx", "document", "worksheet", ["8"], ["khtn"], []),
        ("De_KT_GK1_Toan7_2024-2025.pdf", "document", "test", ["7"], ["toan"], []),
        ("Lí 8 áp suất CTST.pptx", "slides", "slides", ["8"], ["khtn"], ["ctst"]),
        ("HĐTN 7 chủ đề 3 CD.docx", "document", None, ["7"], ["hdtn-hn"], ["cd"]),
        ("Lớp 5 HĐTN chủ đề 3.docx", "document", None, ["5"], ["hdtn"], []),
        ("Giáo án điện tử Toán 6.pptx", "slides", "slides", ["6"], ["toan"], []),
        ("Toán 6 - Đề kiểm tra (có đáp án).docx", "document", "test", ["6"], ["toan"], []),
        ("Đáp án đề HSG Hoá 9.pdf", "document", "answer_key", ["9"], ["khtn"], []),
        ("bai nghe unit 3 anh 8.mp3", "audio", "audio", ["8"], ["ngoai-ngu-1"], []),
        ("Thí nghiệm.mp4", "video", "video", [], [], []),
        ("hoa học trò.docx", "document", None, [], [], []),
    ],
)
def test_a_name_fills_the_form(
    name: str,
    group: str,
    kind: str | None,
    grades: list[str],
    subjects: list[str],
    books: list[str],
) -> None:
    found = said(name, group)
    assert found.filled(Field.KIND) == ((kind,) if kind else ())
    assert list(found.filled(Field.GRADES)) == grades
    assert list(found.filled(Field.SUBJECTS)) == subjects
    assert list(found.filled(Field.BOOKS)) == books


def test_the_text_fills_what_the_name_does_not_say() -> None:
    found = said("Tai lieu moi (1).docx", text=PLAN)
    assert found.filled(Field.TITLE) == ("Bài 24. So sánh phân số. Hỗn số dương",)
    assert found.filled(Field.KIND) == ("lesson_plan",)
    assert found.filled(Field.GRADES) == ("6",)
    assert found.filled(Field.SUBJECTS) == ("toan",)
    assert found.filled(Field.LANGUAGE) == ("vi",)
    assert found.filled(Field.DESCRIPTION)[0].startswith("Nhận biết được phân số")
    (title, *_) = found.guesses[Field.TITLE]
    assert (title.source, title.quote) == (
        Source.HEADING,
        "TÊN BÀI DẠY: BÀI 24. SO SÁNH PHÂN SỐ. HỖN SỐ DƯƠNG",
    )


def test_witnesses_that_differ_leave_the_choice_to_the_teacher() -> None:
    found = said("Toán 7 bài 24.docx", text=PLAN)
    assert found.filled(Field.GRADES) == ()
    assert {guess.value for guess in found.guesses[Field.GRADES]} == {"6", "7"}


def test_several_grades_in_one_place_are_all_meant() -> None:
    assert said("Toán khối 6, 7, 8 giáo án.docx").filled(Field.GRADES) == ("6", "7", "8")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("GA_Toan6_Bai24_KNTT.docx", "Kế hoạch bài dạy – Bài 24 – Toán 6 (KNTT)"),
        ("KHBD_Toan6_SoSanhPhanSo.docx", "Kế hoạch bài dạy – So Sanh Phan So – Toán 6"),
        ("De_KT_GK1_Toan7_2024-2025.pdf", "Đề kiểm tra giữa kì 1 – Toán 7"),
        ("phieu hoc tap so 3 KHTN 8.docx", "Phiếu học tập số 3 – Khoa học tự nhiên 8"),
        ("anh 8 unit 3.docx", "Unit 3 – Tiếng Anh 8"),
        ("Văn 9 - Đồng chí.docx", "Văn 9 - Đồng chí"),
        ("KHBD Tin học 10 Bài 5.docx", "Kế hoạch bài dạy Tin học 10 Bài 5"),
        ("Bài 3. Số nguyên tố - Nguyễn Thị Lan.pptx", "Bài 3. Số nguyên tố"),
    ],
)
def test_a_messy_name_becomes_a_readable_title(name: str, title: str) -> None:
    assert said(name).guesses[Field.TITLE][0].value == title


@pytest.mark.parametrize("text", ["", PLAN, "Đề kiểm tra giữa kì I\nMôn: Toán 7\nMã đề: 101"])
@pytest.mark.parametrize("name", ["IMG_2031.docx", "GA_Toan6_Bai24_KNTT.docx", "hoa học trò.pdf"])
def test_what_one_file_is_called_is_known_without_all_other_guesses(name: str, text: str) -> None:
    evidence = FileEvidence(name, "document", text, Manifest(title="Phan so lop 6"))
    titles = drafted([evidence], LEXICON).guesses.get(Field.TITLE, ())
    assert likely_title(evidence, LEXICON) == next((guess.value for guess in titles), None)


@pytest.mark.parametrize(
    "name", ["IMG_20251012_101500.jpg", "Giaùo aùn Toaùn hoïc kyø.doc", "z5123456789.jpg"]
)
def test_a_name_that_says_nothing_gives_no_title(name: str) -> None:
    assert said(name, "image").filled(Field.TITLE) == ()


def test_a_test_is_titled_by_its_heading_with_subject_and_grade() -> None:
    text = (
        "SỞ GIÁO DỤC VÀ ĐÀO TẠO\nĐỀ KIỂM TRA GIỮA HỌC KÌ I\n"
        "Môn: Toán – Lớp 6\nThời gian làm bài: 45 phút"
    )
    found = said("kt.pdf", text=text)
    assert found.filled(Field.TITLE) == ("Đề kiểm tra giữa học kì I – Toán 6",)
    assert found.filled(Field.KIND) == ("test",)


def test_garbled_text_is_no_evidence() -> None:
    found = said("tailieu.doc", text="Giaùo aùn Toaùn lôùp 6 hoïc kyø. Muïc tieâu: bieát coäng")
    assert Field.DESCRIPTION not in found.guesses
    assert Field.GRADES not in found.guesses


def test_a_package_says_what_it_is() -> None:
    found = said(
        "abc123.h5p",
        "package",
        title="Phân số – luyện tập",
        description="Luyện tập cộng hai phân số.",
        language="vi",
    )
    assert found.filled(Field.TITLE) == ("Phân số – luyện tập",)
    assert found.filled(Field.DESCRIPTION) == ("Luyện tập cộng hai phân số.",)
    assert found.filled(Field.KIND) == ("simulation",)


def test_a_licence_is_offered_and_never_filled() -> None:
    found = said("a.h5p", "package", license="cc-by-4.0")
    assert [guess.value for guess in found.guesses[Field.LICENSE]] == ["cc-by-4.0"]
    assert found.filled(Field.LICENSE) == ()
    assert Field.LICENSE not in said("a.h5p", "package", license="all rights").guesses


def test_a_bundle_is_what_its_leading_file_is_and_each_file_has_a_role() -> None:
    files = [
        FileEvidence("Phieu hoc tap.docx", "document"),
        FileEvidence("Slide Toan 6.pptx", "slides"),
        FileEvidence("KHBD Toan 6 bai 24.docx", "document", PLAN),
        FileEvidence("Đáp án phiếu.docx", "document"),
    ]
    found = drafted(files, LEXICON)
    assert found.filled(Field.KIND) == ("lesson_plan",)
    assert found.filled(Field.GRADES) == ("6",)
    assert found.filled(Field.TITLE) == ("Bài 24. So sánh phân số. Hỗn số dương",)
    roles = [None if role is None else role.value for role in found.roles]
    assert roles == ["worksheet", "slides", "lesson_plan", "answer_key"]


def test_files_of_other_grades_are_a_question_for_the_teacher() -> None:
    names = ("Toán 6.docx", "Toán 7.docx")
    found = drafted([FileEvidence(name, "document") for name in names], LEXICON)
    assert found.filled(Field.SUBJECTS) == ("toan",)
    assert {guess.value for guess in found.guesses[Field.GRADES]} == {"6", "7"}


@pytest.mark.parametrize(
    ("name", "group", "kind"),
    [
        ("PHT bài 3.docx", "document", Kind.WORKSHEET),
        ("Đáp án.docx", "document", Kind.ANSWER_KEY),
        ("Đáp án.pptx", "slides", None),
        ("Phân số.docx", "document", None),
        ("Bài tập 3.docx", "document", Kind.WORKSHEET),
    ],
)
def test_the_role_of_a_file_shows_in_its_name(name: str, group: str, kind: Kind | None) -> None:
    assert kind_of_name(name, group) is kind


@pytest.mark.parametrize("text", ["", "\x00", "a" * 100_000, "Bài 1.\n" * 5000, "I.\n" * 5000])
def test_nothing_is_too_odd_to_be_looked_at(text: str) -> None:
    assert isinstance(said("x" * 300, text=text), Drafted)
