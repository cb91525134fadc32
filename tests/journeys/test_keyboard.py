"""Everything with the keyboard alone, the focus always in sight."""

from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import papers
from tests.journeys.browsing import DESK, LONG
from tests.journeys.conftest import VisitStart
from tests.journeys.house import PASSWORD, TEACHER, WHOLE_NUMBERS
from tests.journeys.test_contributing import payload

pytestmark = pytest.mark.timeout(LONG)

CALM: Final = DESK | {"reduced_motion": "reduce"}
"""Without scrolling that takes its time."""

# What has the focus, whether a ring is drawn on it or around it, and whether something covers it.
_FOCUS: Final = """() => {
  const focused = document.activeElement;
  const ringed = (element) => {
    const style = getComputedStyle(element);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
      || (style.boxShadow !== "none" && element.matches(":focus-visible"));
  };
  const box = focused.getBoundingClientRect();
  const at = [box.left + box.width / 2, box.top + Math.min(box.height, 40) / 2];
  const hit = document.elementFromPoint(...at);
  const label = focused.closest("label");
  const card = focused.closest(".card");
  const around = [focused, focused.parentElement, focused.nextElementSibling, label, card];
  return {
    name: (focused.ariaLabel || focused.innerText || focused.name || focused.id || "").trim(),
    tag: focused.tagName,
    ringed: around.filter(Boolean).some(ringed),
    seen: hit !== null && (focused.contains(hit) || hit.contains(focused)
      || label?.contains(hit)),
  };
}"""


def focus(page: Page) -> dict[str, Any]:
    # A page that scrolls to what has the focus needs a moment.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return dict(page.evaluate(_FOCUS))


def tab(page: Page) -> dict[str, Any]:
    """Go to the next stop; its ring must be visible and nothing may cover it."""
    page.keyboard.press("Tab")
    stop = focus(page)
    assert stop["tag"] != "BODY", "the focus went nowhere"
    assert stop["ringed"], f"no ring on {stop}"
    assert stop["seen"], f"covered: {stop}"
    return stop


def tab_to(page: Page, name: str, *, most: int = 80) -> None:
    """Go on to the stop of that name."""
    passed = []
    for _ in range(most):
        stop = tab(page)
        if name in stop["name"]:
            return
        passed.append(stop["name"])
    raise AssertionError(f"no stop named {name!r} among {passed}")


def test_a_lesson_is_found_filtered_and_opened(visiting: VisitStart) -> None:
    page = visiting(**CALM).go("/tim")
    assert tab(page)["name"] == "Đến nội dung chính"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    page.keyboard.press("/")
    page.keyboard.type("toan")
    expect(page.locator("#results .card-title")).not_to_have_count(0)
    page.wait_for_url("**/tim?q=toan")
    tab_to(page, "grade")
    while page.evaluate("document.activeElement.value") != "6":
        tab(page)
    page.keyboard.press("Space")
    page.wait_for_url("**grade=6")
    expect(page.get_by_role("checkbox", name="Lớp 6")).to_be_checked()
    assert page.evaluate("document.activeElement.value") == "6", "the focus was lost"
    tab_to(page, WHOLE_NUMBERS)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(WHOLE_NUMBERS)
    tab_to(page, "Tải về")


def test_suggestions_are_walked_with_arrows(visiting: VisitStart) -> None:
    page = visiting(**CALM).go("/")
    page.keyboard.press("/")
    page.keyboard.type("so nguyen am", delay=20)
    box = page.get_by_role("combobox", name="Tìm học liệu")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("so nguyen am")


def test_a_teacher_signs_in_sends_and_describes(visiting: VisitStart) -> None:
    page = visiting(**CALM).go("/dang-nhap")
    tab_to(page, "email")
    page.keyboard.type(TEACHER)
    tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cua-toi")

    tab_to(page, "Thêm học liệu")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dong-gop")
    tab_to(page, "Chọn tệp từ máy")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    files = [payload(f"Bàn phím {n}.pdf", papers.worksheet_pdf()) for n in (1, 2)]
    chooser.value.set_files(files)
    tab_to(page, "together")
    tab_to(page, "Gửi 2 tệp")
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_be_visible()
    tab_to(page, "Điền thông tin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sua")

    tab_to(page, "title")
    tab_to(page, "item_query", most=120)
    tab_to(page, "Lưu và gửi duyệt")


def test_every_stop_of_the_first_page_shows_where_one_is(visiting: VisitStart) -> None:
    page = visiting(**CALM).go("/")
    stops = [tab(page)["name"] for _ in range(45)]
    assert stops[0] == "Đến nội dung chính"
    assert any("Lớp 12" in stop for stop in stops)
