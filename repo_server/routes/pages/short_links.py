"""Short addresses: `/c/{code}` and the page to print for a material."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from repo_server.domain.access import Action, Viewer
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode
from repo_server.routes.pages.material_context import shown_material
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.pages.sharing import sharing_of
from repo_server.services import codes, viewing
from repo_server.services.library import Library


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


handlers = (short_address, print_page)
