"""Which store an address means, and where uploads wait beside it."""

import re
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from repo_server.domain.errors import InvalidValue
from repo_server.storage.base import ObjectStorage
from repo_server.storage.local import LocalStorage
from repo_server.storage.local_staging import LocalStaging
from repo_server.storage.staging import StagingArea, Turn

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}/)*")
_ENDPOINT: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+/?")


@dataclass(frozen=True, slots=True)
class S3Options:
    """What an S3 server asks for beside the bucket.

    `public_endpoint` is the address where browsers reach the server, when it is not `endpoint`.
    """

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    public_endpoint: str | None = None


def open_storage(url: str, *, s3: S3Options | None = None) -> ObjectStorage:
    """The store at ``file:///folder``, at a folder's path, or at ``s3://bucket/prefix``.

    Nothing is asked of the store yet: it may be down (call `prepare` or `check`). An address or
    option that cannot be right is an `InvalidValue` whose `field` names the setting.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return LocalStorage(_folder(url))
    if scheme == "file":
        parts = urlsplit(url)
        if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
            raise InvalidValue("KHO_STORAGE_URL", "cần dạng file:///đường/dẫn.")
        return LocalStorage(_folder(unquote(parts.path)))
    if scheme == "s3":
        return _open_s3(rest, s3)
    raise InvalidValue("KHO_STORAGE_URL", "cần một thư mục, file:///… hoặc s3://….")


def open_staging(url: str, *, folder: Path, turn: Turn, s3: S3Options | None = None) -> StagingArea:
    """Where uploads wait for the store at `url`: in `folder`, or in the bucket beside the objects.

    With a bucket every machine finds them, and `folder` holds only what is worked on here. `turn`
    lets one process at a time append to an upload. Raises what `open_storage` raises.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme != "s3":
        return LocalStaging(folder)
    bucket, prefix, options = _bucket(rest, s3)
    # Loaded when it is wanted, as below.
    staging: StagingArea = import_module("repo_server.storage.s3_staging").S3Staging(
        endpoint=options.endpoint,
        bucket=bucket,
        prefix=prefix,
        region=options.region,
        access_key=options.access_key,
        secret_key=options.secret_key,
        folder=folder,
        turn=turn,
    )
    return staging


def _folder(text: str) -> Path:
    if not text or "\0" in text:
        raise InvalidValue("KHO_STORAGE_URL", "thiếu tên thư mục.")
    return Path(text).absolute()


def _bucket(rest: str, options: S3Options | None) -> tuple[str, str, S3Options]:
    """Bucket, prefix and options, checked."""
    bucket, _, prefix = rest.partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    if not _BUCKET.fullmatch(bucket) or ".." in rest or not _PREFIX.fullmatch(prefix):
        raise InvalidValue(
            "KHO_STORAGE_URL", "cần dạng s3://bucket/tiền-tố, chỉ gồm chữ cái không dấu và chữ số."
        )
    if options is None:
        raise InvalidValue("KHO_S3_ENDPOINT", "kho S3 cần địa chỉ máy chủ, vùng và khóa.")
    _check_options(options)
    return bucket, prefix, options


def _open_s3(rest: str, given: S3Options | None) -> ObjectStorage:
    bucket, prefix, options = _bucket(rest, given)
    # Loaded when it is wanted: a library in a folder starts without the client of S3.
    storage: ObjectStorage = import_module("repo_server.storage.s3").S3Storage(
        endpoint=options.endpoint,
        bucket=bucket,
        prefix=prefix,
        region=options.region,
        access_key=options.access_key,
        secret_key=options.secret_key,
        public_endpoint=options.public_endpoint,
    )
    return storage


def _check_options(options: S3Options) -> None:
    if not _ENDPOINT.fullmatch(options.endpoint):
        raise InvalidValue("KHO_S3_ENDPOINT", "cần dạng https://máy-chủ[:cổng].")
    if options.public_endpoint and not _ENDPOINT.fullmatch(options.public_endpoint):
        raise InvalidValue("KHO_S3_PUBLIC_ENDPOINT", "cần dạng https://máy-chủ[:cổng].")
    if not options.region:
        raise InvalidValue("KHO_S3_REGION", "thiếu tên vùng (thường là us-east-1).")
    if not options.access_key or not options.secret_key:
        raise InvalidValue("KHO_S3_ACCESS_KEY", "thiếu khóa truy cập hoặc khóa bí mật.")
