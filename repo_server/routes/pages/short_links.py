"""Short addresses: `/c/{code}`, and the sheets to print for a material and a collection."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import NotFound
from repo_server.routes.addresses import site_origin
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathCode
from repo_server.routes.pages.material_context import shown_material
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.pages.sharing import sharing_of
from repo_server.services import codes, collection_views, viewing
from repo_server.services.collection_views import PlaceView
from repo_server.services.library import Library

SHEET_SIZE: Final = 60
"""Codes on one page of the browser: five sheets of paper."""


class Tag(Struct, frozen=True):
    """A material's code on a sheet; `number` is its place in the collection."""

    number: int
    title: str
    short_label: str
    qr_url: str


@get("/c/{code:str}", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def short_address(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], code: PathCode
) -> Redirect:
    """To the page that a printed code names.

    302 and never kept by anybody: what the code names may be withdrawn and come back.
    """
    page = codes.page_of(library, viewer, code)
    return Redirect(page, status_code=302, headers={"cache-control": "no-store"})


@get("/hoc-lieu/{code:str}/in", opt=requires(Action.VIEW), sync_to_thread=True)
def print_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """A sheet for the wall or the worksheet: title, QR code, short address."""
    view = viewing.material_by_code(library, viewer, code)
    return pages.render(
        request,
        viewer,
        "print.html",
        material=shown_material(view),
        sharing=sharing_of(request, view.card),
    )


@get("/bo-suu-tap/{code:str}/in", opt=requires(Action.VIEW), sync_to_thread=True)
def collection_sheet(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
    page: PageNumber = 1,
) -> Response[str]:
    """QR codes of a collection's materials, twelve on an A4 page, to cut out or hand round."""
    view = collection_views.collection_by_code(library, viewer, code)
    origin = site_origin(request)
    tags = [_tag(origin, place) for place in view.places if place.available]
    if page > 1 and (page - 1) * SHEET_SIZE >= len(tags):
        raise NotFound
    return pages.render(
        request,
        viewer,
        "print_collection.html",
        collection=view.card,
        qr_url=f"/api/collections/{view.card.id}/qr.svg",
        short_label=codes.typed_address(origin, view.card.code),
        tags=tags[(page - 1) * SHEET_SIZE : page * SHEET_SIZE],
        pager=pager(
            len(tags), page, SHEET_SIZE, lambda number: f"{view.card.url}/in?page={number}"
        ),
    )


def _tag(origin: str, place: PlaceView) -> Tag:
    return Tag(
        place.place,
        place.title or "",
        codes.typed_address(origin, place.code or ""),
        f"/api/materials/{place.material_id}/qr.svg",
    )


handlers = (short_address, print_page, collection_sheet)
