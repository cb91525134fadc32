"""The edge: what every request passes on its way in and every answer on its way out.

`Boundary` wraps the whole application, so that static files, unknown addresses and errors are
inside. It refuses what no handler could read, refuses what another site made a browser send,
gives each request an id, and puts the security headers on each answer. `CarefulRequest` reads
bodies; `configure` and `enclose` put all of it in place.
"""

import asyncio
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from string import printable
from typing import Any, Final
from urllib.parse import parse_qsl, quote_from_bytes, unquote_to_bytes, urlsplit

import structlog
from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType, ScopeType
from litestar.exceptions import SerializationException, ValidationException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from msgspec import ValidationError, convert

from repo_server.domain.errors import BadRequest, ClientSilent, CrossSite, KhoError
from repo_server.domain.wording import VIETNAMESE, Translations, speaking
from repo_server.routes.errors import error_response, speaks_english

PATH_LIMIT: Final = 2_000
SEGMENT_LIMIT: Final = 255
"""Bytes of one part of a path: file systems take no longer name."""
QUERY_LIMIT: Final = 8_000
PARAMETERS_LIMIT: Final = 400
LARGEST: Final = 2**63 - 1
"""No number that a database column holds is larger."""

FREE_TEXT: Final = frozenset({"q"})
"""Query parameters that a person types: a long row of digits is a text there."""

OWN_HEAD: Final = re.compile(r"/api/files/|/api/uploads/|/static/|/api/materials/\d+/zip$")
"""Where handlers answer HEAD themselves, without the work for a body that nobody gets."""

OVERRIDABLE: Final = "/api/uploads/"
"""Where a client that can only POST says in X-HTTP-Method-Override what it means (tus)."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

DRAINED: Final = 64 << 20
"""Bytes of an unread body that are let in before an early answer: a client that is still sending
would otherwise see a broken connection instead of the reason."""
DRAINED_SECONDS: Final = 5.0
_SILENT: Final = ClientSilent().status
"""Nothing is to be expected of who has fallen silent."""

_PERMISSIONS: Final = ("camera", "geolocation", "microphone", "payment", "usb")
_TWO_YEARS: Final = 2 * 365 * 24 * 3600

_LONG_NUMBER: Final = re.compile(rb"\d{19}")
_NUMBER: Final = re.compile(r"[-+]?\d{19,}")
# The escape of NUL in JSON, not preceded by a backslash that is itself escaped.
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How the outside reaches us; `app.state.http`.

    `secure`: browsers use https. `trusted_proxies`: addresses and networks whose X-Forwarded-For
    is believed. `origins`: our own ("https://kho.example.vn"); without any, the Host header of a
    request is. `media_origins`: where presigned addresses of files lead. `upload_timeout`: seconds
    without a byte after which the connection of an upload is given up. `upload_parallel`: files
    that a browser sends at the same time.
    """

    secure: bool = False
    trusted_proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    media_origins: tuple[str, ...] = ()
    upload_timeout: float = 60.0
    upload_parallel: int = 2

    @property
    def cookie_name(self) -> str:
        """The session's cookie; `__Host-` binds it to this very host, but needs https."""
        return "__Host-kho" if self.secure else "kho"


def configure(config: AppConfig) -> AppConfig:
    """For Litestar's `on_app_init`: our request, our errors, the guard on numbers in paths."""
    config.request_class = CarefulRequest
    config.exception_handlers[Exception] = error_response
    config.guards.append(refuse_long_numbers)
    return config


def enclose(app: Litestar, http: HttpSettings, english: Translations = VIETNAMESE) -> None:
    """Put the boundary around the application; the application's state keeps `http`.

    `english` are the names that those read who ask for English.
    """
    app.state.http = http
    app.asgi_handler = Boundary(app.asgi_handler, http, english)


