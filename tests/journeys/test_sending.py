"""Many files and whole folders on their way: stopped, left, come back to, refused."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.journeys import papers
from tests.journeys.browsing import DESK, LONG, Visit
from tests.journeys.conftest import VisitStart
from tests.journeys.house import TEACHER, House, killed_and_started_again, open_house
from tests.journeys.wire import Wire, address_of, open_wire

pytestmark = pytest.mark.timeout(LONG)

READY = re.compile("Đã nhận vào kho")
UNDERWAY = re.compile("Đã gửi [1-9][0-9]%")
PACE = 4e6  # bytes a second: time enough to break in
NOTHING_KEPT = "navigator.storage.estimate = async () => ({ quota: 0, usage: 0 })"


def line(page: Page, name: str) -> Locator:
    return page.locator("#sendings > li").filter(has=page.get_by_text(name, exact=True))


def said(page: Page, name: str) -> Locator:
    return line(page, name).locator(".said")


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders of this machine upon the page, as a hand does."""
    box = page.locator("#zone").bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    place = {"x": box["x"] + 40, "y": box["y"] + 40, "data": data}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **place})


def a_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def slow_visit(visiting: VisitStart, wire: Wire, script: str = "") -> Visit:
    visit = visiting(**DESK, through=wire.url)
    if script:
        visit.context.add_init_script(script)
    visit.page.on("dialog", lambda dialog: dialog.accept())
    visit.sign_in(TEACHER)
    visit.go("/dong-gop")
    wire.pace = PACE
    return visit


def break_in(page: Page, wire: Wire) -> None:
    """End the connection when a good part has arrived, and let the next one through at once."""
    while wire.sent < 3e6:
        page.wait_for_timeout(50)
    wire.cut()
    wire.mend()


def stored_digest(house: House, page: Page) -> str:
    """SHA-256 of the file of the material that the page leads to."""
    path = page.get_by_role("link", name="Xem học liệu").get_attribute("href")
    with house.client(TEACHER) as client:
        found = re.findall(r"/api/files/\d+/content", client.get(str(path)).text)
        return hashlib.sha256(client.get(found[0]).raise_for_status().content).hexdigest()


def test_each_dropped_folder_is_one_lesson_unless_it_is_split(
    visiting: VisitStart, tmp_path: Path
) -> None:
    lessons = a_folder(
        tmp_path / "Tuần 5",
        {
            "Bài 1/Kế hoạch.docx": papers.plan_docx(),
            "Bài 1/Phiếu.pdf": papers.worksheet_pdf(),
            "Bài 1/.DS_Store": b"left by a system",
            "Bài 2/Đề.docx": papers.plan_docx(),
            "Bài 2/Đáp án.docm": papers.macro_docm(),
            "Bài 2/Trống.pdf": b"",
        },
    )
    picked = a_folder(tmp_path / "Bài 3", {"Bài ba.docx": papers.plan_docx(), "Thumbs.db": b"x"})
    visit = visiting(**DESK)
    visit.sign_in(TEACHER)
    page = visit.go("/dong-gop")
    drop(page, lessons)
    expect(page.locator("#notes")).to_contain_text("Đã bỏ qua 1 tệp của hệ thống")
    expect(page.locator("#folder-list > li")).to_have_count(2)
    page.locator("#folder").set_input_files(picked)
    expect(page.locator("#notes")).to_contain_text("Thumbs.db")
    page.locator("#folder").set_input_files(picked)
    expect(page.locator("#notes")).to_contain_text("không gửi hai lần: Bài ba.docx")
    page.get_by_role("checkbox", name="Tách ra: mỗi tệp một học liệu: Tuần 5/Bài 2").check()
    page.get_by_role("button", name="Gửi 6 tệp").click()

    for name in ("Kế hoạch.docx", "Phiếu.pdf", "Đề.docx", "Bài ba.docx"):
        expect(said(page, name)).to_contain_text(READY)
    expect(said(page, "Đáp án.docm")).to_contain_text("Tệp có chứa macro")
    expect(said(page, "Trống.pdf")).to_have_text("Tệp trống.")
    links = page.locator("#done").get_by_role("link")
    expect(links).to_have_count(3)
    assert {text.partition(": ")[2] for text in links.all_inner_texts()} == {
        "Bài 1",
        "Đề.docx",
        "Bài 3",
    }
    alike = page.get_by_role("link", name=re.compile("Giống “.+” 100% – Xem và chọn")).first
    alike.click()
    page.wait_for_url("**/giong")


