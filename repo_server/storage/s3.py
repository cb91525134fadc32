"""Objects in a bucket of an S3 server, through the minio client.

The server shows an object only when its upload is finished, so a killed writer leaves none. How
wrong content is kept out: `CheckedReader` gives the last bytes to the client only after size and
hash of the source were found right, so a wrong source never comes to a finished upload; the client
sends a checksum with each part, which the server compares; afterwards we compare what the server
says that it holds.
"""

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from minio.commonconfig import REPLACE, CopySource
from minio.datatypes import Object
from minio.error import S3Error
from minio.helpers import ObjectWriteResult
from urllib3.response import BaseHTTPResponse

from repo_server.domain.errors import StorageUnavailable
from repo_server.failpoints import reached
from repo_server.storage.base import (
    MAX_PRESIGNED_SECONDS,
    CorruptObject,
    ObjectInfo,
    ObjectKey,
    ObjectMissing,
    ObjectReader,
    check_promise,
    check_range,
    checked_prefix,
)
from repo_server.storage.checked import CheckedReader
from repo_server.storage.deadlines import make_pool
from repo_server.storage.disposition import content_disposition
from repo_server.storage.s3_connection import CONNECT_SECONDS, READ_SECONDS, connect, our_errors

CHECK_SECONDS: Final = 2.0

# The smallest part that every server takes. The client holds two of them for a moment, so an upload
# needs some 10 MiB of memory; 10,000 parts are 48 GiB, beyond that parts grow.
PART_SIZE: Final = 5 << 20
_MAX_PARTS: Final = 10_000

FRESH: Final = timedelta(hours=1)
"""A kept blob whose time of writing is older is given a new one."""

