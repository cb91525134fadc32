"""An editor puts lessons in order; a student reads them in that order."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsing import DESK, PHONE
from tests.journeys.conftest import VisitStart
from tests.journeys.house import EDITOR, WHOLE_NUMBERS, House, draft_collection

LINES = ".place > div:not(.place-acts) > a"


@pytest.fixture
def made(house: House) -> dict[str, Any]:
    """A draft of four published lessons: three in a section, the one on whole numbers last."""
    others = [one["id"] for one in house.published() if one["title"] != WHOLE_NUMBERS][:3]
    return draft_collection(house, "Ôn tập cuối tuần", (*others, house.find(WHOLE_NUMBERS)["id"]))


def order(page: Page) -> list[str]:
    return [str(title) for title in page.locator(LINES).all_inner_texts()]


def stored(house: House, made: dict[str, Any]) -> list[list[str]]:
    with house.client(EDITOR) as client:
        sections = client.get(f"/api/collections/{made['id']}").json()["sections"]
    return [[item["title"] for item in section["items"]] for section in sections]


def test_an_editor_puts_a_lesson_into_the_third_place_by_keyboard_alone(
    visiting: VisitStart, house: House, made: dict[str, Any]
) -> None:
    visit = visiting(**DESK)
    visit.sign_in(EDITOR)
    page = visit.go(f"{made['url']}/sua")
    before = order(page)
    assert before[3] == WHOLE_NUMBERS
    grip = page.get_by_role("button", name=f"Xếp lại: {WHOLE_NUMBERS}")
    for _ in range(60):
        page.keyboard.press("Tab")
        if grip.evaluate("grip => grip === document.activeElement"):
            break
    page.keyboard.press("Alt+ArrowUp")
    said = page.locator("[data-said]")
    expect(said).to_have_text(f"Đã chuyển “{WHOLE_NUMBERS}” tới vị trí 3 trong mục “Phần một”")
    assert grip.evaluate("grip => grip === document.activeElement")
    wanted = [before[0], before[1], WHOLE_NUMBERS, before[2]]
    assert order(page) == wanted
    assert stored(house, made) == [[], wanted, []]

    for _ in range(2):
        page.keyboard.press("Alt+ArrowDown")
    expect(said).to_have_text(f"Đã chuyển “{WHOLE_NUMBERS}” tới vị trí 1 trong mục “Phần hai”")
    for _ in range(2):
        page.keyboard.press("Alt+ArrowUp")
    expect(said).to_have_text(f"Đã chuyển “{WHOLE_NUMBERS}” tới vị trí 3 trong mục “Phần một”")
    assert stored(house, made) == [[], wanted, []]
    page.reload()
    assert order(page) == wanted


def test_a_lesson_is_dragged_to_another_place(
    visiting: VisitStart, house: House, made: dict[str, Any]
) -> None:
    visit = visiting(**DESK)
    visit.sign_in(EDITOR)
    page = visit.go(f"{made['url']}/sua")
    before = order(page)
    grip = page.get_by_role("button", name=f"Xếp lại: {WHOLE_NUMBERS}")
    grip.scroll_into_view_if_needed()
    first, held = page.locator(".place").first.bounding_box(), grip.bounding_box()
    assert first is not None
    assert held is not None
    page.mouse.move(held["x"] + 10, held["y"] + 10)
    page.mouse.down()
    page.mouse.move(held["x"] + 10, first["y"] + 5, steps=8)
    expect(page.locator(LINES).first).to_have_text(WHOLE_NUMBERS)
    page.mouse.up()
    expect(page.locator("[data-said]")).to_contain_text("vị trí 1 trong mục “Phần một”")
    assert stored(house, made) == [[], [WHOLE_NUMBERS, *before[:3]], []]


class Finger:
    """One finger on a touch screen, as the browser itself is told of it."""

    def __init__(self, page: Page) -> None:
        self._device = page.context.new_cdp_session(page)

    def down(self, x: float, y: float) -> None:
        self._tell("touchStart", [{"x": x, "y": y}])

    def move(self, x: float, y: float) -> None:
        self._tell("touchMove", [{"x": x, "y": y}])

    def up(self) -> None:
        self._tell("touchEnd", [])

    def _tell(self, what: str, points: list[dict[str, float]]) -> None:
        said = {"type": what, "touchPoints": points}
        self._device.send("Input.dispatchTouchEvent", said)


def test_a_finger_drags_a_lesson_on_a_phone_and_elsewhere_scrolls_the_page(
    visiting: VisitStart, house: House, made: dict[str, Any]
) -> None:
    visit = visiting(**PHONE)
    visit.sign_in(EDITOR)
    page = visit.go(f"{made['url']}/sua")
    before, finger = order(page), Finger(page)
    grip = page.get_by_role("button", name=f"Xếp lại: {WHOLE_NUMBERS}")
    grip.scroll_into_view_if_needed()
    held = grip.bounding_box()
    assert held is not None
    x, y = held["x"] + 20, held["y"] + 20
    finger.down(x, y)
    expect(page.locator(".place.held")).to_have_count(1)
    # The list is longer than the screen: at its upper edge the page follows the finger.
    for part in range(1, 9):
        finger.move(x, y + (40 - y) * part / 8)
    expect(page.locator(LINES).first).to_have_text(WHOLE_NUMBERS)
    finger.up()
    expect(page.locator(".place.held")).to_have_count(0)
    expect(page.locator("[data-said]")).to_contain_text("vị trí 1 trong mục")
    assert [title for part in stored(house, made) for title in part] == [
        WHOLE_NUMBERS,
        *before[:3],
    ]

    page.evaluate("scrollTo(0, 0)")
    link = page.locator(LINES).first.bounding_box()
    assert link is not None
    finger.down(link["x"] + 60, 600)
    for step in range(1, 9):
        finger.move(link["x"] + 60, 600 - 40 * step)
    finger.up()
    page.wait_for_function("scrollY > 100")
    assert order(page) == [WHOLE_NUMBERS, *before[:3]]


def test_a_second_editor_who_comes_too_late_is_told_and_loses_nothing(
    visiting: VisitStart, house: House, made: dict[str, Any]
) -> None:
    visit = visiting(**DESK)
    visit.sign_in(EDITOR)
    page = visit.go(f"{made['url']}/sua")
    with house.client(EDITOR) as client:
        address = f"/api/collections/{made['id']}"
        client.patch(address, json={"title": "Tên mới"}, headers={"if-match": f'"{made["rev"]}"'})
    page.get_by_role("button", name=f"Lên {WHOLE_NUMBERS}").click()
    expect(page.get_by_role("alert")).to_contain_text("Người khác vừa sửa nội dung này")
    page.get_by_role("link", name="Tải lại trang").click()
    expect(page.get_by_label("Tên bộ sưu tập")).to_have_value("Tên mới")
    assert order(page) == stored(house, made)[1]
    visit.forgive("412")


def test_without_script_buttons_and_forms_do_the_same_and_a_phone_shows_it(
    visiting: VisitStart, house: House, made: dict[str, Any]
) -> None:
    visit = visiting(**PHONE, java_script_enabled=False)
    visit.sign_in(EDITOR)
    page = visit.go(f"{made['url']}/sua")
    before = order(page)
    page.get_by_role("button", name=f"Lên {WHOLE_NUMBERS}").click()
    assert order(page) == [before[0], before[1], WHOLE_NUMBERS, before[2]]
    page.get_by_role("link", name=f"Chuyển tới, ghi chú… {WHOLE_NUMBERS}").click()
    page.get_by_label("Mục", exact=True).select_option(label="Phần hai (1 vị trí)")
    page.get_by_role("button", name="Chuyển", exact=True).click()
    page.get_by_role("link", name=f"Chuyển tới, ghi chú… {WHOLE_NUMBERS}").click()
    page.get_by_label("Lời giới thiệu cho học liệu này").fill("Làm trước ở nhà.")
    page.get_by_role("button", name="Lưu").click()
    assert stored(house, made) == [[], before[:3], [WHOLE_NUMBERS]]
    page.get_by_role("button", name="Xuất bản").click()
    page.wait_for_url(re.compile(f"{made['url']}$"))

    reader = visiting(**PHONE, java_script_enabled=False).go(made["url"])
    titles = reader.locator(".results .card-title").all_inner_texts()
    assert titles == [*before[:3], WHOLE_NUMBERS]
    expect(reader.get_by_text("Làm trước ở nhà.")).to_be_visible()
    expect(reader.get_by_role("navigation", name="Mục lục")).to_contain_text("Phần hai")
    width = "document.scrollingElement.scrollWidth"
    assert page.viewport_size is not None
    for seen in (reader, page):
        assert int(seen.locator("html").evaluate(f"() => {width}")) <= 360
