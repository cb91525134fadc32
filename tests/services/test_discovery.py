"""Searching: what a person asks, what the index knows, and what the database allows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from repo_server.database.models import CurriculumItem, Material, Placement
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.errors import InvalidValue
from repo_server.domain.materials import Status
from repo_server.search.base import Sort
from repo_server.services import discovery, indexing, materials
from repo_server.services.asking import Asked
from repo_server.services.discovery import Found, search
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.typing_ahead import suggest
from tests import factories
from tests.libraries import pdf, person, published
from tests.services.indexes import troubled


@pytest.fixture
def shelf(library: Library, teacher: Viewer, editor: Viewer) -> Library:
    """Three published lessons, indexed."""
    lessons = (
        ("Cộng hai phân số", (6,), "toan", "kntt", "lesson_plan", ("Mở đầu", "Quy đồng mẫu số")),
        ("Đường thẳng và đoạn thẳng", (6,), "toan", "cd", "slides", ("Vẽ đường thẳng đi qua",)),
        ("Tế bào", (8,), "khtn", "kntt", "test", ("Cấu tạo của tế bào",)),
    )
    for title, grades, subject, book, kind, pages in lessons:
        description = Description(
            title=title,
            kind=kind,
            license="cc-by-4.0",
            choice=Choice(grades, (subject,), (book,)),
        )
        published(library, teacher, editor, description, pdf(*pages))
    indexing.feed_all(library)
    return library


def ask(library: Library, text: str = "", viewer: Viewer = ANONYMOUS, **more: object) -> Found:
    return search(library, viewer, Asked(text, **more))  # type: ignore[arg-type]


def titles(found: Found) -> list[str]:
    return [card.title for card in found.items]


@contextmanager
def statements(library: Library) -> Iterator[list[str]]:
    """Every statement that the block sends to the database."""
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    # On PostgreSQL readers and writers share an engine's events.
    event.listen(library.database.reader, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(library.database.reader, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "text", ["đường thẳng", "duong thang", "ĐƯỜNG THẲNG", "duong th\u0103\u0309ng"]
)
def test_a_lesson_is_found_with_and_without_marks(shelf: Library, text: str) -> None:
    assert titles(ask(shelf, text))[0] == "Đường thẳng và đoạn thẳng"


def test_the_snippet_comes_from_the_page_that_answers_and_names_it(shelf: Library) -> None:
    card = ask(shelf, "quy dong mau so").items[0]

    assert card.title == "Cộng hai phân số"
    assert card.page_label == "Trang 2"
    assert "".join(fragment.text for fragment in card.snippet) == "Quy đồng mẫu số"
    assert "".join(f.text for f in card.snippet if f.marked).replace(" ", "") == "Quyđồngmẫusố"


def test_where_no_page_answers_the_description_is_shown(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    published(library, teacher, editor, content=pdf("Mở đầu"))
    indexing.feed_all(library)
    card = ask(library, "bài học").items[0]

    assert card.page_label is None
    assert "".join(fragment.text for fragment in card.snippet) == "Bài học cho học sinh lớp 6."


def test_facets_are_counted_and_named_as_people_read_them(shelf: Library) -> None:
    found = ask(shelf, facets=("grade", "subject", "book", "kind", "format", "license"))
    facets = {
        name: [(value.value, value.label, value.count) for value in values]
        for name, values in found.facets.items()
    }

    assert found.total == 3
    assert facets["grade"] == [("6", "Lớp 6", 2), ("8", "Lớp 8", 1)]
    assert facets["subject"][0] == ("toan", "Toán", 2)
    assert ("khtn", "Khoa học tự nhiên", 1) in facets["subject"]
    assert facets["book"][0] == ("kntt", "Kết nối tri thức với cuộc sống", 2)
    assert ("test", "Đề kiểm tra", 1) in facets["kind"]
    assert facets["format"] == [("pdf", "Tài liệu PDF", 3)]
    assert facets["license"][0][1] != "cc-by-4.0"


def test_grades_stand_in_their_natural_order(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    for grade in (10, 9, 2, 2):
        description = Description(
            title=f"Bài {grade}",
            kind="test",
            license="cc-by-4.0",
            choice=Choice((grade,), ("toan",)),
        )
        published(library, teacher, editor, description)
    indexing.feed_all(library)

    values = ask(library, facets=("grade",)).facets["grade"]
    assert [value.value for value in values] == ["2", "9", "10"]


def test_a_facet_of_the_curriculum_is_named_by_its_item(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    with library.database.read() as session:
        topic = session.scalars(
            select(CurriculumItem).where(CurriculumItem.kind == "topic")
        ).first()
    assert topic is not None
    description = Description(
        title="Bài", kind="test", license="cc-by-4.0", choice=Choice(items=(topic.id,))
    )
    published(library, teacher, editor, description)
    indexing.feed_all(library)

    values = ask(library, facets=("topic",)).facets["topic"]
    assert (topic.code, topic.title, 1) in [(v.value, v.label, v.count) for v in values]
    found = ask(library, filters={"topic": (topic.code,)})
    assert found.total == 1


def test_filters_narrow_what_is_found(shelf: Library) -> None:
    assert titles(ask(shelf, filters={"subject": ("khtn",)})) == ["Tế bào"]
    assert ask(shelf, filters={"grade": ("6", "8"), "book": ("kntt",)}).total == 2
    assert ask(shelf, "phân số", filters={"grade": ("8",)}).total == 0


def test_pages_and_orders(shelf: Library) -> None:
    newest = titles(ask(shelf, sort=Sort.NEWEST))
    assert newest == ["Tế bào", "Đường thẳng và đoạn thẳng", "Cộng hai phân số"]
    assert titles(ask(shelf, sort=Sort.NEWEST, page=2, size=2)) == newest[2:]
    with pytest.raises(InvalidValue):
        ask(shelf, page=0)


def test_what_was_withdrawn_is_not_shown_though_the_index_has_not_heard_of_it(
    shelf: Library, editor: Viewer
) -> None:
    card = ask(shelf, "tế bào").items[0]
    with shelf.database.read() as session:
        rev = session.get_one(factories.Material, card.id).rev
    materials.withdraw(shelf, editor, card.id, rev, "Sai đáp án.")

    for viewer in (ANONYMOUS, person(shelf)):
        assert "Tế bào" not in titles(ask(shelf, "tế bào", viewer))
        assert "Tế bào" not in titles(ask(shelf, "", viewer))


def test_drafts_are_found_by_nobody(shelf: Library, teacher: Viewer) -> None:
    with shelf.database.write() as session:
        factories.material(session, factories.account(session), title="Bản nháp phân số")
    indexing.feed_all(shelf)

    for viewer in (ANONYMOUS, teacher, person(shelf, Role.ADMIN)):
        assert "Bản nháp phân số" not in titles(ask(shelf, "phân số", viewer))


def test_while_the_engine_is_down_titles_are_searched(shelf: Library) -> None:
    library, index = troubled(shelf)
    index.down = True
    found = ask(library, "duong thang", facets=("grade",))

    assert (found.degraded, found.total, found.facets) == (True, 1, {})
    assert titles(found) == ["Đường thẳng và đoạn thẳng"]
    assert ask(library, "").total == 3
    assert titles(ask(library, "", page=2, size=2)) == ["Cộng hai phân số"]
    assert ask(library, "100% _").total == 0
    index.down = False
    assert not ask(library, "đường thẳng").degraded


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"grade": ("8",)}, {"Tế bào"}),
        ({"grade": ("6", "8"), "book": ("kntt",)}, {"Tế bào", "Cộng hai phân số"}),
        ({"subject": ("toan",), "kind": ("slides", "test")}, {"Đường thẳng và đoạn thẳng"}),
        ({"format": ("pdf",), "language": ("vi",), "license": ("cc-by-4.0",)}, 3),
        ({"format": ("docx",)}, set()),
        ({"topic": ("nowhere",)}, set()),
    ],
)
def test_a_degraded_search_keeps_to_the_filters(
    shelf: Library, filters: dict[str, tuple[str, ...]], expected: set[str] | int
) -> None:
    library, index = troubled(shelf)
    whole = set(titles(ask(library, filters=filters)))
    index.down = True
    found = ask(library, filters=filters)

    assert set(titles(found)) == whole
    assert expected in (whole, len(whole))
    assert found.degraded


def test_a_degraded_search_keeps_to_what_the_viewer_may_see(
    shelf: Library, teacher: Viewer
) -> None:
    library, index = troubled(shelf)
    index.down = True
    with library.database.write() as session:
        owner = session.get_one(factories.Account, teacher.account_id)
        factories.material(session, owner, title="Đường thẳng nháp")
        factories.material(session, owner, title="Đường thẳng đã gỡ", status=Status.WITHDRAWN)

    for viewer in (ANONYMOUS, teacher):
        assert titles(ask(library, "đường thẳng", viewer)) == ["Đường thẳng và đoạn thẳng"]


def test_suggestions_are_titles_and_places_in_the_curriculum(shelf: Library) -> None:
    found = suggest(shelf, ANONYMOUS, "phan so")

    by_kind = {kind: [one for one in found if one.kind == kind] for kind in ("title", "word")}
    (lesson,) = by_kind["title"]
    assert (lesson.label, lesson.grades, lesson.subjects) == ("Cộng hai phân số", (6,), ("Toán",))
    assert lesson.url == f"/hoc-lieu/{lesson.code}"
    assert [(one.label, one.url) for one in by_kind["word"]] == [
        ("phân số", "/tim?q=ph%C3%A2n+s%E1%BB%91")
    ]
    places = [entry for entry in found if entry.kind not in by_kind]
    assert [place.label for place in places] == ["Phân số"] * 3
    assert {place.url for place in places} == {
        f"/chuong-trinh/gdpt2018/{place.code}" for place in places
    }
    assert found.index(places[0]) < found.index(by_kind["word"][0]) < found.index(lesson)
    assert len(found) <= 8


def test_scattered_syllables_are_no_place_and_a_place_with_lessons_comes_first(
    shelf: Library, teacher: Viewer
) -> None:
    found = suggest(shelf, ANONYMOUS, "so nguyen")
    assert found[0].label == "Số nguyên"
    assert (found[0].kind, found[0].grades, found[0].subjects) == ("topic", (6,), ("Toán",))
    assert all("số nguyên" in one.label.lower() for one in found)

    with shelf.database.write() as session:
        code = "lop-5.toan.so-va-phep-tinh.2.1"
        later = session.scalars(select(CurriculumItem).where(CurriculumItem.code == code)).one()
        material = session.scalars(select(Material)).first()
        session.add(Placement(item_id=later.id, material_id=material.id))
    assert suggest(shelf, ANONYMOUS, "phan so va cac phep")[0].code == code


def test_a_title_that_several_bear_leads_to_a_search_and_what_is_gone_is_not_offered(
    library: Library, teacher: Viewer
) -> None:
    with library.database.write() as session:
        at = factories.branch(session)
        twins = [factories.published(session, title="Vectơ và toạ độ", at=at) for _ in range(2)]
    indexing.feed_all(library)

    def offered() -> list[str]:
        found = suggest(library, ANONYMOUS, "vecto va")
        return [one.url for one in found if one.kind == "title"]

    assert offered() == ["/tim?q=Vect%C6%A1+v%C3%A0+to%E1%BA%A1+%C4%91%E1%BB%99"]
    for twin, left in zip(twins, ([f"/hoc-lieu/{twins[1].code}"], []), strict=True):
        with library.database.write() as session:
            session.get_one(Material, twin.id).status = Status.WITHDRAWN
        assert offered() == left


@pytest.mark.parametrize("text", ["", "  ", "%", "\\", "'"])
def test_nothing_is_suggested_for_nothing(shelf: Library, text: str) -> None:
    assert suggest(shelf, ANONYMOUS, text) == ()


def test_while_the_engine_is_down_places_are_still_suggested(shelf: Library) -> None:
    library, index = troubled(shelf)
    index.down = True
    found = suggest(library, ANONYMOUS, "phân số")

    assert found
    assert all(entry.kind not in ("title", "word") for entry in found)


def test_a_longer_page_asks_the_database_no_more_often(library: Library, teacher: Viewer) -> None:
    with library.database.write() as session:
        at = factories.branch(session)
        for number in range(20):
            factories.published(session, title=f"Phân số {number}", at=at)
    indexing.feed_all(library)
    ask(library, "phân số", size=1)

    counts = {}
    for size in (1, 20):
        with statements(library) as sent:
            found = ask(library, "phân số", size=size, facets=("grade", "subject", "topic"))
        assert len(found.items) == size
        counts[size] = len(sent)
    assert counts[1] == counts[20]
    assert counts[20] <= 8


def test_materials_at_a_place_come_from_the_database_alone(shelf: Library) -> None:
    library, index = troubled(shelf)
    index.down = True
    with library.database.read() as session:
        grade = session.scalars(select(CurriculumItem).where(CurriculumItem.code == "lop-6")).one()
    found = discovery.materials_at(library, ANONYMOUS, grade.id, 1)

    assert (found.total, titles(found)) == (2, ["Đường thẳng và đoạn thẳng"])
