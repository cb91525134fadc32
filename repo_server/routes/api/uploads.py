"""Uploads: declare, send raw bytes, ask how it stands, give up.

The shape is that of tus 1.0's core (offsets in `Upload-Offset`), so that a connection that broke is
continued from the last durable byte.
"""

import asyncio
from typing import Annotated, Final

from anyio import to_thread
from litestar import Response, delete, get, head, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Meta, Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import NotFound
from repo_server.routes.auth import requires
from repo_server.routes.bounds import Sha256, SmallId
from repo_server.routes.errors import AnyRequest
from repo_server.services import uploads
from repo_server.services.cards import material_url
from repo_server.services.library import Library
from repo_server.services.uploads import Declaration, Receiver, UploadView

PIECE: Final = 2 << 20
"""Bytes collected before a thread hashes and writes them: fewer hand-overs, bounded memory."""


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
    """Where an upload stands; `reason` is for the person when it was rejected."""

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


@post("/api/uploads", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def declare_upload(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[UploadDeclaration],
    idempotency_key: Annotated[
        str | None, HeaderParameter(name="Idempotency-Key", min_length=8, max_length=200)
    ] = None,
) -> Response[UploadStatus]:
    """Say what will be sent; the same Idempotency-Key gives the same upload again."""
    declaration = Declaration(data.name, data.size, data.sha256, data.material, data.role)
    view, new = uploads.declare(library, viewer, declaration, idempotency_key)
    return Response(
        _status(view),
        status_code=HTTP_201_CREATED if new else HTTP_200_OK,
        headers={"location": f"/api/uploads/{view.id}"},
    )


@get("/api/uploads/{upload_id:str}", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def upload_status(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], upload_id: FromPath[str]
) -> UploadStatus:
    """How the upload stands: receiving, received, checking, ready, rejected."""
    return _status(uploads.status(library, viewer, _known_shape(upload_id)))


@head("/api/uploads/{upload_id:str}", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def upload_offset(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], upload_id: FromPath[str]
) -> Response[None]:
    """Where to go on: `Upload-Offset` bytes are durable."""
    view = uploads.status(library, viewer, _known_shape(upload_id))
    headers = {
        "upload-offset": str(view.offset),
        "upload-length": str(view.size),
        "cache-control": "no-store",
    }
    return Response(None, headers=headers)


@delete("/api/uploads/{upload_id:str}", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def cancel_upload(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], upload_id: FromPath[str]
) -> None:
    """Give up an upload that is not complete."""
    uploads.cancel(library, viewer, _known_shape(upload_id))


@patch(
    "/api/uploads/{upload_id:str}",
    opt=requires(Action.CONTRIBUTE),
    request_max_body_size=None,
    status_code=204,
)
async def append_to_upload(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    upload_id: FromPath[str],
    upload_offset: Annotated[int, HeaderParameter(name="Upload-Offset", ge=0, le=2**53)],
) -> Response[None]:
    """Append the raw body at `Upload-Offset`; what arrived is durable when this is answered."""
    receiver = await to_thread.run_sync(
        uploads.receive, library, viewer, _known_shape(upload_id), upload_offset
    )
    await to_thread.run_sync(receiver.__enter__)
    try:
        await _copy(request, receiver)
    finally:
        await to_thread.run_sync(receiver.__exit__, None, None, None)
    return Response(None, headers={"upload-offset": str(receiver.offset)})


async def _copy(request: AnyRequest, receiver: Receiver) -> None:
    """Collect the next piece while a thread hashes and writes the one before."""
    writing: asyncio.Task[None] | None = None
    piece: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            piece.append(chunk)
            size += len(chunk)
            if size >= PIECE:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(to_thread.run_sync(_write, receiver, piece))
                piece, size = [], 0
    finally:
        # Also when the client went away in the middle: keep what came.
        if writing is not None:
            await writing
        await to_thread.run_sync(_write, receiver, piece)


def _write(receiver: Receiver, piece: list[bytes]) -> None:
    # One after the other: joining them would cost as much as hashing them.
    for chunk in piece:
        receiver.write(chunk)


def _known_shape(upload_id: str) -> str:
    if len(upload_id) != 32 or not set(upload_id) <= set("0123456789abcdef"):
        raise NotFound
    return upload_id


handlers = (declare_upload, upload_status, upload_offset, cancel_upload, append_to_upload)
