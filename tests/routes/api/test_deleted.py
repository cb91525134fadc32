"""Deleted materials over HTTP: who sees them, who brings them back, as JSON and as a page."""

import json
from datetime import timedelta

from repo_server.database.models import Material, utc_now
from repo_server.domain.access import Role
from repo_server.domain.materials import RESTORABLE_DAYS
from repo_server.services import materials
from repo_server.services.keeping import tombstones
from repo_server.services.viewing import MaterialView
from tests import libraries
from tests.routes.houses import House, Visitor, error_of


def gone(house: House, visitor: Visitor, made: MaterialView) -> MaterialView:
    """Deleted by its owner, over HTTP."""
    match = {"if-match": f'"{made.rev}"'}
    assert visitor.ask("DELETE", f"/api/materials/{made.card.id}", headers=match).status == 204
    return made


def test_what_was_deleted_is_listed_for_its_owner_and_comes_back(house: House) -> None:
    owner = house.person()
    visitor, other = house.browser(owner), house.visitor()
    made = gone(house, visitor, house.draft(owner))
    address = f"/api/materials/{made.card.id}"
    assert visitor.get(address).status == 404

    listed = json.loads(visitor.get("/api/materials/deleted").body)
    assert [item["id"] for item in listed["items"]] == [made.card.id]
    assert json.loads(other.get("/api/materials/deleted").body)["total"] == 0
    assert house.stranger().get("/api/materials/deleted").status == 401
    assert error_of(other.ask("POST", f"{address}/restore"))["code"] == "not_found"

    back = visitor.ask("POST", f"{address}/restore")
    assert back.status == 200
    assert json.loads(back.body)["status"] == "draft"
    assert visitor.get(address).status == 200
    assert json.loads(visitor.get("/api/materials/deleted").body)["total"] == 0


def test_what_was_published_comes_back_withdrawn(house: House) -> None:
    owner, editor = house.person(), house.person(Role.EDITOR)
    visitor = house.browser(owner)
    made = libraries.published(house.library, owner, editor)
    withdrawn = materials.withdraw(house.library, editor, made.card.id, made.rev, "Sai đề.")
    match = {"if-match": f'"{withdrawn.rev}"'}
    address = f"/api/materials/{made.card.id}"
    assert visitor.ask("DELETE", address, headers=match).status == 204
    assert json.loads(visitor.ask("POST", f"{address}/restore").body)["status"] == "withdrawn"
    assert house.stranger().get(address).status == 404


def test_the_page_says_until_when_and_brings_back_without_script(house: House) -> None:
    owner = house.person()
    visitor = house.browser(owner)
    made = gone(house, visitor, house.draft(owner))
    page = visitor.page("/cua-toi/da-xoa").body.decode()
    assert made.card.title in page
    assert "xoá hẳn ngày" in page
    back = visitor.post(f"/cua-toi/da-xoa/{made.card.id}")
    assert back.status == 303
    assert visitor.page(made.card.url).status == 200
    assert "Không có học liệu nào đã xoá" in visitor.page("/cua-toi/da-xoa").body.decode()


def test_after_thirty_days_nothing_comes_back(house: House) -> None:
    owner = house.person()
    visitor = house.browser(owner)
    made = gone(house, visitor, house.draft(owner))
    with house.library.database.write() as session:
        material = session.get_one(Material, made.card.id)
        material.deleted_at = utc_now() - timedelta(days=RESTORABLE_DAYS, minutes=1)
    tombstones.purge(house.library)
    assert visitor.ask("POST", f"/api/materials/{made.card.id}/restore").status == 404
    assert json.loads(visitor.get("/api/materials/deleted").body)["total"] == 0
