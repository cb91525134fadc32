"""Uploads: declare, send raw bytes, ask how it stands, give up.

Two languages at the same addresses: our own JSON declaration, and tus 1.0.0 (`routes.api.tus`),
which a client speaks that sends `Tus-Resumable`. Bytes come in the same way in both (offsets in
`Upload-Offset`), so that a connection that broke is continued from the last durable byte.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from anyio import to_thread
from litestar import MediaType, Response, delete, get, head, patch, post, route
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.params import FromPath, HeaderParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT
from msgspec import Meta, Struct
from msgspec.json import schema_components
from msgspec.structs import replace

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import (
    BadRequest,
    Busy,
    ClientSilent,
    KhoError,
    NotFound,
    UploadOver,
)
from repo_server.routes.api import tus
from repo_server.routes.api.duplicates import DuplicateEntry, entry
from repo_server.routes.auth import requires
from repo_server.routes.boundary import HttpSettings, as_declared
from repo_server.routes.bounds import Sha256, SmallId
from repo_server.routes.errors import AnyRequest
from repo_server.services import checksums, duplicates, uploads
from repo_server.services.cards import material_url
from repo_server.services.checksums import CheckedReceiver, Checksum
from repo_server.services.library import Library
from repo_server.services.uploads import Declaration, Receiver, UploadView

PIECE: Final = 2 << 20
"""Bytes collected before a thread hashes and writes them: fewer hand-overs, bounded memory."""

GLANCE: Final = 1.0
"""Seconds of silence after which a connection makes room for one that wants to go on."""

HAND_OVER: Final = 4.0
"""Seconds to wait for that."""


class UploadDeclaration(Struct, forbid_unknown_fields=True, frozen=True):
    """What is about to be sent."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)]
    size: Annotated[int, Meta(ge=0, le=2**53)]
    sha256: Sha256 | None = None
    material: SmallId | None = None
    role: Annotated[str, Meta(max_length=20)] | None = None


class UploadedMaterial(Struct, frozen=True):
    """The material that a file went to."""

    id: int
    code: str
    url: str
    edit_url: str


class UploadStatus(Struct, frozen=True):
    """Where an upload stands; `reason` is for the person when it was rejected.

    `duplicates`: what the library has already that is like its material; only once it is ready.
    """

    id: str
    url: str
    name: str
    size: int
    offset: int
    state: str
    verdict: str | None
    reason: str | None
    warnings: tuple[str, ...]
    material: UploadedMaterial | None
    file: int | None
    duplicates: tuple[DuplicateEntry, ...] = ()


def _status(view: UploadView) -> UploadStatus:
    material = None
    if view.material_id is not None and view.material_code is not None:
        url = material_url(view.material_code)
        material = UploadedMaterial(view.material_id, view.material_code, url, f"{url}/sua")
    return UploadStatus(
        id=view.id,
        url=f"/api/uploads/{view.id}",
        name=view.name,
        size=view.size,
        offset=view.offset,
        state=view.state,
        verdict=view.verdict,
        reason=view.reason,
        warnings=view.warnings,
        material=material,
        file=view.file_id,
    )


class _DeclarationSchema(Schema):
    """The JSON declaration for the description of the API: the handler reads its body itself."""

    def to_schema(self) -> dict[str, Any]:
        (_,), components = schema_components((UploadDeclaration,))
        return dict(components["UploadDeclaration"])


@dataclass
class _DeclareOperation(Operation):
    def __post_init__(self) -> None:
        content = {"application/json": OpenAPIMediaType(schema=_DeclarationSchema())}
        self.request_body = RequestBody(content=content, required=True)


_SPOKEN: Final[dict[str, Any]] = {
    "opt": requires(Action.CONTRIBUTE),
    "guards": [tus.refuse_other_versions],
    "middleware": [tus.tell_version],
}


@route(
    ["/api/uploads", "/api/uploads/{upload_id:str}"],
    http_method=["OPTIONS"],
    opt=requires(Action.READ_PUBLIC),
    middleware=[tus.tell_version],
    status_code=HTTP_204_NO_CONTENT,
    include_in_schema=False,
    sync_to_thread=False,
)
def upload_abilities(library: NamedDependency[Library]) -> Response[None]:
    """What this server can do, in the words of tus."""
    return Response(None, headers=tus.abilities(library.max_file_size))


@post("/api/uploads", operation_class=_DeclareOperation, **_SPOKEN)
async def declare_upload(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    idempotency_key: Annotated[
        str | None, HeaderParameter(name="Idempotency-Key", min_length=8, max_length=200)
    ] = None,
) -> Response[UploadStatus]:
    """Say what will be sent; the same Idempotency-Key gives the same upload again."""
    if tus.is_spoken(request):
        return await _create(request, library, viewer, idempotency_key)
    data = as_declared(await request.json(), UploadDeclaration)
    view, new = await to_thread.run_sync(
        uploads.declare, library, viewer, _declaration(data, None), idempotency_key
    )
    return Response(
        _status(view),
        status_code=HTTP_201_CREATED if new else HTTP_200_OK,
        headers={"location": f"/api/uploads/{view.id}"},
    )


