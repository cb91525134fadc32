"""What an editor does with a lesson, and what its teacher and a student see of it."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsing import DESK, LONG, PHONE, Visit
from tests.journeys.conftest import VisitStart
from tests.journeys.house import EDITOR, TEACHER, House, submitted_lesson

pytestmark = pytest.mark.timeout(LONG)

REASON = "Câu 3 thiếu đáp án.\nXin bổ sung ở trang 2."
FOUND_WITHIN = 2.0


def titles_found(visit: Visit, title: str) -> list[str]:
    page = visit.go(f"/tim?q={title}")
    return page.locator("#results .card-title").all_inner_texts()


def rows(page: Page, title: str) -> int:
    return page.get_by_role("row").filter(has_text=title).count()


def test_a_lesson_is_returned_corrected_published_found_and_withdrawn(
    visiting: VisitStart, house: House
) -> None:
    title = "Rút gọn phân số trong ba bước"
    address = submitted_lesson(house, title)
    teacher, editor, student = visiting(**DESK), visiting(**DESK), visiting(**PHONE)
    assert title not in titles_found(student, title)

    editor.sign_in(EDITOR)
    desk = editor.go("/duyet")
    desk.get_by_role("row").filter(has_text=title).get_by_role("link", name="Xem và duyệt").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(title)
    desk.locator("summary", has_text="Trả lại để sửa").click()
    desk.get_by_label("Lí do").fill(REASON)
    desk.get_by_role("button", name="Trả lại để sửa").click()
    expect(desk.get_by_role("status")).to_have_text("Đã trả lại học liệu kèm lí do.")
    assert rows(desk, title) == 0

    teacher.sign_in(TEACHER)
    lesson = teacher.go("/cua-toi?status=draft")
    lesson.get_by_role("link", name=title).click()
    expect(lesson.get_by_text("Biên tập viên đã trả lại để sửa")).to_be_visible()
    expect(lesson.get_by_text("Câu 3 thiếu đáp án.")).to_be_visible()
    lesson.get_by_role("link", name="Sửa thông tin").click()
    expect(lesson.get_by_text("Câu 3 thiếu đáp án.")).to_be_visible()
    lesson.get_by_label("Giới thiệu").fill("Đã bổ sung đáp án câu 3.")
    lesson.get_by_role("button", name="Lưu và gửi duyệt").click()
    expect(lesson.locator(".status").first).to_have_text("Chờ duyệt")

    editor.go(address)
    expect(desk.get_by_text("Đã bổ sung đáp án câu 3.")).to_be_visible()
    desk.get_by_role("button", name="Xuất bản").click()
    expect(desk.locator(".status").first).to_have_text("Đã xuất bản")
    published = time.monotonic()
    while title not in titles_found(student, title):
        assert time.monotonic() - published < FOUND_WITHIN
        time.sleep(0.05)
    student.page.get_by_role("link", name=title, exact=True).tap()
    expect(student.page.get_by_role("heading", level=1)).to_have_text(title)

    desk.locator("summary", has_text="Gỡ xuống").click()
    desk.get_by_label("Lí do").fill("Trùng với một học liệu khác.")
    desk.get_by_role("button", name="Gỡ xuống").click()
    expect(desk.locator(".status").first).to_have_text("Đã gỡ")
    assert title not in titles_found(student, title)
    answer = student.page.goto(student.url + address)
    assert answer is not None
    assert answer.status == 404
    expect(student.page.get_by_role("heading", level=1)).to_contain_text("Không tìm thấy")
    student.forgive("404")


def test_a_dangerous_act_asks_first(visiting: VisitStart, house: House) -> None:
    title = "Bản nháp để xoá"
    address = submitted_lesson(house, title)
    teacher = visiting(**DESK)
    teacher.sign_in(TEACHER)
    page = teacher.go(address)
    page.get_by_role("button", name="Xoá").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Xoá").click()
    page.get_by_role("dialog").get_by_role("button", name="Đồng ý").click()
    expect(page.get_by_role("status")).to_have_text("Đã xoá học liệu.")
    expect(page.get_by_role("main")).not_to_contain_text(title)
