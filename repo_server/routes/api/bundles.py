"""A material's files together, as JSON and as one ZIP; its QR code; cards by their codes."""

from typing import Annotated, Final

from litestar import Response, get, patch, route
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.types import ASGIApp
from msgspec import UNSET, Meta, Struct, UnsetType

from repo_server.domain.access import Action, Viewer
from repo_server.domain.materials import FILES_LIMIT
from repo_server.exchange.qr import LARGEST_PNG, qr_png, qr_svg
from repo_server.routes.addresses import site_origin
from repo_server.routes.api.materials import MaterialAnswer, present
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId
from repo_server.routes.bytes import (
    SANDBOX,
    begins,
    matches,
    send_nothing_new,
    send_pieces,
    unless_known,
    wanted_span,
)
from repo_server.routes.errors import AnyRequest
from repo_server.services import bundles, codes, collection_views
from repo_server.services.bundles import Bundle, FileChange
from repo_server.services.cards import Card
from repo_server.services.codes import CARDS_LIMIT
from repo_server.services.library import Library
from repo_server.services.similar import similar
from repo_server.storage.disposition import content_disposition

QR_PIXELS: Final = 740

TypedCode = Annotated[str, Meta(max_length=40)]


class FileFields(Struct, forbid_unknown_fields=True, frozen=True):
    """What may be said of a file; what is left out stays as it is.

    The extension of a name stays whatever is sent. `role` null takes the role away. `position`
    counts the material's files from 1.
    """

    name: Annotated[str, Meta(min_length=1, max_length=400)] | None = None
    role: Annotated[str, Meta(max_length=20)] | UnsetType | None = UNSET
    position: Annotated[int, Meta(ge=1, le=FILES_LIMIT)] | None = None


class CardsAnswer(Struct, frozen=True):
    """Cards of materials that can be seen, in the order of the question."""

    items: tuple[Card, ...]


@patch(
    "/api/materials/{material_id:int}/files/{file_id:int}",
    opt=requires(Action.EDIT_FILES),
    sync_to_thread=True,
)
def edit_file(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    file_id: PathId,
    data: JSONBody[FileFields],
    rev: NamedDependency[int | None],
) -> Response[MaterialAnswer]:
    """Rename a file, say its role, move it among the others."""
    role = None if data.role is UNSET else data.role or ""
    change = FileChange(data.name, role, data.position)
    bundles.change_file(library, viewer, material_id, rev, file_id, change)
    return present(library, viewer, material_id)


@route(
    "/api/materials/{material_id:int}/zip",
    http_method=["GET", "HEAD"],
    opt=requires(Action.VIEW),
    sync_to_thread=True,
)
def bundle_zip(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
) -> ASGIApp:
    """All files as one ZIP, with a page on licence and authors, with Range and ETag."""
    bundle = bundles.bundle(library, viewer, material_id, site_origin(request))
    if matches(request.headers.get("if-none-match"), bundle.etag):
        return send_nothing_new(_validators(bundle))
    span = wanted_span(request.headers, bundle.etag, bundle.size)
    if request.method == "GET":
        bundles.require_stored(library, bundle)
        if bundle.is_used and begins(request.headers):
            library.usage.count(material_id)
    facts = _validators(bundle) | _facts(bundle)
    return send_pieces(bundle.chunks(span), facts, bundle.size, span, request.method)


def _validators(bundle: Bundle) -> dict[str, str]:
    # Ask each time: the material may be withdrawn.
    return {"etag": f'"{bundle.etag}"', "cache-control": "private, no-cache", "vary": "Cookie"}


def _facts(bundle: Bundle) -> dict[str, str]:
    return {
        "content-type": "application/zip",
        "content-disposition": content_disposition(bundle.filename, attachment=True),
        "content-security-policy": SANDBOX,
    }


@get("/api/materials/{material_id:int}/qr.svg", opt=requires(Action.VIEW), sync_to_thread=True)
def qr_as_svg(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
) -> Response[bytes]:
    """The QR code of the material's short address, for screens and print."""
    address = _address(request, library, viewer, material_id)
    return _image(request, qr_svg(address), "image/svg+xml")


@get("/api/materials/{material_id:int}/qr.png", opt=requires(Action.VIEW), sync_to_thread=True)
def qr_as_png(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    size: Annotated[int, QueryParameter(ge=64, le=LARGEST_PNG)] = QR_PIXELS,
) -> Response[bytes]:
    """The same as PNG, at most `size` pixels wide."""
    address = _address(request, library, viewer, material_id)
    return _image(request, qr_png(address, size), "image/png")


def _address(request: AnyRequest, library: Library, viewer: Viewer, material_id: int) -> str:
    code = codes.code_of(library, viewer, material_id)
    return f"{site_origin(request)}{codes.short_path(code)}"


def _image(request: AnyRequest, image: bytes, media_type: str) -> Response[bytes]:
    cache = "private, max-age=3600"
    return unless_known(request.headers, image, media_type, cache_control=cache, vary="Cookie")


@get("/api/collections/{collection_id:int}/qr.svg", opt=requires(Action.VIEW), sync_to_thread=True)
def collection_qr_as_svg(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
) -> Response[bytes]:
    """The QR code of the collection's short address."""
    address = _collection_address(request, library, viewer, collection_id)
    return _image(request, qr_svg(address), "image/svg+xml")


@get("/api/collections/{collection_id:int}/qr.png", opt=requires(Action.VIEW), sync_to_thread=True)
def collection_qr_as_png(
    request: AnyRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    size: Annotated[int, QueryParameter(ge=64, le=LARGEST_PNG)] = QR_PIXELS,
) -> Response[bytes]:
    """The same as PNG, at most `size` pixels wide."""
    address = _collection_address(request, library, viewer, collection_id)
    return _image(request, qr_png(address, size), "image/png")


def _collection_address(
    request: AnyRequest, library: Library, viewer: Viewer, collection_id: int
) -> str:
    code = collection_views.collection_by_id(library, viewer, collection_id).card.code
    return f"{site_origin(request)}{codes.short_path(code)}"


@get("/api/cards", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def cards_by_code(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    code: Annotated[list[TypedCode], QueryParameter(max_items=CARDS_LIMIT)],
) -> CardsAnswer:
    """Cards of materials by their codes (`code=a&code=b`), as a device remembers them."""
    return CardsAnswer(codes.cards_of(library, viewer, code))


@get("/api/materials/{material_id:int}/similar", opt=requires(Action.VIEW), sync_to_thread=True)
def similar_materials(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> CardsAnswer:
    """Published materials about much the same, the most alike first, at most twenty."""
    return CardsAnswer(similar(library, viewer, material_id))


handlers = (
    edit_file,
    bundle_zip,
    qr_as_svg,
    qr_as_png,
    collection_qr_as_svg,
    collection_qr_as_png,
    cards_by_code,
    similar_materials,
)
