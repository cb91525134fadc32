"""Bytes that nobody refers to go in two phases, and whoever brings them back meanwhile wins."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from repo_server.database.models import (
    Base,
    Blob,
    Derivative,
    Fingerprint,
    FingerprintBand,
    Job,
    Material,
    TextSegment,
    utc_now,
)
from repo_server.domain.access import Viewer
from repo_server.domain.errors import StorageUnavailable
from repo_server.services import acceptance, materials, uploads
from repo_server.services.keeping import disposal, tombstones
from repo_server.services.library import Library
from repo_server.services.uploads import UploadView
from repo_server.services.verification import verify
from repo_server.services.viewing import material_by_id
from repo_server.services.working import HANDLERS
from repo_server.storage.base import ObjectKey
from repo_server.storage.local import LocalStorage
from tests.libraries import pdf, send, upload

CONTENT = pdf("Hai đường thẳng song song")


def objects(library: Library) -> list[str]:
    return sorted(
        str(info.key)
        for prefix in ("blobs/", "derivatives/")
        for info in library.storage.list(prefix)
    )


def purged(library: Library, teacher: Viewer, content: bytes = CONTENT) -> str:
    """A file of a material that was deleted long ago and has just been purged; its hash."""
    made = upload(library, teacher, "Bài.pdf", content)
    assert made.material_id is not None
    view = material_by_id(library, teacher, made.material_id)
    materials.delete_material(library, teacher, made.material_id, view.rev)
    with library.database.write() as session:
        session.get_one(Material, made.material_id).deleted_at = utc_now() - timedelta(days=31)
    assert tombstones.purge(library) == 1
    return view.files[0].sha256


def let_a_day_pass(library: Library) -> None:
    """For marks on rows and for the objects of the folder."""
    then = utc_now() - timedelta(hours=25)
    with library.database.write() as session:
        for blob in session.scalars(select(Blob).where(Blob.unused_since.is_not(None))):
            blob.unused_since = then
    for name in objects(library):
        path = library.storage.local_path(ObjectKey.parse(name))
        assert path is not None
        os.utime(path, (then.timestamp(), then.timestamp()))


def work(library: Library) -> None:
    """Do the jobs that are open."""
    with library.database.read() as session:
        jobs = session.execute(select(Job.kind, Job.key).where(Job.state == "open")).all()
    for kind, key in jobs:
        HANDLERS[kind](library, key)


def bring_back(library: Library, teacher: Viewer) -> UploadView:
    return upload(library, teacher, "Bài lại.pdf", CONTENT)


def assert_whole(library: Library, teacher: Viewer, back: UploadView) -> None:
    """The file that came back is all there, and nothing else is, once everything has settled."""
    assert back.state == "ready", back
    work(library)
    disposal.collect(library)
    found = verify(library, repair=False).findings
    assert found == (), found
    with library.database.read() as session:
        blob = session.scalars(select(Blob)).one()
        assert (blob.state, blob.unused_since) == ("live", None)
        images = session.scalars(select(Derivative.name)).all()
    assert len(objects(library)) == 1 + len(images)


def test_what_is_unused_for_a_day_goes_with_its_text_and_images(
    library: Library, teacher: Viewer
) -> None:
    sha256 = purged(library, teacher)
    with library.database.write() as session:
        session.execute(delete(FingerprintBand))
        session.execute(delete(Fingerprint))
        compared = Fingerprint(sha256=sha256, scheme=1)
        session.add(compared)
        session.flush()
        session.add(FingerprintBand(band=7, fingerprint_id=compared.id))
    assert len(objects(library)) == 2
    assert disposal.collect(library) == 0
    let_a_day_pass(library)

    assert disposal.collect(library) == 1
    assert objects(library) == []
    with library.database.read() as session:
        for model in (Blob, TextSegment, Derivative, Fingerprint, FingerprintBand):
            assert session.scalars(select(model)).all() == []
    assert disposal.finish(library, sha256) is False
    assert verify(library, repair=False).findings == ()


def test_everything_that_refers_to_a_blob_is_known_to_the_disposal() -> None:
    """A new table that is made from bytes has to go with them."""
    referring = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in ("blob", "fingerprint")
    }
    made_from_bytes = {"text_segment", "derivative", "fingerprint", "fingerprint_band", "reading"}
    assert referring == made_from_bytes | {"material_file"}


def test_bytes_that_another_material_uses_stay(library: Library, teacher: Viewer) -> None:
    upload(library, teacher, "Bài của bạn.pdf", CONTENT)
    purged(library, teacher)
    let_a_day_pass(library)

    assert disposal.collect(library) == 0
    with library.database.read() as session:
        assert session.scalars(select(Blob)).one().unused_since is None
    assert verify(library, repair=False).findings == ()


def test_bytes_that_come_back_within_the_day_are_used_again(
    library: Library, teacher: Viewer
) -> None:
    purged(library, teacher)
    back = bring_back(library, teacher)
    let_a_day_pass(library)
    assert disposal.collect(library) == 0
    assert_whole(library, teacher, back)


def test_bytes_that_come_back_when_they_are_doomed_are_stored_beside(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    purged(library, teacher)
    let_a_day_pass(library)
    monkeypatch.setattr(disposal, "_finish_doomed", lambda _: 0)
    disposal.collect(library)
    monkeypatch.undo()

    back = bring_back(library, teacher)

    with library.database.read() as session:
        assert session.scalars(select(Blob)).one().generation == 1
    assert_whole(library, teacher, back)


@pytest.mark.parametrize("moment", ["promoted", "committing"])
def test_bytes_that_are_collected_while_they_come_back_are_not_lost(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The whole collection, from doom to the last row, in the middle of an acceptance."""
    purged(library, teacher)
    let_a_day_pass(library)
    name = {"promoted": "_promote", "committing": "_commit"}[moment]
    original, collected = getattr(acceptance, name), []

    def collect_beside(*arguments: object) -> object:
        if moment == "promoted":
            result = original(*arguments)
        if not collected:
            collected.append(disposal.collect(library))
        return result if moment == "promoted" else original(*arguments)

    monkeypatch.setattr(acceptance, name, collect_beside)
    back = bring_back(library, teacher)

    assert collected == [1]
    assert_whole(library, teacher, back)


