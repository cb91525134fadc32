"""Looking at files again: with readers that became better, and with engines that came later.

Each reader's finding is one commit together with the note that it has looked, so that whoever dies
in between leaves a file that is due, and nothing is done by halves. What was known is never
lowered: a look that finds less than is there leaves everything as it was.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from repo_server.database import audit, outbox
from repo_server.database.models import Blob, Derivative, MaterialFile, TextSegment
from repo_server.domain.errors import FileRejected, KhoError
from repo_server.domain.readers import CONTENTS, LIGHT, POSTER, READERS, WORDS, Engine, Reader, able
from repo_server.domain.readers import lacking as lacking_engines
from repo_server.domain.vietnamese import fold
from repo_server.inspection.base import Inspection, Segment
from repo_server.inspection.engines import present_engines
from repo_server.services import films, fingerprints, personal, readings, scanning
from repo_server.services.acceptance import (
    keep_text,
    save_derivative,
    store_thumbnail,
)
from repo_server.services.films import local_copy
from repo_server.services.library import Library
from repo_server.services.suggesting import declaration_of
from repo_server.storage.base import ObjectKey, ObjectMissing

ROUND: Final = 50
"""Jobs that one look for work asks for: an engine that appears must not flood the job table."""


RECOGNIZED_PAGES: Final = 300
"""Pages of one file whose words are recognized: a scanned school book has 200."""

RECOGNIZED: Final = "Chữ của tệp này được nhận dạng từ ảnh nên có thể có chỗ sai."
_LASTING: Final = (RECOGNIZED, scanning.NOT_WHOLE)


@dataclass(frozen=True, slots=True)
class Held:
    """A blob with the names and kinds of the files that have its bytes."""

    sha256: str
    generation: int
    files: tuple[tuple[str, str], ...]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(kind for _, kind in self.files)

    @property
    def key(self) -> ObjectKey:
        return ObjectKey.blob(self.sha256, self.generation)


@dataclass(frozen=True, slots=True)
class Lack:
    """An engine that is not there, and how many files it could add something to."""

    engine: Engine
    files: int

    def sentence(self) -> str:
        """For the operator, who reads Vietnamese."""
        engine = self.engine
        return f"Chưa cài {engine.packages}: sẽ thêm {engine.adds} ({self.files} tệp đang chờ)"


def lacking(library: Library) -> tuple[Lack, ...]:
    """The optional engines that this machine does not have."""
    missing = lacking_engines(present_engines())
    if not missing:
        return ()
    with library.database.read() as session:
        return tuple(Lack(engine, _waiting(session, engine)) for engine in missing)


def _waiting(session: Session, engine: Engine) -> int:
    readers = [reader for reader in READERS.values() if reader.engine == engine.code]
    waiting = readings.candidates(readers, missing=True)
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def chosen(library: Library, *, kinds: Collection[str] = (), missing: bool) -> list[str]:
    """Hashes of what can be read again here; with `missing` only what a reader has not read yet."""
    readers = able(present_engines())
    with library.database.read() as session:
        return list(session.scalars(readings.candidates(readers, kinds=kinds, missing=missing)))


def ask_for_due(library: Library) -> int:
    """Enqueue jobs for files that a reader has yet to look at; returns how many."""
    library.inspector.look_for_engines()
    library.converter.look_for_engines()
    due = readings.candidates(able(present_engines()), missing=True)
    with library.database.read() as session:
        found = session.scalars(readings.unasked(due).limit(ROUND)).all()
    if found:
        with library.database.write() as session:
            for sha256 in found:
                outbox.enqueue(session, readings.JOB, sha256)
    return len(found)


def catch_up(library: Library, sha256: str) -> None:
    """The job: let every reader look that has not yet. Harmless when it is repeated."""
    look_again(library, sha256, missing=True)


def look_again(library: Library, sha256: str, *, missing: bool) -> dict[str, str]:
    """Let the readers that can work here look at a blob; returns what came of it, by reader.

    With `missing` only those that have not looked in their present version. Raises
    StorageUnavailable, ObjectMissing, InspectionUnavailable and the like; what was found until
    then is kept.
    """
    held = _held(library, sha256)
    if held is None:
        return {}
    readers = _due(library, held) if missing else _fitting(held)
    outcomes: dict[str, str] = {}
    if readers:
        with local_copy(library, held.key) as path:
            for reader in readers:
                outcomes[reader.code] = _LOOKS[reader.code](library, held, path, reader)
    return outcomes


def _held(library: Library, sha256: str) -> Held | None:
    with library.database.read() as session:
        blob = session.get(Blob, sha256)
        files = session.execute(
            select(MaterialFile.name, MaterialFile.kind)
            .where(MaterialFile.sha256 == sha256, MaterialFile.removed_at.is_(None))
            .order_by(MaterialFile.id)
        ).all()
    if blob is None or blob.state != "live" or not files:
        return None
    return Held(sha256, blob.generation, tuple((name, kind) for name, kind in files))


def _fitting(held: Held) -> tuple[Reader, ...]:
    return tuple(r for r in able(present_engines()) if r.kinds & held.kinds)


def _due(library: Library, held: Held) -> tuple[Reader, ...]:
    with library.database.read() as session:
        return readings.due_readers(session, held.sha256, held.kinds, able(present_engines()))


def _read_contents(library: Library, held: Held, path: Path, reader: Reader) -> str:
    """Everything that the look at an upload finds: text, properties, the picture."""
    found = _inspected(library, held, path)
    thumbnail = None
    if found is not None:
        thumbnail = store_thumbnail(library, held.sha256, found.thumbnail)
    with library.database.write() as session:
        if not _still_held(session, held):
            return readings.REFUSED
        outcome = readings.REFUSED if found is None else _adopt(session, held, found)
        if thumbnail is not None:
            save_derivative(session, thumbnail)
        readings.note(session, held.sha256, reader, outcome)
    return outcome


def _inspected(library: Library, held: Held, path: Path) -> Inspection | None:
    """What the readers say now; None when they would not take it, or as something else."""
    name, kind = held.files[0]
    found = library.inspector.inspect(path, name)
    return found if found.accepted and found.kind == kind else None


def _still_held(session: Session, held: Held) -> bool:
    """Whether the blob is still there, held until the commit against whoever would collect it."""
    blob = session.get(Blob, held.sha256, with_for_update=True)
    return blob is not None and blob.state == "live" and blob.generation == held.generation


def _adopt(session: Session, held: Held, found: Inspection) -> str:
    """Keep what was found where it is no less than what is known; whether anything is new."""
    changed = _adopt_text(session, held, found)
    values: dict[str, Any] = {
        "page_count": found.page_count,
        "width": found.width,
        "height": found.height,
        "duration": found.duration,
    }
    values = {name: value for name, value in values.items() if value is not None}
    if changed:
        values |= {"has_text": True, "text_truncated": found.text_truncated}
    declared = declaration_of(found)
    if declared:
        values["declared"] = declared
    values["warnings"] = [*found.warnings, *_lasting_warnings(session, held.sha256)]
    same = (MaterialFile.sha256 == held.sha256) & (MaterialFile.kind == found.kind)
    # Not through the session: nobody changed the material, and nobody's edit may collide with it.
    session.execute(update(MaterialFile).where(same).values(**values))
    if changed:
        _consider_words(session, held.sha256)
        feed_owners(session, held.sha256)
    return readings.DONE if changed else readings.NOTHING


def _adopt_text(session: Session, held: Held, found: Inspection) -> bool:
    """Put the text in the place of a text that is not longer; False when nothing changed."""
    rows = session.execute(
        select(TextSegment.position, TextSegment.text).where(
            TextSegment.sha256 == held.sha256, TextSegment.recognized.is_(False)
        )
    ).all()
    old: dict[int, str] = dict(rows)
    new = {segment.position: segment.text for segment in found.segments}
    if new == old or sum(map(len, new.values())) < sum(map(len, old.values())):
        return False
    gone = old.keys() - new.keys()
    session.execute(
        delete(TextSegment).where(TextSegment.sha256 == held.sha256, TextSegment.position.in_(gone))
    )
    fingerprints.forget(session, held.sha256)
    keep_text(session, held.sha256, found)
    return True


def _recognize_words(library: Library, held: Held, path: Path, reader: Reader) -> str:
    """The words on pages that are pictures; each page is kept by itself, so that no work is lost.

    A page that cannot be read is left out; raises what means that the engine is not there.
    """
    kind = min(held.kinds & reader.kinds)
    found = 0
    for page in _wordless_pages(library, held):
        with suppress(FileRejected):
            words = library.converter.recognize(path, kind, page)
            found += words is not None and _keep_words(library, held, words)
    outcome = readings.DONE if found else readings.NOTHING
    with library.database.write() as session:
        if not _still_held(session, held):
            return readings.REFUSED
        if found:
            _consider_words(session, held.sha256)
            feed_owners(session, held.sha256)
        readings.note(session, held.sha256, reader, outcome)
    return outcome


def _consider_words(session: Session, sha256: str) -> None:
    """What follows from words that came later: warnings, and what the file is compared by."""
    personal.look_again(session, sha256)
    of_blob = select(TextSegment.folded).where(TextSegment.sha256 == sha256)
    folded = session.scalars(of_blob.order_by(TextSegment.position)).all()
    fingerprints.renew(session, sha256, folded)


def _wordless_pages(library: Library, held: Held) -> list[int]:
    with library.database.read() as session:
        pages = session.scalar(
            select(func.max(MaterialFile.page_count)).where(MaterialFile.sha256 == held.sha256)
        )
        known = session.scalars(
            select(TextSegment.position).where(TextSegment.sha256 == held.sha256)
        ).all()
    numbers = range(1, (pages or 1) + 1) if "pdf" in held.kinds else range(1, 2)
    return sorted(set(numbers) - set(known))[:RECOGNIZED_PAGES]


def _keep_words(library: Library, held: Held, words: Segment) -> bool:
    row = {
        "sha256": held.sha256,
        "position": words.position,
        "label": f"{words.label} ({READERS[WORDS].label})",
        "text": words.text,
        "folded": fold(words.text),
        "recognized": True,
    }
    same = MaterialFile.sha256 == held.sha256
    with library.database.write() as session:
        if not _still_held(session, held):
            return False
        outbox.upsert(session, TextSegment, [row], changing=())
        for file_id, told in session.execute(
            select(MaterialFile.id, MaterialFile.warnings).where(same)
        ).all():
            warnings = [*told, *(() if RECOGNIZED in told else (RECOGNIZED,))]
            values = {"has_text": True, "warnings": warnings}
            session.execute(update(MaterialFile).where(MaterialFile.id == file_id).values(**values))
    return True


def _lasting_warnings(session: Session, sha256: str) -> list[str]:
    """What other looks than that at the contents have said of these bytes."""
    told = session.scalars(select(MaterialFile.warnings).where(MaterialFile.sha256 == sha256)).all()
    return [one for one in _LASTING if any(one in warnings for warnings in told)]


def feed_owners(session: Session, sha256: str) -> None:
    """Have every index learn the materials anew that have these bytes."""
    owners = select(MaterialFile.material_id).where(MaterialFile.sha256 == sha256).distinct()
    for material_id in session.scalars(owners).all():
        outbox.feed_again(session, material_id)


def _draw_poster(library: Library, held: Held, path: Path, reader: Reader) -> str:
    """The picture of a film that came when nobody could draw one."""
    found = _inspected(library, held, path)
    image = None if found is None else found.thumbnail
    return _keep(library, held, reader, store_thumbnail(library, held.sha256, image))


def _make_light(library: Library, held: Held, path: Path, reader: Reader) -> str:
    kind = min(held.kinds & reader.kinds)
    made = films.make_light(library, path, held.sha256, kind)
    return _keep(library, held, reader, made)


def _keep(library: Library, held: Held, reader: Reader, made: Derivative | None) -> str:
    outcome = readings.NOTHING if made is None else readings.DONE
    with library.database.write() as session:
        if not _still_held(session, held):
            return readings.REFUSED
        if made is not None:
            save_derivative(session, made)
        readings.note(session, held.sha256, reader, outcome)
    return outcome


_Look = Callable[[Library, Held, Path, Reader], str]
_LOOKS: Final[Mapping[str, _Look]] = {
    CONTENTS: _read_contents,
    POSTER: _draw_poster,
    LIGHT: _make_light,
    WORDS: _recognize_words,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did: blobs looked at, outcomes by reader, and what could not be looked at."""

    blobs: int
    outcomes: Mapping[str, Mapping[str, int]]
    failed: Mapping[str, str]


def run(
    library: Library,
    hashes: Sequence[str],
    *,
    missing: bool,
    progress: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Look at these blobs again, one after the other; what fails is told and does not end the run.

    Whoever stops it in the middle keeps what was done; with `missing` the next run goes on there.
    """
    outcomes: dict[str, Counter[str]] = {}
    failed: dict[str, str] = {}
    for sha256 in hashes:
        try:
            for reader, outcome in look_again(library, sha256, missing=missing).items():
                outcomes.setdefault(reader, Counter())[outcome] += 1
        except (KhoError, ObjectMissing, OSError) as error:
            said = error.sentence() if isinstance(error, KhoError) else type(error).__name__
            failed[sha256] = said
        progress(sha256)
    tally = Tally(len(hashes), {name: dict(found) for name, found in outcomes.items()}, failed)
    with library.database.write() as session:
        after = {"blobs": tally.blobs, "outcomes": tally.outcomes, "failed": len(failed)}
        audit.record(session, None, "library.reinspect", "library", "reinspection", after=after)
    return tally
