"""Warnings of personal data: kept with each file, told to those who decide, acknowledged once.

A draft is never held back. Whoever hands a material to the editors says that they have looked at
what was found; that holds as long as no file with something else is added. What is kept and told
are kinds, places, counts and masked examples (`domain.personal`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from repo_server.database.models import Material, MaterialFile, utc_now
from repo_server.domain.errors import NotPublishable
from repo_server.domain.personal import LABELS, PUBLIC, PersonalData, sights
from repo_server.domain.wording import worded
from repo_server.inspection.base import Inspection
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


def found_in(inspection: Inspection) -> list[dict[str, Any]]:
    """What is kept with a file."""
    seen = sights((segment.label, segment.text) for segment in inspection.segments)
    return [
        {
            "kind": sight.kind.value,
            "place": sight.label,
            "count": sight.count,
            "sample": sight.sample,
        }
        for sight in seen
    ]


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
