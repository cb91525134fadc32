import errno
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repo_server.domain.errors import StorageFull, StorageUnavailable
from repo_server.storage.base import CorruptObject, ObjectKey
from repo_server.storage.durable import make_folder
from repo_server.storage.local import LocalStorage

DATA = b"the bytes of a lesson" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()
KEY = ObjectKey.blob(DIGEST)

# Puts 3 MiB of which the last never come, and says so when the first 2 MiB are written.
SLOW_WRITER = """
import sys, time
from pathlib import Path
from repo_server.storage.base import ObjectKey
from repo_server.storage.local import LocalStorage

class Stuck:
    left = 2 << 20
    def read(self, size):
        if not self.left:
            print("stuck", flush=True)
            time.sleep(60)
        taken = min(size, self.left)
        self.left -= taken
        return bytes(taken)

LocalStorage(Path(sys.argv[1])).put(ObjectKey.blob("ab" * 32), Stuck(), 3 << 20, "ab" * 32)
"""

# Fills up: with argument "limit" by a limit of the process, else by the size of the file system.
FILLING_WRITER = """
import io, resource, sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from repo_server.domain.errors import StorageFull
from repo_server.storage.base import ObjectKey
from repo_server.storage.local import LocalStorage

root, how = Path(sys.argv[1]), sys.argv[2]
if how == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
store = LocalStorage(root)
data = bytes(3 << 20)
key = ObjectKey.blob(sha256(data).hexdigest())
try:
    store.put(key, io.BytesIO(data), len(data), sha256(data).hexdigest())
except StorageFull:
    assert store.stat(key) is None
    assert store.tidy(timedelta(0)) == 0, "the half was left behind"
    small = b"there is room for this"
    digest = sha256(small).hexdigest()
    store.put(ObjectKey.blob(digest), io.BytesIO(small), len(small), digest)
    print("full")
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStorage:
    made = LocalStorage(tmp_path / "objects")
    made.prepare()
    return made


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    file = tmp_path / "staged"
    file.write_bytes(DATA)
    return file


def path_of(store: LocalStorage, key: ObjectKey = KEY) -> Path:
    path = store.local_path(key)
    assert path is not None
    return path


def put(store: LocalStorage) -> Path:
    store.put(KEY, io.BytesIO(DATA), len(DATA), DIGEST)
    return path_of(store)


def adopt(store: LocalStorage, file: Path) -> Path:
    store.adopt(KEY, file, len(DATA), DIGEST)
    return path_of(store)


def test_a_writer_killed_halfway_leaves_no_object(store: LocalStorage, tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(tmp_path / "objects")], stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    with writer.stdout:
        assert writer.stdout.readline() == b"stuck\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert store.stat(ObjectKey.blob("ab" * 32)) is None
    assert list(store.list("blobs/")) == []
    assert store.tidy(timedelta(hours=1)) == 0
    assert store.tidy(timedelta(0)) == 1


def test_a_limit_of_the_file_size_is_a_full_store(store: LocalStorage, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILLING_WRITER, str(tmp_path / "objects"), "limit"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"full\n"


def test_a_full_disk_is_a_full_store(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "kho-test", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        LocalStorage(small / "objects").prepare()
        command = [sys.executable, "-c", FILLING_WRITER, str(small / "objects"), "disk"]
        assert subprocess.run(command, capture_output=True, check=True).stdout == b"full\n"
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_is_told_from_other_trouble(
    store: LocalStorage, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "write", failing(number))
    with pytest.raises(StorageFull):
        put(store)
    monkeypatch.setattr(os, "write", failing(errno.EIO))
    with pytest.raises(StorageUnavailable):
        put(store)
    monkeypatch.undo()
    assert store.tidy(timedelta(0)) == 0
    assert put(store).read_bytes() == DATA


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("act", ["put", "adopt"])
def test_bytes_are_synced_before_the_name_and_the_folders_after(
    store: LocalStorage, tmp_path: Path, staged: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def recorded_sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        events.append("file" if path.is_file() else path.name)
        sync(descriptor)

    def recorded_replace(source: Path, target: Path) -> None:
        events.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_sync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    monkeypatch.setattr(Path, "replace", recorded_replace)
    if act == "put":
        put(store)
    else:
        adopt(store, staged)
    start, rename = events.index("file"), events.index("rename")
    assert (
        events[start : rename + 1]
        == [
            "file",
            "objects",  # holds the new name "blobs"
            "blobs",  # holds the new name of the first folder
            DIGEST[:2],  # holds the new name of the second
            "rename",
        ]
    )
    assert events[rename + 1 :] == [DIGEST[2:4]]  # holds the new name of the object


def test_a_missing_root_is_trouble_and_not_an_empty_store(
    store: LocalStorage, tmp_path: Path, staged: Path
) -> None:
    put(store)
    (tmp_path / "objects").rename(tmp_path / "away")
    acts: list[Callable[[], object]] = [
        store.check,
        lambda: put(store),
        lambda: adopt(store, staged),
        lambda: store.stat(KEY),
        lambda: store.open(KEY),
        lambda: store.delete(KEY),
        lambda: store.local_path(KEY),
        lambda: list(store.list("blobs/")),
        lambda: store.tidy(timedelta(0)),
        store.free_bytes,
    ]
    for act in acts:
        with pytest.raises(StorageUnavailable):
            act()
    assert not (tmp_path / "objects").exists()
    (tmp_path / "away").rename(tmp_path / "objects")
    assert path_of(store).read_bytes() == DATA


def test_a_root_that_is_no_folder_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "objects"):
        with pytest.raises(StorageUnavailable):
            LocalStorage(root).prepare()
        with pytest.raises(StorageUnavailable):
            LocalStorage(root).stat(KEY)


def test_objects_are_read_only_and_nobody_elses(store: LocalStorage, staged: Path) -> None:
    assert stat.S_IMODE(put(store).stat().st_mode) == 0o440
    store.delete(KEY)
    assert stat.S_IMODE(adopt(store, staged).stat().st_mode) == 0o440
    assert stat.S_IMODE(path_of(store).parent.stat().st_mode) & 0o007 == 0


def test_an_adopted_file_shares_its_bytes(store: LocalStorage, staged: Path) -> None:
    assert adopt(store, staged).samefile(staged)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_a_file_that_cannot_be_linked_is_copied_and_checked(
    store: LocalStorage, staged: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    assert not adopt(store, staged).samefile(staged)
    assert path_of(store).read_bytes() == DATA
    store.delete(KEY)
    staged.write_bytes(DATA[::-1])
    with pytest.raises(CorruptObject):
        adopt(store, staged)
    assert store.stat(KEY) is None


def test_an_old_staging_file_makes_a_young_object(store: LocalStorage, staged: Path) -> None:
    os.utime(staged, (1e9, 1e9))
    adopt(store, staged)
    assert age(store) < timedelta(minutes=1)


def test_a_blob_that_is_kept_becomes_young(store: LocalStorage, staged: Path) -> None:
    for act in ("put", "adopt"):
        os.utime(put(store), (1e9, 1e9))
        assert age(store) > timedelta(days=1)
        if act == "put":
            put(store)
        else:
            adopt(store, staged)
        assert age(store) < timedelta(minutes=1)


def age(store: LocalStorage) -> timedelta:
    info = store.stat(KEY)
    assert info is not None
    return datetime.now(UTC) - info.modified_at


def test_links_are_not_followed(store: LocalStorage, tmp_path: Path) -> None:
    path = put(store)
    path.unlink()
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    path.symlink_to(secret)
    with pytest.raises(StorageUnavailable):
        store.open(KEY)
    assert store.stat(KEY) is None
    assert list(store.list("blobs/")) == []
    put(store)  # replaces the link, not what it points to
    assert not path.is_symlink()
    store.delete(KEY)
    assert secret.read_bytes() == DATA


def test_a_link_in_place_of_a_file_is_not_adopted(
    store: LocalStorage, tmp_path: Path, staged: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(staged)
    with pytest.raises(StorageUnavailable):
        adopt(store, link)
    assert store.stat(KEY) is None


def test_an_open_object_can_be_read_to_its_end_after_deletion(store: LocalStorage) -> None:
    put(store)
    with store.open(KEY) as reader:
        start = reader.read(10)
        store.delete(KEY)
        assert start + reader.read() == DATA


def test_a_file_that_was_cut_is_not_a_short_answer(store: LocalStorage) -> None:
    path = put(store)
    with store.open(KEY) as reader:
        reader.read(10)
        path.chmod(0o600)
        os.truncate(path, 100)
        with pytest.raises(StorageUnavailable):
            reader.read()


def test_the_folder_of_the_last_derivative_goes_with_it(store: LocalStorage) -> None:
    keys = [ObjectKey.derivative(DIGEST, name) for name in ("a", "b")]
    for key in keys:
        store.put(key, io.BytesIO(DATA), len(DATA), DIGEST)
    folder = path_of(store, keys[0]).parent
    store.delete(keys[0])
    assert folder.is_dir()
    store.delete(keys[1])
    assert not folder.exists()


def test_a_folder_that_another_process_just_made_is_made_durable_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        "repo_server.storage.durable.sync_folder", lambda folder: synced.append(folder.name)
    )
    (tmp_path / "a" / "b").mkdir(parents=True)
    make_folder(tmp_path, tmp_path / "a" / "b")
    assert synced == [tmp_path.name, "a"]
    synced.clear()
    long_ago = time.time() - 3600
    os.utime(tmp_path / "a" / "b", (long_ago, long_ago))
    os.utime(tmp_path / "a", (long_ago, long_ago))
    make_folder(tmp_path, tmp_path / "a" / "b")
    assert synced == []
