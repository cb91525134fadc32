"""A file arrives: the intent is written first, then bytes are appended until all are there.

The protocol and its crash points stand in ARCHITECTURE ("A teacher uploads"). What happens to the
bytes once they are complete is `services.acceptance`.
"""

import hashlib
import json
import re
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import Job, Material, Upload, utc_now
from repo_server.database.queries import materials as queries
from repo_server.domain.access import Action, Subject, Viewer, require, require_in_state
from repo_server.domain.codes import new_id
from repo_server.domain.errors import (
    Busy,
    Conflict,
    FileRejected,
    IdempotencyMismatch,
    InvalidValue,
    NotFound,
    ScannerUnavailable,
    TooLarge,
    UploadOver,
)
from repo_server.domain.files import REASONS, clean_filename, readable_size
from repo_server.domain.materials import FILES_LIMIT, Kind, Status
from repo_server.failpoints import reached
from repo_server.services import quotas
from repo_server.services.library import Library

LIFETIME: Final = timedelta(days=7)
"""How long an upload may take from its declaration; TRUST: expired ones are the janitor's."""

JOB: Final = "accept_upload"

STUCK: Final = (
    "Kho chưa kiểm tra được tệp này sau nhiều lần thử. Tệp vẫn được giữ; quản trị viên sẽ xem lại."
)

_WAITING: Final = (ScannerUnavailable,)
"""Errors that a check waits for, told to whoever sent the file."""

