"""The page of materials that are about much the same."""

from litestar import Response, get
from litestar.di import NamedDependency

from repo_server.domain.access import Action, Viewer
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import viewing
from repo_server.services.library import Library
from repo_server.services.similar import similar


@get("/hoc-lieu/{code:str}/tuong-tu", opt=requires(Action.VIEW), sync_to_thread=True)
def similar_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """Materials like this one, the most alike first."""
    card = viewing.material_by_code(library, viewer, code).card
    items = similar(library, viewer, card.id)
    return pages.render(request, viewer, "similar.html", material=card, items=items)


handlers = (similar_page,)
