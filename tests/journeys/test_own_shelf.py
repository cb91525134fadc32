"""What a phone remembers by itself, and the files of a lesson in the order of the teacher."""

import pytest
from playwright.sync_api import expect

from tests.journeys import papers
from tests.journeys.browsing import DESK, LONG, PHONE
from tests.journeys.conftest import VisitStart
from tests.journeys.house import TEACHER, WHOLE_NUMBERS, House, draft_of_files

pytestmark = pytest.mark.timeout(LONG)


def test_a_student_saves_a_lesson_finds_it_again_and_lets_go_of_it(visiting: VisitStart) -> None:
    visit = visiting(**PHONE)
    page = visit.go("/da-luu")
    expect(page.get_by_role("heading", name="Chưa lưu học liệu nào")).to_be_visible()
    page.get_by_role("link", name="Tìm học liệu").last.tap()
    page.get_by_role("searchbox").fill("so nguyen am")
    save = page.get_by_role("button", name=f"Lưu “{WHOLE_NUMBERS}”")
    expect(save).to_have_attribute("aria-pressed", "false")
    save.tap()
    expect(save).to_have_attribute("aria-pressed", "true")

    page = visit.go("/da-luu")
    kept, opened = (page.locator(f"[data-list={name}]") for name in ("saved", "opened"))
    expect(kept.locator(".card-title")).to_have_text([WHOLE_NUMBERS])
    expect(opened).to_be_hidden()
    kept.get_by_role("link", name=WHOLE_NUMBERS).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(WHOLE_NUMBERS)
    here = page.get_by_role("button", name="Lưu trên máy này")
    expect(here).to_have_attribute("aria-pressed", "true")

    page = visit.go("/da-luu")
    expect(opened.locator(".card-title")).to_have_text([WHOLE_NUMBERS])
    kept.get_by_role("button", name=f"Lưu “{WHOLE_NUMBERS}”").tap()
    page.reload()
    expect(opened.locator(".card-title")).to_have_text([WHOLE_NUMBERS])
    expect(kept).to_be_hidden()

    page.get_by_role("button", name="Xoá tất cả").tap()
    page.get_by_role("dialog").get_by_role("button", name="Xoá tất cả").tap()
    expect(page.get_by_role("heading", name="Chưa lưu học liệu nào")).to_be_visible()
    assert page.evaluate("Object.values(localStorage).join()") in ("", "[],[]")


def test_a_teacher_puts_the_files_of_a_lesson_in_order(visiting: VisitStart, house: House) -> None:
    files = {"Phiếu.pdf": papers.worksheet_pdf(), "Kế hoạch.docx": papers.plan_docx()}
    address = draft_of_files(house, files)
    visit = visiting(**DESK)
    visit.sign_in(TEACHER)
    page = visit.go(f"{address}/tep")
    names, plan = page.locator(".parts h2"), page.locator(".parts > li", has_text="Kế hoạch.docx")
    expect(names).to_have_text(["Phiếu.pdf", "Kế hoạch.docx"])
    plan.get_by_role("button", name="Lên").press("Enter")
    expect(names).to_have_text(["Kế hoạch.docx", "Phiếu.pdf"])
    expect(plan.get_by_role("button", name="Lên")).to_be_disabled()
    plan.get_by_label("Tên tệp").fill("Giáo án")
    plan.get_by_label("Vai trò").select_option(label="Kế hoạch bài dạy")
    plan.get_by_role("button", name="Lưu").click()
    expect(names).to_have_text(["Giáo án.docx", "Phiếu.pdf"])
    page = visit.go(address)
    expect(page.get_by_role("article").locator("h3")).to_have_text(["Giáo án.docx", "Phiếu.pdf"])
