"""What stands in a collection: items and headings are added, described, moved and taken out.

Each change is written as a whole new order, so that no act leaves a gap or a place twice. Adding at
the end needs no revision: it is right after whatever others have done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from repo_server.database.models import Collection, CollectionItem, CollectionSection
from repo_server.database.queries import collections as queries
from repo_server.domain.access import Viewer
from repo_server.domain.collections import (
    ITEMS_LIMIT,
    SECTIONS_LIMIT,
    Order,
    moved,
    order_of,
    place_of,
    section_stepped,
    stepped,
    without_section,
)
from repo_server.domain.errors import InvalidValue, NotFound
from repo_server.services.curating import act, arrange, heading, note, order, require_materials
from repo_server.services.library import Library


@dataclass(frozen=True, slots=True)
class Placed:
    """A material with the curator's note on it."""

    material_id: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class SectionContents:
    """A heading and what stands under it; `id` names a section that exists."""

    title: str
    note: str = ""
    items: tuple[Placed, ...] = ()
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole collection in order: what stands before the first heading, then the sections."""

    items: tuple[Placed, ...] = ()
    sections: tuple[SectionContents, ...] = ()

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Every material, in order."""
        return self.items + tuple(one for section in self.sections for one in section.items)


def add_item(
    library: Library,
    viewer: Viewer,
    collection_id: int,
    rev: int | None,
    placed: Placed,
    *,
    section_id: int | None = None,
    position: int | None = None,
) -> int:
    """Put a public material at `position` (from 1) of a section; returns the item's id.

    Without a position it goes to the end: of the section, or of the collection where no section is
    named; then `rev` may be None. Raises InvalidValue for what is no public material, is here
    already or is one too many; NotFound for a section that is not there.
    """
    added = CollectionItem(material_id=placed.material_id, note=note(placed.note), position=0)

    def change(session: Session, collection: Collection) -> None:
        before = order(collection)
        at_end = section_id is None and position is None
        section = before[-1].section if at_end else section_id
        _require_section(before, section)
        _require_room(collection, placed.material_id)
        require_materials(session, viewer, [placed.material_id])
        collection.items.append(added)
        session.flush()
        place = ITEMS_LIMIT + 1 if position is None else position
        arrange(collection, moved(before, added.id, section, place))
        _take_cover(session, viewer, collection, [placed.material_id])

    needs_rev = position is not None
    act(library, viewer, collection_id, rev, "add", change, needs_rev=needs_rev)
    return added.id


def _take_cover(
    session: Session, viewer: Viewer, collection: Collection, materials: Sequence[int]
) -> None:
    """A collection without a cover takes the first picture of what was put into it."""
    if collection.cover_file_id is None and materials:
        pictured = queries.pictured_files(session, viewer, materials)
        collection.cover_file_id = pictured[0] if pictured else None


def edit_item(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, item_id: int, text: str
) -> Collection:
    """Change the note on an item."""

    def change(_: Session, collection: Collection) -> None:
        _item(collection, item_id).note = note(text)

    return act(library, viewer, collection_id, rev, "edit", change)


def remove_item(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, item_id: int
) -> Collection:
    """Take an item out; the material itself is not touched."""

    def change(session: Session, collection: Collection) -> None:
        collection.items.remove(_item(collection, item_id))
        session.flush()
        arrange(collection, order(collection))

    return act(library, viewer, collection_id, rev, "remove", change)


def move_item(
    library: Library,
    viewer: Viewer,
    collection_id: int,
    rev: int | None,
    item_id: int,
    *,
    section_id: int | None,
    position: int,
) -> Collection:
    """Put an item at `position` (from 1) of a section (None: before the first heading)."""

    def rule(before: Order) -> Order:
        _require_item(before, item_id)
        _require_section(before, section_id)
        return moved(before, item_id, section_id, position)

    return _reorder(library, viewer, collection_id, rev, rule)


def step_item(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, item_id: int, step: int
) -> Collection:
    """Move an item one place up (-1) or down (1), over the edge of its section if need be."""

    def rule(before: Order) -> Order:
        _require_item(before, item_id)
        return stepped(before, item_id, step)

    return _reorder(library, viewer, collection_id, rev, rule)


def add_section(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, title: str, text: str
) -> Collection:
    """Put a heading after the last one."""

    def change(session: Session, collection: Collection) -> None:
        if len(collection.sections) >= SECTIONS_LIMIT:
            raise _too_many_sections()
        place = len(collection.sections) + 1
        section = CollectionSection(title=heading(title), note=note(text), position=place)
        collection.sections.append(section)
        session.flush()

    return act(library, viewer, collection_id, rev, "edit", change)


def edit_section(
    library: Library,
    viewer: Viewer,
    collection_id: int,
    rev: int | None,
    section_id: int,
    title: str,
    text: str,
) -> Collection:
    """Change a heading and its note."""

    def change(_: Session, collection: Collection) -> None:
        section = _section(collection, section_id)
        section.title, section.note = heading(title), note(text)

    return act(library, viewer, collection_id, rev, "edit", change)


def step_section(
    library: Library,
    viewer: Viewer,
    collection_id: int,
    rev: int | None,
    section_id: int,
    step: int,
) -> Collection:
    """Move a section with what is under it one place up (-1) or down (1)."""

    def rule(before: Order) -> Order:
        _require_section(before, section_id)
        return section_stepped(before, section_id, step)

    return _reorder(library, viewer, collection_id, rev, rule)


