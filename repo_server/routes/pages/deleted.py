"""The page of deleted materials, from which they are brought back."""

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from repo_server.domain.access import Action, Viewer
from repo_server.domain.materials import RESTORABLE_DAYS
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathId
from repo_server.routes.pages.paging import pager
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services.cards import material_url
from repo_server.services.keeping import tombstones
from repo_server.services.library import Library

ADDRESS: Final = "/cua-toi/da-xoa"
PAGE_SIZE: Final = 20


@get(ADDRESS, opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def deleted_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    page: PageNumber = 1,
) -> Response[str]:
    """What was deleted and can still be brought back, last deleted first."""
    found = tombstones.tombstones(library, viewer, page=page, size=PAGE_SIZE)
    return pages.render(
        request,
        viewer,
        "deleted.html",
        items=found.items,
        days=RESTORABLE_DAYS,
        address=ADDRESS,
        pager=pager(found.total, page, PAGE_SIZE, lambda number: f"{ADDRESS}?page={number}"),
    )


@post(f"{ADDRESS}/{{material_id:int}}", opt=requires(Action.RESTORE), sync_to_thread=True)
def restore_material(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Redirect:
    """Bring one back and show it."""
    material = tombstones.restore(library, viewer, material_id)
    return see(material_url(material.code), "restored")


handlers = (deleted_page, restore_material)
