"""Quotas on pages: the bar of one's own, the organizations and the forms of administrators."""

from repo_server.domain.access import Role
from tests.routes.houses import House


def test_a_teacher_reads_how_much_is_used(house: House) -> None:
    text = house.visitor(Role.TEACHER).page("/cua-toi").body.decode()
    assert "Đã dùng 0 byte trong 20 GB" in text


def test_an_administrator_sets_a_quota_and_takes_it_back(house: House) -> None:
    house.published(house.person())
    admin = house.visitor(Role.ADMIN)
    text = admin.page("/quan-tri/dung-luong").body.decode()
    assert "không giới hạn" in text
    address = text.split('action="/quan-tri/dung-luong/')[1].split('"')[0]

    answer = admin.ask("POST", f"/quan-tri/dung-luong/{address}", form={"quota": "5"})
    assert (answer.status, answer.header("location")) == (303, "/quan-tri/dung-luong")
    text = admin.page("/quan-tri/dung-luong").body.decode()
    assert "trong 5 MB" in text
    assert '<progress max="100" value="0"' in text
    admin.ask("POST", f"/quan-tri/dung-luong/{address}", form={"quota": ""})
    assert "trong 5 MB" not in admin.page("/quan-tri/dung-luong").body.decode()


def test_a_senseless_quota_is_refused(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    for said in ("nhiều", "-1", "1000000001", "9" * 40):
        form = {"quota": said}
        assert admin.ask("POST", "/quan-tri/dung-luong/1", form=form).status == 400, said
