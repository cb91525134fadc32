"""The edge: hostile requests are answered 4xx, and each answer carries the headers."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from repo_server.database.engine import Database
from repo_server.routes import boundary
from repo_server.routes.boundary import Boundary, HttpSettings
from repo_server.routes.bytes import SANDBOX
from tests.routes.edge import Answer, ask, small_app

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
TOO_LONG = "9" * 25


@pytest.fixture
def app(database: Database) -> Litestar:
    return small_app(database)


@pytest.fixture
def light_app(sqlite_database: Database) -> Litestar:
    return small_app(sqlite_database)


def is_bad_request(answer: Answer) -> bool:
    return (
        answer.status == 400
        and answer.code in {"bad_request", "invalid_value"}
        and set(answer.json["error"]) == {"code", "message", "details"}
    )


HOSTILE_ADDRESSES: list[str | bytes] = [
    f"/number/{2**63}",
    f"/number/-{2**63}",
    f"/number/{TOO_LONG}",
    f"/search?page={2**63}",
    f"/search?page=-{TOO_LONG}",
    f"/search?page=+{TOO_LONG}",
    f"/search?page=%20{TOO_LONG}",
    "/search?page=" + "9" * 5000,
    f"/search?other={TOO_LONG}",
    "/text/a%00b",
    "/text/%ff%fe",
    "/text/a%0ab",
    "/text/%c2%85",
    "/text/%ed%a0%80",
    "/text/" + "a" * 5000,
    "/" + "a/" * 3000,
    "/text/" + "a" * 256,
    "/text/" + "%E1%BA%A5" * 86,
    "/search?q=a%00b",
    "/search?q=%ff",
    "/search?q=%ed%a0%80",
    b"/search?q=\xff",
    "/search?q=" + "a" * 9000,
    "/search?" + "q=a&" * 500,
    "/search?q%00=a",
    "/search?page=x",
    "/search?page=",
]


def test_an_address_that_nothing_can_read_is_a_bad_request(app: Litestar) -> None:
    answers = [(target, ask(app, target)) for target in HOSTILE_ADDRESSES]

    assert [target for target, answer in answers if not is_bad_request(answer)] == []


def test_a_number_of_thousands_of_digits_in_the_path_is_no_address(app: Litestar) -> None:
    assert ask(app, "/number/" + "9" * 1900).status in {400, 404}
    assert ask(app, "/number/abc").status == 404


HOSTILE_BODIES: list[tuple[str, dict[str, str], bytes]] = [
    ("/note", JSON, b'{"title": "a\\u0000b"}'),
    ("/note", JSON, b'{"title": "a\\\\\\u0000b"}'),
    ("/note", JSON, b'{"ti\\u0000tle": "a"}'),
    ("/note", JSON, b'{"title": "a\x00b"}'),
    ("/note", JSON, b'{"title": "\xff"}'),
    ("/note", JSON, b"\xff"),
    ("/note", JSON, b'{"title": "\\ud800"}'),
    ("/note", JSON, b'{"title": "a", "notes": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    ("/note", JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    ("/note", JSON, b'{"title": "a", "number": ' + TOO_LONG.encode() + b"}"),
    ("/note", JSON, b'{"title": "a", "number": 1e400}'),
    ("/note", JSON, b'{"title": "a", "notes": [{"n": [-' + TOO_LONG.encode() + b"]}]}"),
    ("/note", JSON, b'{"title": "a", "number": ' + b"9" * 5000 + b"}"),
    ("/note", JSON, b'{"title": "a", "surprise": 1}'),
    ("/note", JSON, b'{"title": ["a"]}'),
    ("/note", JSON, b'{"title": "' + b"a" * 101 + b'"}'),
    ("/note", JSON, b'{"title": "a"'),
    ("/note", JSON, b"[]"),
    ("/note", JSON, b"null"),
    ("/note", JSON, b""),
    ("/note", {"content-type": "text/plain"}, b'{"title": "a\\u0000b"}'),
    ("/note", {"content-type": "multipart/form-data; boundary=x"}, b"--x"),
    ("/form", FORM, b"title=%ff"),
    ("/form", FORM, b"title=\xff"),
    ("/form", FORM, b"title=%00"),
    ("/form", FORM, b"title\x00=a"),
    ("/form", FORM, b"title=a&title=b"),
    ("/form", FORM, b"other=a"),
    ("/form", FORM, b""),
    ("/form", FORM, b"title=a&" * 1000),
    (
        "/form",
        {"content-type": "multipart/form-data; boundary=x"},
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n\xff\r\n--x--\r\n',
    ),
    (
        "/form",
        {"content-type": " Multipart/Form-Data; boundary=x"},
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n'
        b"Content-Type: text/plain; charset=klingon\r\n\r\na\r\n--x--\r\n",
    ),
]


def test_a_body_that_nothing_can_read_is_a_bad_request(app: Litestar) -> None:
    answers = [(row, ask(app, row[0], "POST", row[1], row[2])) for row in HOSTILE_BODIES]

    assert [row for row, answer in answers if not is_bad_request(answer)] == []


RIGHTFUL: list[tuple[str | bytes, Any]] = [
    ("/text/to%C3%A1n%207", {"value": "toán 7"}),
    ("/text/a%2500", {"value": "a%00"}),
    (f"/text/{TOO_LONG}", {"value": TOO_LONG}),
    ("/text/" + "%E1%BA%A5" * 85, {"value": "ấ" * 85}),
    (f"/number/{2**63 - 1}", {"value": str(2**63 - 1)}),
    ("/number/-5", {"value": "-5"}),
    (f"/search?q={TOO_LONG}", {"q": TOO_LONG, "page": "1"}),
    ("/search?q=ph%C3%A2n+s%E1%BB%91&page=2", {"q": "phân số", "page": "2"}),
    ("/search?q=to\xe1n".encode(), {"q": "toán", "page": "1"}),
    ("/search?q=a%2500%0A%F0%9F%90%98", {"q": "a%00\n🐘", "page": "1"}),
]


def test_what_is_unusual_but_right_comes_through(app: Litestar) -> None:
    assert [(target, ask(app, target).json) for target, _ in RIGHTFUL] == RIGHTFUL


RIGHTFUL_BODIES: list[tuple[str, dict[str, str], bytes, str]] = [
    ("/note", JSON, rb'{"title": "a\\u0000b"}', r"a\u0000b"),
    ("/note", JSON, b'{"title": "' + TOO_LONG.encode() + b'"}', TOO_LONG),
    ("/note", JSON, '{"title": "phân số 🐘"}'.encode(), "phân số 🐘"),
    ("/form", FORM, b"title=ph%C3%A2n+s%E1%BB%91", "phân số"),
    ("/form", FORM, b"title=" + TOO_LONG.encode(), TOO_LONG),
]


def test_a_body_that_is_unusual_but_right_comes_through(app: Litestar) -> None:
    for target, headers, body, said in RIGHTFUL_BODIES:
        assert ask(app, target, "POST", headers, body).json == {"value": said}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", ""])
def test_a_raw_body_is_nobodys_business(light_app: Litestar, kind: str) -> None:
    content = b"\x00\xff" * 100_000

    answer = ask(light_app, "/raw", "POST", {"content-type": kind}, content)

    assert answer.json == {"size": len(content)}


def test_static_files_survive_what_static_paths_are_asked(
    sqlite_database: Database, tmp_path: Path
) -> None:
    app = small_app(sqlite_database, static=tmp_path)
    for target in (
        "/static/a%00b",
        "/static/" + "a" * 300,
        "/static/" + "a/" * 2500,
        "/static/%ff",
    ):
        assert ask(app, target).status == 400
    for target in (
        "/static/" + "a" * 255,
        "/static/" + "a/" * 900,
        "/static/../../etc/passwd",
        "/static/%2e%2e%2fx",
    ):
        assert ask(app, target).status == 404


def test_a_body_beyond_the_limit_is_answered_after_it_was_let_in(light_app: Litestar) -> None:
    answer = ask(light_app, "/note", "POST", JSON, b" " * 11_000_000)

    assert answer.status == 413
    assert answer.code == "too_large"
    assert "1,0 MB" in answer.json["error"]["message"]
    assert answer.body_read == -(-11_000_000 // 65_536)


def test_an_early_answer_lets_in_only_so_much(
    light_app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boundary, "DRAINED", 200_000)
    body = b"x" * 1_000_000

    assert ask(light_app, "/refused-early", "POST", body=body).body_read == 4
    waiting = {"expect": "100-continue"}
    assert ask(light_app, "/refused-early", "POST", waiting, body).body_read == 0


HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "",
    "server": "",
}


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/search", "GET", 200),
        ("/static/kho.css", "GET", 200),
        ("/static/missing.css", "GET", 404),
        ("/nowhere", "GET", 404),
        ("/search", "OPTIONS", 204),
        ("/search", "DELETE", 405),
        ("/text/%00", "GET", 400),
        ("/queue", "GET", 401),
        ("/broken", "GET", 500),
        ("/down", "GET", 503),
        ("/form", "POST", 400),
    ],
)
def test_every_answer_carries_the_security_headers(
    sqlite_database: Database, tmp_path: Path, target: str, method: str, status: int
) -> None:
    (tmp_path / "kho.css").write_text("body {}")

    answer = ask(small_app(sqlite_database, static=tmp_path), target, method)

    assert answer.status == status, answer.body
    assert {name: answer.header(name) for name in HEADERS} == HEADERS
    assert re.fullmatch(r"[0-9a-f]{16}", answer.header("x-request-id"))


def test_each_request_has_an_id_of_its_own(light_app: Litestar) -> None:
    given = {"x-request-id": "chosen-by-the-client"}
    ids = {ask(light_app, "/search", headers=given).header("x-request-id") for _ in range(3)}

    assert len(ids) == 3
    assert "chosen-by-the-client" not in ids


def test_browsers_are_held_to_https_where_there_is_https(sqlite_database: Database) -> None:
    app = small_app(sqlite_database, HttpSettings(secure=True))

    said = ask(app, "/search").header("strict-transport-security")

    assert said == "max-age=63072000; includeSubDomains"


def test_a_file_that_somebody_sent_keeps_the_policy_of_its_route(light_app: Litestar) -> None:
    answer = ask(light_app, "/user-content")

    assert answer.header("content-security-policy") == SANDBOX
    assert answer.header("x-content-type-options") == "nosniff"


def test_presigned_addresses_are_allowed_for_pictures_media_and_requests(
    sqlite_database: Database,
) -> None:
    http = HttpSettings(media_origins=("https://s3.example.vn",))
    policy = ask(small_app(sqlite_database, http), "/").header("content-security-policy")

    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    for directive in ("img-src", "media-src", "connect-src"):
        assert allowed[directive].endswith(" https://s3.example.vn")
    assert allowed["script-src"] == "'self'"


COOKIE = {"cookie": "a=b; kho=some-token"}
SELF = "http://kho.example.vn"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": SELF}, False),
        ({"sec-fetch-site": "nonsense"}, False),
        ({"origin": SELF}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://kho.example.vn.evil.example"}, False),
        ({"origin": "http://kho.example.vn:81"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[broken"}, False),
        ({"origin": "http://evil.example", "referer": SELF + "/x"}, False),
        ({"referer": SELF + "/dong-gop"}, True),
        ({"referer": "http://evil.example/" + SELF}, False),
        ({"referer": "http://kho.example.vn@evil.example/"}, False),
        ({}, False),
    ],
)
def test_a_change_with_a_cookie_must_come_from_our_own_pages(
    light_app: Litestar, headers: dict[str, str], passes: bool
) -> None:
    answer = ask(light_app, "/note", "POST", COOKIE | headers, {"title": "a"})

    assert answer.status == (201 if passes else 403), answer.body
    assert passes or answer.code == "cross_site"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"cookie": "theme=dark"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://evil.example"}, False),
    ],
)
def test_a_change_without_session_passes_unless_another_site_sent_it(
    light_app: Litestar, headers: dict[str, str], passes: bool
) -> None:
    answer = ask(light_app, "/note", "POST", headers, {"title": "a"})

    assert answer.status == (201 if passes else 403)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_every_method_that_may_change_something_is_held_to_it(
    light_app: Litestar, method: str
) -> None:
    assert ask(light_app, "/note", method, COOKIE).code == "cross_site"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_open_to_links_from_everywhere(light_app: Litestar, method: str) -> None:
    answer = ask(light_app, "/search", method, COOKIE | {"sec-fetch-site": "cross-site"})

    assert answer.status != 403


def test_a_program_with_a_bearer_token_needs_no_origin(light_app: Litestar) -> None:
    bearer = {"authorization": "bearer kho_x", "origin": "http://evil.example"}
    basic = {"authorization": "Basic eDp5", "origin": "http://evil.example"}

    assert ask(light_app, "/note", "POST", COOKIE | bearer, {"title": "a"}).status == 201
    assert ask(light_app, "/note", "POST", COOKIE | basic, {"title": "a"}).status == 403


def test_origins_that_are_set_are_compared_with_their_scheme(sqlite_database: Database) -> None:
    http = HttpSettings(secure=True, origins=("https://kho.example.vn", "https://kho.vn"))
    app = small_app(sqlite_database, http)

    def status(origin: str) -> int:
        headers = {"cookie": "__Host-kho=x", "origin": origin}
        return ask(app, "/note", "POST", headers, {"title": "a"}).status

    assert status("https://kho.example.vn") == 201
    assert status("https://kho.vn") == 201
    assert status("http://kho.example.vn") == 403
    assert status("https://khac.vn") == 403


def test_what_is_no_http_passes_the_edge_untouched() -> None:
    passed: list[dict[str, Any]] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope)

    async def nothing(*_: Any) -> Any:
        return None

    scope: Any = {"type": "websocket", "path": "/\x00", "headers": []}
    asyncio.run(Boundary(inner, HttpSettings())(scope, nothing, nothing))

    assert passed == [scope]


def test_multipart_is_taken_nowhere(light_app: Litestar) -> None:
    headers = {"content-type": " Multipart/Form-Data; boundary=x"}

    answer = ask(light_app, "/raw", "POST", headers, b"--x--")

    assert answer.status == 400
    assert answer.json["error"]["details"] == {"reason": "multipart"}
