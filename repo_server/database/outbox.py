"""What must follow a commit, written in the same transaction.

Index state: whenever a `Material` row changes, a listener on the sessions of every open database
records for every index target which revision it should hold; a change of its files or alignments
changes the row too. No service can forget it, because none has to remember it.
Jobs: see `enqueue`, `claim`, `finish`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import (
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    column,
    event,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, UOWTransaction, sessionmaker
from sqlalchemy.sql.dml import ReturningInsert

from repo_server.database.models import (
    Alignment,
    IndexState,
    IndexTarget,
    Job,
    Material,
    MaterialFile,
    database_now,
    utc_now,
)
from repo_server.domain.codes import new_id

LEASE: Final = timedelta(seconds=60)
ATTEMPTS: Final = 6
FIRST_RETRY: Final = timedelta(seconds=2)
POSTPONED: Final = timedelta(seconds=5)

Insert = postgresql.Insert | sqlite.Insert

_INSERT: Final[Mapping[str, Callable[[Table], Insert]]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def watch(sessions: sessionmaker[Session]) -> None:
    """Keep index state in step with everything that these sessions write."""
    event.listen(sessions, "before_flush", _touch_owners_of_changes)
    event.listen(sessions, "after_flush", _want_changed_materials)


def touch(material: Material) -> None:
    """Make this transaction count as a change of `material`, whatever else it changes."""
    now = utc_now()
    # Two changes within a millisecond must still differ, else the row would not be written.
    material.updated_at = max(now, material.updated_at + timedelta(milliseconds=1))


def _touch_owners_of_changes(session: Session, _: UOWTransaction, __: object) -> None:
    changed = [row for row in (*session.new, *session.dirty) if session.is_modified(row)]
    for row in (*changed, *session.deleted):
        material = _owner(session, row)
        # One that is new is written anyway.
        if material is not None and material not in session.new:
            touch(material)


def _owner(session: Session, row: object) -> Material | None:
    """The material that a changed row makes another one, if any."""
    if isinstance(row, Material):
        return row
    if isinstance(row, MaterialFile) and row.material is not None:
        return row.material
    if isinstance(row, MaterialFile | Alignment):
        return session.get(Material, row.material_id)
    return None


def _want_changed_materials(session: Session, _: UOWTransaction) -> None:
    changed = [
        material
        for material in (*session.new, *session.dirty)
        if isinstance(material, Material) and session.is_modified(material)
    ]
    if changed:
        want(session, {material.id: material.rev for material in changed})


def want(session: Session, revisions: dict[int, int]) -> None:
    """Record that every target should hold these revisions (material id → rev)."""
    rows = [{"id": material_id, "rev": rev} for material_id, rev in revisions.items()]
    session.connection().execute(_want(_dialect(session)), rows)


@cache
def _want(dialect: str) -> Insert:
    table = cast(Table, IndexState.__table__)
    everywhere = select(
        IndexTarget.name,
        bindparam("id", type_=table.c.material_id.type),
        bindparam("rev", type_=table.c.want_rev.type),
        literal(0),
    ).where(true())  # SQLite would take ON CONFLICT for the beginning of a join
    statement = _INSERT[dialect](table).from_select(
        ["target", "material_id", "want_rev", "have_rev"], everywhere
    )
    return statement.on_conflict_do_update(
        index_elements=["target", "material_id"],
        set_={"want_rev": statement.excluded["want_rev"]},
    )


def upsert(
    session: Session, model: type, rows: Sequence[dict[str, Any]], *, changing: tuple[str, ...]
) -> None:
    """Insert `rows`; where the primary key exists, set the columns named in `changing` instead."""
    table = cast(Table, model.__table__)  # type: ignore[attr-defined]
    session.execute(_upsert(_dialect(session), table, changing), list(rows))


def insert_new(session: Session, model: type, row: dict[str, Any]) -> bool:
    """Insert `row`; False, and nothing changed, where its primary key exists."""
    table = cast(Table, model.__table__)  # type: ignore[attr-defined]
    return session.execute(_insert_new(_dialect(session), table), row).first() is not None


@cache
def _insert_new(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _upsert(dialect, table, ()).returning(*table.primary_key)


@cache
def _upsert(dialect: str, table: Table, changing: tuple[str, ...]) -> Insert:
    statement = _INSERT[dialect](table)
    keys = [column.name for column in table.primary_key]
    if not changing:
        return statement.on_conflict_do_nothing(index_elements=keys)
    changes = {name: statement.excluded[name] for name in changing}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def register_target(session: Session, name: str, schema_version: str) -> None:
    """Make `name` an index target; a new one, or one whose schema changed, wants every material."""
    target = session.get(IndexTarget, name)
    if target is not None and target.schema_version == schema_version:
        return
    _hold_back_changes(session)
    target = session.get(IndexTarget, name, populate_existing=True)
    if target is None:
        session.add(IndexTarget(name=name, schema_version=schema_version))
        session.flush()
    else:
        target.schema_version = schema_version
    forget_index(session, name)


def _hold_back_changes(session: Session) -> None:
    # PostgreSQL only: a material that somebody is writing without seeing the new target yet would
    # never reach it, and two processes may be registering the same one. SQLite has one writer.
    if _dialect(session) == "postgresql":
        session.execute(text("LOCK TABLE material IN SHARE ROW EXCLUSIVE MODE"))


def forget_index(session: Session, target: str) -> None:
    """Treat `target` as empty: it has nothing and wants every material."""
    session.execute(update(IndexState).where(IndexState.target == target).values(have_rev=0))
    known = select(IndexState.material_id).where(IndexState.target == target)
    missing = select(literal(target), Material.id, Material.rev, literal(0)).where(
        Material.id.not_in(known)
    )
    columns = ["target", "material_id", "want_rev", "have_rev"]
    session.execute(insert(IndexState).from_select(columns, missing))


def feed_again(session: Session, material_id: int) -> None:
    """Have every index learn a material anew, though its revision is the same."""
    session.execute(
        update(IndexState).where(IndexState.material_id == material_id).values(have_rev=0)
    )


@dataclass(frozen=True, slots=True)
class Behind:
    """A material whose index entry is older than wanted."""

    material_id: int
    want_rev: int


_BY_DEBT: Final = text("index_state INDEXED BY ix_index_state_behind")
"""SQLite keeps no statistics, and would look through everything that it knows of a target to find
that nothing is owed: four times a second, at a million materials."""


@cache
def _owed(dialect: str, *further: str) -> Select[*tuple[Any, ...]]:
    """Ids of the materials that a target has yet to learn, in order, with further columns."""
    known = _BY_DEBT if dialect == "sqlite" else IndexState.__table__
    return (
        select(*(column(name, Integer()) for name in ("material_id", *further)))
        .select_from(known)
        .where(column("target") == bindparam("target"), column("want_rev") > column("have_rev"))
        .order_by(column("material_id"))
        .limit(bindparam("most", type_=Integer()))
    )


def behind(session: Session, target: str, limit: int) -> tuple[Behind, ...]:
    """Up to `limit` materials that `target` has yet to learn."""
    asked = {"target": target, "most": limit}
    rows = session.execute(_owed(_dialect(session), "want_rev"), asked)
    return tuple(Behind(material_id, want_rev) for material_id, want_rev in rows)


def lag(session: Session, target: str, most: int | None = None) -> int:
    """How many materials `target` has yet to learn; counts no further than `most`."""
    owed = _owed(_dialect(session)).subquery()
    asked = {"target": target, "most": _ALL if most is None else most}
    return session.scalar(select(func.count()).select_from(owed), asked) or 0


_ALL: Final = 2**31 - 1


def acknowledge(session: Session, target: str, learned: Iterable[Behind]) -> None:
    """Record what `target` holds for certain; never lowers what is known."""
    rows = [
        {"known_to": target, "id": entry.material_id, "rev": entry.want_rev} for entry in learned
    ]
    if rows:
        session.connection().execute(_acknowledge(), rows)


@cache
def _acknowledge() -> Update:
    table = cast(Table, IndexState.__table__)
    return (
        update(table)
        .where(
            table.c.target == bindparam("known_to"),
            table.c.material_id == bindparam("id"),
            table.c.have_rev < bindparam("rev"),
        )
        .values(have_rev=bindparam("rev"))
    )


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that this worker holds until the lease ends; `token` fences its acknowledgement."""

    job_id: int
    kind: str
    key: str
    payload: dict[str, Any]
    attempt: int
    token: str


