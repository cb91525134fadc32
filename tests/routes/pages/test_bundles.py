"""The page of a material's files, as a browser without script uses it; what a device has saved."""

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.services import materials
from repo_server.services.materials import Description
from repo_server.services.viewing import MaterialView, material_by_id
from tests.routes.api.test_bundles import two_files
from tests.routes.houses import PAGE, House, Visitor

NASTY = "<script>alert(1)</script>"


def act(visitor: Visitor, view: MaterialView, at: int, **fields: object) -> object:
    address = f"{view.card.url}/tep/{view.files[at].id}"
    return visitor.post(address, **{"rev": view.rev, **fields})


def names(house: House, owner: Viewer, view: MaterialView) -> list[str]:
    return [file.name for file in material_by_id(house.library, owner, view.card.id).files]


def test_files_are_arranged_by_plain_forms(each_house: House) -> None:
    owner = each_house.person()
    made, visitor = two_files(each_house, owner), each_house.browser(owner)

    moved = act(visitor, made, 1, do="up")
    assert moved.status == 303
    assert moved.header("location") == f"{made.card.url}/tep#tep-{made.files[1].id}"
    assert names(each_house, owner, made) == ["Sơ đồ.png", "Phân số.txt"]
    assert "Đã chuyển tệp." in visitor.page(f"{made.card.url}/tep").body.decode()

    made = material_by_id(each_house.library, owner, made.card.id)
    assert act(visitor, made, 0, do="up").status == 303  # the first stays where it is
    act(visitor, made, 0, do="down")
    made = material_by_id(each_house.library, owner, made.card.id)
    act(visitor, made, 0, do="save", name="Giáo án", role="lesson_plan")
    made = material_by_id(each_house.library, owner, made.card.id)
    assert (made.files[0].name, made.files[0].role) == ("Giáo án.txt", "lesson_plan")

    act(visitor, made, 1, do="remove")
    assert names(each_house, owner, made) == ["Giáo án.txt"]


def test_what_went_wrong_is_said_beside_the_file(house: House, teacher: Viewer) -> None:
    made, visitor = two_files(house, teacher), house.browser(teacher)

    empty = act(visitor, made, 0, do="save", name="  ", role="")
    assert empty.status == 422
    assert "Hãy đặt tên cho tệp." in empty.body.decode()

    act(visitor, made, 1, do="up")
    late = act(visitor, made, 1, do="up")
    assert late.status == 412
    assert "Người khác vừa sửa nội dung này" in late.body.decode()
    assert act(visitor, made, 0, do="khong-co").status == 400


def test_a_name_with_markup_stays_a_name(house: House, teacher: Viewer) -> None:
    made, visitor = two_files(house, teacher), house.browser(teacher)
    act(visitor, made, 0, do="save", name=NASTY, role="")
    body = visitor.page(f"{made.card.url}/tep").body.decode()
    assert NASTY not in body


def test_the_owner_of_a_published_material_is_told_why_files_stay(
    house: House, teacher: Viewer
) -> None:
    made = two_files(house, teacher, public=True)

    owner = house.browser(teacher).page(f"{made.card.url}/tep").body.decode()
    editor = house.visitor(Role.EDITOR).page(f"{made.card.url}/tep").body.decode()

    assert "chỉ biên tập viên đổi được tệp" in owner
    assert 'name="do"' not in owner
    assert 'name="do" value="save"' in editor
    assert "được giữ thành một phiên bản mới" in editor
    assert 'value="remove"' in editor
    refused = act(house.browser(teacher), made, 0, do="save", name="x", role="")
    assert refused.status == 409
    assert house.browser(teacher).page(f"/dong-gop?hoc-lieu={made.card.id}").status == 409


