"""What no client library would send, to every route, on both databases.

Nothing is answered 5xx, nothing takes 2 seconds, and what is refused by the API is told in the one
shape of errors.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest
from litestar.routes import HTTPRoute

from repo_server.database.models import Account, Material
from repo_server.services.viewing import MaterialView
from tests import factories
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor, error_of

SECONDS: Final = 2.0
DIGITS: Final = b"9" * 25
LONG: Final = b"a" * 5_000

PARTS: Final = [
    b"0", b"-1", b"-0", b"+1", b"1.0", b"1e9", b"0x10", str(2**63 - 1).encode(),
    str(2**63).encode(), str(-(2**63) - 1).encode(), DIGITS, b"9" * 1_900, LONG, b"a" * 255,
    b"%00", b"a%00b", b"%ff%fe", b"%ed%a0%80", b"%0d%0aSet-Cookie:%20a=b", b"%2e%2e%2f%2e%2e%2fetc",
    b"..", b"%D9%A1%D9%A2", "１２".encode(), "🐘".encode(), b"%F0%9F%90%98", b"'%20OR%201=1--",
    b"%22%3E%3Cscript%3E", b"%E2%80%AE", b"%", b"%zz", b"null", b"NaN", b"%20", b"a/../b",
    b";a=b", b"%5c%5cserver", b"*", b"{", b"%7B0%7D",
]  # fmt: skip

QUERIES: Final = [
    b"page=" + DIGITS, b"page=-1", b"page=0", b"page=1e3", b"page=NaN", b"page=%00", b"page=",
    b"page=1&page=2", b"size=99999", b"size=-5", b"limit=-1", b"q=%ff", b"q=\xff", b"q=%00",
    b"q=" + LONG, b"q=" + b"%F0%9F%90%98" * 60, b"q=%ed%a0%80", b"q=" + b"(" * 300,
    b"q=" + b"%22" * 300, b"q=" + b"-" * 300, b"q=" + b"a%20" * 130, b"&" * 500, b"=" * 300,
    b"a=" * 300, b"grade=" + b"&grade=".join(b"%d" % n for n in range(300)), b"grade=%00",
    b"grade[]=6", b"subject=" + b"a" * 500, b"sort=" + LONG, b"sort=__class__", b"lang=%00",
    b"lang=xx", b"lang=" + LONG, b"download=" + DIGITS, b"download=maybe", b"status=%27",
    b"next=//evil.example", b"next=%0d%0a", b"v=" + LONG, b"%00=%00", b"q=%%%", b"?" * 100,
    b"q=\xcc\x81\xcc\xa3", b"kind=" + "ư".encode() * 100, b"outcome=\xe2\x80\xae",
    b"item_query=" + b"%25" * 400, b"q=;DROP%20TABLE%20material", b"page=%D9%A1",
]  # fmt: skip

HEADERS: Final[list[dict[str, str]]] = [
    *({"range": said} for said in (
        "bytes=-", "bytes=" + "9" * 5_000 + "-", "bytes=0-" + "9" * 40, "bytes=" + "0-1," * 500,
        "bytes=-1-1", "\x00", "bytes=\xff-", "bytes=1-0", "lines=0-1", "b" * 8_000,
    )),
    *({"if-match": said} for said in (
        '"' + "9" * 30 + '"', '"' + "9" * 18 + '"', "*", "\xff", 'W/"', '"-1"', "a" * 5_000, "",
    )),
    *({"upload-offset": said} for said in (
        "-1", "9" * 30, "\x00", "1e3", "", "\xb2", "0x0", "a" * 5_000, str(2**53),
    )),
    *({"idempotency-key": said} for said in ("", "\x00" * 20, "a" * 5_000, "\xff" * 20)),
    *({"if-none-match": said} for said in ('"', "," * 5_000, "\xff", "W/")),
    *({"if-range": said} for said in ("\xff", '"' * 500)),
    *({"accept": said} for said in ("\xff", "text/html" * 500, "*/*;q=x", "application/xml")),
    *({"accept-language": said} for said in ("\xff", "en;q=" + "9" * 500, "-" * 5_000)),
    *({"cookie": said} for said in (
        "kho=\xff", "kho=" + "a" * 8_000, "kho", "=", ";" * 3_000, "kho_lang=\x00",
        "kho_notice=__class__", "kho_notice=\xff", "kho=a; kho=b", 'kho="',
    )),
    *({"authorization": said} for said in (
        "Bearer", "Bearer ", "Bearer \xff", "Bearer kho_" + "a" * 8_000, "Basic !!!", "\x00",
    )),
    *({"x-forwarded-for": said} for said in ("\xff", "," * 5_000, "::1, 999.1.1.1")),
    {"accept-encoding": "gzip;q=x,\xff"}, {"host": ""}, {"host": "\xff"}, {"origin": "http://["},
    {"referer": "\xff"}, {"sec-fetch-site": "\xff"}, {"user-agent": "\xff" * 3_000},
    {"hx-request": "\x00"}, {"content-length": "-1"}, {"content-length": "9" * 30},
    {"content-type": "\xff"}, {"transfer-encoding": "chunked"}, {"expect": "100-continue"},
]  # fmt: skip

DEEP: Final = 50_000
JSON_BODIES: Final = [
    b"", b" ", b"null", b"true", b"0", b'"a"', b"[]", b"{", b"}", b"[1,2", b"{}", b'{"":""}',
    b"\xff", b'{"title":"\xff"}', b'{"title":"\xed\xa0\x80"}', b'{"title":"\\ud800"}',
    b'{"title":"a\\u0000b"}', b'{"name":"a\\u0000","size":1}', b'{"title":"a\x00"}', b"\x00" * 100,
    b"\xef\xbb\xbf{}", '{"title":"a"}'.encode("utf-16"), b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP, b'{"title":' + b"[" * DEEP, b'{"size":' + DIGITS + b"}",
    b'{"name":"a.txt","size":1e400}', b'{"name":"a.txt","size":-0.0}', b'{"name":"a","size":NaN}',
    b'{"items":[' + DIGITS + b"]}", b'{"grades":[-' + DIGITS + b"]}",
    b'{"size":' + b"9" * 5_000 + b"}",
    b'{"title":"a","title":"b"}', b'{"title":"' + b"a" * 100_000 + b'"}',
    b'{"title":"a","keywords":[' + b'"a",' * 5_000 + b'"a"]}', b'{"title":["a"]}', b'{"title":{}}',
    b'{"title":"a","grades":"6"}', b'{"title":"a","items":[1.5]}', b'{"title":"a","items":{}}',
    b'{"reason":"\\u202e"}', b'{"reason":' + b'"a"' * 2, b'{"email":{"$ne":""},"password":[]}',
    b'{"email":"a@b.vn","password":"' + b"a" * 2_000 + b'"}', b'{"name":"../../etc","size":1}',
    b'{"name":"' + b"\\n" * 900 + b'","size":1}', b'{"name":"a.txt","size":1,"sha256":"\\u0000"}',
    b'{"name":"a.txt","size":1,"material":9223372036854775807}', b'{"name":"t","days":1e2}',
    b'{"__proto__":{"admin":true}}', b'{"present":"a","new":"b","again":null}',
]  # fmt: skip

FORM_BODIES: Final = [
    b"", b"&", b"=", b"a", b"title=%ff", b"title=\xff", b"title=%00", b"title=a%00b", b"rev=%00",
    b"rev=" + DIGITS, b"rev=-1", b"rev=1&rev=2", b"rev=%D9%A1", b"rev=", b"a=b&" * 600,
    b"title=" + b"a" * 250_000, b"grades=" + DIGITS, b"grades=0&grades=13&grades=x",
    b"item=" + DIGITS + b"&item=0&item=-1",
    b"item=" + b"&item=".join(b"%d" % n for n in range(300)),
    b"subjects=%27&books=%22", b"kind=__class__&license=a&language=b",
    b"do=find_items&item_query=%25_",
    b"do=find_items&item_query=" + b"a" * 5_000, b"email=%ed%a0%80&password=a", b"email=a&email=b",
    b"email=" + b"a" * 5_000 + b"&password=" + b"b" * 5_000, b"next=//evil&email=a&password=b",
    b"name=" + b"%20" * 200, b"name=" + b"a" * 500, b"old=a&new=b&again=c", b"old=&new=&again=",
    b"reason=" + b"a" * 3_000 + b"&rev=1", b"%ff=%ff", b"title=%u0041", b";title=a",
    b"title==&rev==",
    b"keywords=" + b"," * 3_000 + b"&title=a&rev=1",
    b"description=%0d%0a%0d%0a&rev=999999999999999999",
]  # fmt: skip

TYPES: Final = [
    "application/json", "application/x-www-form-urlencoded", "text/plain", "application/xml",
    "multipart/form-data; boundary=x", "application/json; charset=klingon", "application/msgpack",
    "application/octet-stream", ";", "a/b" * 500, "",
]  # fmt: skip


@dataclass(slots=True)
class Siege:
    """One house, its routes, and what was answered wrongly."""

    house: House
    view: MaterialView
    wrong: list[tuple[object, ...]] = field(default_factory=list)

    def address(self, template: str, part: bytes | None = None) -> bytes:
        """The route with numbers and codes that are there, or with `part` in every place."""
        known = {
            "material_id": self.view.card.id, "file_id": self.view.files[0].id, "page": 1,
            "code": self.view.card.code, "step": "submit", "framework": "gdpt2018", "item": "lop-6",
            "upload_id": "0" * 32,
        }  # fmt: skip
        address = b""
        for literal, name in re.findall(r"([^{]*)(?:\{(\w+):\w+\})?", template):
            address += literal.encode()
            if name:
                address += part if part is not None else str(known.get(name, 1)).encode()
        return address

    def send(self, visitor: Visitor, method: str, target: bytes, **more: object) -> None:
        """Send it; remember it when the answer is none that we promise."""
        answer, seconds = self._timed(visitor, method, target, more)
        if seconds > SECONDS:
            # Once more: the machine may have been busy with something else.
            answer, seconds = self._timed(visitor, method, target, more)
        if answer.status >= 500 or seconds > SECONDS:
            self.wrong.append((method, target[:80], str(more)[:80], answer.status, seconds))
        elif answer.status >= 400 and target.startswith(b"/api") and method != "HEAD":
            error_of(answer)

    def _timed(
        self, visitor: Visitor, method: str, target: bytes, more: dict[str, object]
    ) -> tuple[Answer, float]:
        begun = time.monotonic()
        answer = visitor.ask(method, target, **more)  # type: ignore[arg-type]
        return answer, time.monotonic() - begun


@pytest.fixture(scope="module")
def siege(either_house: House) -> Iterator[Siege]:
    owner = either_house.person()
    siege = Siege(either_house, either_house.draft(owner))
    yield siege


@pytest.fixture(scope="module")
def routes(either_house: House) -> list[tuple[str, str]]:
    """(method, path) of every route."""
    return [
        (str(method), route.path)
        for route in either_house.app.routes
        if isinstance(route, HTTPRoute)
        for method in sorted(route.methods)
    ]


@pytest.fixture
def visitor(siege: Siege) -> Iterator[Visitor]:
    """The owner of the draft; nothing wrong may have happened when the test ends."""
    with siege.house.library.database.read() as session:
        owner_id = session.get_one(Material, siege.view.card.id).owner_id
        owner = factories.viewer(session.get_one(Account, owner_id))
    yield siege.house.browser(owner)
    wrong, siege.wrong = siege.wrong, []
    assert wrong == []


def test_there_are_enough_of_them() -> None:
    bodies = len(JSON_BODIES) + len(FORM_BODIES) + len(TYPES)
    assert len(PARTS) + len(QUERIES) + len(HEADERS) + bodies >= 120


@pytest.mark.parametrize("part", PARTS, ids=lambda part: repr(part[:30]))
def test_any_part_of_any_path(
    siege: Siege, visitor: Visitor, routes: list[tuple[str, str]], part: bytes
) -> None:
    for method, path in routes:
        if "{" in path:
            siege.send(visitor, method, siege.address(path, part))
    siege.send(visitor, "GET", b"/" + part)
    siege.send(visitor, "GET", b"/api/" + part)


QUERIED: Final = {
    "/", "/tim", "/cua-toi", "/duyet", "/dang-nhap", "/bo-suu-tap", "/da-luu", "/dong-gop",
    "/api/search", "/api/suggest", "/api/cards", "/api/collections",
}  # fmt: skip
"""Where a query reaches the database."""


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: repr(query[:30]))
def test_any_query(
    siege: Siege, visitor: Visitor, routes: list[tuple[str, str]], query: bytes
) -> None:
    everywhere = siege.house.library.database.is_sqlite
    for method, path in routes:
        if method == "GET" and (everywhere or path in QUERIED):
            siege.send(visitor, method, siege.address(path) + b"?" + query)


# Each route whose handler looks at a header, and some whose handlers look at none: the edge reads
# headers the same way for all.
HEADED: Final = [
    ("GET", "/"), ("GET", "/tim"), ("GET", "/cua-toi"), ("GET", "/api/me"), ("GET", "/api/search"),
    ("GET", "/api/materials/{material_id:int}"), ("PATCH", "/api/materials/{material_id:int}"),
    ("POST", "/api/materials/{material_id:int}/submit"),
    ("GET", "/api/files/{file_id:int}/content"),
    ("HEAD", "/api/files/{file_id:int}/content"), ("GET", "/static/{name:path}"),
    ("POST", "/api/uploads"), ("PATCH", "/api/uploads/{upload_id:str}"), ("POST", "/dang-nhap"),
    ("POST", "/hoc-lieu/{code:str}/sua"),
]  # fmt: skip


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: repr(headers)[:40])
def test_any_header(siege: Siege, visitor: Visitor, headers: dict[str, str]) -> None:
    for method, path in HEADED:
        siege.send(visitor, method, siege.address(path), headers=headers)


def test_the_routes_with_headers_are_there(routes: list[tuple[str, str]]) -> None:
    assert [row for row in HEADED if row not in routes] == []


def _with_bodies(routes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [row for row in routes if row[0] in ("POST", "PATCH", "PUT", "DELETE")]


@pytest.mark.parametrize("body", JSON_BODIES, ids=lambda body: repr(body[:30]))
def test_any_json(
    siege: Siege, visitor: Visitor, routes: list[tuple[str, str]], body: bytes
) -> None:
    headers = {"content-type": "application/json", "if-match": '"1"', "upload-offset": "0"}
    for method, path in _with_bodies(routes):
        signed_in = siege.house.stranger() if "log" in path or "xuat" in path else visitor
        siege.send(signed_in, method, siege.address(path), body=body, headers=headers)


@pytest.mark.parametrize("body", FORM_BODIES, ids=lambda body: repr(body[:30]))
def test_any_form(
    siege: Siege, visitor: Visitor, routes: list[tuple[str, str]], body: bytes
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for method, path in _with_bodies(routes):
        signed_in = siege.house.stranger() if "log" in path or "xuat" in path else visitor
        siege.send(signed_in, method, siege.address(path), body=body, headers=headers)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind[:40] or "none")
def test_any_type_of_body(
    siege: Siege, visitor: Visitor, routes: list[tuple[str, str]], kind: str
) -> None:
    for method, path in _with_bodies(routes):
        signed_in = siege.house.stranger() if "log" in path or "xuat" in path else visitor
        for body in (b"{}", b"\x00\xff" * 5_000):
            siege.send(
                signed_in, method, siege.address(path), body=body, headers={"content-type": kind}
            )


def test_any_method(siege: Siege, visitor: Visitor, routes: list[tuple[str, str]]) -> None:
    for path in sorted({path for _, path in routes} - {"/api/sessions"}):
        for method in ("PUT", "TRACE", "CONNECT", "PROPFIND", "get", "G\u00cbT", "A" * 500, "HEAD"):
            siege.send(visitor, method, siege.address(path))
