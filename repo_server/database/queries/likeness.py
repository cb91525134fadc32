"""Files that are like others, as far as the viewer may see their materials."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from repo_server.database.models import (
    Fingerprint,
    FingerprintBand,
    Material,
    MaterialFile,
    Variant,
)
from repo_server.database.queries.visibility import (
    Sight,
    seen_by,
    shown_to,
    sight_of,
    visible,
)
from repo_server.domain.access import Viewer

BAND_LIMIT: Final = 400
"""Fingerprints that one band may bring: what hundreds of files share tells none of them apart."""

CANDIDATES: Final = 100


_SHA256S: Final[BindParameter[Any]] = bindparam("sha256s", expanding=True)
_FINGERPRINTS: Final = select(Fingerprint).where(Fingerprint.sha256.in_(_SHA256S))


@dataclass(frozen=True, slots=True)
class Placed:
    """A present file of a material that the viewer may see."""

    material_id: int
    file_id: int
    name: str
    sha256: str


def fingerprints(session: Session, viewer: Viewer, sha256s: Sequence[str]) -> list[Fingerprint]:
    """What these blobs are compared by; ask first whether the viewer may see their files."""
    return list(session.scalars(_FINGERPRINTS, {"sha256s": sha256s}))


def same_content(session: Session, viewer: Viewer, contents: Sequence[str]) -> list[Fingerprint]:
    """Fingerprints of packages with these members, whoever's they are: look at `placed` next."""
    statement = select(Fingerprint).where(Fingerprint.content.in_(contents))
    return list(session.scalars(statement.order_by(Fingerprint.id).limit(CANDIDATES)))


def sharing_bands(
    session: Session, viewer: Viewer, bands: Sequence[int], scheme: int
) -> list[Fingerprint]:
    """Fingerprints that share most of these bands, whoever's they are: look at `placed` next."""
    if not bands:
        return []
    values = {f"band_{place}": band for place, band in enumerate(bands)}
    return list(session.scalars(_sharing_bands(len(bands)), {**values, "scheme": scheme}))


@cache
def _sharing_bands(count: int) -> Select[Fingerprint]:
    each = [
        select(
            select(FingerprintBand.fingerprint_id.label("id"))
            .where(FingerprintBand.band == bindparam(f"band_{place}"))
            .limit(BAND_LIMIT)
            .subquery()
            .c.id
        )
        for place in range(count)
    ]
    found = union_all(*each).subquery()
    ranked = (
        select(found.c.id, func.count().label("shared"))
        .group_by(found.c.id)
        .order_by(func.count().desc(), found.c.id)
        .limit(CANDIDATES)
        .subquery()
    )
    return (
        select(Fingerprint)
        .join(ranked, ranked.c.id == Fingerprint.id)
        .where(Fingerprint.scheme == bindparam("scheme"), Fingerprint.signature.is_not(None))
    )


def placed(
    session: Session, viewer: Viewer, sha256s: Sequence[str], *, beside: int
) -> list[Placed]:
    """Files with these bytes in materials that the viewer may see, other than `beside`."""
    if not sha256s:
        return []
    values = {"sha256s": sha256s, "beside": beside, **shown_to(viewer)}
    return [Placed(*row) for row in session.execute(_placed(sight_of(viewer)), values)]


@cache
def _placed(sight: Sight) -> Select[int, int, str, str]:
    return (
        select(MaterialFile.material_id, MaterialFile.id, MaterialFile.name, MaterialFile.sha256)
        .join(Material, Material.id == MaterialFile.material_id)
        .where(
            MaterialFile.sha256.in_(_SHA256S),
            MaterialFile.material_id != bindparam("beside"),
            MaterialFile.removed_at.is_(None),
            seen_by(sight),
        )
        .order_by(MaterialFile.material_id, MaterialFile.id)
        .limit(CANDIDATES)
    )


def variants(
    session: Session, viewer: Viewer, material_id: int
) -> tuple[list[int], list[int]] | None:
    """Ids of the materials that this one is a variant of, and of its own variants.

    None when the viewer may not see it.
    """
    sides = union_all(
        select(literal("self"), Material.id).where(Material.id == material_id, visible(viewer)),
        select(literal("of"), Variant.of_id).where(Variant.material_id == material_id),
        select(literal("own"), Variant.material_id).where(Variant.of_id == material_id),
    )
    found: dict[str, list[int]] = {}
    for side, id_ in session.execute(sides.limit(2 * CANDIDATES)):
        found.setdefault(side, []).append(id_)
    return (found.get("of", []), found.get("own", [])) if "self" in found else None
