"""The application behind the second origin, and the fork in the road before both.

It knows no session, sets no cookie and reads none. It answers GET and HEAD of three kinds of
addresses: `/<pass>/` is the player of a package, `/<pass>/goi/<name>` a member of it, and
`/trinh-phat/<name>` a program of the players. The site itself answers none of them.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog
from anyio import to_thread
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from repo_server.domain.errors import BadRequest, KhoError, NotFound
from repo_server.domain.players import MEDIA, member_type
from repo_server.routes.boundary import refuse_unreadable
from repo_server.routes.bytes import Span, matches, send_nothing_new, send_pieces, wanted_span
from repo_server.routes.pages.rendering import Pages
from repo_server.routes.second_origin.headers import (
    ASSETS,
    MEMBERS,
    common_headers,
    member_policy,
    plain_policy,
    player_policy,
)
from repo_server.routes.second_origin.origins import Origins
from repo_server.routes.statics import IMMUTABLE, Assets
from repo_server.services import packages
from repo_server.services.content_links import ContentLinks
from repo_server.services.library import Library
from repo_server.services.packages import Member, Package

SEEKABLE: Final = 64 << 20
"""Unpacked bytes of a packed member up to which parts of it are sent: to find a part, all that lies
before it is unpacked."""

PLAYER_FILES: Final = ("player/", "vendor/scorm-again/dist/", "vendor/h5p-standalone/dist/")

_KEPT: Final = "private, max-age=300"
_NOT_KEPT: Final = "no-store"
_RUNTIMES: Final = {
    "scorm12": "vendor/scorm-again/dist/scorm12.min.js",
    "scorm2004": "vendor/scorm-again/dist/scorm2004.min.js",
    "h5p": "vendor/h5p-standalone/dist/main.bundle.js",
}

log = structlog.get_logger()


def set_apart(app: Litestar, origins: Origins, content: "ContentApplication") -> None:
    """Let the second origin be answered by `content`; the application's state keeps the origins."""
    app.state.origins = origins
    site = app.asgi_handler

    async def fork(scope: Scope, receive: Receive, send: Send) -> None:
        apart = scope["type"] == ScopeType.HTTP and origins.is_content(host_of(scope))
        await (content if apart else site)(scope, receive, send)

    app.asgi_handler = fork


def host_of(scope: HTTPScope) -> str:
    """The Host header, "" where there is none."""
    return dict(scope["headers"]).get(b"host", b"").decode("latin-1")


