"""F5 to F7: what each index holds beside what the database wants it to hold.

Nothing here grows with the library: entries come in portions, and what was seen is a bit for each.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import IndexState, Material
from repo_server.domain.errors import KhoError
from repo_server.domain.materials import Status
from repo_server.search.base import IndexEntry, SearchIndex
from repo_server.services.keeping.findings import Finding
from repo_server.services.library import Library

PORTION: Final = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A material of which an index holds another state than it should.

    `code`: F5 it lacks it, F6 it holds what must not be found, F7 it holds another revision.
    `owed`: the relay has yet to feed it, so nothing is wrong.
    """

    code: str
    material_id: int
    owed: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the database wants of one material: its revision if it is to be found, else None."""

    rev: int | None
    owed: bool

    def judged(self, material_id: int, held: int | None) -> Difference | None:
        """How what an index holds differs from this; `held` None where it holds nothing."""
        if held == self.rev:
            return None
        code = "F5" if held is None else "F6" if self.rev is None else "F7"
        return Difference(code, material_id, self.owed)


NOWHERE: Final = Wanted(None, owed=False)
"""What is wanted of a material that the database never had."""


def indexes(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F5, F6 and F7 of every index; a repair lets the relay feed what is wrong again."""
    for index in library.indexes:
        yield from _index(library, index, repair=repair)


def _index(library: Library, index: SearchIndex, *, repair: bool) -> Iterator[Finding]:
    try:
        wrong = list(differences(library, index))
    except KhoError:
        yield Finding("F5", f"{index.name}: engine down")
        return
    if repair:
        mend(library, index, wrong)
    for found in wrong:
        yield Finding(found.code, f"{index.name}: {found.material_id}", repaired=repair)


def differences(library: Library, index: SearchIndex) -> Iterator[Difference]:
    """Everything in which an index differs from the database, what is owed included.

    What changes while it is read may be told, too. Raises SearchUnavailable.
    """
    seen = _Marks()
    for entries in _portions(index.entries()):
        yield from compared(library, index, [entry.id for entry in entries], entries)
        seen.add(entry.id for entry in entries)
    last = 0
    while ids := _published_after(library, last):
        last = ids[-1]
        lacking = [material_id for material_id in ids if material_id not in seen]
        yield from compared(library, index, lacking, ())


def compared(
    library: Library, index: SearchIndex, ids: Sequence[int], entries: Iterable[IndexEntry]
) -> Iterator[Difference]:
    """How `entries`, what the index holds of `ids`, differ from what the database wants now."""
    held = {entry.id: entry.rev for entry in entries}
    with library.database.read() as session:
        wanted = wanted_of(session, index.name, ids)
    judged = (wanted.get(one, NOWHERE).judged(one, held.get(one)) for one in ids)
    yield from (found for found in judged if found is not None)


def wanted_of(session: Session, target: str, ids: Sequence[int]) -> dict[int, Wanted]:
    """What the database wants an index to hold of these materials; unknown ones are left out."""
    rows = session.execute(
        select(
            Material.id,
            Material.rev,
            (Material.status == Status.PUBLISHED) & Material.deleted_at.is_(None),
            IndexState.want_rev > IndexState.have_rev,
        )
        .join(
            IndexState,
            (IndexState.material_id == Material.id) & (IndexState.target == target),
            isouter=True,
        )
        .where(Material.id.in_(ids))
    )
    return {id_: Wanted(rev if found else None, owed=bool(owed)) for id_, rev, found, owed in rows}


def mend(library: Library, index: SearchIndex, wrong: Sequence[Difference]) -> None:
    """Let the relay feed these again, and take out what the database never had."""
    for at in range(0, len(wrong), PORTION):
        ids = {found.material_id for found in wrong[at : at + PORTION]}
        with library.database.write() as session:
            known = session.execute(
                select(Material.id, Material.rev).where(Material.id.in_(ids))
            ).all()
            rows = [
                {"target": index.name, "material_id": id_, "want_rev": rev, "have_rev": 0}
                for id_, rev in known
            ]
            if rows:
                outbox.upsert(session, IndexState, rows, changing=("want_rev", "have_rev"))
        ghosts = ids.difference(id_ for id_, _ in known)
        if ghosts:
            index.delete_many(sorted(ghosts))


def _portions(entries: Iterator[IndexEntry]) -> Iterator[list[IndexEntry]]:
    while portion := list(islice(entries, PORTION)):
        yield portion


def _published_after(library: Library, last: int) -> list[int]:
    with library.database.read() as session:
        found = (
            select(Material.id)
            .where(
                Material.id > last,
                Material.status == Status.PUBLISHED,
                Material.deleted_at.is_(None),
            )
            .order_by(Material.id)
            .limit(PORTION)
        )
        return list(session.scalars(found))


class _Marks:
    """A set of ids that costs a bit for each up to the largest."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, ids: Iterable[int]) -> None:
        for one in ids:
            place, bit = divmod(one, 8)
            if place >= len(self._bits):
                self._bits.extend(bytes(place + 1 - len(self._bits)))
            self._bits[place] |= 1 << bit

    def __contains__(self, one: int) -> bool:
        place, bit = divmod(one, 8)
        return place < len(self._bits) and bool(self._bits[place] >> bit & 1)
