"""A stranger is led to the form, and after it to where they wanted to go; nobody elsewhere."""

from urllib.parse import parse_qs, urlsplit

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.services import accounts
from tests.routes.edge import ask
from tests.routes.houses import PAGE, House, Visitor, set_cookies
from tests.services.signing import EMAIL, PASSWORD, add, hash_cheaply

pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def visitor(house: House) -> Visitor:
    add(house.library)
    return house.stranger()


@pytest.fixture(scope="module")
def member(lasting_house: House) -> Viewer:
    with pytest.MonkeyPatch.context() as monkeypatch:
        hash_cheaply(monkeypatch)
        add(lasting_house.library)
    return lasting_house.person()


@pytest.fixture
def caller(lasting_house: House, member: Viewer) -> Visitor:
    """A stranger to a house that others use, too."""
    return lasting_house.stranger()


def sign_in(visitor: Visitor, **more: str) -> str:
    """Sign in; the answer is the address that the browser is sent to."""
    answer = visitor.post("/dang-nhap", email=EMAIL, password=PASSWORD, **more)
    assert answer.status == 303, answer.body
    return answer.header("location")


@pytest.mark.parametrize(
    "address", ["/cua-toi", "/dong-gop", "/duyet", "/tai-khoan", "/hoc-lieu/abc/sua"]
)
def test_a_page_for_people_with_an_account_leads_to_the_form(caller: Visitor, address: str) -> None:
    answer = caller.page(address)

    assert answer.status == 303
    assert answer.header("location") == f"/dang-nhap?next={address}"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("content-security-policy") != ""


def test_after_signing_in_one_is_where_one_wanted_to_be(caller: Visitor) -> None:
    wanted = "/cua-toi?status=draft&page=1"
    form = caller.page(caller.page(wanted).header("location"))
    location = urlsplit(caller.page(wanted).header("location"))
    following = parse_qs(location.query)["next"][0]

    assert form.status == 200
    assert f'value="{wanted.replace("&", "&amp;")}"' in form.body.decode()
    assert following == wanted
    assert sign_in(caller, next=following) == wanted
    assert caller.page(wanted).status == 200


def test_without_a_wish_one_is_at_ones_own_materials(caller: Visitor) -> None:
    assert sign_in(caller) == "/cua-toi"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "http:/evil.example",
        " //evil.example",
        "evil.example",
        "/" + "a" * 600,
        "/a\r\nset-cookie: kho=x",
        "/\u202e",
        "",
    ],
)
def test_nobody_is_sent_elsewhere(caller: Visitor, elsewhere: str) -> None:
    assert sign_in(caller, next=elsewhere) == "/cua-toi"


def test_the_form_does_not_repeat_a_foreign_address(caller: Visitor) -> None:
    page = caller.page("/dang-nhap?next=https%3A%2F%2Fevil.example%2F")

    assert b"evil.example" not in page.body.split(b"<main")[1].split(b"</main>")[0]


def test_a_vietnamese_address_survives_the_way_through_the_form(caller: Visitor) -> None:
    assert sign_in(caller, next="/tim?q=phân số") == "/tim?q=ph%C3%A2n%20s%E1%BB%91"


@pytest.mark.parametrize("address", ["/api/me", "/api/tokens", "/api/uploads/" + "0" * 32])
def test_programs_are_never_sent_to_a_form(caller: Visitor, address: str) -> None:
    assert caller.page(address).status == 401
    assert caller.get("/cua-toi").status == 401


def test_a_form_that_is_sent_without_session_is_an_error(caller: Visitor) -> None:
    answer = caller.post("/tai-khoan/token", name="x")

    assert answer.status == 401
    assert "Bạn cần đăng nhập." in answer.body.decode()
    assert 'href="/dang-nhap"' in answer.body.decode()


def test_a_wrong_password_is_told_on_the_form(caller: Visitor) -> None:
    answer = caller.post("/dang-nhap", email=EMAIL, password="sai", next="/dong-gop")
    text = answer.body.decode()

    assert answer.status == 401
    assert "Thư điện tử hoặc mật khẩu không đúng." in text
    assert f'value="{EMAIL}"' in text
    assert 'value="/dong-gop"' in text
    assert "sai" not in text.split("<main")[1].split("không đúng")[1].split("</form>")[0]
    assert set_cookies(answer) == []


def test_too_many_tries_are_told_on_the_form(visitor: Visitor) -> None:
    for _ in range(accounts.PASSWORD_TRIES):
        visitor.post("/dang-nhap", email=EMAIL, password="sai")

    answer = visitor.post("/dang-nhap", email=EMAIL, password=PASSWORD)

    assert answer.status == 429
    assert "Hãy thử lại sau ít phút." in answer.body.decode()


@pytest.mark.parametrize(
    "fields",
    [{}, {"email": EMAIL}, {"password": PASSWORD}, {"email": "x", "password": "y"},
     {"email": "a" * 5000, "password": "b"}, {"email": EMAIL, "password": "c" * 5000},
     {"email": [EMAIL, "x"], "password": "d"}],
)  # fmt: skip
def test_a_form_that_is_not_filled_is_answered_with_the_form(
    caller: Visitor, fields: dict[str, object]
) -> None:
    answer = caller.post("/dang-nhap", **fields)

    assert answer.status in {400, 401}
    assert "<form" in answer.body.decode()


def test_signing_in_changes_the_session_and_ends_the_one_before(
    house: House, visitor: Visitor
) -> None:
    sign_in(visitor)
    first = visitor.cookies["kho"]
    sign_in(visitor)

    assert visitor.cookies["kho"] != first
    assert Visitor(house.app, cookie=first).get("/api/me").status == 401
    assert Visitor(house.app, cookie="chosen").get("/api/me").status == 401


def test_signing_out_ends_the_session(house: House, visitor: Visitor) -> None:
    sign_in(visitor)
    token = visitor.cookies["kho"]

    answer = visitor.post("/dang-xuat")

    assert (answer.status, answer.header("location")) == (303, "/")
    assert "kho" not in visitor.cookies
    assert Visitor(house.app, cookie=token).get("/api/me").status == 401
    page = visitor.page("/")
    assert "Bạn đã đăng xuất." in page.body.decode()
    assert "Bạn đã đăng xuất." not in visitor.page("/").body.decode()


FORMS = ["/dang-nhap", "/dang-xuat", "/tai-khoan/token", "/tai-khoan/mat-khau",
         "/hoc-lieu/abc/sua", "/hoc-lieu/abc/publish"]  # fmt: skip


@pytest.mark.parametrize("address", FORMS)
@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "null"},
     {"origin": "https://evil.example"}, {}],
)  # fmt: skip
def test_another_site_fills_no_form(
    lasting_house: House, member: Viewer, address: str, headers: dict[str, str]
) -> None:
    cookie = f"kho={lasting_house.browser(member).cookies['kho']}"
    sent = {"content-type": "application/x-www-form-urlencoded", "cookie": cookie, **PAGE}

    answer = ask(lasting_house.app, address, "POST", sent | headers, b"a=b")

    assert answer.status == 403
    assert "đến từ một trang khác" in answer.body.decode()


def test_who_may_only_read_gets_no_form_to_edit(house: House, teacher: Viewer) -> None:
    view = house.published(teacher)
    elsewhere = house.browser(house.person(Role.TEACHER))

    for answer in (
        elsewhere.page(f"{view.card.url}/sua"),
        elsewhere.post(f"{view.card.url}/sua", rev=view.rev, title="x"),
    ):
        assert answer.status == 403
        assert "Không có quyền" in answer.body.decode()