class ContentApplication:
    """ASGI application of the second origin."""

    def __init__(
        self,
        library: Library,
        origins: Origins,
        links: ContentLinks,
        pages: Pages,
        assets: Assets,
        *,
        secure: bool,
    ) -> None:
        self._library = library
        self._origins = origins
        self._links = links
        self._pages = pages
        self._assets = assets
        self._common = common_headers(secure=secure)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        scope["state"] = {**scope.get("state", {}), "request_id": secrets.token_hex(8)}
        scope["path_template"] = "second origin"
        answer = await to_thread.run_sync(self._answer, scope)
        await answer(scope, receive, send)

    def _answer(self, scope: HTTPScope) -> ASGIApp:
        headers = {
            name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            refuse_unreadable(scope)
            return self._found(scope, headers)
        except KhoError as error:
            return self._refusal(scope, headers, error)
        except Exception:
            log.exception("the second origin failed")
            return self._refusal(scope, headers, KhoError())

    def _found(self, scope: HTTPScope, headers: Mapping[str, str]) -> ASGIApp:
        if scope["method"] not in ("GET", "HEAD"):
            return self._sentence(scope, headers, 405, "play.gone", {"allow": "GET, HEAD"})
        if headers.get("service-worker"):
            # A worker would outlive the page, and see what other packages load.
            return self._sentence(scope, headers, 403, "play.gone")
        first, _, rest = scope["path"].removeprefix("/").partition("/")
        if first == ASSETS:
            return self._asset(scope, headers, rest)
        text = first
        given = self._links.read(text, time.time())
        if given is None:
            raise NotFound
        if headers.get("sec-fetch-dest") == "document":
            # Nobody is to be led here by a link: the page would look like one of the site.
            return self._sentence(scope, headers, 403, "play.only_inside")
        viewer = packages.viewer_of_pass(self._library, given.account_id)
        package = packages.open_package(self._library, viewer, given.file_id)
        folder, slash, name = rest.partition("/")
        if not rest:
            return self._player(scope, headers, text, package)
        if folder != MEMBERS or not slash:
            raise NotFound
        return self._member(scope, headers, text, package, packages.member(package, name))

    def _asset(self, scope: HTTPScope, headers: Mapping[str, str], name: str) -> ASGIApp:
        asset = self._assets.find(name) if name.startswith(PLAYER_FILES) else None
        if asset is None:
            raise NotFound
        facts = self._common | {
            "content-type": asset.media_type,
            "etag": f'"{asset.digest}"',
            "cache-control": IMMUTABLE if scope["query_string"] else _KEPT,
            "content-security-policy": plain_policy(self._framers(headers)),
            "vary": "Accept-Encoding",
        }
        body = asset.body
        if asset.compressed and _takes_gzip(headers):
            body, facts["content-encoding"] = asset.compressed, "gzip"
        return send_pieces(iter((body,)), facts, len(body), None, scope["method"])

    def _member(
        self,
        scope: HTTPScope,
        headers: Mapping[str, str],
        text: str,
        package: Package,
        member: Member,
    ) -> ASGIApp:
        media_type = member_type(member.name)
        written = "; charset=utf-8" if member.is_utf8 and media_type.startswith("text/") else ""
        facts = self._common | {
            "content-type": media_type if ";" in media_type else media_type + written,
            "content-security-policy": member_policy(self._origin(headers), text, package.player),
            "cache-control": _KEPT,
            "vary": "Accept-Encoding",
        }
        packed = member.packed is not None and not media_type.startswith(MEDIA)
        zipped = packed and "range" not in headers and _takes_gzip(headers)
        etag = f"{member.etag}-gzip" if zipped else member.etag
        facts["etag"] = f'"{etag}"'
        if matches(headers.get("if-none-match"), etag):
            return send_nothing_new(facts)
        if zipped and member.packed is not None:
            facts["content-encoding"] = "gzip"
            return send_pieces(member.gzip(), facts, member.packed, None, scope["method"])
        seekable = member.packed is None or member.size <= SEEKABLE
        span = wanted_span(headers, etag, member.size) if seekable else None
        pieces = _part(member, span)
        return send_pieces(pieces, facts, member.size, span, scope["method"])

    def _player(
        self, scope: HTTPScope, headers: Mapping[str, str], text: str, package: Package
    ) -> ASGIApp:
        player = package.player
        played = packages.played(self._library, package)
        runtime = _RUNTIMES.get(player.runtime, "")
        problem = played.problem or ("no_runtime" if runtime and not self._url(runtime) else "")
        page = self._pages.bare(
            _language(scope),
            "players/package.html",
            asset=self._url,
            player=player,
            played=played,
            problem=problem,
            runtime=runtime,
            base=f"/{text}/{MEMBERS}/",
        ).encode()
        policy = player_policy(self._origin(headers), self._framers(headers), text, player)
        facts = self._common | {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": policy,
            "cache-control": _NOT_KEPT,
        }
        if player.shares_origin:
            # What another package, or another reader of this machine, has left here.
            facts["clear-site-data"] = '"storage"'
        return send_pieces(iter((page,)), facts, len(page), None, scope["method"])

    def _url(self, name: str) -> str:
        asset = self._assets.find(name)
        return f"/{ASSETS}/{name}?v={asset.digest}" if asset else ""

    def _refusal(self, scope: HTTPScope, headers: Mapping[str, str], error: KhoError) -> ASGIApp:
        if isinstance(error, NotFound | BadRequest):
            return self._sentence(scope, headers, error.status, "play.gone")
        if error.status == 416:
            size = error.details.get("size", 0)
            more = {"content-range": f"bytes */{size}"}
            return self._sentence(scope, headers, 416, "play.gone", more)
        more = {"retry-after": "5"} if error.status == 503 else {}
        return self._sentence(scope, headers, error.status, "play.failed", more)

    def _sentence(
        self,
        scope: HTTPScope,
        headers: Mapping[str, str],
        status: int,
        key: str,
        more: Mapping[str, str] | None = None,
    ) -> ASGIApp:
        page = self._pages.bare(_language(scope), "players/sentence.html", key=key).encode()
        facts = self._common | {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": plain_policy(self._framers(headers)),
            "cache-control": _NOT_KEPT,
            **(more or {}),
        }
        pieces = iter((page,))
        return send_pieces(pieces, facts, len(page), None, scope["method"], status=status)

    def _origin(self, headers: Mapping[str, str]) -> str:
        return self._origins.at(headers.get("host", ""))

    def _framers(self, headers: Mapping[str, str]) -> str:
        return self._origins.framers(headers.get("host", ""))


def _part(member: Member, span: Span | None) -> Iterator[bytes]:
    """The bytes of the span, or all."""
    if span is None:
        yield from member.chunks()
        return
    first, last = span
    left = last - first + 1
    for piece in member.chunks(first):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _takes_gzip(headers: Mapping[str, str]) -> bool:
    return "gzip" in headers.get("accept-encoding", "")


def _language(scope: HTTPScope) -> str:
    return "en" if scope["query_string"] == b"lang=en" else "vi"
