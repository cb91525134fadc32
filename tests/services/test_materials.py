"""A material's life: every step from every state, who may take it, and what follows from it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from repo_server.database.models import (
    AuditEntry,
    CurriculumItem,
    IndexState,
    Material,
    MaterialVersion,
    Placement,
)
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.errors import (
    EditConflict,
    Forbidden,
    InvalidValue,
    KhoError,
    NotAuthenticated,
    NotFound,
    NotPublishable,
    PreconditionRequired,
    WrongState,
)
from repo_server.domain.materials import (
    REASON_LIMIT,
    Status,
)
from repo_server.services import materials
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.viewing import (
    MaterialView,
    material_after,
    material_by_code,
    material_by_id,
)
from tests.libraries import COMPLETE, draft, person, published

Step = Callable[[Library, Viewer, int, int | None], object]

REASON = "Thiếu đáp án câu 3."


def _edit(library: Library, viewer: Viewer, id_: int, rev: int | None) -> object:
    return materials.edit_material(library, viewer, id_, rev, Description(title="Tên mới"))


def _return(library: Library, viewer: Viewer, id_: int, rev: int | None) -> object:
    return materials.return_material(library, viewer, id_, rev, REASON)


def _withdraw(library: Library, viewer: Viewer, id_: int, rev: int | None) -> object:
    return materials.withdraw(library, viewer, id_, rev, REASON)


def _delete(library: Library, viewer: Viewer, id_: int, rev: int | None) -> object:
    return materials.delete_material(library, viewer, id_, rev)


STEPS: dict[str, Step] = {
    "edit": _edit,
    "submit": materials.submit,
    "publish": materials.publish,
    "return": _return,
    "withdraw": _withdraw,
    "delete": _delete,
}

# What comes of each step by (who, state): the new state, or why not.
NO, WRONG, HIDDEN = Forbidden, WrongState, NotFound
LIFE: dict[tuple[str, str], dict[str, str | type[KhoError]]] = {
    ("owner", "draft"): {
        "edit": "draft",
        "submit": "submitted",
        "publish": NO,
        "return": NO,
        "withdraw": WRONG,
        "delete": "deleted",
    },
    ("owner", "submitted"): {
        "edit": "submitted",
        "submit": WRONG,
        "publish": NO,
        "return": NO,
        "withdraw": "draft",
        "delete": "deleted",
    },
    ("owner", "published"): {
        "edit": "published",
        "submit": WRONG,
        "publish": NO,
        "return": NO,
        "withdraw": "withdrawn",
        "delete": WRONG,
    },
    ("owner", "withdrawn"): {
        "edit": "withdrawn",
        "submit": "submitted",
        "publish": NO,
        "return": NO,
        "withdraw": WRONG,
        "delete": "deleted",
    },
    ("editor", "draft"): dict.fromkeys(STEPS, HIDDEN),
    ("editor", "submitted"): {
        "edit": "submitted",
        "submit": NO,
        "publish": "published",
        "return": "draft",
        "withdraw": WRONG,
        "delete": NO,
    },
    ("editor", "published"): {
        "edit": "published",
        "submit": NO,
        "publish": WRONG,
        "return": WRONG,
        "withdraw": "withdrawn",
        "delete": NO,
    },
    ("editor", "withdrawn"): {
        "edit": WRONG,
        "submit": NO,
        "publish": "published",
        "return": WRONG,
        "withdraw": WRONG,
        "delete": NO,
    },
    ("stranger", "draft"): dict.fromkeys(STEPS, HIDDEN),
    ("stranger", "submitted"): dict.fromkeys(STEPS, HIDDEN),
    ("stranger", "published"): dict.fromkeys(STEPS, NO),
    ("stranger", "withdrawn"): dict.fromkeys(STEPS, HIDDEN),
    ("nobody", "published"): dict.fromkeys(STEPS, NotAuthenticated),
    ("nobody", "draft"): dict.fromkeys(STEPS, HIDDEN),
}


def in_state(
    library: Library, owner: Viewer, editor: Viewer, state: str, made: MaterialView | None = None
) -> MaterialView:
    """A complete material that came to that state as materials do."""
    made = made or draft(library, owner)
    id_, rev = made.card.id, made.rev
    if state != "draft":
        rev = materials.submit(library, owner, id_, rev).rev
    if state in ("published", "withdrawn"):
        rev = materials.publish(library, editor, id_, rev).rev
    if state == "withdrawn":
        materials.withdraw(library, owner, id_, rev, "Tôi sửa lại.")
    return material_by_id(library, owner, id_)


def row(library: Library, id_: int) -> Material:
    with library.database.read() as session:
        return session.get_one(Material, id_)


def placed(library: Library, id_: int) -> set[str]:
    with library.database.read() as session:
        codes = (
            select(CurriculumItem.code)
            .join(Placement, Placement.item_id == CurriculumItem.id)
            .where(Placement.material_id == id_)
        )
        return set(session.scalars(codes))


def item_id(library: Library, code: str) -> int:
    with library.database.read() as session:
        return session.scalars(select(CurriculumItem.id).where(CurriculumItem.code == code)).one()


@pytest.mark.parametrize("who_and_state", LIFE, ids="-".join)
def test_each_step_leads_where_it_should_or_says_why_not(
    sqlite_library: Library, who_and_state: tuple[str, str]
) -> None:
    library, (who, state) = sqlite_library, who_and_state
    teacher, editor = person(library), person(library, Role.EDITOR)
    viewers = {
        "owner": teacher,
        "editor": editor,
        "stranger": person(library),
        "nobody": ANONYMOUS,
    }
    made = in_state(library, teacher, editor, state)
    for name, expected in LIFE[who_and_state].items():
        step = STEPS[name]
        if not isinstance(expected, str):
            with pytest.raises(expected):
                step(library, viewers[who], made.card.id, made.rev)
            assert row(library, made.card.id).rev == made.rev, name
            continue
        other = in_state(library, teacher, editor, state)
        step(library, viewers[who], other.card.id, other.rev)
        after = row(library, other.card.id)
        found = "deleted" if after.deleted_at else after.status
        assert (name, found) == (name, expected)
        assert after.rev == other.rev + 1


@pytest.mark.parametrize("name", STEPS)
def test_each_step_needs_the_revision_that_it_was_decided_on(
    sqlite_library: Library, name: str
) -> None:
    library = sqlite_library
    admin = person(library, Role.ADMIN)
    made = draft(library, admin)
    step = STEPS[name]

    with pytest.raises(PreconditionRequired):
        step(library, admin, made.card.id, None)
    for stale in (made.rev - 1, made.rev + 1):
        with pytest.raises(EditConflict):
            step(library, admin, made.card.id, stale)
    with pytest.raises(NotFound):
        step(library, admin, made.card.id + 1000, made.rev)
    assert row(library, made.card.id).rev == made.rev


def test_of_sixteen_who_edit_at_once_one_succeeds(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    together = threading.Barrier(16)

    def edit(number: int) -> str:
        together.wait()
        description = Description(title=f"Tên {number}", choice=Choice((number % 5 + 1,)))
        try:
            materials.edit_material(library, teacher, made.card.id, made.rev, description)
        except EditConflict:
            return ""
        return f"Tên {number}"

    with ThreadPoolExecutor(16) as pool:
        titles = list(filter(None, pool.map(edit, range(16))))

    after = row(library, made.card.id)
    assert titles == [after.title]
    assert after.rev == made.rev + 1
    with library.database.read() as session:
        edits = select(func.count()).where(AuditEntry.action == "material.edit")
        # One edit described the draft, one of the sixteen changed it.
        assert session.scalar(edits) == 2


@pytest.mark.parametrize(
    ("lacking", "sentence"),
    [
        (replace(COMPLETE, kind=None), "Chưa chọn loại học liệu."),
        (replace(COMPLETE, license=None), "Chưa chọn giấy phép sử dụng."),
        (replace(COMPLETE, choice=None), "Chưa chọn lớp."),
        (replace(COMPLETE, choice=Choice((6,))), "Chưa chọn môn học."),
    ],
)
def test_what_is_not_described_is_not_submitted_and_the_teacher_learns_what_lacks(
    sqlite_library: Library, lacking: Description, sentence: str
) -> None:
    teacher = person(sqlite_library)
    made = draft(sqlite_library, teacher, lacking)

    assert sentence in made.problems
    with pytest.raises(NotPublishable) as refused:
        materials.submit(sqlite_library, teacher, made.card.id, made.rev)
    assert sentence in refused.value.sentence()


def test_a_material_without_a_file_is_not_submitted(library: Library, teacher: Viewer) -> None:
    made = materials.create_material(library, teacher, COMPLETE)

    with pytest.raises(NotPublishable):
        materials.submit(library, teacher, made.id, made.rev)


def test_an_editor_publishes_only_what_is_complete(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    made = in_state(library, teacher, editor, "submitted")
    emptied = materials.remove_file(library, teacher, made.card.id, made.rev, made.files[0].id)
    with pytest.raises(NotPublishable):
        materials.publish(library, editor, made.card.id, emptied.rev)

    materials.publish(library, admin, made.card.id, emptied.rev, complete=False)
    assert row(library, made.card.id).status == Status.PUBLISHED


def test_a_published_material_does_not_lose_what_its_submission_required(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)

    with pytest.raises(NotPublishable):
        materials.edit_material(
            library, teacher, made.card.id, made.rev, Description(choice=Choice())
        )
    assert material_by_id(library, teacher, made.card.id).card.grades == (6,)


def test_what_was_published_as_it_came_is_described_bit_by_bit(
    library: Library, admin: Viewer
) -> None:
    made = draft(library, admin, Description(title="Bài 1"))
    materials.publish(library, admin, made.card.id, made.rev, complete=False)
    rev = row(library, made.card.id).rev

    rev = materials.edit_material(
        library, admin, made.card.id, rev, Description(title="Bài một", kind="test")
    ).rev
    after = material_by_id(library, admin, made.card.id)
    assert (after.card.title, after.card.kind, after.rev) == ("Bài một", "test", rev)
    assert "Chưa chọn lớp." in after.problems


def test_the_reason_of_a_return_reaches_the_owner_and_goes_with_the_next_submission(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = in_state(library, teacher, editor, "submitted")
    materials.return_material(library, editor, made.card.id, made.rev, f"  {REASON} ")

    back = material_by_id(library, teacher, made.card.id)
    assert (back.card.status, back.return_reason) == ("draft", REASON)
    with pytest.raises(NotFound):
        material_by_id(library, editor, made.card.id)

    materials.submit(library, teacher, made.card.id, back.rev)
    assert material_by_id(library, teacher, made.card.id).return_reason is None


def test_the_reason_of_a_withdrawal_is_for_the_owner_alone(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    materials.withdraw(library, editor, made.card.id, made.rev, REASON)

    assert material_by_id(library, teacher, made.card.id).return_reason == REASON
    assert material_by_id(library, editor, made.card.id).return_reason is None


@pytest.mark.parametrize("reason", ["", " \n ", "x" * (REASON_LIMIT + 1), "a\x00b"])
def test_a_return_needs_a_reason_that_can_be_read(sqlite_library: Library, reason: str) -> None:
    admin = person(sqlite_library, Role.ADMIN)
    made = draft(sqlite_library, admin)
    submitted = materials.submit(sqlite_library, admin, made.card.id, made.rev)

    for act in (materials.return_material, materials.withdraw):
        with pytest.raises(InvalidValue):
            act(sqlite_library, admin, made.card.id, submitted.rev, reason)


def test_a_publication_keeps_a_version_of_what_was_published(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    materials.withdraw(library, teacher, made.card.id, made.rev, REASON)
    again = material_by_id(library, teacher, made.card.id)
    edited = materials.edit_material(
        library, teacher, made.card.id, again.rev, Description(title="Bản hai")
    )
    submitted = materials.submit(library, teacher, made.card.id, edited.rev)
    materials.publish(library, editor, made.card.id, submitted.rev)

    with library.database.read() as session:
        versions = session.scalars(select(MaterialVersion).order_by(MaterialVersion.number)).all()
    assert [version.number for version in versions] == [1, 2]
    assert [version.snapshot["title"] for version in versions] == [COMPLETE.title, "Bản hai"]
    assert versions[0].snapshot["files"][0]["sha256"] == made.files[0].sha256
    assert versions[0].snapshot["items"] == ["lop-6.toan"]
    assert versions[0].created_by == editor.account_id
    assert material_by_id(library, ANONYMOUS, made.card.id).card.code == made.card.code


def test_a_withdrawn_material_is_hidden_at_once(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    assert material_by_code(library, ANONYMOUS, made.card.code).card.id == made.card.id

    materials.withdraw(library, teacher, made.card.id, made.rev, REASON)

    for viewer in (ANONYMOUS, person(library)):
        with pytest.raises(NotFound):
            material_by_code(library, viewer, made.card.code)


def test_a_deleted_material_is_nobodys_and_keeps_its_rows(
    library: Library, teacher: Viewer, admin: Viewer
) -> None:
    made = draft(library, teacher)
    materials.delete_material(library, teacher, made.card.id, made.rev)

    for viewer in (teacher, admin, ANONYMOUS):
        with pytest.raises(NotFound):
            material_by_id(library, viewer, made.card.id)
    with pytest.raises(NotFound):
        materials.delete_material(library, teacher, made.card.id, made.rev + 1)
    assert row(library, made.card.id).deleted_at is not None
    assert len(list(library.storage.list("blobs/"))) == 1


def test_the_places_in_the_tree_follow_the_state_and_the_choice(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = in_state(library, teacher, editor, "submitted")
    id_ = made.card.id
    assert placed(library, id_) == set()

    rev = materials.publish(library, editor, id_, made.rev).rev
    assert placed(library, id_) == {"lop-6", "lop-6.toan"}

    moved = Description(choice=Choice((7,), ("toan",), ("kntt",)))
    rev = materials.edit_material(library, teacher, id_, rev, moved).rev
    assert placed(library, id_) == {"lop-7", "lop-7.toan", "kntt"}

    rev = materials.withdraw(library, teacher, id_, rev, REASON).rev
    assert placed(library, id_) == set()

    rev = materials.submit(library, teacher, id_, rev).rev
    rev = materials.publish(library, editor, id_, rev).rev
    assert placed(library, id_) == {"lop-7", "lop-7.toan", "kntt"}

    admin = person(library, Role.ADMIN)
    materials.delete_material(library, admin, id_, rev)
    assert placed(library, id_) == set()


def test_every_change_wants_its_revision_in_the_index_and_stands_in_the_audit(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)

    with library.database.read() as session:
        state = session.scalars(select(IndexState)).one()
        actions = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object_kind == "material")
            .order_by(AuditEntry.seq)
        ).all()
    assert state.want_rev == made.rev
    assert actions == ["material.create", "material.edit", "material.submit", "material.publish"]


def test_an_edit_that_says_nothing_new_changes_nothing(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    materials.edit_material(library, teacher, made.card.id, made.rev, COMPLETE)

    assert row(library, made.card.id).rev == made.rev


def test_nobody_starts_a_material_without_account_or_title(
    library: Library, teacher: Viewer
) -> None:
    with pytest.raises(NotAuthenticated):
        materials.create_material(library, ANONYMOUS, COMPLETE)
    for title in (None, "", " \u200b "):
        with pytest.raises(InvalidValue):
            materials.create_material(library, teacher, Description(title=title))


def test_an_act_is_answered_with_what_it_left_not_with_what_came_later(
    library: Library, teacher: Viewer
) -> None:
    seen = draft(library, teacher)
    id_, rev = seen.card.id, seen.rev
    mine = materials.edit_material(library, teacher, id_, rev, Description(title="Của tôi"))
    materials.edit_material(library, teacher, id_, mine.rev, Description(title="Của người khác"))

    left = material_after(library, teacher, mine)

    assert (left.card.title, left.rev) == ("Của tôi", mine.rev)
    assert material_by_id(library, teacher, id_).card.title == "Của người khác"
    assert left.card.owner_name == material_by_id(library, teacher, id_).card.owner_name
    with pytest.raises(NotFound):
        material_after(library, ANONYMOUS, mine)
