"""All payloads at once in every text that people and files fill, on every page that shows any."""

from collections.abc import Callable
from typing import Final

import pytest
from sqlalchemy import select

from repo_server.database.models import (
    Account,
    Collection,
    CollectionItem,
    CollectionSection,
    Material,
    MaterialFile,
    Organization,
    TextSegment,
)
from repo_server.domain.access import Role
from repo_server.services.collections import publish_collection
from tests.routes.houses import House
from tests.routes.pages.test_markup import CALL, PAYLOADS, Elements
from tests.services import curators

ALL: Final = " ".join(PAYLOADS)
NEVER_OURS: Final = frozenset(
    ["iframe", "object", "embed", "base", "marquee", "math", "style", "noscript", "animate"]
)
Pages = Callable[[str], dict[str, Elements]]


@pytest.fixture(scope="module")
def pages(lasting_house: House) -> Pages:
    """A text in all places; the answer is every page that shows any of it."""
    library, owner = lasting_house.library, lasting_house.person(Role.ADMIN)
    view, draft = lasting_house.published(owner), lasting_house.draft(owner)
    shelf = curators.collection(library, owner, [], [view.card.id])
    publish_collection(library, owner, shelf.card.id, shelf.rev)
    browser = lasting_house.browser(owner)
    addresses = [
        "/", "/tim?q=phan", "/tim.atom?q=phan", view.card.url, f"{view.card.url}/in",
        f"{view.card.url}/sua", "/cua-toi", "/duyet", draft.card.url, f"{draft.card.url}/tep",
        f"{draft.card.url}/giong", "/tai-khoan", "/bo-suu-tap", shelf.card.url,
        f"{shelf.card.url}/sua", "/quan-tri", "/quan-tri/dung-luong",
        f"/bo-suu-tap/them?material={view.card.code}",
    ]  # fmt: skip

    def write(text: str) -> dict[str, Elements]:
        with library.database.write() as session:
            for id_ in (view.card.id, draft.card.id):
                material = session.get_one(Material, id_)
                material.title = material.author = material.return_reason = text
                material.description, material.keywords = f"{text}\n{text}", [text]
            for file in (view.files[0], draft.files[0]):
                row = session.get_one(MaterialFile, file.id)
                row.name, row.warnings = text, [text]
                row.declared = {"parts": [[text, 0, text], [text, 1, ""]]}
                same = TextSegment.sha256 == row.sha256
                for segment in session.scalars(select(TextSegment).where(same)):
                    segment.label, segment.text = text, f"phân số {text}"
                    segment.folded = f"phan so {text.lower()}"
            collection = session.get_one(Collection, shelf.card.id)
            collection.title = collection.description = text
            for section in session.scalars(select(CollectionSection)):
                section.title = section.note = text
            for item in session.scalars(select(CollectionItem)):
                item.note = text
            account = session.get_one(Account, owner.account_id)
            account.name = text
            session.get_one(Organization, account.memberships[0].organization_id).name = text
        answers = {address: browser.page(address) for address in addresses}
        assert {answer.status for answer in answers.values()} == {200}, answers.keys()
        return {address: Elements(answer.body.decode()) for address, answer in answers.items()}

    return write


def test_what_is_stored_anywhere_is_text_on_every_page(pages: Pages) -> None:
    plain = pages("Lời bình thường")
    for address, page in pages(ALL).items():
        if address.startswith("/tim.atom"):
            assert not {"script", "img", "svg"} & set(page.count)  # XML, and nothing else in it
            continue
        assert page.bad == [], address
        assert not NEVER_OURS & set(page.count), address
        assert page.count["script"] == plain[address].count["script"], address
        assert page.count.get("meta", 0) == plain[address].count.get("meta", 0), address
        assert page.count.get("link", 0) == plain[address].count.get("link", 0), address


def test_the_texts_do_reach_the_pages(pages: Pages) -> None:
    """Else the test above would find nothing wherever it looks."""
    silent = [
        address
        for address, page in pages(ALL).items()
        if not any(CALL in text for text in page.texts)
    ]
    assert set(silent) <= {"/quan-tri"}
