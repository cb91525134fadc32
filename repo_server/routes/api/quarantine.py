"""Files in which a threat was found, as JSON, for administrators' programs."""

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from repo_server.domain.access import Action, Viewer
from repo_server.domain.materials import REASON_LIMIT
from repo_server.routes.auth import requires
from repo_server.routes.bounds import PageNumber, PathCode
from repo_server.services.keeping import quarantine
from repo_server.services.keeping.quarantine import QuarantinedFile, QuarantinedUpload
from repo_server.services.library import Library

PageSize = Annotated[int, QueryParameter(ge=1, le=100)]


class QuarantineAnswer(Struct, frozen=True):
    """A page of uploads that are set apart, and the newest files of the library that are."""

    total: int
    page: int
    size: int
    uploads: tuple[QuarantinedUpload, ...]
    files: tuple[QuarantinedFile, ...]


class Lifting(Struct, forbid_unknown_fields=True, frozen=True):
    """Why what was found is no threat."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_LIMIT)]


@get("/api/quarantine", opt=requires(Action.ADMINISTER), sync_to_thread=True)
def list_quarantine(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    page: PageNumber = 1,
    size: PageSize = 20,
) -> QuarantineAnswer:
    """What is set apart, last found first."""
    found = quarantine.quarantine(library, viewer, page=page, size=size)
    return QuarantineAnswer(found.total, page, size, found.uploads, found.files)


@post(
    "/api/quarantine/{sha256:str}/lift",
    opt=requires(Action.ADMINISTER),
    status_code=HTTP_204_NO_CONTENT,
    sync_to_thread=True,
)
def lift_quarantine(
    library: NamedDependency[Library],
    viewer: NamedDependency[Viewer],
    data: JSONBody[Lifting],
    sha256: PathCode,
) -> None:
    """Let the bytes with that hash pass."""
    quarantine.lift(library, viewer, sha256, data.reason)


@post(
    "/api/quarantine/{sha256:str}/destroy",
    opt=requires(Action.ADMINISTER),
    status_code=HTTP_204_NO_CONTENT,
    sync_to_thread=True,
)
def destroy_quarantined(
    library: NamedDependency[Library], viewer: NamedDependency[Viewer], sha256: PathCode
) -> None:
    """Destroy the uploads of the bytes with that hash."""
    quarantine.destroy(library, viewer, sha256)


handlers = (list_quarantine, lift_quarantine, destroy_quarantined)
