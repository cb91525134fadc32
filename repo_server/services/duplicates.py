"""Telling who shares a lesson that the library has it already, and what they can do about it.

Three kinds of likeness: the same bytes, a package with the same members, much the same text. Told
are only materials that the viewer may see: that somebody else's draft exists stays secret.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import (
    Fingerprint,
    Material,
    MaterialFile,
    Upload,
    Variant,
    utc_now,
)
from repo_server.database.queries import likeness as queries
from repo_server.database.queries import materials as material_queries
from repo_server.domain.access import Action, Viewer, permits, require_in_state
from repo_server.domain.errors import InvalidValue, NotFound, WrongState
from repo_server.domain.likeness import ALIKE
from repo_server.domain.materials import FILES_LIMIT, STATUS_LABELS, Status
from repo_server.services import fingerprints
from repo_server.services.cards import Card, cards
from repo_server.services.library import Library
from repo_server.services.materials import open_material
from repo_server.services.placement import place
from repo_server.services.uploads import subject_of
from repo_server.services.versions import keeping_version, present_files

SHOWN: Final = 6
_LOOKED_AT: Final = 20
"""Files of one material that are compared: a page must open at once."""


class Likeness(StrEnum):
    """How two files are alike."""

    BYTES = "bytes"  # one file, byte by byte
    CONTENT = "content"  # the same members, packed another time
    TEXT = "text"  # much the same text


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another material that is like the one asked about, by its most alike pair of files.

    `share`: of what both hold, 0 to 1. `takes_version`: it is the viewer's own, and the files of
    this draft may be put into it.
    """

    card: Card
    likeness: Likeness
    share: float
    file_name: str
    other_file_name: str
    takes_version: bool


