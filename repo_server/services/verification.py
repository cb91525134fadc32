"""`kho verify`: does everything that the database promises exist, and nothing else?

Each check yields findings F1 to F13 (`keeping.findings` says what they mean). A look mends nothing,
and notes only which blobs are damaged; `repair` mends what can be made again from the rest (F3 to
F8, F12) and never touches a blob that a row refers to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import func, select

from repo_server.database.models import Material
from repo_server.services.keeping import indexes, objects, records
from repo_server.services.keeping.findings import SENTENCES, Finding
from repo_server.services.library import Library

__all__ = ["CHECKS", "SENTENCES", "Finding", "VerifyReport", "verify"]


class Check(Protocol):
    """Yields what it finds; with `repair` it mends what it may."""

    def __call__(self, library: Library, *, repair: bool) -> Iterator[Finding]: ...


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("objects", objects.unused_blobs),
    ("objects", objects.objects),
    ("staging", objects.staging),
    ("staging", objects.quarantined),
    ("indexes", indexes.indexes),
    ("database", records.duplicate_keys),
    ("database", records.audit_chain),
    ("database", records.versions),
    ("database", records.storage_use),
)
"""Everything but the reading of blobs, by what progress is told: a new check is a line here."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and what was found."""

    blobs: int
    bytes_read: int
    materials: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        return all(finding.repaired for finding in self.findings)


def verify(
    library: Library, *, repair: bool, progress: Callable[[str], None] = lambda _: None
) -> VerifyReport:
    """Check everything; reads every stored byte back."""
    findings: list[Finding] = []
    # A store that is down answers "not there" to some questions: ask first whether it is up.
    library.storage.check()
    progress("blobs")
    blobs = total = 0
    for found in objects.looks_at_blobs(library):
        blobs, total = blobs + 1, total + found.count
        findings += filter(None, [objects.damage(found)])
    for place, check in CHECKS:
        progress(place)
        findings += check(library, repair=repair)
    with library.database.read() as session:
        materials = session.scalar(select(func.count()).select_from(Material)) or 0
    return VerifyReport(blobs, total, materials, tuple(findings))
