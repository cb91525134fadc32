"""What is told about materials that are alike, and the three things that can be done about it."""

import io
import random
import zipfile

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry, Material, MaterialFile
from repo_server.domain.access import Viewer
from repo_server.domain.errors import (
    EditConflict,
    Forbidden,
    InvalidValue,
    NotFound,
    PreconditionRequired,
    WrongState,
)
from repo_server.services import duplicates, materials
from repo_server.services.duplicates import Likeness
from repo_server.services.library import Library
from repo_server.services.viewing import MaterialView, material_by_id
from tests.libraries import docx, draft, person, png, published, upload


def essay(seed: int = 1, length: int = 400) -> list[str]:
    """That many different words."""
    chosen = random.Random(seed)
    return [f"chữ{chosen.randrange(10**6)}" for _ in range(length)]


def text(words: list[str]) -> bytes:
    return " ".join(words).encode()


def found(library: Library, viewer: Viewer, view: MaterialView) -> list[tuple[int, str, int]]:
    return [
        (duplicate.card.id, duplicate.likeness, round(duplicate.share * 100))
        for duplicate in duplicates.duplicates(library, viewer, view.card.id)
    ]


def repacked(content: bytes) -> bytes:
    """The same ZIP members in another order, packed otherwise, saved at another time."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if not name.startswith("docProps/"):
                new.writestr(name, old.read(name), zipfile.ZIP_STORED)
        new.writestr("docProps/core.xml", "<saved>later</saved>")
    return out.getvalue()


def test_the_same_bytes_are_told(library: Library, teacher: Viewer, editor: Viewer) -> None:
    known = published(library, person(library), editor)
    mine = draft(library, teacher)
    assert found(library, teacher, mine) == [(known.card.id, Likeness.BYTES, 100)]


def test_a_package_that_was_packed_again_is_told(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    content = docx("Phân số")
    known = published(library, person(library), editor, content=text(essay(9)))
    upload(library, editor, "Phân số.docx", content, material_id=known.card.id)
    mine = upload(library, teacher, "Bài 1.docx", repacked(content))
    assert mine.material_id is not None, mine.reason
    view = material_by_id(library, teacher, mine.material_id)
    assert found(library, teacher, view) == [(known.card.id, Likeness.CONTENT, 100)]


def test_much_the_same_text_is_told_with_its_share(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    words = essay()
    known = published(library, person(library), editor, content=text(words))
    edited = ["Trường", "em", *words[:200], "thêm", *words[200:380]]
    mine = draft(library, teacher, content=text(edited))
    ((id_, likeness, share),) = found(library, teacher, mine)
    assert (id_, likeness) == (known.card.id, Likeness.TEXT)
    assert 75 <= share < 100


def test_another_lesson_of_the_same_template_is_not_told(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    template = essay(7, 120)
    published(library, person(library), editor, content=text(template + essay(1)))
    mine = draft(library, teacher, content=text(template + essay(2)))
    assert found(library, teacher, mine) == []


def test_the_most_alike_comes_first_and_each_material_once(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    words = essay()
    near = published(library, person(library), editor, content=text([*words[:350], *essay(3, 20)]))
    same = published(library, person(library), editor, content=text(words))
    upload(library, editor, "Bản hai.txt", text(words[:360]), material_id=same.card.id)
    mine = draft(library, teacher, content=text(words))
    assert [id_ for id_, _, _ in found(library, teacher, mine)] == [same.card.id, near.card.id]


def test_somebody_elses_draft_stays_secret(library: Library, teacher: Viewer) -> None:
    hidden = draft(library, person(library))
    mine = draft(library, teacher)
    assert found(library, teacher, mine) == []
    with pytest.raises(NotFound):
        duplicates.duplicates(library, teacher, hidden.card.id)
    own = draft(library, teacher)
    assert [id_ for id_, _, _ in found(library, teacher, mine)] == [own.card.id]


def test_what_was_taken_away_is_not_told(library: Library, teacher: Viewer, editor: Viewer) -> None:
    known = published(library, person(library), editor)
    materials.withdraw(library, editor, known.card.id, known.rev, "Sai đề.")
    assert found(library, teacher, draft(library, teacher)) == []


def test_pictures_are_alike_by_their_bytes_alone(library: Library, teacher: Viewer) -> None:
    one = upload(library, teacher, "a.png", png())
    two = upload(library, teacher, "b.png", png())
    three = upload(library, teacher, "c.png", png(color="red"))
    assert one.material_id and two.material_id and three.material_id
    view = material_by_id(library, teacher, one.material_id)
    assert found(library, teacher, view) == [(two.material_id, Likeness.BYTES, 100)]


def test_a_variant_is_said_once_seen_from_both_sides_and_taken_back(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    known = published(library, person(library), editor)
    mine = draft(library, teacher)
    for _ in range(2):
        duplicates.declare_variant(library, teacher, mine.card.id, mine.rev, known.card.id)
    seen = duplicates.variants(library, teacher, mine.card.id)
    assert [card.id for card in seen.of] == [known.card.id]
    seen = duplicates.variants(library, teacher, known.card.id)
    assert [card.id for card in seen.own] == [mine.card.id]
    # The draft is nobody else's to see.
    assert duplicates.variants(library, editor, known.card.id).own == ()
    with library.database.read() as session:
        said = select(AuditEntry).where(AuditEntry.action == "material.variant")
        assert len(session.scalars(said).all()) == 1
    for _ in range(2):
        duplicates.withdraw_variant(library, teacher, mine.card.id, mine.rev, known.card.id)
    assert duplicates.variants(library, teacher, mine.card.id).of == ()


def test_a_variant_needs_two_materials_and_the_right_to_edit(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    known = published(library, person(library), editor)
    mine = draft(library, teacher)
    hidden = draft(library, person(library))
    declare = duplicates.declare_variant
    with pytest.raises(InvalidValue):
        declare(library, teacher, mine.card.id, mine.rev, mine.card.id)
    with pytest.raises(NotFound):
        declare(library, teacher, mine.card.id, mine.rev, hidden.card.id)
    with pytest.raises(Forbidden):
        declare(library, teacher, known.card.id, known.rev, mine.card.id)
    with pytest.raises(PreconditionRequired):
        declare(library, teacher, mine.card.id, None, known.card.id)
    with pytest.raises(EditConflict):
        declare(library, teacher, mine.card.id, mine.rev + 1, known.card.id)


def test_a_new_version_takes_the_place_of_the_file_that_it_is_like(
    library: Library, teacher: Viewer
) -> None:
    words = essay()
    old = draft(library, teacher, content=text(words))
    upload(library, teacher, "Hình.png", png(), material_id=old.card.id, role="picture")
    new = draft(library, teacher, content=text([*words[:380], "mới"]))
    upload(library, teacher, "Đáp án.txt", text(essay(5)), material_id=new.card.id)
    new = material_by_id(library, teacher, new.card.id)
    kept = old.files[0].id

    target = duplicates.become_version(library, teacher, new.card.id, new.rev, old.card.id)

    assert target.id == old.card.id
    view = material_by_id(library, teacher, old.card.id)
    assert [file.name for file in view.files] == ["Phân số.txt", "Hình.png", "Đáp án.txt"]
    assert view.files[0].id != kept
    assert view.rev > old.rev
    with library.database.read() as session:
        assert session.get_one(MaterialFile, kept).removed_at is not None
        assert session.get_one(Material, new.card.id).deleted_at is not None
    with pytest.raises(NotFound):
        material_by_id(library, teacher, new.card.id)


def test_a_new_version_is_for_ones_own_draft_and_material(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    theirs = published(library, person(library), editor)
    own = published(library, teacher, editor, content=text(essay(2)))
    mine = draft(library, teacher)
    become = duplicates.become_version
    with pytest.raises(Forbidden):
        become(library, teacher, mine.card.id, mine.rev, theirs.card.id)
    # What was reviewed stays what is served.
    with pytest.raises(WrongState):
        become(library, teacher, mine.card.id, mine.rev, own.card.id)
    with pytest.raises(NotFound):
        become(library, teacher, mine.card.id, mine.rev, mine.card.id)
    shown = duplicates.duplicates(library, teacher, mine.card.id)
    assert [duplicate.takes_version for duplicate in shown] == [False]
