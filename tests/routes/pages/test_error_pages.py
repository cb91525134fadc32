"""What a person reads when something is missing, refused or broken."""

import re

import pytest

from repo_server.domain.errors import DatabaseUnavailable
from repo_server.services import discovery
from tests.routes.houses import PAGE, House, Visitor


@pytest.fixture
def reader(lasting_house: House) -> Visitor:
    return lasting_house.stranger()


@pytest.mark.parametrize(
    "address",
    ["/khong-co", "/hoc-lieu/khong-co", "/chuong-trinh/khong-co", "/chuong-trinh/gdpt2018/khong-co",
     "/hoc-lieu/" + "a" * 120, "/api-khong-co"],
)  # fmt: skip
def test_what_is_not_there_is_told_in_vietnamese(reader: Visitor, address: str) -> None:
    answer = reader.page(address)
    text = answer.body.decode()

    assert answer.status == 404
    assert '<html lang="vi">' in text
    assert "<h1>Không tìm thấy trang này</h1>" in text
    assert answer.header("cache-control") == "no-store"


def test_an_error_page_speaks_the_language_of_the_pages(lasting_house: House) -> None:
    reader = lasting_house.stranger()
    abroad = PAGE | {"accept-language": "en"}
    vietnamese = reader.ask("GET", "/khong-co", headers=abroad).body.decode()
    assert '<html lang="vi">' in vietnamese
    assert "Có thể liên kết đã cũ" in vietnamese

    assert "<h1>Page not found</h1>" in reader.page("/khong-co?lang=en").body.decode()
    reader.page("/?lang=en")
    english = reader.page("/khong-co").body.decode()
    assert '<html lang="en">' in english
    assert "The link may be old" in english


@pytest.mark.parametrize(
    "address",
    ["/tim?page=x", "/tim?page=0", "/tim?sort=x", "/tim?size=101", "/tim?q=" + "a" * 401,
     "/tim?q=%00", "/cua-toi?page=-1", "/?q=%ff"],
)  # fmt: skip
def test_a_bad_address_is_told_on_a_page(lasting_house: House, address: str) -> None:
    answer = lasting_house.visitor().page(address)

    assert answer.status == 400
    assert "<h1>Chưa thực hiện được</h1>" in answer.body.decode()


def test_when_the_database_is_down_a_page_says_so(
    reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(discovery, "search", fail)
    answer = reader.page("/tim?q=toan")

    assert answer.status == 503
    assert answer.header("retry-after") == "5"
    assert "Cơ sở dữ liệu đang tạm ngừng." in answer.body.decode()


@pytest.mark.parametrize("address", ["//evil.example/x", "/%2Fevil.example/x", "/\\evil.example"])
def test_no_page_links_to_another_site_that_its_address_names(
    reader: Visitor, address: str
) -> None:
    links = re.findall(r'(?:href|src|action)="([^"]*)"', reader.page(address).body.decode())

    assert links
    assert [link for link in links if link.startswith(("//", "/\\", "http", "/%2F"))] == []
