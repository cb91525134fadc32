"""A collection's life: who may start, see, change, publish and delete it, and what is refused."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry
from repo_server.database.models import Collection as CollectionRow
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.codes import COLLECTION_LENGTH, is_code
from repo_server.domain.collections import DESCRIPTION_LIMIT, TITLE_LIMIT
from repo_server.domain.errors import (
    Conflict,
    EditConflict,
    Forbidden,
    InvalidValue,
    NotAuthenticated,
    NotFound,
    PreconditionRequired,
)
from repo_server.domain.materials import Status
from repo_server.services import collection_views as views
from repo_server.services.collections import (
    CollectionFields,
    create_collection,
    delete_collection,
    edit_collection,
    publish_collection,
    withdraw_collection,
)
from repo_server.services.library import Library
from repo_server.services.organizations import add_organization
from tests.libraries import draft, person, png, upload
from tests.services.curators import collection, materials, turn


def test_a_curator_starts_a_draft_that_others_do_not_see(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    fields = CollectionFields(title="  Ôn tập   Toán 6 ", description=" Cho học kì 1. ")
    made = create_collection(library, editor, fields)
    view = views.collection_by_code(library, editor, made.code)

    assert is_code(made.code, COLLECTION_LENGTH)
    assert (view.card.title, view.card.description) == ("Ôn tập Toán 6", "Cho học kì 1.")
    assert (view.card.status, view.card.count, view.can_edit) == ("draft", 0, True)
    assert view.card.organization_name is not None
    for viewer in (ANONYMOUS, teacher):
        with pytest.raises(NotFound):
            views.collection_by_code(library, viewer, made.code)


def test_only_those_who_curate_start_one(library: Library, teacher: Viewer) -> None:
    fields = CollectionFields(title="Của tôi")
    with pytest.raises(NotAuthenticated):
        create_collection(library, ANONYMOUS, fields)
    with pytest.raises(Forbidden):
        create_collection(library, teacher, fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (CollectionFields(), "title"),
        (CollectionFields(title=" \n "), "title"),
        (CollectionFields(title="a" * (TITLE_LIMIT + 1)), "title"),
        (CollectionFields(title="a", description="b\x00"), "description"),
        (CollectionFields(title="a", description="b" * (DESCRIPTION_LIMIT + 1)), "description"),
        (CollectionFields(title="a", cover=77), "cover"),
    ],
)
def test_what_no_collection_can_be_is_refused_with_its_field(
    sqlite_library: Library, fields: CollectionFields, field: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        create_collection(sqlite_library, person(sqlite_library, Role.EDITOR), fields)
    assert refused.value.details["field"] == field


def test_a_published_collection_is_everybodys_to_read_and_its_curators_to_change(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    made = collection(library, editor, materials(library, teacher, 1))
    add_organization(library, "so-khac", "Sở khác", "department", {})
    elsewhere = person(library, Role.EDITOR, organization="so-khac")
    published = publish_collection(library, editor, made.card.id, made.rev)
    fields = CollectionFields(title="Tên khác")

    for viewer in (ANONYMOUS, teacher, elsewhere):
        view = views.collection_by_id(library, viewer, made.card.id)
        assert (view.card.title, view.can_edit) == ("Ôn tập Toán 6", False)
    with pytest.raises(NotAuthenticated):
        edit_collection(library, ANONYMOUS, made.card.id, published.rev, fields)
    for viewer in (teacher, elsewhere):
        with pytest.raises(Forbidden):
            edit_collection(library, viewer, made.card.id, published.rev, fields)
    colleague = person(library, Role.EDITOR)
    changed = edit_collection(library, colleague, made.card.id, published.rev, fields)
    assert (changed.title, changed.folded_title) == ("Tên khác", "ten khac")


def test_a_draft_of_another_department_does_not_exist(library: Library, editor: Viewer) -> None:
    made = collection(library, editor)
    add_organization(library, "so-khac", "Sở khác", "department", {})
    elsewhere = person(library, Role.ADMIN, organization="so-khac")

    with pytest.raises(NotFound):
        views.collection_by_id(library, elsewhere, made.card.id)
    with pytest.raises(NotFound):
        delete_collection(library, elsewhere, made.card.id, made.rev)
    assert views.collections_to_add_to(library, elsewhere) == ()
    drafts = views.collections(library, elsewhere, "", page=1, size=9, status=Status.DRAFT)
    assert drafts == (0, ())


Act = Callable[[Library, Viewer, int, int | None], object]


def _renamed(library: Library, viewer: Viewer, collection_id: int, rev: int | None) -> object:
    return edit_collection(library, viewer, collection_id, rev, CollectionFields(title="Mới"))


@pytest.mark.parametrize("act", [_renamed, publish_collection, delete_collection])
def test_a_change_names_the_revision_it_was_decided_on(
    library: Library, editor: Viewer, teacher: Viewer, act: Act
) -> None:
    made = collection(library, editor, materials(library, teacher, 1))
    with pytest.raises(PreconditionRequired):
        act(library, editor, made.card.id, None)
    with pytest.raises(EditConflict):
        act(library, editor, made.card.id, made.rev - 1)
    act(library, editor, made.card.id, made.rev)


def test_nothing_empty_is_published_and_no_step_is_taken_twice(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    empty = collection(library, editor)
    with pytest.raises(InvalidValue):
        publish_collection(library, editor, empty.card.id, empty.rev)
    made = collection(library, editor, materials(library, teacher, 1))
    with pytest.raises(Conflict):
        withdraw_collection(library, editor, made.card.id, made.rev)
    published = publish_collection(library, editor, made.card.id, made.rev)
    with pytest.raises(Conflict):
        publish_collection(library, editor, made.card.id, published.rev)
    back = withdraw_collection(library, editor, made.card.id, published.rev)
    assert back.status == Status.DRAFT
    with pytest.raises(NotFound):
        views.collection_by_id(library, ANONYMOUS, made.card.id)


def test_a_deleted_collection_is_nobodys_and_its_trail_stays(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    made = collection(library, editor, materials(library, teacher, 2))
    published = publish_collection(library, editor, made.card.id, made.rev)
    delete_collection(library, editor, made.card.id, published.rev)

    for viewer in (ANONYMOUS, editor, person(library, Role.ADMIN)):
        with pytest.raises(NotFound):
            views.collection_by_code(library, viewer, made.card.code)
    with library.database.read() as session:
        trail = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object_kind == "collection")
            .order_by(AuditEntry.seq)
        ).all()
        assert session.scalar(select(CollectionRow.code)) == made.card.code
    assert trail == [f"collection.{act}" for act in ("create", "add", "add", "publish", "delete")]


def test_saving_what_is_there_already_is_no_change(library: Library, editor: Viewer) -> None:
    made = collection(library, editor)
    same = CollectionFields(title=made.card.title, description=made.card.description)
    assert edit_collection(library, editor, made.card.id, made.rev, same).rev == made.rev


def test_the_first_picture_becomes_the_cover_until_another_is_chosen_or_none(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    files = []
    for color in ("teal", "orange"):
        lesson = draft(library, teacher).card.id
        picture = upload(library, teacher, "Hình.png", png(color=color), material_id=lesson)
        files.append((lesson, picture.file_id))
        turn(library, lesson, Status.PUBLISHED)
    made = collection(library, editor, [id_ for id_, _ in files])
    assert made.card.cover_url == f"/api/files/{files[0][1]}/thumbnail"
    second = CollectionFields(cover=files[1][1])
    changed = edit_collection(library, editor, made.card.id, made.rev, second)
    assert changed.cover_file_id == files[1][1]
    bare = edit_collection(library, editor, made.card.id, changed.rev, CollectionFields(cover=0))
    assert bare.cover_file_id is None
    assert views.thumbnail_of(library, editor, files[0][0]) == files[0][1]


def test_collections_are_found_by_words_of_their_title_without_marks(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    ids = materials(library, teacher, 1)
    titles = ("Ôn tập Toán 6 học kì 1", "Ôn thi Ngữ văn 9", "Thí nghiệm vui")
    for title in titles:
        made = collection(library, editor, ids, title=title)
        publish_collection(library, editor, made.card.id, made.rev)
    collection(library, editor, title="Ôn tập còn nháp")

    def found(text: str) -> tuple[int, list[str]]:
        total, page = views.collections(library, ANONYMOUS, text, page=1, size=2)
        return total, [card.title for card in page]

    assert found("on") == (2, [titles[1], titles[0]])
    assert found("TOÁN ôn") == (1, [titles[0]])
    assert found("100%") == (0, [])
    assert found("") == (3, [titles[2], titles[1]])
    total, drafts = views.collections(library, editor, "", page=1, size=9, status=Status.DRAFT)
    assert (total, [card.title for card in drafts]) == (1, ["Ôn tập còn nháp"])
    choices = views.collections_to_add_to(library, editor)
    assert [(one.title, one.count) for one in choices][:2] == [
        ("Ôn tập còn nháp", 0),
        (titles[2], 1),
    ]
    with pytest.raises(Forbidden):
        views.collections_to_add_to(library, teacher)
