"""`kho verify`: does everything that the database promises exist, and nothing else?

Each check yields findings F1 to F11 (the numbers of the protocol page). A look changes nothing;
`repair` mends what can be made again from the rest (F3 to F8) and never touches a blob that a row
refers to.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from repo_server.database import audit, outbox
from repo_server.database.models import (
    Blob,
    Derivative,
    IndexState,
    Material,
    MaterialFile,
    MaterialVersion,
    utc_now,
)
from repo_server.domain.errors import Busy, KhoError
from repo_server.domain.materials import Status
from repo_server.search.base import SearchIndex
from repo_server.services.library import Library
from repo_server.services.pictures import make_again
from repo_server.services.upkeep import stale_staging
from repo_server.storage.base import ObjectInfo, ObjectKey

YOUNG: Final = timedelta(hours=24)
"""Objects younger than this may belong to an upload that is about to commit."""

_CHUNK: Final = 1 << 20

SENTENCES: Final[dict[str, str]] = {
    "F1": "Mất tệp gốc trong kho",
    "F2": "Tệp gốc sai kích thước hoặc mã kiểm tra",
    "F3": "Tệp trong kho không ai dùng",
    "F4": "Tệp tạm còn sót",
    "F5": "Học liệu chưa có trong máy tìm kiếm",
    "F6": "Máy tìm kiếm còn giữ học liệu không được hiện",
    "F7": "Máy tìm kiếm giữ bản cũ",
    "F8": "Mất ảnh xem trước",
    "F10": "Nhật kí bị đứt hoặc bị sửa",
    "F11": "Phiên bản nhắc tới tệp không còn",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `what` names it (hash, material, upload, index)."""

    code: str
    what: str
    repaired: bool = False


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
    blobs, bytes_read = _check_blobs(library, findings)
    progress("objects")
    _check_objects(library, findings, repair=repair)
    progress("staging")
    _check_staging(library, findings, repair=repair)
    progress("indexes")
    for index in library.indexes:
        _check_index(library, index, findings, repair=repair)
    progress("database")
    with library.database.read() as session:
        findings += [Finding("F10", f"audit {seq}") for seq in audit.broken_links(session)]
        findings += [Finding("F11", what) for what in _versions_without_blob(session)]
        materials = session.scalar(select(func.count()).select_from(Material)) or 0
    return VerifyReport(blobs, bytes_read, materials, tuple(findings))


def _check_blobs(library: Library, findings: list[Finding]) -> tuple[int, int]:
    with library.database.read() as session:
        rows = session.execute(
            select(Blob.sha256, Blob.generation, Blob.size).where(Blob.state == "live")
        ).all()
    total = 0
    for sha256, generation, size in rows:
        code, count = _check_blob(library, ObjectKey.blob(sha256, generation), sha256, size)
        total += count
        if code is not None:
            findings.append(Finding(code, sha256))
    return len(rows), total


def _check_blob(library: Library, key: ObjectKey, sha256: str, size: int) -> tuple[str | None, int]:
    if library.storage.stat(key) is None:
        return "F1", 0
    digest, count = hashlib.sha256(), 0
    with library.storage.open(key) as reader:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            count += len(chunk)
    return (None if (digest.hexdigest(), count) == (sha256, size) else "F2"), count


def _check_objects(library: Library, findings: list[Finding], *, repair: bool) -> None:
    """F3: objects without a row; F8: rows of derivatives without an object."""
    with library.database.read() as session:
        known = {
            str(ObjectKey.blob(sha256, generation))
            for sha256, generation in session.execute(
                select(Blob.sha256, Blob.generation).where(Blob.state == "live")
            )
        }
        pictures = {
            str(ObjectKey.derivative(sha256, name)): (sha256, name)
            for sha256, name in session.execute(select(Derivative.sha256, Derivative.name))
        }
        # Their rows are wrong, but files still refer to these bytes.
        needed = set(session.scalars(select(MaterialFile.sha256).where(_without_live_blob())))
    old = utc_now() - YOUNG
    seen = set()
    for prefix in ("blobs/", "derivatives/"):
        for info in library.storage.list(prefix):
            name = str(info.key)
            seen.add(name)
            wanted = name in known or name in pictures or info.key.sha256 in needed
            if not wanted and info.modified_at < old:
                findings.append(Finding("F3", name, repaired=repair and _collect(library, info)))
    for name in sorted(pictures.keys() - seen):
        repaired = repair and make_again(library, *pictures[name])
        findings.append(Finding("F8", name, repaired=repaired))


