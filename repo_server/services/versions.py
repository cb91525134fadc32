"""What readers saw of a material, version by version: each change of it keeps one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.orm import Session

from repo_server.database.models import Material, MaterialFile, MaterialVersion
from repo_server.domain.materials import Status

SNAPSHOT_FIELDS: Final = ("title", "description", "kind", "language", "license", "author")
"""What a version keeps of the description, beside keywords, items and files."""


def keep_version(session: Session, material: Material, account_id: int | None) -> None:
    """Number what the material is now, and keep it as that version."""
    material.version += 1
    session.add(
        MaterialVersion(
            material_id=material.id,
            number=material.version,
            snapshot=_snapshot(material),
            created_by=account_id,
        )
    )


@contextmanager
def keeping_version(session: Session, material: Material, account_id: int | None) -> Iterator[None]:
    """What is done inside to a published material becomes a version, if readers see another one.

    Thus the newest version of a published material is always what is served.
    """
    public, before = material.status == Status.PUBLISHED, _snapshot(material)
    yield
    if public and material.status == Status.PUBLISHED and _snapshot(material) != before:
        keep_version(session, material, account_id)


def present_files(material: Material) -> list[MaterialFile]:
    """The files that are not removed, in order."""
    return [file for file in material.files if file.removed_at is None]


def _snapshot(material: Material) -> dict[str, Any]:
    return {
        **{field: getattr(material, field) for field in SNAPSHOT_FIELDS},
        "keywords": list(material.keywords),
        "items": [item.code for item in material.items],
        "files": [
            {"name": file.name, "role": file.role, "sha256": file.sha256, "size": file.size}
            for file in sorted(present_files(material), key=lambda file: file.position)
        ],
    }
