"""Warnings of personal data: kept with each file, told to those who decide, acknowledged once.

A draft is never held back. Whoever hands a material to the editors says that they have looked at
what was found; that holds as long as no file with something else is added. What is kept and told
are kinds, places, counts and masked examples (`domain.personal`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from repo_server.database.models import Material, MaterialFile, TextSegment, utc_now
from repo_server.domain.errors import NotPublishable
from repo_server.domain.personal import LABELS, PUBLIC, PersonalData, sights
from repo_server.domain.wording import worded
from repo_server.services.versions import present_files

FIELD = "personal_data"

UNSEEN = (
    "Tệp có chỗ giống thông tin cá nhân của học sinh. Hãy xem các chỗ được chỉ ra, xoá đi nếu "
    "không được phép đăng, rồi xác nhận đã kiểm tra."
)


@dataclass(frozen=True, slots=True)
class PersonalNote:
    """Something that looks like personal data: in which file, where in it, how many, masked."""

    file_name: str
    kind_label: str
    place: str
    count: int
    sample: str


def found_in(places: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is kept with a file of this text, (label, text) by place."""
    return [
        {
            "kind": sight.kind.value,
            "place": sight.label,
            "count": sight.count,
            "sample": sight.sample,
        }
        for sight in sights(places)
    ]


def look_again(session: Session, sha256: str) -> None:
    """Keep what all text of a blob shows now, where words have come that nobody had looked at.

    Whoever acknowledged what was found before is asked anew where something else is found.
    """
    places = session.execute(
        select(TextSegment.label, TextSegment.text)
        .where(TextSegment.sha256 == sha256)
        .order_by(TextSegment.position)
    ).all()
    noticed = found_in((label, text) for label, text in places)
    files = session.execute(
        select(MaterialFile.id, MaterialFile.material_id, MaterialFile.personal).where(
            MaterialFile.sha256 == sha256
        )
    ).all()
    for file_id, material_id, known in files:
        if noticed == (known or []):
            continue
        # Not through the session: nobody changed the material, and nobody's edit may collide.
        same = MaterialFile.id == file_id
        session.execute(update(MaterialFile).where(same).values(personal=noticed))
        _take_back(session, material_id, file_id)


def _take_back(session: Session, material_id: int, file_id: int) -> None:
    """Let an acknowledgement hold no longer for this file."""
    same = Material.id == material_id
    said = session.scalar(select(Material.personal_acknowledged).where(same).with_for_update())
    if said is not None and file_id in _files(said):
        left = {**said, "files": [one for one in _files(said) if one != file_id]}
        session.execute(update(Material).where(same).values(personal_acknowledged=left))


def notes(material: Material) -> tuple[PersonalNote, ...]:
    """What was found in the files that the material has now."""
    return tuple(
        PersonalNote(
            file.name,
            worded("personal", found["kind"], LABELS[PersonalData(found["kind"])]),
            found["place"],
            found["count"],
            found["sample"],
        )
        for file in present_files(material)
        for found in file.personal or ()
    )


def _suspicious(material: Material) -> list[MaterialFile]:
    return [
        file
        for file in present_files(material)
        if any(found["kind"] not in PUBLIC for found in file.personal or ())
    ]


def is_acknowledged(material: Material) -> bool:
    """Whether somebody has looked at everything that was found, or nothing was."""
    said = material.personal_acknowledged or {}
    return {file.id for file in _suspicious(material)} <= set(_files(said))


def _files(said: dict[str, Any]) -> Iterable[int]:
    files: list[int] = said.get("files", [])
    return files


def require_acknowledged(material: Material, account_id: int | None, *, now: bool) -> None:
    """Raise NotPublishable unless it was acknowledged before, or is `now` by this account."""
    if is_acknowledged(material):
        return
    if not now:
        raise NotPublishable({FIELD: UNSEEN})
    material.personal_acknowledged = {
        "by": account_id,
        "at": utc_now().isoformat(),
        "files": sorted(file.id for file in _suspicious(material)),
    }
