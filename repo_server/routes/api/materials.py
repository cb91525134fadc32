"""A material and its life, as JSON. Changes need `If-Match` with the ETag that was read."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Final, Literal

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from repo_server.database.models import Material
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
from repo_server.routes.preconditions import etag
from repo_server.services import materials, suggesting, viewing
from repo_server.services.cards import Card
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.suggesting import Suggestions
from repo_server.services.viewing import AlignmentView, FilePart, FileView, MaterialView

ShortText = Annotated[str, Meta(max_length=120)]

Checked = Annotated[Literal["checked"] | None, QueryParameter()]
"""Says that warnings of personal data were looked at."""


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


def _description(said: MaterialFields) -> Description:
    parts = (said.grades, said.subjects, said.books, said.items)
    choice = None
    if any(part is not None for part in parts):
        choice = Choice(said.grades or (), said.subjects or (), said.books or (), said.items or ())
    return Description(
        title=said.title,
        description=said.description,
        kind=said.kind,
        language=said.language,
        license=said.license,
        keywords=said.keywords,
        author=said.author,
        choice=choice,
    )


class FileEntry(Struct, frozen=True):
    """A file of a material with its addresses; sizes in bytes, `duration` in seconds."""

    id: int
    name: str
    role: str | None
    kind: str
    kind_label: str
    media_type: str
    size: int
    sha256: str
    page_count: int | None
    duration: float | None
    width: int | None
    height: int | None
    has_text: bool
    text_truncated: bool
    warnings: tuple[str, ...]
    parts: tuple[FilePart, ...]
    content_url: str
    preview_urls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialAnswer(Card):
    """A material: what lists show of it, its files and alignments, and what the viewer may do.

    `actions` are the steps of its life that are open to the viewer now; `problems` are sentences on
    what it lacks before it can be submitted, for those who may edit it.
    """

    rev: int
    version: int
    author: str
    keywords: tuple[str, ...]
    license_url: str | None
    alignments: tuple[AlignmentView, ...]
    files: tuple[FileEntry, ...]
    created_at: datetime
    return_reason: str | None
    can_edit: bool
    actions: tuple[Action, ...]
    problems: tuple[str, ...]


_FROM_FILE: Final = FileEntry.__struct_fields__[:-2]


def _file(file: FileView) -> FileEntry:
    return FileEntry(
        **{name: getattr(file, name) for name in _FROM_FILE},
        content_url=f"/api/files/{file.id}/content",
        preview_urls=tuple(f"/api/files/{file.id}/preview/{page}" for page in file.preview_pages),
    )


def _material(view: MaterialView) -> MaterialAnswer:
    return MaterialAnswer(
        **{field.name: getattr(view.card, field.name) for field in fields(Card)},
        rev=view.rev,
        version=view.version,
        author=view.author,
        keywords=view.keywords,
        license_url=view.license.url if view.license else None,
        alignments=view.alignments,
        files=tuple(map(_file, view.files)),
        created_at=view.created_at,
        return_reason=view.return_reason,
        can_edit=view.can_edit,
        actions=view.actions,
        problems=view.problems,
    )


def present(library: Library, viewer: Viewer, material_id: int) -> Response[MaterialAnswer]:
    """The material as it is now."""
    return _shown(viewing.material_by_id(library, viewer, material_id))


def _after(
    library: Library, viewer: Viewer, changed: Material, status: int = HTTP_200_OK
) -> Response[MaterialAnswer]:
    """The material as the act left it: its entity tag is that of this act, not of a later one."""
    return _shown(viewing.material_after(library, viewer, changed), status)


def _shown(view: MaterialView, status: int = HTTP_200_OK) -> Response[MaterialAnswer]:
    """With the entity tag; private, because drafts are."""
    headers = {"etag": etag(view.rev), "cache-control": "private, no-cache"}
    return Response(_material(view), status_code=status, headers=headers)


@get("/api/materials/{material_id:int}", opt=requires(Action.VIEW), sync_to_thread=True)
def material(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Response[MaterialAnswer]:
    """A material with its files and alignments."""
    return present(library, viewer, material_id)


@post("/api/materials", opt=requires(Action.CONTRIBUTE), sync_to_thread=True)
def create(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[MaterialFields],
) -> Response[MaterialAnswer]:
    """Start a draft; files follow as uploads that name it."""
    created = materials.create_material(library, viewer, _description(data))
    return _after(library, viewer, created, HTTP_201_CREATED)


@patch("/api/materials/{material_id:int}", opt=requires(Action.EDIT), sync_to_thread=True)
def edit(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[MaterialFields],
    rev: NamedDependency[int | None],
) -> Response[MaterialAnswer]:
    """Change the description."""
    changed = materials.edit_material(library, viewer, material_id, rev, _description(data))
    return _after(library, viewer, changed)


@get("/api/materials/{material_id:int}/suggestions", opt=requires(Action.EDIT), sync_to_thread=True)
def suggested(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Response[Suggestions]:
    """What Kho guesses of the fields that no person has decided, and of the files' roles."""
    found = suggesting.suggestions(library, viewer, material_id)
    return Response(found, headers={"cache-control": "private, no-cache"})


