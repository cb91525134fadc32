"""Indexes follow the database: the relay, its failures, rebuilding and registering."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from repo_server.database.models import IndexState, IndexTarget, Material
from repo_server.database.turns import turn
from repo_server.domain.access import Role, Viewer
from repo_server.domain.errors import Busy, EditConflict, SearchUnavailable
from repo_server.domain.materials import Status
from repo_server.domain.questions.base import as_typed
from repo_server.search.base import SearchQuery
from repo_server.search.embedded import EmbeddedIndex
from repo_server.services import indexing, materials
from repo_server.services.library import Library
from repo_server.services.materials import Description
from tests import factories
from tests.libraries import draft, person, published
from tests.services.indexes import drift, troubled, wanted_revisions


def found(library: Library, text: str) -> list[int]:
    return [hit.id for hit in library.indexes[0].search(SearchQuery(as_typed(text))).hits]


def many(library: Library, count: int) -> list[int]:
    """Published materials by way of the database alone; their ids."""
    with library.database.write() as session:
        owner = factories.account(session)
        at = factories.branch(session)
        rows = [
            factories.material(
                session, owner, title=f"Bài {n}", status=Status.PUBLISHED, items=[at.topic]
            )
            for n in range(count)
        ]
        return [row.id for row in rows]


def test_the_index_follows_a_material_through_its_life(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = draft(library, teacher)
    id_ = made.card.id
    indexing.feed_all(library)
    assert found(library, "cộng hai phân số") == []

    rev = materials.submit(library, teacher, id_, made.rev).rev
    rev = materials.publish(library, editor, id_, rev).rev
    indexing.feed_all(library)
    assert found(library, "cong hai phan so") == [id_]

    rev = materials.edit_material(library, teacher, id_, rev, Description(title="Tập hợp")).rev
    indexing.feed_all(library)
    assert found(library, "tập hợp") == [id_]
    assert found(library, "cộng") == []

    rev = materials.withdraw(library, teacher, id_, rev, "Sửa lại").rev
    indexing.feed_all(library)
    assert found(library, "tập hợp") == []

    rev = materials.submit(library, teacher, id_, rev).rev
    rev = materials.publish(library, editor, id_, rev).rev
    indexing.feed_all(library)
    assert found(library, "tập hợp") == [id_]

    materials.delete_material(library, person(library, Role.ADMIN), id_, rev)
    indexing.feed_all(library)
    assert found(library, "tập hợp") == []
    assert drift(library) == {}
    assert indexing.lag(library) == {"embedded": 0}
    assert indexing.feed_all(library) == 0


def test_while_the_engine_is_down_nothing_is_acknowledged_and_nothing_lost(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    library, index = troubled(library)
    made = published(library, teacher, editor)
    index.down = True

    with pytest.raises(SearchUnavailable):
        indexing.feed(library, index)
    assert indexing.lag(library) == {"embedded": 1}
    indexing.feed_if_free(library)

    index.down = False
    assert indexing.feed_all(library) == 1
    assert found(library, "phân số") == [made.card.id]


def test_a_change_while_documents_are_on_their_way_is_fed_again(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    library, index = troubled(library)
    made = published(library, teacher, editor)

    def rename() -> None:
        index.before_put = lambda: None
        materials.edit_material(
            library, teacher, made.card.id, made.rev, Description(title="Tập hợp")
        )

    index.before_put = rename
    assert indexing.feed(library, index) == 1
    assert indexing.lag(library) == {"embedded": 1}
    assert indexing.feed_all(library) == 1
    assert drift(library) == {}


def test_of_two_who_feed_one_index_the_second_is_told_that_it_is_busy(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    library, index = troubled(library)
    published(library, teacher, editor)
    outcome: list[type[Exception]] = []

    def feed_too() -> None:
        try:
            indexing.feed(library, index)
        except Busy as error:
            outcome.append(type(error))

    index.before_put = feed_too
    assert indexing.feed(library, index) == 1
    assert outcome == [Busy]
    assert index.puts == 1


def test_feeders_beside_editors_leave_no_drift(library: Library, teacher: Viewer) -> None:
    ids = many(library, 12)
    admin = person(library, Role.ADMIN)
    stop = threading.Event()

    def feed(_: int) -> None:
        while not stop.is_set():
            try:
                indexing.feed(library, library.indexes[0])
            except Busy:
                stop.wait(0.002)

    def edit(number: int) -> None:
        for turn_number in range(3):
            id_ = ids[(number * 5 + turn_number) % len(ids)]
            rev = wanted_revisions(library)[id_]
            title = Description(title=f"Bài {number}.{turn_number}")
            try:
                materials.edit_material(library, admin, id_, rev, title)
            except EditConflict:
                continue

    with ThreadPoolExecutor(7) as pool:
        feeders = [pool.submit(feed, n) for n in range(3)]
        list(pool.map(edit, range(4)))
        stop.set()
        for feeder in feeders:
            feeder.result()
    indexing.feed_all(library)

    assert drift(library) == {}
    assert library.indexes[0].count() == 12


def test_an_import_waits_for_the_batch_of_a_server(library: Library) -> None:
    many(library, 1)
    with (
        ThreadPoolExecutor(1) as pool,
        turn(library.database, "feed embedded"),
    ):
        waiting = pool.submit(indexing.feed_if_free, library)
        threading.Event().wait(0.2)
        assert not waiting.done()
    waiting.result(timeout=10)

    assert indexing.lag(library) == {"embedded": 0}


def test_an_import_leaves_the_index_to_a_server_that_takes_too_long(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(sqlite_library, 1)
    monkeypatch.setattr(indexing, "PATIENCE", 0.1)
    with turn(sqlite_library.database, "feed embedded"):
        indexing.feed_if_free(sqlite_library)
    assert indexing.lag(sqlite_library) == {"embedded": 1}


def test_more_than_a_batch_is_fed_to_the_end(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 4)
    many(library, 10)

    assert indexing.feed_all(library) == 10
    assert drift(library) == {}


def test_a_rebuilt_index_holds_what_is_published_and_says_so(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 3)
    ids = many(library, 7)
    steps: list[tuple[int, int]] = []

    assert indexing.rebuild(library, library.indexes[0], lambda *at: steps.append(at)) == 7
    assert steps == [(3, 7), (6, 7), (7, 7)]
    assert drift(library) == {}
    assert indexing.lag(library) == {"embedded": 0}
    assert sorted(wanted_revisions(library)) == ids


def test_a_rebuild_drops_what_the_database_does_not_know(library: Library) -> None:
    many(library, 2)
    indexing.feed_all(library)
    with library.database.read() as session:
        row = session.scalars(select(Material)).first()
        assert row is not None
        document = indexing.material_documents(session, [row.id])[row.id]
    library.indexes[0].put_many([replace(document, id=999)])

    indexing.rebuild(library, library.indexes[0])
    assert drift(library) == {}


def test_materials_that_change_while_an_index_is_rebuilt_are_not_forgotten(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 4)
    ids = many(library, 12)
    admin = person(library, Role.ADMIN)
    indexing.feed_all(library)

    def disturb(done: int, _: int) -> None:
        # An edit, a withdrawal, a new material; the relay goes on with the old index.
        for id_, act in ((ids[done - 4], "edit"), (ids[done - 3], "withdraw")):
            rev = wanted_revisions(library)[id_]
            if act == "edit":
                materials.edit_material(library, admin, id_, rev, Description(title="Mới"))
            else:
                materials.withdraw(library, admin, id_, rev, "Sửa lại")
        indexing.feed_all(library)

    indexing.rebuild(library, library.indexes[0], disturb)
    indexing.feed_all(library)

    assert drift(library) == {}
    assert library.indexes[0].count() == 9


def test_a_rebuild_that_fails_leaves_the_old_index_serving(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    indexing.feed_all(library)

    def fail(*_: int) -> None:
        raise SearchUnavailable

    with pytest.raises(SearchUnavailable):
        indexing.rebuild(library, library.indexes[0], fail)
    assert found(library, "phân số") == [made.card.id]
    assert drift(library) == {}
    assert indexing.rebuild(library, library.indexes[0]) == 1


def test_an_index_of_another_shape_is_fed_anew(library: Library) -> None:
    many(library, 3)
    indexing.feed_all(library)
    with library.database.write() as session:
        session.scalars(select(IndexTarget)).one().schema_version = "an older one"

    indexing.register_indexes(library)
    assert indexing.lag(library) == {"embedded": 3}
    indexing.register_indexes(library)
    indexing.feed_all(library)
    assert indexing.lag(library) == {"embedded": 0}


def test_an_index_whose_folder_was_emptied_is_fed_anew(library: Library, tmp_path: Path) -> None:
    many(library, 3)
    indexing.feed_all(library)
    other = EmbeddedIndex(tmp_path / "other", name="embedded")
    emptied = replace(library, indexes=(other,))

    indexing.register_indexes(emptied)
    indexing.feed_all(emptied)
    assert other.count() == 3


def test_a_second_index_learns_what_was_there_before_it(library: Library, tmp_path: Path) -> None:
    many(library, 3)
    indexing.feed_all(library)
    second = EmbeddedIndex(tmp_path / "second", name="second")
    both = replace(library, indexes=(*library.indexes, second))

    indexing.register_indexes(both)
    assert indexing.lag(both) == {"embedded": 0, "second": 3}
    indexing.feed_all(both)
    assert second.count() == 3
    with library.database.read() as session:
        assert len(session.scalars(select(IndexState)).all()) == 6
