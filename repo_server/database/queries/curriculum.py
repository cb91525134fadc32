"""The curriculum's tree, with how many published materials stand below each item."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from repo_server.database.models import CurriculumItem, Framework, Material, Placement
from repo_server.database.queries.visibility import visible
from repo_server.domain.access import Viewer
from repo_server.domain.materials import Status

_TITLES_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class CountedItem:
    """An item with the number of published materials aligned to it or to anything below it."""

    item: CurriculumItem
    count: int
    has_children: bool


def frameworks(session: Session, viewer: Viewer) -> list[tuple[Framework, int]]:
    """(framework, number of its items), in the order of presentation."""
    rows = session.execute(
        select(Framework, func.count(CurriculumItem.id))
        .join(CurriculumItem, CurriculumItem.framework_id == Framework.id, isouter=True)
        .group_by(Framework.id)
        .order_by(Framework.position, Framework.id)
    )
    return [(framework, count) for framework, count in rows]


def framework_by_code(session: Session, viewer: Viewer, code: str) -> Framework | None:
    """The framework of that code."""
    return session.scalar(select(Framework).where(Framework.code == code))


def item_by_code(
    session: Session,
    viewer: Viewer,
    framework_id: int,
    code: str,
) -> CurriculumItem | None:
    """The item of that code within a framework."""
    return session.scalar(
        select(CurriculumItem).where(
            CurriculumItem.framework_id == framework_id, CurriculumItem.code == code
        )
    )


def item_by_id(session: Session, viewer: Viewer, item_id: int) -> CurriculumItem | None:
    """The item of that id."""
    return session.get(CurriculumItem, item_id)


def children(
    session: Session,
    viewer: Viewer,
    framework_id: int,
    parent_id: int | None,
) -> list[CountedItem]:
    """The items below `parent_id` (None: the roots), in order, with their counts."""
    below = aliased(CurriculumItem)
    rows = session.execute(
        select(CurriculumItem, exists().where(below.parent_id == CurriculumItem.id))
        .where(CurriculumItem.framework_id == framework_id, CurriculumItem.parent_id == parent_id)
        .order_by(CurriculumItem.sequence, CurriculumItem.id)
    ).all()
    placed = counts(session, viewer, [item.id for item, _ in rows])
    return [CountedItem(item, placed.get(item.id, 0), has_children) for item, has_children in rows]


def counts(session: Session, viewer: Viewer, item_ids: Sequence[int]) -> dict[int, int]:
    """How many published materials stand at or below each item.

    Large counts may be some seconds old: to count a million takes longer than to show a page.
    """
    kept = _LARGE_COUNTS.setdefault(session.get_bind(), {})
    fresh = time.monotonic() - COUNTS_KEPT
    known = {id_: kept[id_][0] for id_ in item_ids if id_ in kept and kept[id_][1] > fresh}
    asked = [id_ for id_ in item_ids if id_ not in known]
    counted = dict(session.execute(_COUNTS, {"ids": asked}).all()) if asked else {}
    now = time.monotonic()
    kept |= {id_: (count, now) for id_, count in counted.items() if count >= LARGE}
    return known | counted


LARGE: Final = 5_000
"""Materials at one item from which on counting them, and putting them in order, takes its time."""

COUNTS_KEPT: Final = 15.0
"""Seconds for which a large count is believed."""

_COUNTS: Final = (
    select(Placement.item_id, func.count())
    .where(Placement.item_id.in_(bindparam("ids", expanding=True)))
    .group_by(Placement.item_id)
)
_LARGE_COUNTS: Final[WeakKeyDictionary[Engine | Connection, dict[int, tuple[int, float]]]] = (
    WeakKeyDictionary()
)


def trail(session: Session, viewer: Viewer, item: CurriculumItem) -> list[CurriculumItem]:
    """The item's ancestors, the root first, without the item itself."""
    return ancestors(session, [item])[item.id]


_ITEMS_BY_ID: Final = select(CurriculumItem).where(
    CurriculumItem.id.in_(bindparam("ids", expanding=True))
)


def ancestors(session: Session, items: Sequence[CurriculumItem]) -> dict[int, list[CurriculumItem]]:
    """For each item its ancestors, the root first."""
    wanted = {int(step) for item in items for step in item.path.strip("/").split("/")}
    rows = session.scalars(_ITEMS_BY_ID, {"ids": sorted(wanted)})
    by_id = {row.id: row for row in rows}
    return {
        item.id: [by_id[int(step)] for step in item.path.strip("/").split("/")[:-1]]
        for item in items
    }


def titles(session: Session, viewer: Viewer) -> Iterator[str]:
    """The titles of all items, a few at a time."""
    statement = select(CurriculumItem.title).order_by(CurriculumItem.id)
    return iter(session.scalars(statement, execution_options={"yield_per": _TITLES_AT_ONCE}))


