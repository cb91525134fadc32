"""Our stylesheet, scripts and icons, and the installed front-end packages below /static/vendor."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from litestar import Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from repo_server.domain.access import Action
from repo_server.domain.errors import NotFound
from repo_server.routes.auth import requires
from repo_server.routes.bytes import matches
from repo_server.routes.errors import AnyRequest

# Only these kinds of files are served, whatever else a package installs.
_SERVED: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".gif": "image/gif",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
_NAME: Final = re.compile(r"[@A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[@A-Za-z0-9_-][A-Za-z0-9._-]*){0,8}")
_COMPRESSED: Final = frozenset({".css", ".js", ".mjs", ".svg", ".json"})

IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "public, max-age=300"
ASK: Final = "public, no-cache"
"""For scripts without their hash: modules that import each other must be of one version."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in memory: its bytes, the same compressed (where that helps), its hash."""

    body: bytes
    compressed: bytes | None
    media_type: str
    digest: str


class Assets:
    """The static files below `static`, and `vendor/…` below `packages`."""

    def __init__(self, static: Path, packages: Path) -> None:
        self._static = static
        self._packages = packages
        self.find = lru_cache(maxsize=500)(self._find)

    def _find(self, name: str) -> Asset | None:
        """The file of that name; None for what is not there or not to be served."""
        if len(name) > 300 or _NAME.fullmatch(name) is None:
            return None
        root, relative = self._static, name
        if name.startswith("vendor/"):
            root, relative = self._packages, name.removeprefix("vendor/")
        path = root / relative
        media_type = _SERVED.get(path.suffix)
        if media_type is None or not path.is_file():
            return None
        body = path.read_bytes()
        compressed = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSED else None
        return Asset(body, compressed, media_type, hashlib.sha256(body).hexdigest()[:16])

    def url(self, name: str) -> str:
        """The address of a static file, changing with its content; empty when it is missing."""
        asset = self.find(name)
        return "" if asset is None else f"/static/{name}?v={asset.digest}"


@route(
    "/static/{name:path}",
    http_method=["GET", "HEAD"],
    opt=requires(Action.READ_PUBLIC),
    sync_to_thread=False,
    include_in_schema=False,
)
def static_file(
    request: AnyRequest,
    assets: NamedDependency[Assets],
    name: FromPath[Path],
) -> Response[bytes]:
    """A static file; kept for ever by browsers that came with its hash."""
    asset = assets.find(str(name).lstrip("/"))
    if asset is None:
        raise NotFound
    versioned = request.query_params.get("v") == asset.digest
    unversioned = ASK if asset.media_type == "text/javascript" else REVALIDATE
    headers = {
        "etag": f'"{asset.digest}"',
        "cache-control": IMMUTABLE if versioned else unversioned,
        "vary": "Accept-Encoding",
    }
    if matches(request.headers.get("if-none-match"), asset.digest):
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    body = asset.body
    if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = asset.compressed, "gzip"
    headers["content-length"] = str(len(body))
    if request.method == "HEAD":
        body = b""
    return Response(body, headers=headers, media_type=asset.media_type)


handlers = (static_file,)
