"""Choosing curriculum items in a form."""

from collections.abc import Sequence
from typing import Final

from repo_server.database.models import CurriculumItem
from repo_server.database.queries import curriculum as queries
from repo_server.domain.access import Viewer
from repo_server.domain.vietnamese import fold
from repo_server.services.library import Library
from repo_server.services.viewing import AlignmentView, alignments
from repo_server.services.vocabulary import Names

LIMIT: Final = 30


def names(library: Library) -> Names:
    """Subjects and textbook sets."""
    with library.database.read() as session:
        return library.vocabulary.names(session)


def items(library: Library, viewer: Viewer, ids: Sequence[int]) -> tuple[AlignmentView, ...]:
    """The items of these ids that exist."""
    with library.database.read() as session:
        found = [item for id_ in ids if (item := session.get(CurriculumItem, id_)) is not None]
        return alignments(session, found)


def find(
    library: Library, viewer: Viewer, text: str, grades: Sequence[int], subjects: Sequence[str]
) -> tuple[AlignmentView, ...]:
    """Items below the grades and subjects whose title holds every word, marks aside."""
    with library.database.read() as session:
        found = queries.items_matching(
            session, viewer, fold(text).split(), grades=grades, subjects=subjects, limit=LIMIT
        )
        return alignments(session, found)
