"""Files of the library are scanned again: signatures of threats come after the files do.

Each blob is looked at once a week, the one first that was never scanned or longest ago, at a
bounded rate and by one process at a time. In what was found something, nobody is handed any more
(`services.keeping.quarantine`); when the signature is gone or was let pass, it is served again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import Blob, MaterialFile, database_now, utc_now
from repo_server.database.turns import turn
from repo_server.domain.errors import FileQuarantined
from repo_server.inspection.clamd import Readable, Scan
from repo_server.services import scanning
from repo_server.services.keeping.scrub import PAUSE, PORTION, WEEK, Stopped, Stored, pace
from repo_server.services.library import Library
from repo_server.storage.base import ObjectMissing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Paced:
    """Hands bytes on and tells `between` the size of each piece."""

    source: Readable
    between: Callable[[int], None]

    def read(self, size: int, /) -> bytes:
        piece = self.source.read(size)
        self.between(len(piece))
        return piece


class Rescanner:
    """Scans what is due, at `library.scrub_rate` bytes a second."""

    def __init__(self, library: Library, wait: Callable[[float], bool]) -> None:
        self._library = library
        self._wait = wait

    def round(self) -> float:
        """Scan one portion; returns the seconds to the next.

        Busy while another process scans. Raises ScannerUnavailable, StorageUnavailable.
        """
        if self._library.scanner is None or not self._library.scrub_rate:
            return PAUSE
        with turn(self._library.database, "rescan"):
            portion = due(self._library)
            for stored, found in self._scans(portion):
                note(self._library, stored, found)
        return 0 if portion else PAUSE

    def _scans(self, portion: Iterable[Stored]) -> Iterator[tuple[Stored, Scan | None]]:
        for stored in portion:
            try:
                with self._library.storage.open(stored.key) as reader:
                    paced = _Paced(reader, pace(self._library.scrub_rate, self._wait))
                    yield stored, scanning.scan(self._library, paced, stored.sha256)
            except ObjectMissing:
                # Told by whoever reads it back; here it is only not to be asked for at once again.
                yield stored, None
            except Stopped:
                return


def due(library: Library) -> list[Stored]:
    """Up to a portion of the blobs that should be scanned, those never scanned first."""
    with library.database.read() as session:
        now = session.scalar(select(database_now())) or utc_now()
        rows = session.execute(
            select(Blob.sha256, Blob.generation, Blob.size)
            .where(
                Blob.state == "live",
                or_(Blob.scanned_at.is_(None), Blob.scanned_at < now - WEEK),
            )
            .order_by(Blob.scanned_at.is_not(None), Blob.scanned_at, Blob.sha256)
            .limit(PORTION)
        )
        return [Stored(*row) for row in rows]


def note(library: Library, stored: Stored, found: Scan | None) -> None:
    """Write down what was found in a blob, or that nothing was."""
    with library.database.write() as session:
        if found is None:
            same = Blob.sha256 == stored.sha256
            session.execute(update(Blob).where(same).values(scanned_at=database_now()))
            return
        blob = session.get(Blob, stored.sha256, with_for_update=True)
        if blob is None or (blob.state, blob.generation) != ("live", stored.generation):
            return
        threat = found.threat
        if threat is not None and scanning.is_exempt(session, blob.sha256, threat):
            threat = None
        _warn(session, blob.sha256, whole=found.whole)
        blob.scanned_at, before = utc_now(), blob.threat
        if threat == before:
            return
        blob.threat = threat
        if threat is None or blob.quarantined_at is None:
            blob.quarantined_at = None if threat is None else blob.scanned_at
        action = "blob.release" if threat is None else "blob.quarantine"
        audit.record(
            session, None, action, "blob", blob.sha256,
            before={"threat": before}, after={"threat": threat},
        )  # fmt: skip
    if threat is not None:
        library.incidents.note(FileQuarantined.code)
        log.error("rescan.found", sha256=stored.sha256, threat=threat)


def _warn(session: Session, sha256: str, *, whole: bool) -> None:
    """Say on every file of these bytes that they are more than the scanner takes, or no longer."""
    files = session.execute(
        select(MaterialFile.id, MaterialFile.warnings).where(MaterialFile.sha256 == sha256)
    ).all()
    for file_id, told in files:
        others = [one for one in told if one != scanning.NOT_WHOLE]
        warnings = others if whole else [*others, scanning.NOT_WHOLE]
        if warnings != told:
            # Not through the session: nobody changed the material.
            same = MaterialFile.id == file_id
            session.execute(update(MaterialFile).where(same).values(warnings=warnings))
