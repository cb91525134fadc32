"""The audit trail: who did what to which thing, chained so that a removed entry shows."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database.models import AuditEntry, AuditHead, utc_now
from repo_server.database.outbox import upsert

ROOT: Final = "0" * 64


def record(
    session: Session,
    actor_id: int | None,
    action: str,
    object_kind: str,
    object_id: object,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Append an entry to the chain, in this transaction."""
    head = _held_head(session)
    if head is None:
        # Rows of the act itself are locked before the head: two acts cannot wait for each other.
        session.flush()
        head = _locked_head(session)
        session.info[_HELD] = session.get_transaction(), head
    entry = AuditEntry(
        seq=head.seq + 1,
        at=utc_now(),
        actor_id=actor_id,
        action=action,
        object_kind=object_kind,
        object_id=str(object_id),
        before=before or {},
        after=after or {},
        previous_hash=head.hash,
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    head.seq, head.hash = entry.seq, entry.hash


_HELD: Final = "audit head"

_HEAD: Final = (
    select(AuditHead)
    .where(AuditHead.id == 1)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def _held_head(session: Session) -> AuditHead | None:
    """The head row, where this very transaction has locked it before."""
    transaction, head = session.info.get(_HELD, (None, None))
    return head if transaction is session.get_transaction() else None


def _locked_head(session: Session) -> AuditHead:
    """The head row, locked until the commit: two writers cannot continue from the same link."""
    head = session.scalar(_HEAD)
    if head is None:
        # The very first entries may be written by several at once; only one row comes of it.
        upsert(session, AuditHead, [{"id": 1, "seq": 0, "hash": ROOT}], changing=())
        head = session.scalars(_HEAD).one()
    return head


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over every field but the hash itself, in one fixed form."""
    fields = [
        entry.seq,
        round(entry.at.timestamp() * 1000),
        entry.actor_id,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.before,
        entry.after,
        entry.previous_hash,
    ]
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def broken_links(session: Session) -> Iterator[int]:
    """The `seq` of every entry that does not continue its predecessor or was altered.

    Entries cut off at the end are found by the head, and reported as the last that there was.
    """
    previous, expected = ROOT, 1
    for entry in session.scalars(
        select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=500)
    ):
        if (
            entry.seq != expected
            or entry.previous_hash != previous
            or entry_hash(entry) != entry.hash
        ):
            yield entry.seq
        previous, expected = entry.hash, entry.seq + 1
    head = session.get(AuditHead, 1)
    at_head = (0, ROOT) if head is None else (head.seq, head.hash)
    if at_head != (expected - 1, previous):
        yield max(at_head[0], expected - 1)
