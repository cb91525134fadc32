"""What every store of bytes must do, on the folder and on a real S3 server."""

import hashlib
import io
import os
import random
import shutil
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

import pytest
from minio import Minio

from repo_server.domain.errors import NotFound
from repo_server.storage.base import CorruptObject, ObjectKey, ObjectMissing, ObjectStorage
from repo_server.storage.factory import open_storage
from tests.servers.seaweedfs import BUCKET, shared_seaweedfs

MIB = 1 << 20
LONG_AGO = timedelta(hours=1)


@dataclass
class Folder:
    """A store in a folder, and what others could do to that folder behind its back."""

    root: Path
    store: ObjectStorage
    presigns = False

    def plant(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def leave_unfinished(self) -> None:
        self.plant("incoming/of-a-killed-writer", b"half")


@dataclass
class Bucket:
    """A store in a bucket, and what others could do to that bucket behind its back."""

    prefix: str
    client: Minio
    store: ObjectStorage
    presigns = True

    def plant(self, name: str, data: bytes) -> None:
        self.client.put_object(BUCKET, f"{self.prefix}/{name}", io.BytesIO(data), len(data))

    def leave_unfinished(self) -> None:
        name = f"{self.prefix}/{ObjectKey.blob('ab' * 32)}"
        upload = self.client._create_multipart_upload(BUCKET, name, {})
        self.client._upload_part(BUCKET, name, b"half", {}, upload, 1)


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Folder | Bucket]:
    made: Folder | Bucket
    if request.param == "folder":
        root = tmp_path / "objects"
        made = Folder(root, open_storage(f"file://{root}"))
    else:
        server, prefix = shared_seaweedfs(), f"test-{uuid4().hex}"
        store = open_storage(f"s3://{BUCKET}/{prefix}", s3=server.options())
        made = Bucket(prefix, server.client(), store)
    made.store.prepare()
    yield made
    made.store.close()


@pytest.fixture
def store(place: Folder | Bucket) -> ObjectStorage:
    return place.store


def some_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(store: ObjectStorage, data: bytes) -> ObjectKey:
    key = ObjectKey.blob(sha256(data))
    store.put(key, io.BytesIO(data), len(data), sha256(data))
    return key


def content(store: ObjectStorage, key: ObjectKey) -> bytes:
    with store.open(key) as reader:
        return reader.read()


def names(store: ObjectStorage, prefix: str) -> list[str]:
    return sorted(str(info.key) for info in store.list(prefix))


class Unreadable(io.RawIOBase):
    """A source that nobody may read."""

    def read(self, size: int = -1, /) -> bytes:
        raise AssertionError("the source was read")


class Repeated(io.RawIOBase):
    """`size` bytes that are not all in memory, in pieces as a network gives them."""

    def __init__(self, size: int, piece: int = 100_000) -> None:
        self._left = size
        self._piece = piece

    def read(self, size: int = -1, /) -> bytes:
        taken = min(size if size >= 0 else self._left, self._left, self._piece)
        self._left -= taken
        return b"k" * taken


def sha256_of_repeated(size: int) -> str:
    digest = hashlib.sha256()
    source = Repeated(size, MIB)
    while data := source.read(MIB):
        digest.update(data)
    return digest.hexdigest()


def test_both_stores_answer_the_whole_interface(store: ObjectStorage) -> None:
    assert isinstance(store, ObjectStorage)
    store.check()


@pytest.mark.parametrize("size", [0, 1, 9 * MIB], ids=["0 bytes", "1 byte", "9 MiB"])
def test_what_was_put_comes_back(store: ObjectStorage, size: int) -> None:
    data = some_bytes(size)
    before = datetime.now(UTC)
    key = put(store, data)
    assert content(store, key) == data
    info = store.stat(key)
    assert info is not None
    assert (info.key, info.size) == (key, size)
    # S3 gives whole seconds.
    assert before - timedelta(seconds=2) < info.modified_at < before + timedelta(minutes=1)


@pytest.mark.parametrize("size", [0, 1, 9 * MIB], ids=["0 bytes", "1 byte", "9 MiB"])
def test_a_file_is_adopted_and_kept(store: ObjectStorage, tmp_path: Path, size: int) -> None:
    data = some_bytes(size)
    file = tmp_path / "staged"
    file.write_bytes(data)
    key = ObjectKey.blob(sha256(data))
    store.adopt(key, file, size, sha256(data))
    assert content(store, key) == data
    assert file.read_bytes() == data


