"""A file arrives: declared, sent in pieces, given up, repeated."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from repo_server.database.models import Job, Upload, utc_now
from repo_server.domain.access import ANONYMOUS, Role, Viewer
from repo_server.domain.errors import (
    Busy,
    Conflict,
    FileRejected,
    IdempotencyMismatch,
    InvalidValue,
    KhoError,
    NotAuthenticated,
    NotFound,
    TooLarge,
    UploadOver,
    WrongOffset,
    WrongState,
)
from repo_server.domain.materials import FILES_LIMIT
from repo_server.services import uploads
from repo_server.services.library import Library
from repo_server.services.uploads import Declaration
from tests import factories
from tests.libraries import MAX_FILE_SIZE, draft, person, published, send, upload

TEN = b"0123456789"
DECLARED = Declaration("Bài 1.txt", 10)


def declared(library: Library, viewer: Viewer, declaration: Declaration = DECLARED) -> str:
    return uploads.declare(library, viewer, declaration, None)[0].id


def test_an_upload_that_is_declared_waits_for_its_first_byte(
    library: Library, teacher: Viewer
) -> None:
    view, new = uploads.declare(library, teacher, DECLARED, "chia-khoa-1")

    assert new
    assert (view.state, view.offset, view.size, view.name) == ("receiving", 0, 10, "Bài 1.txt")
    assert uploads.status(library, teacher, view.id) == view
    assert uploads.find(library, teacher, "chia-khoa-1") == view


def test_the_same_key_and_declaration_give_the_same_upload(
    library: Library, teacher: Viewer
) -> None:
    first, _ = uploads.declare(library, teacher, DECLARED, "chia-khoa-1")
    again, new = uploads.declare(library, teacher, DECLARED, "chia-khoa-1")

    assert (again.id, new) == (first.id, False)


@pytest.mark.parametrize(
    "other",
    [
        replace(DECLARED, name="Bài 2.txt"),
        replace(DECLARED, size=11),
        replace(DECLARED, sha256="0" * 64),
        replace(DECLARED, role="test"),
    ],
)
def test_a_key_that_comes_back_with_another_declaration_is_refused(
    sqlite_library: Library, other: Declaration
) -> None:
    teacher = person(sqlite_library)
    uploads.declare(sqlite_library, teacher, DECLARED, "chia-khoa-1")

    with pytest.raises(IdempotencyMismatch):
        uploads.declare(sqlite_library, teacher, other, "chia-khoa-1")


def test_two_people_may_use_the_same_key(library: Library, teacher: Viewer) -> None:
    mine, _ = uploads.declare(library, teacher, DECLARED, "chia-khoa-1")
    theirs, new = uploads.declare(library, person(library), DECLARED, "chia-khoa-1")

    assert new
    assert mine.id != theirs.id


def test_sixteen_threads_with_one_key_make_one_upload(library: Library, teacher: Viewer) -> None:
    together = threading.Barrier(16)

    def declare(_: int) -> tuple[str, bool]:
        together.wait()
        view, new = uploads.declare(library, teacher, DECLARED, "chia-khoa-1")
        return view.id, new

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(declare, range(16)))

    assert len({id_ for id_, _ in answers}) == 1
    assert sum(new for _, new in answers) == 1
    with library.database.read() as session:
        assert session.scalar(select(func.count(Upload.id))) == 1


@pytest.mark.parametrize(
    ("declaration", "error"),
    [
        (replace(DECLARED, size=0), FileRejected),
        (replace(DECLARED, size=-1), InvalidValue),
        (replace(DECLARED, size=MAX_FILE_SIZE + 1), TooLarge),
        (replace(DECLARED, role="poem"), InvalidValue),
        (replace(DECLARED, sha256="xyz"), InvalidValue),
        (replace(DECLARED, material_id=4_000_000), NotFound),
    ],
)
def test_a_senseless_declaration_is_refused_with_a_sentence(
    sqlite_library: Library, declaration: Declaration, error: type[KhoError]
) -> None:
    with pytest.raises(error) as refused:
        uploads.declare(sqlite_library, person(sqlite_library), declaration, None)

    assert len(refused.value.sentence()) > 10


def test_a_file_of_the_largest_size_is_taken(library: Library, teacher: Viewer) -> None:
    view, _ = uploads.declare(library, teacher, replace(DECLARED, size=MAX_FILE_SIZE), None)

    assert view.size == MAX_FILE_SIZE


def test_the_hash_may_be_written_in_capitals(library: Library, teacher: Viewer) -> None:
    digest = hashlib.sha256(TEN).hexdigest().upper()

    assert upload(library, teacher, content=TEN, sha256=digest).state == "ready"


def test_nobody_uploads_without_an_account(sqlite_library: Library) -> None:
    with pytest.raises(NotAuthenticated):
        uploads.declare(sqlite_library, ANONYMOUS, DECLARED, None)


def test_the_upload_of_somebody_else_does_not_exist(library: Library, teacher: Viewer) -> None:
    id_ = declared(library, teacher)
    acts: list[Callable[[Viewer], object]] = [
        lambda viewer: uploads.status(library, viewer, id_),
        lambda viewer: uploads.receive(library, viewer, id_, 0),
        lambda viewer: uploads.cancel(library, viewer, id_),
    ]
    for viewer in (person(library), person(library, Role.ADMIN), ANONYMOUS):
        for act in acts:
            with pytest.raises(NotFound):
                act(viewer)
    with pytest.raises(NotFound):
        uploads.status(library, teacher, "f" * 32)


def test_the_last_byte_completes_the_upload_and_calls_for_its_check(
    library: Library, teacher: Viewer
) -> None:
    view = send(library, teacher, "Bài 1.txt", TEN)

    assert (view.state, view.offset) == ("received", 10)
    with library.database.read() as session:
        row = session.get_one(Upload, view.id)
        jobs = session.execute(select(Job.kind, Job.key, Job.state)).all()
    assert row.sha256 == hashlib.sha256(TEN).hexdigest()
    assert [tuple(job) for job in jobs] == [("accept_upload", view.id, "open")]


def test_a_client_that_goes_away_goes_on_where_the_durable_bytes_end(
    library: Library, teacher: Viewer
) -> None:
    id_ = declared(library, teacher)
    with (
        pytest.raises(ConnectionResetError),
        uploads.receive(library, teacher, id_, 0) as receiver,
    ):
        receiver.write(TEN[:4])
        raise ConnectionResetError
    assert uploads.status(library, teacher, id_).offset == 4

    with uploads.receive(library, teacher, id_, 4) as receiver:
        receiver.write(TEN[4:7])
        receiver.write(TEN[7:])

    assert receiver.offset == 10
    assert uploads.status(library, teacher, id_).state == "received"
    assert library.staging.path(id_).read_bytes() == TEN


def test_bytes_for_another_place_are_refused_and_say_where_to_go_on(
    library: Library, teacher: Viewer
) -> None:
    id_ = declared(library, teacher)
    with uploads.receive(library, teacher, id_, 0) as receiver:
        receiver.write(TEN[:4])

    for offset in (0, 3, 5):
        with (
            pytest.raises(WrongOffset) as refused,
            uploads.receive(library, teacher, id_, offset),
        ):
            pass
        assert refused.value.details["size"] == 4


def test_one_client_appends_at_a_time(library: Library, teacher: Viewer) -> None:
    id_ = declared(library, teacher)
    with (
        uploads.receive(library, teacher, id_, 0),
        pytest.raises(Busy),
        uploads.receive(library, teacher, id_, 0),
    ):
        pass


def test_more_bytes_than_declared_are_refused_and_none_of_them_is_kept(
    library: Library, teacher: Viewer
) -> None:
    id_ = declared(library, teacher)
    with pytest.raises(TooLarge), uploads.receive(library, teacher, id_, 0) as receiver:
        receiver.write(TEN[:9])
        receiver.write(b"xy")

    view = uploads.status(library, teacher, id_)
    assert (view.state, view.offset) == ("receiving", 9)


def test_nothing_is_appended_to_an_upload_that_is_complete(
    library: Library, teacher: Viewer
) -> None:
    view = send(library, teacher, "Bài 1.txt", TEN)

    with pytest.raises(Conflict):
        uploads.receive(library, teacher, view.id, 10)


def test_a_cancelled_upload_forgets_its_bytes_and_takes_no_more(
    library: Library, teacher: Viewer
) -> None:
    id_ = declared(library, teacher)
    with uploads.receive(library, teacher, id_, 0) as receiver:
        receiver.write(TEN[:4])

    uploads.cancel(library, teacher, id_)

    assert uploads.status(library, teacher, id_).state == "cancelled"
    assert not list(library.staging.entries())
    for act in (uploads.cancel, uploads.resume, partial(uploads.receive, offset=0)):
        with pytest.raises(UploadOver):
            act(library, teacher, id_)


def test_an_upload_may_be_cancelled_while_bytes_arrive(library: Library, teacher: Viewer) -> None:
    id_ = declared(library, teacher)
    with uploads.receive(library, teacher, id_, 0) as receiver:
        uploads.cancel(library, teacher, id_)
        receiver.write(TEN)

    assert uploads.status(library, teacher, id_).state == "cancelled"
    with library.database.read() as session:
        assert session.scalar(select(func.count(Job.id))) == 0


def test_a_complete_upload_cannot_be_cancelled(library: Library, teacher: Viewer) -> None:
    view = send(library, teacher, "Bài 1.txt", TEN)

    with pytest.raises(Conflict):
        uploads.cancel(library, teacher, view.id)


def test_a_file_may_be_added_to_ones_own_draft_only(library: Library, teacher: Viewer) -> None:
    material = draft(library, teacher)
    wanted = replace(DECLARED, material_id=material.card.id)

    assert uploads.declare(library, teacher, wanted, None)[1]
    with pytest.raises(NotFound):
        uploads.declare(library, person(library), wanted, None)


def test_a_teacher_adds_no_file_to_what_is_published(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    material = published(library, teacher, editor)
    wanted = replace(DECLARED, material_id=material.card.id)

    with pytest.raises(WrongState):
        uploads.declare(library, teacher, wanted, None)
    assert uploads.declare(library, editor, wanted, None)[1]


def test_a_full_material_takes_no_more_files(library: Library, teacher: Viewer) -> None:
    material = draft(library, teacher)
    with library.database.write() as session:
        row = session.get_one(factories.Material, material.card.id)
        for _ in range(FILES_LIMIT - 2):
            factories.file(session, row)
        removed = factories.file(session, row)
        removed.removed_at = utc_now()
    wanted = replace(DECLARED, material_id=material.card.id)

    assert uploads.declare(library, teacher, wanted, None)[1]
    with library.database.write() as session:
        factories.file(session, session.get_one(factories.Material, material.card.id))
    with pytest.raises(InvalidValue):
        uploads.declare(library, teacher, wanted, None)
