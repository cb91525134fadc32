"""A material's page, its form, and the steps of its life as plain form posts."""

from typing import Annotated, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect

from repo_server.domain.access import Action, Viewer
from repo_server.domain.errors import (
    EditConflict,
    Forbidden,
    InvalidValue,
    NotAuthenticated,
    NotFound,
    NotPublishable,
)
from repo_server.domain.materials import Status
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode
from repo_server.routes.pages.edit_context import edit_context, form_values, saved_values
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.guess_context import changed_by_tap, guessed_values
from repo_server.routes.pages.material_context import shown_actions, shown_material
from repo_server.routes.pages.playing import content_origin
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.routes.pages.sharing import sharing_of
from repo_server.routes.preconditions import etag
from repo_server.services import (
    duplicates,
    materials,
    neighbors,
    reading_views,
    suggesting,
    viewing,
)
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.viewing import MaterialView

STEPS: Final = ("submit", "publish", "return", "withdraw", "delete")
_FIELDS: Final = {"items": "item"}
"""Field of a description → its name in the form, where it is another one."""
StepName = Annotated[str, PathParameter(max_length=20)]


@get("/hoc-lieu/{code:str}", opt=requires(Action.VIEW), sync_to_thread=True)
def material_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """A material: what it is, what is in it, what may be done."""
    view = viewing.material_by_code(library, viewer, code)
    return pages.render(
        request,
        viewer,
        "material.html",
        headers={"etag": etag(view.rev)} if not viewer.signed_in else None,
        material=shown_material(
            view,
            plays=bool(content_origin(request)),
            views=reading_views.reading_views(library, viewer, view.files),
        ),
        save_data=request.headers.get("save-data", "").strip().lower() == "on",
        actions=shown_actions(request, pages, view),
        edit_url=f"{view.card.url}/sua" if view.can_edit else None,
        files_url=f"{view.card.url}/tep" if view.can_edit else None,
        sharing=sharing_of(request, view.card),
        neighbors=neighbors.neighbors(library, viewer, view.card.id),
        variants=duplicates.variants(library, viewer, view.card.id),
        likenesses=_likenesses(library, viewer, view),
        problems=view.problems if view.card.status != "published" else (),
        personal=view.personal,
        personal_acknowledged=view.personal_acknowledged,
    )


def _likenesses(library: Library, viewer: Viewer, view: MaterialView) -> int:
    """How many materials are like one that is not public yet, for those who decide about it."""
    if not view.can_edit or view.card.status == Status.PUBLISHED:
        return 0
    return len(duplicates.duplicates(library, viewer, view.card.id))


@get("/hoc-lieu/{code:str}/sua", opt=requires(Action.EDIT), sync_to_thread=True)
def edit_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """The form of a material's description."""
    view = editable(library, viewer, code)
    found = suggesting.suggestions(library, viewer, view.card.id)
    values = guessed_values(library, viewer, found, saved_values(view))
    context = edit_context(library, viewer, view, values, view.rev, found=found)
    return pages.render(request, viewer, "edit.html", **context)


@post("/hoc-lieu/{code:str}/sua", opt=requires(Action.EDIT), sync_to_thread=True)
def save(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    code: PathCode,
) -> Response[str] | Redirect:
    """Save the form, and submit the material if asked; what is wrong is said beside the field."""
    view = editable(library, viewer, code)
    values, description = form_values(library, viewer, form)
    rev = form.number("rev")
    errors: dict[str, str] = {}
    # Asked before anything is saved: what is decided then has no guesses any more.
    found = suggesting.suggestions(library, viewer, view.card.id)
    tapped = changed_by_tap(form, found, values)
    if tapped is None and form.one("do") != "find_items":
        errors, rev = _saved(library, viewer, view, rev, description, form)
        if not errors:
            return see(view.card.url, "submitted" if _submits(form) else "saved")
    context = edit_context(
        library,
        viewer,
        view,
        values if tapped is None else tapped,
        rev,
        found=found,
        errors=errors,
        item_query=form.one("item_query"),
    )
    status = 422 if errors else 200
    return pages.render(request, viewer, "edit.html", status=status, **context)


def _submits(form: Form) -> bool:
    return form.one("do") == "save_submit"


def _acknowledged(form: Form) -> bool:
    """Whether the box beside what looks like personal data was ticked."""
    return form.one("acknowledged") == "yes"


def _saved(
    library: Library,
    viewer: Viewer,
    view: MaterialView,
    rev: int | None,
    description: Description,
    form: Form,
) -> tuple[dict[str, str], int | None]:
    """Save; sentences by field, none when all went well, and the revision to go on from.

    What cannot be submitted yet is saved all the same, so that revision is a new one.
    """
    try:
        rev = materials.edit_material(
            library, viewer, view.card.id, rev, description, whole=True
        ).rev
        if _submits(form):
            acknowledged = _acknowledged(form)
            materials.submit(library, viewer, view.card.id, rev, acknowledged=acknowledged)
    except InvalidValue as error:
        field = str(error.details["field"])
        return {_FIELDS.get(field, field): str(error.details["reason"])}, rev
    except NotPublishable as error:
        return dict(error.lacking), rev
    except EditConflict as error:
        return {"title": error.sentence()}, rev
    return {}, rev


def editable(library: Library, viewer: Viewer, code: str) -> MaterialView:
    """The material, for one who may edit it; a stranger is led to sign in first."""
    if not viewer.signed_in:
        raise NotAuthenticated
    view = viewing.material_by_code(library, viewer, code)
    if not view.can_edit:
        raise Forbidden
    return view


@post("/hoc-lieu/{code:str}/{step:str}", opt=requires(Action.VIEW), sync_to_thread=True)
def take_step(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    form: NamedDependency[Form],
    code: PathCode,
    step: StepName,
) -> Redirect:
    """Submit, publish, return, withdraw or delete; the service decides whether this viewer may."""
    if step not in STEPS:
        raise NotFound
    view = viewing.material_by_code(library, viewer, code)
    material_id, rev, reason = view.card.id, form.number("rev"), form.one("reason")
    if step == "submit":
        materials.submit(library, viewer, material_id, rev, acknowledged=_acknowledged(form))
    elif step == "publish":
        materials.publish(library, viewer, material_id, rev, acknowledged=_acknowledged(form))
    elif step == "return":
        materials.return_material(library, viewer, material_id, rev, reason)
        return see("/duyet", "returned")
    elif step == "withdraw":
        materials.withdraw(library, viewer, material_id, rev, reason)
    else:
        materials.delete_material(library, viewer, material_id, rev)
        return see("/cua-toi", "deleted")
    return see(view.card.url, step)


handlers = (material_page, edit_page, save, take_step)
