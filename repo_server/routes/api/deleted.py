"""Deleted materials, as JSON: what can still be brought back, and bringing it back."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.routes.api.materials import MaterialAnswer, present
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathId
from repo_server.services.keeping import tombstones
from repo_server.services.keeping.tombstones import Tombstone
from repo_server.services.library import Library

PageSize = Annotated[int, QueryParameter(ge=1, le=100)]


class DeletedMaterials(Struct, frozen=True):
    """A page of deleted materials; each can be brought back until its `until`."""

    total: int
    page: int
    size: int
    items: tuple[Tombstone, ...]


@get("/api/materials/deleted", opt=requires(Action.USE_ACCOUNT), sync_to_thread=True)
def deleted(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    page: PageNumber = 1,
    size: PageSize = 20,
) -> DeletedMaterials:
    """What was deleted and the viewer may bring back, last deleted first."""
    found = tombstones.tombstones(library, viewer, page=page, size=size)
    return DeletedMaterials(found.total, page, size, found.items)


@post(
    "/api/materials/{material_id:int}/restore",
    opt=requires(Action.RESTORE),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def restore(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Response[MaterialAnswer]:
    """Bring a deleted material back; what was published comes back withdrawn."""
    tombstones.restore(library, viewer, material_id)
    return present(library, viewer, material_id)


handlers = (deleted, restore)
