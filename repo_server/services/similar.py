"""Materials about much the same: what the library finds for a material's own words."""

from dataclasses import replace
from typing import Final

from repo_server.database.queries import materials as queries
from repo_server.domain.access import Viewer
from repo_server.domain.errors import NotFound
from repo_server.services import discovery
from repo_server.services.asking import Asked
from repo_server.services.cards import Card
from repo_server.services.library import Library

SIMILAR_LIMIT: Final = 20
_WORDS_OF: Final = 3
"""Keywords that are looked for beside the title: more would outvote it."""


def similar(library: Library, viewer: Viewer, material_id: int) -> tuple[Card, ...]:
    """Published materials of the same subjects for pupils of about the same age, the most alike
    first.

    Empty while no engine answers: titles alone find but what is called the same. Raises NotFound
    for what the viewer may not see.
    """
    with library.database.read() as session:
        material = queries.material_by_id(session, viewer, material_id)
        if material is None:
            raise NotFound
        subjects = {item.subject for item in material.items if item.subject}
        grades = {grade for item in material.items for grade in item.grades}
        text = " ".join((material.title, *material.keywords[:_WORDS_OF]))
    near = {str(grade + step) for grade in grades for step in (-1, 0, 1)}
    said = {"subject": tuple(sorted(subjects)), "grade": tuple(sorted(near))}
    filters = {facet: values for facet, values in said.items() if values}
    asked = Asked(text, filters, size=SIMILAR_LIMIT + 1, literal=True)
    found = discovery.search(library, viewer, asked)
    if found.degraded:
        return ()
    others = [card for card in found.items if card.id != material_id]
    return tuple(replace(card, snippet=(), page_label=None) for card in others[:SIMILAR_LIMIT])
