"""Materials that are like one another, as JSON: what there is, and what to do about it."""

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from repo_server.domain.access import Action, Viewer
from repo_server.routes.api.materials import MaterialAnswer, present
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PathId, SmallId
from repo_server.services import duplicates
from repo_server.services.duplicates import Duplicate, Likeness, Variants
from repo_server.services.library import Library


class DuplicateEntry(Struct, frozen=True):
    """A material that is like the one asked about; `share` of what both hold, 0 to 1.

    `takes_version`: its owner asks, who may put the draft's files into it.
    """

    id: int
    code: str
    url: str
    title: str
    owner_name: str
    organization_name: str | None
    status: str
    thumbnail_url: str | None
    likeness: Likeness
    share: float
    file_name: str
    other_file_name: str
    takes_version: bool


class Duplicates(Struct, frozen=True):
    """All of them, the most alike first."""

    items: tuple[DuplicateEntry, ...]


class Original(Struct, forbid_unknown_fields=True, frozen=True):
    """The material (id) that a draft is a new version of."""

    of: SmallId


def entry(found: Duplicate) -> DuplicateEntry:
    """One of them as it is answered."""
    card = found.card
    return DuplicateEntry(
        id=card.id,
        code=card.code,
        url=card.url,
        title=card.title,
        owner_name=card.owner_name,
        organization_name=card.organization_name,
        status=card.status,
        thumbnail_url=card.thumbnail_url,
        likeness=found.likeness,
        share=round(found.share, 2),
        file_name=found.file_name,
        other_file_name=found.other_file_name,
        takes_version=found.takes_version,
    )


@get("/api/materials/{material_id:int}/duplicates", opt=requires(Action.EDIT), sync_to_thread=True)
def list_duplicates(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Duplicates:
    """What the library has already of this material, as far as the viewer may see it."""
    found = duplicates.duplicates(library, viewer, material_id)
    return Duplicates(tuple(map(entry, found)))


@get("/api/materials/{material_id:int}/variants", opt=requires(Action.VIEW), sync_to_thread=True)
def list_variants(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], material_id: PathId
) -> Variants:
    """What this material is a variant of, and its own variants."""
    return duplicates.variants(library, viewer, material_id)


@put(
    "/api/materials/{material_id:int}/variants/{of_id:int}",
    opt=requires(Action.EDIT),
    sync_to_thread=True,
)
def declare_variant(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    of_id: PathId,
    rev: NamedDependency[int | None],
) -> Variants:
    """Say that this material is a variant of the other one."""
    duplicates.declare_variant(library, viewer, material_id, rev, of_id)
    return duplicates.variants(library, viewer, material_id)


@delete(
    "/api/materials/{material_id:int}/variants/{of_id:int}",
    opt=requires(Action.EDIT),
    sync_to_thread=True,
)
def withdraw_variant(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    of_id: PathId,
    rev: NamedDependency[int | None],
) -> None:
    """Take that back."""
    duplicates.withdraw_variant(library, viewer, material_id, rev, of_id)


@post(
    "/api/materials/{material_id:int}/become-version",
    opt=requires(Action.DELETE),
    status_code=HTTP_200_OK,
    sync_to_thread=True,
)
def become_version(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    material_id: PathId,
    data: JSONBody[Original],
    rev: NamedDependency[int | None],
) -> Response[MaterialAnswer]:
    """Put a draft's files into one's own older material and delete the draft."""
    target = duplicates.become_version(library, viewer, material_id, rev, data.of)
    return present(library, viewer, target.id)


handlers = (
    list_duplicates,
    list_variants,
    declare_variant,
    withdraw_variant,
    become_version,
)
