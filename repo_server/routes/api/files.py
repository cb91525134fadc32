"""The bytes of files: content with ranges, page images, thumbnails."""

from functools import partial
from typing import Annotated, Final

from litestar import route
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect
from litestar.types import ASGIApp

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import NotFound
from repo_server.domain.files import FILE_KINDS, served_type
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId
from repo_server.routes.bytes import Content, begins, send_content
from repo_server.routes.errors import AnyRequest
from repo_server.services import films, pictures, viewing
from repo_server.services.keeping import reading
from repo_server.services.library import Library
from repo_server.services.pictures import Picture
from repo_server.storage.base import ObjectKey, ObjectMissing

PRESIGNED_SECONDS: Final = 300
PRESIGN_ABOVE: Final = 1 << 20
"""Smaller files are sent through Kho: a redirect costs a phone more than a megabyte does."""

# A published file never changes under its address, but it may be withdrawn: ask each time.
_REVALIDATE: Final = "private, no-cache"
_PICTURE_PUBLIC: Final = "public, max-age=3600"


@route(
    "/api/files/{file_id:int}/content",
    http_method=["GET", "HEAD"],
    opt=requires(Action.VIEW),
    sync_to_thread=True,
)
def file_content(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    file_id: PathId,
    *,
    download: Annotated[bool, QueryParameter()] = False,
) -> ASGIApp:
    """The file itself, with Range and ETag; `download=1` saves it instead of showing it."""
    stored = viewing.stored_file(library, viewer, file_id)
    reading.require_sound(stored)
    file = stored.file
    key = ObjectKey.blob(file.sha256, stored.generation)
    attachment = download or not FILE_KINDS[file.kind].inline
    if request.method == "GET" and stored.is_used_by(viewer) and begins(request.headers):
        library.usage.count(stored.material_id)
    if file.size > PRESIGN_ABOVE and request.method == "GET":
        address = library.storage.presigned_get(
            key,
            seconds=PRESIGNED_SECONDS,
            filename=file.name,
            media_type=served_type(file.kind, file.media_type),
            attachment=attachment,
        )
        if address is not None:
            return _redirect(address)
    whole = partial(reading.small_file, library, stored) if reading.is_checked(file.size) else None
    content = Content(
        key,
        file.size,
        file.sha256,
        served_type(file.kind, file.media_type),
        _REVALIDATE,
        file.name,
        attachment,
        whole,
    )
    return send_content(library.storage, content, request.headers, request.method)


def _redirect(address: str) -> ASGIApp:
    redirect = Redirect(address, status_code=302, headers={"cache-control": "no-store"})
    return redirect.to_asgi_response(None, None)  # type: ignore[arg-type]


@route(
    "/api/files/{file_id:int}/preview/{page:int}",
    http_method=["GET", "HEAD"],
    opt=requires(Action.VIEW),
    sync_to_thread=True,
)
def page_preview(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    file_id: PathId,
    page: Annotated[int, PathParameter(ge=1, le=10_000)],
) -> ASGIApp:
    """The image of a page, counted from 1."""
    return _picture(request, library, pictures.page_image(library, viewer, file_id, page))


@route(
    "/api/files/{file_id:int}/thumbnail",
    http_method=["GET", "HEAD"],
    opt=requires(Action.VIEW),
    sync_to_thread=True,
)
def thumbnail(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    file_id: PathId,
) -> ASGIApp:
    """A small picture of the file's first page."""
    return _picture(request, library, pictures.thumbnail(library, viewer, file_id))


@route(
    "/api/files/{file_id:int}/light",
    http_method=["GET", "HEAD"],
    opt=requires(Action.VIEW),
    sync_to_thread=True,
)
def light_copy(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    file_id: PathId,
) -> ASGIApp:
    """A film made small for phones, with Range and ETag; 404 where there is none."""
    light = films.light_copy(library, viewer, file_id)
    content = Content(light.key, light.size, light.digest, light.media_type, _REVALIDATE)
    try:
        return send_content(library.storage, content, request.headers, request.method)
    except ObjectMissing as error:
        # Players go on with the file itself; upkeep finds that this copy is lost.
        raise NotFound from error


def _picture(request: AnyRequest, library: Library, picture: Picture) -> ASGIApp:
    cache = _PICTURE_PUBLIC if picture.public else _REVALIDATE
    content = Content(
        picture.key,
        picture.size,
        picture.digest,
        picture.media_type,
        cache,
        whole=partial(reading.picture, library, picture),
    )
    return send_content(library.storage, content, request.headers, request.method)


handlers = (file_content, page_preview, thumbnail, light_copy)
