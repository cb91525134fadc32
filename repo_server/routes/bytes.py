"""Sending stored bytes: ranges, validators and safe headers.

The framework's own file responses know no ranges. Rules: RFC 9110 §13 (conditional requests) and
§14 (one byte range; several are answered with the whole, as the RFC allows).
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from anyio import CancelScope, to_thread
from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from repo_server.domain.errors import RangeNotSatisfiable
from repo_server.storage.base import ObjectKey, ObjectReader, ObjectStorage
from repo_server.storage.disposition import content_disposition

PIECE: Final = 256 << 10
LARGEST_PIECE: Final = 2 << 20
"""Bytes read at once: hundreds of slow phones must not cost hundreds of megabytes."""
QUICK: Final = 0.05
"""Seconds within which a piece is gone when whoever gets it is quick."""

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

SANDBOX: Final = "default-src 'none'; sandbox"
"""Policy for bytes that a stranger sent: whatever they are, they run nothing."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to be sent. `etag` without quotes; `filename` is what a browser saves it as.

    `whole` gives all of them, checked, where they are few; without it they are streamed unchecked.
    """

    key: ObjectKey
    size: int
    etag: str
    media_type: str
    cache: str
    filename: str | None = None
    attachment: bool = False
    whole: Callable[[], bytes] | None = None


Span = tuple[int, int]
"""The first and the last byte of a part."""


def byte_range(header: str | None, size: int) -> Span | None:
    """(first, last) byte asked for; None for everything or for a header to be ignored.

    Raises RangeNotSatisfiable when the range begins beyond the end.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    start, end = match.groups()
    if not start:
        if int(end) == 0:
            raise RangeNotSatisfiable(size=size)
        return max(0, size - int(end)), size - 1
    if end and int(end) < int(start):
        return None
    if int(start) >= size:
        raise RangeNotSatisfiable(size=size)
    return int(start), min(int(end), size - 1) if end else size - 1


