"""A complete upload is looked at and, if good, becomes a file of a material.

Bytes before rows: the blob is in the storage before the one commit that makes it known, and the
staging copy is kept until after that commit. Whoever dies in between leaves an upload in state
"received", which is simply done again.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Blob,
    Derivative,
    Material,
    MaterialFile,
    TextSegment,
    Upload,
    utc_now,
)
from repo_server.domain.access import Action, permits
from repo_server.domain.errors import Busy
from repo_server.domain.guessing.base import Field
from repo_server.domain.materials import FILES_LIMIT, Status
from repo_server.domain.vietnamese import fold
from repo_server.failpoints import reached
from repo_server.inspection.base import Inspection, RenderedImage
from repo_server.inspection.clamd import Scan
from repo_server.inspection.engines import present_engines
from repo_server.services import fingerprints, personal, quotas, readings, scanning
from repo_server.services.codes import free_code
from repo_server.services.keeping import disposal
from repo_server.services.library import Library
from repo_server.services.placement import home_organization
from repo_server.services.suggesting import declaration_of, draft_title
from repo_server.services.uploads import subject_of
from repo_server.services.versions import keeping_version, present_files
from repo_server.services.viewers import viewer_of_account
from repo_server.services.vocabulary import Names
from repo_server.storage.base import ObjectKey, ObjectMissing

THUMBNAIL: Final = "thumbnail.webp"
_CHUNK: Final = 1 << 20

CHECKSUM_REASON: Final = "Tệp nhận được không giống tệp gốc (sai mã kiểm tra SHA-256). Hãy gửi lại."
GONE_REASON: Final = "Học liệu nhận tệp này đã bị xoá trong lúc gửi."
FULL_REASON: Final = f"Học liệu đã có đủ {FILES_LIMIT} tệp, là số tối đa."
PUBLISHED_REASON: Final = (
    "Học liệu đã được xuất bản trong lúc gửi. Hãy gỡ học liệu rồi thêm tệp và gửi duyệt lại."
)

DROPPED_REASON: Final = (
    "Kho không kiểm tra được tệp này nên quản trị viên đã bỏ. "
    "Hãy gửi lại, hoặc gửi tệp ở dạng khác."
)

CIRCUMSTANTIAL: Final = frozenset({"checksum", "gone", "full", "published", "quota", "dropped"})
"""Verdicts that are not about the file itself: the same file may be taken another time."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An upload whose bytes are complete: where they are and what they hash to."""

    upload_id: str
    name: str
    size: int
    sha256: str
    declared_sha256: str | None
    path: Path
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class _Promoted:
    """Where the bytes were put; `relied` on a live row whose object may have been there before."""

    generation: int
    relied: bool


def accept_upload(library: Library, upload_id: str) -> None:
    """Bring a received upload to "ready", "rejected" or "quarantined"; harmless when it is there.

    Raises StorageUnavailable and the like when an engine is down: the upload stays received and is
    tried again.
    """
    try:
        upload = _received(library, upload_id)
        if upload is not None:
            # Before anything is fetched and read: without it nothing can come of it.
            scanning.require_scanner(library)
            with library.staging.whole(upload_id) as path:
                _accept(library, _candidate(upload, path))
    except (ObjectMissing, FileNotFoundError):
        # Two may work on one upload: whoever ends first takes the staged bytes away.
        if _received(library, upload_id) is not None:
            raise


def _accept(library: Library, candidate: _Candidate) -> None:
    if candidate.declared_sha256 not in (None, candidate.sha256):
        _reject(library, candidate, "checksum", CHECKSUM_REASON)
        return
    inspection = library.inspector.inspect(candidate.path, candidate.name)
    reached("C7")
    if not inspection.accepted:
        _reject(library, candidate, inspection.verdict, inspection.reason)
        return
    scan = _scanned(library, candidate)
    reached("C41")
    if scan is not None:
        if scan.threat is not None:
            _quarantine(library, candidate, scan.threat)
            return
        candidate = replace(candidate, scanned=True)
        if not scan.whole:
            warnings = (*inspection.warnings, scanning.NOT_WHOLE)
            inspection = replace(inspection, warnings=warnings)
    _keep(library, candidate, inspection)


