"""Reading on from a material: the same lesson by other teachers, the lessons before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.models import CurriculumItem, Material
from repo_server.database.queries import neighbors as queries
from repo_server.database.queries.neighbors import Sibling, Titled
from repo_server.domain.access import Viewer
from repo_server.domain.curriculum import ItemKind
from repo_server.domain.errors import NotFound
from repo_server.services.cards import Card, cards
from repo_server.services.library import Library

SAME_LIMIT: Final = 6
LOOKED_AT: Final = 300
"""How many of the newest materials of the same grade and subject are compared by their titles."""

_SPECIFIC: Final = frozenset({ItemKind.LESSON, ItemKind.OUTCOME, ItemKind.TOPIC, ItemKind.STRAND})
_IN_A_ROW: Final = frozenset({ItemKind.LESSON, ItemKind.OUTCOME, ItemKind.TOPIC})

# Words that titles of any lesson hold.
_EMPTY_WORDS: Final = frozenset(
    ("bai", "tiet", "chuong", "chu", "de", "lop", "tap", "va", "cua", "cac", "mot", "hai", "trong",
     "on", "luyen", "giao", "an", "ki", "unit", "lesson", "the", "of")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """The lesson before or after: the curriculum item and a material that is about it."""

    item_title: str
    card: Card


@dataclass(frozen=True, slots=True)
class Neighbors:
    """Where to read on."""

    same: tuple[Card, ...]
    previous: Step | None
    following: Step | None


def neighbors(library: Library, viewer: Viewer, material_id: int) -> Neighbors:
    """The neighbors of a material; NotFound for what the viewer may not see."""
    with library.database.read() as session:
        material = queries.material_with_items(session, viewer, material_id)
        if material is None:
            raise NotFound
        same = _same_lesson(session, viewer, material)
        before, after = _row(session, material)
        beside = [sibling.id for sibling in (before, after) if sibling is not None]
        picked = queries.first_choices(session, viewer, material, beside) if beside else {}
        names = library.vocabulary.names(session)
        ids = dict.fromkeys((*same, *picked.values()))
        shown = {card.id: card for card in cards(session, viewer, names, list(ids))}
    return Neighbors(
        same=tuple(shown[id_] for id_ in same if id_ in shown),
        previous=_step(before, picked, shown),
        following=_step(after, picked, shown),
    )


def _step(sibling: Sibling | None, picked: dict[int, int], shown: dict[int, Card]) -> Step | None:
    card = None if sibling is None else shown.get(picked.get(sibling.id, 0))
    return None if sibling is None or card is None else Step(sibling.title, card)


def _same_lesson(session: Session, viewer: Viewer, material: Material) -> list[int]:
    found: list[int] = []
    items = _most_specific(material.items)
    if items:
        ids = [item.id for item in items]
        found = queries.sharing_items(session, viewer, material, ids, SAME_LIMIT)
    if len(found) < SAME_LIMIT:
        found += _by_title(session, viewer, material, {material.id, *found})
    return found[:SAME_LIMIT]


def _most_specific(items: Sequence[CurriculumItem]) -> list[CurriculumItem]:
    """Items below a subject, without those that stand above another one of them."""
    specific = [item for item in items if item.kind in _SPECIFIC]
    return [
        item
        for item in specific
        if not any(other.path != item.path and other.path.startswith(item.path) for other in items)
    ]


def _by_title(session: Session, viewer: Viewer, material: Material, known: set[int]) -> list[int]:
    words = _words(material.folded_title)
    subjects = [item.id for item in material.items if item.kind == ItemKind.SUBJECT]
    if not words or not subjects:
        return []
    others = queries.newest_at(session, viewer, subjects, LOOKED_AT)
    least = max(1, (len(words) + 1) // 2)
    alike = [
        (other, shared)
        for other in others
        if other.id not in known and (shared := len(words & _words(other.folded_title))) >= least
    ]
    alike.sort(key=lambda pair: _order(material, *pair))
    return [other.id for other, _ in alike[:SAME_LIMIT]]


def _order(material: Material, other: Titled, shared: int) -> tuple[object, ...]:
    return (other.owner_id == material.owner_id, -shared, -other.use, other.id)


def _words(folded: str) -> set[str]:
    return {
        word
        for word in folded.split()
        if word not in _EMPTY_WORDS and not word.isdigit() and len(word) > 1
    }


def _row(session: Session, material: Material) -> tuple[Sibling | None, Sibling | None]:
    """The occupied items before and after the material's own, by the curriculum's order.

    Where an outcome is the last of its topic, the topic that follows is next.
    """
    item = max(
        (item for item in material.items if item.kind in _IN_A_ROW),
        key=lambda item: (item.depth, -item.id),
        default=None,
    )
    if item is None:
        return None, None
    path = [int(step) for step in item.path.strip("/").split("/")]
    row = queries.row_of_items(session, path, sorted(_IN_A_ROW), material.id)
    steps = sorted((step for step in row if step.id in path), key=lambda step: -path.index(step.id))
    return _nearest(steps, row, -1), _nearest(steps, row, 1)


def _nearest(steps: Sequence[Sibling], row: Sequence[Sibling], way: int) -> Sibling | None:
    for step in steps:
        ahead = [
            other
            for other in row
            if (other.parent_id, other.kind) == (step.parent_id, step.kind)
            and (other.sequence - step.sequence) * way > 0
        ]
        if ahead:
            return min(ahead, key=lambda other: (other.sequence - step.sequence) * way)
    return None