def test_a_file_that_refers_to_a_doomed_blob_saves_it(library: Library, teacher: Viewer) -> None:
    """No path of ours does that; a blob that is referred to must not go in any case."""
    made = upload(library, teacher, "Bài.pdf", CONTENT)
    with library.database.write() as session:
        blob = session.scalars(select(Blob)).one()
        blob.state = "doomed"
    disposal.collect(library)
    assert_whole(library, teacher, made)


def test_a_store_that_is_down_leaves_it_doomed_for_another_round(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    purged(library, teacher)
    let_a_day_pass(library)

    def down(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(LocalStorage, "delete", down)
    with pytest.raises(StorageUnavailable):
        disposal.collect(library)
    with library.database.read() as session:
        assert session.scalars(select(Blob.state)).one() == "doomed"
    monkeypatch.undo()
    assert disposal.collect(library) == 1
    assert objects(library) == []


def test_bytes_of_an_upload_that_its_material_refused_are_collected(
    library: Library, teacher: Viewer
) -> None:
    first = upload(library, teacher, "Bài 1.txt", b"Mot")
    assert first.material_id is not None
    late = send(library, teacher, "Bài 2.pdf", CONTENT, material_id=first.material_id)
    rev = material_by_id(library, teacher, first.material_id).rev
    materials.delete_material(library, teacher, first.material_id, rev)
    acceptance.accept_upload(library, late.id)
    assert uploads.status(library, teacher, late.id).verdict == "gone"
    let_a_day_pass(library)

    assert disposal.collect(library) == 1
    assert len(objects(library)) == 1
    assert verify(library, repair=False).findings == ()


def test_a_late_deletion_of_an_old_generation_never_hits_a_present_one(
    library: Library, teacher: Viewer
) -> None:
    made = upload(library, teacher, "Bài.txt", b"Mot hai")
    with library.database.read() as session:
        sha256 = session.scalars(select(Blob.sha256)).one()
    for generation in (0, 1, 2):
        disposal.delete_generation(library, f"{sha256}.{generation}")
    assert_whole(library, teacher, made)