# Not all bytes have come, or never will.
_UNFINISHED: Final = ("receiving", "cancelled", "expired")

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a client says before it sends: the file's own name and size in bytes.

    `material_id` is the material that the file belongs to; without it a draft is made for it.
    `metadata` is what a tus client calls so, kept to be told again as it was.
    """

    name: str
    size: int
    sha256: str | None = None
    material_id: int | None = None
    role: str | None = None
    metadata: str | None = None

    def fingerprint(self) -> str:
        """The same for the same declaration: tells a repeated request from a reused key."""
        parts = [self.name, self.size, self.sha256, self.material_id, self.role]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class UploadView:
    """Where an upload stands, by `state`.

    receiving, received, checking, ready, rejected, quarantined, cancelled or expired. `offset` is
    how many bytes are durable; `reason` is a Vietnamese sentence when rejected, quarantined or
    waiting for an engine;
    `expires_at` is None once all bytes are there.
    """

    id: str
    name: str
    size: int
    offset: int
    state: str
    verdict: str | None
    reason: str | None
    warnings: tuple[str, ...]
    material_id: int | None
    material_code: str | None
    file_id: int | None
    has_text: bool
    metadata: str | None
    expires_at: datetime | None


def declare(
    library: Library, viewer: Viewer, declaration: Declaration, idempotency_key: str | None
) -> tuple[UploadView, bool]:
    """Write the intent. Returns (upload, whether it is new).

    The same key with the same declaration gives the upload that exists; with another one it raises
    IdempotencyMismatch. Raises InvalidValue, TooLarge, FileRejected (an empty file), NotFound,
    Forbidden, WrongState, AccountFull, OrganizationFull.
    """
    require(viewer, Action.CONTRIBUTE)
    declaration = _checked(library, declaration)
    reached("C1")
    intent = _write_intent(library, viewer, declaration, idempotency_key or new_id())
    reached("C2")
    return intent


def _write_intent(
    library: Library, viewer: Viewer, declaration: Declaration, key: str
) -> tuple[UploadView, bool]:
    try:
        with library.database.write() as session:
            known = _by_key(session, viewer, key)
            if known is None:
                _require_place(session, viewer, declaration.material_id)
                known = _new_upload(viewer, declaration, key)
                session.add(known)
                quotas.require_declared_room(library, session, known)
                return _view(session, known, 0), True
    except IntegrityError:
        # PostgreSQL: another request with this key was faster between the look and the insert.
        with library.database.read() as session:
            known = _by_key(session, viewer, key)
        if known is None:
            raise
    if known.fingerprint != declaration.fingerprint():
        raise IdempotencyMismatch
    return status(library, viewer, known.id), False


def _checked(library: Library, declaration: Declaration) -> Declaration:
    if declaration.size > library.max_file_size:
        raise TooLarge(limit=readable_size(library.max_file_size))
    if declaration.size == 0:
        raise FileRejected("empty", REASONS["empty"])
    if declaration.size < 0:
        raise InvalidValue("size", "Kích thước tệp phải là số dương.")
    if declaration.role is not None and declaration.role not in set(Kind):
        raise InvalidValue("role", "Vai trò của tệp không có trong danh mục.")
    return replace(
        declaration,
        name=clean_filename(declaration.name),
        sha256=None if declaration.sha256 is None else _hexadecimal(declaration.sha256),
    )


def _hexadecimal(sha256: str) -> str:
    settled = sha256.lower()
    if _SHA256.fullmatch(settled) is None:
        raise InvalidValue("sha256", "Mã kiểm tra SHA-256 phải gồm 64 chữ số thập lục phân.")
    return settled


def _new_upload(viewer: Viewer, declaration: Declaration, key: str) -> Upload:
    return Upload(
        id=new_id(),
        owner_id=viewer.account_id,
        idempotency_key=key,
        fingerprint=declaration.fingerprint(),
        state="receiving",
        name=declaration.name,
        size=declaration.size,
        declared_sha256=declaration.sha256,
        material_id=declaration.material_id,
        role=declaration.role,
        client_metadata=declaration.metadata,
        expires_at=utc_now() + LIFETIME,
    )


def _by_key(session: Session, viewer: Viewer, key: str) -> Upload | None:
    return session.scalar(_BY_KEY, {"owner_id": viewer.account_id, "key": key})


_BY_KEY: Final = select(Upload).where(
    Upload.owner_id == bindparam("owner_id"), Upload.idempotency_key == bindparam("key")
)


def _require_place(session: Session, viewer: Viewer, material_id: int | None) -> None:
    if material_id is None:
        return
    material = queries.material_by_id(session, viewer, material_id)
    if material is None:
        raise NotFound
    require_in_state(viewer, Action.EDIT_FILES, subject_of(material))
    if sum(file.removed_at is None for file in material.files) >= FILES_LIMIT:
        raise InvalidValue("material", f"Một học liệu có tối đa {FILES_LIMIT} tệp.")


def subject_of(material: Material) -> Subject:
    """What the permission table looks at."""
    return Subject(material.owner_id, material.organization_id, Status(material.status))


class Receiver:
    """Appends to one upload; use as a context manager, from one thread at a time.

    On leaving, what arrived is durable, even when the client went away in the middle; when it was
    the last byte, the upload is complete and its check is enqueued.
    """

    def __init__(self, library: Library, upload: Upload, offset: int) -> None:
        self._library = library
        self._upload = upload
        self._stack = ExitStack()
        self._offset = offset
        # A digest over all bytes exists only when all of them pass through here.
        self._digest = hashlib.sha256() if offset == 0 else None

    def __enter__(self) -> "Receiver":
        self._writer = self._stack.enter_context(
            self._library.staging.append(self._upload.id, self._offset)
        )
        return self

    @property
    def offset(self) -> int:
        """Bytes that have arrived so far."""
        return self._offset

    @property
    def expires_at(self) -> datetime | None:
        """Until when the rest may come; None when there is none."""
        return None if self._offset == self._upload.size else self._upload.expires_at

    def is_wanted(self) -> bool:
        """Whether somebody has asked to go on in this one's stead since it began."""
        with self._library.database.read() as session:
            wanted_at = session.scalar(_WANTED_AT, {"upload_id": self._upload.id})
        return wanted_at != self._upload.wanted_at

    def require_room(self, count: int) -> None:
        """Raise TooLarge when `count` more bytes are more than were declared."""
        if self._offset + count > self._upload.size:
            raise TooLarge(limit=f"{self._upload.size} byte")

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append; raises TooLarge past the declared size, StorageFull, StorageUnavailable."""
        self.require_room(len(data))
        if self._digest is not None:
            self._digest.update(data)
        self._writer.write(data)
        self._offset += len(data)
        reached("C3")

    def __exit__(self, *failure: object) -> None:
        reached("C4")
        self._stack.__exit__(None, None, None)
        reached("C5")
        if self._offset == self._upload.size:
            self._complete()

    def _complete(self) -> None:
        digest = None if self._digest is None else self._digest.hexdigest()
        with self._library.database.write() as session:
            upload = session.get(Upload, self._upload.id, with_for_update=True)
            if upload is None or upload.state != "receiving":
                return
            upload.state, upload.sha256, upload.updated_at = "received", digest, utc_now()
            outbox.enqueue(session, JOB, upload.id)
        reached("C14")


def receive(library: Library, viewer: Viewer, upload_id: str, offset: int) -> Receiver:
    """Prepare to append from `offset`; entering the result raises WrongOffset or Busy.

    Raises UploadOver when it was given up or has expired, Conflict when nothing is missing.
    """
    with library.database.read() as session:
        upload = _own(session, viewer, upload_id)
    _require_not_over(upload)
    if upload.state != "receiving":
        raise Conflict
    return Receiver(library, upload, offset)


_WANTED_AT: Final = select(Upload.wanted_at).where(Upload.id == bindparam("upload_id"))


def want(library: Library, viewer: Viewer, upload_id: str) -> None:
    """Ask whoever holds the upload to let go where nothing comes any more.

    A phone that changes its network comes back at once, while the server still waits for the rest
    of the connection that the phone has lost.
    """
    with library.database.write() as session:
        _own(session, viewer, upload_id).wanted_at = utc_now()


def status(library: Library, viewer: Viewer, upload_id: str) -> UploadView:
    """Where the upload stands; NotFound for anybody but its owner."""
    with library.database.read() as session:
        view = _view(session, _own(session, viewer, upload_id), 0)
    return _with_offset(library, view)


def resume(library: Library, viewer: Viewer, upload_id: str) -> UploadView:
    """Where to go on; raises UploadOver when the upload was given up or has expired."""
    with library.database.read() as session:
        upload = _own(session, viewer, upload_id)
        _require_not_over(upload)
        view = _view(session, upload, 0)
    return _with_offset(library, view)


def find(library: Library, viewer: Viewer, idempotency_key: str) -> UploadView | None:
    """The viewer's upload of that key, if there is one."""
    with library.database.read() as session:
        upload = _by_key(session, viewer, idempotency_key)
        view = None if upload is None else _view(session, upload, 0)
    return None if view is None else _with_offset(library, view)