def enqueue(session: Session, kind: str, key: str, payload: dict[str, Any] | None = None) -> None:
    """Add a job to this transaction, unless one of this kind and key is unfinished."""
    job = {"kind": kind, "key": key, "payload": payload or {}, "run_at": utc_now()}
    session.execute(_enqueue(_dialect(session)), [job])


@cache
def _enqueue(dialect: str) -> Insert:
    # Two acts may call for the same job at the same moment: the second must not fail.
    return _INSERT[dialect](cast(Table, Job.__table__)).on_conflict_do_nothing(
        index_elements=["kind", "key"], index_where=text("state IN ('open', 'running')")
    )


def claim(session: Session, kinds: Sequence[str]) -> Lease | None:
    """Take the oldest job that is due, or one whose worker went silent; None when there is none."""
    found = session.execute(_CLAIMED, {"kinds": kinds}).one_or_none()
    if found is None:
        return None
    job, now = found
    if job.attempt >= ATTEMPTS:
        # Its worker died each time: a job that kills workers must not be tried for ever.
        job.state, job.finished_at = "dead", utc_now()
        job.error = job.error or "worker died"
        return claim(session, kinds)
    job.state, job.attempt, job.lease_token = "running", job.attempt + 1, new_id()
    job.lease_until = now + LEASE
    return Lease(job.id, job.kind, job.key, job.payload, job.attempt, job.lease_token)


