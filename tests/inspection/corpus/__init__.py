"""The project's own malicious files: twelve families, each file made when it is asked for.

Harm is inert: programs are empty, addresses lead nowhere, markers are words.
"""

from collections.abc import Callable

from tests.inspection.corpus import active, archives, disguises, documents, pictures
from tests.inspection.corpus.base import Case, Rows

__all__ = ["Case", "corpus"]

FAMILIES: tuple[Callable[[], Rows], ...] = (
    archives.bombs,
    archives.outward_names,
    archives.two_faced_archives,
    archives.locked,
    documents.entities,
    documents.office_that_acts,
    documents.encodings,
    disguises.disguised,
    disguises.broken_off,
    pictures.large_pictures,
    active.pages_that_act,
    active.broken_packages,
)


def corpus() -> list[Case]:
    """Every file of every family."""
    return [
        Case(family.__name__.replace("_", " "), *row) for family in FAMILIES for row in family()
    ]