def _declaration(data: UploadDeclaration, metadata: str | None) -> Declaration:
    return Declaration(data.name, data.size, data.sha256, data.material, data.role, metadata)


async def _create(
    request: AnyRequest, library: Library, viewer: Viewer, key: str | None
) -> Response[UploadStatus]:
    """Create an upload as tus does it, with its first bytes where the request brings any.

    A repeated request (the same Idempotency-Key) whose bytes have come before is told how far they
    are, and sends on from there.
    """
    headers = request.headers
    data = as_declared(tus.declared(headers), UploadDeclaration)
    checksum = tus.read_checksum(headers.get("upload-checksum"))
    sends = _announced(request) != 0
    if sends:
        tus.require_stream(headers)
    declaration = _declaration(data, headers.get("upload-metadata"))
    view, _ = await to_thread.run_sync(uploads.declare, library, viewer, declaration, key)
    if view.state in ("cancelled", "expired"):
        raise UploadOver
    offset, expires_at = view.offset, view.expires_at
    if sends and offset == 0:
        receiver = await _receive(request, library, viewer, view.id, 0, checksum)
        offset, expires_at = receiver.offset, receiver.expires_at
        view = await to_thread.run_sync(uploads.status, library, viewer, view.id)
    answered = {"location": f"/api/uploads/{view.id}", **tus.expiry(expires_at)}
    if sends:
        answered["upload-offset"] = str(offset)
    return Response(_status(view), status_code=HTTP_201_CREATED, headers=answered)


@get("/api/uploads/{upload_id:str}", sync_to_thread=True, **_SPOKEN)
def upload_status(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], upload_id: FromPath[str]
) -> UploadStatus:
    """How the upload stands: receiving, received, checking, ready, rejected."""
    view = uploads.status(library, viewer, _known_shape(upload_id))
    status = _status(view)
    if view.state != "ready" or view.material_id is None:
        return status
    found = duplicates.alike_to(library, viewer, view.material_id)
    return replace(status, duplicates=tuple(map(entry, found)))


@head("/api/uploads/{upload_id:str}", sync_to_thread=True, **_SPOKEN)
def upload_offset(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], upload_id: FromPath[str]
) -> Response[None]:
    """Where to go on: `Upload-Offset` bytes are durable."""
    view = uploads.resume(library, viewer, _known_shape(upload_id))
    headers = {
        "upload-offset": str(view.offset),
        "upload-length": str(view.size),
        "cache-control": "no-store",
        **tus.expiry(view.expires_at),
    }
    if view.metadata:
        headers["upload-metadata"] = view.metadata
    return Response(None, headers=headers, media_type=MediaType.TEXT)


@delete("/api/uploads/{upload_id:str}", sync_to_thread=True, **_SPOKEN)
def cancel_upload(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], upload_id: FromPath[str]
) -> None:
    """Give up an upload that is not complete."""
    uploads.cancel(library, viewer, _known_shape(upload_id))


@patch(
    "/api/uploads/{upload_id:str}",
    request_max_body_size=None,
    status_code=HTTP_204_NO_CONTENT,
    **_SPOKEN,
)
async def append_to_upload(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    upload_id: FromPath[str],
    upload_offset: Annotated[int, HeaderParameter(name="Upload-Offset", ge=0, le=2**53)],
) -> Response[None]:
    """Append the raw body at `Upload-Offset`; what arrived is durable when this is answered."""
    if tus.is_spoken(request):
        tus.require_stream(request.headers)
    checksum = tus.read_checksum(request.headers.get("upload-checksum"))
    known = _known_shape(upload_id)
    if _announced(request) == 0:
        # The last answer was lost: a client that sends nothing more at the end hears it again.
        view = await to_thread.run_sync(uploads.resume, library, viewer, known)
        if view.state != "receiving" and view.offset == upload_offset:
            return Response(None, headers={"upload-offset": str(view.offset)})
    receiver = await _receive(request, library, viewer, known, upload_offset, checksum)
    headers = {"upload-offset": str(receiver.offset), **tus.expiry(receiver.expires_at)}
    return Response(None, headers=headers)


async def _receive(
    request: AnyRequest,
    library: Library,
    viewer: Viewer,
    upload_id: str,
    offset: int,
    checksum: Checksum | None,
) -> Receiver:
    """Append the body of the request; with a checksum, all of it or nothing."""
    receiving = await _begin(library, viewer, upload_id, offset, checksum)
    rest: list[bytes] = []
    whole = False
    try:
        receiving.require_room(max(0, _announced(request)))
        await _copy(request, receiving, rest)
        whole = True
    finally:
        # Also when the client went away in the middle: keep what came.
        await to_thread.run_sync(partial(_end, receiving, rest, whole=whole))
    return receiving.receiver if isinstance(receiving, CheckedReceiver) else receiving


