"""A backup is whole or it is none; repeated, it copies only what is new."""

import fcntl
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from repo_server.database.models import AuditEntry
from repo_server.domain.access import Viewer
from repo_server.domain.errors import BackupRefused, StorageUnavailable
from repo_server.services import backup
from repo_server.services.backup import back_up, manifest_of
from repo_server.services.library import Library
from repo_server.storage.local import LocalStorage
from tests.libraries import person, upload


@pytest.fixture
def owner(sqlite_library: Library) -> Viewer:
    viewer = person(sqlite_library)
    upload(sqlite_library, viewer)
    return viewer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sao lưu"


def dumps(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("database-*"))


def test_repeated_it_copies_only_what_is_new(
    sqlite_library: Library, owner: Viewer, folder: Path
) -> None:
    first = back_up(sqlite_library, folder)
    upload(sqlite_library, owner, "Bài 2.txt", "Số thập phân".encode())
    second = back_up(sqlite_library, folder)

    assert (first.objects, first.copied) == (1, 1)
    assert (second.objects, second.copied) == (2, 1)
    assert dumps(folder) == [manifest_of(folder).database]
    assert manifest_of(folder).blobs == 2


def test_one_that_broke_off_leaves_the_one_before_as_it_was(
    sqlite_library: Library, owner: Viewer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(sqlite_library, folder)
    before = manifest_of(folder)
    upload(sqlite_library, owner, "Bài 2.txt", "Số thập phân".encode())

    def broken(*_: object) -> object:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "open", broken)
        with pytest.raises(StorageUnavailable):
            back_up(sqlite_library, folder)
    assert manifest_of(folder) == before
    assert back_up(sqlite_library, folder).copied == 1
    assert manifest_of(folder).blobs == 2


def test_a_first_one_that_broke_off_is_none(
    sqlite_library: Library, owner: Viewer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_seal", killed)
    with pytest.raises(KeyboardInterrupt):
        back_up(sqlite_library, folder)
    assert dumps(folder)
    with pytest.raises(BackupRefused):
        manifest_of(folder)


def test_a_folder_with_other_things_is_refused(sqlite_library: Library, folder: Path) -> None:
    folder.mkdir()
    (folder / "luận văn.docx").touch()
    with pytest.raises(BackupRefused, match="luận văn"):
        back_up(sqlite_library, folder)


def test_two_at_once_do_not_meet_in_one_folder(sqlite_library: Library, folder: Path) -> None:
    folder.mkdir()
    with (folder / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BackupRefused, match="đang dùng"):
            back_up(sqlite_library, folder)


def test_what_arrives_meanwhile_belongs_to_the_next_one(
    sqlite_library: Library, owner: Viewer, folder: Path
) -> None:
    def meanwhile(step: str, done: int, total: int) -> None:
        if step == "database" and done == total:
            upload(sqlite_library, owner, "Bài 2.txt", "Số thập phân".encode())

    assert back_up(sqlite_library, folder, meanwhile).objects == 1
    assert back_up(sqlite_library, folder).objects == 2


def test_the_library_knows_when_it_was_backed_up(
    sqlite_library: Library, owner: Viewer, folder: Path
) -> None:
    began = time.time()
    back_up(sqlite_library, folder)
    with sqlite_library.database.read() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert last is not None
    assert last.action == backup.ACTION
    assert abs(last.at.timestamp() - began) < 60