def remove_section(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, section_id: int
) -> Collection:
    """Take a heading away; what stood under it follows what stands before."""

    def change(session: Session, collection: Collection) -> None:
        section = _section(collection, section_id)
        arrange(collection, without_section(order(collection), section_id))
        # Items must have left it before its row goes.
        session.flush()
        collection.sections.remove(section)

    return act(library, viewer, collection_id, rev, "edit", change)


def put_contents(
    library: Library, viewer: Viewer, collection_id: int, rev: int | None, contents: Contents
) -> Collection:
    """Make the contents exactly these; repeating it changes nothing.

    A material that was here keeps its item, also when it is public no more; a section without `id`
    is the present one of the same title, or a new one. Raises InvalidValue, NotFound.
    """
    _require_bounds(contents)

    def change(session: Session, collection: Collection) -> None:
        known = {item.material_id for item in collection.items}
        wanted = [one.material_id for one in contents.placed]
        require_materials(session, viewer, wanted, except_for=known)
        sections = _settled_sections(collection, contents)
        items = _settled_items(collection, contents)
        collection.items[:] = items.values()
        collection.sections.extend(one for one in sections if one not in collection.sections)
        session.flush()
        arrange(collection, _wanted_order(contents, sections, items))
        # Items must have left a section before its row goes.
        session.flush()
        collection.sections[:] = sections
        _take_cover(session, viewer, collection, wanted)

    return act(library, viewer, collection_id, rev, "arrange", change)


def _settled_sections(collection: Collection, contents: Contents) -> list[CollectionSection]:
    """The row of each section that is wanted: the one it names, of its title, or a new one."""
    named = {said.id for said in contents.sections if said.id is not None}
    left = [section for section in collection.sections if section.id not in named]
    rows: list[CollectionSection] = []
    for said in contents.sections:
        title = heading(said.title)
        row = next((one for one in left if one.title == title), None)
        if said.id is not None:
            row = _section(collection, said.id)
        elif row is not None:
            left.remove(row)
        else:
            row = CollectionSection(position=0)
        row.title, row.note = title, note(said.note)
        rows.append(row)
    return rows


def _settled_items(collection: Collection, contents: Contents) -> dict[int, CollectionItem]:
    """The row of each material that is wanted, in order."""
    known = {item.material_id: item for item in collection.items}
    rows: dict[int, CollectionItem] = {}
    for said in contents.placed:
        row = known.get(said.material_id)
        if row is None:
            row = CollectionItem(material_id=said.material_id, position=0)
        row.note = note(said.note)
        rows[said.material_id] = row
    return rows


def _wanted_order(
    contents: Contents, sections: list[CollectionSection], items: dict[int, CollectionItem]
) -> Order:
    said: list[tuple[int | None, tuple[Placed, ...]]] = [(None, contents.items)]
    said += [
        (row.id, section.items) for row, section in zip(sections, contents.sections, strict=True)
    ]
    pairs = tuple(
        (items[one.material_id].id, section_id) for section_id, shelf in said for one in shelf
    )
    return order_of(tuple(row.id for row in sections), pairs)


def _reorder(
    library: Library,
    viewer: Viewer,
    collection_id: int,
    rev: int | None,
    rule: Callable[[Order], Order],
) -> Collection:
    def change(_: Session, collection: Collection) -> None:
        arrange(collection, rule(order(collection)))

    return act(library, viewer, collection_id, rev, "move", change)


def _item(collection: Collection, item_id: int) -> CollectionItem:
    for item in collection.items:
        if item.id == item_id:
            return item
    raise NotFound


def _section(collection: Collection, section_id: int) -> CollectionSection:
    for section in collection.sections:
        if section.id == section_id:
            return section
    raise NotFound


def _require_item(present: Order, item_id: int) -> None:
    if place_of(present, item_id) is None:
        raise NotFound


def _require_section(present: Order, section_id: int | None) -> None:
    if section_id not in {shelf.section for shelf in present}:
        raise NotFound


def _require_room(collection: Collection, material_id: int) -> None:
    if material_id in {item.material_id for item in collection.items}:
        raise InvalidValue("material", "Học liệu này đã có trong bộ sưu tập.")
    if len(collection.items) >= ITEMS_LIMIT:
        raise _too_many_items()


def _require_bounds(contents: Contents) -> None:
    wanted = [one.material_id for one in contents.placed]
    named = [section.id for section in contents.sections if section.id is not None]
    if len(contents.sections) > SECTIONS_LIMIT:
        raise _too_many_sections()
    if len(wanted) > ITEMS_LIMIT:
        raise _too_many_items()
    if len(set(wanted)) < len(wanted):
        raise InvalidValue("material", "Mỗi học liệu chỉ đứng một chỗ trong bộ sưu tập.")
    if len(set(named)) < len(named):
        raise InvalidValue("sections", "Mỗi mục chỉ đứng một chỗ trong bộ sưu tập.")


def _too_many_items() -> InvalidValue:
    return InvalidValue("material", f"Một bộ sưu tập có tối đa {ITEMS_LIMIT} học liệu.")


def _too_many_sections() -> InvalidValue:
    return InvalidValue("sections", f"Một bộ sưu tập có tối đa {SECTIONS_LIMIT} mục.")
