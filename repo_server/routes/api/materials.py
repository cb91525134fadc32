"""A material and its life, as JSON. Changes need `If-Match` with the ETag that was read."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Meta, Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.materials import (
    DESCRIPTION_LIMIT,
    ITEMS_LIMIT,
    KEYWORDS_LIMIT,
    REASON_LIMIT,
    TITLE_LIMIT,
)
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId, SmallId
from repo_server.routes.preconditions import etag, revision
from repo_server.services import materials, viewing
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.viewing import MaterialView

ShortText = Annotated[str, Meta(max_length=120)]
IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", max_length=100)]


class MaterialFields(Struct, forbid_unknown_fields=True, frozen=True):
    """What may be said of a material; what is left out stays as it is.

    `grades`, `subjects`, `books` and `items` (ids of curriculum items) go together: naming one of
    them sets all four.
    """

    title: Annotated[str, Meta(max_length=TITLE_LIMIT)] | None = None
    description: Annotated[str, Meta(max_length=DESCRIPTION_LIMIT)] | None = None
    kind: ShortText | None = None
    language: ShortText | None = None
    license: ShortText | None = None
    author: Annotated[str, Meta(max_length=TITLE_LIMIT)] | None = None
    keywords: Annotated[tuple[ShortText, ...], Meta(max_length=KEYWORDS_LIMIT)] | None = None
    grades: Annotated[tuple[Annotated[int, Meta(ge=1, le=12)], ...], Meta(max_length=12)] | None = (
        None
    )
    subjects: Annotated[tuple[ShortText, ...], Meta(max_length=ITEMS_LIMIT)] | None = None
    books: Annotated[tuple[ShortText, ...], Meta(max_length=ITEMS_LIMIT)] | None = None
    items: Annotated[tuple[SmallId, ...], Meta(max_length=ITEMS_LIMIT)] | None = None


class Reason(Struct, forbid_unknown_fields=True, frozen=True):
    """Why a material is returned or withdrawn, for its contributor."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_LIMIT)]


def _description(fields: MaterialFields) -> Description:
    parts = (fields.grades, fields.subjects, fields.books, fields.items)
    choice = None
    if any(part is not None for part in parts):
        choice = Choice(
            fields.grades or (), fields.subjects or (), fields.books or (), fields.items or ()
        )
    return Description(
        title=fields.title,
        description=fields.description,
        kind=fields.kind,
        language=fields.language,
        license=fields.license,
        keywords=fields.keywords,
        author=fields.author,
        choice=choice,
    )


def _answer(view: MaterialView, status: int = HTTP_200_OK) -> Response[MaterialView]:
    headers = {"etag": etag(view.rev), "cache-control": "private, no-cache"}
    return Response(view, status_code=status, headers=headers)


@get("/api/materials/{material_id:int}", opt=requires(Action.VIEW), sync_to_thread=True)
def material(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Response[MaterialView]:
    """A material with its files and alignments."""
    return _answer(viewing.material_by_id(library, viewer, material_id))


@post("/api/materials", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def create(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[MaterialFields],
) -> Response[MaterialView]:
    """Start a draft; files follow as uploads that name it."""
    created = materials.create_material(library, viewer, _description(data))
    view = viewing.material_by_id(library, viewer, created.id)
    return _answer(view, HTTP_201_CREATED)


@patch("/api/materials/{material_id:int}", opt=requires(Action.EDIT), sync_to_thread=True)
def edit(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[MaterialFields],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Change the description."""
    materials.edit_material(library, viewer, material_id, revision(if_match), _description(data))
    return _answer(viewing.material_by_id(library, viewer, material_id))


@delete("/api/materials/{material_id:int}", opt=requires(Action.DELETE), sync_to_thread=True)
def remove(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    if_match: IfMatch = None,
) -> None:
    """Delete; nobody sees the material any more."""
    materials.delete_material(library, viewer, material_id, revision(if_match))


@delete(
    "/api/materials/{material_id:int}/files/{file_id:int}",
    opt=requires(Action.EDIT),
    sync_to_thread=True,
)
def remove_file(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    file_id: PathId,
    if_match: IfMatch = None,
) -> None:
    """Take a file out of a material that is not published."""
    materials.remove_file(library, viewer, material_id, revision(if_match), file_id)


@post("/api/materials/{material_id:int}/submit", opt=requires(Action.SUBMIT), sync_to_thread=True)
def submit(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Hand a draft to the editors."""
    materials.submit(library, viewer, material_id, revision(if_match))
    return _answer(viewing.material_by_id(library, viewer, material_id))


@post("/api/materials/{material_id:int}/publish", opt=requires(Action.PUBLISH), sync_to_thread=True)
def publish(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Show a material to everybody."""
    materials.publish(library, viewer, material_id, revision(if_match))
    return _answer(viewing.material_by_id(library, viewer, material_id))


@post("/api/materials/{material_id:int}/return", opt=requires(Action.RETURN), sync_to_thread=True)
def give_back(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[Reason],
    if_match: IfMatch = None,
) -> None:
    """Give a submitted material back to its contributor, with a reason."""
    materials.return_material(library, viewer, material_id, revision(if_match), data.reason)


@post(
    "/api/materials/{material_id:int}/withdraw",
    opt=requires(Action.WITHDRAW),
    sync_to_thread=True,
)
def withdraw(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[Reason],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Take a material out of the public library."""
    materials.withdraw(library, viewer, material_id, revision(if_match), data.reason)
    return _answer(viewing.material_by_id(library, viewer, material_id))


handlers = (
    material,
    create,
    edit,
    remove,
    remove_file,
    submit,
    publish,
    give_back,
    withdraw,
)
