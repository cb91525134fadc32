"""Short addresses over HTTP, and the sheet to print."""

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.services import collection_contents, collection_views, collections, materials
from repo_server.services.collection_contents import Placed
from repo_server.services.collection_views import CollectionView
from repo_server.services.collections import CollectionFields
from repo_server.services.materials import Description
from repo_server.services.viewing import MaterialView
from tests.libraries import COMPLETE
from tests.routes.edge import HOST
from tests.routes.houses import House, error_of
from tests.scanner import scanned


def test_a_short_address_leads_on_and_is_kept_by_nobody(each_house: House) -> None:
    made = each_house.published(each_house.person())

    for typed in (made.card.code, made.card.code.upper()):
        answer = each_house.stranger().page(f"/c/{typed}")
        assert answer.status == 302
        assert answer.header("location") == made.card.url
        assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("typed", ["0000000", "000000", "khong-co-dau", "a%20b", "%3Cscript%3E"])
def test_an_unknown_code_is_answered_by_a_page_that_searches(house: House, typed: str) -> None:
    answer = house.stranger().page(f"/c/{typed}")
    body = answer.body.decode()
    assert answer.status == 404
    assert 'id="q-error"' in body
    assert "<script>" not in body


def test_what_was_taken_down_is_said_so(house: House, teacher: Viewer) -> None:
    made = house.published(teacher)
    materials.withdraw(house.library, teacher, made.card.id, made.rev, "Cần sửa lại")

    page = house.stranger().page(f"/c/{made.card.code}")

    assert page.status == 410
    assert "Học liệu này đã được gỡ khỏi kho." in page.body.decode()
    assert 'id="q-error"' in page.body.decode()
    assert page.header("cache-control") == "no-store"
    assert error_of(house.stranger().get(f"/c/{made.card.code}"))["code"] == "taken_down"
    assert house.browser(teacher).page(f"/c/{made.card.code}").status == 302


def test_a_draft_is_nobody_elses_business(house: House, teacher: Viewer) -> None:
    made = house.draft(teacher)
    for address in (f"/c/{made.card.code}", f"{made.card.url}/in"):
        assert house.stranger().page(address).status == 404
        assert house.visitor().page(address).status == 404
    assert house.browser(teacher).page(f"{made.card.url}/in").status == 200


def test_the_sheet_shows_title_code_address_and_organization(house: House, teacher: Viewer) -> None:
    nasty = Description(title="<b>Phân số</b>", license="cc-by-4.0", kind="slides")
    made = house.published(teacher, Description(**{**_fields(COMPLETE), "title": nasty.title}))

    body = house.stranger().page(f"{made.card.url}/in").body.decode()

    assert "&lt;b&gt;Phân số&lt;/b&gt;" in body
    assert f'src="/api/materials/{made.card.id}/qr.svg"' in body
    assert f"kho.example.vn/c/{made.card.code}" in body
    assert str(made.card.organization_name) in body


def curated(house: House, owner: Viewer, materials_: list[MaterialView]) -> CollectionView:
    """A collection of an editor that holds these, published."""
    editor = house.person(Role.EDITOR)
    made = collections.create_collection(house.library, editor, CollectionFields("Ôn tập", ""))
    for material in materials_:
        collection_contents.add_item(
            house.library, editor, made.id, None, Placed(material.card.id, "")
        )
    view = collection_views.collection_by_id(house.library, editor, made.id)
    collections.publish_collection(house.library, editor, made.id, view.rev)
    return collection_views.collection_by_id(house.library, editor, made.id)


def test_a_collections_sheet_holds_a_code_for_each_material_that_can_be_opened(
    each_house: House,
) -> None:
    owner = each_house.person()
    first, gone = (each_house.published(owner) for _ in range(2))
    made = curated(each_house, owner, [first, gone])
    materials.withdraw(each_house.library, owner, gone.card.id, gone.rev, "Cần sửa")
    visitor = each_house.stranger()

    answer = visitor.page(f"{made.card.url}/in")

    body = answer.body.decode()
    assert answer.status == 200
    assert f'src="/api/materials/{first.card.id}/qr.svg"' in body
    assert f"/api/materials/{gone.card.id}/" not in body
    assert f"kho.example.vn/c/{made.card.code}" in body
    assert visitor.page(f"{made.card.url}/in?page=2").status == 404
    assert visitor.page(f"/c/{made.card.code}").header("location") == made.card.url
    for name, kind in (("qr.svg", "image/svg+xml"), ("qr.png", "image/png")):
        image = visitor.get(f"/api/collections/{made.card.id}/{name}")
        assert (image.status, image.header("content-type")) == (200, kind)
    # The last one is the PNG.
    assert scanned(image.body) == [f"http://{HOST}/c/{made.card.code}"]


def test_the_sheet_of_a_draft_is_nobody_elses_business(house: House, teacher: Viewer) -> None:
    editor = house.person(Role.EDITOR)
    made = collections.create_collection(house.library, editor, CollectionFields("Nháp", ""))
    doors = (f"/bo-suu-tap/{made.code}/in", f"/api/collections/{made.id}/qr.svg",
             f"/api/collections/{made.id}/qr.png")  # fmt: skip
    for address in doors:
        assert house.stranger().get(address).status == 404
        assert house.browser(teacher).get(address).status == 404
        assert house.browser(editor).get(address).status == 200


def _fields(description: Description) -> dict[str, object]:
    names = ("description", "kind", "license", "keywords", "choice")
    return {name: getattr(description, name) for name in names}
