"""The search page and the curriculum's pages: addresses that switch filters, parts for htmx."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from repo_server.domain.access import Viewer
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from tests.routes.edge import Answer
from tests.routes.houses import PAGE, House, Visitor


@pytest.fixture(scope="module")
def owner(lasting_house: House) -> Viewer:
    owner = lasting_house.person()
    for number in range(22):
        description = Description(
            title=f"Phân số bài {number}",
            description="Bài học có ví dụ và bài tập.",
            kind="worksheet" if number % 2 else "lesson_plan",
            license="cc-by-4.0",
            choice=Choice((6 if number % 3 else 9,), ("toan",)),
        )
        lasting_house.published(owner, description, f"Nội dung {number}.".encode())
    return owner


@pytest.fixture
def reader(lasting_house: House, owner: Viewer) -> Visitor:
    assert owner.signed_in
    return lasting_house.stranger()


def links(answer: Answer, start: str) -> list[str]:
    found = re.findall(r'href="([^"]*)"', answer.body.decode())
    return [unescape(link) for link in found if link.startswith(start)]


def count_of(answer: Answer) -> int:
    found = re.search(r'id="found-count"[^>]*>[^<0-9]*([\d.]+)', answer.body.decode())
    assert found is not None
    return int(found[1].replace(".", ""))


def test_a_chip_takes_its_filter_away_and_keeps_the_rest(reader: Visitor) -> None:
    page = reader.page("/tim?q=phan+so&grade=6&grade=9&kind=worksheet&sort=newest&page=1")
    removing = [parse_qs(urlsplit(link).query) for link in links(page, "/tim?q=")]

    assert page.status == 200
    assert count_of(page) == 11
    without_six = [query for query in removing if query.get("grade") == ["9"]]
    assert {
        "q": ["phan so"],
        "grade": ["9"],
        "kind": ["worksheet"],
        "sort": ["newest"],
    } in without_six
    assert any("kind" not in query and query.get("grade") == ["6", "9"] for query in removing)
    for link in links(page, "/tim"):
        assert reader.page(link).status == 200


def test_pages_keep_the_question(reader: Visitor) -> None:
    first = reader.page("/tim?q=phan+so")
    following = [link for link in links(first, "/tim?") if "page=2" in link]

    assert following
    assert parse_qs(urlsplit(following[0]).query) == {"q": ["phan so"], "page": ["2"]}
    second = reader.page(following[0])
    assert second.body.count(b'class="card-title"') == 2
    assert reader.page("/tim?q=phan+so&page=3").status == 200


def test_htmx_gets_the_results_alone(reader: Visitor) -> None:
    whole = reader.page("/tim?q=phan+so")
    part = reader.ask("GET", "/tim?q=phan+so", headers=PAGE | {"hx-request": "true"})

    assert b"<!doctype html>" in whole.body
    assert b"<!doctype html>" not in part.body
    assert b"<title>" in part.body
    assert count_of(part) == count_of(whole) == 22
    for answer in (whole, part):
        assert {"Cookie", "HX-Request"} <= set(answer.header("vary").split(", "))
        assert answer.header("cache-control") == "private, no-store"


def test_a_page_speaks_english_when_asked_and_goes_on_so(lasting_house: House) -> None:
    reader = lasting_house.stranger()

    assert b'<html lang="vi">' in reader.page("/tim").body
    assert b'<html lang="en">' in reader.page("/tim?lang=en").body
    assert b'<html lang="en">' in reader.page("/").body
    assert b'<html lang="en">' in reader.page("/tim?lang=xx").body
    assert b'<html lang="vi">' in reader.page("/?lang=vi").body
    offered = [link for link in links(reader.page("/tim?q=a&grade=6"), "/tim?") if "lang=" in link]
    asked = {"q": ["a"], "grade": ["6"], "lang": ["en"]}
    assert [parse_qs(urlsplit(link).query) for link in offered] == [asked] * len(offered)
    assert offered


@pytest.mark.parametrize("address", ["/chuong-trinh", "/chuong-trinh/gdpt2018", "/"])
def test_a_walk_through_the_curriculum_meets_no_dead_end(reader: Visitor, address: str) -> None:
    page = reader.page(address)

    assert page.status == 200
    for link in sorted(set(links(page, "/chuong-trinh/")))[:30]:
        below = reader.page(link)
        assert below.status == 200, link
        assert b"<h1" in below.body


def test_an_item_shows_the_materials_below_it(reader: Visitor) -> None:
    page = reader.page("/chuong-trinh/gdpt2018/lop-6")
    text = page.body.decode()

    assert "Phân số bài" in text
    everything = [link for link in links(page, "/tim?") if "grade=6" in link]
    assert count_of(reader.page(everything[0])) == 14


@pytest.mark.parametrize("facet", ["grade", "subject", "kind", "license", "language", "format"])
def test_a_filter_with_a_value_that_is_none_finds_nothing(reader: Visitor, facet: str) -> None:
    page = reader.page(f"/tim?{facet}=khong-co")

    assert page.status == 200
    assert count_of(page) == 0
    assert "khong-co" in page.body.decode()


def test_an_english_page_names_kinds_grades_and_licences_in_english(reader: Visitor) -> None:
    page = reader.page("/tim?lang=en&grade=6&kind=worksheet")
    text = unescape(page.body.decode())
    for name in ("Worksheet", "Grade 6", "Plain text", "Vietnamese", "CC BY 4.0"):
        assert name in text, name
    for name in ("Phiếu học tập", "Lớp 6", "Văn bản thuần", "Kế hoạch bài dạy"):
        assert name not in text, name
    assert "Toán" in text

    path = links(page, "/hoc-lieu/")[0]
    material = unescape(reader.page(f"{path}?lang=en").body.decode())
    assert "Worksheet" in material
    assert "Phiếu học tập" not in material
