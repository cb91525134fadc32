"""The files of a material as plain forms, and the page of what a device has saved."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.bundles import ROLE_LABELS, ROLES
from repo_server.domain.errors import (
    BadRequest,
    EditConflict,
    InvalidValue,
    KhoError,
    WrongState,
)
from repo_server.domain.files import stem
from repo_server.domain.materials import FILES_LIMIT, Kind
from repo_server.domain.wording import worded
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathCode, PathId
from repo_server.routes.pages.edit_context import Option
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.material_context import shown_material
from repo_server.routes.pages.materials import editable
from repo_server.routes.pages.redirects import see
from repo_server.routes.pages.rendering import HtmlRequest, Pages
from repo_server.services import bundles, materials, suggesting, viewing
from repo_server.services.bundles import FileChange
from repo_server.services.library import Library
from repo_server.services.suggesting import RoleSuggestion, Suggestions
from repo_server.services.viewing import FileView, MaterialView


class FileForm(Struct, frozen=True):
    """A file of the list; `stem` is its name without the extension, which stays."""

    id: int
    name: str
    stem: str
    extension: str
    size: int
    kind_label: str
    group: str
    role: str
    roles: tuple[Option, ...]
    first: bool
    last: bool
    guessed_from: str


@get("/hoc-lieu/{code:str}/tep", opt=requires(Action.EDIT), sync_to_thread=True)
def files_page(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    code: PathCode,
) -> Response[str]:
    """The files of a material: roles, names, order, adding and removing."""
    view = editable(library, viewer, code)
    found = suggesting.suggestions(library, viewer, view.card.id)
    return _files(request, viewer, pages, view, found)


@post(
    "/hoc-lieu/{code:str}/tep/{file_id:int}",
    opt=requires(Action.EDIT_FILES),
    sync_to_thread=True,
)
def change_file(
    request: HtmlRequest,
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    pages: NamedDependency[Pages],
    form: NamedDependency[Form],
    code: PathCode,
    file_id: PathId,
) -> Response[str] | Redirect:
    """One act on one file; what went wrong is said beside the file."""
    view = editable(library, viewer, code)
    try:
        notice = _act(library, viewer, view, file_id, form)
    except (InvalidValue, EditConflict, WrongState) as error:
        fresh = viewing.material_by_id(library, viewer, view.card.id)
        found = suggesting.suggestions(library, viewer, view.card.id)
        return _files(
            request, viewer, pages, fresh, found, {file_id: _said(error)}, status=error.status
        )
    return see(f"{view.card.url}/tep#tep-{file_id}", notice)


def _said(error: KhoError) -> str:
    reason = error.details.get("reason") if isinstance(error, InvalidValue) else None
    return str(reason or error.sentence())


def _act(library: Library, viewer: Viewer, view: MaterialView, file_id: int, form: Form) -> str:
    act, rev = form.one("do"), form.number("rev")
    if act == "remove":
        materials.remove_file(library, viewer, view.card.id, rev, file_id)
        return "file_removed"
    if act in ("up", "down"):
        change = FileChange(position=_target(view, file_id, -1 if act == "up" else 1))
    elif act == "save":
        change = FileChange(name=form.one("name"), role=form.one("role"))
    else:
        raise BadRequest
    bundles.change_file(library, viewer, view.card.id, rev, file_id, change)
    return "file_moved" if change.position else "file_saved"


def _target(view: MaterialView, file_id: int, way: int) -> int | None:
    """The position one step that way; its own where there is no further."""
    ids = [file.id for file in view.files]
    if file_id not in ids:
        return None
    return min(max(ids.index(file_id) + 1 + way, 1), len(ids))


def _files(
    request: HtmlRequest,
    viewer: Viewer,
    pages: Pages,
    view: MaterialView,
    found: Suggestions,
    errors: dict[int, str] | None = None,
    *,
    status: int = 200,
) -> Response[str]:
    last = len(view.files) - 1
    guessed = {one.file_id: one for one in found.roles}
    return pages.render(
        request,
        viewer,
        "files.html",
        status=422 if status == 400 else status,
        material=shown_material(view),
        forms=tuple(
            _form(file, guessed.get(file.id), first=at == 0, last=at == last)
            for at, file in enumerate(view.files)
        ),
        errors=errors or {},
        changeable=view.can_edit_files,
        live=view.card.status == "published",
        removable=last > 0 or view.card.status != "published",
        add_url=f"/dong-gop?hoc-lieu={view.card.id}" if len(view.files) < FILES_LIMIT else None,
    )


def _form(file: FileView, guessed: RoleSuggestion | None, *, first: bool, last: bool) -> FileForm:
    return FileForm(
        id=file.id,
        name=file.name,
        stem=stem(file.name),
        extension=file.name[len(stem(file.name)) :],
        size=file.size,
        kind_label=file.kind_label,
        group=file.group,
        role=file.role or (guessed.role if guessed else ""),
        roles=_roles(file.role or (guessed.role if guessed else None)),
        guessed_from=guessed.source_label if guessed else "",
        first=first,
        last=last,
    )


def _roles(role: str | None) -> tuple[Option, ...]:
    """The usual roles, and the file's own where it is another one."""
    own = () if role is None or role in ROLES else (Kind(role),)
    return tuple(Option(one, worded("file_role", one, ROLE_LABELS[one])) for one in (*ROLES, *own))


handlers = (files_page, change_file)
