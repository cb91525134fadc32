"""Personal data over HTTP: the warning, the box to tick, the parameter for programs."""

from repo_server.domain.access import Role
from tests.libraries import COMPLETE, draft
from tests.routes.houses import House, error_of

PUPIL = "Điện thoại của phụ huynh: 0912345679".encode()
BOX = 'name="acknowledged"'


def test_a_form_asks_for_a_tick_and_then_hands_the_material_on(house: House) -> None:
    owner = house.person()
    view = draft(house.library, owner, COMPLETE, PUPIL)
    visitor, page = house.browser(owner), f"/hoc-lieu/{view.card.code}"
    for address in (page, f"{page}/sua"):
        text = visitor.page(address).body.decode()
        assert "Có chỗ giống thông tin cá nhân" in text
        assert "091•••••79" in text
        assert BOX in text

    rev = str(view.rev)
    refused = visitor.ask("POST", f"{page}/submit", form={"rev": rev})
    assert refused.status == 409
    sent = visitor.ask("POST", f"{page}/submit", form={"rev": rev, "acknowledged": "yes"})
    assert (sent.status, sent.header("location")) == (303, page)
    assert BOX not in visitor.page(page).body.decode()
    seen = house.visitor(Role.EDITOR).page(page).body.decode()
    assert "091•••••79" in seen


def test_a_form_that_is_saved_and_submitted_says_what_is_missing(house: House) -> None:
    owner = house.person()
    view = draft(house.library, owner, COMPLETE, PUPIL)
    form = {
        "rev": str(view.rev), "title": "Phân số", "kind": "worksheet", "license": "cc-by-4.0",
        "language": "vi", "grades": "6", "subjects": "toan", "do": "save_submit",
    }  # fmt: skip
    visitor, page = house.browser(owner), f"/hoc-lieu/{view.card.code}"
    refused = visitor.ask("POST", f"{page}/sua", form=form)
    assert refused.status == 422
    assert 'href="#field-personal_data"' in refused.body.decode()
    # What cannot be handed on yet is saved all the same.
    rev = refused.body.decode().split('name="rev" value="')[1].split('"')[0]
    sent = visitor.ask("POST", f"{page}/sua", form=form | {"rev": rev, "acknowledged": "yes"})
    assert sent.status == 303


def test_a_program_says_that_a_person_has_looked(house: House) -> None:
    owner = house.person()
    view = draft(house.library, owner, COMPLETE, PUPIL)
    program, address = house.program(owner), f"/api/materials/{view.card.id}/submit"
    match = {"if-match": f'"{view.rev}"'}
    refused = program.ask("POST", address, headers=match)
    assert (refused.status, error_of(refused)["code"]) == (409, "not_publishable")
    assert "personal_data" in str(error_of(refused))
    assert program.ask("POST", f"{address}?personal_data=no", headers=match).status == 400
    assert program.ask("POST", f"{address}?personal_data=checked", headers=match).status == 200
