"""The beginning of a document as teachers lay it out."""

import pytest

from repo_server.domain.guessing.outline import lesson_line, outline, sentence_case

PLAN = """Trường: THCS Nguyễn Du
Họ và tên giáo viên: Nguyễn Thị Lan
TÊN BÀI DẠY: BÀI 24. SO SÁNH PHÂN SỐ. HỖN SỐ DƯƠNG
Môn học: Toán; lớp: 6
I. MỤC TIÊU
1. Về kiến thức:
- Nhận biết được phân số với tử số hoặc mẫu số là số nguyên âm.
- So sánh được hai phân số cho trước.
II. THIẾT BỊ DẠY HỌC VÀ HỌC LIỆU
III. TIẾN TRÌNH DẠY HỌC
"""


def test_a_lesson_plan_tells_its_lesson_and_its_goals() -> None:
    found = outline(PLAN)
    assert found.lesson is not None
    assert found.lesson.shown == "Bài 24. So sánh phân số. Hỗn số dương"
    assert found.goals == (
        "Nhận biết được phân số với tử số hoặc mẫu số là số nguyên âm.\n"
        "So sánh được hai phân số cho trước."
    )
    assert found.plan_signs >= 3


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Bài 24. So sánh phân số", "Bài 24. So sánh phân số"),
        ("BÀI 5: TRANH ĐÔNG HỒ (2 TIẾT)", "Bài 5. Tranh đông hồ"),
        ("Tiết 15 - Bài 6: Áp suất", "Bài 6. Áp suất"),
        ("CHỦ ĐỀ 2. ÁNH SÁNG", "Chủ đề 2. Ánh sáng"),
        ("Unit 3: Community service", "Unit 3. Community service"),
        ("Chủ đề A. Máy tính và em", "Chủ đề A. Máy tính và em"),
        ("Bài tập về nhà", None),
        ("Bài học đường đời đầu tiên", None),
        ("Chương trình giáo dục", None),
        ("Bài", None),
    ],
)
def test_a_heading_of_a_lesson_is_told_from_other_lines(line: str, shown: str | None) -> None:
    found = lesson_line(line)
    assert (None if found is None else found.shown) == shown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("SO SÁNH PHÂN SỐ", "So sánh phân số"),
        ("ĐỀ KIỂM TRA GIỮA HỌC KÌ II", "Đề kiểm tra giữa học kì II"),
        ("CẤU TRÚC ADN VÀ ARN. LUYỆN TẬP", "Cấu trúc adn và arn. Luyện tập"),
        ("GDCD", "GDCD"),
        ("Định lí Pythagore", "Định lí Pythagore"),
    ],
)
def test_capitals_become_a_sentence(written: str, read: str) -> None:
    assert sentence_case(written) == read


def test_garbled_text_has_no_outline() -> None:
    assert outline("Giaùo aùn Toaùn 6 hoïc kyø 1").head == ()