def test_an_adopted_file_may_be_deleted(store: ObjectStorage, tmp_path: Path) -> None:
    file = tmp_path / "staged"
    file.write_bytes(b"bytes")
    key = ObjectKey.blob(sha256(b"bytes"))
    store.adopt(key, file, 5, sha256(b"bytes"))
    file.unlink()
    assert content(store, key) == b"bytes"


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 1, slice(0, 1)),
        (0, 1000, slice(0, 1000)),
        (1, None, slice(1, None)),
        (499, 2, slice(499, 501)),
        (990, 100, slice(990, 1000)),  # cut at the end
        (999, None, slice(999, 1000)),
        (1000, None, slice(0, 0)),  # begins at the end
        (1000, 5, slice(0, 0)),
        (5000, 5, slice(0, 0)),
        (10, 0, slice(0, 0)),
        (5000, 0, slice(0, 0)),
    ],
)
def test_ranges(store: ObjectStorage, start: int, length: int | None, expected: slice) -> None:
    data = some_bytes(1000)
    key = put(store, data)
    with store.open(key, start, length) as reader:
        assert reader.read() == data[expected]
        assert reader.read() == b""


def test_a_range_across_parts(store: ObjectStorage) -> None:
    data = some_bytes(9 * MIB)
    key = put(store, data)
    with store.open(key, 5 * MIB - 3, 7) as reader:
        assert reader.read() == data[5 * MIB - 3 : 5 * MIB + 4]


def test_a_range_of_an_empty_object_is_empty(store: ObjectStorage) -> None:
    key = put(store, b"")
    with store.open(key, 0, 5) as reader:
        assert reader.read() == b""


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1)])
def test_impossible_ranges_are_a_mistake_of_the_caller(
    store: ObjectStorage, start: int, length: int
) -> None:
    with pytest.raises(ValueError, match="not a range"):
        store.open(ObjectKey.blob("ab" * 32), start, length)


def test_reading_piece_by_piece(store: ObjectStorage) -> None:
    data = some_bytes(300_001)
    key = put(store, data)
    with store.open(key, 1) as reader:
        pieces = list(iter(lambda: reader.read(65_536), b""))
    assert b"".join(pieces) == data[1:]
    assert max(map(len, pieces)) <= 65_536


def test_reading_may_stop_anywhere_without_using_connections_up(store: ObjectStorage) -> None:
    key = put(store, some_bytes(3 * MIB))
    for _ in range(50):
        with store.open(key) as reader:
            reader.read(10)
        reader.close()
    store.check()


@pytest.mark.parametrize("size", [0, 10, 9 * MIB], ids=["0 bytes", "10 bytes", "9 MiB"])
def test_other_bytes_than_promised_leave_nothing(store: ObjectStorage, size: int) -> None:
    promised = sha256(b"other")
    key = ObjectKey.blob(promised)
    with pytest.raises(CorruptObject, match="SHA-256 is"):
        store.put(key, io.BytesIO(some_bytes(size)), size, promised)
    assert store.stat(key) is None
    assert names(store, "blobs/") == []
    assert store.tidy(timedelta(0)) == 0


@pytest.mark.parametrize("size", [10, 9 * MIB], ids=["10 bytes", "9 MiB"])
@pytest.mark.parametrize("off", [-1, 1], ids=["too long", "too short"])
def test_another_size_than_promised_leaves_nothing(
    store: ObjectStorage, size: int, off: int
) -> None:
    data = some_bytes(size)
    key = ObjectKey.blob(sha256(data))
    with pytest.raises(CorruptObject):
        store.put(key, io.BytesIO(data), size + off, sha256(data))
    assert store.stat(key) is None
    assert store.tidy(timedelta(0)) == 0


def test_an_adopted_file_of_another_size_leaves_nothing(
    store: ObjectStorage, tmp_path: Path
) -> None:
    file = tmp_path / "staged"
    file.write_bytes(b"bytes and more")
    key = ObjectKey.blob(sha256(b"bytes"))
    with pytest.raises(CorruptObject):
        store.adopt(key, file, 5, sha256(b"bytes"))
    assert store.stat(key) is None
    assert file.read_bytes() == b"bytes and more"


