"""Accounts over HTTP."""

from typing import Any

import pytest
from litestar import Litestar

from repo_server.database.engine import Database
from repo_server.routes.boundary import HttpSettings
from repo_server.services import accounts
from tests.routes.edge import Answer, ask, small_app
from tests.services.signing import EMAIL, PASSWORD, add, hash_cheaply, library_of

RIGHT = {"email": EMAIL, "password": PASSWORD}
NEW = "một mật khẩu khác"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def account_id(sqlite_database: Database) -> int:
    return add(library_of(sqlite_database), role="editor")


@pytest.fixture
def app(sqlite_database: Database, account_id: int) -> Litestar:
    return small_app(sqlite_database)


class Browser:
    """Keeps the cookie and says where its requests come from."""

    def __init__(self, app: Litestar) -> None:
        self.app = app
        self.cookie = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        headers = {"sec-fetch-site": "same-origin", "user-agent": "Firefox"}
        if self.cookie:
            headers["cookie"] = f"kho={self.cookie}"
        answer = ask(self.app, path, method, headers, body or b"")
        if given := answer.header("set-cookie"):
            self.cookie = given.removeprefix("kho=").partition(";")[0].strip('"')
        return answer


@pytest.fixture
def browser(app: Litestar) -> Browser:
    browser = Browser(app)
    assert browser.ask("POST", "/api/login", RIGHT).status == 200
    return browser


def test_signing_in_answers_who_one_is_and_sets_the_cookie(app: Litestar, account_id: int) -> None:
    answer = ask(app, "/api/login", "POST", body=RIGHT)

    assert answer.status == 200
    assert answer.json["id"] == account_id
    assert answer.json["email"] == EMAIL
    assert [role["role"] for role in answer.json["roles"]] == ["editor"]
    assert answer.json["roles"][0]["label"] == "Biên tập viên"
    assert answer.header("set-cookie").startswith("kho=")
    assert "HttpOnly" in answer.header("set-cookie")
    assert answer.header("cache-control") == "no-store"


