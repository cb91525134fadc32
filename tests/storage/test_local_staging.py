import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from repo_server.domain.errors import (
    Conflict,
    StorageFull,
    StorageUnavailable,
)
from repo_server.storage.base import ObjectKey, ObjectMissing
from repo_server.storage.local import LocalStorage
from repo_server.storage.local_staging import LocalStaging
from tests.storage.waiting import ID, OTHER, write

# Writes 3 MB where only 1 MiB finds room.
FILLING_WRITER = """
import resource, sys
from pathlib import Path
from repo_server.domain.errors import StorageFull
from repo_server.storage.local_staging import LocalStaging

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
area = LocalStaging(Path(sys.argv[1]))
try:
    with area.append("f" * 32, 0) as out:
        for _ in range(3):
            out.write(b"k" * 1_000_000)
except StorageFull:
    print(out.offset, area.size("f" * 32))
"""


@pytest.fixture
def area(tmp_path: Path) -> LocalStaging:
    made = LocalStaging(tmp_path / "staging")
    made.prepare()
    return made


def test_a_system_call_that_writes_a_little_is_called_again(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda descriptor, data, offset: whole(descriptor, data[:3], offset)
    )
    write(area, b"0123456789")
    assert area.path(ID).read_bytes() == b"0123456789"


def test_a_full_disk_keeps_what_found_room(area: LocalStaging, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILLING_WRITER, str(tmp_path / "staging")]
    said = subprocess.run(command, capture_output=True, check=True).stdout.split()
    assert said == [b"1048576", b"1048576"]
    assert area.path(OTHER).read_bytes() == b"k" * (1 << 20)
    write(area, b"end", 1 << 20, OTHER)
    assert area.size(OTHER) == (1 << 20) + 3


def test_no_room_is_told_from_other_trouble(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, error in ((errno.ENOSPC, StorageFull), (errno.EIO, StorageUnavailable)):
        monkeypatch.setattr(os, "pwrite", failing(number))
        with pytest.raises(error):
            write(area, b"x")
    assert area.size(ID) == 0


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def test_bytes_that_could_not_be_synced_are_dropped(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(area, b"durable")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(StorageUnavailable):
        write(area, b" and lost", 7)
    monkeypatch.undo()
    assert area.size(ID) == 7


def test_bytes_and_the_new_name_are_synced_before_the_end(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name),
    )
    write(area, b"a")
    write(area, b"b", 1)
    assert synced == ["staging", ID, ID]


def test_no_size_is_told_that_the_disk_does_not_hold(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(area, b"durable")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(StorageUnavailable):
        area.size(ID)


def test_an_upload_that_became_an_object_cannot_be_written(
    area: LocalStaging, tmp_path: Path
) -> None:
    store = LocalStorage(tmp_path / "objects")
    store.prepare()
    write(area, b"bytes")
    digest = sha256(b"bytes").hexdigest()
    store.adopt(ObjectKey.blob(digest), area.path(ID), 5, digest)
    with pytest.raises(Conflict):
        write(area, b"more", 5)
    area.discard(ID)
    with store.open(ObjectKey.blob(digest)) as reader:
        assert reader.read() == b"bytes"


def test_an_upload_on_its_way_to_an_object_cannot_be_written(
    area: LocalStaging, tmp_path: Path
) -> None:
    # A process killed between linking the file and sealing it.
    write(area, b"bytes")
    (tmp_path / "second name").hardlink_to(area.path(ID))
    with pytest.raises(Conflict):
        write(area, b"more", 5)


def test_a_sealed_file_is_a_conflict_for_whoever_may_not_open_it(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(area, b"bytes")
    area.path(ID).chmod(0o440)
    monkeypatch.setattr(os, "open", failing(errno.EACCES))  # root is let in
    with pytest.raises(Conflict):
        write(area, b"more", 5)
    area.path(ID).chmod(0o600)
    with pytest.raises(StorageUnavailable):
        write(area, b"more", 5)


def test_an_upload_discarded_between_opening_and_locking_starts_anew(
    area: LocalStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(area, b"")
    opened, first = os.open, [True]

    def opened_too_early(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = opened(path, flags, mode)
        if first and path == area.path(ID) and not flags & os.O_CREAT:
            first.clear()
            path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", opened_too_early)
    write(area, b"kept")
    assert not first
    assert area.path(ID).read_bytes() == b"kept"


def test_waiting_uploads_are_listed_and_files_of_others_are_not(
    area: LocalStaging, tmp_path: Path
) -> None:
    write(area, b"12345")
    write(area, b"", upload_id=OTHER)
    (tmp_path / "staging" / "README").touch()
    (tmp_path / "staging" / ("e" * 32)).symlink_to(area.path(ID))
    assert sorted((entry.upload_id, entry.size) for entry in area.entries()) == [
        (ID, 5),
        (OTHER, 0),
    ]
    for entry in area.entries():
        assert datetime.now(UTC) - entry.modified_at < timedelta(minutes=1)


def test_links_are_not_followed(area: LocalStaging, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"")
    (tmp_path / "staging" / ID).symlink_to(secret)
    with pytest.raises(StorageUnavailable):
        write(area, b"x")
    with pytest.raises(ObjectMissing):
        area.path(ID)
    assert secret.read_bytes() == b""


def test_an_upload_is_nobody_elses_business(area: LocalStaging, tmp_path: Path) -> None:
    write(area, b"x")
    assert stat.S_IMODE(area.path(ID).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "staging").stat().st_mode) & 0o077 == 0


def test_a_missing_folder_is_trouble(tmp_path: Path) -> None:
    area = LocalStaging(tmp_path / "nothing")
    acts: list[Callable[[], object]] = [
        lambda: write(area, b"x"),
        lambda: write(area, b"x", 5),
        lambda: list(area.entries()),
        area.free_bytes,
    ]
    for act in acts:
        with pytest.raises(StorageUnavailable):
            act()