def test_files_rest_while_they_are_paused(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    first, second, third = (papers.long_wav(tmp_path / f"Bài nghe {n}.wav", 16) for n in (1, 2, 3))
    with open_wire(house.url) as wire:
        page = slow_visit(visiting, wire).page
        wire.pace = 1e6
        begun, stopped = list[Request](), list[Request]()
        page.on("request", lambda asked: begun.append(asked))
        page.on("requestfailed", lambda asked: stopped.append(asked))
        page.locator("#files").set_input_files([first, second, third])
        page.get_by_text("Mỗi tệp một học liệu").click()
        page.get_by_role("button", name="Gửi 3 tệp").click()
        for name in (first.name, second.name):
            expect(said(page, name)).to_contain_text(UNDERWAY)
        expect(said(page, third.name)).to_have_text("Đang chờ")
        expect(page.locator("#overall-text")).to_contain_text("0/3 tệp")
        page.get_by_role("button", name="Tạm dừng tất cả").click()
        expect(page.get_by_text(re.compile("Đã tạm dừng ở"))).to_have_count(3)
        expect(page.get_by_role("button", name="Gửi tiếp tất cả")).to_be_visible()
        assert len(stopped) == 2
        begun.clear()
        page.wait_for_timeout(500)
        assert begun == []

        wire.mend()
        line(page, third.name).get_by_role("button", name="Gửi tiếp").click()
        expect(said(page, third.name)).to_contain_text(READY)
        expect(said(page, first.name)).to_contain_text("Đã tạm dừng")
        page.get_by_role("button", name="Gửi tiếp tất cả").click()
        for name in (first.name, second.name):
            expect(said(page, name)).to_contain_text(READY)
        expect(page.locator("#said")).to_contain_text("3/3 tệp đã vào kho")


def test_an_upload_goes_on_by_itself_after_the_page_was_left(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    sound = papers.long_wav(tmp_path / "Bài nghe dài.wav", 12)
    waiting = tmp_path / "Phiếu nghe.docx"
    waiting.write_bytes(papers.plan_docx())
    with open_wire(house.url) as wire:
        visit = slow_visit(visiting, wire)
        page, patches = visit.page, list[Request]()
        page.locator("#files").set_input_files([sound, waiting])
        page.get_by_role("button", name="Gửi 2 tệp").click()
        expect(said(page, waiting.name)).to_have_text("Đang chờ")
        break_in(page, wire)
        page.on("request", lambda asked: patches.append(asked) if asked.method == "PATCH" else None)
        page.reload()
        for name in (sound.name, waiting.name):
            expect(said(page, name)).to_contain_text(READY)
        assert int(patches[0].headers["upload-offset"]) > 0
        assert stored_digest(house, page) == hashlib.sha256(sound.read_bytes()).hexdigest()
        page.reload()
        expect(page.locator("#sendings > li")).to_have_count(0)
        visit.forgive("net::ERR", "423")


def test_an_upload_outlives_its_server(visiting: VisitStart, tmp_path: Path) -> None:
    sound = papers.long_wav(tmp_path / "Bài nghe sống sót.wav", 12)
    with open_house() as first, open_wire(first.url) as wire:
        visit = slow_visit(visiting, wire)
        page, patches = visit.page, list[Request]()
        page.locator("#files").set_input_files(sound)
        while wire.sent < 3e6:
            page.wait_for_timeout(50)
        page.on("request", lambda asked: patches.append(asked) if asked.method == "PATCH" else None)
        wire.cut()
        with killed_and_started_again(first) as second:
            wire.server = address_of(second.url)
            wire.mend()
            expect(said(page, sound.name)).to_contain_text(READY)
            assert int(patches[0].headers["upload-offset"]) > 0
            assert stored_digest(second, page) == hashlib.sha256(sound.read_bytes()).hexdigest()
            visit.forgive("net::ERR", "423")
            page.goto("about:blank")


def test_a_file_that_the_browser_could_not_keep_is_chosen_again(
    visiting: VisitStart, house: House, tmp_path: Path
) -> None:
    sound = papers.long_wav(tmp_path / "Bài nghe lớn.wav", 12)
    other = tmp_path / "khác" / sound.name
    other.parent.mkdir()
    other.write_bytes(bytes(sound.stat().st_size))
    with open_wire(house.url) as wire:
        visit = slow_visit(visiting, wire, NOTHING_KEPT)
        page = visit.page
        page.locator("#files").set_input_files(sound)
        break_in(page, wire)
        page.reload()
        expect(said(page, sound.name)).to_contain_text("Hãy chọn lại tệp")
        again = line(page, sound.name).get_by_role("button", name="Chọn lại tệp")
        for path, sentence in ((other, "không phải tệp đang gửi dở"), (sound, READY)):
            with page.expect_file_chooser() as asked:
                again.click()
            asked.value.set_files(path)
            expect(said(page, sound.name)).to_contain_text(sentence)
        assert stored_digest(house, page) == hashlib.sha256(sound.read_bytes()).hexdigest()
        visit.forgive("net::ERR", "423")