_THERE: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class _ResponseReader:
    """The body of an answer."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response

    def read(self, size: int = -1, /) -> bytes:
        with our_errors():
            return self._response.read(None if size < 0 else size, decode_content=False)

    def close(self) -> None:
        # A connection with unread bytes cannot be used again: close it, then give its place back.
        self._response.close()
        self._response.release_conn()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class S3Storage:
    """An `ObjectStorage` in a bucket, below a prefix (may be empty).

    `endpoint` is the address of the server ("https://s3.example.org"), `public_endpoint` the one
    where browsers reach it, when that differs. Times are seconds. `region` must be given: without
    it the client would ask the server before every signature. Invalid arguments are a `ValueError`.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        bucket: str,
        prefix: str,
        region: str,
        access_key: str,
        secret_key: str,
        public_endpoint: str | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._bucket = bucket
        self._region = region
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        pool = make_pool(connect_seconds, read_seconds)
        impatient = make_pool(connect_seconds, min(CHECK_SECONDS, read_seconds), retries=0)
        self._pools = (pool, impatient)

        self._client = connect(endpoint, region, access_key, secret_key, pool)
        self._checking = connect(endpoint, region, access_key, secret_key, impatient)
        public = public_endpoint or endpoint
        self._signing = connect(public, region, access_key, secret_key, pool)

    def prepare(self) -> None:
        self.ensure_bucket()

    def ensure_bucket(self) -> None:
        """Make the bucket when it is missing."""
        with our_errors():
            if self._client.bucket_exists(self._bucket):
                return
            try:
                self._client.make_bucket(self._bucket, self._region)
            except S3Error as error:
                if error.code not in _THERE:  # somebody else was quicker
                    raise

    def check(self) -> None:
        with our_errors():
            there = self._checking.bucket_exists(self._bucket)
        if not there:
            raise StorageUnavailable

    def put(self, key: ObjectKey, source: BinaryIO, size: int, sha256: str) -> None:
        check_promise(key, sha256)
        if not self._keep(key, size):
            self._upload(key, source, size, sha256)

    def adopt(self, key: ObjectKey, path: Path, size: int, sha256: str) -> None:
        check_promise(key, sha256)
        if self._keep(key, size):
            return
        with our_errors():
            try:
                source = path.open("rb")
            except FileNotFoundError:
                raise ObjectMissing(path) from None
        with source:
            self._upload(key, source, size, sha256)

    def open(self, key: ObjectKey, start: int = 0, length: int | None = None) -> ObjectReader:
        check_range(start, length)
        if length == 0:  # the client takes 0 for "all"
            return self._empty(key)
        with our_errors(key):
            try:
                response = self._client.get_object(
                    self._bucket, self._name(key), offset=start, length=length or 0
                )
            except S3Error as error:
                if error.code != "InvalidRange":
                    raise
                return self._empty(key)
        reader = _ResponseReader(response)
        # A server that ignores ranges would give wrong bytes; an answer whose head was broken off
        # has no length that a short body could be held to.
        ignored = (start or length) and response.status != 206
        if ignored or "content-length" not in response.headers:
            reader.close()
            raise StorageUnavailable
        return reader

    def stat(self, key: ObjectKey) -> ObjectInfo | None:
        try:
            with our_errors(key):
                found = self._client.stat_object(self._bucket, self._name(key))
        except ObjectMissing:
            return None
        return ObjectInfo(key, found.size or 0, found.last_modified or datetime.now(UTC))

    def delete(self, key: ObjectKey) -> None:
        try:
            with our_errors(key):
                self._client.remove_object(self._bucket, self._name(key))
        except ObjectMissing:
            return

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._walk(self._prefix + checked_prefix(prefix))

    def tidy(self, older_than: timedelta) -> int:
        """Like the interface says, for up to 1,000 unfinished uploads a call.

        The client has no public function for them since its version 7.
        """
        limit = datetime.now(UTC) - older_than
        removed = 0
        with our_errors():
            found = self._client._list_multipart_uploads(self._bucket, prefix=self._prefix)
            for upload in found.uploads:
                if upload.initiated_time is None or upload.initiated_time > limit:
                    continue
                self._client._abort_multipart_upload(
                    self._bucket, upload.object_name, cast("str", upload.upload_id)
                )
                removed += 1
        return removed

    def presigned_get(
        self, key: ObjectKey, *, seconds: int, filename: str, media_type: str, attachment: bool
    ) -> str | None:
        seconds = min(max(seconds, 1), MAX_PRESIGNED_SECONDS)
        answer: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": content_disposition(filename, attachment=attachment),
            "response-content-type": media_type,
        }
        with our_errors(key):
            return self._signing.presigned_get_object(
                self._bucket, self._name(key), timedelta(seconds=seconds), response_headers=answer
            )

    def local_path(self, key: ObjectKey) -> Path | None:
        return None

    def free_bytes(self) -> int | None:
        return None

    def close(self) -> None:
        for pool in self._pools:
            pool.clear()

    def _name(self, key: ObjectKey) -> str:
        return f"{self._prefix}{key}"

    def _empty(self, key: ObjectKey) -> ObjectReader:
        if self.stat(key) is None:
            raise ObjectMissing(key)
        return io.BytesIO()

    def _keep(self, key: ObjectKey, size: int) -> bool:
        """Whether the blob is there already; if so, its time of writing is recent from now on."""
        info = self.stat(key) if key.is_blob else None
        if info is None or info.size != size:
            return False
        if datetime.now(UTC) - info.modified_at < FRESH:
            return True
        name = self._name(key)
        try:
            with our_errors(key):
                self._client.copy_object(
                    self._bucket,
                    name,
                    CopySource(self._bucket, name),
                    metadata_directive=REPLACE,
                )
        except ObjectMissing:  # collected this moment
            return False
        return True

    def _upload(self, key: ObjectKey, source: BinaryIO, size: int, sha256: str) -> None:
        checked = CheckedReader(source, size, sha256)
        reached("C8")
        if size <= PART_SIZE:
            data = checked.read(PART_SIZE)
            wanted = hashlib.md5(data, usedforsecurity=False).hexdigest()
            result = self._send(key, io.BytesIO(data), size)
            right = result.etag == wanted or (_is_opaque(result) and self._holds(key, size))
        else:
            self._send(key, cast("BinaryIO", checked), size)
            right = self._holds(key, size)
        reached("C9")
        if not right:
            self.delete(key)
            raise CorruptObject(f"the server does not hold what it was sent as {key}")
        reached("C10")

    def _send(self, key: ObjectKey, data: BinaryIO, size: int) -> ObjectWriteResult:
        with our_errors(key):
            return self._client.put_object(
                self._bucket,
                self._name(key),
                data,
                size,
                part_size=max(PART_SIZE, -(-size // _MAX_PARTS)),
                num_parallel_uploads=1,
            )

    def _holds(self, key: ObjectKey, size: int) -> bool:
        info = self.stat(key)
        return info is not None and info.size == size

    def _walk(self, prefix: str) -> Iterator[ObjectInfo]:
        with our_errors():
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                info = self._listed(found)
                if info is not None:
                    yield info

    def _listed(self, found: Object) -> ObjectInfo | None:
        try:
            key = ObjectKey.parse((found.object_name or "").removeprefix(self._prefix))
        except ValueError:  # not ours
            return None
        return ObjectInfo(key, found.size or 0, found.last_modified or datetime.now(UTC))


def _is_opaque(result: ObjectWriteResult) -> bool:
    """Whether the ETag is not the MD5 of the bytes: encryption with a managed or a sent key."""
    encryption = result.http_headers.get("x-amz-server-side-encryption", "")
    customer = result.http_headers.get("x-amz-server-side-encryption-customer-algorithm", "")
    return encryption not in {"", "AES256"} or bool(customer)
