"""Following a search: its feed, and searches that an account keeps."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from repo_server.domain.errors import SearchUnavailable
from repo_server.search.base import SearchQuery
from repo_server.services.following import SAVED_LIMIT
from tests.libraries import COMPLETE
from tests.routes.houses import House, Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
FENCE = replace(COMPLETE, title="Hàng rào", description="Đo sân trường.", keywords=())
FRACTIONS = replace(COMPLETE, title="Phân số bằng nhau")


def titles(body: bytes) -> list[str]:
    """The titles of a feed's entries."""
    root = ElementTree.fromstring(body)
    return [entry.findtext(f"{ATOM}title", "") for entry in root.findall(f"{ATOM}entry")]


def addresses(visitor: Visitor) -> list[str]:
    """Where the searches on the page of what is saved lead."""
    text = visitor.page("/da-luu").body.decode()
    return [part.split('"')[0] for part in text.split('<li><div><a href="')[1:]]


def test_the_feed_shows_the_newest_of_a_search_and_nothing_else(house: House) -> None:
    owner = house.person()
    older = house.published(owner, FRACTIONS)
    house.published(owner, FENCE, b"Tre, go, gach.")
    newer = house.published(owner, replace(FRACTIONS, title="So sánh phân số"))
    house.draft(owner, replace(FRACTIONS, title="Phân số còn là nháp"))

    answer = house.browser(owner).get("/tim.atom?q=phan+so&grade=6")
    assert answer.status == 200
    assert answer.header("content-type") == "application/atom+xml; charset=utf-8"
    assert answer.header("cache-control") == "public, max-age=300"
    assert titles(answer.body) == [newer.card.title, older.card.title]
    root = ElementTree.fromstring(answer.body)
    assert "“phan so” · Lớp 6" in root.findtext(f"{ATOM}title", "")
    again = house.stranger().get("/tim.atom?q=phan+so&grade=6", if_none_match=answer.header("etag"))
    assert (again.status, again.body) == (304, b"")


def test_a_feed_does_not_lie_while_no_engine_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.published(house.person(), FRACTIONS)
    index = house.library.indexes[0]

    def down(query: SearchQuery) -> None:
        raise SearchUnavailable

    monkeypatch.setattr(index, "search", down)
    answer = house.stranger().get("/tim.atom?q=phan+so")
    assert answer.status == 503
    assert answer.header("retry-after")


def test_the_search_page_leads_to_its_feed(house: House) -> None:
    text = house.stranger().page("/tim?q=ph%C3%A2n+s%E1%BB%91&grade=6&page=2").body.decode()
    assert 'href="/tim.atom?q=ph%C3%A2n+s%E1%BB%91&amp;grade=6"' in text
    assert 'action="/da-luu/tim-kiem"' not in text


def test_a_teacher_keeps_a_search_sees_what_is_new_and_lets_it_go(house: House) -> None:
    teacher = house.person()
    visitor = house.browser(teacher)
    house.published(teacher, FRACTIONS)
    assert 'value="q=phan+so"' in visitor.page("/tim?q=phan+so").body.decode()

    for _ in range(2):
        answer = visitor.post("/da-luu/tim-kiem", query="q=phan+so&page=3")
        assert (answer.status, answer.header("location")) == (303, "/da-luu")
    [address] = addresses(visitor)
    text = visitor.page("/da-luu").body.decode()
    assert "“phan so”" in text
    assert "1 mới" not in text

    house.published(teacher, replace(FRACTIONS, title="So sánh phân số"))
    assert "1 mới" in visitor.page("/da-luu").body.decode()
    answer = visitor.page(address)
    assert (answer.status, answer.header("location")) == (303, "/tim?q=phan+so&sort=newest")
    assert "1 mới" not in visitor.page("/da-luu").body.decode()

    assert house.visitor().page(address).status == 404
    assert house.visitor().post(f"{address}/bo").status == 404
    assert visitor.post(f"{address}/bo").status == 303
    assert addresses(visitor) == []


@pytest.mark.parametrize(
    "query", ["q=%00", "grade=%FF", "page=0", "sort=x", "q=" + "a" * 401, "&".join(["a=b"] * 501)]
)
def test_a_search_that_the_page_would_refuse_is_not_kept(house: House, query: str) -> None:
    visitor = house.visitor()
    assert visitor.post("/da-luu/tim-kiem", query=query).status == 400
    assert visitor.ask("POST", "/api/saved-searches", json_body={"query": query}).status == 400
    assert addresses(visitor) == []


def test_an_account_keeps_so_many_and_no_more(house: House) -> None:
    program = house.program(house.person())
    for number in range(SAVED_LIMIT):
        body = {"query": f"q=bai+{number}"}
        assert program.ask("POST", "/api/saved-searches", json_body=body).status == 201
    answer = program.ask("POST", "/api/saved-searches", json_body={"query": "q=them"})
    assert answer.status == 400
    assert "30" in answer.json["error"]["message"]

    kept = program.get("/api/saved-searches").json["items"]
    assert len(kept) == SAVED_LIMIT
    assert kept[0]["name"] == f"“bai {SAVED_LIMIT - 1}”"
    assert kept[0]["feed_url"] == f"/tim.atom?q=bai+{SAVED_LIMIT - 1}"
    assert program.ask("DELETE", f"/api/saved-searches/{kept[0]['id']}").status == 204
    assert len(program.get("/api/saved-searches").json["items"]) == SAVED_LIMIT - 1
