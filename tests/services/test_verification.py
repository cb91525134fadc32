"""Every kind of damage is found, what can be mended is mended, and nothing else is touched."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry, Blob, Derivative, Material, Upload, utc_now
from repo_server.domain.access import Viewer
from repo_server.domain.errors import SearchUnavailable, StorageUnavailable
from repo_server.services import acceptance, indexing, pictures, verification
from repo_server.services.keeping import disposal, objects
from repo_server.services.library import Library
from repo_server.services.verification import VerifyReport, verify
from repo_server.services.viewing import MaterialView
from repo_server.storage.base import ObjectKey
from repo_server.storage.local import LocalStorage
from tests.libraries import pdf, png, published, upload
from tests.services.indexes import troubled

CONTENT = pdf("Phân số bằng nhau", "Quy đồng mẫu số")


@pytest.fixture
def material(library: Library, teacher: Viewer, editor: Viewer) -> MaterialView:
    """A published material of one PDF with a thumbnail and the image of a page, all indexed."""
    made = published(library, teacher, editor, content=b"Van ban")
    picture = upload(library, teacher, "Hình.png", png())
    document = upload(library, teacher, "Bài.pdf", CONTENT)
    assert picture.file_id is not None
    assert document.file_id is not None
    pictures.page_image(library, teacher, document.file_id, 2)
    indexing.feed_all(library)
    return made


def found(report: VerifyReport) -> list[tuple[str, bool]]:
    return [(finding.code, finding.repaired) for finding in report.findings]


def look(library: Library) -> list[str]:
    """What a dry run finds."""
    return [code for code, _ in found(verify(library, repair=False))]


def mend(library: Library) -> list[tuple[str, bool]]:
    """What a repair finds and whether it was mended; the relay has done its part afterwards."""
    result = found(verify(library, repair=True))
    indexing.feed_all(library)
    return result


def path_of(library: Library, key: ObjectKey) -> Any:
    path = library.storage.local_path(key)
    assert path is not None
    return path


def age(library: Library, key: ObjectKey) -> None:
    """Make an object two days old."""
    then = (utc_now() - timedelta(days=2)).timestamp()
    os.utime(path_of(library, key), (then, then))


def put(library: Library, content: bytes, generation: int = 0) -> ObjectKey:
    sha256 = hashlib.sha256(content).hexdigest()
    key = ObjectKey.blob(sha256, generation)
    library.storage.put(key, BytesIO(content), len(content), sha256)
    return key


def a_thumbnail(library: Library) -> ObjectKey:
    with library.database.read() as session:
        row = session.scalars(select(Derivative).where(Derivative.name == "thumbnail.webp")).first()
    assert row is not None
    return ObjectKey.derivative(row.sha256, row.name)


def test_a_clean_library_is_clean(library: Library, material: MaterialView) -> None:
    report = verify(library, repair=False)

    assert report.findings == ()
    assert report.clean
    assert (report.blobs, report.materials) == (3, 3)
    assert report.bytes_read == len(CONTENT) + len(png()) + len(b"Van ban")
    assert verify(library, repair=True).findings == ()


def test_every_finding_has_a_sentence() -> None:
    assert set(verification.SENTENCES) == {f"F{n}" for n in range(1, 14)}


def test_a_lost_blob_is_found_and_left_alone(library: Library, material: MaterialView) -> None:
    library.storage.delete(ObjectKey.blob(material.files[0].sha256))

    assert look(library) == ["F1"]
    assert mend(library) == [("F1", False)]
    assert look(library) == ["F1"]
    assert not verify(library, repair=True).clean


@pytest.mark.parametrize("damage", [b"Van bam", b"Van ba", b"Van ban."])
def test_a_damaged_blob_is_found_and_left_alone(
    library: Library, material: MaterialView, damage: bytes
) -> None:
    path = path_of(library, ObjectKey.blob(material.files[0].sha256))
    path.chmod(0o600)
    path.write_bytes(damage)

    assert look(library) == ["F2"]
    assert mend(library) == [("F2", False)]
    assert path.read_bytes() == damage


def test_an_old_object_that_no_row_knows_is_collected(
    library: Library, material: MaterialView, teacher: Viewer
) -> None:
    orphan = put(library, b"Nobody's")
    age(library, orphan)

    assert look(library) == ["F3"]
    assert library.storage.stat(orphan) is not None
    assert mend(library) == [("F3", True)]
    assert library.storage.stat(orphan) is None
    assert look(library) == []

    assert upload(library, teacher, "Bài.txt", b"Nobody's").state == "ready"
    assert look(library) == []


def test_an_old_image_and_an_old_generation_that_no_row_knows_are_collected(
    library: Library, material: MaterialView
) -> None:
    other = put(library, b"Van ban", generation=3)
    image = ObjectKey.derivative(material.files[0].sha256, "page-9.webp")
    library.storage.put(image, BytesIO(b"x"), 1, hashlib.sha256(b"x").hexdigest())
    age(library, other)
    age(library, image)

    assert mend(library) == [("F3", True), ("F3", True)]
    assert look(library) == []
    assert path_of(library, ObjectKey.blob(material.files[0].sha256)).read_bytes() == b"Van ban"


def test_a_young_object_may_be_about_to_be_known(library: Library, material: MaterialView) -> None:
    put(library, b"Nobody's")

    assert look(library) == []
    assert mend(library) == []


def test_bytes_that_come_back_while_their_orphan_is_collected_are_not_lost(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = put(library, b"Nobody's")
    age(library, orphan)
    finish, views = disposal.finish, []

    def upload_then_finish(library: Library, sha256: str) -> bool:
        views.append(upload(library, teacher, "Bài.txt", b"Nobody's"))
        return finish(library, sha256)

    monkeypatch.setattr(disposal, "finish", upload_then_finish)
    assert found(verify(library, repair=True)) == [("F3", True)]

    assert views[0].state == "ready"
    indexing.feed_all(library)
    disposal.delete_generation(library, f"{orphan.sha256}.0")
    assert look(library) == []
    assert [info.key.generation for info in library.storage.list("blobs/")] == [1]


def test_an_orphan_that_a_row_came_to_know_is_not_collected(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = put(library, b"Nobody's")
    age(library, orphan)
    collect = objects.collect_orphan

    def upload_then_collect(library: Library, info: Any) -> bool:
        upload(library, teacher, "Bài.txt", b"Nobody's")
        return collect(library, info)

    monkeypatch.setattr(objects, "collect_orphan", upload_then_collect)
    assert found(verify(library, repair=True)) == [("F3", False)]
    indexing.feed_all(library)
    assert look(library) == []


def test_staged_bytes_of_a_finished_upload_are_discarded(
    library: Library, material: MaterialView
) -> None:
    with library.database.read() as session:
        upload_id = session.scalars(select(Upload.id)).first()
    assert upload_id is not None
    with library.staging.append(upload_id, 0) as writer:
        writer.write(b"left over")

    assert look(library) == ["F4"]
    assert mend(library) == [("F4", True)]
    assert not list(library.staging.entries())
    assert look(library) == []


def test_what_an_index_lacks_is_fed_again(library: Library, material: MaterialView) -> None:
    library.indexes[0].delete_many([material.card.id])

    assert look(library) == ["F5"]
    assert mend(library) == [("F5", True)]
    assert look(library) == []


def test_what_an_index_should_not_hold_is_taken_out(
    library: Library, material: MaterialView
) -> None:
    with library.database.read() as session:
        document = indexing.material_documents(session, [material.card.id])[material.card.id]
        drafts = session.scalars(select(Material.id).where(Material.status == "draft")).all()
    ghosts = [replace(document, id=id_) for id_ in (4_000_000, drafts[0])]
    library.indexes[0].put_many(ghosts)

    assert look(library) == ["F6", "F6"]
    assert mend(library) == [("F6", True), ("F6", True)]
    assert [entry.id for entry in library.indexes[0].entries()] == [material.card.id]
    assert look(library) == []


def test_what_an_index_holds_in_an_older_form_is_fed_again(
    library: Library, material: MaterialView
) -> None:
    with library.database.read() as session:
        document = indexing.material_documents(session, [material.card.id])[material.card.id]
    library.indexes[0].put_many([replace(document, rev=document.rev - 1)])

    assert look(library) == ["F7"]
    assert mend(library) == [("F7", True)]
    assert look(library) == []


def test_an_index_that_is_down_is_a_finding_and_not_the_end(
    library: Library, material: MaterialView
) -> None:
    library, index = troubled(library)
    index.down = True

    assert look(library) == ["F5"]
    assert found(verify(library, repair=True)) == [("F5", False)]
    index.down = False
    assert look(library) == []


def test_lost_images_are_made_again_as_they_were(
    library: Library, material: MaterialView, teacher: Viewer
) -> None:
    with library.database.read() as session:
        keys = [
            ObjectKey.derivative(row.sha256, row.name)
            for row in session.scalars(select(Derivative)).all()
        ]
    before = {str(key): path_of(library, key).read_bytes() for key in keys}
    assert {key.name for key in keys} == {"thumbnail.webp", "page-2.webp"}
    for key in keys:
        library.storage.delete(key)

    assert look(library) == ["F8"] * len(keys)
    assert mend(library) == [("F8", True)] * len(keys)
    assert {str(key): path_of(library, key).read_bytes() for key in keys} == before
    assert look(library) == []


def test_an_image_of_a_lost_blob_is_lost_until_the_blob_is_back(
    library: Library, material: MaterialView
) -> None:
    key = a_thumbnail(library)
    blob = ObjectKey.blob(key.sha256)
    content = path_of(library, blob).read_bytes()
    library.storage.delete(key)
    library.storage.delete(blob)

    assert mend(library) == [("F1", False), ("F8", False)]
    put(library, content)
    assert mend(library) == [("F8", True)]
    assert look(library) == []


def test_an_altered_audit_entry_is_found_and_left_alone(
    library: Library, material: MaterialView
) -> None:
    with library.database.write() as session:
        entry = session.get_one(AuditEntry, 3)
        entry.action = "nothing.happened"

    assert look(library) == ["F10"]
    assert mend(library) == [("F10", False)]


def test_a_removed_audit_entry_is_found(library: Library, material: MaterialView) -> None:
    with library.database.write() as session:
        session.delete(session.get_one(AuditEntry, 3))

    assert look(library) == ["F10"]


def test_a_version_and_a_file_without_their_blob_are_found(
    library: Library, material: MaterialView
) -> None:
    sha256 = material.files[0].sha256
    with library.database.write() as session:
        session.get_one(Blob, sha256).state = "doomed"
    age(library, ObjectKey.blob(sha256))
    assert look(library) == ["F11"]
    assert mend(library) == [("F11", False)]
    assert library.storage.stat(ObjectKey.blob(sha256)) is not None

    if not library.database.is_sqlite:
        return
    with closing(sqlite3.connect(str(library.database.writer.url.database))) as connection:
        connection.execute("DELETE FROM text_segment WHERE sha256 = ?", (sha256,))
        connection.execute("DELETE FROM blob WHERE sha256 = ?", (sha256,))
        connection.commit()
    findings = verify(library, repair=False).findings
    assert [finding.what for finding in findings] == [
        f"material {material.card.id} version 1",
        f"file {material.files[0].id}",
    ]


def test_a_store_that_is_down_is_an_error_and_not_a_thousand_losses(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: LocalStorage) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(LocalStorage, "check", down)
    with pytest.raises(StorageUnavailable):
        verify(sqlite_library, repair=True)


def test_progress_tells_what_is_looked_at(sqlite_library: Library) -> None:
    heard: list[str] = []
    verify(sqlite_library, repair=False, progress=heard.append)
    assert list(dict.fromkeys(heard)) == ["blobs", "objects", "staging", "indexes", "database"]


def together(act: Callable[[int], object], times: int) -> None:
    gate = threading.Barrier(times)

    def begin(number: int) -> None:
        gate.wait()
        act(number)

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(begin, range(times)))


def test_eight_readers_of_one_page_get_it_though_nobody_had_drawn_it(
    library: Library, teacher: Viewer
) -> None:
    view = upload(library, teacher, "Bài.pdf", CONTENT)
    assert view.file_id is not None
    id_ = view.file_id
    together(lambda _: pictures.page_image(library, teacher, id_, 1), 8)

    assert look(library) == []


def test_eight_uploads_of_the_same_new_bytes_are_one_blob(
    library: Library, teacher: Viewer
) -> None:
    content = png()
    together(lambda n: upload(library, teacher, f"Hình {n}.png", content), 8)

    with library.database.read() as session:
        assert len(session.scalars(select(Blob)).all()) == 1
        assert len(session.scalars(select(Material)).all()) == 8
    assert look(library) == []


def test_the_names_of_derivatives_are_those_that_acceptance_gives() -> None:
    assert pictures.PAGE.format(3) == "page-3.webp"
    assert acceptance.THUMBNAIL == "thumbnail.webp"


def test_an_engine_that_fails_while_ghosts_are_taken_out_is_told(
    library: Library, material: MaterialView, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, index = troubled(library)
    with library.database.read() as session:
        document = indexing.material_documents(session, [material.card.id])[material.card.id]
    index.put_many([replace(document, id=4_000_000)])

    def fail(_: object) -> None:
        raise SearchUnavailable

    monkeypatch.setattr(index, "delete_many", fail)
    with pytest.raises(SearchUnavailable):
        verify(library, repair=True)
