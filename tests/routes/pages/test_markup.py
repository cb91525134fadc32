"""Whatever people write comes back as text: no element, no attribute, no address of theirs."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote

import pytest

from repo_server.database.models import Account, Material, MaterialFile, Organization
from repo_server.domain.access import Role, Viewer
from tests.routes.houses import House, Visitor

CALL: Final = "alert(7331)"
PAYLOADS: Final = [
    f"<script>{CALL}</script>",
    f'"><script>{CALL}</script>',
    f"'><script>{CALL}</script>",
    f"</title><script>{CALL}</script>",
    f"</textarea><script>{CALL}</script>",
    f"</style><script>{CALL}</script>",
    f"--><script>{CALL}</script>",
    f"]]><script>{CALL}</script>",
    f"<img src=x onerror={CALL}>",
    f'"><img src=x onerror={CALL}>',
    f"<svg onload={CALL}>",
    f"<svg><animate onbegin={CALL}>",
    f"<body onload={CALL}>",
    f"<iframe src=javascript:{CALL}>",
    f"<object data=javascript:{CALL}>",
    f"<embed src=javascript:{CALL}>",
    f"<math><a href=javascript:{CALL}>",
    f'<a href="javascript:{CALL}">x</a>',
    f"javascript:{CALL}",
    f"JaVaScRiPt:{CALL}",
    f"data:text/html,<script>{CALL}</script>",
    f"vbscript:{CALL}",
    f"\tjavascript:{CALL}",
    f'" onmouseover="{CALL}',
    f"' onmouseover='{CALL}",
    f"` onmouseover=`{CALL}",
    f'" autofocus onfocus="{CALL}',
    f"x onclick={CALL}",
    f'"/onclick={CALL}//',
    f"<details open ontoggle={CALL}>",
    f"<video><source onerror={CALL}>",
    f"<input autofocus onfocus={CALL}>",
    f"<marquee onstart={CALL}>",
    f"<form action=javascript:{CALL}><button>",
    f"<meta http-equiv=refresh content=0;url=javascript:{CALL}>",
    f"<base href=javascript:{CALL}//>",
    f"<link rel=stylesheet href=javascript:{CALL}>",
    f"<style>@import 'javascript:{CALL}'</style>",
    f"<div style=background:url(javascript:{CALL})>",
    f"<template><script>{CALL}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={CALL}>'>",
    f"{{{{ {CALL} }}}}",
    f"{{% print({CALL}) %}}",
    f"${{{CALL}}}",
    f"&lt;script&gt;{CALL}&lt;/script&gt;",
    f"&#60;script&#62;{CALL}",
    f"%3Cscript%3E{CALL}",
    f"<scr\u200bipt>{CALL}</script>",
    f"＜script＞{CALL}＜/script＞",
    f"<a hx-get=/ hx-on:load={CALL}>x</a>",
    f"<p data-hx-on:load={CALL}>",
    f"\u202e<b>{CALL}",
    f"<b>{CALL}</b>",
    f"<h1>{CALL}</h1>",
    f"</main><main>{CALL}",
    f"{{title}}{{name}}{CALL}",
]


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, attributes and their addresses."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.count: dict[str, int] = {}
        self.bad: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attrs:
            said = (value or "").strip().lower()
            if name.startswith("on") or "hx-on" in name or name in ("style", "srcdoc", "autofocus"):
                self.bad.append((tag, name))
            if name in (
                "href",
                "src",
                "action",
                "formaction",
                "data",
                "poster",
            ) and said.startswith(("javascript:", "data:text", "vbscript:")):
                self.bad.append((tag, f"{name}={said}"))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        if CALL in data:
            self.bad.append(("comment", data))


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) >= 50


PLAIN: Final = "Lời bình thường"


@pytest.fixture(scope="module")
def owner(lasting_house: House) -> Viewer:
    return lasting_house.person(Role.ADMIN)


Page = Callable[[str], str]


@pytest.fixture(scope="module")
def written(lasting_house: House, owner: Viewer) -> Page:
    """A payload in every text that is stored; the answer is all pages that show any of it."""
    view = lasting_house.published(owner)
    draft = lasting_house.draft(owner)
    browser = lasting_house.browser(owner)
    addresses = ["/", "/tim?q=phan", view.card.url, f"{view.card.url}/sua", "/cua-toi", "/duyet",
                 draft.card.url, "/tai-khoan", "/chuong-trinh/gdpt2018/lop-6"]  # fmt: skip

    def write(payload: str) -> str:
        with lasting_house.library.database.write() as session:
            for id_ in (view.card.id, draft.card.id):
                material = session.get_one(Material, id_)
                material.title, material.author = payload, payload
                material.description = f"{payload}\n{payload}"
                material.keywords, material.return_reason = [payload[:60]], payload
            for file in (view.files[0], draft.files[0]):
                row = session.get_one(MaterialFile, file.id)
                row.name, row.warnings = payload, [payload]
            account = session.get_one(Account, owner.account_id)
            account.name = payload
            session.get_one(Organization, account.memberships[0].organization_id).name = payload
        answers = [browser.page(address) for address in addresses]
        assert [answer.status for answer in answers] == [200] * len(addresses)
        return "".join(answer.body.decode() for answer in answers)

    return write


@pytest.fixture(scope="module")
def plain(written: Page) -> Elements:
    return Elements(written(PLAIN))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_stored_is_shown_as_text(written: Page, plain: Elements, payload: str) -> None:
    page = Elements(written(payload))

    assert page.bad == []
    assert page.count == plain.count
    assert sum(payload in text for text in page.texts) >= 5


TYPED: Final = (
    "/tim?q={}",
    "/tim?grade={}",
    "/tim?subject={}&sort=newest",
    "/dang-nhap?next={}",
    "/chuong-trinh/{}",
    "/tim?lang={}",
    "/tim?x={}",
    "/hoc-lieu/{}",
    "/?{}={}",
)


@pytest.mark.parametrize("address", TYPED)
def test_what_is_typed_into_an_address_is_shown_as_text(lasting_house: House, address: str) -> None:
    reader = lasting_house.stranger()
    plain = Elements(reader.page(address.replace("{}", quote("a b"))).body.decode())
    for payload in PAYLOADS:
        page = reader.page(address.replace("{}", quote(payload, safe="")))
        found = Elements(page.body.decode())
        assert found.bad == plain.bad, payload
        assert found.count.get("script") == plain.count.get("script"), payload
        assert not {"iframe", "object", "embed", "base", "marquee"} & set(found.count), payload


def test_a_refused_form_shows_what_was_typed_as_text(lasting_house: House, owner: Viewer) -> None:
    draft = lasting_house.draft(owner)
    browser: Visitor = lasting_house.browser(owner)
    fields = ("title", "description", "keywords", "kind", "license", "language", "item_query")
    url = f"{draft.card.url}/sua"

    def filled(text: str) -> Elements:
        answer = browser.post(url, rev="1", do="find_items", **dict.fromkeys(fields, text))
        signing_in = lasting_house.stranger().post(
            "/dang-nhap", email=text, password="x", next=text
        )
        return Elements(answer.body.decode() + signing_in.body.decode())

    plain = filled("zzqq")
    for payload in PAYLOADS:
        found = filled(payload)
        assert found.bad == plain.bad, payload
        assert found.count == plain.count, payload


def test_the_name_of_a_token_is_shown_as_text(lasting_house: House) -> None:
    browser = lasting_house.browser(lasting_house.person())
    for payload in PAYLOADS[:10]:
        page = browser.post("/tai-khoan/token", name=payload)
        assert page.status == 200
        assert Elements(page.body.decode()).bad == []
        assert f"<script>{CALL}" not in page.body.decode()
