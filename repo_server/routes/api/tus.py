"""The words of tus 1.0.0: what its headers say, and what our answers say in them.

https://tus.io/protocols/resumable-upload, the core with the extensions in `EXTENSIONS`. Nothing is
uploaded here; `routes.api.uploads` does that.
"""

import base64
import binascii
import re
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from litestar.datastructures import Headers
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from repo_server.domain.errors import (
    InvalidValue,
    UnsupportedMediaType,
    UnsupportedTusVersion,
)
from repo_server.routes.auth import AnyConnection
from repo_server.routes.errors import AnyRequest
from repo_server.services.checksums import ALGORITHMS, Checksum

VERSION: Final = "1.0.0"
EXTENSIONS: Final = ("creation", "creation-with-upload", "expiration", "termination", "checksum")
STREAM: Final = "application/offset+octet-stream"

METADATA_LIMIT: Final = 4_000
"""Characters of the header Upload-Metadata."""
PAIRS_LIMIT: Final = 20
PATH_LIMIT: Final = 1_000
BEYOND: Final = 2**53

_KEY: Final = re.compile(r"[!-+\--~]{1,60}")  # visible ASCII without the comma
_LENGTH: Final = re.compile(r"\d{1,16}")
_NAMES: Final = ("filename", "name")
_DIGEST_SIZES: Final = {"sha1": 20, "sha256": 32, "md5": 16}


def is_spoken(request: AnyRequest) -> bool:
    """Whether the client speaks tus, and not our JSON at the same address."""
    return "tus-resumable" in request.headers


async def refuse_other_versions(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard: UnsupportedTusVersion for a client of another version; nothing is done for it."""
    if connection.headers.get("tus-resumable", VERSION) != VERSION:
        raise UnsupportedTusVersion(version=VERSION)


def tell_version(app: ASGIApp) -> ASGIApp:
    """Middleware: every answer says the version, a refusal of another one says which there are."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(b"tus-resumable", VERSION.encode())]
                if message["status"] == UnsupportedTusVersion(version=VERSION).status:
                    own.append((b"tus-version", VERSION.encode()))
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        await app(scope, receive, answer)

    return told


def abilities(largest: int) -> dict[str, str]:
    """The headers that answer OPTIONS; `largest` is the size in bytes of the largest file."""
    return {
        "tus-version": VERSION,
        "tus-extension": ",".join(EXTENSIONS),
        "tus-max-size": str(largest),
        "tus-checksum-algorithm": ",".join(ALGORITHMS),
        "cache-control": "no-store",
    }


def expiry(at: datetime | None) -> dict[str, str]:
    """The header that says until when an unfinished upload is kept."""
    return {} if at is None else {"upload-expires": format_datetime(at, usegmt=True)}


def require_stream(headers: Headers) -> None:
    """UnsupportedMediaType unless the body is what tus says that it must be."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != STREAM:
        raise UnsupportedMediaType(wanted=STREAM)


def declared(headers: Headers) -> dict[str, object]:
    """What a creation request says, under the names of our JSON declaration, values unbounded.

    Raises InvalidValue. Keys of Upload-Metadata that are not ours are let pass.
    """
    for name in ("upload-defer-length", "upload-concat"):
        if name in headers:
            raise InvalidValue(name.title(), "máy chủ không hỗ trợ phần mở rộng này.")
    length = headers.get("upload-length", "")
    if _LENGTH.fullmatch(length) is None:
        raise InvalidValue("Upload-Length", "cần kích thước của tệp, là số byte.")
    pairs = read_metadata(headers.get("upload-metadata", ""))
    # Whatever is beyond any file: the answer is "too large", not "no number".
    said: dict[str, object] = {"name": _name(pairs), "size": min(int(length), BEYOND)}
    for key in ("sha256", "role"):
        if pairs.get(key):
            said[key] = _text(key, pairs[key])
    if pairs.get("material"):
        said["material"] = _number("material", pairs["material"])
    return said


def read_metadata(header: str) -> dict[str, bytes]:
    """The pairs of Upload-Metadata; InvalidValue for what is not written as tus wants it."""
    if len(header) > METADATA_LIMIT or header.count(",") >= PAIRS_LIMIT:
        raise InvalidValue("Upload-Metadata", f"dài tối đa {METADATA_LIMIT} kí tự.")
    found: dict[str, bytes] = {}
    for pair in filter(None, header.strip().split(",")):
        key, _, value = pair.strip().partition(" ")
        if _KEY.fullmatch(key) is None or key in found:
            raise InvalidValue("Upload-Metadata", "mỗi khoá phải có tên riêng, chữ không dấu.")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidValue(
                "Upload-Metadata", f"giá trị của “{key}” không đúng base64."
            ) from None
    return found


def read_checksum(header: str | None) -> Checksum | None:
    """The header Upload-Checksum; InvalidValue for another algorithm or a digest that is none."""
    if header is None:
        return None
    algorithm, _, digest = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise InvalidValue("Upload-Checksum", f"cần một trong: {', '.join(ALGORITHMS)}.")
    try:
        found = base64.b64decode(digest.strip(), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != _DIGEST_SIZES[algorithm]:
        raise InvalidValue("Upload-Checksum", "mã kiểm tra không đúng độ dài hoặc base64.")
    return Checksum(algorithm, found)


def _name(pairs: dict[str, bytes]) -> str:
    """The file's own name: what it is called, or the end of its path in a dropped folder."""
    path = _path(pairs.get("relativePath", b""))
    for key in _NAMES:
        if pairs.get(key):
            return _text(key, pairs[key])
    if not path:
        raise InvalidValue("Upload-Metadata", "thiếu tên tệp (filename).")
    return path.rpartition("/")[2]


def _path(value: bytes) -> str:
    path = _text("relativePath", value)
    parts = path.split("/")
    inside = not path.startswith("/") and "\\" not in path and ".." not in parts
    if path and (len(path) > PATH_LIMIT or not inside or not parts[-1]):
        raise InvalidValue("relativePath", "phải là đường dẫn bên trong thư mục được gửi.")
    return path


def _text(key: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise InvalidValue(key, "không phải chữ UTF-8.") from None
    if "\0" in text:
        raise InvalidValue(key, "chứa kí tự không dùng được.")
    return text


def _number(key: str, value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise InvalidValue(key, "phải là một số.")
    return int(value)
