"""Short addresses: drawing a code, and from what somebody typed or scanned to the page it names."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from repo_server.database.models import Collection, Material
from repo_server.database.queries import codes as queries
from repo_server.domain.access import Viewer
from repo_server.domain.codes import COLLECTION_LENGTH, LENGTH, is_code, new_code
from repo_server.domain.errors import NotFound, TakenDown
from repo_server.services.cards import Card, cards, material_url
from repo_server.services.library import Library

CARDS_LIMIT: Final = 50

_NAMED: Final = {LENGTH: Material.code, COLLECTION_LENGTH: Collection.code}
_TAKEN: Final = {
    length: select(code).where(code.in_(bindparam("codes", expanding=True)))
    for length, code in _NAMED.items()
}
"""By the length of codes, those of some that name something."""

# No code has these letters; people read them for the digits that look like them.
_MISREAD: Final = str.maketrans({"o": "0", "l": "1", "i": "1", "-": None, " ": None})


def free_code(session: Session, length: int = LENGTH) -> str:
    """A new code that names nothing yet, and nothing that was deleted."""
    return free_codes(session, 1, length)[0]


def free_codes(session: Session, count: int, length: int = LENGTH) -> list[str]:
    """So many of them, all different, for materials or (by their length) for collections."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        drawn = dict.fromkeys(new_code(length) for _ in range(count - len(codes)))
        taken = set(session.scalars(_TAKEN[length], {"codes": list(drawn)}))
        codes |= {code: None for code in drawn if code not in taken}
    return list(codes)


def code_typed(text: str) -> str:
    """The code that was meant: upper case, blanks, o for 0 and l or i for 1 are forgiven."""
    return text[:40].strip().lower().translate(_MISREAD)


def short_path(code: str) -> str:
    """The path of the short address that leads to a material or collection for ever."""
    return f"/c/{code}"


def typed_address(origin: str, code: str) -> str:
    """The short address as people read and type it, without "https://"."""
    return f"{origin.partition('://')[2]}{short_path(code)}"


def page_of(library: Library, viewer: Viewer, typed: str) -> str:
    """The path of the page that a code names.

    Raises NotFound for what names nothing or nothing of this viewer's business, TakenDown for what
    was public once and no longer is.
    """
    code = code_typed(typed)
    with library.database.read() as session:
        if is_code(code):
            return _material_page(session, viewer, code)
        if is_code(code, COLLECTION_LENGTH):
            return _collection_page(session, viewer, code)
    raise NotFound


def code_of(library: Library, viewer: Viewer, material_id: int) -> str:
    """The code of a material; NotFound for what the viewer may not see."""
    with library.database.read() as session:
        code = queries.code_by_id(session, viewer, material_id)
    if code is None:
        raise NotFound
    return code


def _material_page(session: Session, viewer: Viewer, code: str) -> str:
    if queries.ids_by_codes(session, viewer, [code]):
        return material_url(code)
    if queries.was_published(session, code):
        raise TakenDown
    raise NotFound


def _collection_page(session: Session, viewer: Viewer, code: str) -> str:
    found = queries.collection_by_code(session, code)
    if found is not None and found.deleted_at is None:
        if found.status == "published" or viewer.signed_in:
            # A draft's own page decides which of those who are signed in may see it.
            return f"/bo-suu-tap/{code}"
    elif found is not None and found.published_at is not None:
        raise TakenDown
    raise NotFound


def cards_of(library: Library, viewer: Viewer, codes: Sequence[str]) -> tuple[Card, ...]:
    """Cards of those codes that the viewer may see, in the order given, each once."""
    wanted = [code for code in dict.fromkeys(codes) if is_code(code)][:CARDS_LIMIT]
    with library.database.read() as session:
        ids = queries.ids_by_codes(session, viewer, wanted)
        names = library.vocabulary.names(session)
        return tuple(cards(session, viewer, names, [ids[code] for code in wanted if code in ids]))
