"""Every page as a phone and a desk show it, light and dark, judged by axe and by measure."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.journeys import papers
from tests.journeys.browsing import DESK, LONG, PHONE, Visit
from tests.journeys.conftest import VisitStart
from tests.journeys.house import (
    ADMIN,
    EDITOR,
    SCAN,
    TEACHER,
    TOPIC,
    WHOLE_NUMBERS,
    House,
    draft_collection,
    draft_of_files,
    submitted_lesson,
)
from tests.journeys.test_contributing import line, payload

pytestmark = pytest.mark.timeout(LONG)

AXE: Final = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MANNERS: Final = {"phone": PHONE, "desk": DESK}

_JUDGE: Final = """async (runOnly) => {
  const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
  const places = (nodes) => nodes.map((node) => node.target).join(" | ");
  return violations.map(({ id, nodes }) => `${id}: ${places(nodes)}`);
}"""
# Links within a text may be smaller (WCAG 2.2, 2.5.8); axe looks at the room around them.
_MEASURE: Final = """() => {
  const wrong = [];
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) wrong.push(`wider than the screen: ${page.scrollWidth}`);
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  for (const image of document.images) {
    const named = image.hasAttribute("alt") && image.width && image.height;
    if (!named || !image.hasAttribute("width") || !image.hasAttribute("height")) {
      wrong.push(`image: ${image.outerHTML}`);
    }
  }
  for (const target of document.querySelectorAll("a, button, input, select, summary, textarea")) {
    const text = target.tagName === "A" && getComputedStyle(target).display === "inline";
    const box = (target.closest("label") ?? target).getBoundingClientRect();
    const shown = target.checkVisibility({ visibilityProperty: true }) && box.width > 2;
    if (!shown || text) continue;
    if (box.width < 24 || box.height < 24) wrong.push(`small: ${target.outerHTML.slice(0, 120)}`);
  }
  return wrong;
}"""


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it stands, in both color schemes."""
    page.add_script_tag(path=AXE)
    found = list(page.evaluate(_MEASURE))
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found += page.evaluate(_JUDGE, RULES)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {fault}" for fault in page.evaluate(_JUDGE, ["color-contrast"])]
    return found