def _collect(library: Library, info: ObjectInfo) -> bool:
    """Delete an object that no row knows; False when one has come to know it meanwhile.

    The blob is doomed first, and stays so: whoever brings the same bytes at this moment stores them
    under the next generation, where this deletion cannot hit them.
    """
    key = info.key
    if key.is_blob:
        with library.database.write() as session:
            row = {"sha256": key.sha256, "size": info.size, "generation": key.generation}
            outbox.upsert(session, Blob, [{**row, "state": "doomed"}], changing=())
            blob = session.get_one(Blob, key.sha256, with_for_update=True)
            if blob.state == "live" and blob.generation == key.generation:
                return False
    library.storage.delete(key)
    return True


def _check_staging(library: Library, findings: list[Finding], *, repair: bool) -> None:
    for upload_id in stale_staging(library):
        if repair:
            with suppress(Busy):
                library.staging.discard(upload_id)
        findings.append(Finding("F4", upload_id, repaired=repair))


def _check_index(
    library: Library, index: SearchIndex, findings: list[Finding], *, repair: bool
) -> None:
    """F5 to F7: what the index holds beside what the database wants it to hold."""
    try:
        held = {entry.id: entry.rev for entry in index.entries()}
    except KhoError:
        findings.append(Finding("F5", f"{index.name}: engine down"))
        return
    with library.database.read() as session:
        wanted = dict(
            session.execute(
                select(Material.id, Material.rev).where(
                    Material.status == Status.PUBLISHED, Material.deleted_at.is_(None)
                )
            ).all()
        )
    wrong = list(_differences(wanted, held))
    if repair and wrong:
        with library.database.write() as session:
            known = [item for _, item in wrong if _mark_unknown(session, index.name, item)]
        ghosts = {material_id for _, material_id in wrong}.difference(known)
        index.delete_many(sorted(ghosts))
    findings += [
        Finding(code, f"{index.name}: {material_id}", repaired=repair)
        for code, material_id in wrong
    ]


def _differences(wanted: dict[int, int], held: dict[int, int]) -> Iterator[tuple[str, int]]:
    for material_id, rev in wanted.items():
        if material_id not in held:
            yield "F5", material_id
        elif held[material_id] != rev:
            yield "F7", material_id
    for material_id in held.keys() - wanted.keys():
        yield "F6", material_id


def _mark_unknown(session: Session, target: str, material_id: int) -> bool:
    """Let the relay look at this material again; False when the database never had it."""
    rev = session.scalar(select(Material.rev).where(Material.id == material_id))
    if rev is None:
        return False
    row = {"target": target, "material_id": material_id, "want_rev": rev, "have_rev": 0}
    outbox.upsert(session, IndexState, [row], changing=("want_rev", "have_rev"))
    return True


def _versions_without_blob(session: Session) -> Iterator[str]:
    for version in session.scalars(select(MaterialVersion)):
        for file in version.snapshot.get("files", ()):
            if not session.scalar(select(exists().where(Blob.sha256 == file["sha256"]))):
                yield f"material {version.material_id} version {version.number}"
    for file_id in session.scalars(select(MaterialFile.id).where(_without_live_blob())):
        yield f"file {file_id}"


def _without_live_blob() -> ColumnElement[bool]:
    return ~exists().where(Blob.sha256 == MaterialFile.sha256, Blob.state == "live")