def matches(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names this `etag`."""
    if header is None:
        return False
    named = {part.strip().removeprefix("W/").strip('"') for part in header.split(",")}
    return etag in named or "*" in named


def unless_known(
    headers: Mapping[str, str], body: bytes, media_type: str, **more: str
) -> Response[bytes]:
    """An answer made for this request, or 304 to (lower-case) `headers` that name the same bytes.

    `more` are headers of both, with underscores for hyphens.
    """
    etag = hashlib.sha256(body).hexdigest()[:32]
    sent = {"etag": f'"{etag}"'} | {name.replace("_", "-"): value for name, value in more.items()}
    if matches(headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=sent, media_type=media_type)
    return Response(body, headers=sent, media_type=media_type)


def send_content(
    storage: ObjectStorage, content: Content, headers: Mapping[str, str], method: str
) -> ASGIApp:
    """The answer to a request with these (lower-case) `headers`. Opens the object before answering.

    Raises ObjectMissing, StorageUnavailable, RangeNotSatisfiable, and what `content.whole` raises:
    nothing has been sent then.
    """
    if matches(headers.get("if-none-match"), content.etag):
        return _answer(304, _validators(content))
    span = wanted_span(headers, content.etag, content.size)
    status, response_headers = _part(_facts(content), content.size, span)
    if method == "HEAD":
        return _answer(status, response_headers)
    start, last = span or (0, content.size - 1)
    if content.whole is not None:
        data = memoryview(content.whole())[start : last + 1]
        return _answer(status, response_headers, _from_memory(data))
    path = storage.local_path(content.key) if span is None else None
    if path is not None:
        return _answer(status, response_headers, _from_path(path))
    reader = storage.open(content.key, start, last - start + 1)
    return _closing(reader, _answer(status, response_headers, _from_reader(reader)))


def _validators(content: Content) -> dict[str, str]:
    return {"etag": f'"{content.etag}"', "cache-control": content.cache, "vary": "Cookie"}


def wanted_span(headers: Mapping[str, str], etag: str, size: int) -> Span | None:
    """The bytes that Range asks for; None for all, also where If-Range names another version.

    Raises RangeNotSatisfiable.
    """
    if headers.get("if-range", f'"{etag}"') != f'"{etag}"' or not size:
        return None
    return byte_range(headers.get("range"), size)


def begins(headers: Mapping[str, str]) -> bool:
    """Whether the first byte is asked for: who seeks, or goes on, still has one download."""
    return headers.get("range", "bytes=0-").startswith("bytes=0-")


def _part(facts: Mapping[str, str], size: int, span: Span | None) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer with that part of `size` bytes (None: all of them)."""
    headers = {**facts, "accept-ranges": "bytes"}
    if span is None:
        return 200, headers | {"content-length": str(size)}
    first, last = span
    return 206, headers | {
        "content-length": str(last - first + 1),
        "content-range": f"bytes {first}-{last}/{size}",
    }


def _facts(content: Content) -> dict[str, str]:
    headers = _validators(content) | {
        "content-type": content.media_type,
        "x-content-type-options": "nosniff",
        "content-security-policy": SANDBOX,
        "cross-origin-resource-policy": "same-origin",
    }
    if content.filename is not None:
        headers["content-disposition"] = content_disposition(
            content.filename, attachment=content.attachment
        )
    return headers


_Body = Callable[[Scope, Send], Awaitable[None]]


def _answer(status: int, headers: Mapping[str, str], body: _Body | None = None) -> ASGIApp:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    async def application(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": raw})
        if body is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await body(scope, send)

    return application


def _from_path(path: Path) -> _Body:
    async def body(scope: Scope, send: Send) -> None:
        extensions = scope.get("extensions") or {}
        if "http.response.pathsend" in extensions:
            # The server sends the file itself, without a copy through this process.
            await send({"type": "http.response.pathsend", "path": str(path)})  # type: ignore[arg-type]
            return
        with await to_thread.run_sync(path.open, "rb") as stream:
            await _stream(stream, send)

    return body


def _from_memory(data: memoryview) -> _Body:
    async def body(_: Scope, send: Send) -> None:
        await send({"type": "http.response.body", "body": bytes(data), "more_body": False})

    return body


def _from_reader(reader: ObjectReader) -> _Body:
    async def body(_: Scope, send: Send) -> None:
        await _stream(reader, send)

    return body


def send_nothing_new(validators: Mapping[str, str]) -> ASGIApp:
    """The answer 304: what the client has is what it would get."""
    return _answer(304, validators)


def send_pieces(
    pieces: Iterator[bytes],
    facts: Mapping[str, str],
    size: int,
    span: Span | None,
    method: str,
    *,
    status: int = 200,
) -> ASGIApp:
    """The answer whose body is made while it is sent, in a thread, a piece in memory at a time.

    `pieces` are the bytes of `span`, or all `size` bytes; `status` is for what has no parts. An
    error in the middle is left to the server, which breaks the connection off: nobody takes the
    part for the whole.
    """
    found, headers = _part(facts, size, span)
    status = found if status == 200 else status
    if method == "HEAD":
        return _answer(status, headers)

    async def body(_: Scope, send: Send) -> None:
        while (piece := await to_thread.run_sync(next, pieces, None)) is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return _ending(pieces, _answer(status, headers, body))


def _ending(pieces: Iterator[bytes], answer: ASGIApp) -> ASGIApp:
    """The answer, after which what the iterator has open is closed, however it ended."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(getattr(pieces, "close", lambda: None))

    return application


async def _stream(reader: ObjectReader | BinaryIO, send: Send) -> None:
    """Read a piece while the one before is sent; larger ones for whoever takes them quickly."""
    size = PIECE
    chunk = await to_thread.run_sync(reader.read, size)
    while chunk:
        began = time.monotonic()
        reading = asyncio.create_task(to_thread.run_sync(reader.read, size))
        try:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            # Also when the client is gone: the reader is closed next.
            chunk = await reading
        size = min(2 * size, LARGEST_PIECE) if time.monotonic() - began < QUICK else PIECE
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _closing(reader: ObjectReader, answer: ASGIApp) -> ASGIApp:
    """The answer, after which the reader is closed: also when the client is gone before it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(reader.close)

    return application