def check(visit: Visit, addresses: dict[str, str]) -> dict[str, list[str]]:
    """Faults of each page that has some."""
    found = {name: faults(visit.go(address)) for name, address in addresses.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


@pytest.fixture(params=MANNERS)
def begin(request: pytest.FixtureRequest, visiting: VisitStart) -> Callable[[], Visit]:
    """Begin a visit on a phone or a desk whose policy lets the judge's script in."""
    manner: dict[str, Any] = MANNERS[request.param]
    return lambda: visiting(**manner, bypass_csp=True)


def test_pages_for_everybody(begin: Callable[[], Visit], house: House) -> None:
    addresses = {
        "home": "/",
        "search": "/tim?q=toan&subject=toan",
        "empty search": "/tim?q=kh%C3%B4ng-c%C3%B3-%C4%91%C3%A2u",
        "frameworks": "/chuong-trinh",
        "grade": "/chuong-trinh/gdpt2018/lop-6",
        "topic": f"/chuong-trinh/gdpt2018/{TOPIC}",
        "about": "/gioi-thieu",
        "sign in": "/dang-nhap",
        "document": house.find(WHOLE_NUMBERS)["url"],
        "scan": house.find(SCAN)["url"],
        "sound": house.find("Vỗ tay theo nhịp hai bốn")["url"],
        "film": house.find("Vòng tuần hoàn của nước trong tự nhiên")["url"],
        "web page": house.find("Định luật Ohm: trang tự học có bài tập chạm xem đáp án")["url"],
        "sheet": f"{house.find(WHOLE_NUMBERS)['url']}/in",
    }
    visit = begin()
    assert check(visit, addresses) == {}
    page = visit.page
    assert faults(visit.go("/da-luu")) == []
    kept = json.dumps([house.find(title)["code"] for title in (WHOLE_NUMBERS, SCAN)])
    page.evaluate(
        "kept => ['saved', 'opened'].forEach((l) => localStorage[`kho.${l}`] = kept)", kept
    )
    visit.go("/da-luu")
    page.locator("[data-list=opened] .save").nth(1).wait_for()
    assert faults(page) == []


def test_pages_of_errors(begin: Callable[[], Visit]) -> None:
    visit = begin()
    assert check(visit, {"missing": "/hoc-lieu/khong-co", "wrong": "/tim?page=0"}) == {}
    visit.forgive("404", "400")


def test_pages_of_teachers(begin: Callable[[], Visit], house: House) -> None:
    address = submitted_lesson(house, "Phân số và hỗn số")
    bundle = {"Phiếu.pdf": papers.worksheet_pdf(), "Kế hoạch.docx": papers.plan_docx()}
    visit = begin()
    visit.sign_in(TEACHER)
    addresses = {
        "own": "/cua-toi",
        "none": "/cua-toi?status=withdrawn",
        "account": "/tai-khoan",
        "material": address,
        "edit": f"{address}/sua",
        "files of one under review": f"{address}/tep",
        "files": f"{draft_of_files(house, bundle)}/tep",
    }
    assert check(visit, addresses) == {}
    assert check(visit, {"forbidden": "/duyet"}) == {}
    visit.forgive("403")


def test_uploads_in_every_state(begin: Callable[[], Visit]) -> None:
    visit = begin()
    visit.sign_in(TEACHER)
    page = visit.go("/dong-gop")
    assert faults(page) == []
    page.locator("#files").set_input_files(
        [
            payload("Phiếu.pdf", papers.worksheet_pdf()),
            payload("Hỏng.pdf", papers.broken_pdf()),
        ]
    )
    assert faults(page) == []
    page.get_by_role("button", name="Gửi 2 tệp").click()
    line(page, "Phiếu.pdf").and_(page.locator(".ready")).wait_for()
    line(page, "Hỏng.pdf").and_(page.locator(".rejected")).wait_for()
    assert faults(page) == []


def test_a_form_with_errors(begin: Callable[[], Visit], house: House) -> None:
    address = submitted_lesson(house, "Bài để sửa sai")
    visit = begin()
    visit.sign_in(TEACHER)
    page = visit.go(f"{address}/sua")
    page.get_by_label("Tên học liệu").fill("")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.locator("#errors").wait_for()
    assert faults(page) == []
    visit.forgive("422")


def test_pages_of_editors(begin: Callable[[], Visit], house: House) -> None:
    address = submitted_lesson(house, "Bài để duyệt")
    visit = begin()
    visit.sign_in(EDITOR)
    assert check(visit, {"desk": "/duyet", "material": address}) == {}


def curated(house: House) -> dict[str, Any]:
    """A published collection with a note, and with a place whose material was taken down."""
    address = submitted_lesson(house, "Bài rồi sẽ gỡ")
    with house.client(EDITOR) as client:
        queue = client.get(f"/api/cards?code={address.rpartition('/')[2]}").json()["items"]
        gone = f"/api/materials/{queue[0]['id']}"

        def act(path: str, said: dict[str, Any] | None = None) -> dict[str, Any]:
            etag = client.get(path.rpartition("/")[0]).headers["etag"]
            done = client.post(path, json=said, headers={"if-match": etag})
            return dict(done.raise_for_status().json())

        act(f"{gone}/publish")
        others = [one["id"] for one in house.published() if one["id"] != queue[0]["id"]]
        made = draft_collection(house, "Mười phút đầu giờ", [queue[0]["id"], *others[:3]])
        act(f"{gone}/withdraw", {"reason": "Sai đáp án."})
        places = made["sections"][1]["items"]
        made["place"], made["section"] = places[1]["id"], made["sections"][1]["id"]
        note = {"note": "Chiếu trang 1, cho cả lớp đoán trước."}
        address = f"/api/collections/{made['id']}"
        etag = client.get(address).headers["etag"]
        client.patch(f"{address}/items/{made['place']}", json=note, headers={"if-match": etag})
        act(f"{address}/publish")
    return made


def test_pages_of_collections(begin: Callable[[], Visit], house: House) -> None:
    made = curated(house)
    reader = begin()
    public = {"list": "/bo-suu-tap", "none": "/bo-suu-tap?q=kh%C3%B4ng", "one": made["url"]}
    assert check(reader, public | {"sheet": f"{made['url']}/in"}) == {}
    editor = begin()
    editor.sign_in(EDITOR)
    addresses = {
        "drafts": "/bo-suu-tap?status=draft",
        "new": "/bo-suu-tap/moi",
        "add": f"/bo-suu-tap/them?material={house.find(SCAN)['code']}",
        "one": made["url"],
        "edit": f"{made['url']}/sua",
        "place": f"{made['url']}/cho/{made['place']}",
        "section": f"{made['url']}/muc/{made['section']}",
    }
    assert check(editor, addresses) == {}


def test_pages_of_administrators(begin: Callable[[], Visit]) -> None:
    visit = begin()
    visit.sign_in(ADMIN)
    synonyms = "/quan-tri/tu-dong-nghia?thu=phuowng+trinhf+l%E1%BB%9Bp+9+pitago"
    assert check(visit, {"state": "/quan-tri", "synonyms": synonyms}) == {}
    visit.page.locator("details.act > summary").first.click()
    assert faults(visit.page) == []