async def _begin(
    library: Library, viewer: Viewer, upload_id: str, offset: int, checksum: Checksum | None
) -> Receiver | CheckedReceiver:
    """The turn at the upload, taken over from a connection from which nothing comes any more.

    Raises Busy when bytes do come there.
    """
    begin = partial(_enter, library, viewer, upload_id, offset, checksum)
    try:
        return await to_thread.run_sync(begin)
    except Busy:
        await to_thread.run_sync(uploads.want, library, viewer, upload_id)
    deadline = asyncio.get_running_loop().time() + HAND_OVER
    while True:
        await asyncio.sleep(GLANCE / 4)
        try:
            return await to_thread.run_sync(begin)
        except Busy:
            if asyncio.get_running_loop().time() > deadline:
                raise


def _enter(
    library: Library, viewer: Viewer, upload_id: str, offset: int, checksum: Checksum | None
) -> Receiver | CheckedReceiver:
    if checksum is None:
        return uploads.receive(library, viewer, upload_id, offset).__enter__()
    return checksums.receive(library, viewer, upload_id, offset, checksum).__enter__()


def _end(receiving: Receiver | CheckedReceiver, rest: list[bytes], *, whole: bool) -> None:
    """Write the last piece and make all of it durable; what is `whole` is proven before."""
    try:
        _write(receiving, rest)
        if whole and isinstance(receiving, CheckedReceiver):
            receiving.prove()
    finally:
        receiving.__exit__(None, None, None)


def _announced(request: AnyRequest) -> int:
    """Bytes of the body as its header says; -1 when there is one whose length nobody says."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit():
        return int(length[:19])
    return -1 if "transfer-encoding" in request.headers else 0


async def _copy(
    request: AnyRequest, receiver: Receiver | CheckedReceiver, piece: list[bytes]
) -> None:
    """Collect the next piece while a thread hashes and writes the one before.

    What is left in `piece`, however it ends, is still to be written. Raises ClientSilent when the
    client neither sends nor goes away, or is silent while somebody else wants to go on; our own
    writing is not counted.
    """
    http: HttpSettings = request.app.state.http
    writing: asyncio.Task[None] | None = None
    size = 0
    try:
        async with _patience(receiver, http.upload_timeout) as patience:
            async for chunk in _chunks(request):
                piece.append(chunk)
                size += len(chunk)
                if size >= PIECE:
                    patience.rest()
                    if writing is not None:
                        await writing
                    full, size = piece.copy(), 0
                    piece.clear()
                    writing = asyncio.create_task(to_thread.run_sync(_write, receiver, full))
                patience.begin()
    except TimeoutError:
        raise ClientSilent from None
    finally:
        if writing is not None:
            try:
                await writing
            except BaseException:
                # Some of its bytes may be missing: nothing may follow them.
                piece.clear()
                raise


class _Patience:
    """How long a silent client is waited for: `seconds`, or a glance when it is in the way."""

    def __init__(self, timeout: asyncio.Timeout, seconds: float) -> None:
        self._timeout = timeout
        self._seconds = seconds
        self._now = asyncio.get_running_loop().time
        self._heard: float | None = self._now()

    def begin(self) -> None:
        """Something has come; wait for more."""
        self._heard = self._now()
        self._timeout.reschedule(self._heard + self._seconds)

    def rest(self) -> None:
        """Our own work: the client is not waited for."""
        self._heard = None
        self._timeout.reschedule(None)

    async def watch(self, receiver: Receiver | CheckedReceiver) -> None:
        """End the waiting once the client is silent and somebody else wants to go on."""
        while True:
            await asyncio.sleep(GLANCE / 2)
            heard = self._heard
            if heard is None or self._now() - heard < GLANCE:
                continue
            if await to_thread.run_sync(receiver.is_wanted) and self._heard == heard:
                self._timeout.reschedule(self._now())
                return


@asynccontextmanager
async def _patience(
    receiver: Receiver | CheckedReceiver, seconds: float
) -> AsyncIterator[_Patience]:
    async with asyncio.timeout(seconds) as timeout:
        patience = _Patience(timeout, seconds)
        watching = asyncio.create_task(patience.watch(receiver))
        try:
            yield patience
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError, KhoError):
                await watching


async def _chunks(request: AnyRequest) -> AsyncIterator[bytes]:
    """The body as it comes in, of any length; BadRequest when the client goes away."""
    while True:
        message: Any = await request.receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(reason="disconnected")
        if body := message.get("body"):
            yield body
        if not message.get("more_body", False):
            return


def _write(receiver: Receiver | CheckedReceiver, piece: list[bytes]) -> None:
    # One after the other: joining them would cost as much as hashing them.
    for chunk in piece:
        receiver.write(chunk)


def _known_shape(upload_id: str) -> str:
    if len(upload_id) != 32 or not set(upload_id) <= set("0123456789abcdef"):
        raise NotFound
    return upload_id


handlers = (
    upload_abilities,
    declare_upload,
    upload_status,
    upload_offset,
    cancel_upload,
    append_to_upload,
)