def _keep(library: Library, candidate: _Candidate, inspection: Inspection) -> None:
    """Make the bytes a file of a material."""
    promoted = _promote(library, candidate)
    thumbnail = store_thumbnail(library, candidate.sha256, inspection.thumbnail)
    while not _commit(library, candidate, inspection, thumbnail, promoted):
        promoted = _promote(library, candidate)
    reached("C13")
    _forget_staged(library, candidate)
    reached("C15")


def _scanned(library: Library, candidate: _Candidate) -> Scan | None:
    with candidate.path.open("rb") as stream:
        return scanning.scan(library, stream, candidate.sha256)


def _quarantine(library: Library, candidate: _Candidate, threat: str) -> None:
    """Set the upload apart; its bytes stay in staging, from where nothing is ever served."""
    with library.database.write() as session:
        upload = session.get(Upload, candidate.upload_id, with_for_update=True)
        if upload is None or upload.state != "received":
            return
        now = utc_now()
        upload.state, upload.sha256, upload.threat = "quarantined", candidate.sha256, threat
        upload.verdict, upload.reason = "infected", scanning.FOUND.format(threat=threat)
        upload.updated_at, upload.expires_at = now, now + scanning.KEPT
        after = {"threat": threat, "sha256": candidate.sha256, "size": upload.size}
        audit.record(
            session, upload.owner_id, "upload.quarantine", "upload", upload.id, after=after
        )
    reached("C42")


def _forget_staged(library: Library, candidate: _Candidate) -> None:
    # Somebody else who worked on this upload may be doing the same at this moment.
    with suppress(Busy):
        library.staging.discard(candidate.upload_id)


def _received(library: Library, upload_id: str) -> Upload | None:
    """The upload, if it still waits to be accepted."""
    with library.database.read() as session:
        upload = session.get(Upload, upload_id)
    return upload if upload is not None and upload.state == "received" else None


def _candidate(upload: Upload, path: Path) -> _Candidate:
    sha256 = upload.sha256 or _hash(path)
    return _Candidate(upload.id, upload.name, upload.size, sha256, upload.declared_sha256, path)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _reject(library: Library, candidate: _Candidate, verdict: str, reason: str) -> None:
    with library.database.write() as session:
        upload = session.get(Upload, candidate.upload_id, with_for_update=True)
        if upload is None or upload.state != "received":
            return
        _mark_rejected(session, upload, candidate.sha256, verdict, reason)
    _forget_staged(library, candidate)


def give_up(session: Session, upload_id: str) -> None:
    """Tell whoever waits for an upload that its check was dropped; its bytes go with staging."""
    upload = session.get(Upload, upload_id, with_for_update=True)
    if upload is not None and upload.state == "received":
        _mark_rejected(session, upload, upload.sha256 or "", "dropped", DROPPED_REASON)


def _mark_rejected(
    session: Session, upload: Upload, sha256: str, verdict: str, reason: str
) -> None:
    upload.state, upload.sha256 = "rejected", sha256
    upload.verdict, upload.reason, upload.updated_at = verdict, reason, utc_now()
    after = {"verdict": verdict, "sha256": sha256, "size": upload.size}
    audit.record(session, upload.owner_id, "upload.reject", "upload", upload.id, after=after)


def _promote(library: Library, candidate: _Candidate) -> _Promoted:
    """Put the bytes where blobs are."""
    with library.database.read() as session:
        blob = session.get(Blob, candidate.sha256)
    generation = 0 if blob is None else blob.generation
    spoiled = blob is not None and _is_spoiled(blob)
    if spoiled:
        # The collector may delete that object at any moment, or it is damaged: these bytes get a
        # name of their own.
        generation += 1
    key = ObjectKey.blob(candidate.sha256, generation)
    library.storage.adopt(key, candidate.path, candidate.size, candidate.sha256)
    return _Promoted(generation, relied=blob is not None and not spoiled)


