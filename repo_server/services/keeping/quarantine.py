"""Files in which a threat was found, and what administrators decide about them.

An upload is set apart before it becomes a file: its bytes stay in staging. A blob of the library in
which signatures find something later stays where it is, and nobody is handed it. The decision is
about bytes: to let them pass is said once for a hash and a signature, and holds for every upload of
them. Each act is one commit; staged bytes that it leaves are the janitor's.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Account,
    Blob,
    Material,
    MaterialFile,
    ScanExemption,
    Upload,
    database_now,
    utc_now,
)
from repo_server.domain.access import Action, Viewer, require
from repo_server.domain.errors import Busy, InvalidValue, NotFound
from repo_server.domain.materials import REASON_LIMIT
from repo_server.failpoints import reached
from repo_server.services import scanning
from repo_server.services.library import Library
from repo_server.services.materials import bounded
from repo_server.services.uploads import JOB

FILES_SHOWN: Final = 50
"""Files of the library that are shown, last found first."""

ROUND: Final = 100
"""Uploads that one round of the janitor destroys at most."""


@dataclass(frozen=True, slots=True)
class QuarantinedUpload:
    """A file that was sent and is set apart; `until` is when it is destroyed by itself."""

    id: str
    name: str
    size: int
    sha256: str
    threat: str
    sender: str
    found_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A file of the library in which something was found later."""

    sha256: str
    name: str
    code: str
    title: str
    threat: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A page of uploads with how many there are in all, and the newest files."""

    uploads: tuple[QuarantinedUpload, ...]
    total: int
    files: tuple[QuarantinedFile, ...]


def quarantine(library: Library, viewer: Viewer, *, page: int, size: int) -> Quarantine:
    """What is set apart, last found first. Raises NotAuthenticated, Forbidden."""
    require(viewer, Action.ADMINISTER)
    with library.database.read() as session:
        counted = select(func.count()).where(Upload.state == "quarantined")
        total = session.scalar(counted) or 0
        found = _uploads().offset((page - 1) * size).limit(size)
        return Quarantine(_shown(session, found), total, _files(session))


def own(library: Library, viewer: Viewer) -> tuple[QuarantinedUpload, ...]:
    """The newest of the viewer's own uploads that are set apart."""
    require(viewer, Action.USE_ACCOUNT)
    with library.database.read() as session:
        mine = _uploads().where(Upload.owner_id == viewer.account_id)
        return _shown(session, mine.limit(FILES_SHOWN))


def _uploads() -> Select[Upload, str]:
    return (
        select(Upload, Account.name)
        .join(Account, Account.id == Upload.owner_id)
        .where(Upload.state == "quarantined")
        .order_by(Upload.updated_at.desc(), Upload.id)
    )


def _shown(session: Session, found: Select[Upload, str]) -> tuple[QuarantinedUpload, ...]:
    return tuple(
        QuarantinedUpload(
            id=upload.id,
            name=upload.name,
            size=upload.size,
            sha256=upload.sha256 or "",
            threat=upload.threat or "",
            sender=sender,
            found_at=upload.updated_at,
            until=upload.expires_at,
        )
        for upload, sender in session.execute(found)
    )


def _files(session: Session) -> tuple[QuarantinedFile, ...]:
    rows = session.execute(
        select(Blob, MaterialFile.name, Material.code, Material.title)
        .join(MaterialFile, MaterialFile.sha256 == Blob.sha256)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(Blob.quarantined_at.is_not(None))
        .order_by(Blob.quarantined_at.desc(), Blob.sha256, MaterialFile.id)
        .limit(FILES_SHOWN)
    )
    return tuple(
        QuarantinedFile(blob.sha256, name, code, title, blob.threat or "", blob.quarantined_at)
        for blob, name, code, title in rows
        if blob.quarantined_at is not None
    )


def lift(library: Library, viewer: Viewer, sha256: str, reason: str) -> None:
    """Let the bytes with that hash pass: what was found in them is no threat.

    Uploads of them are checked again, in all but this; files of the library are served at once.
    Raises NotFound when nothing with that hash is set apart, InvalidValue without a reason,
    NotAuthenticated, Forbidden.
    """
    require(viewer, Action.ADMINISTER)
    said = bounded("reason", reason.strip(), REASON_LIMIT)
    if not said:
        raise InvalidValue("reason", "Hãy ghi rõ vì sao tệp này an toàn.")
    with library.database.write() as session:
        uploads, blob = _set_apart(session, sha256), _quarantined_blob(session, sha256)
        threats = {upload.threat for upload in uploads} | ({blob.threat} if blob else set())
        if not threats:
            raise NotFound
        for upload in uploads:
            upload.state, upload.updated_at = "received", utc_now()
            upload.threat = upload.verdict = upload.reason = None
            outbox.enqueue(session, JOB, upload.id)
        if blob is not None:
            blob.threat, blob.quarantined_at = None, None
        for threat in sorted(filter(None, threats)):
            _exempt(session, viewer, sha256, threat, said)
        reached("C43")
    reached("C44")


def _exempt(session: Session, viewer: Viewer, sha256: str, threat: str, reason: str) -> None:
    row = {
        "sha256": sha256,
        "threat": threat,
        "reason": reason,
        "account_id": viewer.account_id,
        "created_at": utc_now(),
    }
    outbox.upsert(session, ScanExemption, [row], changing=("reason", "account_id", "created_at"))
    after = {"threat": threat, "reason": reason}
    audit.record(session, viewer.account_id, "quarantine.lift", "blob", sha256, after=after)


def destroy(library: Library, viewer: Viewer, sha256: str) -> None:
    """Destroy the uploads of the bytes with that hash; whoever sent them is told.

    Raises NotFound when there is none, NotAuthenticated, Forbidden. A file of the library is not
    destroyed here: its material is withdrawn or given another file.
    """
    require(viewer, Action.ADMINISTER)
    with library.database.write() as session:
        uploads = _set_apart(session, sha256)
        if not uploads:
            raise NotFound
        for upload in uploads:
            _reject(session, upload, viewer.account_id, "quarantine.destroy", scanning.DESTROYED)
        reached("C45")
    reached("C46")
    for upload in uploads:
        with suppress(Busy):
            library.staging.discard(upload.id)


def expire(session: Session) -> None:
    """Destroy what nobody decided about in time; its bytes go with the rest of staging."""
    overdue = (
        select(Upload)
        .where(Upload.state == "quarantined", Upload.expires_at < database_now())
        .order_by(Upload.id)
        .limit(ROUND)
        .with_for_update(skip_locked=True)
    )
    for upload in session.scalars(overdue).all():
        _reject(session, upload, None, "quarantine.expire", scanning.EXPIRED)


def _set_apart(session: Session, sha256: str) -> Sequence[Upload]:
    return session.scalars(
        select(Upload)
        .where(Upload.state == "quarantined", Upload.sha256 == sha256)
        .order_by(Upload.id)
        .with_for_update()
    ).all()


def _quarantined_blob(session: Session, sha256: str) -> Blob | None:
    blob = session.get(Blob, sha256, with_for_update=True)
    return blob if blob is not None and blob.quarantined_at is not None else None


def _reject(
    session: Session, upload: Upload, actor_id: int | None, action: str, sentence: str
) -> None:
    upload.state, upload.updated_at = "rejected", utc_now()
    upload.reason = sentence.format(threat=upload.threat)
    after = {"threat": upload.threat, "sha256": upload.sha256}
    audit.record(session, actor_id, action, "upload", upload.id, after=after)