def has_due(session: Session, kinds: Sequence[str]) -> bool:
    """Whether `claim` would find a job: a look that takes no lock."""
    return session.scalar(_DUE, {"kinds": kinds}) is not None


_NOW: Final = database_now()

_IS_DUE: Final = and_(
    Job.kind.in_(bindparam("kinds", expanding=True)),
    or_(
        (Job.state == "open") & (Job.run_at <= _NOW),
        (Job.state == "running") & (Job.lease_until < _NOW),
    ),
)
_DUE: Final = select(Job.id).where(_IS_DUE).order_by(Job.run_at, Job.id).limit(1)
_CLAIMED: Final = (
    select(Job, _NOW)
    .where(_IS_DUE)
    .order_by(Job.run_at, Job.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=Job)
)


def renew(session: Session, leases: Iterable[Lease]) -> None:
    """Keep jobs that are still being worked on."""
    now = session.scalar(select(database_now())) or utc_now()
    tokens = [lease.token for lease in leases]
    session.execute(update(Job).where(Job.lease_token.in_(tokens)).values(lease_until=now + LEASE))


def finish(session: Session, lease: Lease) -> bool:
    """Mark the job done; False when the lease had been lost to another worker."""
    return _close(session, lease, {"state": "done", "finished_at": utc_now(), "error": None})


def fail(session: Session, lease: Lease, error: str) -> bool:
    """Put the job back with a growing delay, or among the dead after the last attempt."""
    if lease.attempt >= ATTEMPTS:
        changes = {"state": "dead", "finished_at": utc_now(), "error": error[:2000]}
    else:
        delay = FIRST_RETRY * 4 ** (lease.attempt - 1)
        changes = {"state": "open", "run_at": utc_now() + delay, "error": error[:2000]}
    return _close(session, lease, changes)


def postpone(session: Session, lease: Lease, error: str, longest: timedelta = POSTPONED) -> bool:
    """Put the job back because an engine is down: that is no fault of the job, however often.

    The longer it has waited, the later it is tried again, `longest` at most.
    """
    now = utc_now()
    asked = session.scalar(select(Job.created_at).where(Job.id == lease.job_id)) or now
    changes = {
        "state": "open",
        "attempt": lease.attempt - 1,
        "run_at": now + min(longest, max(POSTPONED, (now - asked) / 8)),
        "error": error[:2000],
    }
    return _close(session, lease, changes)


def give_back(session: Session, leases: Iterable[Lease]) -> None:
    """Let others take these jobs at once: their worker ends, which is no fault of theirs."""
    tokens = [lease.token for lease in leases]
    session.execute(
        update(Job)
        .where(Job.lease_token.in_(tokens), Job.state == "running")
        .values(
            state="open",
            attempt=Job.attempt - 1,
            run_at=utc_now(),
            lease_token=None,
            lease_until=None,
        )
    )


def _close(session: Session, lease: Lease, changes: dict[str, Any]) -> bool:
    held = {"held_id": lease.job_id, "held_token": lease.token}
    closed = session.connection().execute(_closing(tuple(changes)), {**held, **changes})
    return closed.rowcount == 1


@cache
def _closing(names: tuple[str, ...]) -> Update:
    table = cast(Table, Job.__table__)
    return (
        update(table)
        .where(
            table.c.id == bindparam("held_id"),
            table.c.lease_token == bindparam("held_token"),
            table.c.state == "running",
        )
        .values(lease_token=None, lease_until=None, **{name: bindparam(name) for name in names})
    )
