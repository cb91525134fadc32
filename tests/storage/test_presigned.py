import hashlib
import io
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
import urllib3

from repo_server.storage.base import ObjectKey, ObjectStorage
from repo_server.storage.factory import open_storage
from tests.servers.seaweedfs import BUCKET, shared_seaweedfs

NAME = "Bài giảng “Số nguyên tố” – lớp 6.docx"


@pytest.fixture
def store() -> Iterator[ObjectStorage]:
    options = shared_seaweedfs().options()
    made = open_storage(f"s3://{BUCKET}/test-{uuid4().hex}", s3=options)
    yield made
    made.close()


def put(store: ObjectStorage, data: bytes) -> ObjectKey:
    digest = hashlib.sha256(data).hexdigest()
    key = ObjectKey.blob(digest)
    store.put(key, io.BytesIO(data), len(data), digest)
    return key


def presigned(store: ObjectStorage, key: ObjectKey, seconds: int = 60) -> str:
    address = store.presigned_get(
        key, seconds=seconds, filename=NAME, media_type="text/x-kho", attachment=True
    )
    assert address is not None
    return address


def fetch(address: str) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager() as pool:
        return pool.request("GET", address, timeout=10, retries=False)


def test_the_bytes_come_under_their_vietnamese_name(store: ObjectStorage) -> None:
    answer = fetch(presigned(store, put(store, b"bytes")))
    assert (answer.status, answer.data) == (200, b"bytes")
    assert answer.headers["Content-Type"] == "text/x-kho"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="Bai giang _So nguyen to_ _ lop 6.docx"; '
        "filename*=UTF-8''B%C3%A0i%20gi%E1%BA%A3ng%20%E2%80%9CS%E1%BB%91%20nguy%C3%AAn%20"
        "t%E1%BB%91%E2%80%9D%20%E2%80%93%20l%E1%BB%9Bp%206.docx"
    )


def test_an_address_that_was_changed_is_refused(store: ObjectStorage) -> None:
    key, other = put(store, b"bytes"), put(store, b"other bytes")
    address = presigned(store, key)
    for changed in (
        address.replace("text%2Fx-kho", "text%2Fhtml"),
        address.replace(f"{key}", f"{other}"),
        address.replace("X-Amz-Expires=60", "X-Amz-Expires=300"),
    ):
        assert changed != address
        assert fetch(changed).status == 403
    assert fetch(address).status == 200


def test_an_address_dies(store: ObjectStorage) -> None:
    address = presigned(store, put(store, b"bytes"), seconds=1)
    time.sleep(2.2)
    assert fetch(address).status == 403


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (120, 120), (300, 300), (604_800, 300)])
def test_an_address_never_lives_longer_than_five_minutes(
    store: ObjectStorage, asked: int, given: int
) -> None:
    assert f"X-Amz-Expires={given}&" in presigned(store, ObjectKey.blob("ab" * 32), asked)


def test_an_address_for_nothing_finds_nothing(store: ObjectStorage) -> None:
    assert fetch(presigned(store, ObjectKey.blob("ab" * 32))).status == 404