def test_an_editor_takes_a_file_out_of_what_is_published_but_not_the_last(
    house: House, teacher: Viewer
) -> None:
    made, visitor = two_files(house, teacher, public=True), house.visitor(Role.EDITOR)
    gone, kept = made.files

    assert act(visitor, made, 0, do="remove").status == 303
    fresh = material_by_id(house.library, teacher, made.card.id)
    assert ([file.id for file in fresh.files], fresh.version) == ([kept.id], made.version + 1)
    assert 'value="remove"' not in visitor.page(f"{made.card.url}/tep").body.decode()
    refused = act(visitor, fresh, 0, do="remove")
    assert refused.status == 422
    assert "ít nhất một tệp" in refused.body.decode()
    # Whoever kept its address is handed nothing, whatever they may do with the material.
    for reader in (house.stranger(), house.browser(teacher), visitor, house.visitor(Role.ADMIN)):
        for door in ("content", "thumbnail", "preview/1"):
            assert reader.get(f"/api/files/{gone.id}/{door}").status == 404


def test_strangers_do_not_arrange_files(house: House, teacher: Viewer) -> None:
    hidden, public = two_files(house, teacher), two_files(house, teacher, public=True)
    for made, status in ((hidden, 404), (public, 403)):
        assert house.visitor().page(f"{made.card.url}/tep").status == status
        assert act(house.visitor(), made, 0, do="up").status == status
    anonymous = house.stranger().page(f"{hidden.card.url}/tep")
    assert anonymous.header("location").startswith("/dang-nhap?next=")
    assert act(house.stranger(), hidden, 0, do="up").status == 401


def test_files_are_added_on_the_page_for_contributing(house: House, teacher: Viewer) -> None:
    made = two_files(house, teacher)
    visitor = house.browser(teacher)

    body = visitor.page(f"/dong-gop?hoc-lieu={made.card.id}").body.decode()
    assert f'data-material="{made.card.id}"' in body
    assert made.card.title in body
    assert "data-material" not in visitor.page("/dong-gop").body.decode()

    other = house.published(house.person())
    assert visitor.page(f"/dong-gop?hoc-lieu={other.card.id}").status == 403
    assert visitor.page("/dong-gop?hoc-lieu=4000000").status == 404
    assert visitor.page("/dong-gop?hoc-lieu=x").status == 400


# On the page of the material


def test_the_page_says_what_is_there_and_offers_all_of_it(house: House, teacher: Viewer) -> None:
    made = two_files(house, teacher, public=True)
    body = house.stranger().page(made.card.url).body.decode()

    assert "Có: kế hoạch bài dạy, hình ảnh · Chưa có: bài trình chiếu, phiếu học tập" in body
    assert f'href="/api/materials/{made.card.id}/zip"' in body
    assert f"kho.example.vn/c/{made.card.code}" in body
    assert f'data-save="{made.card.code}" data-opened="{made.card.code}"' in body
    assert f"{made.card.url}/tep" not in body
    assert f"{made.card.url}/tep" in house.browser(teacher).page(made.card.url).body.decode()


def test_one_file_needs_no_archive_and_a_draft_is_not_remembered(
    house: House, teacher: Viewer
) -> None:
    made = house.draft(teacher)
    body = house.browser(teacher).page(made.card.url).body.decode()
    assert "/zip" not in body
    assert "data-opened" not in body


def test_the_page_leads_on_to_the_same_lesson_by_others(house: House, teacher: Viewer) -> None:
    made = house.published(teacher)
    other = house.published(house.person(), Description(**SAME))
    body = house.stranger().page(made.card.url).body.decode()
    assert "Cùng bài này của thầy cô khác" in body
    assert f'href="{other.card.url}"' in body


SAME = {
    "title": "Cộng hai phân số khác mẫu",
    "kind": "slides",
    "license": "cc-by-4.0",
    "choice": materials.Choice((6,), ("toan",)),
}


# Saved on the device


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_of_what_is_saved_knows_nothing_of_anybody(house: House, language: str) -> None:
    answer = house.stranger().page(f"/da-luu?lang={language}")
    body = answer.body.decode()
    assert answer.status == 200
    assert "no-script" in body
    assert "saved.js" in body
    assert house.stranger().ask("HEAD", "/da-luu", headers=PAGE).status == 200
