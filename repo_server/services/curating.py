"""How a collection is changed: opened for one curator, changed, put in order, recorded."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from repo_server.database import audit
from repo_server.database.models import Collection as CollectionRow
from repo_server.database.models import utc_now
from repo_server.database.queries import collections as queries
from repo_server.domain.access import Action, Subject, Viewer, require_collection
from repo_server.domain.collections import NOTE_LIMIT, TITLE_LIMIT, Order, order_of
from repo_server.domain.errors import EditConflict, InvalidValue, NotFound, PreconditionRequired
from repo_server.domain.materials import Status
from repo_server.domain.vietnamese import display
from repo_server.services.library import Library
from repo_server.services.materials import bounded

Change = Callable[[Session, CollectionRow], None]


def act(
    library: Library,
    viewer: Viewer,
    collection_id: int,
    rev: int | None,
    name: str,
    change: Change,
    *,
    needs_rev: bool = True,
) -> CollectionRow:
    """Do `change` to the collection at revision `rev`, in one transaction; `name` is for the trail.

    A change that changes nothing leaves the revision as it is. Raises NotFound, Forbidden,
    PreconditionRequired, EditConflict, and what `change` raises.
    """
    with library.database.write() as session:
        collection = queries.collection_to_change(session, viewer, collection_id)
        if collection is None:
            raise NotFound
        require_collection(viewer, Action.CURATE, subject_of(collection))
        if rev is None and needs_rev:
            raise PreconditionRequired
        if rev is not None and rev != collection.rev:
            raise EditConflict
        before = _picture(collection)
        change(session, collection)
        after = _picture(collection)
        if before != after:
            collection.updated_at = utc_now()
            # The counter of the row grows whatever was changed, and within a millisecond, too.
            flag_modified(collection, "updated_at")
            record(session, viewer, collection, name, before, after)
    return collection


def subject_of(collection: CollectionRow) -> Subject:
    """What the permission table looks at."""
    return Subject(collection.owner_id, collection.organization_id, Status(collection.status))


def record(
    session: Session,
    viewer: Viewer,
    collection: CollectionRow,
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write what is different to the audit trail; notes and descriptions are too long for it."""
    told = [
        key
        for key in after
        if before.get(key) != after[key] and key not in ("notes", "description", "deleted")
    ]
    audit.record(
        session,
        viewer.account_id,
        f"collection.{name}",
        "collection",
        collection.id,
        before={key: before[key] for key in told if key in before},
        after={key: after[key] for key in told},
    )


def _picture(collection: CollectionRow) -> dict[str, Any]:
    return {
        "title": collection.title,
        "description": collection.description,
        "status": collection.status,
        "cover": collection.cover_file_id,
        "deleted": collection.deleted_at is not None,
        "sections": [[section.id, section.title] for section in collection.sections],
        "items": [[item.material_id, item.section_id] for item in collection.items],
        "notes": [section.note for section in collection.sections]
        + [item.note for item in collection.items],
    }


def order(collection: CollectionRow) -> Order:
    """The present order of its items, by id."""
    return order_of(
        tuple(section.id for section in collection.sections),
        tuple((item.id, item.section_id) for item in collection.items),
    )


def arrange(collection: CollectionRow, wanted: Order) -> None:
    """Give items and sections the places of this order, which holds every item."""
    place_of_section = {shelf.section: place for place, shelf in enumerate(wanted)}
    for section in collection.sections:
        section.position = place_of_section.get(section.id, 0)
    places = [(item, shelf.section) for shelf in wanted for item in shelf.items]
    by_id = {item.id: item for item in collection.items}
    for place, (item_id, section_id) in enumerate(places, start=1):
        by_id[item_id].position, by_id[item_id].section_id = place, section_id
    collection.sections.sort(key=lambda section: section.position)
    collection.items.sort(key=lambda item: item.position)


def require_materials(
    session: Session, viewer: Viewer, wanted: Collection[int], *, except_for: Collection[int] = ()
) -> None:
    """Raise InvalidValue unless each of `wanted` is published, or is among `except_for`."""
    unknown = set(wanted) - set(except_for)
    if unknown - queries.public_materials(session, viewer, sorted(unknown)):
        raise InvalidValue("material", "Chỉ thêm được học liệu đang có trong kho và đã xuất bản.")


def heading(text: str) -> str:
    """The title of a collection or section as it is kept. Raises InvalidValue."""
    title = display(text)
    if not title:
        raise InvalidValue("title", "Hãy đặt tên.")
    return bounded("title", title, TITLE_LIMIT)


def note(text: str) -> str:
    """A curator's note as it is kept. Raises InvalidValue."""
    return bounded("note", text.strip(), NOTE_LIMIT)