def _is_spoiled(blob: Blob) -> bool:
    """Whether the object of its generation must not be relied on."""
    return blob.state == "doomed" or blob.damaged_at is not None


def store_thumbnail(
    library: Library, sha256: str, image: RenderedImage | None
) -> Derivative | None:
    """Put the picture that stands for a blob into the storage; the row is not yet saved."""
    return None if image is None else store_derivative(library, sha256, THUMBNAIL, image)


def store_derivative(library: Library, sha256: str, name: str, image: RenderedImage) -> Derivative:
    """Put an image made from a blob into the storage; the row is returned, not yet saved."""
    digest = hashlib.sha256(image.data).hexdigest()
    key = ObjectKey.derivative(sha256, name)
    reached("C20")
    library.storage.put(key, BytesIO(image.data), len(image.data), digest)
    reached("C21")
    return Derivative(
        sha256=sha256,
        name=name,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size=len(image.data),
        digest=digest,
        created_at=utc_now(),
    )


def save_derivative(session: Session, derivative: Derivative) -> None:
    """Write the row of an image, or write it anew; two may have made the same one at once."""
    columns = [column.key for column in Derivative.__mapper__.column_attrs]
    row = {name: getattr(derivative, name) for name in columns}
    changing = tuple(name for name in columns if name not in ("sha256", "name"))
    outbox.upsert(session, Derivative, [row], changing=changing)


def _commit(
    library: Library,
    candidate: _Candidate,
    inspection: Inspection,
    thumbnail: Derivative | None,
    promoted: _Promoted,
) -> bool:
    """The one commit. False when the blob was collected meanwhile and must be promoted again."""
    # Before the transaction: a long text takes its time.
    noticed = personal.found_in((one.label, one.text) for one in inspection.segments)
    with library.database.write() as session:
        upload = session.get(Upload, candidate.upload_id, with_for_update=True)
        if upload is None or upload.state != "received":
            return True
        material = _material_for(library, session, upload, inspection)
        refusal = _refusal(library, session, upload, material)
        if not _know_blob(session, candidate, promoted):
            session.rollback()
            return False
        if material is None or refusal is not None:
            verdict, reason = refusal or ("gone", GONE_REASON)
            _mark_rejected(session, upload, candidate.sha256, verdict, reason)
            # The bytes are in the storage already: let the collector know them.
            disposal.release(session, [candidate.sha256])
            return True
        reached("C11")
        keep_text(session, candidate.sha256, inspection)
        readings.note_acceptance(session, candidate.sha256, inspection, present_engines())
        if thumbnail is not None:
            save_derivative(session, thumbnail)
        begun = upload.material_id is None
        with keeping_version(session, material, upload.owner_id):
            file = _add_file(session, material, upload, inspection, candidate.sha256, noticed)
        upload.state, upload.sha256, upload.verdict = "ready", candidate.sha256, "ok"
        upload.material_id, upload.file_id, upload.updated_at = material.id, file.id, utc_now()
        if begun:
            audit.record(session, upload.owner_id, "material.create", "material", material.id)
        after = {"material": material.id, "sha256": candidate.sha256, "name": file.name}
        audit.record(session, upload.owner_id, "file.add", "file", file.id, after=after)
        reached("C12")
    return True


