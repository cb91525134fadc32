"""A student, without an account, on a cheap phone."""

import hashlib
import unicodedata
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsing import DESK, LONG, PHONE
from tests.journeys.conftest import VisitStart
from tests.journeys.house import WHOLE_NUMBERS, House

pytestmark = pytest.mark.timeout(LONG)

RESULT = "#results .card-title"


def filters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_student_taps_from_grade_to_lesson_and_downloads_it(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    page = visiting(**PHONE).go("/")
    page.get_by_role("link", name="Lớp 6").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lớp 6")
    page.get_by_role("main").get_by_role("link", name="Toán", exact=False).first.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Toán")
    for step in ("Số và đại số", "Số", "Số nguyên"):
        page.locator(".tree a").filter(has=page.get_by_text(step, exact=True)).tap()
        expect(page.get_by_role("heading", level=1)).to_have_text(step)
    page.get_by_role("link", name=WHOLE_NUMBERS).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(WHOLE_NUMBERS)

    worksheet = page.get_by_role("article").filter(has_text="Phiếu học tập - Số nguyên âm.pdf")
    image = worksheet.get_by_role("img")
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") >= 600

    with page.expect_download() as started:
        worksheet.get_by_role("link", name="Tải về").tap()
    saved = started.value
    assert saved.suggested_filename == "Phiếu học tập - Số nguyên âm.pdf"
    assert unicodedata.is_normalized("NFC", saved.suggested_filename)
    saved.save_as(tmp_path / "saved.pdf")
    content = (tmp_path / "saved.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    with house.client() as client:
        found = house.find(WHOLE_NUMBERS)
        files = client.get(f"/api/materials/{found['id']}").json()["files"]
    (sha256,) = (file["sha256"] for file in files if file["name"] == saved.suggested_filename)
    assert hashlib.sha256(content).hexdigest() == sha256


def test_results_follow_typing_facets_and_history_without_loading_the_page_again(
    visiting: VisitStart,
) -> None:
    page = visiting(**DESK).go("/tim")
    result = page.locator(RESULT, has_text=WHOLE_NUMBERS)
    page.evaluate("window.sameDocument = true")
    page.get_by_role("searchbox").fill("so nguyen am")
    expect(page.locator(RESULT).first).to_have_text(WHOLE_NUMBERS)
    assert filters(page) == {"q": ["so nguyen am"]}

    page.get_by_role("searchbox").fill("toan")
    expect(page.locator(RESULT)).not_to_have_count(1)
    page.get_by_role("checkbox", name="Lớp 6").check()
    expect(result).to_be_visible()
    expect(page.get_by_role("link", name="Bỏ lọc Lớp 6")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Lớp 6")).to_be_checked()
    assert filters(page) == {"q": ["toan"], "grade": ["6"]}

    page.get_by_role("checkbox", name="Kế hoạch bài dạy").check()
    expect(page.get_by_role("link", name="Bỏ lọc Kế hoạch bài dạy")).to_be_visible()
    page.get_by_role("link", name="Bỏ lọc Lớp 6").click()
    expect(page.get_by_role("checkbox", name="Lớp 6")).not_to_be_checked()
    expect(page.locator(RESULT)).not_to_have_count(1)
    assert filters(page) == {"q": ["toan"], "kind": ["lesson_plan"]}
    assert page.evaluate("window.sameDocument") is True

    page.go_back()
    expect(page.get_by_role("checkbox", name="Lớp 6")).to_be_checked()
    expect(page.get_by_role("link", name="Bỏ lọc Lớp 6")).to_be_visible()
    result.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(WHOLE_NUMBERS)
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("toan")


def test_search_and_facets_work_without_script(visiting: VisitStart) -> None:
    page = visiting(**PHONE, java_script_enabled=False).go("/")
    page.get_by_role("searchbox").fill("so nguyen am")
    page.get_by_role("button", name="Tìm").click()
    expect(page.locator(RESULT).first).to_have_text(WHOLE_NUMBERS)

    page.get_by_text("Bộ lọc").first.click()
    page.get_by_role("checkbox", name="Lớp 6").check()
    page.get_by_role("button", name="Áp dụng bộ lọc").click()
    expect(page.locator(RESULT)).to_have_text([WHOLE_NUMBERS])
    assert filters(page)["grade"] == ["6"]
    page.get_by_role("link", name="Bỏ lọc Lớp 6").click()
    assert "grade" not in filters(page)
    page.locator(RESULT).first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(WHOLE_NUMBERS)


def test_search_answers_where_no_front_end_package_arrives(visiting: VisitStart) -> None:
    visit = visiting(**DESK)
    visit.context.route("**/static/vendor/**", lambda route: route.abort())
    page = visit.go("/tim?q=phan+so")
    expect(page.get_by_role("checkbox", name="Lớp 4")).to_be_visible()
    page.get_by_role("searchbox").fill("so nguyen am")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/tim?q=so+nguyen+am*")
    expect(page.locator(RESULT).first).to_have_text(WHOLE_NUMBERS)
    page.get_by_role("checkbox", name="Lớp 6").check()
    page.wait_for_url("**grade=6*")
    expect(page.locator(RESULT)).to_have_text([WHOLE_NUMBERS])
    visit.forgive("/static/vendor/", "net::ERR_FAILED")


def test_a_suggested_lesson_opens_at_once(visiting: VisitStart) -> None:
    page = visiting(**DESK).go("/")
    page.get_by_role("combobox", name="Tìm học liệu").press_sequentially("so nguyen am", delay=20)
    option = page.get_by_role("option", name=WHOLE_NUMBERS).first
    expect(option).to_be_visible()
    option.click()
    page.wait_for_url("**/hoc-lieu/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(WHOLE_NUMBERS)