def test_adopting_a_file_that_is_not_there(store: ObjectStorage, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        store.adopt(ObjectKey.blob("ab" * 32), tmp_path / "nothing", 5, "ab" * 32)


def test_a_blob_cannot_be_named_after_other_bytes(store: ObjectStorage, tmp_path: Path) -> None:
    data, file = b"bytes", tmp_path / "staged"
    file.write_bytes(data)
    with pytest.raises(CorruptObject, match="cannot hold"):
        store.put(ObjectKey.blob("ab" * 32), io.BytesIO(data), 5, sha256(data))
    with pytest.raises(CorruptObject, match="cannot hold"):
        store.adopt(ObjectKey.blob("ab" * 32), file, 5, sha256(data))
    assert names(store, "blobs/") == []


def test_an_error_of_the_source_passes_through_and_leaves_nothing(store: ObjectStorage) -> None:
    with pytest.raises(AssertionError, match="the source was read"):
        store.put(ObjectKey.blob("ab" * 32), cast("BinaryIO", Unreadable()), 9 * MIB, "ab" * 32)
    assert names(store, "blobs/") == []


def test_a_blob_that_is_there_is_kept_and_its_source_not_read(
    store: ObjectStorage, tmp_path: Path
) -> None:
    data = some_bytes(1000)
    key = put(store, data)
    store.put(key, cast("BinaryIO", Unreadable()), 1000, sha256(data))
    store.adopt(key, tmp_path / "nothing", 1000, sha256(data))
    assert content(store, key) == data


def test_a_torn_blob_is_replaced(place: Folder | Bucket, tmp_path: Path) -> None:
    data = some_bytes(1000)
    key = ObjectKey.blob(sha256(data))
    place.plant(str(key), data[:300])
    put(place.store, data)
    assert content(place.store, key) == data
    place.plant(str(ObjectKey.blob(sha256(data), 2)), data[:300])
    file = tmp_path / "staged"
    file.write_bytes(data)
    place.store.adopt(ObjectKey.blob(sha256(data), 2), file, 1000, sha256(data))
    assert content(place.store, ObjectKey.blob(sha256(data), 2)) == data


def test_a_derivative_is_replaced_by_a_new_one_of_the_same_size(store: ObjectStorage) -> None:
    key = ObjectKey.derivative("ab" * 32, "thumbnail.webp")
    for data in (b"older", b"newer"):
        store.put(key, io.BytesIO(data), 5, sha256(data))
    assert content(store, key) == b"newer"
    assert names(store, f"derivatives/ab/ab/{'ab' * 32}/") == [str(key)]


def test_generations_are_objects_of_their_own(store: ObjectStorage) -> None:
    data = b"bytes"
    older, newer = ObjectKey.blob(sha256(data)), ObjectKey.blob(sha256(data), 1)
    for key in (older, newer):
        store.put(key, io.BytesIO(data), 5, sha256(data))
    store.delete(older)
    assert store.stat(older) is None
    assert content(store, newer) == data


@pytest.mark.parametrize(
    "key", [ObjectKey.blob("ab" * 32), ObjectKey.derivative("ab" * 32, "page-1.webp")], ids=str
)
def test_what_is_missing(store: ObjectStorage, key: ObjectKey) -> None:
    assert store.stat(key) is None
    assert store.local_path(key) is None
    store.delete(key)
    for start, length in ((0, None), (3, 4), (0, 0)):
        with pytest.raises(ObjectMissing) as caught:
            store.open(key, start, length)
        assert isinstance(caught.value, NotFound)
        assert caught.value.details == {}  # a key is nobody's business


def test_a_deleted_object_is_gone_and_may_come_back(store: ObjectStorage) -> None:
    for make in (put_thumbnail, put_bytes):
        key = make(store)
        store.delete(key)
        store.delete(key)
        assert store.stat(key) is None
        assert names(store, "blobs/") == names(store, "derivatives/") == []
        assert make(store) == key
        assert store.stat(key) is not None
        store.delete(key)


def put_thumbnail(store: ObjectStorage) -> ObjectKey:
    key = ObjectKey.derivative("cd" * 32, "thumbnail.webp")
    store.put(key, io.BytesIO(b"image"), 5, sha256(b"image"))
    return key


def put_bytes(store: ObjectStorage) -> ObjectKey:
    return put(store, b"bytes")


def test_listing_shows_objects_of_a_prefix_and_nothing_else(place: Folder | Bucket) -> None:
    store = place.store
    blobs = sorted(str(put(store, str(number).encode() * number)) for number in range(5))
    thumbnail = put_thumbnail(store)
    place.plant("blobs/README", b"not ours")
    place.plant(f"blobs/ab/cd/{'e' * 64}", b"in the wrong folder")
    place.plant("other/thing", b"not ours")
    place.leave_unfinished()
    assert names(store, "blobs/") == blobs
    assert names(store, "derivatives/") == [str(thumbnail)]
    assert names(store, blobs[0][:9]) == [name for name in blobs if name[:9] == blobs[0][:9]]
    assert names(store, "blobs/00/11/") == []
    sizes = {info.size for info in store.list("blobs/")}
    assert sizes == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("prefix", ["", "/", "blobs", "blobs/a", "other/", "blobs/../", "../"])
def test_only_folders_of_keys_can_be_listed(store: ObjectStorage, prefix: str) -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        store.list(prefix)


def test_what_a_killed_writer_left_is_tidied_when_it_is_old(place: Folder | Bucket) -> None:
    place.leave_unfinished()
    assert place.store.tidy(LONG_AGO) == 0
    assert place.store.tidy(timedelta(0)) == 1
    assert place.store.tidy(timedelta(0)) == 0


def test_many_writers_of_one_key_leave_one_whole_object(store: ObjectStorage) -> None:
    data = some_bytes(2 * MIB)
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: put(store, data), range(16)))
    assert len(set(keys)) == 1
    assert content(store, keys[0]) == data
    assert names(store, "blobs/") == [str(keys[0])]
    assert store.tidy(timedelta(0)) == 0


