"""Collections as JSON. Changes need `If-Match`, but for adding at the end."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Meta, Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.collections import (
    DESCRIPTION_LIMIT,
    ITEMS_LIMIT,
    NOTE_LIMIT,
    SECTIONS_LIMIT,
    TITLE_LIMIT,
)
from repo_server.domain.materials import Status
from repo_server.routes.auth import requires
from repo_server.routes.bounds import MAX_ID, PageNumber, PathId, SmallId
from repo_server.routes.preconditions import etag
from repo_server.services import collection_contents as contents
from repo_server.services import collection_views as views
from repo_server.services import collections
from repo_server.services.collection_contents import Contents, Placed, SectionContents
from repo_server.services.collection_views import (
    CollectionCard,
    CollectionView,
    LicenseShare,
    SectionView,
)
from repo_server.services.collections import CollectionFields
from repo_server.services.library import Library

Title = Annotated[str, Meta(max_length=TITLE_LIMIT)]
Note = Annotated[str, Meta(max_length=NOTE_LIMIT)]
Position = Annotated[int, Meta(ge=1, le=ITEMS_LIMIT)]


class CollectionSaid(Struct, forbid_unknown_fields=True, frozen=True):
    """What may be said of a collection; what is left out stays.

    `cover` is the id of a file with a thumbnail, of a material in the collection; 0 takes it off.
    """

    title: Title | None = None
    description: Annotated[str, Meta(max_length=DESCRIPTION_LIMIT)] | None = None
    cover: Annotated[int, Meta(ge=0, le=MAX_ID)] | None = None


class ItemSaid(Struct, forbid_unknown_fields=True, frozen=True):
    """A material, by id, with the curator's note."""

    material: SmallId
    note: Note = ""


class SectionSaid(Struct, forbid_unknown_fields=True, frozen=True):
    """A heading with what stands under it; `id` where it exists already."""

    title: Title
    note: Note = ""
    items: Annotated[tuple[ItemSaid, ...], Meta(max_length=ITEMS_LIMIT)] = ()
    id: SmallId | None = None


class ContentsSaid(Struct, forbid_unknown_fields=True, frozen=True):
    """The whole contents: what stands before the first heading, then the sections, in order."""

    items: Annotated[tuple[ItemSaid, ...], Meta(max_length=ITEMS_LIMIT)] = ()
    sections: Annotated[tuple[SectionSaid, ...], Meta(max_length=SECTIONS_LIMIT)] = ()


class ItemAdded(Struct, forbid_unknown_fields=True, frozen=True):
    """A material to add; without `position` at the end (of `section`, where one is named)."""

    material: SmallId
    note: Note = ""
    section: SmallId | None = None
    position: Position | None = None


class ItemChanged(Struct, forbid_unknown_fields=True, frozen=True):
    """The curator's note on an item."""

    note: Note


class Move(Struct, forbid_unknown_fields=True, frozen=True):
    """Where an item goes: a section (null: before the first heading) and a place in it, from 1."""

    position: Position
    section: SmallId | None = None


class Moved(Struct, frozen=True):
    """The revision after a move, as in the `ETag`; all else is as the client has put it."""

    rev: int


class CollectionsAnswer(Struct, frozen=True):
    """A page of published collections, newest first."""

    total: int
    page: int
    size: int
    items: tuple[CollectionCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionAnswer(CollectionCard):
    """A collection with its places in order; the first section has no heading and no id.

    A place whose material is not public any more is not `available`; who may not see the material
    reads nothing of it. `cover` is the chosen file, shown or not.
    """

    rev: int
    can_edit: bool
    cover: int | None
    sections: tuple[SectionView, ...]
    licenses: tuple[LicenseShare, ...]


def _present(
    library: Library, viewer: Viewer, collection_id: int, status: int = HTTP_200_OK
) -> Response[CollectionAnswer]:
    view = views.collection_by_id(library, viewer, collection_id)
    headers = {"etag": etag(view.rev), "cache-control": "private, no-cache"}
    return Response(_collection(view), status_code=status, headers=headers)


def _collection(view: CollectionView) -> CollectionAnswer:
    return CollectionAnswer(
        **{field.name: getattr(view.card, field.name) for field in fields(CollectionCard)},
        rev=view.rev,
        can_edit=view.can_edit,
        cover=view.cover_id,
        sections=view.sections,
        licenses=view.licenses,
    )


@get("/api/collections", opt=requires(Action.READ_PUBLIC), sync_to_thread=True)
def collections_found(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    page: PageNumber = 1,
    size: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    status: FromQuery[Literal["published", "draft"]] = "published",
) -> CollectionsAnswer:
    """Collections whose title holds every word of `q`; drafts are those that one may change."""
    total, items = views.collections(
        library, viewer, q, page=page, size=size, status=Status(status)
    )
    return CollectionsAnswer(total, page, size, items)


@post("/api/collections", opt=requires(Action.CURATE), sync_to_thread=True)
def create_collection(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[CollectionSaid],
) -> Response[CollectionAnswer]:
    """Start a draft."""
    made = collections.create_collection(library, viewer, _fields(data))
    return _present(library, viewer, made.id, HTTP_201_CREATED)


def _fields(said: CollectionSaid) -> CollectionFields:
    return CollectionFields(said.title, said.description, said.cover)


@get("/api/collections/{collection_id:int}", opt=requires(Action.VIEW), sync_to_thread=True)
def collection(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], collection_id: PathId
) -> Response[CollectionAnswer]:
    """A collection with everything that stands in it."""
    return _present(library, viewer, collection_id)


