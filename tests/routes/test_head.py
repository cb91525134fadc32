"""HEAD is answered wherever GET is, with the same headers and without a body."""

import pytest

from tests.routes.houses import PAGE, House, error_of

VARYING = {"x-request-id", "date"}


@pytest.mark.parametrize(
    "address",
    ["/", "/tim", "/chuong-trinh", "/gioi-thieu", "/dang-nhap", "/api/search", "/api/curriculum",
     "/health/live", "/khong-co", "/api/openapi.json"],
)  # fmt: skip
def test_head_says_what_get_says(lasting_house: House, address: str) -> None:
    visitor = lasting_house.stranger()

    get, head = visitor.page(address), visitor.ask("HEAD", address, headers=PAGE)

    assert head.status == get.status
    assert head.body == b""
    assert get.body != b""
    said = {name: value for name, value in get.headers if name not in VARYING}
    assert {name: value for name, value in head.headers if name not in VARYING} == said


def test_head_of_a_static_file_carries_no_body(lasting_house: House) -> None:
    get = lasting_house.stranger().get("/static/kho.css")
    head = lasting_house.stranger().ask("HEAD", "/static/kho.css")

    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == str(len(get.body))


def test_scripts_that_import_each_other_are_asked_for_anew(lasting_house: House) -> None:
    visitor = lasting_house.stranger()
    assert visitor.get("/static/upload/page.js").header("cache-control") == "public, no-cache"
    assert visitor.get("/static/kho.css").header("cache-control") == "public, max-age=300"


def test_head_of_an_address_that_only_takes_forms_is_refused(lasting_house: House) -> None:
    assert lasting_house.stranger().ask("HEAD", "/dang-xuat").status == 405


@pytest.mark.parametrize("address", ["/api/khong-co", "/api/a/b", "/api/openapi.json/x"])
def test_an_address_of_the_api_that_is_none_is_told_as_every_error(
    lasting_house: House, address: str
) -> None:
    answer = lasting_house.stranger().page(address)

    assert answer.status == 404
    assert error_of(answer)["code"] == "not_found"
