"""What was backed up comes back whole, on either database; what is not whole is refused."""

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from repo_server.database import dumping
from repo_server.database.engine import Database
from repo_server.database.models import Account, Derivative, Job, SignIn, Upload, utc_now
from repo_server.domain.access import Role
from repo_server.domain.errors import BackupRefused, StorageFull
from repo_server.inspection.inspector import Inspector
from repo_server.services import backup, indexing, pictures, restoring
from repo_server.services.library import Library
from repo_server.services.restoring import restore
from repo_server.services.verification import verify
from repo_server.services.viewing import material_by_id
from repo_server.storage.base import ObjectKey
from tests.libraries import library_in, pdf, person, published, send, upload

Target = Callable[[str], Library]


def fill(library: Library) -> Library:
    """Materials in several states, a rejected upload, one that is under way, images."""
    teacher = person(library)
    published(library, teacher, person(library, Role.EDITOR), content=pdf("Phân số", "Quy đồng"))
    document = upload(library, teacher, "Bài.pdf", pdf("Số nguyên", "Số đối"))
    upload(library, teacher, "Hình.png", b"no picture at all")
    send(library, teacher, "Dở dang.txt", "Đang chờ kiểm tra".encode())
    assert document.file_id is not None
    pictures.page_image(library, teacher, document.file_id, 2)
    indexing.feed_all(library)
    return library


@pytest.fixture
def filled(sqlite_library: Library) -> Library:
    return fill(sqlite_library)


@pytest.fixture
def filled_either(library: Library) -> Library:
    return fill(library)


@pytest.fixture
def target(
    request: pytest.FixtureRequest,
    opened: Callable[[str], Database],
    inspector: Inspector,
    tmp_path: Path,
) -> Target:
    """An empty library on a database of that kind, in a folder of its own."""

    def target(engine: str) -> Library:
        url: str = request.getfixturevalue(f"{engine}_database_url")
        folder = tmp_path / "restored"
        folder.mkdir()
        return library_in(folder, opened(url), inspector)

    return target


def everything(library: Library) -> dict[str, list[dumping.Values]]:
    with library.database.read() as session:
        return {name: list(dumping.rows_of(session, name)) for name in dumping.tables()}


def break_off(*_: object) -> None:
    raise StorageFull


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_backup_comes_back_whole_on_either_database(
    filled_either: Library, target: Target, engine: str, tmp_path: Path
) -> None:
    done = backup.back_up(filled_either, tmp_path / "backup")
    assert (done.lost, done.images_lost) == ((), 0)
    before = everything(filled_either)
    restored = target(engine)
    report = restore(restored, tmp_path / "backup")
    after = everything(restored)

    assert report.lost == ()
    assert report.objects == done.objects > 0
    assert sum(map(len, before.values())) - 1 == report.rows == done.rows
    unlike = {name for name in before if before[name] != after[name]}
    # The audit goes on; the upload that was under way is given up, and its job with it.
    assert unlike == {"audit", "audit_head", "upload", "job"}
    assert after["audit"][: len(before["audit"]) - 1] == before["audit"][:-1]
    indexing.feed_all(restored)
    found = verify(restored, repair=False)
    assert found.findings == ()
    assert found.blobs == 2


def test_the_restored_library_goes_on(filled: Library, target: Target, tmp_path: Path) -> None:
    backup.back_up(filled, tmp_path / "backup")
    restored = target("postgresql")
    restore(restored, tmp_path / "backup")
    with restored.database.read() as session:
        states = set(session.scalars(select(Upload.state)))
        unfinished = session.scalars(select(Job).where(Job.state != "done")).all()
    assert states == {"ready", "rejected", "expired"}
    assert unfinished == []
    made = published(restored, person(restored), person(restored, Role.EDITOR))
    assert material_by_id(restored, person(restored), made.card.id).card.title == made.card.title


def test_sessions_do_not_come_back(filled: Library, target: Target, tmp_path: Path) -> None:
    with filled.database.write() as session:
        account = session.scalars(select(Account)).first()
        assert account is not None
        session.add(
            SignIn(
                token_hash="0" * 64, account_id=account.id, device="Firefox", expires_at=utc_now()
            )
        )
    backup.back_up(filled, tmp_path / "backup")
    restored = target("sqlite")
    restore(restored, tmp_path / "backup")
    with restored.database.read() as session:
        assert session.scalars(select(SignIn)).all() == []
        assert session.scalars(select(Account)).all() != []


def test_a_library_that_holds_something_is_not_overwritten(
    filled: Library, target: Target, tmp_path: Path
) -> None:
    backup.back_up(filled, tmp_path / "backup")
    restored = target("sqlite")
    person(restored)
    with pytest.raises(BackupRefused, match="đã có dữ liệu"):
        restore(restored, tmp_path / "backup")


