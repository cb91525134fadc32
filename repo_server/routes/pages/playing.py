"""The page around a player: a frame of the second origin, and the way back."""

import time

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import NotFound
from repo_server.domain.materials import Status
from repo_server.domain.players import PLAYERS
from repo_server.routes.auth import requires
from repo_server.routes.boundary import page_policy
from repo_server.routes.bounds import PathCode, PathId
from repo_server.routes.errors import page_language
from repo_server.routes.pages.material_context import shown_file
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.second_origin.origins import Origins
from repo_server.services import viewing
from repo_server.services.content_links import ContentLinks
from repo_server.services.library import Library


@get("/hoc-lieu/{code:str}/mo/{file_id:int}", opt=requires(Action.VIEW), sync_to_thread=True)
def player_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    links: NamedDependency[ContentLinks],
    code: PathCode,
    file_id: PathId,
) -> Response[str] | Redirect:
    """A package, played in a frame of the second origin; a sentence where there is none.

    Whoever asks for a file that is not played is led to what can be done with it.
    """
    view = viewing.material_by_code(library, viewer, code)
    file = next((file for file in view.files if file.id == file_id), None)
    if file is None:
        raise NotFound
    if file.kind not in PLAYERS:
        return see(f"{view.card.url}#tep-{file.id}")
    origin = content_origin(request)
    now = time.time()
    if view.card.status == Status.PUBLISHED or viewer.account_id is None:
        text = links.public(file_id, now)
    else:
        text = links.private(file_id, viewer.account_id, now)
    language = page_language(request)
    return pages.render(
        request,
        viewer,
        "play.html",
        headers={"content-security-policy": page_policy(request.app.state.http, origin)},
        material=view.card,
        file=shown_file(file),
        player=PLAYERS[file.kind],
        address=f"{origin}/{text}/{'?lang=en' if language == 'en' else ''}" if origin else "",
    )


def content_origin(request: HtmlRequest) -> str:
    """Where packages are played for who sends this request; "" for nowhere."""
    origins: Origins = request.app.state.origins
    return origins.for_reader(request.headers.get("host", ""))


handlers = (player_page,)
