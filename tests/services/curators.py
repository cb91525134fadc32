"""Curators with something to curate, for the tests of collections."""

from sqlalchemy import select

from repo_server.database.models import Account, Material
from repo_server.domain.access import Viewer
from repo_server.domain.materials import Status
from repo_server.services.collection_contents import Placed, add_item, add_section
from repo_server.services.collection_views import CollectionView, collection_by_id
from repo_server.services.collections import CollectionFields, create_collection
from repo_server.services.library import Library
from tests import factories


def materials(
    library: Library, owner: Viewer, count: int, status: Status = Status.PUBLISHED
) -> list[int]:
    """Ids of new materials named "Bài 1", "Bài 2" …, without files."""
    with library.database.write() as session:
        account = session.scalars(select(Account).where(Account.id == owner.account_id)).one()
        rows = [
            factories.material(session, account, title=f"Bài {number}", status=status)
            for number in range(1, count + 1)
        ]
    return [row.id for row in rows]


def turn(library: Library, material_id: int, status: Status) -> None:
    """Put a material into another state."""
    with library.database.write() as session:
        session.get_one(Material, material_id).status = status.value


def collection(
    library: Library, curator: Viewer, *under: list[int], title: str = "Ôn tập Toán 6"
) -> CollectionView:
    """A draft with these materials: the first list before any heading, then a section a list."""
    made = create_collection(library, curator, CollectionFields(title=title))
    view = collection_by_id(library, curator, made.id)
    for number, ids in enumerate(under):
        if number:
            add_section(library, curator, made.id, view.rev, f"Phần {number}", "")
        for material_id in ids:
            add_item(library, curator, made.id, None, Placed(material_id))
        view = collection_by_id(library, curator, made.id)
    return view


def shown(view: CollectionView) -> list[tuple[str, list[str | None]]]:
    """(heading, titles under it), the first without heading."""
    return [(one.title, [item.title for item in one.items]) for one in view.sections]


def item_of(view: CollectionView, title: str) -> int:
    """The id of the item with the material of this title."""
    return next(place.id for place in view.places if place.title == title)