def test_writers_and_a_remover_of_derivatives_do_not_disturb_each_other(
    store: ObjectStorage,
) -> None:
    # Removing the last derivative of a blob may remove its folder under another writer's hands.
    keys = [ObjectKey.derivative("cd" * 32, f"page-{number}.webp") for number in range(4)]

    def churn(key: ObjectKey) -> None:
        for _ in range(20):
            store.put(key, io.BytesIO(b"image"), 5, sha256(b"image"))
            store.delete(key)
        store.put(key, io.BytesIO(b"image"), 5, sha256(b"image"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(churn, keys))
    assert names(store, "derivatives/") == [str(key) for key in keys]


def peak_memory(act: object) -> int:
    tracemalloc.start()
    try:
        assert callable(act)
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_object_needs_little_memory(store: ObjectStorage, tmp_path: Path) -> None:
    size = 64 * MIB
    promised = sha256_of_repeated(size)
    key, derived = ObjectKey.blob(promised), ObjectKey.derivative(promised, "copy")
    file = tmp_path / "staged"
    with file.open("wb") as target:
        shutil.copyfileobj(Repeated(size, MIB), target)

    def write() -> None:
        store.put(key, cast("BinaryIO", Repeated(size)), size, promised)

    def adopt() -> None:
        store.adopt(derived, file, size, promised)

    def read() -> None:
        with store.open(key) as reader:
            while reader.read(MIB):
                pass

    assert peak_memory(write) <= 16 * MIB
    assert peak_memory(adopt) <= 16 * MIB
    assert peak_memory(read) <= 4 * MIB
    info = store.stat(derived)
    assert info is not None
    assert info.size == size


def test_only_a_folder_has_local_paths_and_free_space(place: Folder | Bucket) -> None:
    key = put(place.store, b"bytes")
    path, free = place.store.local_path(key), place.store.free_bytes()
    if isinstance(place, Folder):
        assert path is not None
        assert path.read_bytes() == b"bytes"
        status = os.statvfs(path)
        assert free is not None
        assert 0 < free <= status.f_blocks * status.f_frsize
    else:
        assert (path, free) == (None, None)


def test_a_presigned_address_where_there_is_such_a_thing(place: Folder | Bucket) -> None:
    # What it does is in tests/storage/test_presigned.py.
    address = place.store.presigned_get(
        put(place.store, b"bytes"), seconds=60, filename="a", media_type="a/b", attachment=True
    )
    assert (address is not None) == place.presigns
