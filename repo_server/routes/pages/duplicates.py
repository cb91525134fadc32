"""The page that shows what the library has already of a lesson, and the three choices."""

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import InvalidValue
from repo_server.domain.likeness import SAME
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.material_context import shown_material
from repo_server.routes.pages.materials import editable
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import duplicates
from repo_server.services.cards import material_url
from repo_server.services.library import Library

CHOICES: Final = ("variant", "no_variant", "version")


@get("/hoc-lieu/{code:str}/giong", opt=requires(Action.EDIT), sync_to_thread=True)
def duplicates_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """Materials like this one beside it, most alike first."""
    view = editable(library, viewer, code)
    said = duplicates.variants(library, viewer, view.card.id)
    return pages.render(
        request,
        viewer,
        "duplicates.html",
        material=shown_material(view),
        etag=view.rev,
        found=duplicates.duplicates(library, viewer, view.card.id),
        variant_of={card.id for card in said.of},
        same=SAME,
    )


@post("/hoc-lieu/{code:str}/giong", opt=requires(Action.EDIT), sync_to_thread=True)
def choose(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
    code: PathCode,
) -> Redirect:
    """Say that it is a variant, take that back, or make it a new version of one's own."""
    view = editable(library, viewer, code)
    rev, other, do = form.number("rev"), form.number("other"), form.one("do")
    if other is None or do not in CHOICES:
        raise InvalidValue("do", "Hãy chọn một việc trong trang này.")
    if do == "version":
        target = duplicates.become_version(library, viewer, view.card.id, rev, other)
        return see(material_url(target.code), "new_version")
    if do == "variant":
        duplicates.declare_variant(library, viewer, view.card.id, rev, other)
    else:
        duplicates.withdraw_variant(library, viewer, view.card.id, rev, other)
    return see(f"{view.card.url}/giong", do)


handlers = (duplicates_page, choose)