class Boundary:
    """ASGI middleware around everything."""

    def __init__(
        self, app: ASGIApp, http: HttpSettings, english: Translations = VIETNAMESE
    ) -> None:
        self._app = app
        self._http = http
        self._english = english
        self._headers = security_headers(http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        # A dictionary of this request alone, whatever the server shares between requests.
        scope["state"] = {**scope["state"], "request_id": request_id}
        body = _Body(receive, scope)
        answer = self._answering(send, body, request_id.encode())
        if scope["method"] == "HEAD" and not OWN_HEAD.match(scope["path"]):
            scope["method"], answer = "GET", _without_body(answer)
        elif scope["method"] == "POST" and scope["path"].startswith(OVERRIDABLE):
            scope["method"] = meant_method(scope)
        names = self._english if speaks_english(scope) else VIETNAMESE
        with structlog.contextvars.bound_contextvars(request_id=request_id), speaking(names):
            try:
                self._check(scope)
            except KhoError as error:
                request: Request[Any, Any, Any] = Request(scope, body.receive, answer)
                response = error_response(request, error)
                await response.to_asgi_response(None, request)(scope, body.receive, answer)
                return
            await self._app(scope, body.receive, answer)

    def _check(self, scope: HTTPScope) -> None:
        refuse_unreadable(scope)
        if scope["method"] not in SAFE_METHODS:
            headers = dict(scope["headers"])
            refuse_cross_site(headers, self._http)
            refuse_multipart(headers)

    def _answering(self, send: Send, body: "_Body", request_id: bytes) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] != _SILENT:
                    await body.drain()
                message["headers"] = self._completed(message.get("headers", ()), request_id)
            await send(message)

        return answer

    def _completed(
        self, given: Iterable[tuple[bytes, bytes]], request_id: bytes
    ) -> list[tuple[bytes, bytes]]:
        kept = [(name.lower(), value) for name, value in given]
        names = {name for name, _ in kept}
        kept += [pair for pair in self._headers if pair[0] not in names]
        kept.append((b"x-request-id", request_id))
        return kept


def meant_method(scope: HTTPScope) -> Any:
    """PATCH or DELETE where a POST says that it means these."""
    said = dict(scope["headers"]).get(b"x-http-method-override", b"").upper()
    return said.decode() if said in (b"PATCH", b"DELETE") else scope["method"]


def _without_body(send: Send) -> Send:
    """For HEAD where a handler answers GET alone: the same headers (RFC 9110 §9.3.2), no body."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return answer


class _Body:
    """A request's body as it comes in, and whether any of it is still to come."""

    def __init__(self, receive: Receive, scope: HTTPScope) -> None:
        self._receive = receive
        self._unread = False
        for name, value in scope["headers"]:
            if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
                self._unread = True
            elif name == b"expect":
                # The client waits to be asked for the body: asking only to drop it helps nobody.
                self._unread = False
                break

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._unread = False
        return message

    async def drain(self) -> None:
        """Let the rest of the body in, within bounds."""
        if not self._unread:
            return
        left = DRAINED
        try:
            async with asyncio.timeout(DRAINED_SECONDS):
                while self._unread and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            self._unread = False


class CarefulRequest(Request[Any, Any, Any]):
    """A request whose JSON and form bodies hold only what every database can keep.

    Raises BadRequest for bad UTF-8, NUL characters, numbers beyond 64 bits, nesting too deep to
    read and text that is no JSON; ValidationException for JSON of another shape or type.
    """

    async def body(self) -> bytes:
        body = await super().body()
        if self.content_type[0] == RequestEncodingType.URL_ENCODED:
            refuse_bad_form(body)
        return body

    async def json(self) -> Any:
        body = await self.body()
        if b"\x00" in body or _ESCAPED_NUL.search(body):
            raise BadRequest(reason="NUL")
        try:
            value = await super().json()
        except (SerializationException, UnicodeDecodeError, RecursionError):
            raise BadRequest(reason="JSON") from None
        if _LONG_NUMBER.search(body) and _has_long_number(value):
            raise BadRequest(reason="number")
        # The framework reads bodies as leniently as query strings, where everything is a text.
        declared = self.route_handler.parsed_data_field
        return value if declared is None else as_declared(value, declared.annotation)


def as_declared(value: Any, declared: Any) -> Any:
    """JSON as a value of the type `declared`, to the letter: "5" is no number.

    Raises ValidationException.
    """
    try:
        return convert(value, declared, strict=True, str_keys=True)
    except ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        wrong = {"message": said, "key": place.strip("`").removeprefix("$").lstrip(".")}
        raise ValidationException(extra=[{**wrong, "source": "body"}]) from None


