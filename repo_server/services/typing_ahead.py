"""What to offer while somebody types: words, lessons and curriculum items, the closest first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.queries import codes as code_queries
from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import materials as queries
from repo_server.database.queries.materials import AlignedItem
from repo_server.domain.access import Viewer
from repo_server.domain.questions.base import Question, as_typed
from repo_server.domain.vietnamese import fold, normalize
from repo_server.search.base import SuggestedTitle
from repo_server.search.suggesting import Closeness, closeness, completed
from repo_server.services.answering import first_answer
from repo_server.services.cards import card_grades, label_of, material_url
from repo_server.services.curriculum import item_url
from repo_server.services.discovery import search_url
from repo_server.services.library import Library
from repo_server.services.vocabulary import Names

TITLE: Final = "title"
WORD: Final = "word"

# Of everything that holds the typed words side by side, so many are looked at.
_TITLES: Final = 24
_ITEMS: Final = 60

_WORDS_OFFERED: Final = 2
_ITEMS_OFFERED: Final = 3
_PLACED: Final = 2

# Of things that are equally close: what leads furthest.
_ORDER: Final = {"strand": 0, "topic": 0, "lesson": 0, WORD: 1, TITLE: 2}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to complete the typed words with.

    `kind` is "word" (`url` is a search), "title" (the material's page, or a search where several
    bear it) or an item's kind (its page). `code` is the material's or item's, where it is one.
    `grades` and `subjects` say where a lesson or item stands.
    """

    label: str
    kind: str
    url: str
    code: str | None = None
    grades: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()


Ranked = tuple[Closeness, int, Suggestion]


def suggest(library: Library, viewer: Viewer, text: str, limit: int = 8) -> tuple[Suggestion, ...]:
    """What holds the typed words; without titles and words while no engine answers."""
    asked = as_typed(text, unfinished=True)
    if not asked.terms:
        return ()
    titles = _titles(library, asked)
    with library.database.read() as session:
        names = library.vocabulary.names(session)
        ranked = [
            *_words(titles, asked, text),
            *_places(session, viewer, asked, text, names),
            *_lessons(session, viewer, asked, titles[:limit], names),
        ]
    ranked.sort(key=lambda one: one[:2])
    return tuple(suggestion for _, _, suggestion in ranked[:limit])


def _titles(library: Library, asked: Question) -> tuple[SuggestedTitle, ...]:
    return first_answer(library, lambda index: index.suggest(asked, ("public",), _TITLES)) or ()


def _words(titles: Sequence[SuggestedTitle], asked: Question, text: str) -> list[Ranked]:
    """The typed words as titles complete them, the most frequent first."""
    found = Counter(words for title in titles if (words := completed(title.title, asked)))
    typed = " ".join(normalize(text).split())
    return [
        (closeness(words, asked), _ORDER[WORD], Suggestion(words, WORD, search_url(words)))
        for words, _ in found.most_common(_WORDS_OFFERED)
        if words != typed
    ]


def _places(
    session: Session, viewer: Viewer, asked: Question, text: str, names: Names
) -> list[Ranked]:
    items = curriculum_queries.items_holding(
        session, viewer, fold(text), unfinished=True, limit=_ITEMS
    )
    counts = curriculum_queries.counts(session, viewer, [item.id for item in items])
    ranked = [
        ((closeness(item.title, asked), item.kind == "outcome", not counts.get(item.id)), item)
        for item in items
    ]
    ranked.sort(key=lambda pair: pair[0])
    frameworks = curriculum_queries.framework_codes(session)
    return [
        (
            close,
            _ORDER.get(item.kind, len(_ORDER)),
            Suggestion(
                item.title,
                item.kind,
                item_url(frameworks[item.framework_id], item.code),
                item.code,
                tuple(item.grades),
                _subjects([item.subject], names),
            ),
        )
        for (close, _, _), item in ranked[:_ITEMS_OFFERED]
    ]


def _lessons(
    session: Session,
    viewer: Viewer,
    asked: Question,
    titles: Sequence[SuggestedTitle],
    names: Names,
) -> list[Ranked]:
    """The titles whose materials can be seen: the index is a hint, the database decides."""
    ids = [material_id for title in titles for material_id in title.ids]
    codes = code_queries.codes_by_ids(session, viewer, ids)
    items: dict[int, list[AlignedItem]] = {}
    for item in queries.aligned_items(session, viewer, list(codes)):
        items.setdefault(item.material_id, []).append(item)
    found = []
    for title in titles:
        seen = [material_id for material_id in title.ids if material_id in codes]
        if seen:
            made = _lesson(title.title, seen, codes, items, names)
            found.append((closeness(title.title, asked), _ORDER[TITLE], made))
    return found


def _lesson(
    title: str,
    ids: Sequence[int],
    codes: dict[int, str],
    items: dict[int, list[AlignedItem]],
    names: Names,
) -> Suggestion:
    if len(ids) > 1:
        return Suggestion(title, TITLE, search_url(title))
    code, own = codes[ids[0]], items.get(ids[0], [])
    subjects = _subjects([item.subject for item in own], names)
    return Suggestion(title, TITLE, material_url(code), code, card_grades(own), subjects)


def _subjects(codes: Sequence[str | None], names: Names) -> tuple[str, ...]:
    known = dict.fromkeys(code for code in codes if code)
    return tuple(label_of(names.subjects, code) for code in known)[:_PLACED]
