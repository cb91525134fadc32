"""How many bytes each account and each organization holds, in step with the files.

A listener on the sessions of every open database counts files that come, go or move to another
material, in the transaction that does it; only a purge, which deletes rows in bulk, has to say so
(`take_away`). Rows are locked in one order, accounts before organizations.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Table, bindparam, event, func, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session, UOWTransaction, sessionmaker

from repo_server.database.models import Material, MaterialFile, StorageUse


class Holder(NamedTuple):
    """Whose materials are counted together: `kind` is "account" or "organization"."""

    kind: str
    id: int


_OWNED_BY: Final[Mapping[str, InstrumentedAttribute[Any]]] = {
    "account": Material.owner_id,
    "organization": Material.organization_id,
}


def holders(owner_id: int, organization_id: int | None) -> list[Holder]:
    """Those whose counters a file of such a material counts in, in the order of locking."""
    owner = [Holder("account", owner_id)]
    return owner if organization_id is None else [*owner, Holder("organization", organization_id)]


def watch(sessions: sessionmaker[Session]) -> None:
    """Keep the counters in step with every file that these sessions write."""
    event.listen(sessions, "after_flush", _count_changed_files)


def _count_changed_files(session: Session, _: UOWTransaction) -> None:
    grown: Counter[int] = Counter()
    for row in (*session.new, *session.deleted):
        if isinstance(row, MaterialFile):
            grown[row.material_id] += row.size if row in session.new else -row.size
    for row in session.dirty:
        if isinstance(row, MaterialFile):
            for material_id in inspect(row).attrs.material_id.history.deleted or ():
                grown[material_id] -= row.size
                grown[row.material_id] += row.size
    _add(session, grown)


def _add(session: Session, grown: Mapping[int, int]) -> None:
    """Count bytes that materials gained or lost (material id → bytes)."""
    changes: Counter[Holder] = Counter()
    for material_id, size in grown.items():
        for holder in holders(*session.connection().execute(_OWNERS, {"id": material_id}).one()):
            changes[holder] += size
    rows = [
        {"holder": holder.kind, "holder_id": holder.id, "size": size}
        for holder, size in sorted(changes.items())
        if size
    ]
    if rows:
        session.connection().execute(_ADDING[_dialect(session)], rows)


_OWNERS: Final = select(Material.owner_id, Material.organization_id).where(
    Material.id == bindparam("id")
)


def _adding(insert: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    return insert.on_conflict_do_update(
        index_elements=["holder", "holder_id"],
        set_={"size": _TABLE.c.size + insert.excluded["size"]},
    )


_TABLE: Final = cast(Table, StorageUse.__table__)
_ADDING: Final = {
    "postgresql": _adding(postgresql.insert(_TABLE)),
    "sqlite": _adding(sqlite.insert(_TABLE)),
}
_COUNTED: Final = {dialect: adding.returning(_TABLE.c.size) for dialect, adding in _ADDING.items()}


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def take_away(session: Session, material: Material) -> None:
    """Count off all files of a material; call before their rows are deleted in bulk."""
    held = session.scalar(
        select(func.sum(MaterialFile.size)).where(MaterialFile.material_id == material.id)
    )
    _add(session, {material.id: -int(held or 0)})


_USED: Final = select(StorageUse.size).where(
    StorageUse.holder == bindparam("kind"), StorageUse.holder_id == bindparam("id")
)


def used(session: Session, holder: Holder) -> int:
    """The bytes that a holder's counter shows."""
    return session.scalar(_USED, holder._asdict()) or 0


def used_from_now(session: Session, holder: Holder) -> int:
    """The same, and nobody else changes it before this transaction ends."""
    row = {"holder": holder.kind, "holder_id": holder.id, "size": 0}
    # Adding nothing makes the row where there is none, and locks it where there is one.
    size: int = session.connection().execute(_COUNTED[_dialect(session)], row).scalar_one()
    return size


def miscounted(session: Session) -> list[Holder]:
    """Holders whose counter differs from the sum of their files."""
    counters = select(StorageUse.holder, StorageUse.holder_id, StorageUse.size)
    shown = {Holder(kind, id_): size for kind, id_, size in session.execute(counters)}
    held: dict[Holder, int] = {}
    for kind, owner in _OWNED_BY.items():
        sums = (
            select(owner, func.sum(MaterialFile.size))
            .join(MaterialFile, MaterialFile.material_id == Material.id)
            .where(owner.is_not(None))
            .group_by(owner)
        )
        held |= {Holder(kind, id_): int(size) for id_, size in session.execute(sums)}
    everybody = shown.keys() | held.keys()
    return sorted(one for one in everybody if shown.get(one, 0) != held.get(one, 0))


def count_again(session: Session, holder: Holder) -> None:
    """Set a holder's counter to the sum of their files."""
    used_from_now(session, holder)
    held = session.scalar(
        select(func.sum(MaterialFile.size))
        .join(Material, Material.id == MaterialFile.material_id)
        .where(_OWNED_BY[holder.kind] == holder.id)
    )
    session.connection().execute(
        update(_TABLE)
        .where(_TABLE.c.holder == holder.kind, _TABLE.c.holder_id == holder.id)
        .values(size=int(held or 0))
    )
