"""A teacher sends files and describes them."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Request, expect

from tests.journeys import papers
from tests.journeys.browsing import DESK, LONG, PHONE, Visit
from tests.journeys.conftest import VisitStart
from tests.journeys.house import TEACHER, House
from tests.journeys.wire import open_wire

pytestmark = pytest.mark.timeout(LONG)

PLAN = "Kế hoạch bài dạy - So sánh phân số.docx"
SHEET = "Phiếu học tập - So sánh phân số.pdf"
READY = re.compile("Đã nhận vào kho")
MEBIBYTES = 30
PACE = 10e6  # bytes a second: time enough to break in


def payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def line(page: Page, name: str) -> Locator:
    return page.locator("#sendings > li").filter(has=page.get_by_text(name, exact=True))


@pytest.fixture
def teacher(visiting: VisitStart) -> Visit:
    visit = visiting(**DESK)
    visit.sign_in(TEACHER)
    visit.go("/dong-gop")
    return visit


def test_two_files_become_one_lesson_that_is_described_and_submitted(teacher: Visit) -> None:
    page = teacher.page
    page.locator("#files").set_input_files(
        [payload(PLAN, papers.plan_docx()), payload(SHEET, papers.worksheet_pdf())]
    )
    expect(page.get_by_role("radio", name="Gộp thành một bài học")).to_be_checked()
    page.get_by_role("button", name="Gửi 2 tệp").click()
    for name in (PLAN, SHEET):
        expect(line(page, name)).to_contain_text(READY)
    describe = page.locator("#done").get_by_role("link", name="Điền thông tin")
    expect(describe).to_have_count(1)
    describe.click()

    expect(page.get_by_role("main")).to_contain_text(f"2 tệp: {PLAN}, {SHEET}")
    page.get_by_label("Tên học liệu").fill("")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.locator("#errors")).to_be_visible()
    expect(page.locator("#field-title .wrong")).to_be_visible()
    expect(page.get_by_label("Tên học liệu")).to_have_attribute("aria-invalid", "true")

    page.get_by_label("Tên học liệu").fill("So sánh phân số bằng quy đồng")
    page.get_by_label("Giới thiệu").fill("Dùng cho tiết luyện tập, in phiếu cho từng cặp.")
    page.get_by_role("button", name="Lưu và gửi duyệt").click()
    for field in ("grades", "license"):
        expect(page.locator(f"#field-{field} .wrong")).to_be_visible()
    expect(page.get_by_label("Tên học liệu")).to_have_value("So sánh phân số bằng quy đồng")

    page.get_by_role("radio", name="Phiếu học tập").check()
    page.get_by_role("checkbox", name="Lớp 6").check()
    page.get_by_role("checkbox", name="Toán").check()
    page.get_by_label("Tìm trong các lớp và môn đã chọn").fill("so sanh phan so")
    page.get_by_role("button", name="Tìm mục").click()
    expect(page.get_by_role("radio", name="Phiếu học tập")).to_be_checked()
    found = page.locator("#tim-muc input[name=item]")
    expect(found.first).to_be_visible()
    found.first.check()
    page.get_by_role("radio", name="CC BY 4.0").check()
    page.get_by_role("button", name="Lưu và gửi duyệt").click()

    expect(page.get_by_role("status")).to_contain_text("Đã lưu và gửi duyệt")
    expect(page.get_by_role("heading", level=1)).to_have_text("So sánh phân số bằng quy đồng")
    expect(page.locator(".status").first).to_have_text("Chờ duyệt")
    expect(page.get_by_role("article")).to_have_count(2)
    teacher.forgive("422")


def test_files_that_are_refused_say_why_and_leave_the_others_alone(teacher: Visit) -> None:
    page = teacher.page
    page.locator("#files").set_input_files(
        [
            payload("Đề kiểm tra.docm", papers.macro_docm()),
            payload("Trống.pdf", b""),
            payload("Hỏng.pdf", papers.broken_pdf()),
            payload("Không phải ảnh.png", papers.worksheet_pdf()),
            payload(PLAN, papers.plan_docx()),
        ]
    )
    page.get_by_text("Mỗi tệp một học liệu").click()
    page.get_by_role("button", name="Gửi 5 tệp").click()
    expect(line(page, PLAN)).to_contain_text(READY)
    sentences = {
        "Đề kiểm tra.docm": "Tệp có chứa macro",
        "Trống.pdf": "Tệp trống",
        "Hỏng.pdf": "Tệp bị hỏng",
        "Không phải ảnh.png": "nội dung lại là Tài liệu PDF",
    }
    for name, sentence in sentences.items():
        expect(line(page, name)).to_contain_text(sentence)
        expect(line(page, name)).to_have_class(re.compile("rejected"))
    expect(page.locator("#done").get_by_role("link", name="Điền thông tin")).to_have_count(1)


def test_an_upload_goes_on_after_the_connection_broke(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    sound = papers.long_wav(tmp_path / "Bài nghe số 5.wav", MEBIBYTES)
    with open_wire(house.url) as wire:
        visit = visiting(**DESK, through=wire.url)
        visit.sign_in(TEACHER)
        page, patches = visit.go("/dong-gop"), list[Request]()
        page.on("request", lambda asked: patches.append(asked) if asked.method == "PATCH" else None)
        wire.pace = PACE
        page.locator("#files").set_input_files(sound)
        expect(line(page, sound.name)).to_contain_text(re.compile("Đã gửi [3-9][0-9]%"))
        wire.cut()
        expect(line(page, sound.name)).to_contain_text("Mất kết nối")
        wire.mend()
        expect(line(page, sound.name)).to_contain_text(READY)
        offsets = [int(asked.headers["upload-offset"]) for asked in patches]
        assert offsets[0] == 0
        assert 0 < offsets[-1] < sound.stat().st_size
        # What had arrived was not sent a second time, but for what was on its way.
        assert wire.sent < sound.stat().st_size * 1.5
        visit.forgive("net::ERR")

        page.get_by_role("link", name="Xem học liệu").click()
        with page.expect_download() as begun:
            page.get_by_role("link", name="Tải về").click()
        saved = tmp_path / "saved.wav"
        begun.value.save_as(saved)
    assert saved.read_bytes() == sound.read_bytes()


def test_an_upload_goes_on_after_the_connection_fell_silent(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    sound = papers.long_wav(tmp_path / "Bài nghe số 7.wav", MEBIBYTES)
    with open_wire(house.url) as wire:
        visit = visiting(**DESK, through=wire.url)
        visit.page.clock.install()
        visit.sign_in(TEACHER)
        page = visit.go("/dong-gop")
        wire.pace = PACE
        page.locator("#files").set_input_files(sound)
        expect(line(page, sound.name)).to_contain_text(re.compile("Đã gửi [3-9][0-9]%"))
        wire.pace = 1
        page.wait_for_timeout(500)  # what is still on its way counts as a sign of life
        page.clock.fast_forward("01:01")
        expect(line(page, sound.name)).to_contain_text("Mất kết nối")
        wire.cut()
        wire.mend()
        page.clock.fast_forward("00:05")
        expect(line(page, sound.name)).to_contain_text(READY)
        visit.forgive("net::ERR", "423")


def test_an_upload_that_is_cancelled_leaves_nothing(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    sound = papers.long_wav(tmp_path / "Bài nghe số 6.wav", MEBIBYTES)
    with open_wire(house.url) as wire:
        visit = visiting(**DESK, through=wire.url)
        visit.sign_in(TEACHER)
        page = visit.go("/dong-gop")
        wire.pace = PACE
        page.locator("#files").set_input_files(sound)
        expect(line(page, sound.name)).to_contain_text(re.compile("Đã gửi [1-9]"))
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
            line(page, sound.name).get_by_role("button", name="Huỷ").click()
        assert deleted.value.ok
        expect(line(page, sound.name)).to_contain_text("Đã huỷ")
        wire.mend()
        visit.go("/cua-toi")
        expect(page.get_by_role("main")).not_to_contain_text("Bài nghe số 6")


def test_the_page_says_that_sending_needs_script(visiting: VisitStart) -> None:
    visit = visiting(**PHONE, java_script_enabled=False)
    visit.sign_in(TEACHER)
    page = visit.go("/dong-gop")
    expect(page.get_by_text("Gửi tệp cần JavaScript")).to_be_visible()
    expect(page.locator("#files")).to_be_hidden()
