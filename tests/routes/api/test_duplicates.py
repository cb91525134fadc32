"""Materials that are alike, over HTTP: who is told what, and the choices, as JSON and as pages."""

import json

from repo_server.domain.access import Role, Viewer
from repo_server.services.viewing import MaterialView, material_by_id
from tests import libraries
from tests.routes.houses import House, Visitor


def known(house: House) -> MaterialView:
    """A published lesson of somebody else."""
    owner, editor = house.person(), house.person(Role.EDITOR)
    return libraries.published(house.library, owner, editor)


def send(visitor: Visitor, house: House, viewer: Viewer) -> str:
    """The same file again; the address of its upload."""
    upload = libraries.upload(house.library, viewer)
    assert upload.state == "ready"
    return f"/api/uploads/{upload.id}"


def test_whoever_sends_a_file_is_told_what_it_is_like(house: House) -> None:
    there, sender = known(house), house.person()
    visitor = house.browser(sender)
    address = send(visitor, house, sender)
    (told,) = json.loads(visitor.get(address).body)["duplicates"]
    assert (told["id"], told["likeness"], told["share"]) == (there.card.id, "bytes", 1.0)
    assert told["url"] == there.card.url
    assert not told["takes_version"]


def test_the_list_is_for_those_who_may_edit(house: House) -> None:
    known(house)
    owner = house.person()
    mine = house.draft(owner)
    address = f"/api/materials/{mine.card.id}/duplicates"
    assert len(json.loads(house.browser(owner).get(address).body)["items"]) == 1
    assert house.stranger().get(address).status == 404
    assert house.visitor().get(address).status == 404


def test_a_variant_is_declared_with_the_revision_and_seen_on_both_pages(house: House) -> None:
    there, owner = known(house), house.person()
    visitor, mine = house.browser(owner), house.draft(owner)
    address = f"/api/materials/{mine.card.id}/variants/{there.card.id}"
    assert visitor.ask("PUT", address).status == 428
    assert visitor.ask("PUT", address, headers={"if-match": '"999"'}).status == 412
    match = {"if-match": f'"{mine.rev}"'}
    said = visitor.ask("PUT", address, headers=match)
    assert said.status == 200
    assert [card["id"] for card in json.loads(said.body)["of"]] == [there.card.id]
    assert "Biến thể của" in visitor.page(mine.card.url).body.decode()
    assert "Các biến thể" in visitor.page(there.card.url).body.decode()
    assert "Các biến thể" not in house.stranger().page(there.card.url).body.decode()
    assert visitor.ask("DELETE", address, headers=match).status == 204
    assert "Biến thể của" not in visitor.page(mine.card.url).body.decode()


def test_a_draft_becomes_a_new_version_of_ones_own_lesson(house: House) -> None:
    owner = house.person()
    old, new = house.draft(owner), house.draft(owner)
    visitor = house.browser(owner)
    assert visitor.get(f"/api/materials/{new.card.id}/duplicates").status == 200
    answer = visitor.ask(
        "POST",
        f"/api/materials/{new.card.id}/become-version",
        json_body={"of": old.card.id},
        headers={"if-match": f'"{new.rev}"'},
    )
    assert answer.status == 200
    assert json.loads(answer.body)["id"] == old.card.id
    assert [file["id"] for file in json.loads(answer.body)["files"]] == [new.files[0].id]
    assert visitor.get(f"/api/materials/{new.card.id}").status == 404
    view = material_by_id(house.library, owner, old.card.id)
    assert [file.id for file in view.files] == [new.files[0].id]


def test_the_page_shows_both_and_its_buttons_work_without_script(house: House) -> None:
    there, owner = known(house), house.person()
    visitor, old, mine = house.browser(owner), house.draft(owner), house.draft(owner)
    page = visitor.page(f"{mine.card.url}/giong").body.decode()
    assert "Trùng hoàn toàn" in page
    assert there.card.url in page
    assert page.count('value="version"') == 1
    assert "Giống học liệu đã có (2)" in visitor.page(mine.card.url).body.decode()
    at = f"{mine.card.url}/giong"
    chosen = visitor.post(at, rev=mine.rev, other=there.card.id, do="variant")
    assert chosen.status == 303
    assert 'value="no_variant"' in visitor.page(at).body.decode()
    assert visitor.post(at, rev=mine.rev, other=there.card.id, do="burn").status == 400
    assert visitor.post(at, rev=mine.rev, do="variant").status == 400
    replaced = visitor.post(at, rev=mine.rev, other=old.card.id, do="version")
    assert replaced.status == 303
    assert dict(replaced.headers)["location"].startswith(old.card.url)


def test_a_lesson_like_no_other_says_so(house: House) -> None:
    owner = house.person()
    mine = house.draft(owner)
    page = house.browser(owner).page(f"{mine.card.url}/giong").body.decode()
    assert "Kho chưa có học liệu nào giống" in page
