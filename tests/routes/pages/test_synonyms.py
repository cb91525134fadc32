"""The page of synonyms, by forms alone, and the same as JSON."""

import re

from repo_server.domain.access import Role
from tests.routes.houses import House

ADDRESS = "/quan-tri/tu-dong-nghia"


def test_an_administrator_edits_a_rule_by_forms(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    answer = admin.post(ADDRESS, phrases="Zeta\r\ndê ta\r\n")
    assert (answer.status, answer.header("location")) == (303, ADDRESS)
    text = admin.page(f"{ADDRESS}?q=de+ta&thu=zeta").body.decode()
    assert "dê ta" in text.split('id="tried"')[1]
    (address,) = re.findall(r'action="(/quan-tri/tu-dong-nghia/\d+)"', text)
    assert admin.post(address, phrases="Zeta\nhàm &1", one_way="1").status == 303
    assert "hàm &amp;1" in admin.page(f"{ADDRESS}?q=zeta").body.decode()
    assert admin.post(f"{address}/xoa").status == 303
    assert "Không có nhóm từ nào" in admin.page(f"{ADDRESS}?q=zeta").body.decode()


def test_a_senseless_rule_is_refused_with_a_sentence(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    answer = admin.post(ADDRESS, phrases="lý\nlí")
    assert answer.status == 400
    assert "là một" in answer.body.decode()


def test_a_program_sees_what_a_question_becomes(house: House) -> None:
    found = house.visitor(Role.ADMIN).get("/api/understanding?q=phuowng+trinhf+lop+9").json
    assert found["instead"] == "phương trình lop 9"
    assert [one["label"] for one in found["preferences"]] == ["Lớp 9"]
    assert [one["origin"] for one in found["terms"][0]["readings"]] == ["keystrokes", "typed"]
