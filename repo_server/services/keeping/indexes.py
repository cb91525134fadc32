"""F5 to F7: what each index holds beside what the database wants it to hold."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import IndexState, Material
from repo_server.domain.errors import KhoError
from repo_server.domain.materials import Status
from repo_server.search.base import SearchIndex
from repo_server.services.keeping.findings import Finding
from repo_server.services.library import Library


def indexes(library: Library, *, repair: bool) -> Iterator[Finding]:
    """F5, F6 and F7 of every index; a repair lets the relay feed what is wrong again."""
    for index in library.indexes:
        yield from _index(library, index, repair=repair)


def _index(library: Library, index: SearchIndex, *, repair: bool) -> Iterator[Finding]:
    try:
        held = {entry.id: entry.rev for entry in index.entries()}
    except KhoError:
        yield Finding("F5", f"{index.name}: engine down")
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
    for code, material_id in wrong:
        yield Finding(code, f"{index.name}: {material_id}", repaired=repair)


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
