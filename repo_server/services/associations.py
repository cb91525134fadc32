"""Statements about two items of the curriculum; one whose other end is not here yet waits for it.

Frameworks point to each other by address, and nobody can say which of them is imported first.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from repo_server.database import outbox
from repo_server.database.models import (
    AwaitedAssociation,
    CurriculumItem,
    Framework,
    ItemAssociation,
)
from repo_server.domain.curriculum import Curriculum, address_of, lasting_name

_PART: Final = 500

Row = TypeVar("Row")


def write_associations(session: Session, framework: Framework, curriculum: Curriculum) -> int:
    """Write what the framework says of its items anew; returns how many of these have to wait.

    Those of items that `curriculum` does not hold stay: an addition says nothing about them.
    """
    own = dict(
        session.execute(
            select(CurriculumItem.code, CurriculumItem.id).where(
                CurriculumItem.framework_id == framework.id
            )
        ).all()
    )
    foreign = {
        record.destination for record in curriculum.associations if record.destination not in own
    }
    elsewhere = _items_at(session, foreign)
    _forget(session, [own[item.code] for item in curriculum.items])
    known: set[tuple[Any, ...]] = set()
    awaited: set[tuple[Any, ...]] = set()
    for record in curriculum.associations:
        origin, kind, there = own[record.origin], str(record.kind), record.destination
        item_id = own.get(there) or elsewhere.get(lasting_name(there))
        if item_id is None:
            awaited.add((origin, kind, there))
        else:
            known.add((origin, kind, item_id))
    _add(session, ItemAssociation, "destination_id", known)
    _add(session, AwaitedAssociation, "destination", awaited)
    return len(awaited)


def join_awaited(session: Session, framework: Framework) -> int:
    """Complete the statements of other frameworks that waited for items of this one; how many."""
    if not session.scalar(select(func.count()).select_from(AwaitedAssociation)):
        return 0
    items = session.execute(
        select(CurriculumItem.id, CurriculumItem.code, CurriculumItem.identifier).where(
            CurriculumItem.framework_id == framework.id
        )
    )
    here = {lasting_name(address_of(code, uri)): item_id for item_id, code, uri in items}
    joined = [
        (row, here[lasting_name(row.destination)])
        for row in session.scalars(select(AwaitedAssociation))
        if lasting_name(row.destination) in here
    ]
    _add(
        session,
        ItemAssociation,
        "destination_id",
        {(row.origin_id, row.kind, item_id) for row, item_id in joined if row.origin_id != item_id},
    )
    for row, _ in joined:
        session.delete(row)
    session.flush()
    return len(joined)


def forget_item(session: Session, item: CurriculumItem) -> None:
    """Drop what is said of an item that is about to go; other frameworks wait for it again."""
    origin = aliased(CurriculumItem)
    said = session.execute(
        select(ItemAssociation.origin_id, ItemAssociation.kind)
        .join(origin, origin.id == ItemAssociation.origin_id)
        .where(ItemAssociation.destination_id == item.id, origin.framework_id != item.framework_id)
    ).all()
    address = address_of(item.code, item.identifier)
    if address is not None:
        _add(session, AwaitedAssociation, "destination", {(*row, address) for row in said})
    _forget(session, [item.id])
    session.execute(delete(ItemAssociation).where(ItemAssociation.destination_id == item.id))


def _items_at(session: Session, addresses: Collection[str]) -> dict[str | None, int]:
    """Items of any framework by the lasting names of those addresses."""
    if not addresses:
        return {}
    wanted = set(map(lasting_name, addresses))
    rows = session.execute(
        select(CurriculumItem.id, CurriculumItem.code, CurriculumItem.identifier),
        execution_options={"yield_per": _PART},
    )
    named = ((lasting_name(address_of(code, uri)), item_id) for item_id, code, uri in rows)
    return {name: item_id for name, item_id in named if name in wanted}


def _forget(session: Session, origins: Sequence[int]) -> None:
    for part in _parts(origins):
        for model in (ItemAssociation, AwaitedAssociation):
            session.execute(delete(model).where(model.origin_id.in_(part)))


def _add(session: Session, model: type, end: str, rows: set[tuple[Any, ...]]) -> None:
    names = ("origin_id", "kind", end)
    values = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
    if values:
        outbox.upsert(session, model, values, changing=())


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Pieces that fit into one statement."""
    return (rows[start : start + _PART] for start in range(0, len(rows), _PART))