def cancel(library: Library, viewer: Viewer, upload_id: str) -> None:
    """Give up an upload that is not complete.

    Raises UploadOver when that was done before, Conflict when nothing is missing.
    """
    with library.database.write() as session:
        upload = _own(session, viewer, upload_id)
        _require_not_over(upload)
        if upload.state != "receiving":
            raise Conflict
        upload.state, upload.updated_at = "cancelled", utc_now()
    # While bytes still arrive their file is in use: then the janitor takes it away.
    with suppress(Busy):
        library.staging.discard(upload_id)


def _own(session: Session, viewer: Viewer, upload_id: str) -> Upload:
    upload = session.get(Upload, upload_id)
    if upload is None or viewer.account_id is None or upload.owner_id != viewer.account_id:
        raise NotFound
    return upload


def _require_not_over(upload: Upload) -> None:
    expired = upload.state == "receiving" and upload.expires_at < utc_now()
    if expired or upload.state in ("cancelled", "expired"):
        raise UploadOver


def _with_offset(library: Library, view: UploadView) -> UploadView:
    """Ask the staging area, which may be far away: nothing of the database is held meanwhile."""
    if view.state not in _UNFINISHED:
        return view
    return replace(view, offset=library.staging.size(view.id))


def _view(session: Session, upload: Upload, offset: int) -> UploadView:
    """The view of a row; `offset` counts while bytes are missing."""
    material = session.get(Material, upload.material_id) if upload.material_id else None
    state = upload.state
    reason = upload.reason
    if state == "received":
        state, reason = _progress(session, upload.id)
    file = None
    if material is not None and upload.file_id is not None:
        file = next((file for file in material.files if file.id == upload.file_id), None)
    return UploadView(
        id=upload.id,
        name=upload.name,
        size=upload.size,
        offset=offset if state in _UNFINISHED else upload.size,
        state=state,
        verdict=upload.verdict,
        reason=reason,
        warnings=tuple(file.warnings) if file else (),
        material_id=material.id if material else None,
        material_code=material.code if material else None,
        file_id=upload.file_id,
        has_text=file.has_text if file else False,
        metadata=upload.client_metadata,
        expires_at=upload.expires_at if state == "receiving" else None,
    )


_LAST_JOB: Final = (
    select(Job.state, Job.error)
    .where(Job.kind == JOB, Job.key == bindparam("upload_id"))
    .order_by(Job.id.desc())
    .limit(1)
)


def _progress(session: Session, upload_id: str) -> tuple[str, str | None]:
    """(state, reason) of an upload that is complete, as the job that checks it has them."""
    state, error = session.execute(_LAST_JOB, {"upload_id": upload_id}).one_or_none() or ("", "")
    if state == "dead":
        return "received", STUCK
    awaited = (kind().sentence() for kind in _WAITING if (error or "").startswith(kind.__name__))
    return "checking" if state == "running" else "received", next(awaited, None)
