"""Changing a collection by plain forms; with script the same is done by drag and by keyboard."""

from typing import Annotated, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.codes import LENGTH, is_code
from repo_server.domain.collections import ITEMS_LIMIT
from repo_server.domain.errors import (
    BadRequest,
    EditConflict,
    Forbidden,
    InvalidValue,
    NotFound,
)
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode, PathId
from repo_server.routes.pages.collections import ROOT, reason_by_field
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import collection_contents as contents
from repo_server.services import collection_views as views
from repo_server.services import collections
from repo_server.services.collection_contents import Placed
from repo_server.services.collection_views import CollectionView, PlaceView, SectionView
from repo_server.services.collections import CollectionFields
from repo_server.services.library import Library

StepName = Annotated[str, PathParameter(max_length=20)]
_WAYS: Final = {"up": -1, "down": 1}


class Target(Struct, frozen=True):
    """A section that an item may go to; `value` is empty before the first heading."""

    value: str
    title: str
    count: int
    selected: bool


def _editable(library: Library, viewer: Viewer, code: str) -> CollectionView:
    view = views.collection_by_code(library, viewer, code)
    if not view.can_edit:
        raise Forbidden
    return view


@get(f"{ROOT}/{{code:str}}/sua", opt=requires(Action.CURATE), sync_to_thread=True)
def edit_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """Everything that can be done with a collection."""
    return _form(request, viewer, pages, _editable(library, viewer, code))


def _form(
    request: HtmlRequest,
    viewer: Viewer,
    pages: Pages,
    view: CollectionView,
    errors: dict[str, str] | None = None,
    said: Form | None = None,
) -> Response[str]:
    stored = {"title": view.card.title, "description": view.card.description}
    if said is not None and said.one("do") == "save":
        stored = {name: said.one(name) for name in stored}
    return pages.render(
        request,
        viewer,
        "collection_edit.html",
        status=422 if errors else 200,
        collection=view.card,
        rev=view.rev,
        values=stored,
        sections=view.sections,
        total=len(view.places),
        room=len(view.places) < ITEMS_LIMIT,
        errors=errors or {},
    )


@post(f"{ROOT}/{{code:str}}/sua", opt=requires(Action.CURATE), sync_to_thread=True)
def save(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    code: PathCode,
) -> Response[str] | Redirect:
    """One of the forms of the page; what is wrong is said on it."""
    view = _editable(library, viewer, code)
    try:
        place, notice = _done(library, viewer, view, form)
    except (InvalidValue, EditConflict) as error:
        return _form(request, viewer, pages, view, _reasons(error, form), form)
    return see(f"{view.card.url}/sua{place}", notice)


def _reasons(error: InvalidValue | EditConflict, form: Form) -> dict[str, str]:
    """What is wrong, by field; the fields of the form for a new heading have names of their own."""
    reasons = reason_by_field(error)
    if form.one("do") == "section" and "conflict" not in reasons:
        return {f"section_{field}": reason for field, reason in reasons.items()}
    return reasons


def _done(
    library: Library, viewer: Viewer, view: CollectionView, form: Form
) -> tuple[str, str | None]:
    """Do what the pressed button says; (where on the page, what is said there)."""
    id_, rev = view.card.id, form.number("rev")
    act, _, object_ = form.one("do").partition("-")
    target = int(object_) if object_.isascii() and object_.isdigit() and len(object_) < 19 else 0
    if act == "save":
        fields = CollectionFields(form.one("title"), form.one("description"))
        collections.edit_collection(library, viewer, id_, rev, fields)
        return "", "collection_saved"
    if act == "add":
        item = _added(library, viewer, id_, form.one("material"))
        return f"#cho-{item}", "collection_added"
    if act == "section":
        title, note = form.one("section_title"), form.one("section_note")
        contents.add_section(library, viewer, id_, rev, title, note)
        return "#them-muc", "section_added"
    return _stepped(library, viewer, view, rev, act, target), None


def _added(library: Library, viewer: Viewer, collection_id: int, said: str) -> int:
    """Add the material that a code or an address with it names."""
    code = said.strip().rstrip("/").rpartition("/")[2][-LENGTH:]
    try:
        if not is_code(code):
            raise NotFound
        material_id = views.material_of_code(library, viewer, code)
    except NotFound:
        reason = "Không có học liệu nào mang mã hoặc địa chỉ này."
        raise InvalidValue("material", reason) from None
    return contents.add_item(library, viewer, collection_id, None, Placed(material_id))


def _stepped(
    library: Library, viewer: Viewer, view: CollectionView, rev: int | None, act: str, target: int
) -> str:
    what, way = act[:1], _WAYS.get(act[1:])
    if way is None or what not in ("i", "s"):
        raise BadRequest
    if what == "i":
        contents.step_item(library, viewer, view.card.id, rev, target, way)
        return f"#cho-{target}"
    contents.step_section(library, viewer, view.card.id, rev, target, way)
    return f"#muc-{target}"


@post(f"{ROOT}/{{code:str}}/{{step:str}}", opt=requires(Action.CURATE), sync_to_thread=True)
def take_step(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    code: PathCode,
    step: StepName,
) -> Response[str] | Redirect:
    """Publish, withdraw or delete."""
    view = _editable(library, viewer, code)
    rev = form.number("rev")
    try:
        if step == "publish":
            collections.publish_collection(library, viewer, view.card.id, rev)
        elif step == "withdraw":
            collections.withdraw_collection(library, viewer, view.card.id, rev)
        elif step == "delete":
            collections.delete_collection(library, viewer, view.card.id, rev)
            return see(ROOT, "collection_deleted")
        else:
            raise NotFound
    except (InvalidValue, EditConflict) as error:
        return _form(request, viewer, pages, view, reason_by_field(error))
    return see(view.card.url if step == "publish" else f"{view.card.url}/sua", f"collection_{step}")