@patch("/api/collections/{collection_id:int}", opt=requires(Action.CURATE), sync_to_thread=True)
def edit_collection(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    data: JSONBody[CollectionSaid],
    rev: NamedDependency[int | None],
) -> Response[CollectionAnswer]:
    """Change title, description or cover."""
    collections.edit_collection(library, viewer, collection_id, rev, _fields(data))
    return _present(library, viewer, collection_id)


@delete("/api/collections/{collection_id:int}", opt=requires(Action.CURATE), sync_to_thread=True)
def delete_collection(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    rev: NamedDependency[int | None],
) -> None:
    """Delete; the materials are not touched."""
    collections.delete_collection(library, viewer, collection_id, rev)


@post(
    "/api/collections/{collection_id:int}/publish",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
    status_code=HTTP_200_OK,
)
def publish_collection(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    rev: NamedDependency[int | None],
) -> Response[CollectionAnswer]:
    """Show it to everybody."""
    collections.publish_collection(library, viewer, collection_id, rev)
    return _present(library, viewer, collection_id)


@post(
    "/api/collections/{collection_id:int}/withdraw",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
    status_code=HTTP_200_OK,
)
def withdraw_collection(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    rev: NamedDependency[int | None],
) -> Response[CollectionAnswer]:
    """Make it a draft again."""
    collections.withdraw_collection(library, viewer, collection_id, rev)
    return _present(library, viewer, collection_id)


@put(
    "/api/collections/{collection_id:int}/contents",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
)
def put_contents(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    data: JSONBody[ContentsSaid],
    rev: NamedDependency[int | None],
) -> Response[CollectionAnswer]:
    """Make the contents exactly these; repeating it changes nothing."""
    sections = tuple(
        SectionContents(one.title, one.note, _placed(one.items), one.id) for one in data.sections
    )
    wanted = Contents(_placed(data.items), sections)
    contents.put_contents(library, viewer, collection_id, rev, wanted)
    return _present(library, viewer, collection_id)


def _placed(items: tuple[ItemSaid, ...]) -> tuple[Placed, ...]:
    return tuple(Placed(item.material, item.note) for item in items)


@post(
    "/api/collections/{collection_id:int}/items",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
)
def add_item(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    data: JSONBody[ItemAdded],
    rev: NamedDependency[int | None],
) -> Response[CollectionAnswer]:
    """Add a published material; at the end it needs no `If-Match`."""
    contents.add_item(
        library,
        viewer,
        collection_id,
        rev,
        Placed(data.material, data.note),
        section_id=data.section,
        position=data.position,
    )
    return _present(library, viewer, collection_id, HTTP_201_CREATED)


@patch(
    "/api/collections/{collection_id:int}/items/{item_id:int}",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
)
def edit_item(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    item_id: PathId,
    data: JSONBody[ItemChanged],
    rev: NamedDependency[int | None],
) -> Response[CollectionAnswer]:
    """Change the note on an item."""
    contents.edit_item(library, viewer, collection_id, rev, item_id, data.note)
    return _present(library, viewer, collection_id)


@delete(
    "/api/collections/{collection_id:int}/items/{item_id:int}",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
)
def remove_item(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    item_id: PathId,
    rev: NamedDependency[int | None],
) -> None:
    """Take an item out; the material is not touched."""
    contents.remove_item(library, viewer, collection_id, rev, item_id)


@post(
    "/api/collections/{collection_id:int}/items/{item_id:int}/move",
    opt=requires(Action.CURATE),
    sync_to_thread=True,
    status_code=HTTP_200_OK,
)
def move_item(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    collection_id: PathId,
    item_id: PathId,
    data: JSONBody[Move],
    rev: NamedDependency[int | None],
) -> Response[Moved]:
    """Put an item at a place."""
    moved = contents.move_item(
        library,
        viewer,
        collection_id,
        rev,
        item_id,
        section_id=data.section,
        position=data.position,
    )
    return Response(Moved(moved.rev), headers={"etag": etag(moved.rev)})


handlers = (
    collections_found,
    create_collection,
    collection,
    edit_collection,
    delete_collection,
    publish_collection,
    withdraw_collection,
    put_contents,
    add_item,
    edit_item,
    remove_item,
    move_item,
)