@dataclass(frozen=True, slots=True)
class Variants:
    """What a material is a variant of, and its own variants, as far as the viewer sees them."""

    of: tuple[Card, ...]
    own: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two files that are alike."""

    file: MaterialFile
    other: queries.Placed
    likeness: Likeness
    share: float


def duplicates(library: Library, viewer: Viewer, material_id: int) -> tuple[Duplicate, ...]:
    """Materials like this one, the most alike first, for those who may edit it.

    Raises NotFound for what the viewer may not see, Forbidden, WrongState.
    """
    with library.database.read() as session:
        material = material_queries.material_by_id(session, viewer, material_id)
        if material is None:
            raise NotFound
        require_in_state(viewer, Action.EDIT, subject_of(material))
        return _alike(library, session, viewer, material)


def alike_to(library: Library, viewer: Viewer, material_id: int) -> tuple[Duplicate, ...]:
    """`duplicates` for one who has just sent a file; none where they may not edit any more."""
    with library.database.read() as session:
        material = material_queries.material_by_id(session, viewer, material_id)
        if material is None or not permits(viewer, Action.EDIT, subject_of(material)):
            return ()
        return _alike(library, session, viewer, material)


def _alike(
    library: Library, session: Session, viewer: Viewer, material: Material
) -> tuple[Duplicate, ...]:
    best = _best_pairs(session, viewer, material)
    names = library.vocabulary.names(session)
    shown = cards(session, viewer, names, list(best)[:SHOWN])
    return tuple(
        Duplicate(
            card=card,
            likeness=best[card.id].likeness,
            share=best[card.id].share,
            file_name=best[card.id].file.name,
            other_file_name=best[card.id].other.name,
            takes_version=_takes_version(session, viewer, material, card.id),
        )
        for card in shown
    )


def _takes_version(session: Session, viewer: Viewer, material: Material, other_id: int) -> bool:
    other = material_queries.material_by_id(session, viewer, other_id)
    mine = viewer.account_id == material.owner_id
    return (
        other is not None
        and mine
        and other.owner_id == material.owner_id
        and material.status == Status.DRAFT
        and permits(viewer, Action.EDIT_FILES, subject_of(other))
    )


def _best_pairs(session: Session, viewer: Viewer, material: Material) -> dict[int, _Pair]:
    """The most alike pair of files by other material, the most alike first."""
    files = {file.sha256: file for file in present_files(material)[:_LOOKED_AT]}
    best: dict[int, _Pair] = {}
    for pair in _pairs(session, viewer, material.id, files):
        known = best.get(pair.other.material_id)
        if known is None or pair.share > known.share:
            best[pair.other.material_id] = pair
    order = sorted(best.items(), key=lambda found: (-found[1].share, found[0]))
    return dict(order)


def _pairs(
    session: Session, viewer: Viewer, material_id: int, files: dict[str, MaterialFile]
) -> Iterable[_Pair]:
    if not files:
        return
    for other in queries.placed(session, viewer, list(files), beside=material_id):
        yield _Pair(files[other.sha256], other, Likeness.BYTES, 1.0)
    known = queries.fingerprints(session, viewer, list(files))
    alike = [*_same_members(session, viewer, known), *_same_text(session, viewer, known)]
    sha256s = {other for _, other, _, _ in alike}
    places: dict[str, list[queries.Placed]] = {}
    for place_ in queries.placed(session, viewer, list(sha256s), beside=material_id):
        places.setdefault(place_.sha256, []).append(place_)
    for own, other_sha256, likeness, share in alike:
        for place_ in places.get(other_sha256, ()):
            yield _Pair(files[own], place_, likeness, share)


_Alike = tuple[str, str, Likeness, float]


def _same_members(
    session: Session, viewer: Viewer, known: Sequence[Fingerprint]
) -> Iterable[_Alike]:
    own = {found.content: found.sha256 for found in known if found.content is not None}
    if own:
        for found in queries.same_content(session, viewer, list(own)):
            if found.content is not None and found.sha256 != own[found.content]:
                yield own[found.content], found.sha256, Likeness.CONTENT, 1.0


def _same_text(session: Session, viewer: Viewer, known: Sequence[Fingerprint]) -> Iterable[_Alike]:
    for mine in known:
        if mine.signature is None or mine.scheme != fingerprints.SCHEME:
            continue
        numbers = fingerprints.unpacked(mine.signature)
        bands = fingerprints.bands(numbers)
        for found in queries.sharing_bands(session, viewer, bands, fingerprints.SCHEME):
            share = fingerprints.share(numbers, fingerprints.unpacked(found.signature or ""))
            if found.sha256 != mine.sha256 and share >= ALIKE:
                yield mine.sha256, found.sha256, Likeness.TEXT, share


def variants(library: Library, viewer: Viewer, material_id: int) -> Variants:
    """The variants on both sides of a material; NotFound for what the viewer may not see."""
    with library.database.read() as session:
        found = queries.variants(session, viewer, material_id)
        if found is None:
            raise NotFound
        names = library.vocabulary.names(session)
        of, own = (tuple(cards(session, viewer, names, ids)) for ids in found)
    return Variants(of, own)


def declare_variant(
    library: Library, viewer: Viewer, material_id: int, rev: int | None, of_id: int
) -> Material:
    """Say that a material is a variant of another one; harmless when it was said before.

    Raises what `open_material` raises, NotFound for the other one, InvalidValue for itself.
    """
    with library.database.write() as session:
        material = open_material(session, viewer, material_id, rev, Action.EDIT)
        if of_id == material_id:
            raise InvalidValue("of", "Một học liệu không thể là biến thể của chính nó.")
        if material_queries.material_by_id(session, viewer, of_id) is None:
            raise NotFound
        if session.get(Variant, (material_id, of_id)) is None:
            session.add(Variant(material_id=material_id, of_id=of_id, created_by=viewer.account_id))
            _audit(session, viewer, "material.variant", material_id, of_id)
    return material


def withdraw_variant(
    library: Library, viewer: Viewer, material_id: int, rev: int | None, of_id: int
) -> Material:
    """Take that back; harmless when nobody had said it."""
    with library.database.write() as session:
        material = open_material(session, viewer, material_id, rev, Action.EDIT)
        said = session.get(Variant, (material_id, of_id))
        if said is not None:
            session.delete(said)
            _audit(session, viewer, "material.no_variant", material_id, of_id)
    return material


def become_version(
    library: Library, viewer: Viewer, draft_id: int, rev: int | None, of_id: int
) -> Material:
    """Let the files of one's draft take the place of those they are like in one's own material.

    What they replace stays with the versions that hold it; files without a counterpart are added;
    the draft is deleted. Returns the other material. Raises what `open_material` raises, NotFound,
    InvalidValue when there would be too many files, and WrongState for a published material of a
    teacher, which has to be withdrawn first: what was reviewed stays what is served.
    """
    with library.database.write() as session:
        draft = open_material(session, viewer, draft_id, rev, Action.DELETE)
        if draft.status != Status.DRAFT:
            raise WrongState(status=STATUS_LABELS[Status(draft.status)])
        target = material_queries.material_by_id(session, viewer, of_id)
        if target is None or of_id == draft_id:
            raise NotFound
        require_in_state(viewer, Action.EDIT_FILES, subject_of(target))
        with keeping_version(session, target, viewer.account_id):
            _move_files(session, viewer, draft, target)
        draft.deleted_at = utc_now()
        place(session, draft)
        place(session, target)
        _audit(session, viewer, "material.new_version", target.id, draft.id)
    return target


def _move_files(session: Session, viewer: Viewer, draft: Material, target: Material) -> None:
    replaced = _counterparts(session, viewer, draft, target)
    moving = present_files(draft)
    if len(present_files(target)) + len(moving) - len(replaced) > FILES_LIMIT:
        raise InvalidValue("material", f"Một học liệu có tối đa {FILES_LIMIT} tệp.")
    last = max((file.position for file in target.files), default=0)
    for file in moving:
        old = replaced.get(file.id)
        if old is None:
            last += 1
            file.position = last
        else:
            file.position, file.role, old.removed_at = old.position, old.role, utc_now()
        file.material = target
    session.execute(
        update(Upload).where(Upload.material_id == draft.id).values(material_id=target.id)
    )


def _counterparts(
    session: Session, viewer: Viewer, draft: Material, target: Material
) -> dict[int, MaterialFile]:
    """Which file of the target each file of the draft is most like; no file twice."""
    files = {file.sha256: file for file in present_files(draft)[:_LOOKED_AT]}
    there = {file.id: file for file in present_files(target)}
    pairs = [
        pair
        for pair in _pairs(session, viewer, draft.id, files)
        if pair.other.material_id == target.id
    ]
    found: dict[int, MaterialFile] = {}
    for pair in sorted(pairs, key=lambda pair: (-pair.share, pair.file.id, pair.other.file_id)):
        old = there.get(pair.other.file_id)
        if old is not None and pair.file.id not in found:
            found[pair.file.id] = there.pop(pair.other.file_id)
    return found


def _audit(session: Session, viewer: Viewer, action: str, material_id: int, other: int) -> None:
    audit.record(
        session, viewer.account_id, action, "material", material_id, after={"other": other}
    )