def items_of_kind(session: Session, viewer: Viewer, kind: str) -> list[CurriculumItem]:
    """All items of one kind (subjects, grades, books), in order."""
    statement = select(CurriculumItem).where(CurriculumItem.kind == kind)
    return list(
        session.scalars(statement.order_by(CurriculumItem.framework_id, CurriculumItem.sequence))
    )


_ITEMS_BY_CODE: Final = (
    select(CurriculumItem)
    .join(Framework, Framework.id == CurriculumItem.framework_id)
    .where(CurriculumItem.code.in_(bindparam("codes", expanding=True)))
    .order_by(Framework.position, Framework.id, CurriculumItem.sequence)
)


def items_by_codes(session: Session, viewer: Viewer, codes: Sequence[str]) -> list[CurriculumItem]:
    """Items of any framework by their codes, in the order in which frameworks are presented."""
    return list(session.scalars(_ITEMS_BY_CODE, {"codes": codes}))


def chosen_by_code(session: Session) -> dict[str, int]:
    """The grade, subject or book that each code means, as `items_by_codes` puts them first."""
    rows = session.execute(
        select(CurriculumItem.code, CurriculumItem.id)
        .join(Framework, Framework.id == CurriculumItem.framework_id)
        .where(CurriculumItem.kind.in_(("grade", "subject", "book")))
        .order_by(Framework.position.desc(), Framework.id.desc(), CurriculumItem.sequence.desc())
    )
    return dict(rows.all())  # the first of a code comes last, and stays


def materials_in_frameworks(session: Session, viewer: Viewer) -> dict[int, int]:
    """How many published materials stand anywhere in each framework, each counted once."""
    rows = session.execute(
        select(CurriculumItem.framework_id, func.count(Placement.material_id.distinct()))
        .join(Placement, Placement.item_id == CurriculumItem.id)
        .where(CurriculumItem.parent_id.is_(None))
        .group_by(CurriculumItem.framework_id)
    )
    return dict(rows.all())


def items_matching(
    session: Session,
    viewer: Viewer,
    words: Sequence[str],
    *,
    grades: Sequence[int],
    subjects: Sequence[str],
    limit: int,
) -> list[CurriculumItem]:
    """Topics, outcomes and other items below a subject whose folded title holds every word."""
    statement = select(CurriculumItem).where(
        CurriculumItem.kind.not_in(("grade", "subject", "book"))
    )
    for word in words:
        statement = statement.where(CurriculumItem.folded.contains(word, autoescape=True))
    if subjects:
        statement = statement.where(CurriculumItem.subject.in_(subjects))
    if grades:
        roots = select(CurriculumItem.path).where(
            CurriculumItem.kind == "grade",
            CurriculumItem.code.in_([f"lop-{grade}" for grade in grades]),
        )
        paths = list(session.scalars(roots))
        below = (CurriculumItem.path.startswith(path) for path in paths)
        statement = statement.where(or_(false(), *below))
    order = statement.order_by(
        CurriculumItem.depth, CurriculumItem.framework_id, CurriculumItem.sequence
    )
    return list(session.scalars(order.limit(limit)))


def items_holding(
    session: Session,
    viewer: Viewer,
    words: str,
    *,
    below: str = "",
    unfinished: bool = False,
    limit: int,
) -> list[CurriculumItem]:
    """Items below a subject whose names hold the folded `words` side by side, the highest first.

    `below` is the path of an item above them; with `unfinished` the last word may go on.
    """
    padded = literal(" ").concat(CurriculumItem.folded).concat(" ")
    end = "" if unfinished else " "
    statement = select(CurriculumItem).where(
        CurriculumItem.kind.not_in(("grade", "subject", "book")),
        padded.contains(f" {words}{end}", autoescape=True),
    )
    if below:
        statement = statement.where(CurriculumItem.path.startswith(below))
    order = statement.order_by(
        CurriculumItem.folded.startswith(words, autoescape=True).desc(),
        CurriculumItem.depth,
        CurriculumItem.framework_id,
        CurriculumItem.sequence,
        CurriculumItem.id,
    )
    return list(session.scalars(order.limit(limit)))


def placed_materials(
    session: Session, viewer: Viewer, item_id: int, *, offset: int, limit: int
) -> list[int]:
    """Ids of the published materials at or below an item, newest first."""
    found = select(Material.id).where(visible(viewer))
    if counts(session, viewer, [item_id]).get(item_id, 0) < LARGE:
        here = found.join(Placement, Placement.material_id == Material.id)
        statement = here.where(Placement.item_id == item_id)
    else:
        # Where so many stand, the newest of the library are looked through until there are enough.
        stands = exists().where(Placement.item_id == item_id, Placement.material_id == Material.id)
        statement = found.where(Material.status == Status.PUBLISHED, stands)
    order = statement.order_by(Material.published_at.desc(), Material.id.desc())
    return list(session.scalars(order.offset(offset).limit(limit)))


_FRAMEWORK_CODES: Final = select(Framework.id, Framework.code)


def framework_codes(session: Session) -> dict[int, str]:
    """The code of every framework by its id."""
    return dict(session.execute(_FRAMEWORK_CODES).all())
