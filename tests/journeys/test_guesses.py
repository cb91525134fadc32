"""A form that fills itself: a teacher sends a lesson plan, checks the guesses and saves."""

import pytest
from playwright.sync_api import expect

from tests.domain.guessing.test_outline import PLAN
from tests.journeys.browsing import DESK, LONG
from tests.journeys.conftest import VisitStart
from tests.journeys.house import TEACHER
from tests.journeys.test_contributing import READY, line, payload
from tests.libraries import docx

pytestmark = pytest.mark.timeout(LONG)

NAME = "Toan7_Bai24_KNTT.docx"  # the plan inside is for grade 6


def test_guesses_are_marked_offered_taken_and_cleared(visiting: VisitStart) -> None:
    visit = visiting(**DESK)
    visit.sign_in(TEACHER)
    page = visit.go("/dong-gop")
    page.locator("#files").set_input_files([payload(NAME, docx(*PLAN.splitlines()))])
    expect(line(page, NAME)).to_contain_text(READY)
    page.locator("#done").get_by_role("link", name="Điền thông tin").click()

    expect(page.get_by_label("Tên học liệu")).to_have_value("Bài 24. So sánh phân số. Hỗn số dương")
    expect(page.get_by_role("radio", name="Kế hoạch bài dạy")).to_be_checked()
    expect(page.locator("#subject-toan")).to_be_checked()
    expect(page.locator("#title-guess")).to_contain_text("Kho đoán từ tiêu đề trong tệp")
    page.locator("#title-guess summary").click()
    expect(page.locator("#title-guess")).to_contain_text("TÊN BÀI DẠY: BÀI 24")

    # Name and text differ: both grades are offered, none is filled.
    grades = page.locator("#field-grades")
    expect(grades.locator("input:checked")).to_have_count(0)
    grades.locator(".offers label", has_text="Lớp 6").click()
    expect(page.locator("#grade-6")).to_be_checked()

    page.locator("#field-books [data-clear]").click()
    expect(page.locator("#field-books input:checked")).to_have_count(0)
    expect(page.locator("#books-guess")).to_have_count(0)
    page.get_by_label("Tên học liệu").fill("So sánh phân số")
    page.get_by_label("Giới thiệu").click()
    expect(page.locator("#title-guess")).to_have_count(0)

    page.get_by_role("button", name="Đúng hết, lưu lại").click()
    expect(page.get_by_role("status")).to_contain_text("Đã lưu")
    expect(page.get_by_role("heading", level=1)).to_have_text("So sánh phân số")
    page.get_by_role("main").get_by_role("link", name="Sửa").first.click()
    page.wait_for_url("**/sua")
    expect(page.locator(".guess")).to_have_count(0)


def test_guesses_are_cleared_without_script(visiting: VisitStart) -> None:
    sender = visiting(**DESK)
    sender.sign_in(TEACHER)
    page = sender.go("/dong-gop")
    page.locator("#files").set_input_files([payload("GA_Toan6.docx", docx("Phân số bằng nhau"))])
    expect(line(page, "GA_Toan6.docx")).to_contain_text(READY)
    address = page.locator("#done").get_by_role("link", name="Điền thông tin").get_attribute("href")

    plain = visiting(**DESK, java_script_enabled=False)
    plain.sign_in(TEACHER)
    page = plain.go(str(address))
    page.locator("#field-grades button[value='clear:grades']").click()
    expect(page.locator("#field-grades input:checked")).to_have_count(0)
    expect(page.locator("#subject-toan")).to_be_checked()
    page.locator("#field-grades .offers label", has_text="Lớp 6").click()
    expect(page.locator("#grade-6")).to_be_checked()
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Đã lưu")
