"""A lesson on its whole way: returned, corrected, published, put in order, scanned from paper."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsing import DESK, LONG, PHONE, Visit
from tests.journeys.conftest import VisitStart
from tests.journeys.house import EDITOR, TEACHER, House, draft_collection, submitted_lesson
from tests.scanner import scanned

pytestmark = pytest.mark.timeout(LONG)

TITLE = "Rút gọn phân số về tối giản"
COLLECTION = "Phân số trong một tuần"


def press(page: Page, role: str, name: str) -> None:
    """Press a button or follow a link by the Enter key."""
    page.get_by_role("main").get_by_role(role, name=name).press("Enter")  # type: ignore[arg-type]


def returned(editor: Visit, reason: str) -> None:
    desk = editor.go("/duyet")
    row = desk.get_by_role("row").filter(has_text=TITLE)
    row.get_by_role("link", name="Xem và duyệt").click()
    desk.locator("summary", has_text="Trả lại để sửa").click()
    desk.get_by_label("Lí do").fill(reason)
    desk.get_by_role("button", name="Trả lại để sửa").click()
    expect(desk.get_by_role("status")).to_have_text("Đã trả lại học liệu kèm lí do.")


def corrected(teacher: Visit, address: str, reason: str) -> None:
    lesson = teacher.go(f"{address}/sua")
    expect(lesson.get_by_text(reason)).to_be_visible()
    lesson.get_by_label("Giới thiệu").fill("Đã thêm ba bài tập có lời giải.")
    lesson.get_by_role("button", name="Lưu và gửi duyệt").click()
    expect(lesson.locator(".status").first).to_have_text("Chờ duyệt")


def put_in_third_place_by_keyboard(page: Page) -> None:
    press(page, "link", "Thêm vào bộ sưu tập")
    choice = page.get_by_label("Bộ sưu tập", exact=True)
    expect(choice.locator("option:checked")).to_have_text(f"{COLLECTION} (3)")
    press(page, "button", "Thêm")
    places = page.locator(".place")
    expect(places).to_have_count(4)
    expect(places.nth(3)).to_contain_text(TITLE)
    page.get_by_role("button", name=f"Xếp lại: {TITLE}").focus()
    said = page.locator("[data-said]")
    # A new material stands at the end, under the last heading: the first step is over its edge.
    for place in (4, 3):
        page.keyboard.press("Alt+ArrowUp")
        where = f"tới vị trí {place} trong mục “Phần một”"
        expect(said).to_have_text(f"Đã chuyển “{TITLE}” {where}")
    expect(places.nth(2)).to_contain_text(TITLE)


def test_from_the_desk_to_a_phone_without_script(visiting: VisitStart, house: House) -> None:
    others = [one["id"] for one in house.published()][:3]
    made = draft_collection(house, COLLECTION, others)
    address = submitted_lesson(house, TITLE)
    code = address.rpartition("/")[2]
    editor, teacher = visiting(**DESK), visiting(**DESK)
    editor.sign_in(EDITOR)
    teacher.sign_in(TEACHER)
    reason = "Phần luyện tập còn ít quá."
    returned(editor, reason)
    corrected(teacher, address, reason)

    page = editor.go(address)
    press(page, "button", "Xuất bản")
    expect(page.locator(".status").first).to_have_text("Đã xuất bản")
    put_in_third_place_by_keyboard(page)
    press(page, "button", "Xuất bản")
    expect(page.get_by_role("heading", level=1)).to_have_text(COLLECTION)

    press(page, "link", "Bản in mã QR")
    expect(page.locator(".tag")).to_have_count(4)
    on_paper = scanned(page.screenshot(full_page=True))
    short = [one.rpartition("/c/")[2] for one in on_paper]
    assert f"{house.url}/c/{code}" in on_paper
    assert f"{house.url}/c/{made['code']}" in on_paper
    assert len(set(short)) == 5

    student = visiting(**PHONE, java_script_enabled=False)
    phone = student.page
    phone.goto(f"{house.url}/c/{made['code']}")
    expect(phone.get_by_role("heading", level=1)).to_have_text(COLLECTION)
    third = phone.locator(".results > li").nth(2)
    expect(third.locator(".card-title")).to_have_text(TITLE)
    third.get_by_role("link", name=TITLE).tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text(TITLE)

    phone.goto(f"{house.url}/c/{code}")
    expect(phone.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(phone.get_by_text("Đã thêm ba bài tập có lời giải.")).to_be_visible()
    with phone.expect_download() as started:
        phone.get_by_role("article").first.get_by_role("link", name="Tải về").tap()
    assert started.value.suggested_filename == f"{TITLE}.pdf"
    width = "html => html.scrollWidth"
    for url in (f"/c/{code}", f"/c/{made['code']}"):
        phone.goto(f"{house.url}{url}")
        assert int(phone.locator("html").evaluate(width)) <= 360