def test_a_storage_that_holds_other_things_is_not_mixed_with_a_backup(
    filled: Library, target: Target, tmp_path: Path
) -> None:
    backup.back_up(filled, tmp_path / "backup")
    restored = target("sqlite")
    stranger = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    restored.storage.put(ObjectKey.blob(stranger), BytesIO(b"foo"), 3, stranger)
    with pytest.raises(BackupRefused, match="ngoài bản sao"):
        restore(restored, tmp_path / "backup")


def test_a_restore_that_broke_off_is_continued(
    filled: Library, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.back_up(filled, tmp_path / "backup")
    restored = target("postgresql")
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_settle", break_off)
        with pytest.raises(StorageFull):
            restore(restored, tmp_path / "backup")
    assert everything(restored)["account"] == []
    key = next(iter(restored.storage.list("blobs/"))).key
    path = restored.storage.local_path(key)
    assert path is not None
    path.chmod(0o600)
    path.write_bytes(b"x" * path.stat().st_size)

    report = restore(restored, tmp_path / "backup")

    assert report.lost == ()
    indexing.feed_all(restored)
    assert verify(restored, repair=False).clean


def test_a_backup_without_a_manifest_is_none(
    filled: Library, target: Target, tmp_path: Path
) -> None:
    backup.back_up(filled, tmp_path / "backup")
    (tmp_path / "backup" / "manifest.json").unlink()
    with pytest.raises(BackupRefused, match=r"manifest\.json"):
        restore(target("sqlite"), tmp_path / "backup")


@pytest.mark.parametrize("part", ["manifest", "schema", "database", "rows"])
def test_a_backup_that_was_altered_is_refused(
    filled: Library, target: Target, tmp_path: Path, part: str
) -> None:
    folder = tmp_path / "backup"
    backup.back_up(filled, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    dump = folder / manifest["manifest"]["database"]
    if part == "manifest":
        (folder / "manifest.json").write_text("{")
    elif part == "schema":
        manifest["manifest"]["schema"] = "0000"
        (folder / "manifest.json").write_text(json.dumps(manifest))
    elif part == "database":
        dump.write_bytes(dump.read_bytes()[:-20])
    else:
        dump.write_bytes(gzip.compress(gzip.decompress(dump.read_bytes()).rsplit(b"\n", 2)[0]))
    restored = target("sqlite")
    with pytest.raises(BackupRefused):
        restore(restored, folder)
    assert list(restored.storage.list("blobs/")) == []


def test_bytes_that_rotted_in_the_backup_are_named_and_the_rest_comes_back(
    filled: Library, target: Target, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    backup.back_up(filled, folder)
    blob = next(path for path in (folder / "files" / "blobs").rglob("*") if path.is_file())
    blob.chmod(0o600)
    blob.write_bytes(b"x" * blob.stat().st_size)
    shutil.rmtree(folder / "files" / "derivatives")

    restored = target("sqlite")
    report = restore(restored, folder)

    assert report.lost == (blob.name,)
    assert report.images_lost == 3
    indexing.feed_all(restored)
    codes = [finding.code for finding in verify(restored, repair=True).findings]
    assert codes.count("F1") == 1
    assert codes.count("F8") == 3


def test_a_full_backup_names_what_the_storage_has_lost(
    filled: Library, target: Target, tmp_path: Path
) -> None:
    key = next(iter(filled.storage.list("blobs/"))).key
    filled.storage.delete(key)
    report = backup.back_up(filled, tmp_path / "backup")
    assert report.lost == (key.sha256,)
    assert backup.manifest_of(tmp_path / "backup").lost == (key.sha256,)
    assert restore(target("sqlite"), tmp_path / "backup").lost == (key.sha256,)


def test_an_index_that_holds_other_materials_is_emptied(
    filled: Library, target: Target, tmp_path: Path
) -> None:
    backup.back_up(filled, tmp_path / "backup")
    restored = replace(target("sqlite"), indexes=filled.indexes)
    assert filled.indexes[0].count() == 1
    assert restore(restored, tmp_path / "backup").stale_indexes == ()
    assert filled.indexes[0].count() == 0
    assert indexing.lag(restored)[filled.indexes[0].name] == 2


def test_images_travel(filled: Library, target: Target, tmp_path: Path) -> None:
    backup.back_up(filled, tmp_path / "backup")
    restored = target("sqlite")
    restore(restored, tmp_path / "backup")
    with restored.database.read() as session:
        images = session.scalars(select(Derivative)).all()
    assert len(images) == 3
    assert all(
        restored.storage.stat(ObjectKey.derivative(image.sha256, image.name)) for image in images
    )