async def refuse_long_numbers(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Guard: BadRequest for a number in the path that no column could hold."""
    for value in connection.path_params.values():
        if isinstance(value, int) and abs(value) > LARGEST:
            raise BadRequest(reason="number")


def refuse_unreadable(scope: HTTPScope) -> None:
    """BadRequest for an address that is too long, holds NUL or other controls, or bad UTF-8."""
    path, query = scope["path"], scope["query_string"]
    # Servers decode a path leniently and leave U+FFFD where it was no UTF-8.
    if not (path.isascii() and path.isprintable()) and (
        "\ufffd" in path or any(_is_control(letter) for letter in path)
    ):
        raise BadRequest(reason="path")
    if len(path) > SEGMENT_LIMIT // 4:
        _refuse_long_path(path.encode())
    if query:
        scope["query_string"] = _readable_query(query)


def _refuse_long_path(path: bytes) -> None:
    if len(path) > PATH_LIMIT or any(len(part) > SEGMENT_LIMIT for part in path.split(b"/")):
        raise BadRequest(reason="path")


def _is_control(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter < "\xa0" or "\ud800" <= letter <= "\udfff"


def _readable_query(query: bytes) -> bytes:
    if len(query) > QUERY_LIMIT or query.count(b"&") >= PARAMETERS_LIMIT:
        raise BadRequest(reason="query")
    if not query.isascii():
        # curl sends letters as they are; the framework would take each byte for a letter.
        query = quote_from_bytes(query, safe=printable).encode()
    if b"%" in query or b"\x00" in query:
        _refuse_bad_text(unquote_to_bytes(query))
    if _LONG_NUMBER.search(unquote_to_bytes(query)):
        for name, value in parse_qsl(query.decode("ascii"), keep_blank_values=True):
            if name not in FREE_TEXT and _is_long_number(value):
                raise BadRequest(reason="number")
    return query


def refuse_bad_form(body: bytes) -> None:
    """BadRequest for a urlencoded body with bad UTF-8, bytes that are not encoded, or NUL."""
    if not body.isascii() or body.count(b"&") >= PARAMETERS_LIMIT:
        raise BadRequest(reason="form")
    _refuse_bad_text(unquote_to_bytes(body))


def _refuse_bad_text(text: bytes) -> None:
    if b"\x00" in text:
        raise BadRequest(reason="NUL")
    try:
        text.decode()
    except UnicodeDecodeError:
        raise BadRequest(reason="UTF-8") from None


def _is_long_number(text: str) -> bool:
    # The length first: Python refuses to read a number of some thousand digits.
    text = text.strip()
    return _NUMBER.fullmatch(text) is not None and (len(text) > 40 or abs(int(text)) > LARGEST)


def _has_long_number(value: Any) -> bool:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, int) and abs(value) > LARGEST:
            return True
    return False


def refuse_multipart(headers: dict[bytes, bytes]) -> None:
    """BadRequest: files come as raw bodies, forms urlencoded.

    A text field of 300 MB inside multipart costs twice its size in memory, and its parts choose
    their own character sets.
    """
    if headers.get(b"content-type", b"").lstrip().lower().startswith(b"multipart/"):
        raise BadRequest(reason="multipart")


def refuse_cross_site(headers: dict[bytes, bytes], http: HttpSettings) -> None:
    """CrossSite unless a state-changing request comes from our own pages or from no browser.

    A bearer token is never sent by a browser on its own, so it needs no further proof. Browsers
    say where a request comes from in Sec-Fetch-Site, older ones in Origin or Referer; a request
    that says nothing passes only without a session's cookie.
    """
    if is_bearer(headers.get(b"authorization", b"")):
        return
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site not in {b"same-origin", b"none"}:
            raise CrossSite
        return
    source = headers.get(b"origin") or headers.get(b"referer")
    if source is None:
        if f"{http.cookie_name}=".encode() in headers.get(b"cookie", b""):
            raise CrossSite
    elif not _is_own(source.decode("latin-1"), headers.get(b"host", b""), http):
        raise CrossSite


def is_bearer(authorization: bytes) -> bool:
    """Whether an Authorization header carries a bearer token."""
    return authorization[:7].lower() == b"bearer "


def _is_own(source: str, host: bytes, http: HttpSettings) -> bool:
    try:
        parts = urlsplit(source)
    except ValueError:
        return False
    if http.origins:
        return f"{parts.scheme}://{parts.netloc}" in http.origins
    return bool(host) and parts.netloc == host.decode("latin-1")


def page_policy(http: HttpSettings, frames: str = "") -> str:
    """The policy of a page of ours; `frames`: the one origin that it may show in a frame."""
    media = "".join(f" {origin}" for origin in http.media_origins)
    framed = f"frame-src {frames}; " if frames else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob:{media}; media-src 'self' blob:{media}; font-src 'self'; "
        f"connect-src 'self'{media}; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        f"{framed}frame-ancestors 'none'"
    )


def security_headers(http: HttpSettings) -> tuple[tuple[bytes, bytes], ...]:
    """What every answer carries unless its route has set the same header itself."""
    headers = {
        "content-security-policy": page_policy(http),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": ", ".join(f"{feature}=()" for feature in _PERMISSIONS),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        # The server adds its own name and version where this header is missing.
        "server": "",
    }
    if http.secure:
        headers["strict-transport-security"] = f"max-age={_TWO_YEARS}; includeSubDomains"
    return tuple((name.encode(), value.encode()) for name, value in headers.items())
