"""What stands in a collection: added, moved, taken out, and gone while its place stays."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from repo_server.database.models import Collection as CollectionRow
from repo_server.database.models import CollectionItem
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.collections import ITEMS_LIMIT, NOTE_LIMIT, SECTIONS_LIMIT
from repo_server.domain.errors import EditConflict, InvalidValue, NotFound, PreconditionRequired
from repo_server.domain.materials import Status
from repo_server.services import collection_contents as contents
from repo_server.services import collection_views as views
from repo_server.services import materials as material_acts
from repo_server.services.collection_contents import Contents, Placed, SectionContents
from repo_server.services.collection_views import CollectionView
from repo_server.services.collections import publish_collection
from repo_server.services.library import Library
from repo_server.services.viewing import material_by_id
from tests.libraries import person
from tests.services.curators import collection, item_of, materials, shown, turn
from tests.services.test_discovery import statements


@pytest.fixture
def lessons(library: Library, teacher: Viewer) -> list[int]:
    return materials(library, teacher, 5)


@pytest.fixture
def made(library: Library, editor: Viewer, lessons: list[int]) -> CollectionView:
    """Bài 1 before the first heading, Bài 2 and 3 in Phần 1, Bài 4 in Phần 2; Bài 5 is outside."""
    return collection(library, editor, lessons[:1], lessons[1:3], lessons[3:4])


def _again(library: Library, viewer: Viewer, made: CollectionView) -> CollectionView:
    return views.collection_by_id(library, viewer, made.card.id)


def _sections(made: CollectionView) -> tuple[int, int]:
    first, second = (section.id for section in made.sections[1:])
    assert first is not None
    assert second is not None
    return first, second


def test_what_is_added_follows_what_is_there(made: CollectionView) -> None:
    assert shown(made) == [
        ("", ["Bài 1"]),
        ("Phần 1", ["Bài 2", "Bài 3"]),
        ("Phần 2", ["Bài 4"]),
    ]
    assert [(one.place, one.position) for one in made.places] == [(1, 1), (2, 1), (3, 2), (4, 1)]


def test_a_material_goes_to_the_place_named(
    library: Library, editor: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    first, _ = _sections(made)
    placed = Placed(lessons[4], " Dùng để mở bài. ")
    with pytest.raises(PreconditionRequired):
        contents.add_item(library, editor, made.card.id, None, placed, section_id=first, position=2)
    item = contents.add_item(
        library, editor, made.card.id, made.rev, placed, section_id=first, position=2
    )
    view = _again(library, editor, made)
    assert shown(view)[1] == ("Phần 1", ["Bài 2", "Bài 5", "Bài 3"])
    assert [(p.id, p.note) for p in view.places if p.note] == [(item, "Dùng để mở bài.")]


def test_what_cannot_be_added_is_refused(
    library: Library, editor: Viewer, teacher: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    (hidden,) = materials(library, teacher, 1, Status.SUBMITTED)
    for material_id in (lessons[0], hidden, 2**62):
        with pytest.raises(InvalidValue):
            contents.add_item(library, editor, made.card.id, None, Placed(material_id))
    with pytest.raises(InvalidValue):
        long = Placed(lessons[4], "a" * (NOTE_LIMIT + 1))
        contents.add_item(library, editor, made.card.id, None, long)
    with pytest.raises(NotFound):
        contents.add_item(library, editor, made.card.id, None, Placed(lessons[4]), section_id=2**62)
    with pytest.raises(NotFound):
        contents.add_item(library, teacher, made.card.id, None, Placed(lessons[4]))
    assert _again(library, editor, made).rev == made.rev


def test_items_move_by_steps_and_to_places_and_nothing_is_lost(
    library: Library, editor: Viewer, made: CollectionView
) -> None:
    first, second = _sections(made)
    rev = contents.step_item(
        library, editor, made.card.id, made.rev, item_of(made, "Bài 4"), -1
    ).rev
    assert shown(_again(library, editor, made))[1:] == [
        ("Phần 1", ["Bài 2", "Bài 3", "Bài 4"]),
        ("Phần 2", []),
    ]
    rev = contents.move_item(
        library,
        editor,
        made.card.id,
        rev,
        item_of(made, "Bài 1"),
        section_id=first,
        position=3,
    ).rev
    rev = contents.step_section(library, editor, made.card.id, rev, second, -1).rev
    view = _again(library, editor, made)
    assert shown(view) == [
        ("", []),
        ("Phần 2", []),
        ("Phần 1", ["Bài 2", "Bài 3", "Bài 1", "Bài 4"]),
    ]
    assert [place.place for place in view.places] == [1, 2, 3, 4]
    assert view.rev == rev == made.rev + 3


def test_a_step_that_leads_nowhere_is_no_change(
    library: Library, editor: Viewer, made: CollectionView
) -> None:
    top = item_of(made, "Bài 1")
    assert contents.step_item(library, editor, made.card.id, made.rev, top, -1).rev == made.rev


def test_what_is_not_in_this_collection_is_not_found(
    library: Library, editor: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    other = collection(library, editor, [lessons[4]], [], title="Khác")
    item, section = other.places[0].id, other.sections[1].id
    assert section is not None
    id_, rev = made.card.id, made.rev
    with pytest.raises(NotFound):
        contents.step_item(library, editor, id_, rev, item, 1)
    with pytest.raises(NotFound):
        contents.move_item(
            library, editor, id_, rev, made.places[0].id, section_id=section, position=1
        )
    with pytest.raises(NotFound):
        contents.remove_item(library, editor, id_, rev, item)
    with pytest.raises(NotFound):
        contents.edit_item(library, editor, id_, rev, item, "a")
    with pytest.raises(NotFound):
        contents.edit_section(library, editor, id_, rev, section, "a", "")
    with pytest.raises(NotFound):
        contents.step_section(library, editor, id_, rev, section, 1)
    with pytest.raises(NotFound):
        contents.remove_section(library, editor, id_, rev, section)


def test_items_and_headings_are_described_and_taken_out(
    library: Library, editor: Viewer, made: CollectionView
) -> None:
    first, _ = _sections(made)
    id_, rev = made.card.id, made.rev
    rev = contents.edit_item(library, editor, id_, rev, item_of(made, "Bài 2"), " Hay. ").rev
    rev = contents.edit_section(library, editor, id_, rev, first, "Mở đầu", "Hai tiết.").rev
    view = _again(library, editor, made)
    assert (view.sections[1].title, view.sections[1].note) == ("Mở đầu", "Hai tiết.")
    assert view.sections[1].items[0].note == "Hay."
    rev = contents.remove_item(library, editor, id_, rev, item_of(made, "Bài 2")).rev
    contents.remove_section(library, editor, id_, rev, first)
    assert shown(_again(library, editor, made)) == [("", ["Bài 1", "Bài 3"]), ("Phần 2", ["Bài 4"])]


def test_the_whole_contents_are_put_and_putting_them_again_changes_nothing(
    library: Library, editor: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    _, second = _sections(made)
    kept = item_of(made, "Bài 2")
    wanted = Contents(
        items=(Placed(lessons[4], "Trước hết"),),
        sections=(
            SectionContents("Phần cuối", "", (Placed(lessons[1]), Placed(lessons[0])), second),
            SectionContents("Thêm", "Chưa có gì"),
        ),
    )
    put = contents.put_contents(library, editor, made.card.id, made.rev, wanted)
    view = _again(library, editor, made)
    assert shown(view) == [("", ["Bài 5"]), ("Phần cuối", ["Bài 2", "Bài 1"]), ("Thêm", [])]
    assert (view.sections[1].id, item_of(view, "Bài 2")) == (second, kept)
    again = contents.put_contents(library, editor, made.card.id, put.rev, wanted)
    assert again.rev == put.rev == view.rev
    assert _again(library, editor, made) == view
    emptied = contents.put_contents(library, editor, made.card.id, put.rev, Contents())
    assert emptied.rev == put.rev + 1
    assert shown(_again(library, editor, made)) == [("", [])]


def test_contents_that_cannot_be_are_refused_whole(
    library: Library, editor: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    _, second = _sections(made)
    twice = SectionContents("Hai lần", id=second)
    bad = [
        Contents(items=(Placed(lessons[0]), Placed(lessons[0]))),
        Contents(items=tuple(Placed(number) for number in range(1, ITEMS_LIMIT + 2))),
        Contents(sections=tuple(SectionContents(f"{n}") for n in range(SECTIONS_LIMIT + 1))),
        Contents(sections=(twice, twice)),
        Contents(sections=(SectionContents(" "),)),
        Contents(items=(Placed(2**62),)),
    ]
    for wanted in bad:
        with pytest.raises(InvalidValue):
            contents.put_contents(library, editor, made.card.id, made.rev, wanted)
    with pytest.raises(NotFound):
        unknown = Contents(sections=(SectionContents("Lạ", id=2**62),))
        contents.put_contents(library, editor, made.card.id, made.rev, unknown)
    assert _again(library, editor, made) == made


def test_a_place_says_that_its_material_is_gone_and_has_it_back(
    library: Library, editor: Viewer, teacher: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    item = item_of(made, "Bài 2")
    noted = contents.edit_item(library, editor, made.card.id, made.rev, item, "Xem trước.")
    publish_collection(library, editor, made.card.id, noted.rev)
    seen = material_by_id(library, teacher, lessons[1])
    material_acts.withdraw(library, teacher, lessons[1], seen.rev, "Còn lỗi.")

    for viewer, title, note in (
        (ANONYMOUS, None, ""),
        (person(library), None, ""),
        (teacher, "Bài 2", ""),
        (editor, "Bài 2", "Xem trước."),
    ):
        view = _again(library, viewer, made)
        gone = view.sections[1].items[0]
        assert (gone.available, gone.title, gone.note, gone.place) == (False, title, note, 2)
        assert [place.available for place in view.places] == [True, False, True, True]
        assert (view.card.count, sum(share.count for share in view.licenses)) == (3, 3)
    turn(library, lessons[1], Status.PUBLISHED)
    back = _again(library, ANONYMOUS, made).sections[1].items[0]
    assert (back.available, back.title, back.note) == (True, "Bài 2", "Xem trước.")


def test_a_deleted_material_keeps_its_place_and_may_be_moved_and_put_again(
    library: Library, editor: Viewer, made: CollectionView, lessons: list[int]
) -> None:
    admin = person(library, Role.ADMIN)
    rev = material_by_id(library, admin, lessons[1]).rev
    material_acts.delete_material(library, admin, lessons[1], rev)
    view = _again(library, editor, made)
    assert shown(view)[1] == ("Phần 1", [None, "Bài 3"])
    gone = view.sections[1].items[0]
    moved = contents.move_item(
        library, editor, made.card.id, view.rev, gone.id, section_id=None, position=1
    )
    same = Contents(items=tuple(Placed(place.material_id) for place in view.places))
    contents.put_contents(library, editor, made.card.id, moved.rev, same)
    assert shown(_again(library, editor, made)) == [("", ["Bài 1", None, "Bài 3", "Bài 4"])]


def test_of_two_who_reorder_at_once_one_is_told(
    library: Library, editor: Viewer, made: CollectionView
) -> None:
    barrier, ends = Barrier(2), []

    def reorder(title: str) -> None:
        barrier.wait()
        try:
            contents.step_item(library, editor, made.card.id, made.rev, item_of(made, title), 1)
        except EditConflict:
            ends.append("conflict")
        else:
            ends.append("done")

    threads = [Thread(target=reorder, args=(title,)) for title in ("Bài 1", "Bài 2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["conflict", "done"]
    view = _again(library, editor, made)
    assert [place.place for place in view.places] == [1, 2, 3, 4]
    assert view.rev == made.rev + 1


def test_of_many_who_add_at_once_nobody_is_lost(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    ids = materials(library, teacher, 8)
    made = collection(library, editor)

    def add(material_id: int) -> None:
        contents.add_item(library, editor, made.card.id, None, Placed(material_id))

    threads = [Thread(target=add, args=(material_id,)) for material_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with library.database.read() as session:
        rows = session.scalars(select(CollectionItem).order_by(CollectionItem.position)).all()
        rev = session.scalar(select(CollectionRow.rev))
    assert sorted(row.material_id for row in rows) == ids
    assert [row.position for row in rows] == list(range(1, 9))
    assert rev == made.rev + 8


def test_a_page_takes_as_many_statements_for_many_items_as_for_few(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    with library.database.read() as session:
        library.vocabulary.names(session)  # kept from now on
    sent = []
    for count in (2, 60):
        made = collection(library, editor)
        wanted = Contents(items=tuple(map(Placed, materials(library, teacher, count))))
        put = contents.put_contents(library, editor, made.card.id, made.rev, wanted)
        publish_collection(library, editor, made.card.id, put.rev)
        with statements(library) as said:
            view, cards = views.with_cards(library, ANONYMOUS, made.card.code, page=1, size=50)
        assert (view.card.count, len(cards)) == (count, min(count, 50))
        sent.append(len([one for one in said if one.startswith("SELECT")]))
        with statements(library) as said:
            views.collections(library, ANONYMOUS, "", page=1, size=20)
        assert len([one for one in said if one.startswith("SELECT")]) == 2
    assert sent[1] <= sent[0] <= 7