@delete("/api/materials/{material_id:int}", opt=requires(Action.DELETE), sync_to_thread=True)
def remove(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    rev: NamedDependency[int | None],
) -> None:
    """Delete; nobody sees the material any more."""
    materials.delete_material(library, viewer, material_id, rev)


@delete(
    "/api/materials/{material_id:int}/files/{file_id:int}",
    opt=requires(Action.EDIT_FILES),
    sync_to_thread=True,
)
def remove_file(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    file_id: PathId,
    rev: NamedDependency[int | None],
) -> None:
    """Take a file out; nobody is handed its bytes any more."""
    materials.remove_file(library, viewer, material_id, rev, file_id)


@post(
    "/api/materials/{material_id:int}/submit",
    opt=requires(Action.SUBMIT),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def submit(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    rev: NamedDependency[int | None],
    personal_data: Checked = None,
) -> Response[MaterialAnswer]:
    """Hand a draft to the editors; `personal_data=checked` says that warnings were looked at."""
    acknowledged = personal_data == "checked"
    changed = materials.submit(library, viewer, material_id, rev, acknowledged=acknowledged)
    return _after(library, viewer, changed)


@post(
    "/api/materials/{material_id:int}/publish",
    opt=requires(Action.PUBLISH),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def publish(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    rev: NamedDependency[int | None],
    personal_data: Checked = None,
) -> Response[MaterialAnswer]:
    """Show a material to everybody; `personal_data=checked` as for submission."""
    acknowledged = personal_data == "checked"
    changed = materials.publish(library, viewer, material_id, rev, acknowledged=acknowledged)
    return _after(library, viewer, changed)


@post(
    "/api/materials/{material_id:int}/return",
    opt=requires(Action.RETURN),
    status_code=HTTP_204_NO_CONTENT,
    sync_to_thread=True,
)
def give_back(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[Reason],
    rev: NamedDependency[int | None],
) -> None:
    """Give a submitted material back to its contributor, with a reason."""
    materials.return_material(library, viewer, material_id, rev, data.reason)


@post(
    "/api/materials/{material_id:int}/withdraw",
    opt=requires(Action.WITHDRAW),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def withdraw(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[Reason],
    rev: NamedDependency[int | None],
) -> Response[MaterialAnswer]:
    """Take a material out of the public library."""
    changed = materials.withdraw(library, viewer, material_id, rev, data.reason)
    return _after(library, viewer, changed)


handlers = (
    material,
    create,
    edit,
    suggested,
    remove,
    remove_file,
    submit,
    publish,
    give_back,
    withdraw,
)
