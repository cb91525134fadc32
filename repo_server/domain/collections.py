"""What a collection may hold, and the arithmetic of its order.

A collection is a row of shelves: the items before the first heading (their shelf has no section and
is always there), then one shelf a section. Every rule here takes an order and gives another one
with the same items; nothing is lost by moving.
"""

from dataclasses import dataclass, replace
from typing import Final

from repo_server.domain.materials import Status

TITLE_LIMIT: Final = 300
DESCRIPTION_LIMIT: Final = 5_000
NOTE_LIMIT: Final = 2_000
SECTIONS_LIMIT: Final = 50
ITEMS_LIMIT: Final = 500

STATES: Final = (Status.DRAFT, Status.PUBLISHED)
"""The states of a material that a collection knows, too."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Ids of the items under one section (None: before the first), in order."""

    section: int | None
    items: tuple[int, ...] = ()


Order = tuple[Shelf, ...]


def order_of(sections: tuple[int, ...], items: tuple[tuple[int, int | None], ...]) -> Order:
    """The order that sections and (item, its section) give, both as they follow each other."""
    return tuple(
        Shelf(section, tuple(item for item, under in items if under == section))
        for section in (None, *sections)
    )


def place_of(order: Order, item: int) -> tuple[int, int] | None:
    """(index of the shelf, index in it); None for an item that is not there."""
    for at, shelf in enumerate(order):
        if item in shelf.items:
            return at, shelf.items.index(item)
    return None


def moved(order: Order, item: int, section: int | None, position: int) -> Order:
    """The item at `position` (from 1) of a section; beyond the last place it becomes the last.

    Unchanged when there is no such section.
    """
    if section not in {shelf.section for shelf in order}:
        return order
    index = max(0, position - 1)
    return tuple(
        replace(shelf, items=(*kept[:index], item, *kept[index:]))
        if shelf.section == section
        else replace(shelf, items=kept)
        for shelf in order
        for kept in (tuple(one for one in shelf.items if one != item),)
    )


def stepped(order: Order, item: int, step: int) -> Order:
    """The item one place up (-1) or down (1); from the edge of a section into the next one."""
    place = place_of(order, item)
    if place is None:
        return order
    at, index = place
    if 0 <= index + step < len(order[at].items):
        return moved(order, item, order[at].section, index + step + 1)
    if not 0 <= at + step < len(order):
        return order
    neighbor = order[at + step]
    return moved(order, item, neighbor.section, len(neighbor.items) + 1 if step < 0 else 1)


def section_stepped(order: Order, section: int, step: int) -> Order:
    """The section with its items one place up (-1) or down (1) among the sections."""
    shelves = list(order)
    at = next((at for at, shelf in enumerate(shelves) if shelf.section == section), 0)
    # The shelf before the first section stays the first.
    if at == 0 or not 1 <= at + step < len(shelves):
        return order
    shelves[at], shelves[at + step] = shelves[at + step], shelves[at]
    return tuple(shelves)


def without_section(order: Order, section: int) -> Order:
    """The order when a heading is taken away: its items follow those of the section before."""
    shelves: list[Shelf] = []
    for shelf in order:
        if shelf.section == section and shelves:
            before = shelves[-1]
            shelves[-1] = replace(before, items=before.items + shelf.items)
        else:
            shelves.append(shelf)
    return tuple(shelves)
