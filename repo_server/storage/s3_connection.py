"""The client of an S3 server, and what its errors mean for us."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

from minio import Minio
from minio.error import MinioException, S3Error
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from repo_server.domain.errors import StorageFull, StorageUnavailable
from repo_server.storage.base import ObjectMissing

CONNECT_SECONDS: Final = 1.0
READ_SECONDS: Final = 10.0

_MISSING: Final = frozenset({"NoSuchKey", "ResourceNotFound"})
_FULL: Final = frozenset(
    {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
)

# ParseError and ValueError: something that is not an S3 server answered.
_VENDOR_ERRORS: Final = (MinioException, HTTPError, OSError, ParseError, ValueError)


@contextmanager
def our_errors(what: object = "") -> Iterator[None]:
    """Turn whatever the client, the network and foreign answers raise into errors of ours."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise ObjectMissing(what) from None
        if error.code in _FULL or error.response.status == 507:
            raise StorageFull from error
        raise StorageUnavailable from error
    except _VENDOR_ERRORS as error:
        raise StorageUnavailable from error


def connect(
    address: str, region: str, access_key: str, secret_key: str, pool: PoolManager
) -> Minio:
    """A client of the server at `address` ("https://s3.example.org"); nothing is asked yet."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
        raise ValueError(f"not the address of an S3 server: {address!r}")
    return Minio(
        parts.netloc,
        access_key,
        secret_key,
        secure=parts.scheme == "https",
        region=region,
        http_client=pool,
    )
