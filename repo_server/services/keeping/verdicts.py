"""What the last `kho verify` found, and when: an entry of the audit trail that can be asked for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import AuditEntry
from repo_server.services.keeping.findings import Finding
from repo_server.services.library import Library

ACTION: Final = "library.verify"
_OBJECT: Final = "verification"
"""Entries are indexed by their object: the newest of this one is found at once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """When everything was last compared and how; findings by code, and those still not mended."""

    at: datetime
    by: str
    blobs: int
    bytes_read: int
    findings: Mapping[str, int]
    unmended: int


def keep_verdict(
    library: Library, by: str, blobs: int, bytes_read: int, findings: Sequence[Finding]
) -> None:
    """Write down what a look at everything has found; `by` is the command that looked."""
    after = {
        "by": by,
        "blobs": blobs,
        "bytes_read": bytes_read,
        "findings": dict(sorted(Counter(finding.code for finding in findings).items())),
        "unmended": sum(not finding.repaired for finding in findings),
    }
    with library.database.write() as session:
        audit.record(session, None, ACTION, "library", _OBJECT, after=after)


def last_verdict(session: Session) -> Verdict | None:
    """The newest; None where nobody has looked yet."""
    entry = session.scalar(
        select(AuditEntry)
        .where(AuditEntry.object_id == _OBJECT, AuditEntry.action == ACTION)
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    )
    return None if entry is None else Verdict(at=entry.at, **entry.after)
