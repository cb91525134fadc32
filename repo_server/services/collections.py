"""What curators do with a whole collection: start, describe, publish, take back, delete it.

Every act is one transaction on a locked row and names the revision that it was decided on. What is
done to the contents stands in `services.collection_contents`.
"""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from repo_server.database.models import Collection, utc_now
from repo_server.database.queries import collections as queries
from repo_server.domain.access import CURATORS, Action, Viewer, require
from repo_server.domain.codes import COLLECTION_LENGTH
from repo_server.domain.collections import DESCRIPTION_LIMIT
from repo_server.domain.errors import Conflict, InvalidValue
from repo_server.domain.materials import Status
from repo_server.domain.vietnamese import fold
from repo_server.services.codes import free_code
from repo_server.services.curating import act, heading, record
from repo_server.services.library import Library
from repo_server.services.materials import bounded


@dataclass(frozen=True, slots=True)
class CollectionFields:
    """What is said of a collection; None leaves a field as it is, and a `cover` of 0 takes it off.

    `cover` is the id of a file with a thumbnail, of one of the collection's public materials.
    """

    title: str | None = None
    description: str | None = None
    cover: int | None = None


def create_collection(library: Library, viewer: Viewer, fields: CollectionFields) -> Collection:
    """Start a draft. Raises InvalidValue, Forbidden."""
    require(viewer, Action.CURATE)
    with library.database.write() as session:
        collection = Collection(
            code=free_code(session, COLLECTION_LENGTH),
            status=Status.DRAFT,
            owner_id=viewer.account_id,
            organization_id=_home(viewer),
            sections=[],
            items=[],
        )
        _describe(session, viewer, collection, replace(fields, title=fields.title or ""))
        session.add(collection)
        session.flush()
        after = {"title": collection.title}
        record(session, viewer, collection, "create", {}, after)
    return collection


def _home(viewer: Viewer) -> int | None:
    """The organization that somebody curates for: that of the first role that lets them."""
    ids = (one.organization_id for one in viewer.memberships if one.role in CURATORS)
    return next(ids, None)


def edit_collection(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, fields: CollectionFields
) -> Collection:
    """Change title, description or cover. Raises InvalidValue, EditConflict."""

    def change(session: Session, collection: Collection) -> None:
        _describe(session, viewer, collection, fields)

    return act(library, viewer, collection_id, rev, "edit", change)


def publish_collection(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None
) -> Collection:
    """Show it to everybody. Raises InvalidValue while it is empty, Conflict when it is public."""

    def change(_: Session, collection: Collection) -> None:
        if collection.status == Status.PUBLISHED:
            raise Conflict
        if not collection.items:
            raise InvalidValue("items", "Hãy thêm ít nhất một học liệu trước khi xuất bản.")
        collection.status, collection.published_at = Status.PUBLISHED, utc_now()

    return act(library, viewer, collection_id, rev, "publish", change)


def withdraw_collection(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None
) -> Collection:
    """Make it a draft again. Raises Conflict when it is one."""

    def change(_: Session, collection: Collection) -> None:
        if collection.status == Status.DRAFT:
            raise Conflict
        collection.status = Status.DRAFT

    return act(library, viewer, collection_id, rev, "withdraw", change)


def delete_collection(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None
) -> None:
    """Put a tombstone: nobody sees it any more, and its code never names anything else."""

    def change(_: Session, collection: Collection) -> None:
        collection.deleted_at = utc_now()

    act(library, viewer, collection_id, rev, "delete", change)


def _describe(
    session: Session, viewer: Viewer, collection: Collection, fields: CollectionFields
) -> None:
    if fields.title is not None:
        collection.title = heading(fields.title)
        collection.folded_title = fold(collection.title)[:400]
    if fields.description is not None:
        text = fields.description.strip()
        collection.description = bounded("description", text, DESCRIPTION_LIMIT)
    if fields.cover is not None:
        collection.cover_file_id = _cover(session, viewer, collection, fields.cover)


def _cover(session: Session, viewer: Viewer, collection: Collection, file_id: int) -> int | None:
    if file_id in (0, collection.cover_file_id):
        return file_id or None
    materials = [item.material_id for item in collection.items]
    if file_id not in queries.pictured_files(session, viewer, materials):
        reason = "Ảnh bìa phải là ảnh thu nhỏ của một học liệu trong bộ sưu tập."
        raise InvalidValue("cover", reason)
    return file_id