@get(f"{ROOT}/{{code:str}}/cho/{{item_id:int}}", opt=requires(Action.CURATE), sync_to_thread=True)
def item_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
    item_id: PathId,
) -> Response[str]:
    """One place: its note, where it stands, and taking it out."""
    view = _editable(library, viewer, code)
    return _item_form(request, library, viewer, pages, view, _place(view, item_id))


def _place(view: CollectionView, item_id: int) -> tuple[SectionView, PlaceView]:
    for section in view.sections:
        for item in section.items:
            if item.id == item_id:
                return section, item
    raise NotFound


def _item_form(
    request: HtmlRequest,
    library: Library,
    viewer: Viewer,
    pages: Pages,
    view: CollectionView,
    found: tuple[SectionView, PlaceView],
    errors: dict[str, str] | None = None,
    note: str | None = None,
) -> Response[str]:
    here, item = found
    targets = tuple(
        Target(
            str(section.id or ""),
            section.title,
            len(section.items) + (section.id != here.id),
            section.id == here.id,
        )
        for section in view.sections
    )
    cover = views.thumbnail_of(library, viewer, item.material_id)
    return pages.render(
        request,
        viewer,
        "collection_item.html",
        status=422 if errors else 200,
        collection=view.card,
        rev=view.rev,
        item=item,
        note_text=item.note if note is None else note,
        targets=targets,
        cover_id=cover if cover != view.cover_id else None,
        errors=errors or {},
    )


@post(f"{ROOT}/{{code:str}}/cho/{{item_id:int}}", opt=requires(Action.CURATE), sync_to_thread=True)
def change_item(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    code: PathCode,
    item_id: PathId,
) -> Response[str] | Redirect:
    """Save the note, move the item, take its picture as the cover, or take it out."""
    view = _editable(library, viewer, code)
    found = _place(view, item_id)
    try:
        notice = _item_act(library, viewer, view, item_id, form)
    except (InvalidValue, EditConflict) as error:
        errors = reason_by_field(error)
        return _item_form(request, library, viewer, pages, view, found, errors, form.one("note"))
    return see(f"{view.card.url}/sua#cho-{item_id}", notice)


def _item_act(
    library: Library, viewer: Viewer, view: CollectionView, item_id: int, form: Form
) -> str:
    act, id_, rev = form.one("do"), view.card.id, form.number("rev")
    if act == "save":
        contents.edit_item(library, viewer, id_, rev, item_id, form.one("note"))
        return "item_saved"
    if act == "move":
        position = form.number("position")
        if position is None or not 1 <= position <= ITEMS_LIMIT:
            raise InvalidValue("position", f"Hãy ghi một số từ 1 đến {ITEMS_LIMIT}.")
        section = form.number("section")
        contents.move_item(
            library, viewer, id_, rev, item_id, section_id=section, position=position
        )
        return "item_moved"
    if act == "cover":
        fields = CollectionFields(cover=form.number("cover") or 0)
        collections.edit_collection(library, viewer, id_, rev, fields)
        return "collection_saved"
    if act == "remove":
        contents.remove_item(library, viewer, id_, rev, item_id)
        return "item_removed"
    raise BadRequest


@get(
    f"{ROOT}/{{code:str}}/muc/{{section_id:int}}", opt=requires(Action.CURATE), sync_to_thread=True
)
def section_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
    section_id: PathId,
) -> Response[str]:
    """One heading: its title and note, and taking it away."""
    view = _editable(library, viewer, code)
    section = _section(view, section_id)
    return _section_form(request, viewer, pages, view, section, (section.title, section.note), {})


def _section(view: CollectionView, section_id: int) -> SectionView:
    for section in view.sections:
        if section.id == section_id:
            return section
    raise NotFound


def _section_form(
    request: HtmlRequest,
    viewer: Viewer,
    pages: Pages,
    view: CollectionView,
    section: SectionView,
    said: tuple[str, str],
    errors: dict[str, str],
) -> Response[str]:
    return pages.render(
        request,
        viewer,
        "collection_section.html",
        status=422 if errors else 200,
        collection=view.card,
        rev=view.rev,
        section=section,
        values={"title": said[0], "note": said[1]},
        errors=errors,
    )


@post(
    f"{ROOT}/{{code:str}}/muc/{{section_id:int}}", opt=requires(Action.CURATE), sync_to_thread=True
)
def change_section(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    code: PathCode,
    section_id: PathId,
) -> Response[str] | Redirect:
    """Save a heading, or take it away; what stood under it stays."""
    view = _editable(library, viewer, code)
    section, id_, rev = _section(view, section_id), view.card.id, form.number("rev")
    title, note = form.one("title"), form.one("note")
    try:
        if form.one("do") == "remove":
            contents.remove_section(library, viewer, id_, rev, section_id)
            return see(f"{view.card.url}/sua", "section_removed")
        contents.edit_section(library, viewer, id_, rev, section_id, title, note)
    except (InvalidValue, EditConflict) as error:
        errors = reason_by_field(error)
        return _section_form(request, viewer, pages, view, section, (title, note), errors)
    return see(f"{view.card.url}/sua#muc-{section_id}", "section_saved")


handlers = (
    edit_page,
    save,
    item_page,
    change_item,
    section_page,
    change_section,
    take_step,
)