def test_the_cookie_is_secure_where_browsers_use_https(sqlite_database: Database) -> None:
    add(library_of(sqlite_database))
    app = small_app(sqlite_database, HttpSettings(secure=True))

    said = ask(app, "/api/login", "POST", body=RIGHT).header("set-cookie")

    assert said.startswith("__Host-kho=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(said.split("; "))
    assert "Domain" not in said


@pytest.mark.parametrize("wrong", [{"password": "không phải nó"}, {"email": "ai@truong.vn"}])
def test_a_wrong_sign_in_is_answered_alike(app: Litestar, wrong: dict[str, str]) -> None:
    answer = ask(app, "/api/login", "POST", body=RIGHT | wrong)

    assert answer.status == 401
    assert answer.json["error"] == {
        "code": "wrong_credentials",
        "message": "Thư điện tử hoặc mật khẩu không đúng.",
        "details": {},
    }
    assert answer.header("set-cookie") == ""


def test_too_many_wrong_sign_ins_are_told_to_wait(app: Litestar) -> None:
    for _ in range(accounts.PASSWORD_TRIES):
        assert ask(app, "/api/login", "POST", body=RIGHT | {"password": "x"}).status == 401

    answer = ask(app, "/api/login", "POST", body=RIGHT)

    assert answer.status == 429
    assert 0 < int(answer.header("retry-after")) <= 900


def test_another_site_cannot_sign_somebody_in(app: Litestar) -> None:
    headers = {"content-type": "text/plain", "origin": "http://evil.example"}

    answer = ask(app, "/api/login", "POST", headers, b'{"email": "a", "password": "b"}')

    assert answer.code == "cross_site"


def test_signing_out_ends_the_session_and_forgets_the_cookie(browser: Browser) -> None:
    token = browser.cookie

    answer = browser.ask("POST", "/api/logout")

    assert answer.status == 204
    assert browser.cookie == ""
    browser.cookie = token
    assert browser.ask("GET", "/api/me").status == 401
    assert browser.ask("POST", "/api/logout").status == 204


def test_one_sees_and_ends_ones_sessions(app: Litestar, browser: Browser) -> None:
    other = Browser(app)
    other.ask("POST", "/api/login", RIGHT)

    items = browser.ask("GET", "/api/sessions").json["items"]

    assert sorted(item["current"] for item in items) == [False, True]
    assert {item["device"] for item in items} == {"Firefox"}
    theirs = next(item["id"] for item in items if not item["current"])
    assert browser.ask("DELETE", f"/api/sessions/{theirs}").status == 204
    assert browser.ask("DELETE", f"/api/sessions/{theirs}").status == 404
    assert other.ask("GET", "/api/me").status == 401

    other.ask("POST", "/api/login", RIGHT)
    assert browser.ask("DELETE", "/api/sessions").status == 204
    assert other.ask("GET", "/api/me").status == 401
    assert browser.ask("GET", "/api/me").status == 200


def test_a_token_is_told_once_and_works_until_it_is_revoked(
    app: Litestar, browser: Browser
) -> None:
    made = browser.ask("POST", "/api/tokens", {"name": "kịch bản", "days": 30})
    bearer = {"authorization": f"Bearer {made.json['token']}"}

    assert made.status == 201
    assert ask(app, "/api/me", headers=bearer).json["email"] == EMAIL
    listed = browser.ask("GET", "/api/tokens")
    assert [item["name"] for item in listed.json["items"]] == ["kịch bản"]
    assert made.json["token"].encode() not in listed.body

    assert browser.ask("DELETE", f"/api/tokens/{made.json['id']}").status == 204
    assert ask(app, "/api/me", headers=bearer).status == 401


def test_a_token_makes_no_other_token(app: Litestar, browser: Browser) -> None:
    token = browser.ask("POST", "/api/tokens", {"name": "kịch bản"}).json["token"]
    bearer = {"authorization": f"Bearer {token}"}

    assert ask(app, "/api/tokens", "POST", bearer, {"name": "khác"}).status == 403


def test_changing_the_password_keeps_this_browser_and_ends_the_others(
    app: Litestar, browser: Browser
) -> None:
    other = Browser(app)
    other.ask("POST", "/api/login", RIGHT)
    change = {"present": PASSWORD, "new": NEW}

    assert browser.ask("POST", "/api/password", change | {"new": "ngắn"}).status == 400
    assert browser.ask("POST", "/api/password", change | {"present": "x"}).status == 400
    assert browser.ask("POST", "/api/password", change).status == 204

    assert browser.ask("GET", "/api/me").status == 200
    assert other.ask("GET", "/api/me").status == 401
    assert ask(app, "/api/login", "POST", body=RIGHT | {"password": NEW}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/me", None),
        ("GET", "/api/sessions", None),
        ("DELETE", "/api/sessions", None),
        ("DELETE", "/api/sessions/1", None),
        ("GET", "/api/tokens", None),
        ("POST", "/api/tokens", {"name": "kịch bản"}),
        ("DELETE", "/api/tokens/1", None),
        ("POST", "/api/password", {"present": PASSWORD, "new": NEW}),
    ],
)
def test_what_is_ones_own_needs_somebody(
    app: Litestar, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert Browser(app).ask(method, path, body).code == "not_authenticated"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/login", {"email": "a" * 255, "password": PASSWORD}),
        ("POST", "/api/login", {"email": EMAIL, "password": "a" * 1025}),
        ("POST", "/api/login", {"email": EMAIL, "password": PASSWORD, "admin": True}),
        ("POST", "/api/login", {"email": EMAIL}),
        ("POST", "/api/login", {"email": EMAIL, "password": {"$ne": ""}}),
        ("POST", "/api/login", {"email": EMAIL, "password": "a\x00b"}),
        ("POST", "/api/tokens", {"name": "", "days": 1}),
        ("POST", "/api/tokens", {"name": "a" * 101, "days": 1}),
        ("POST", "/api/tokens", {"name": "a", "days": 0}),
        ("POST", "/api/tokens", {"name": "a", "days": 366}),
        ("POST", "/api/tokens", {"name": "a", "days": 2**70}),
        ("POST", "/api/tokens", {"name": "a", "days": 1, "role": "admin"}),
        ("DELETE", f"/api/tokens/{2**63}", None),
        ("DELETE", "/api/tokens/0", None),
        ("DELETE", "/api/sessions/-1", None),
    ],
)
def test_a_request_beyond_a_bound_is_a_bad_request(
    browser: Browser, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert browser.ask(method, path, body).status == 400
