"""The lists of those who work here, the pickers of the form, and how the engines are."""

import pytest

from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.errors import Forbidden, NotAuthenticated, NotFound, StorageUnavailable
from repo_server.domain.materials import Status
from repo_server.domain.vietnamese import fold
from repo_server.services import desk, health, indexing, materials, picking, pictures
from repo_server.services.library import Library
from repo_server.services.viewing import material_by_id, stored_file
from repo_server.storage.local import LocalStorage
from tests.libraries import draft, pdf, person, png, published, upload
from tests.services.curators import materials as waiting
from tests.services.indexes import troubled
from tests.services.test_discovery import statements


def test_ones_own_shelf_holds_every_state_and_nothing_of_others(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    first, second = draft(library, teacher), published(library, teacher, editor)
    draft(library, person(library))
    shelf = desk.own(library, teacher, None, page=1, size=10)

    assert [card.id for card in shelf.items] == [second.card.id, first.card.id]
    assert shelf.counts == {"draft": 1, "published": 1}
    assert [c.id for c in desk.own(library, teacher, "draft", page=1, size=10).items] == [
        first.card.id
    ]
    assert [c.id for c in desk.own(library, teacher, None, page=2, size=1).items] == [first.card.id]
    with pytest.raises(NotAuthenticated):
        desk.own(library, ANONYMOUS, None, page=1, size=10)


def test_the_queue_holds_what_waits_the_longest_waiting_first(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = [draft(library, teacher) for _ in range(3)]
    for one in (made[1], made[0]):
        materials.submit(library, teacher, one.card.id, one.rev)
    queue = desk.queue(library, editor, page=1, size=10)

    assert ([card.id for card in queue.items], queue.total) == (
        [made[1].card.id, made[0].card.id],
        2,
    )
    with pytest.raises(Forbidden):
        desk.queue(library, teacher, page=1, size=10)


def test_items_are_found_below_the_chosen_grade_and_subject(
    library: Library, teacher: Viewer
) -> None:
    found = picking.find(library, teacher, "phan so", (6,), ("toan",))

    assert found
    assert len(found) <= picking.LIMIT
    for entry in found:
        assert entry.trail[0] == "Lớp 6"
        assert {"phan", "so"} <= set(fold(entry.title).split())
    ids = [found[0].id, 4_000_000]
    assert [entry.id for entry in picking.items(library, teacher, ids)] == [found[0].id]
    assert picking.names(library).subjects["toan"].label == "Toán"


def test_the_bytes_of_a_draft_are_its_owners(library: Library, teacher: Viewer) -> None:
    made = draft(library, teacher)
    file_id = made.files[0].id

    assert stored_file(library, teacher, file_id).published is False
    for viewer in (ANONYMOUS, person(library), person(library, Role.EDITOR)):
        with pytest.raises(NotFound):
            stored_file(library, viewer, file_id)
        with pytest.raises(NotFound):
            material_by_id(library, viewer, made.card.id)
        with pytest.raises(NotFound):
            pictures.thumbnail(library, viewer, file_id)


def test_a_page_is_drawn_once_and_only_where_there_is_one(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(library, teacher, "Bài.pdf", pdf("Một", "Hai"))
    picture = upload(library, teacher, "Hình.png", png())
    assert document.file_id is not None
    assert picture.file_id is not None
    first = pictures.page_image(library, teacher, document.file_id, 2)
    assert library.storage.stat(first.key) is not None
    assert (first.media_type, first.public) == ("image/webp", False)

    def draw(*_: object) -> None:
        raise AssertionError("it was drawn again")

    monkeypatch.setattr(type(library.inspector), "render_page", draw)
    assert pictures.page_image(library, teacher, document.file_id, 2) == first
    for file_id, page in ((document.file_id, 0), (document.file_id, 3), (picture.file_id, 1)):
        with pytest.raises(NotFound):
            pictures.page_image(library, teacher, file_id, page)
    assert pictures.thumbnail(library, teacher, picture.file_id).size > 0


def test_a_page_shows_the_text_of_a_file_that_cannot_be_shown_itself(
    library: Library, teacher: Viewer
) -> None:
    made = draft(library, teacher)

    assert made.files[0].preview == "text"
    assert made.files[0].preview_text is not None
    assert "phân số" in made.files[0].preview_text


def test_health_names_the_engine_that_is_down(
    library: Library, teacher: Viewer, editor: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, index = troubled(library)
    published(library, teacher, editor)
    state = health.state(library)
    assert (state.database, state.storage, state.search) == ("ok", "ok", {"embedded": "ok"})
    assert state.index_lag == {"embedded": 1}
    indexing.feed_all(library)
    assert health.state(library).index_lag == {"embedded": 0}

    def down(_: LocalStorage) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(LocalStorage, "check", down)
    index.down = True
    state = health.state(library)
    assert (state.database, state.storage) == ("ok", "storage_unavailable")
    assert state.search == {"embedded": "search_unavailable"}


def test_the_queue_takes_as_many_statements_for_many_as_for_few(
    library: Library, editor: Viewer, teacher: Viewer
) -> None:
    sent = []
    for count in (1, 30):
        waiting(library, teacher, count, Status.SUBMITTED)
        desk.queue(library, editor, page=1, size=40)
        with statements(library) as said:
            queue = desk.queue(library, editor, subject=None, grade=6, page=1, size=40)
            whole = desk.queue(library, editor, page=1, size=40)
        assert queue.total == 0
        sent.append((whole.total, len([one for one in said if one.startswith("SELECT")])))
    assert [total for total, _ in sent] == [1, 31]
    assert sent[1][1] <= sent[0][1]
