"""The pages of collections: read by anybody, changed without script, nothing of it trusted."""

import re

import pytest

from repo_server.domain.access import Role, Viewer
from repo_server.domain.materials import Status
from repo_server.services import collection_contents as contents
from repo_server.services import collection_views as views
from repo_server.services.collection_contents import Contents, Placed
from repo_server.services.collection_views import CollectionView
from repo_server.services.collections import publish_collection
from tests.routes.edge import Answer
from tests.routes.houses import House, Visitor
from tests.services.curators import collection, item_of, materials, shown, turn

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def editor(house: House) -> Viewer:
    return house.person(Role.EDITOR)


@pytest.fixture
def curator(house: House, editor: Viewer) -> Visitor:
    return house.browser(editor)


@pytest.fixture
def lessons(house: House, teacher: Viewer) -> list[int]:
    return materials(house.library, teacher, 4)


@pytest.fixture
def made(house: House, editor: Viewer, lessons: list[int]) -> CollectionView:
    """Bài 1 before the heading, Bài 2 and Bài 3 in Phần 1; Bài 4 is outside."""
    return collection(house.library, editor, lessons[:1], lessons[1:3])


def text(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    return answer.body.decode()


def now(house: House, editor: Viewer, made: CollectionView) -> CollectionView:
    return views.collection_by_id(house.library, editor, made.card.id)


def test_a_collection_is_made_without_script(
    house: House, editor: Viewer, curator: Visitor, lessons: list[int]
) -> None:
    started = curator.post("/bo-suu-tap/moi", title="Ôn tập Toán 6", description="Học kì 1.")
    assert started.status == 303
    edit = started.header("location")
    address = edit.removesuffix("/sua")
    assert "Đã tạo bản nháp" in text(curator.page(edit))

    started_as = views.collection_by_code(house.library, editor, address[-6:])
    added = [house.program(editor).get(f"/api/materials/{one}").json["code"] for one in lessons]
    curator.post(edit, do="add", material=added[0])
    curator.post(edit, do="add", material=f"https://kho.example.vn/hoc-lieu/{added[1]}")
    view = now(house, editor, started_as)
    curator.post(edit, do="section", section_title="Phần 1", section_note="", rev=view.rev)
    curator.post("/bo-suu-tap/them", material=added[2], collection=view.card.id, note="Hay")
    view = now(house, editor, started_as)
    assert shown(view) == [("", ["Bài 1", "Bài 2"]), ("Phần 1", ["Bài 3"])]

    moved = curator.post(edit, do=f"idown-{item_of(view, 'Bài 2')}", rev=view.rev)
    assert moved.header("location") == f"{edit}#cho-{item_of(view, 'Bài 2')}"
    view = now(house, editor, started_as)
    assert shown(view) == [("", ["Bài 1"]), ("Phần 1", ["Bài 2", "Bài 3"])]
    place = f"{address}/cho/{item_of(view, 'Bài 3')}"
    assert "Chuyển tới" in text(curator.page(place))
    curator.post(place, do="move", section="", position="1", rev=view.rev)
    view = now(house, editor, started_as)
    assert shown(view) == [("", ["Bài 3", "Bài 1"]), ("Phần 1", ["Bài 2"])]

    published = curator.post(f"{address}/publish", rev=view.rev)
    assert published.header("location") == address
    page = text(house.stranger().page(address))
    assert re.findall(r">(Bài \d|Phần 1)</", page) == ["Bài 3", "Bài 1", "Phần 1", "Bài 2"]
    assert "Ôn tập Toán 6" in text(house.stranger().page("/bo-suu-tap?q=on+tap"))
    assert "Ôn tập Toán 6" in text(house.stranger().page("/"))


def test_a_new_collection_may_be_started_from_a_material(
    house: House, editor: Viewer, curator: Visitor, lessons: list[int]
) -> None:
    code = curator.get(f"/api/materials/{lessons[0]}").json["code"]
    assert f"/bo-suu-tap/them?material={code}" in text(curator.page(f"/hoc-lieu/{code}"))
    assert "/bo-suu-tap/them" not in text(house.stranger().page(f"/hoc-lieu/{code}"))
    assert "Tạo bộ sưu tập mới" in text(curator.page(f"/bo-suu-tap/them?material={code}"))
    nameless = curator.post("/bo-suu-tap/them", material=code, collection="", title=" ")
    assert (nameless.status, "Hãy đặt tên." in nameless.body.decode()) == (422, True)
    curator.post("/bo-suu-tap/them", material=code, collection="", title="Bộ mới")
    total, found = views.collections(
        house.library, editor, "bo moi", page=1, size=9, status=Status.DRAFT
    )
    assert total == 1
    again = curator.post("/bo-suu-tap/them", material=code, collection=found[0].id)
    assert "Học liệu này đã có trong bộ sưu tập." in again.body.decode()


def test_what_a_curator_wrote_is_shown_and_never_run(
    house: House, editor: Viewer, curator: Visitor, teacher: Viewer
) -> None:
    (lesson,) = materials(house.library, teacher, 1)
    made = collection(house.library, editor, [], [lesson], title=f"Tên {NASTY}")
    section = made.sections[1].id
    assert section is not None
    id_, item = made.card.id, made.places[0].id
    rev = contents.edit_item(house.library, editor, id_, made.rev, item, NASTY).rev
    rev = contents.edit_section(house.library, editor, id_, rev, section, NASTY, NASTY).rev
    publish_collection(house.library, editor, id_, rev)
    url = made.card.url
    for address in (
        url,
        f"{url}/sua",
        f"{url}/cho/{item}",
        f"{url}/muc/{section}",
        "/",
        "/bo-suu-tap",
    ):
        page = text(curator.page(address))
        assert NASTY not in page, address
        assert "&lt;script&gt;" in page, address


def test_a_place_says_that_its_material_is_gone(
    house: House, editor: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    publish_collection(house.library, editor, made.card.id, made.rev)
    reader = house.stranger()
    turn(house.library, lessons[1], Status.WITHDRAWN)
    page = text(reader.page(made.card.url))
    assert page.count("Học liệu này đã được gỡ") == 1
    assert "Bài 2" not in page
    assert page.index("Bài 1") < page.index("Học liệu này đã được gỡ") < page.index("Bài 3")
    turn(house.library, lessons[1], Status.PUBLISHED)
    assert "Bài 2" in text(reader.page(made.card.url))


def test_a_stale_form_is_told_and_changes_nothing(
    house: House, editor: Viewer, curator: Visitor, made: CollectionView
) -> None:
    url, item, section = made.card.url, made.places[0].id, made.sections[1].id
    for address, fields in (
        (f"{url}/sua", {"do": f"idown-{item}"}),
        (f"{url}/sua", {"do": "save", "title": "Khác"}),
        (f"{url}/sua", {"do": "section", "section_title": "Khác"}),
        (f"{url}/cho/{item}", {"do": "remove"}),
        (f"{url}/cho/{item}", {"do": "save", "note": "Khác"}),
        (f"{url}/muc/{section}", {"do": "remove"}),
        (f"{url}/publish", {}),
    ):
        answer = curator.post(address, rev=made.rev - 1, **fields)
        assert answer.status == 422, address
        assert "Người khác vừa sửa nội dung này" in answer.body.decode()
    assert now(house, editor, made) == made


@pytest.mark.parametrize("address", ["sua", "cho/1", "muc/1"])
def test_the_forms_are_the_curators(
    house: House, editor: Viewer, made: CollectionView, address: str
) -> None:
    publish_collection(house.library, editor, made.card.id, made.rev)
    target = f"{made.card.url}/{address}"
    assert house.stranger().page(target).status in (303, 401)
    assert house.visitor().page(target).status == 403
    assert house.visitor().post(target, do="save", title="a", rev=1).status == 403


def test_a_draft_is_not_there_for_others(house: House, made: CollectionView) -> None:
    assert house.stranger().page(made.card.url).status == 404
    assert house.visitor().page(made.card.url).status == 404
    assert made.card.title not in text(house.visitor().page("/bo-suu-tap?status=draft"))
    colleague = house.visitor(Role.EDITOR)
    assert made.card.title in text(colleague.page("/bo-suu-tap?status=draft"))


def test_bad_buttons_and_addresses_are_refused(
    house: House, curator: Visitor, made: CollectionView
) -> None:
    url, item = made.card.url, made.places[0].id
    for do in ("", "iup", "iup-x", "xup-1", "iup-" + "9" * 30, "left-1"):
        assert curator.post(f"{url}/sua", do=do, rev=made.rev).status in (400, 404), do
    assert curator.post(f"{url}/cho/{item}", do="burn", rev=made.rev).status == 400
    assert curator.post(f"{url}/cho/{item + 99}", do="remove", rev=made.rev).status == 404
    assert curator.post(f"{url}/burn", rev=made.rev).status == 404
    assert curator.page(f"{url}?page=2").status == 404
    assert curator.page(f"{url}?page=0").status == 400
    assert curator.page("/bo-suu-tap/them?material=zzz").status == 404
    wrong = curator.post(f"{url}/sua", do="add", material="không có")
    assert "Không có học liệu nào mang mã hoặc địa chỉ này." in wrong.body.decode()
    place = curator.post(f"{url}/cho/{item}", do="move", position="0", section="", rev=made.rev)
    assert (place.status, "Hãy ghi một số" in place.body.decode()) == (422, True)


def test_a_long_collection_comes_in_pages_and_its_contents_lead_to_them(
    house: House, editor: Viewer, teacher: Viewer
) -> None:
    ids = materials(house.library, teacher, 70)
    made = collection(house.library, editor, [], [], title="Dài")
    wanted = tuple(
        contents.SectionContents(title, "", tuple(map(Placed, part)))
        for title, part in (("Đầu", ids[:50]), ("Giữa", ids[50:65]), ("Cuối", ids[65:]))
    )
    rev = contents.put_contents(
        house.library, editor, made.card.id, made.rev, Contents(sections=wanted)
    ).rev
    publish_collection(house.library, editor, made.card.id, rev)
    first = text(house.stranger().page(made.card.url))
    second = text(house.stranger().page(f"{made.card.url}?page=2"))
    assert first.count('<article class="card">') == 60
    assert second.count('<article class="card">') == 10
    assert f'href="{made.card.url}?page=2#muc-' in first
    assert "(tiếp theo)" in second
    assert 'start="61"' in second


def test_the_queue_is_narrowed_to_a_subject_and_a_grade(house: House, teacher: Viewer) -> None:
    lesson = house.draft(teacher)
    house.browser(teacher).post(f"{lesson.card.url}/submit", rev=lesson.rev)
    desk = house.visitor(Role.EDITOR)
    for query, there in (
        ("", True),
        ("?subject=toan", True),
        ("?grade=6", True),
        ("?subject=toan&grade=6", True),
        ("?subject=khtn", False),
        ("?grade=7", False),
        ("?subject=khong-co&grade=99", True),
    ):
        assert (lesson.card.title in text(desk.page(f"/duyet{query}"))) is there, query
