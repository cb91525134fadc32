"""What becomes of a complete upload: a file of a material, or a reason."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, func, select

from repo_server.database.models import (
    AuditEntry,
    Blob,
    Derivative,
    IndexState,
    Job,
    Material,
    MaterialFile,
    TextSegment,
    Upload,
)
from repo_server.domain.access import Viewer
from repo_server.domain.errors import StorageUnavailable
from repo_server.domain.guessing.base import Field
from repo_server.domain.materials import FILES_LIMIT
from repo_server.services import acceptance, materials, uploads
from repo_server.services.acceptance import accept_upload
from repo_server.services.library import Library
from repo_server.services.viewing import material_by_id
from repo_server.storage.base import ObjectKey, ObjectMissing
from repo_server.storage.local import LocalStorage
from tests import factories
from tests.inspection import samples
from tests.libraries import docx, draft, pdf, person, png, send, upload

TEXT = "Phân số bằng nhau. Quy đồng mẫu số các phân số.".encode()


def count(library: Library, model: type) -> int:
    with library.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def objects(library: Library) -> list[str]:
    return sorted(
        str(info.key)
        for prefix in ("blobs/", "derivatives/")
        for info in library.storage.list(prefix)
    )


def nothing_is_kept(library: Library) -> bool:
    return not objects(library) and not any(
        count(library, model) for model in (Blob, Material, MaterialFile, TextSegment)
    )


@pytest.mark.parametrize(
    ("name", "content", "kind", "label"),
    [
        ("Bài 1.txt", TEXT, "txt", ""),
        ("Bài 1.pdf", pdf("Phân số bằng nhau", "Quy đồng mẫu số"), "pdf", "Trang 2"),
        ("Bài 1.docx", docx("Phân số bằng nhau", "Quy đồng mẫu số"), "docx", ""),
    ],
)
def test_the_text_of_a_document_is_kept_by_page(
    library: Library, teacher: Viewer, name: str, content: bytes, kind: str, label: str
) -> None:
    view = upload(library, teacher, name, content)

    assert (view.state, view.verdict, view.reason, view.has_text) == ("ready", "ok", None, True)
    with library.database.read() as session:
        segments = session.scalars(select(TextSegment).order_by(TextSegment.position)).all()
        file = session.scalars(select(MaterialFile)).one()
    assert "Quy đồng mẫu số" in segments[-1].text
    assert "quy dong mau so" in segments[-1].folded
    assert label in segments[-1].label
    assert (file.kind, file.name, file.has_text) == (kind, name, True)
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_the_bytes_and_their_thumbnail_are_in_the_storage_and_the_staging_is_empty(
    library: Library, teacher: Viewer
) -> None:
    content = png()
    view = upload(library, teacher, "Hình 1.png", content)

    sha256 = hashlib.sha256(content).hexdigest()
    with library.storage.open(ObjectKey.blob(sha256)) as stream:
        assert stream.read() == content
    with library.database.read() as session:
        derivative = session.scalars(select(Derivative)).one()
        file = session.scalars(select(MaterialFile)).one()
    with library.storage.open(ObjectKey.derivative(sha256, derivative.name)) as stream:
        image = stream.read()
    assert hashlib.sha256(image).hexdigest() == derivative.digest
    assert len(image) == derivative.size
    assert (derivative.name, derivative.sha256) == ("thumbnail.webp", sha256)
    assert (file.width, file.height, file.has_text) == (64, 48, False)
    assert not view.has_text
    assert not list(library.staging.entries())


def test_a_draft_is_made_with_what_the_file_says_of_itself(
    library: Library, teacher: Viewer
) -> None:
    content = samples.open_document("presentation", "<office:presentation/>")
    view = upload(library, teacher, "bai_01-final.odp", content)

    assert view.material_id is not None
    made = material_by_id(library, teacher, view.material_id)
    assert made.card.title == "Phân số bằng nhau"
    assert (made.card.kind, made.card.language, made.card.status) == (None, "vi", "draft")
    assert made.card.owner_name == teacher.name
    with library.database.read() as session:
        row = session.get_one(Material, made.card.id)
        assert row.files[0].declared["title"] == "Phân số bằng nhau"
    assert row.folded_title == "phan so bang nhau"
    assert row.undecided == list(Field)
    assert row.organization_id == teacher.home_organization_id


def test_the_name_of_the_file_is_the_title_where_the_file_has_none(
    library: Library, teacher: Viewer
) -> None:
    view = upload(library, teacher, "Bài 3. So sánh phân số.pdf", pdf("So sánh"))

    assert view.material_id is not None
    made = material_by_id(library, teacher, view.material_id)
    assert made.card.title == "Bài 3. So sánh phân số"
    assert made.card.kind is None


def test_what_follows_is_recorded_in_the_same_commit(library: Library, teacher: Viewer) -> None:
    view = upload(library, teacher, "Bài 1.txt", TEXT)

    with library.database.read() as session:
        entries = session.execute(
            select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.object_id).order_by(
                AuditEntry.seq
            )
        ).all()
        state = session.scalars(select(IndexState)).one()
    assert [tuple(entry) for entry in entries[-2:]] == [
        ("material.create", teacher.account_id, str(view.material_id)),
        ("file.add", teacher.account_id, str(view.file_id)),
    ]
    assert (state.material_id, state.have_rev) == (view.material_id, 0)
    assert state.want_rev >= 1


def test_a_second_file_goes_into_the_material_and_makes_another_revision(
    library: Library, teacher: Viewer
) -> None:
    first = upload(library, teacher, "Bài 1.txt", TEXT)
    assert first.material_id is not None
    before = material_by_id(library, teacher, first.material_id)

    second = upload(
        library, teacher, "Phiếu.pdf", pdf(), material_id=first.material_id, role="worksheet"
    )

    after = material_by_id(library, teacher, first.material_id)
    assert second.material_id == first.material_id
    assert [file.name for file in after.files] == ["Bài 1.txt", "Phiếu.pdf"]
    assert after.files[1].role_label == "Phiếu học tập"
    assert after.rev > before.rev
    with library.database.read() as session:
        wanted = session.scalars(select(IndexState.want_rev)).one()
    assert wanted == after.rev


def test_other_bytes_than_declared_are_refused_with_advice(
    library: Library, teacher: Viewer
) -> None:
    view = upload(library, teacher, content=TEXT, sha256="0" * 64)

    assert (view.state, view.verdict) == ("rejected", "checksum")
    assert view.reason is not None
    assert "gửi lại" in view.reason
    assert nothing_is_kept(library)
    assert not list(library.staging.entries())


@pytest.mark.parametrize(
    ("name", "content", "verdict"),
    [
        ("bài.pdf", b"\x00\x01\x02" * 100, "damaged"),
        ("bài.docm", docx(), "macro"),
        ("bài.zip", samples.raw_zip(samples.Member(b"../../etc/passwd")), "traversal"),
        ("bài.exe", b"MZ" + bytes(300), "unknown_type"),
    ],
)
def test_a_hostile_file_is_refused_and_none_of_it_is_kept(
    sqlite_library: Library, name: str, content: bytes, verdict: str
) -> None:
    teacher = person(sqlite_library)
    view = upload(sqlite_library, teacher, name, content)

    assert (view.state, view.verdict) == ("rejected", verdict)
    assert view.reason
    assert view.material_id is None
    assert nothing_is_kept(sqlite_library)
    assert not list(sqlite_library.staging.entries())
    with sqlite_library.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert entry is not None
    assert (entry.action, entry.after["verdict"]) == ("upload.reject", verdict)


def test_the_same_bytes_twice_are_stored_once_and_are_two_files(
    library: Library, teacher: Viewer
) -> None:
    first = upload(library, teacher, "Bài 1.txt", TEXT)
    second = upload(library, person(library), "Bản sao.txt", TEXT)

    assert first.material_id != second.material_id
    assert (count(library, Blob), count(library, MaterialFile)) == (1, 2)
    assert len(objects(library)) == 1
    assert count(library, TextSegment) == 1


def test_bytes_whose_blob_is_being_collected_are_stored_under_the_next_generation(
    library: Library, teacher: Viewer
) -> None:
    sha256 = hashlib.sha256(TEXT).hexdigest()
    with library.database.write() as session:
        session.add(Blob(sha256=sha256, size=len(TEXT), generation=2, state="doomed"))

    view = upload(library, teacher, "Bài 1.txt", TEXT)

    assert view.state == "ready"
    assert objects(library) == [str(ObjectKey.blob(sha256, 3))]
    with library.database.read() as session:
        blob = session.scalars(select(Blob)).one()
    assert (blob.state, blob.generation) == ("live", 3)


def test_a_blob_that_is_doomed_just_before_the_commit_is_promoted_again(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = hashlib.sha256(TEXT).hexdigest()
    upload(library, teacher, "Bài 1.txt", TEXT)
    again = send(library, teacher, "Bài 2.txt", TEXT)
    promote, rounds = acceptance._promote, []

    def promote_then_collect(*arguments: Any) -> Any:
        promoted = promote(*arguments)
        rounds.append(promoted.generation)
        if len(rounds) == 1:
            with library.database.write() as session:
                session.get_one(Blob, sha256).state = "doomed"
            library.storage.delete(ObjectKey.blob(sha256, 0))
        return promoted

    monkeypatch.setattr(acceptance, "_promote", promote_then_collect)
    accept_upload(library, again.id)

    assert rounds == [0, 1]
    assert uploads.status(library, teacher, again.id).state == "ready"
    assert objects(library) == [str(ObjectKey.blob(sha256, 1))]
    assert count(library, Material) == 2


def test_an_upload_that_is_settled_is_left_alone(library: Library, teacher: Viewer) -> None:
    view = upload(library, teacher, "Bài 1.txt", TEXT)
    accept_upload(library, view.id)
    accept_upload(library, "f" * 32)

    assert count(library, MaterialFile) == 1


def test_an_upload_that_is_still_arriving_is_left_alone(library: Library, teacher: Viewer) -> None:
    view, _ = uploads.declare(library, teacher, uploads.Declaration("Bài 1.txt", 10), None)
    accept_upload(library, view.id)

    assert uploads.status(library, teacher, view.id).state == "receiving"


def test_eight_who_accept_one_upload_make_one_file_and_none_of_them_fails(
    library: Library, teacher: Viewer
) -> None:
    for number in range(3):
        view = send(library, teacher, f"Bài {number}.txt", TEXT + bytes([65 + number]))
        together = threading.Barrier(8)

        def accept(_: int, id_: str = view.id, gate: threading.Barrier = together) -> None:
            gate.wait()
            accept_upload(library, id_)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(accept, range(8)))
        assert count(library, MaterialFile) == number + 1


def test_staged_bytes_that_are_lost_are_an_error_and_not_a_file(
    library: Library, teacher: Viewer
) -> None:
    view = send(library, teacher, "Bài 1.txt", TEXT)
    library.staging.path(view.id).unlink()

    with pytest.raises(ObjectMissing):
        accept_upload(library, view.id)
    assert nothing_is_kept(library)


def test_a_file_for_a_material_that_was_deleted_meanwhile_is_refused(
    library: Library, teacher: Viewer
) -> None:
    material = draft(library, teacher)
    view = send(library, teacher, "Bài 2.txt", TEXT, material_id=material.card.id)
    materials.delete_material(library, teacher, material.card.id, material.rev)

    accept_upload(library, view.id)

    refused = uploads.status(library, teacher, view.id)
    assert (refused.state, refused.verdict) == ("rejected", "gone")
    assert refused.reason == acceptance.GONE_REASON


def test_a_file_that_arrives_after_the_publication_is_refused(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    material = draft(library, teacher)
    late = send(library, teacher, "Bài 2.txt", TEXT, material_id=material.card.id)
    submitted = materials.submit(library, teacher, material.card.id, material.rev)
    materials.publish(library, editor, material.card.id, submitted.rev)

    accept_upload(library, late.id)

    refused = uploads.status(library, teacher, late.id)
    assert (refused.state, refused.verdict) == ("rejected", "published")
    assert len(material_by_id(library, teacher, material.card.id).files) == 1


def test_many_files_at_once_do_not_overfill_a_material(library: Library, teacher: Viewer) -> None:
    material = draft(library, teacher)
    late = send(library, teacher, "Bài 51.txt", TEXT, material_id=material.card.id)
    with library.database.write() as session:
        row = session.get_one(Material, material.card.id)
        for _ in range(FILES_LIMIT - 1):
            factories.file(session, row)

    accept_upload(library, late.id)

    assert uploads.status(library, teacher, late.id).verdict == "full"


def test_an_upload_says_that_it_is_being_checked(library: Library, teacher: Viewer) -> None:
    view = send(library, teacher, "Bài 1.txt", TEXT)
    with library.database.write() as session:
        session.scalars(select(Job).where(Job.key == view.id)).one().state = "running"

    assert uploads.status(library, teacher, view.id).state == "checking"


def _fail_once(monkeypatch: pytest.MonkeyPatch, where: object, name: str, *, after: bool) -> None:
    """Let one step raise the first time: before it did anything, or after it did everything."""
    original: Callable[..., Any] = getattr(where, name)
    calls: list[int] = []

    def failing(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            return original(*arguments, **named)
        if after:
            original(*arguments, **named)
        raise StorageUnavailable

    monkeypatch.setattr(where, name, failing)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("where", "step"),
    [
        (acceptance, "_promote"),
        (acceptance, "store_thumbnail"),
        (acceptance, "_know_blob"),
        (acceptance, "keep_text"),
        (acceptance, "_add_file"),
        (acceptance, "_commit"),
        (LocalStorage, "adopt"),
        (LocalStorage, "put"),
        (acceptance.audit, "record"),
    ],
)
def test_a_step_that_fails_is_repeated_without_a_trace(
    library: Library,
    teacher: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    step: str,
    after: bool,
) -> None:
    view = send(library, teacher, "Hình 1.png", png())
    _fail_once(monkeypatch, where, step, after=after)

    with pytest.raises(StorageUnavailable):
        accept_upload(library, view.id)
    accept_upload(library, view.id)

    assert uploads.status(library, teacher, view.id).state == "ready"
    for model in (Material, MaterialFile, Blob, Derivative):
        assert count(library, model) == 1
    assert len(objects(library)) == 2
    with library.database.read() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
        rows = session.scalars(select(Upload)).all()
    assert actions.count("file.add") == 1
    assert len(rows) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_staging_that_cannot_be_emptied_does_not_undo_the_file(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    view = send(library, teacher, "Bài 1.txt", TEXT)
    _fail_once(monkeypatch, type(library.staging), "discard", after=after)

    with pytest.raises(StorageUnavailable):
        accept_upload(library, view.id)
    accept_upload(library, view.id)

    assert uploads.status(library, teacher, view.id).state == "ready"
    assert count(library, MaterialFile) == 1


def test_a_draft_and_its_first_file_are_written_together(library: Library, teacher: Viewer) -> None:
    view = send(library, teacher, "Bài 1.txt", TEXT)
    said: list[str] = []
    event.listen(library.database.writer, "before_cursor_execute", lambda *how: said.append(how[2]))
    accept_upload(library, view.id)

    status = uploads.status(library, teacher, view.id)
    assert status.material_id is not None
    assert material_by_id(library, teacher, status.material_id).rev == 1
    written = [" ".join(statement.split()[:3]) for statement in said]
    for what in ("INSERT INTO material", "INSERT INTO index_state", "UPDATE audit_head SET"):
        assert written.count(what) == 1, written