def _know_blob(session: Session, candidate: _Candidate, promoted: _Promoted) -> bool:
    """Make the row of the blob name these bytes; False when they are not there any more."""
    generation = promoted.generation
    if promoted.relied and session.get(Blob, candidate.sha256, with_for_update=True) is None:
        # Collected to the end between the promotion and now, with the object we relied on.
        return False
    row = {"sha256": candidate.sha256, "size": candidate.size, "generation": generation}
    # Two uploads of the same bytes may end at the same moment: the second waits for the first.
    if outbox.insert_new(session, Blob, row):
        return True
    blob = session.get_one(Blob, candidate.sha256, with_for_update=True, populate_existing=True)
    if _is_spoiled(blob):
        if generation != blob.generation + 1:
            return False
        disposal.supersede(session, blob.sha256, blob.generation)
        blob.state, blob.generation, blob.damaged_at = "live", generation, None
        blob.verified_at = utc_now()
    if candidate.scanned:
        # What was found in these bytes once is found in them no more, or was let pass.
        blob.scanned_at, blob.threat, blob.quarantined_at = utc_now(), None, None
    blob.unused_since = None
    return blob.generation == generation


def keep_text(session: Session, sha256: str, inspection: Inspection) -> None:
    """Write the text of a blob by place, and what it is compared by; places not named stay."""
    rows = [
        {
            "sha256": sha256,
            "position": segment.position,
            "label": segment.label[:120],
            "text": segment.text,
            "folded": fold(segment.text),
            "recognized": False,
        }
        for segment in inspection.segments
    ]
    if rows:
        outbox.upsert(
            session, TextSegment, rows, changing=("label", "text", "folded", "recognized")
        )
    folded = [str(row["folded"]) for row in rows]
    fingerprints.remember(session, sha256, inspection.content, folded)


def _material_for(
    library: Library, session: Session, upload: Upload, inspection: Inspection
) -> Material | None:
    if upload.material_id is None:
        names = library.vocabulary.names(session)
        return _new_draft(session, names, upload, inspection)
    material = session.get(Material, upload.material_id, with_for_update=True)
    return None if material is None or material.deleted_at is not None else material


def _refusal(
    library: Library, session: Session, upload: Upload, material: Material | None
) -> tuple[str, str] | None:
    """(verdict, reason) when the material no longer takes what it took at the declaration."""
    if material is None:
        return "gone", GONE_REASON
    if len(present_files(material)) >= FILES_LIMIT:
        return "full", FULL_REASON
    if material.status == Status.PUBLISHED:
        sender = viewer_of_account(session, upload.owner_id)
        if not permits(sender, Action.EDIT_FILES, subject_of(material)):
            # What was reviewed must stay what is served: new files need a new review.
            return "published", PUBLISHED_REASON
    full = quotas.shortage(
        library, session, material.owner_id, material.organization_id, upload.size
    )
    return None if full is None else ("quota", full.sentence())


def _new_draft(session: Session, names: Names, upload: Upload, inspection: Inspection) -> Material:
    """A draft for one file, not yet in the session: it is written together with that file."""
    title = draft_title(session, names, upload, inspection)
    return Material(
        code=free_code(session),
        status=Status.DRAFT,
        title=title,
        folded_title=fold(title)[:400],
        undecided=list(Field),
        language=inspection.language or "vi",
        owner_id=upload.owner_id,
        organization_id=home_organization(session, upload.owner_id),
        keywords=[],
        files=[],
        items=[],
    )


def _add_file(
    session: Session,
    material: Material,
    upload: Upload,
    inspection: Inspection,
    sha256: str,
    noticed: list[dict[str, Any]],
) -> MaterialFile:
    file = MaterialFile(
        material=material,
        position=max((file.position for file in material.files), default=0) + 1,
        name=upload.name,
        role=upload.role,
        sha256=sha256,
        size=upload.size,
        kind=inspection.kind,
        media_type=inspection.media_type,
        page_count=inspection.page_count,
        width=inspection.width,
        height=inspection.height,
        duration=inspection.duration,
        has_text=inspection.has_text,
        text_truncated=inspection.text_truncated,
        warnings=list(inspection.warnings),
        declared=declaration_of(inspection),
        personal=noticed,
    )
    session.add(file)
    session.flush()
    return file
