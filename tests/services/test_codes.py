"""Short addresses lead where they say, for ever, and forgive how people type."""

import pytest

from repo_server.database.models import Collection
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.codes import COLLECTION_LENGTH, new_code
from repo_server.domain.errors import NotFound, TakenDown
from repo_server.services import cataloguing, codes, materials
from repo_server.services.cataloguing import CatalogueRecord
from repo_server.services.library import Library
from repo_server.services.materials import Description
from tests.libraries import draft, person, published, upload
from tests.services import curators


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("K7P4M0X", "k7p4m0x"),
        (" k7p-4m0x ", "k7p4m0x"),
        ("k7p4mox", "k7p4m0x"),
        ("kip4m0L", "k1p4m01"),
        ("x" * 5_000, "x" * 40),
    ],
)
def test_what_people_misread_is_forgiven(typed: str, meant: str) -> None:
    assert codes.code_typed(typed) == meant


def test_a_code_leads_to_its_material(library: Library, teacher: Viewer, editor: Viewer) -> None:
    made = published(library, teacher, editor)
    assert codes.page_of(library, ANONYMOUS, made.card.code.upper()) == made.card.url
    assert codes.code_of(library, ANONYMOUS, made.card.id) == made.card.code


@pytest.mark.parametrize("typed", ["", "0000000", "000000", "a b", "x" * 200, "'; --", "%00"])
def test_what_names_nothing_is_not_found(library: Library, typed: str) -> None:
    with pytest.raises(NotFound):
        codes.page_of(library, ANONYMOUS, typed)


def test_a_draft_is_found_by_its_owner_alone(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    assert codes.page_of(library, teacher, made.card.code) == made.card.url
    for viewer in (ANONYMOUS, person(library)):
        with pytest.raises(NotFound):
            codes.page_of(library, viewer, made.card.code)
        with pytest.raises(NotFound):
            codes.code_of(library, viewer, made.card.id)


def test_what_was_public_once_is_said_to_be_taken_down(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    gone = materials.withdraw(library, teacher, made.card.id, made.rev, "Cần sửa")
    with pytest.raises(TakenDown):
        codes.page_of(library, ANONYMOUS, made.card.code)
    assert codes.page_of(library, teacher, made.card.code) == made.card.url

    materials.delete_material(library, teacher, made.card.id, gone.rev)
    for viewer in (ANONYMOUS, teacher):
        with pytest.raises(TakenDown):
            codes.page_of(library, viewer, made.card.code)


def test_a_draft_that_was_deleted_was_never_there(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    materials.delete_material(library, teacher, made.card.id, made.rev)
    with pytest.raises(NotFound):
        codes.page_of(library, ANONYMOUS, made.card.code)


def collection(library: Library, owner: Viewer, status: str, *, deleted: bool = False) -> str:
    """A collection in that state; its code."""
    code = new_code(COLLECTION_LENGTH)
    with library.database.write() as session:
        row = Collection(
            code=code,
            status=status,
            title="Ôn tập",
            folded_title="on tap",
            owner_id=owner.account_id,
        )
        session.add(row)
        session.flush()
        row.published_at = row.created_at if status == "published" else None
        row.deleted_at = row.created_at if deleted else None
    return code


def test_a_code_of_six_letters_leads_to_a_collection(library: Library, editor: Viewer) -> None:
    code = collection(library, editor, "published")
    assert codes.page_of(library, ANONYMOUS, code) == f"/bo-suu-tap/{code}"

    code = collection(library, editor, "draft")
    assert codes.page_of(library, editor, code) == f"/bo-suu-tap/{code}"
    with pytest.raises(NotFound):
        codes.page_of(library, ANONYMOUS, code)

    with pytest.raises(TakenDown):
        codes.page_of(library, ANONYMOUS, collection(library, editor, "published", deleted=True))
    with pytest.raises(NotFound):
        codes.page_of(library, ANONYMOUS, collection(library, editor, "draft", deleted=True))


def test_cards_come_in_the_order_asked_for_without_what_may_not_be_seen(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    first, second = (published(library, teacher, editor).card.code for _ in range(2))
    hidden = draft(library, teacher).card.code
    asked = [second, "khong", hidden, first, second, "0000000"]

    assert [card.code for card in codes.cards_of(library, ANONYMOUS, asked)] == [second, first]
    seen = [card.code for card in codes.cards_of(library, teacher, asked)]
    assert seen == [second, hidden, first]
    assert codes.cards_of(library, ANONYMOUS, []) == ()


def test_a_code_that_names_something_is_drawn_again_whatever_makes_the_material(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, admin = sqlite_library, person(sqlite_library, Role.ADMIN)
    names = ("bcdfgh1", "bcdfgh2", "bcdfgh3", "bcdfgh4")
    # Each is drawn once more than it is free.
    repeated = (name for at, new in enumerate(names) for name in (*names[max(at - 1, 0) : at], new))
    drawn = iter(repeated)
    monkeypatch.setattr("repo_server.services.codes.new_code", lambda _: next(drawn))

    started = materials.create_material(library, admin, Description(title="Bài một")).code
    sent = upload(library, admin).material_code
    cataloguing.add_records(
        library, admin, [CatalogueRecord("a", "Ba"), CatalogueRecord("b", "Bốn")]
    )
    found = {card.code for card in codes.cards_of(library, admin, names)}
    assert (started, sent) == names[:2]
    assert found == set(names)


def test_a_collections_code_that_names_something_is_drawn_again(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(("bcdfgh", "bcdfgh", "bcdfgj"))
    monkeypatch.setattr("repo_server.services.codes.new_code", lambda _: next(drawn))
    curator = person(sqlite_library, Role.EDITOR)
    made = [curators.collection(sqlite_library, curator).card.code for _ in range(2)]
    assert made == ["bcdfgh", "bcdfgj"]
